"""llama.cpp's models in this process: each loaded once, whatever the number of blocks that use it.

A model is loaded by the first request, in a thread, and freed when the last engine that uses it is closed. `xllamacpp`
runs llama.cpp's own server loop in a thread of C++ and lets go of Python's lock while it waits, so requests run at once in
as many threads as the model has slots, and llama.cpp batches them.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar

from demur.engines.extras import miss_extra
from demur.engines.gguf_header import read_header
from demur.engines.machine import choose_threads, measure_memory
from demur.engines.model_files import find_model, format_bytes
from demur.errors import ModelNotFound
from demur.inputs.engine_settings import LlamaCppSettings
from demur.inputs.text_file import expand_home

SILENT = -1
"""llama.cpp's verbosity at which it says nothing: its log would go to the terminal of whoever runs demur."""

T = TypeVar("T")


class LlamaServer(Protocol):
    """What is used of xllamacpp's `Server`."""

    def handle_completions(self, request: dict[str, object], callback: Callable[[object], bool]) -> object:
        """Answer a raw prompt; each part of the reply goes to the callback, which ends it by returning True."""
        ...

    def handle_chat_completions(self, request: dict[str, object], callback: Callable[[object], bool]) -> object:
        """Answer a chat, likewise."""
        ...


@dataclass(frozen=True, slots=True)
class Loading:
    """What a model in memory is made from: two blocks that agree in this share one.

    Attributes:
        reference: the model as the builder names it, or the whole path of a file.
        num_ctx: the context window of each slot, in tokens.
    """

    reference: str
    num_ctx: int
    n_threads: int | None
    n_gpu_layers: int


class LocalModel:
    """One model of this process, in memory from its first request on.

    Attributes:
        slots: the requests that it answers at once.
        closing: set when it is to be freed: requests under way end early.
    """

    def __init__(self, loading: Loading) -> None:
        self.slots = 0
        self.closing = threading.Event()
        self.users = 0
        self._loading = loading
        self._lock = threading.Lock()
        self._workers: ThreadPoolExecutor | None = None
        self._server: LlamaServer | None = None

    async def run(self, job: Callable[[LlamaServer], T]) -> T:
        """Run a job in a thread of the model's own, as soon as a slot is free; loads the model first.

        Raises:
            EngineError: the model cannot be loaded, or the job raised it.
            ExtraMissing: xllamacpp cannot be imported.
        """
        if self._workers is None:
            self._workers = ThreadPoolExecutor(self.slots, thread_name_prefix="llama-cpp")
        return await asyncio.get_running_loop().run_in_executor(self._workers, lambda: job(self._load()))

    def free(self) -> None:
        """End what is under way, wait for it, and give the memory back."""
        self.closing.set()
        if self._workers is not None:
            self._workers.shutdown(wait=True, cancel_futures=True)
        with _llama_lock:
            self._server = None

    def _load(self) -> LlamaServer:
        with self._lock:
            if self._server is None:
                path = find_model(self._loading.reference)
                _check_file(path, self._loading, self.slots)
                with _llama_lock:
                    self._server = _open_server(path, self._loading, self.slots)
            return self._server


_models: dict[Loading, LocalModel] = {}
_registry_lock = threading.Lock()
_llama_lock = threading.Lock()
"""llama.cpp prepares and clears parts that all its models share: one model at a time."""


def share_model(settings: LlamaCppSettings) -> LocalModel:
    """The model of a block, to be given back with `give_back`. Nothing is loaded yet.

    Raises:
        ExtraMissing: xllamacpp is not installed.
    """
    if find_spec("xllamacpp") is None:
        raise miss_extra("llama-cpp", "xllamacpp")
    loading = _describe_loading(settings)
    with _registry_lock:
        model = _models.setdefault(loading, LocalModel(loading))
        model.users += 1
        model.slots = max(model.slots, settings.concurrency or 1)
        return model


async def give_back(model: LocalModel) -> None:
    """Stop using a model; the last user frees it."""
    with _registry_lock:
        model.users -= 1
        if model.users > 0:
            return
        for loading in [loading for loading, held in _models.items() if held is model]:
            del _models[loading]
    await asyncio.to_thread(model.free)


def _describe_loading(settings: LlamaCppSettings) -> Loading:
    path = expand_home(settings.model_id_or_path)
    reference = str(path.resolve()) if os.path.isfile(path) else settings.model_id_or_path  # noqa: PTH113
    return Loading(reference, settings.num_ctx, settings.n_threads, settings.n_gpu_layers)


def _check_file(path: Path, loading: Loading, slots: int) -> None:
    """Raise ModelNotFound for a file that is no model, or whose model does not fit: llama.cpp would die of the latter."""
    try:
        header = read_header(path)
        weights = path.stat().st_size
    except ValueError as error:
        raise ModelNotFound(f"{path} is no model: {error}", hint="It must be a whole GGUF file.") from None
    except OSError as error:
        raise ModelNotFound(f"{path} cannot be read: {error.strerror}", hint="May this user read it?") from None
    free = measure_memory()
    cache = header.cache_bytes_per_token * loading.num_ctx * slots
    if free is not None and weights + cache > free and not (loading.n_gpu_layers and _has_gpu()):
        raise ModelNotFound(
            f"{path.name} does not fit into memory: {format_bytes(weights)} of weights and {format_bytes(cache)} for "
            f"{slots} requests at once of {loading.num_ctx} tokens each; {format_bytes(free)} are free",
            hint="Lower `concurrency` or `num_ctx`, or take a smaller model or quantisation.",
        )


def _open_server(path: Path, loading: Loading, slots: int) -> LlamaServer:
    """Load a model.

    llama.cpp divides `n_ctx` evenly among its slots. It opens a port on the loopback address in any case, which a key
    that nobody knows keeps everybody else out of.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise miss_extra("llama-cpp", "xllamacpp", error=error) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = loading.num_ctx * slots
    params.n_parallel = slots
    params.n_gpu_layers = loading.n_gpu_layers
    threads = loading.n_threads or choose_threads(len(_models))
    if threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.verbosity = SILENT
    params.api_keys = [secrets.token_urlsafe(24)]
    params.ui = False
    params.endpoint_slots = False
    params.n_threads_http = 1
    params.cache_ram_mib = 0  # else up to 8 GiB of prompts that have left their slots
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    params.force_pure_content_parser = True  # a guard's thinking tags are for the guard's reader
    try:
        server: LlamaServer = xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        architecture = read_header(path).architecture or "unnamed"
        raise ModelNotFound(
            f"llama.cpp cannot load {path} (architecture {architecture})",
            hint="It may be incomplete: compare its size with where it came from. Or it is newer than the llama.cpp "
            "installed here: pip install -U xllamacpp. With less memory free than it takes, lower `num_ctx`.",
        ) from error
    return server


def _has_gpu() -> bool:
    try:
        import xllamacpp
    except ImportError as error:
        raise miss_extra("llama-cpp", "xllamacpp", error=error) from error
    kinds = xllamacpp.ggml_backend_dev_type
    ours = (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
    return any(device["type"] in ours for device in xllamacpp.get_device_info())
