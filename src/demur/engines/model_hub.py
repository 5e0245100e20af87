"""Models on the Hugging Face Hub: what a download would be, and the download itself.

Files go into the Hub's own cache, so that other programs find them there too, and demur finds what others fetched.
The Hub's package (2.4) throws a broken download away when its process ends; model files weigh gigabytes, so here the
part that came is kept beside the place where the whole is to be, and the next try asks for the rest (RFC 9110, section
14). A file takes its place only when it is whole and has the checksum that the Hub names.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demur.engines.model_files import (
    MAX_LISTED,
    HubModel,
    explain_fetching,
    find_cache,
    find_endpoint,
    find_model,
    find_repository,
    format_bytes,
    list_models,
    match_models,
    require_hub,
)
from demur.errors import (
    CredentialsRejected,
    DemurError,
    EngineUnavailable,
    ModelNotFound,
    OutputFault,
    RateLimited,
    ReplyUnreadable,
    ServerFault,
)

SURVEY_TIMEOUT_S = 15.0
STALL_TIMEOUT_S = 30.0
"""Seconds without a byte after which a download is begun anew from where it stands."""
TRIES = 4
"""How often in a row a download may break without a byte gained."""
PAUSE_S = 1.0
SPARE_BYTES = 256 * 1024 * 1024
"""What a disk is to have left after a download: a full one breaks more than demur."""
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_ETAG = re.compile(r"[0-9A-Za-z_-]{8,128}")


@dataclass(frozen=True, slots=True)
class NeededFile:
    """One file of a model.

    Attributes:
        name: its path in the repository.
        size_bytes: as the Hub says.
        have_bytes: how much of it is on this machine, from an earlier download that broke off.
    """

    name: str
    size_bytes: int
    have_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Needed:
    """What getting a model takes.

    Attributes:
        model: the model.
        revision: the commit that the files are of.
        files: all of its files, those that are here already included.
        folder: the folder in the Hub's cache that they go to.
        endpoint: the Hub's address.
    """

    model: HubModel
    revision: str
    files: tuple[NeededFile, ...]
    folder: Path
    endpoint: str

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def missing_bytes(self) -> int:
        """What is still to be downloaded."""
        return sum(file.size_bytes - file.have_bytes for file in self.files)


def survey(model: HubModel, *, token: str | None = None) -> Needed:
    """Ask the Hub what a model's files are and how large; nothing is downloaded.

    Args:
        token: the Hub's access token; else what the Hub's own program finds (`HF_TOKEN`, a login).

    Raises:
        ModelNotFound: there is no such repository, or no such model in it; the error lists those that are there.
        CredentialsRejected: its terms were not accepted, or the token is wrong.
        EngineUnavailable: the Hub cannot be reached; the hint says what to fetch and where to put it.
        EngineError: the Hub does not answer as it should.
        ExtraMissing: the Hub's package is not installed.
    """
    require_hub()
    from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url

    with _translating(model):
        info = HfApi(library_name="demur").model_info(
            model.repo_id, files_metadata=True, timeout=SURVEY_TIMEOUT_S, token=token
        )
        sizes = {each.rfilename: each for each in info.siblings or ()}
        names = _choose_files(model, list(sizes))
        if info.gated:
            # The list is for everybody, the files are not: better told before anything is agreed to.
            url = hf_hub_url(model.repo_id, names[0], revision=info.sha)
            get_hf_file_metadata(url, token=token, timeout=SURVEY_TIMEOUT_S)
    files = []
    for name in names:
        sibling = sizes[name]
        checksum = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
        have = _measure_progress(find_repository(model), checksum or "", sibling.size or 0)
        files.append(NeededFile(name, sibling.size or 0, have))
    return Needed(model, info.sha or "main", tuple(files), find_repository(model), find_endpoint())


def require_space(needed: Sequence[Needed]) -> int:
    """Make sure that the disk holds what is missing; the bytes that it has free now.

    Raises:
        OutputFault: it does not.
    """
    folder = find_cache()
    free = shutil.disk_usage(next(each for each in (folder, *folder.absolute().parents) if each.exists())).free
    missing = sum(each.missing_bytes for each in needed)
    if missing + SPARE_BYTES > free:
        raise OutputFault(
            f"the disk of {folder} has {format_bytes(free)} free, and {format_bytes(missing)} are to be downloaded",
            hint="Free some, or set HF_HOME to a folder on another disk.",
        )
    return free


def fetch(needed: Needed, show: Callable[[int], None], *, token: str | None = None) -> Path:
    """Download what is missing of a model; the file to load. What came stays when it is interrupted.

    Args:
        show: told, again and again, how many bytes of the model are on this machine.
        token: as for `survey`.

    Raises:
        OutputFault: the disk is full, or the cache cannot be written.
        EngineError: the download broke, and trying again gained nothing; or the Hub refuses.
        ExtraMissing: the Hub's package is not installed.
    """
    require_hub()
    done = 0
    for file in needed.files:
        before = done

        def show_file(have: int, before: int = before) -> None:
            show(before + have)

        _fetch_file(needed, file, show_file, token)
        done += file.size_bytes
        show(done)
    return find_model(str(needed.model))


def _fetch_file(needed: Needed, file: NeededFile, show: Callable[[int], None], token: str | None) -> None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]

    model = needed.model
    with _translating(model):
        url = hf_hub_url(model.repo_id, file.name, revision=needed.revision)
        metadata = get_hf_file_metadata(url, token=token, timeout=SURVEY_TIMEOUT_S)
    etag, size = metadata.etag or "", metadata.size if metadata.size is not None else file.size_bytes
    if not _ETAG.fullmatch(etag):
        raise ReplyUnreadable(f"{needed.endpoint} names no usable checksum for {file.name}")
    blob = needed.folder / "blobs" / etag
    lock = needed.folder.parent / ".locks" / needed.folder.name / f"{etag}.lock"
    with _translating(model):
        blob.parent.mkdir(parents=True, exist_ok=True)
        lock.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(lock):  # the Hub's own: another program that fetches the same file is waited for
            if not blob.exists():
                partial = _place_partial(blob)
                _complete(url, partial, size, show, token, model)
                _check(partial, etag, file.name)
                partial.replace(blob)
        # The file is there: this writes the cache's entries that lead to it, and downloads nothing.
        hf_hub_download(model.repo_id, file.name, token=token, library_name="demur")


def _complete(
    url: str, partial: Path, size: int, show: Callable[[int], None], token: str | None, model: HubModel
) -> None:
    """Ask for what is missing until it is there, as long as each try gains something."""
    from httpx2 import TransportError

    tries = TRIES
    while (have := _measure(partial)) != size:
        if have > size:
            partial.unlink()
            continue
        show(have)
        failure = ""
        try:
            _stream(url, partial, have, show, token)
        except TransportError as error:
            failure = type(error).__name__
        gained = _measure(partial) - have
        tries = TRIES if gained > 0 else tries - 1
        if not tries:
            raise EngineUnavailable(
                f"the download of {model} broke off at {format_bytes(have)} of {format_bytes(size)}"
                + (f" ({failure})" if failure else ""),
                hint="What came is kept: the same command goes on from there.",
            )
        if failure:
            time.sleep(PAUSE_S)


def _stream(url: str, partial: Path, have: int, show: Callable[[int], None], token: str | None) -> None:
    """Write what a server sends behind what is there; a server that begins anew is let."""
    from huggingface_hub import get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

    headers = build_hf_headers(token=token, library_name="demur")
    headers["Accept-Encoding"] = "identity"  # a compressed body has other lengths
    if have:
        headers["Range"] = f"bytes={have}-"
    with get_session().stream("GET", url, headers=headers, timeout=STALL_TIMEOUT_S) as response:
        if response.is_error:
            response.read()
        hf_raise_for_status(response)
        with partial.open("ab") as file:
            if response.status_code != 206:
                file.truncate(0)
                have = 0
            for chunk in response.iter_raw():  # as it comes: a chunk of a set size would be lost when it breaks off
                file.write(chunk)
                have += len(chunk)
                show(have)


def _check(partial: Path, etag: str, name: str) -> None:
    """Compare a whole file with its checksum: for large files the Hub's ETag is their SHA-256."""
    if not _CHECKSUM.fullmatch(etag):
        return
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != etag:
        partial.unlink()
        raise ReplyUnreadable(
            f"{name} came damaged: its checksum is not the one that the Hub names",
            hint="It was thrown away. Run the same command again.",
        )


