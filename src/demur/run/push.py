"""Puts an exported dataset on the Hugging Face Hub, private unless something else was said."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from demur.engines.model_files import find_endpoint
from demur.errors import (
    CredentialsRejected,
    DemurError,
    EngineUnavailable,
    ExtraMissing,
    InputError,
    OutputFault,
    RateLimited,
    ServerFault,
)

_NAME = r"(?!.*(?:--|\.\.))[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPOSITORY = re.compile(f"{_NAME}/{_NAME}")
_FILES = ["README.md", "data/*.parquet"]


def check_repository(repo_id: str) -> None:
    """Make sure that a dataset can be pushed there, as far as this machine can tell.

    Raises:
        InputError: it is no OWNER/NAME.
        ExtraMissing: the Hub's package is not installed.
    """
    if not _REPOSITORY.fullmatch(repo_id):
        raise InputError(
            f"{repo_id!r} is no repository", hint="OWNER/NAME is wanted, as in --push-to-hub me/my-refusals."
        )
    if find_spec("huggingface_hub") is None:
        raise ExtraMissing.tell("pushing to the Hub", "huggingface_hub", extra="hub")


def push_dataset(folder: Path, repo_id: str, *, public: bool) -> str:
    """Upload a folder that `write_dataset` wrote, as one commit; the dataset's address.

    The access token is the one that the Hub's package finds: `HF_TOKEN`, or a login. Parquet files of earlier pushes that
    this one does not have are removed by the same commit.

    Raises:
        InputError: the name is wrong, or the repository is public already and that was not asked for.
        CredentialsRejected: the token is missing, wrong, or may not write there.
        EngineUnavailable: the Hub cannot be reached.
        ServerFault: the Hub fails.
        ExtraMissing: the Hub's package is not installed.
    """
    check_repository(repo_id)
    from huggingface_hub import HfApi

    endpoint = find_endpoint()
    with _translating(repo_id, endpoint):
        hub = HfApi(endpoint=endpoint, library_name="demur")
        hub.create_repo(repo_id, repo_type="dataset", private=not public, exist_ok=True)
        if not public and not hub.dataset_info(repo_id).private:
            raise InputError(
                f"{endpoint}/datasets/{repo_id} is public, and nothing was uploaded",
                hint="Say --public if it is to be, or name another repository.",
            )
        hub.upload_folder(
            repo_id=repo_id,
            repo_type="dataset",
            folder_path=folder,
            allow_patterns=_FILES,
            delete_patterns="data/*.parquet",
            commit_message="Upload dataset with demur export",
        )
    return f"{endpoint}/datasets/{repo_id}"


@contextmanager
def _translating(repo_id: str, endpoint: str) -> Iterator[None]:
    """Turn what the Hub's package raises into the errors of demur. No token is in any of their messages."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    try:
        yield
    except DemurError:
        raise
    except LocalTokenNotFoundError:
        raise CredentialsRejected(
            "there is no access token for the Hub", hint="Set HF_TOKEN, or run `hf auth login`."
        ) from None
    except HfHubHTTPError as error:
        raise _translate_refusal(error.response.status_code, repo_id, endpoint) from None
    except ValueError as error:  # what the Hub says of the front matter of the card
        raise InputError(f"{endpoint} does not take the dataset: {' '.join(str(error).split())[:500]}") from None
    except OfflineModeIsEnabled:
        raise EngineUnavailable(f"HF_HUB_OFFLINE forbids to push to {repo_id}", hint="Unset it.") from None
    except HTTPError as error:
        raise EngineUnavailable(
            f"{endpoint} cannot be reached ({type(error).__name__})",
            hint="The dataset is on this machine; the same command pushes it later.",
        ) from None
    except OSError as error:
        raise OutputFault(
            f"the dataset could not be read or sent: {os.strerror(error.errno) if error.errno else type(error).__name__}"
        ) from None


def _translate_refusal(status: int, repo_id: str, endpoint: str) -> DemurError:
    if status in (401, 403, 404):
        # The Hub does not tell an absent repository from one that the token may not see.
        return CredentialsRejected(
            f"{endpoint} does not let you write to {repo_id} (HTTP {status})",
            hint="Set HF_TOKEN to an access token that may write there, or run `hf auth login`.",
        )
    if status == 429:
        return RateLimited(f"{endpoint} asks for fewer requests (HTTP {status})", hint="Wait a while.")
    if status == 400:
        return InputError(f"{endpoint} takes no such dataset as {repo_id} (HTTP {status})")
    return ServerFault(f"{endpoint} failed (HTTP {status})", hint="The dataset is on this machine: try again later.")
