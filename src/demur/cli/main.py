"""The command line's arguments. Every command's own module is imported only when it is called: `--help` stays quick."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from demur.cli.dataset_arguments import (
    add_decontaminate,
    add_dedupe,
    add_export,
    add_merge,
    add_report,
    add_sample,
)
from demur.cli.numbers import read_dollars, read_natural, read_positive
from demur.version import __version__

if TYPE_CHECKING:
    from demur.run.plan import Options

_EXIT_CODES = """\
exit codes:
  0 all there    2 the input is wrong    3 stopped short (stalled, or the budget is spent), what there is is written
  4 an engine is not to be had    130 interrupted
  In each case the journal is whole, and the same command goes on from there.
"""


_PREFERENCE_FORMS = ("plain", "conversational")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    _prepare_output()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version"):
        # The specification's form: flags alone mean a run.
        arguments.insert(0, "run")
    arguments = _complete_preferences(arguments)
    parser = build_parser()
    namespace = parser.parse_args(arguments)
    if namespace.command is None:
        parser.print_help()
        return 0
    from demur.cli.failures import heed_signals, report_failures

    def execute() -> int:
        command = import_module(f"demur.cli.{namespace.command}")
        with heed_signals():
            return int(command.execute(namespace))

    return report_failures(execute)


def _complete_preferences(arguments: list[str]) -> list[str]:
    """Write the form of preference pairs out where it was left out: else a task file after the flag would be taken for it."""
    followers = [*arguments[1:], ""] if arguments else []
    return [
        f"--preferences={_PREFERENCE_FORMS[0]}" if word == "--preferences" and after not in _PREFERENCE_FORMS else word
        for word, after in zip(arguments, followers, strict=True)
    ]


def _prepare_output() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that has no such character is shown its escape: a policy may hold any.
            stream.reconfigure(errors="backslashreplace")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints cannot steer the terminal: a file's name may be an argument."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong, and exit."""
        from demur.cli.failures import sanitise_line

        super().error(sanitise_line(message))


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="demur",
        description="Turn a risk policy and a few seed examples into a dataset that teaches a model when and how to decline.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"demur {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary, add_arguments in list_commands():
        command = commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".",
            epilog=_EXIT_CODES if name == "run" else None, formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        add_arguments(command)
    return parser


def list_commands() -> Iterator[tuple[str, str, Callable[[argparse.ArgumentParser], None]]]:
    """Every command: its name, which is also its module's; what it does; and what adds its arguments."""
    yield "run", "make the dataset that a task describes", _add_run
    yield "check", "validate task, policy, seeds, builder and templates, without a model", _add_check
    yield "doctor", "ask each endpoint: which server, which model, does the guard see the policy", _add_doctor
    yield (
        "engines",
        "list the shipped builders and engine types: what is installed, reachable and missing",
        _add_engines,
    )
    yield "preview", "show the rendered prompts and one round, and save nothing", _add_preview
    yield "guard", "give one verdict on one text", _add_guard
    yield "dedupe", "remove near-duplicates from any JSONL file, also against other files", add_dedupe
    yield (
        "export",
        "write a run's pairs in the form that a trainer reads, with splits, or onto the Hugging Face Hub",
        add_export,
    )
    yield "report", "write a run's report.html again from its folder, or compare two runs side by side", add_report
    yield (
        "decontaminate",
        "find the pairs of a dataset that are near to evaluation sets; remove or flag them",
        add_decontaminate,
    )
    yield "merge", "join the datasets of several runs, without near-duplicates across them", add_merge
    yield "sample", "pick a diverse, balanced subset of a dataset", add_sample
    yield "clean", "remove the journals of tasks or output folders, and leave the datasets", _add_clean
    yield "new", "lay out a policy, seeds and a task to edit", _add_new
    yield "schema", "print the JSON Schema of a kind of file", _add_schema


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_tasks(parser)
    parser.add_argument("-n", "--num-outputs-to-generate", type=read_positive, metavar="N", dest="outputs",
                        help="accepted pairs wanted of each task (default: the task's own number, else 10)")  # fmt: skip
    parser.add_argument("--restart", action="store_true", help="forget the earlier replies and outputs of these tasks")
    _add_builder(parser)
    parser.add_argument("--seed", type=read_natural, metavar="K", help="random seed (default: the task's own, else 0)")
    parser.add_argument("--output-dir", type=Path, metavar="D", help="default: $DGT_OUTPUT_DIR, else output")
    _add_data_dir(parser)
    _add_concurrency(parser)
    _add_yes(parser)
    parser.add_argument("--max-cost", type=read_dollars, metavar="USD",
                        help="ask for no more once the run has cost so much (default: the builder's budget, else no bound)")  # fmt: skip
    parser.add_argument("--max-tokens-total", type=read_positive, metavar="N",
                        help="ask for no more once the run has used so many tokens (default: likewise)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the result as JSON, and progress nowhere")
    parser.add_argument("--include-unsafe", action="store_true",
                        help="write out responses that no guard rated safe, in rejected.jsonl (default: withheld)")  # fmt: skip
    parser.add_argument("--preferences", nargs="?", const=_PREFERENCE_FORMS[0], choices=_PREFERENCE_FORMS,
                        help="also write preferences.jsonl: each response preferred to a bare, lecturing or needless refusal; "
                             "as strings, or as messages with roles (default: no such file; of the flag alone: plain)")  # fmt: skip


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_tasks(parser)
    _add_builder(parser)
    _add_data_dir(parser)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    _add_tasks(parser)
    _add_builder(parser)
    _add_data_dir(parser)
    _add_concurrency(parser)
    _add_yes(parser)


def _add_engines(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    _add_data_dir(parser)


def _add_preview(parser: argparse.ArgumentParser) -> None:
    _add_tasks(parser)
    _add_builder(parser)
    parser.add_argument("--seed", type=read_natural, metavar="K", help="random seed (default: the task's own, else 0)")
    parser.add_argument("--prompts-only", action="store_true", help="render the prompts, ask no model")
    _add_data_dir(parser)
    _add_concurrency(parser)
    _add_yes(parser)


def _add_guard(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", type=Path, required=True, metavar="F", help="the policy file")
    parser.add_argument("--risk", metavar="R", help="the risk in it (default: the first)")
    parser.add_argument(
        "--instruction", metavar="T", help="the request that the text responds to; without it, the text is a request"
    )
    parser.add_argument("--text", required=True, metavar="T", help="the text to judge")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    _add_builder(parser)
    _add_data_dir(parser)
    _add_yes(parser)


def _add_clean(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", type=Path, nargs="+", metavar="TASK|DIR",
                        help="task files, or folders, which are searched with all below them")  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed, and what stays")
    parser.add_argument("--output-dir", type=Path, metavar="D", help="default: $DGT_OUTPUT_DIR, else output")
    _add_data_dir(parser)


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, metavar="DIR", help="a folder that does not exist yet, or is empty")


def _add_schema(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=("task", "policy", "builder"), help="which kind of file")


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "tasks", type=Path, nargs="*", metavar="TASK", help="task files (YAML; each document is a task)"
    )
    parser.add_argument("--task-paths", type=Path, nargs="+", default=[], metavar="TASK", help="likewise")
    parser.set_defaults(need_tasks=True, parser=parser)


def _add_builder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config-path", type=Path, metavar="FILE", dest="config",
                        help="a builder file, whole or in the short form that overrides single blocks")  # fmt: skip
    parser.add_argument("--engines", metavar="NAME",
                        help="the shipped builder to start from: ollama (default), ollama-low-memory, llama-cpp, "
                             "llama-cpp-low-memory, vllm, openai, embedded")  # fmt: skip


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", type=Path, metavar="D", help="what ${DGT_DATA_DIR} means in files (default: data)"
    )


def _add_concurrency(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--concurrency", type=read_positive, metavar="K",
                        help="most requests at once to one model at one endpoint (default: 16; in this process 4)")  # fmt: skip


def _add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-y", "--yes", action="store_true",
                        help="download models that engines of this process need without asking (default: ask at a terminal)")  # fmt: skip


def gather_tasks(namespace: argparse.Namespace) -> list[Path]:
    """The task files of a command, given either way; without one the command ends with its usage."""
    tasks: list[Path] = [*namespace.tasks, *namespace.task_paths]
    if not tasks:
        _stop(namespace.parser, "name at least one task file")
    return tasks


def read_options(arguments: argparse.Namespace) -> Options:
    """The options of any command that makes a plan."""
    from demur.run.plan import Options

    given = {
        name: value
        for name in (
            "outputs",
            "config",
            "engines",
            "seed",
            "output_dir",
            "data_dir",
            "concurrency",
            "restart",
            "include_unsafe",
            "preferences",
            "max_cost",
            "max_tokens_total",
        )
        if (value := getattr(arguments, name, None)) is not None
    }
    return Options(**given)


def _stop(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    parser.error(message)