def _choose_files(model: HubModel, names: Sequence[str]) -> tuple[str, ...]:
    models = list_models(names)
    found = match_models(models, model.tag)
    if len(found) == 1 and found[0].whole:
        return found[0].parts
    quants = [each.quant for each in models]
    by_quant = all(quants) and len(set(quants)) == len(quants)
    listed = quants if by_quant else [each.parts[0].rpartition("/")[2] for each in models]
    there = ", ".join(listed[:MAX_LISTED]) + (", …" if len(listed) > MAX_LISTED else "")
    if found and not found[0].whole:
        raise ModelNotFound(f"the repository {model.repo_id} lacks parts of {found[0].stem}")
    what = f"has no {model.tag}" if not found else f"has more than one {model.tag}"
    raise ModelNotFound(
        f"the repository {model.repo_id} {what}",
        hint=f"It has: {there}. Write such as hf.co/{model.repo_id}:{listed[0]}." if there else "It has no GGUF file.",
    )


def _place_partial(blob: Path) -> Path:
    return blob.with_name(f"{blob.name}.demur.incomplete")


def _measure(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _measure_progress(folder: Path, checksum: str, size_bytes: int) -> int:
    """How much of a file is in the cache: all of it, or what an earlier download left."""
    if not _ETAG.fullmatch(checksum):
        return 0
    blob = folder / "blobs" / checksum
    return size_bytes if blob.exists() else min(size_bytes, _measure(_place_partial(blob)))


@contextmanager
def _translating(model: HubModel) -> Iterator[None]:
    """Turn what the Hub's package raises into the errors of demur. No token is in any of their messages."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        yield
    except DemurError:
        raise
    except HfHubHTTPError as error:
        raise _translate_refusal(error, error.response.status_code, model) from None
    except OfflineModeIsEnabled:
        raise EngineUnavailable(
            f"the model {model} is not on this machine, and HF_HUB_OFFLINE forbids to ask for it",
            hint=explain_fetching(model),
        ) from None
    except (HTTPError, LocalEntryNotFoundError) as error:
        raise EngineUnavailable(
            f"the model {model} is not on this machine, and {find_endpoint()} cannot be reached "
            f"({type(error).__name__})",
            hint=explain_fetching(model),
        ) from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else os.strerror(error.errno) if error.errno else type(error).__name__
        raise OutputFault(
            f"{model} cannot be written to {find_cache()}: {reason}",
            hint="What came is kept: free some space, and the same command goes on from there."
            if full
            else "Set HF_HOME to a folder that can be written.",
        ) from None


def _translate_refusal(error: Exception, status: int, model: HubModel) -> DemurError:
    from huggingface_hub.errors import GatedRepoError, RemoteEntryNotFoundError, RepositoryNotFoundError

    endpoint = find_endpoint()
    page = f"{endpoint}/{model.repo_id}"
    if isinstance(error, GatedRepoError):
        return CredentialsRejected(
            f"{model.repo_id} is open only to those who accepted its terms",
            hint=f"Accept them at {page}, then set HF_TOKEN to an access token of that account.",
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelNotFound(
            f"there is no repository {model.repo_id} at {endpoint}, or it is private",
            hint="Check its name. For a private one set HF_TOKEN to an access token that may read it.",
        )
    if isinstance(error, RemoteEntryNotFoundError):
        return ModelNotFound(f"a file of {model} is no longer at {page}", hint="Run the same command again.")
    if status in (401, 403):
        return CredentialsRejected(
            f"{endpoint} rejects the access token (HTTP {status})", hint="Correct HF_TOKEN, or run `hf auth login`."
        )
    if status in (429, 503):
        return RateLimited(f"{endpoint} asks for fewer requests (HTTP {status})", hint="Wait a while.")
    return ServerFault(f"{endpoint} failed (HTTP {status})", hint="What came is kept: try again later.")
