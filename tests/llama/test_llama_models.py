from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from demur.engines.catalog import DEFAULT_SLOTS, Catalog
from demur.engines.journaling import NoStore
from demur.engines.llama_cpp import LlamaCppEngine
from demur.engines.llama_models import give_back, share_model
from demur.engines.openai import OpenAIEngine
from demur.errors import CredentialsRejected, ExtraMissing, ModelNotFound
from demur.inputs.engine_settings import LlamaCppSettings
from tests.engines.samples import openai_settings
from tests.llama.conftest import OpenEngine
from tests.llama.samples import ask_chat, ask_raw, llama_settings
from tests.llama.tiny_model import LABELS, Weights, list_tokens


def spoil(path: Path, models: Path, kind: str) -> None:
    """Write a file that is no whole model."""
    whole = (models / "random.gguf").read_bytes()
    if kind == "text":
        path.write_text("a page that says where the model went\n" * 40)
    elif kind == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "cut in its header":
        path.write_bytes(whole[:100])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "of an architecture to come":
        path.write_bytes(whole.replace(b"llama", b"lhama"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "there is no model file"),
        ("empty", "is no model: it does not begin as a GGUF file does"),
        ("text", "is no model: it does not begin as a GGUF file does"),
        ("cut in its header", "is no model: it ends"),
        ("cut", "llama.cpp cannot load .*architecture llama"),
        ("of an architecture to come", "llama.cpp cannot load .*architecture lhama"),
    ],
)
async def test_a_file_that_is_no_model_is_told_as_such(tmp_path: Path, models: Path, kind: str, words: str) -> None:
    """The error names the file and says what it is; it ends a run, for no retry can help."""
    path = tmp_path / "model.gguf"
    spoil(path, models, kind)
    engine = LlamaCppEngine(llama_settings(path))
    try:
        with pytest.raises(ModelNotFound, match=words) as caught:
            await engine.complete(ask_raw())
        assert str(path) in str(caught.value)
        assert caught.value.hint
    finally:
        await engine.close()


async def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(open_engine: OpenEngine) -> None:
    """llama.cpp would take the process down with it: the message has the sums, the hint says what to lower."""
    engine = open_engine(num_ctx=2_000_000_000)
    with pytest.raises(
        ModelNotFound, match=r"for 2 requests at once of 2000000000 tokens each; [\d.]+ GB are free"
    ) as e:
        await engine.complete(ask_raw())
    assert "num_ctx" in e.value.hint


async def test_blocks_that_load_alike_share_a_model(models: Path) -> None:
    """Sampling, timeouts and the number of slots do not matter; the file, the window, threads and layers do."""
    path = models / "random.gguf"
    alike = [
        share_model(llama_settings(path, **it)) for it in ({}, {"timeout_s": 9}, {"temperature": 1, "concurrency": 5})
    ]
    others = [
        share_model(llama_settings(path, **it)) for it in ({"num_ctx": 512}, {"n_threads": 2}, {"n_gpu_layers": 0})
    ]
    others.append(share_model(llama_settings(models / "other.gguf")))
    assert len({id(model) for model in alike}) == 1
    assert len({id(model) for model in (*alike, *others)}) == 1 + len(others)
    assert alike[0].slots == 5
    for model in (*alike, *others):
        await give_back(model)
    fresh = share_model(llama_settings(path))
    assert fresh is not alike[0]
    await give_back(fresh)


async def test_the_last_user_frees_the_model(open_engine: OpenEngine) -> None:
    """Closing one engine leaves the model to the other; it answers until that one is closed too."""
    one, other = open_engine(), open_engine(timeout_s=7)
    await one.complete(ask_raw(max_tokens=1))
    await one.close()
    await one.close()
    assert (await other.complete(ask_raw(max_tokens=2))).usage.completion_tokens == 2


def test_records_name_the_file_and_not_its_folder(models: Path, tmp_path: Path) -> None:
    """A model that is moved is the same model to a journal; another one of the same name and size is not."""
    moved = tmp_path / "random.gguf"
    shutil.copy(models / "random.gguf", moved)
    one, same = LlamaCppEngine(llama_settings(models / "random.gguf")), LlamaCppEngine(llama_settings(moved))
    shutil.copy(models / "other.gguf", moved)
    other = LlamaCppEngine(llama_settings(moved))
    assert one.identity == same.identity != other.identity
    assert moved.stat().st_size == (models / "random.gguf").stat().st_size
    assert one.identity.model == other.identity.model == "random.gguf"


def test_a_model_on_the_hub_goes_by_its_reference() -> None:
    """What is not yet a file here is named as the builder names it."""
    reference = "hf.co/ibm-granite/granite-guardian-3.3-8b-GGUF:Q4_K_M"
    assert LlamaCppEngine(llama_settings(reference)).identity.model == reference


def test_without_xllamacpp_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    """The package is looked for when the engine is opened, before any work is done."""
    monkeypatch.setattr("demur.engines.llama_models.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match="llama-cpp") as caught:
        LlamaCppEngine(llama_settings(models / "random.gguf"))
    assert caught.value.hint == "pip install 'demur[llama-cpp]'"


@pytest.mark.parametrize(
    ("command", "block", "slots"), [(None, None, DEFAULT_SLOTS), (9, None, 9), (9, 2, 2), (None, 6, 6)]
)
async def test_the_number_of_slots(models: Path, command: int | None, block: int | None, slots: int) -> None:
    """The block's concurrency, else the command's, else few: each slot takes memory for a whole context window."""
    settings = LlamaCppSettings.model_validate(
        {"type": "llama-cpp", "model_id_or_path": str(models / "random.gguf"), "concurrency": block}
    )
    catalog = Catalog(command)
    try:
        assert catalog.measure_width(catalog.open(settings, "block", NoStore())) == slots
        held = share_model(settings)
        assert held.slots == slots
        await give_back(held)
    finally:
        await catalog.close()


async def test_a_model_without_a_chat_template_takes_raw_prompts(tmp_path: Path) -> None:
    """A base model's GGUF loads and answers."""
    engine = LlamaCppEngine(llama_settings(Weights(list_tokens(LABELS), 64).write(tmp_path / "base.gguf")))
    assert (await engine.complete(ask_raw(max_tokens=2))).usage.completion_tokens == 2
    await engine.close()


async def test_the_port_of_a_model_in_this_process_is_locked(models: Path) -> None:
    """llama.cpp opens one on the loopback address; nobody without the key gets an answer there."""
    model = share_model(llama_settings(models / "random.gguf"))
    address = await model.run(lambda server: str(getattr(server, "listening_address", "")))
    outsider = OpenAIEngine(openai_settings(f"{address}/v1"))
    with pytest.raises(CredentialsRejected):
        await outsider.complete(ask_chat())
    await outsider.close()
    await give_back(model)


async def test_models_may_come_and_go_side_by_side(models: Path) -> None:
    """Several models loaded, asked and freed at once, again and again, do not disturb each other."""

    async def live(name: str, seed: int) -> str:
        engine = LlamaCppEngine(llama_settings(models / name, num_ctx=512 + seed))
        try:
            return (await engine.complete(ask_chat(seed=7))).text
        finally:
            await engine.close()

    for _ in range(3):
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(live(name, seed)) for seed in range(3) for name in ("asker.gguf", "decliner.gguf")
            ]
        assert len({task.result() for task in tasks}) == 2
