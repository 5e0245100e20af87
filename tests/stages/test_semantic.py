from __future__ import annotations

import hashlib
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from demur.cli.main import main
from demur.errors import ExtraMissing, InputError, ModelNotFound
from demur.inputs.builder_file import read_builder
from demur.inputs.dedup_settings import DedupSettings, SemanticSettings
from demur.outputs.dataset import describe_drop
from demur.records import Admitted, Draft, DraftId, Drop, Origin, Reason, Seed
from demur.run.runner import Runner
from demur.run.variety import score_variety
from demur.stages.dedupe import Deduplicator
from demur.stages.semantic import BLOCK_TEXTS, DECIMALS, SemanticIndex, load_embedder
from tests.outputs.report_folders import write_folder
from tests.run.world import World, make_runner, read_output

np = pytest.importorskip("numpy")
model2vec = pytest.importorskip("model2vec", reason="the extra `semantic` is not installed")

SYNONYMS = [("open", "unlock"), ("shed", "hut"), ("quietly", "silently"), ("key", "latchkey"), ("copy", "duplicate")]
OTHERS = ["the", "for", "me", "without", "bicycle", "classroom", "locksmith", "tonight", "window", "ladder"]
WORDS = [*(word for pair in SYNONYMS for word in pair), *OTHERS]
DIMENSIONS = 32


def draw_vector(name: str) -> list[float]:
    """A direction that depends on the name alone."""
    chance = random.Random(hashlib.sha256(name.encode()).digest())
    return [chance.gauss(0, 1) for _ in range(DIMENSIONS)]


def save_model(folder: Path, words: list[str], vectors: object) -> str:
    """A model2vec model of whole words; the first is the unknown one."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, words[0]))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    model2vec.StaticModel(np.array(vectors, dtype=np.float32), tokenizer, config={}).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of a few words, in which synonyms have the same vector."""
    first = {other: one for one, other in SYNONYMS}
    vectors = [draw_vector(first.get(word, word)) for word in ["[UNK]", *WORDS]]
    return save_model(tmp_path_factory.mktemp("model"), ["[UNK]", *WORDS], vectors)


def compute_cosine(one: str, other: str) -> float:
    """By the definition, in double precision, from the vectors that the model was made of."""
    first = {other: one for one, other in SYNONYMS}
    sums = []
    for text in (one, other):
        known = [word for word in text.lower().split() if word in WORDS]
        sums.append(sum(np.array(draw_vector(first.get(word, word))) for word in known))
    return float(sums[0] @ sums[1] / (np.linalg.norm(sums[0]) * np.linalg.norm(sums[1])))


def draft(position: int, text: str) -> Draft:
    return Draft(id=DraftId("t", 0, position), instruction=text, example_ids=(), origin=Origin("e", "m"))


def test_the_nearest_text_has_the_highest_cosine(model: str) -> None:
    """Over random texts, more than one block of them, the neighbour is the one that the definition gives."""
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS, k=chance.randint(3, 9))) for _ in range(300)]
    index = SemanticIndex(model, 0.9)
    for number in range(BLOCK_TEXTS + 100):
        index.add(str(number), texts[number % 200])
    for query in texts[200:240]:
        cosines = [compute_cosine(query, text) for text in texts[:200]]
        match = index.nearest(query)
        assert match is not None
        assert match.score == pytest.approx(max(cosines), abs=2 * 10**-DECIMALS)
        # Of equals the earliest: the copies in the second block are never named.
        assert cosines[int(match.id)] == pytest.approx(max(cosines), abs=2 * 10**-DECIMALS)
    assert len(index) == BLOCK_TEXTS + 100


def test_a_text_in_the_last_block_is_found(model: str) -> None:
    """What fills up a block, begins the next one or comes last is a neighbour like any other."""
    chance = random.Random(2)
    texts = [" ".join(chance.choices(OTHERS, k=6)) for _ in range(BLOCK_TEXTS + 2)]
    for place in (BLOCK_TEXTS - 1, BLOCK_TEXTS, BLOCK_TEXTS + 1):
        texts[place] = f"{SYNONYMS[place % 5][0]} {SYNONYMS[(place + 1) % 5][0]}"
    index = SemanticIndex(model, 0.9)
    for number, text in enumerate(texts):
        index.add(str(number), text)
    for place in (BLOCK_TEXTS - 1, BLOCK_TEXTS, BLOCK_TEXTS + 1):
        match = index.nearest(f"{SYNONYMS[(place + 1) % 5][1]} {SYNONYMS[place % 5][1]}")
        assert match is not None
        assert (match.id, match.score) == (str(place), 1.0)


