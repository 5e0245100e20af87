"""IBM watsonx.ai, through its official SDK: chats by `/ml/v1/text/chat`, raw prompts by `/ml/v1/text/generation`.

The API: https://cloud.ibm.com/apidocs/watsonx-ai. A key is exchanged for a token at IBM Cloud's IAM, when the SDK's client
is made and whenever the token runs out.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from demur.engines.base import Chat, Raw, Reply, Request, Sampling, TokenLogprob, Usage
from demur.engines.extras import miss_extra
from demur.engines.fields import Json, read_array, read_count, read_logprob, read_object, read_text
from demur.engines.hosted import Service, check_address
from demur.engines.hosted_engine import HostedEngine, LazyClient, write_chat_settings
from demur.engines.ollama import write_messages
from demur.engines.openai import RAW_MAX_TOKENS, read_reply
from demur.engines.sampling import SEED_MASK
from demur.engines.transport import KEEPALIVE_S
from demur.errors import CredentialsRejected, EngineError, InputError, ReplyUnreadable, RequestTimedOut
from demur.inputs.engine_settings import WatsonxSettings
from demur.records import Origin

if TYPE_CHECKING:
    import httpx
    from ibm_watsonx_ai.foundation_models import ModelInference

ADDRESS = "https://us-south.ml.cloud.ibm.com"
IAM_ADDRESS = "https://iam.cloud.ibm.com/identity/token"

MAX_TOP_TOKENS = 5
"""The most alternatives a token that text generation reports."""

FINISHES = {"eos_token": "stop", "stop_sequence": "stop", "max_tokens": "length", "token_limit": "length"}
"""Text generation's `stop_reason`s in demur's words, in lower case; others stay as they are."""


class WatsonxEngine(HostedEngine["ModelInference"]):
    """Completes chats and raw prompts with a model that watsonx.ai hosts."""

    def __init__(self, settings: WatsonxSettings) -> None:
        """Set up, without connecting.

        Raises:
            InputError: `base_url` is no address, or there is no project.
            ExtraMissing: the SDK is not installed.
        """
        address = check_address(settings.base_url or ADDRESS, ADDRESS)
        self._auth_url = check_address(settings.auth_url, IAM_ADDRESS, "auth_url") if settings.auth_url else None
        if not all(each.startswith("https://") for each in (address, self._auth_url or "https://")):
            raise InputError("a watsonx block speaks https:// only", hint=f"Such as `base_url: {ADDRESS}`.")
        if not settings.project_id:
            raise InputError(
                "a watsonx block needs the project that pays",
                hint="Set `project_id`, or WATSONX_PROJECT_ID in the environment or in .env.",
            )
        super().__init__(
            settings,
            address=address,
            variable="WATSONX_API_KEY",
            missing_model="`model_id_or_path` is a model that this region offers, such as ibm/granite-4-h-small.",
        )
        self._project_id = settings.project_id
        self._package = LazyClient(_import_package)
        self._token_client: httpx.Client | None = None
        self._http: httpx.AsyncClient | None = None

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            InputError: `top_k` is set, and the prompt is a chat.
            EngineError: the model did not answer.
            ExtraMissing: the SDK cannot be imported.
        """
        try:
            return await super().complete(request)
        except RequestTimedOut:
            self._abandon_token()
            raise

    def _check_request(self, request: Request, sampling: Sampling) -> None:
        if isinstance(request.prompt, Chat) and sampling.top_k is not None:
            raise InputError(
                "watsonx.ai's chats take no `top_k`", hint="Leave it out of the block; `top_p` does much the same."
            )

    async def _prepare(self) -> None:
        """Import the SDK. Its client is made within the bounds of an attempt, because that asks for a token."""
        await self._package.get()

    async def close(self) -> None:
        """Close the connections."""
        self._abandon_token()
        self._client.take()
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    def _abandon_token(self) -> None:
        """Cut off what a thread may still be reading: threads cannot be cancelled."""
        client, self._token_client = self._token_client, None
        if client is not None:
            client.close()

    def _build(self) -> ModelInference:
        """Make the SDK's client, which fetches a token at once. Runs in a thread.

        httpx's clients are made here, not by the SDK: those would repeat failed requests.
        """
        import httpx
        from ibm_watsonx_ai import APIClient, Credentials
        from ibm_watsonx_ai.foundation_models import ModelInference
        from ibm_watsonx_ai.wml_client_error import WMLClientError

        service = self._service
        timeout = httpx.Timeout(service.timeout_s, connect=service.connect_timeout_s)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEPALIVE_S)
        token_client = httpx.Client(timeout=timeout, event_hooks={"response": [self._check]})
        self._token_client = token_client
        http = httpx.AsyncClient(timeout=timeout, limits=limits, event_hooks={"response": [self._check_async]})
        credentials = Credentials(url=service.address, api_key=service.secret, auth_url=self._auth_url)
        if self._auth_url is None and service.address not in APIClient.PLATFORM_URLS_MAP:
            raise InputError(
                f"`base_url` of a watsonx block is none of IBM's addresses: {service.address}",
                hint=f"A region's, such as {ADDRESS}; for a gateway in front of it set `auth_url` too.",
            )
        if self._auth_url is not None:
            credentials.platform_url = service.address  # says that it is no Cloud Pak, whatever the address
        # No call for the project's details: the API says itself when it does not know the project.
        warnings.filterwarnings(
            "ignore", r"\s*When setting `scope_validation` to False", UserWarning, r"ibm_watsonx_ai\.client"
        )
        try:
            client = APIClient(
                credentials,
                project_id=self._project_id,
                httpx_client=token_client,
                async_httpx_client=http,
                scope_validation=False,
            )
        except WMLClientError as error:
            raise InputError(
                f"the watsonx block cannot be used: {str(error).splitlines()[0]}",
                hint="Is `base_url` a region's address? For a gateway of your own set `auth_url` too.",
            ) from None
        except httpx.HTTPError as error:
            raise self._locate(error).translate_break(error) from None
        except (ValueError, LookupError, TypeError, AttributeError) as error:  # what taking a token apart may raise
            raise ReplyUnreadable(
                f"the token that comes for the key of {service.address} cannot be read ({type(error).__name__})",
                hint="Check `auth_url`.",
            ) from None
        finally:
            token_client.close()  # from here on tokens come by the other one
        self._http = http
        return ModelInference(model_id=service.model, api_client=client, validate=False, max_retries=0)

    async def _send(self, request: Request, sampling: Sampling, schema: Mapping[str, object] | None) -> Reply:
        import httpx

        client = await self._client.get()
        prompt = request.prompt
        try:
            if isinstance(prompt, Raw):
                answer = await client.agenerate(prompt.text, _write_parameters(request, sampling))
                return _read_generation(answer, self._origin)
            answer = await client.achat(write_messages(prompt), write_chat_settings(request, sampling, schema))
        except httpx.HTTPError as error:
            raise self._locate(error).translate_break(error) from None
        return read_reply(answer, self._origin)

    def _locate(self, error: httpx.HTTPError) -> Service:
        """Who was asked, when a request failed: the region, or the place where tokens are had."""
        try:
            return self._name(error.request)
        except RuntimeError:  # it has none
            return self._service

    def _name(self, request: httpx.Request) -> Service:
        if request.url.path.startswith("/ml/"):
            return self._service
        netloc = request.url.netloc.decode("ascii", "replace")
        return replace(self._service, address=f"{request.url.scheme}://{netloc}")

    def _check(self, response: httpx.Response) -> None:
        """Look at every answer before the SDK does, which would log it and forget its status.

        Raises:
            EngineError: it is not what was asked for.
        """
        response.read()
        self._judge(response)

    async def _check_async(self, response: httpx.Response) -> None:
        await response.aread()
        self._judge(response)

    def _judge(self, response: httpx.Response) -> None:
        service = self._name(response.request)
        status = response.status_code
        if status < 300:
            service.decode(response.content)
            return
        token = response.request.headers.get("Authorization", "").partition(" ")[2]
        error: EngineError = service.translate_answer(status, response.content, response.headers, token=token)
        if service is not self._service and status in (400, 404):  # how IAM says that it knows no such key
            error = CredentialsRejected(str(error), hint=service.explain_key())
        raise error


