"""The arguments of the commands that work on finished datasets."""

from __future__ import annotations

import argparse
from pathlib import Path

from demur.cli.numbers import read_natural, read_positive, read_run_length, read_share

EXPORT_FORMATS = (
    "instruction-response",
    "prompt-completion",
    "messages",
    "alpaca",
    "sharegpt",
    "openai",
    "kto",
    "dpo",
)


def add_dedupe(parser: argparse.ArgumentParser) -> None:
    """Those of `demur dedupe`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a JSONL file: one record a line")
    parser.add_argument("-o", "--output", required=True, metavar="OUT",
                        help="where the kept lines go, as they came; - is standard output")  # fmt: skip
    parser.add_argument("--field", default="instruction", metavar="F",
                        help="where a record has its text; dots lead inward, as in metadata.text and messages.0.content "
                             "(default: instruction)")  # fmt: skip
    parser.add_argument("--threshold", type=float, default=0.7, metavar="T",
                        help="ROUGE-L score from which a text is a duplicate, above 0 and at most 1 (default: 0.7)")  # fmt: skip
    parser.add_argument("--score-func", choices=("f1", "precision", "recall"), default="f1",
                        help="which of ROUGE-L's scores (default: f1)")  # fmt: skip
    parser.add_argument("--against", nargs="+", action="extend", default=[], metavar="FILE",
                        help="also remove what is near to a text of these files, such as an evaluation set: JSONL, or JSON, "
                             "CSV, YAML, Parquet; FILE:FIELD where its field is another")  # fmt: skip
    parser.add_argument("--pairs", type=Path, metavar="PAIRS",
                        help="write a JSON line for each removed record: its text, the nearest text and its place, the score")  # fmt: skip
    parser.add_argument("--workers", type=read_positive, metavar="K", help="processor cores to use (default: all)")
    parser.add_argument("--skip-bad", action="store_true",
                        help="leave out and count the lines that hold no such text (default: stop at the first)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the counts as JSON, and progress nowhere")


def add_export(parser: argparse.ArgumentParser) -> None:
    """Those of `demur export`."""
    parser.add_argument("dir", type=Path, metavar="DIR", help="a task's output folder, which holds final_data.jsonl")
    parser.add_argument("--to", required=True, choices=EXPORT_FORMATS, metavar="FORMAT", help=", ".join(EXPORT_FORMATS))
    parser.add_argument("--as", choices=("jsonl", "parquet", "csv", "dataset"), dest="kind",
                        help="a file of this kind, or a folder for datasets.load_dataset "
                             "(default: as --output ends, else jsonl)")  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="PATH", help="default: DIR/exports/FORMAT.jsonl, or likewise")
    parser.add_argument("--system-prompt", default="", metavar="TEXT|@FILE",
                        help="put before each conversation; alpaca gets a column for it")  # fmt: skip
    parser.add_argument("--conversational", action="store_true",
                        help="messages with roles instead of strings; for prompt-completion, kto and dpo")  # fmt: skip
    parser.add_argument("--mode", choices=("refuse", "comply", "all"), default="all",
                        help="only requests to decline, or only benign twins (default: all)")  # fmt: skip
    parser.add_argument("--split", metavar="NAME=SHARE,…",
                        help="such as train=0.8,validation=0.1,test=0.1; what is alike stays together (default: no splits)")  # fmt: skip
    parser.add_argument("--seed", type=read_natural, default=0, metavar="K", help="deals the splits out (default: 0)")
    parser.add_argument("--push-to-hub", metavar="OWNER/NAME", dest="push",
                        help="also upload it as a dataset, private unless --public")  # fmt: skip
    parser.add_argument("--public", action="store_true", help="let everybody see what is pushed")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def add_report(parser: argparse.ArgumentParser) -> None:
    """Those of `demur report`."""
    parser.add_argument("dir", type=Path, metavar="DIR", help="a task's output folder")
    parser.add_argument("other", type=Path, nargs="?", metavar="DIR2", help="another, to set beside it")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="where to write (default: report.html in DIR; of two, comparison.html in DIR)")  # fmt: skip
    parser.add_argument("--embeddings", metavar="MODEL",
                        help="measure diversity by meaning too (Vendi score): a model2vec model's folder or its name on "
                             "the Hugging Face hub, from where it is fetched once; needs the extra semantic")  # fmt: skip


def add_decontaminate(parser: argparse.ArgumentParser) -> None:
    """Those of `demur decontaminate`."""
    parser.add_argument("dir", type=Path, metavar="DIR", help="an output folder with a dataset")
    parser.add_argument("--against", nargs="+", action="extend", required=True, metavar="FILE",
                        help="evaluation sets: CSV, JSONL, JSON, YAML or Parquet; FILE:FIELD says where their texts are")  # fmt: skip
    parser.add_argument("--method", nargs="+", action="extend", choices=("ngram", "rouge_l"),
                        help="how they are compared (default: both; one hit is enough)")  # fmt: skip
    parser.add_argument("--ngram", type=read_run_length, default=13, metavar="N",
                        help="words in a row that an instruction may not share with a set (default: 13)")  # fmt: skip
    parser.add_argument("--threshold", type=read_share, default=0.7, metavar="T",
                        help="ROUGE-L F1 from which an instruction counts as taken from a set (default: 0.7)")  # fmt: skip
    parser.add_argument("--action", choices=("remove", "flag"), default="remove",
                        help="leave hits out, or note them in their metadata (default: remove)")  # fmt: skip
    _add_destination(parser, "where what stays is written (default: nowhere, hits are only told)", required=False)


def add_merge(parser: argparse.ArgumentParser) -> None:
    """Those of `demur merge`."""
    parser.add_argument("dirs", type=Path, nargs="+", metavar="DIR",
                        help="output folders with datasets; of near-duplicates the earlier folder's stays")  # fmt: skip
    parser.add_argument("--threshold", type=read_share, default=0.7, metavar="T",
                        help="ROUGE-L F1 from which two instructions are duplicates (default: 0.7)")  # fmt: skip
    _add_destination(parser, "the new dataset's folder")


def add_sample(parser: argparse.ArgumentParser) -> None:
    """Those of `demur sample`."""
    parser.add_argument("dir", type=Path, metavar="DIR", help="an output folder with a dataset")
    parser.add_argument("-n", type=read_positive, required=True, metavar="N", dest="count", help="pairs to pick")
    parser.add_argument("--by", default="", metavar="NAMES",
                        help="spread them evenly over these, joined by commas: risk, clause, mode, kind, task, source, or an "
                             "axis of the dataset (default: over nothing)")  # fmt: skip
    parser.add_argument("--seed", type=read_natural, default=0, metavar="K",
                        help="draws the pair that each stratum begins with (default: 0)")  # fmt: skip
    parser.add_argument("--keep-twins", action="store_true",
                        help="pick no twins: each comes along with the pair that it was made of, beyond N")  # fmt: skip
    _add_destination(parser, "the new dataset's folder")


def _add_destination(parser: argparse.ArgumentParser, words: str, *, required: bool = True) -> None:
    parser.add_argument("-o", "--output", type=Path, required=required, metavar="OUT", help=words)
    parser.add_argument("--force", action="store_true", help="write into a folder that is not empty")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