def test_a_text_without_a_known_word_has_no_neighbour(model: str) -> None:
    """It has no direction: it is near to nothing, and nothing to it."""
    index = SemanticIndex(model, 0.9)
    assert index.nearest("open the shed") is None
    index.add("a", "zzz qqq")
    assert index.nearest("open the shed") is None
    index.add("b", "open the shed")
    assert index.nearest("zzz") is None
    assert len(index) == 1


def test_long_texts_are_compared_whole(model: str) -> None:
    """Two texts that differ after the model's usual 512 tokens are two."""
    index = SemanticIndex(model, 0.9)
    start = "the " * 600
    index.add("a", start + "ladder " * 600)
    match = index.nearest(start + "window " * 600)
    assert match is not None
    assert match.score < 0.9


def test_the_same_said_in_other_words_is_dropped_with_its_neighbour_and_cosine(model: str) -> None:
    """What ROUGE-L lets through is dropped for its meaning, against seeds and against all admitted before."""
    seed = Seed("seed:1", "open the shed quietly for me", "no")
    semantic = SemanticIndex(model, 0.9)
    semantic.add(seed.id, seed.instruction)
    stage = Deduplicator(0.7, filtering=True, seeds=(seed,), semantic=semantic)
    stage.prepare()
    by_meaning = stage.admit(draft(0, "unlock hut silently for the me"))
    assert isinstance(by_meaning, Drop)
    assert by_meaning.reason is Reason.SEMANTIC_DUPLICATE
    assert by_meaning.neighbour is not None
    assert by_meaning.neighbour.id == "seed:1"
    written = describe_drop(by_meaning, include_unsafe=False)
    assert written["reason"] == "semantic_duplicate"
    assert written["nearest"] == {"id": "seed:1", "cosine": 1.0}

    kept = stage.admit(draft(1, "copy key without locksmith"))
    assert isinstance(kept, Admitted)
    by_words = stage.admit(draft(2, "copy key without a locksmith"))
    assert isinstance(by_words, Drop)
    assert by_words.reason is Reason.NEAR_DUPLICATE
    of_a_draft = stage.admit(draft(3, "without locksmith latchkey duplicate"))
    assert isinstance(of_a_draft, Drop)
    assert of_a_draft.reason is Reason.SEMANTIC_DUPLICATE
    assert of_a_draft.neighbour is not None
    assert of_a_draft.neighbour.id == "t#0.1"


def test_a_dropped_draft_leaves_no_trace(model: str) -> None:
    """What was dropped by either method is no neighbour of what follows, in either index."""
    stage = Deduplicator(0.7, filtering=True, seeds=(), semantic=SemanticIndex(model, 0.8))
    first, akin = "open the shed tonight", "tonight unlock the hut ladder"
    assert isinstance(stage.admit(draft(0, first)), Admitted)
    dropped = stage.admit(draft(1, akin))
    assert isinstance(dropped, Drop)
    assert dropped.reason is Reason.SEMANTIC_DUPLICATE
    assert len(stage.index) == 1
    again = stage.admit(draft(2, akin))
    assert isinstance(again, Drop)
    assert again.neighbour is not None
    assert again.neighbour.id == "t#0.0"


def test_decisions_are_the_same_when_the_drafts_come_again(model: str) -> None:
    """A replay in the same order gives the same outcomes, scores included."""
    chance = random.Random(3)
    drafts = [draft(n, " ".join(chance.choices(WORDS, k=5))) for n in range(300)]

    def decide() -> list[Admitted | Drop]:
        stage = Deduplicator(0.8, filtering=True, seeds=(), semantic=SemanticIndex(model, 0.85))
        return [stage.admit(each) for each in drafts]

    outcomes = decide()
    assert outcomes == decide()
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, Drop)}
    assert reasons == {Reason.NEAR_DUPLICATE, Reason.SEMANTIC_DUPLICATE}


def test_without_filtering_nothing_is_dropped_for_its_meaning(model: str) -> None:
    """`filter: false` turns both methods off."""
    stage = Deduplicator(0.7, filtering=False, seeds=(), semantic=SemanticIndex(model, 0.5))
    assert isinstance(stage.admit(draft(0, "open shed")), Admitted)
    assert isinstance(stage.admit(draft(1, "unlock hut")), Admitted)


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    """An empty folder, and a broken one, end in one line with a way on; the index itself is made without the model."""
    index = SemanticIndex(str(tmp_path), 0.9)
    with pytest.raises(ModelNotFound, match="embedding model") as raised:
        index.load()
    assert str(tmp_path) in str(raised.value)
    assert "minishlab" in raised.value.hint
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (tmp_path / name).write_text("{")
    with pytest.raises(ModelNotFound, match="embedding model"):
        index.nearest("text")


