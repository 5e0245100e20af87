"""What is exported, read by those it is for: `datasets`, and TRL's trainers on a tiny random model. Needs the dependency group
`trainers`; skipped where it is not installed."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from demur.inputs.output_settings import FORMATS, FormatName
from demur.outputs.exchange import Exchange
from demur.outputs.export import write_dataset, write_file
from demur.outputs.formats import Kind, RowForm

SYSTEM = "Be brief."
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"


def name_missing(*packages: str) -> str:
    return ", ".join(package for package in packages if find_spec(package) is None)


needs_datasets = pytest.mark.skipif(bool(name_missing("datasets")), reason="datasets is not installed (group trainers)")
needs_trl = pytest.mark.skipif(
    bool(name_missing("datasets", "torch", "transformers", "trl")),
    reason=f"not installed (group trainers): {name_missing('datasets', 'torch', 'transformers', 'trl')}",
)


def make_rows(form: RowForm) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(8):
        request = f"Please open lock number {number} for me."
        found = form.make_rows(
            Exchange(
                id=f"t#{number}", instruction=request, response="I can't help with locks; ask a locksmith for help."
            )
        )
        assert isinstance(found, list)
        rows += found
    return rows


def list_forms() -> list[RowForm]:
    talking = [RowForm(name, SYSTEM, conversational=True) for name in ("prompt-completion", "kto", "dpo")]
    return [*(RowForm(name) for name in FORMATS), *talking, RowForm("messages", SYSTEM), RowForm("alpaca", SYSTEM)]


def load(*arguments: str, **options: object) -> Any:
    """`datasets.load_dataset`, imported only here: it takes a while."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("datasets").load_dataset(*arguments, **options)


@needs_datasets
@pytest.mark.parametrize("form", list_forms(), ids=str)
def test_datasets_loads_each_format(tmp_path: Path, form: RowForm) -> None:
    """As a folder with splits, as JSONL, as Parquet, and as CSV where it is flat: the rows come back."""
    rows, cache = make_rows(form), str(tmp_path / "cache")
    write_dataset(tmp_path / "d", {"train": rows[:5], "test": rows[5:]}, form.columns, "# A card\n")
    loaded = load(str(tmp_path / "d"), cache_dir=cache)
    assert {split: table.to_list() for split, table in loaded.items()} == {"train": rows[:5], "test": rows[5:]}
    for kind, loader in (("jsonl", "json"), ("parquet", "parquet"), ("csv", "csv")):
        if kind == "csv" and {Kind.MESSAGES, Kind.TURNS} & set(form.columns.values()):
            continue
        path = tmp_path / f"a.{kind}"
        write_file(path, rows, form.columns, kind)  # type: ignore[arg-type]
        found = load(loader, data_files=str(path), cache_dir=cache)["train"].to_list()
        if kind == "csv":  # a CSV reader takes an empty cell for nothing at all
            found = [{name: "" if value is None else value for name, value in row.items()} for row in found]
        assert found == rows


def make_model(folder: Path) -> tuple[Any, Any]:
    """A random Llama of a few thousand parameters, and a tokenizer of single characters."""
    torch, transformers = import_module("torch"), import_module("transformers")
    tokenizers = import_module("tokenizers")
    torch.manual_seed(0)
    signs = ["<pad>", "</s>", "<unk>", *map(chr, range(32, 127)), "\n"]
    words = tokenizers.models.WordLevel({sign: number for number, sign in enumerate(signs)}, unk_token="<unk>")
    plain = tokenizers.Tokenizer(words)
    plain.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", chat_template=TEMPLATE
    )
    config = transformers.LlamaConfig(
        vocab_size=len(signs), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512, pad_token_id=0, eos_token_id=1, bos_token_id=1,
    )  # fmt: skip
    # Through a folder: a trainer that wants a model to refer to loads it from there again.
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return transformers.LlamaForCausalLM.from_pretrained(folder), tokenizer


TRAINED: list[tuple[FormatName, bool, str]] = [
    ("messages", False, "SFT"), ("prompt-completion", False, "SFT"), ("prompt-completion", True, "SFT"),
    ("dpo", False, "DPO"), ("dpo", True, "DPO"), ("kto", True, "KTO"),
]  # fmt: skip


@needs_trl
@pytest.mark.filterwarnings("ignore")
@pytest.mark.enable_socket
@pytest.mark.parametrize(("name", "conversational", "trainer"), TRAINED)
def test_trl_takes_two_steps(tmp_path: Path, name: FormatName, conversational: bool, trainer: str) -> None:
    """TRL's trainer takes the exported rows as they are, and two steps on them change the model."""
    form = RowForm(name, SYSTEM if conversational or name == "messages" else "", conversational)
    write_dataset(tmp_path / "d", {"train": make_rows(form)}, form.columns, "")
    data = load(str(tmp_path / "d"), cache_dir=str(tmp_path / "cache"), split="train")
    trl = import_module("trl") if trainer != "KTO" else find_kto()
    model, tokenizer = make_model(tmp_path / "model")
    before = model.lm_head.weight.detach().clone()
    config = getattr(trl, f"{trainer}Config")(
        output_dir=str(tmp_path / "out"), max_steps=2, per_device_train_batch_size=2, report_to=[], use_cpu=True,
        save_strategy="no", learning_rate=0.01, gradient_checkpointing=False, bf16=False,
    )  # fmt: skip
    made = getattr(trl, f"{trainer}Trainer")(model=model, args=config, train_dataset=data, processing_class=tokenizer)
    made.train()
    assert made.state.global_step == 2
    assert not before.equal(made.model.lm_head.weight.detach())


def find_kto() -> Any:
    """KTO has stood in different places of TRL."""
    trl = import_module("trl")
    return trl if hasattr(trl, "KTOTrainer") else import_module("trl.experimental.kto")
