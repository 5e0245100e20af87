"""`report.html`: what a run asked for and what came, as one page that needs nothing else, or two runs side by side.

The charts are drawn by the template, as SVG of plain rectangles with the page's own words beside them: they turn dark with
the page, shrink to a phone, and keep to a content security policy that allows no inline style and no script but ours.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from demur.outputs.files import encode, write_text
from demur.outputs.record import CONTENT_WARNING
from demur.outputs.report_charts import Chart, Section
from demur.outputs.report_figures import Figures, make_figures
from demur.outputs.report_rows import MAX_BYTES, Rows, clean_text, embed_json, list_drop_rows, list_pair_rows
from demur.outputs.run_folder import Node, RunFolder, read_run_with

REPORT, COMPARISON = "report.html", "comparison.html"
PLAIN_ROWS = 25
"""Rows that the page shows without its script, and on one page of a table with it."""

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Cell:
    """One section of all runs: its charts, each a tuple with a chart or None a run, and its facts likewise."""

    key: str
    title: str
    note: str
    charts: tuple[tuple[Chart | None, ...], ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...]


def write_report(path: Path, runs: Sequence[RunFolder]) -> None:
    """Write a report of one run, or of two side by side.

    Raises:
        OutputFault: the disk refuses; what was there before is untouched.
    """
    write_text(path, [build_report(runs)])


def report_run(folder: Path, record: Json) -> None:
    """Write the report of a run whose pairs and drops are written, and whose record will be.

    Raises:
        InputError: the files cannot be read back.
        OutputFault: the disk refuses.
    """
    # As `run.json` will have it, so that the report made again from the files is the same.
    write_report(folder / REPORT, [read_run_with(folder, Node(json.loads(encode(record))))])


def build_report(runs: Sequence[RunFolder]) -> str:
    """The page of one or two runs; always the same for the same files."""
    figures = [make_figures(run) for run in runs]
    pairs = list_pair_rows(runs, MAX_BYTES * 3 // 4)
    drops = list_drop_rows(runs, MAX_BYTES // 4)
    style, script = _read_file("report.css"), _read_file("report.js")
    names = [f"Run {letter}" for letter in "AB"[: len(runs)]] if len(runs) > 1 else [""]
    return _read_template().render(
        runs=list(zip(names, runs, figures, strict=True)),
        names=names,
        facts=_join_facts([[(fact.label, fact.value) for fact in found.facts] for found in figures]),
        cells=_join_sections(figures),
        differences=_list_differences(*runs) if len(runs) == 2 else [],
        tables=[
            ("pairs", "Pairs", pairs, [["run", "Run"], ["kind", "Kind"], ["risk", "Risk"], ["clause", "Clause"]]),
            ("drops", "Drops", drops, [["run", "Run"], ["stage", "Stage"], ["reason", "Reason"]]),
        ],
        plain_rows=PLAIN_ROWS,
        content_warning=CONTENT_WARNING,
        style=Markup(style),  # noqa: S704  # our own files
        script=Markup(script),  # noqa: S704
        style_hash=_hash_source(style),
        script_hash=_hash_source(script),
        data=Markup(_embed_rows(names, pairs, drops)),  # noqa: S704  # escaped for where it stands
    )


def _embed_rows(names: Sequence[str], pairs: Rows, drops: Rows) -> str:
    tables = {
        name: {"rows": list(rows.shown), "total": rows.total} for name, rows in (("pairs", pairs), ("drops", drops))
    }
    return embed_json({"page": PLAIN_ROWS, "names": list(names), **tables})


def _join_sections(figures: Sequence[Figures]) -> list[Cell]:
    """The sections of all runs, each with what any of them has; charts of the same kind are drawn to the same scale."""
    keys = list(dict.fromkeys(section.key for found in figures for section in found.sections))
    cells = []
    for key in keys:
        sections = [next((s for s in found.sections if s.key == key), None) for found in figures]
        first = next(section for section in sections if section is not None)
        facts = [[(fact.label, fact.value) for fact in section.facts] if section else [] for section in sections]
        cells.append(Cell(key, first.title, first.note, _join_charts(sections), _join_facts(facts)))
    return cells


def _join_charts(sections: Sequence[Section | None]) -> tuple[tuple[Chart | None, ...], ...]:
    by_key = [{chart.key: chart for chart in section.charts} if section else {} for section in sections]
    rows = []
    for key in dict.fromkeys(key for charts in by_key for key in charts):
        row = [charts.get(key) for charts in by_key]
        top = max(chart.top for chart in row if chart)
        rows.append(tuple(replace(chart, top=top) if chart else None for chart in row))
    return tuple(rows)


def _join_facts(facts: Sequence[Sequence[tuple[str, str]]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    by_label = [dict(found) for found in facts]
    labels = dict.fromkeys(label for found in by_label for label in found)
    return tuple((label, tuple(found.get(label, "–") for found in by_label)) for label in labels)


def _list_differences(left: RunFolder, right: RunFolder) -> list[tuple[str, str, str]]:
    """What the two runs were made with that is not the same."""
    rows = [
        ("Folder", left.folder or "–", right.folder or "–"),
        ("Task", left.task, right.task),
        ("Random seed", str(left.seed), str(right.seed)),
        ("demur", left.version, right.version),
        *((f"File: {role.replace('_', ' ')}", _say_file(left, role), _say_file(right, role))
          for role in dict.fromkeys([*left.source, *right.source])),
        *((f"Model: {block}", _say_models(left, block), _say_models(right, block))
          for block in dict.fromkeys(use.block for run in (left, right) for use in run.uses)),
    ]  # fmt: skip
    return [row for row in rows if row[1] != row[2]]


def _say_file(run: RunFolder, role: str) -> str:
    """The name of a file with the beginning of its hash: where it lay makes no difference."""
    path, digest = run.source.get(role, ("", ""))
    return f"{Path(path).name} ({digest[:12]})" if path else "–"


def _say_models(run: RunFolder, block: str) -> str:
    return ", ".join(dict.fromkeys(f"{use.model} ({use.engine})" for use in run.uses if use.block == block)) or "–"


def _hash_source(text: str) -> str:
    """The name of an inline style or script in a content security policy (W3C, CSP Level 3)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read_file(name: str) -> str:
    return (resources.files("demur.outputs") / "templates" / name).read_text(encoding="utf-8")


@cache
def _read_template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalise,
        keep_trailing_newline=True,
    )
    environment.filters["break_names"] = _break_names
    return environment.from_string(_read_file("report.html.jinja"))


def _break_names(name: str) -> Markup:
    """A name that may be broken where its words end, not only where the line does."""
    return Markup(str(escape(clean_text(name))).replace("_", "_<wbr>").replace("/", "/<wbr>"))  # noqa: S704  # escaped


def _finalise(value: object) -> object:
    """What a file says, before it is escaped; what is markup already stays."""
    return clean_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value