def test_a_dataset_is_scored_by_a_model(model: str) -> None:
    """Instructions without a word in common count nearly each; the same response counts as one; unknown words are left out."""
    scores = score_variety(
        model, ["open the shed", "bicycle ladder tonight", "?"], ["no window", "no window", "no window"]
    )
    assert (scores.instructions.texts, scores.instructions.sampled) == (3, 2)
    assert 1.5 < (scores.instructions.score or 0) <= 2
    assert scores.responses.score == pytest.approx(1)
    assert scores.responses.sampled == 3
    assert score_variety(model, [], ["?"]).instructions.score is None


def test_a_report_can_be_given_a_model(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`demur report --embeddings` adds the Vendi score to the page of a run that had none; without it the page says why."""
    folder = write_folder(tmp_path / "run", pairs=9)
    assert main(["report", str(folder)]) == 0
    assert "There is no Vendi score" in (folder / "report.html").read_text()
    assert main(["report", str(folder), "--embeddings", model]) == 0
    page = (folder / "report.html").read_text()
    assert "Instructions: Vendi score" in page
    assert "There is no Vendi score" not in page
    assert main(["report", str(folder), "--embeddings", str(tmp_path / "none")]) == 4
    assert "embedding model" in capsys.readouterr().err


def test_without_the_package_the_pip_line_is_told(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a run nor a check begins without model2vec."""
    monkeypatch.setitem(sys.modules, "model2vec", None)
    with pytest.raises(ExtraMissing) as raised:
        SemanticIndex(model, 0.9)
    assert raised.value.hint == "pip install 'demur[semantic]'"
    load_embedder.cache_clear()
    with pytest.raises(ExtraMissing):
        load_embedder(model)


async def test_a_run_drops_by_meaning_whatever_the_concurrency(workspace: Path) -> None:
    """The builder's `semantic` reaches the run; slow and quick replies in any order give the same files."""
    chance = random.Random(5)
    words = ["[UNK]", *(f"w{number}" for number in range(400))]
    folder = save_model(workspace / "model", words, [[chance.gauss(0, 1) for _ in range(6)] for _ in words])
    found = []
    for jitter_s, concurrency in ((0.0, 1), (0.01, 8)):
        world = World(jitter_s=jitter_s)
        runner = make_runner(workspace, world, outputs=20, concurrency=concurrency, restart=True)
        dedup = DedupSettings(type="rouge_scorer", semantic=SemanticSettings(model=folder, threshold=0.8))
        plan = replace(runner.plan, builder=replace(runner.plan.builder, dedup=dedup))
        result = await Runner(plan).run()
        assert result.exit_code == 0
        found.append([read_output(workspace, name) for name in ("final_data.jsonl", "rejected.jsonl")])
    assert found[0] == found[1]
    vendi = json.loads(read_output(workspace, "run.json"))["result"]["vendi"]
    assert vendi["model"] == folder
    for part in ("instructions", "responses"):
        assert vendi[part]["texts"] == 20
        assert 1 <= vendi[part]["score"] <= vendi[part]["sampled"] <= 20
    drops = [json.loads(line) for line in found[0][1].splitlines()]
    by_meaning = [drop for drop in drops if drop["reason"] == "semantic_duplicate"]
    assert by_meaning
    assert all(0.8 <= drop["nearest"]["cosine"] <= 1 for drop in by_meaning)


async def test_a_run_without_its_model_ends_before_anything_is_asked(workspace: Path) -> None:
    """The error is the run's, and no request was made."""
    world = World()
    runner = make_runner(workspace, world)
    dedup = DedupSettings(type="rouge_scorer", semantic=SemanticSettings(model=str(workspace)))
    result = await Runner(replace(runner.plan, builder=replace(runner.plan.builder, dedup=dedup))).run()
    assert isinstance(result.failure, ModelNotFound)
    assert result.exit_code == 4
    assert world.answered == []


def test_the_builders_block_is_read_and_checked(workspace: Path) -> None:
    """`semantic` needs a model, takes a cosine from 0 to 1, and is laid over a shipped builder like any other key."""
    config = workspace / "builder.yaml"
    head = "databuilders: {public/safety/refusal: {blocks: [{name: dedup, semantic: "
    config.write_text(head + "{model: some/folder}}]}}\n")
    dedup = read_builder(config, "embedded", {}).dedup
    assert dedup.semantic == SemanticSettings(model="some/folder", threshold=0.9)
    for wrong, words in [
        ("{threshold: 0.9}", "'model' is missing"),
        ("{model: x, threshold: 1.2}", "threshold"),
        ("{model: x, treshold: 0.9}", "unknown key 'treshold'"),
    ]:
        config.write_text(head + wrong + "}]}}\n")
        with pytest.raises(InputError, match=words):
            read_builder(config, "embedded", {})