def _import_package() -> bool:
    """Import the SDK, and keep its log to itself: it writes whole answers there, and, unasked, to the terminal.

    Raises:
        ExtraMissing: it cannot be imported.
    """
    try:
        import ibm_watsonx_ai.foundation_models
    except ImportError as error:
        raise miss_extra("watsonx", error=error) from error
    log = logging.getLogger(ibm_watsonx_ai.__name__)
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return True


def _write_parameters(request: Request, sampling: Sampling) -> dict[str, object]:
    drawn = {name: getattr(sampling, name) for name in ("temperature", "top_p", "top_k")}
    drawn = {name: value for name, value in drawn.items() if value is not None}
    # The service's own default is greedy, whatever the temperature.
    greedy = not drawn or sampling.temperature == 0
    fields: dict[str, object] = {
        "decoding_method": "greedy" if greedy else "sample",
        "max_new_tokens": RAW_MAX_TOKENS if sampling.max_tokens is None else sampling.max_tokens,  # its own: 20
    }
    if not greedy:
        fields.update(drawn)
        if sampling.seed is not None:
            fields["random_seed"] = sampling.seed & SEED_MASK or 1
    if sampling.stop:
        fields["stop_sequences"] = list(sampling.stop)
        fields["include_stop_sequence"] = False
    if request.top_logprobs:
        fields["return_options"] = {
            "generated_tokens": True,
            "token_logprobs": True,
            "top_n_tokens": min(request.top_logprobs, MAX_TOP_TOKENS),
        }
    return fields


def _read_generation(answer: Json, origin: Origin) -> Reply:
    results = read_array(answer.get("results"), "results")
    if not results:
        raise ReplyUnreadable("the reply holds no result")
    result = read_object(results[0], "results[0]")
    stopped = (read_text(result.get("stop_reason"), "stop_reason") or "eos_token").lower()
    return Reply(
        text=read_text(result.get("generated_text"), "generated_text"),
        finish=FINISHES.get(stopped, stopped),
        origin=origin,
        usage=Usage(read_count(result.get("input_token_count")), read_count(result.get("generated_token_count"))),
        logprobs=tuple(
            _read_token(read_object(token, "generated_tokens[]"))
            for token in read_array(result.get("generated_tokens") or [], "generated_tokens")
        ),
    )


def _read_token(token: Json) -> TokenLogprob:
    top = [read_object(each, "top_tokens[]") for each in read_array(token.get("top_tokens") or [], "top_tokens")]
    ranked = [(read_text(each.get("text"), "top_tokens[].text"), read_logprob(each.get("logprob"))) for each in top]
    return TokenLogprob(
        read_text(token.get("text"), "generated_tokens[].text"),
        read_logprob(token.get("logprob")),
        tuple(sorted(ranked, key=lambda pair: -pair[1])),
    )
