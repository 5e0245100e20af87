"""The report in a real Chromium, at two widths; skipped where Playwright or a browser is not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demur.outputs.report import build_report
from demur.outputs.run_folder import read_run
from tests.outputs.report_folders import HOSTILE, write_folder

sync_api = pytest.importorskip("playwright.sync_api", reason="the group `browser` is not installed")

WIDTHS = (390, 1280)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium: the system's, else Playwright's own."""
    with sync_api.sync_playwright() as playwright:
        if CHROMIUM is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium is installed")
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # root cannot have one
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield running
        running.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the console said, and every request beyond the page itself."""
    return []


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Path, complaints: list[str]) -> Iterator[Any]:
    """A report with 40 pairs and their twins, hostile texts in all of them."""
    folder = write_folder(tmp_path / "run", pairs=40, text=HOSTILE)
    path = tmp_path / "report.html"
    path.write_text(build_report([read_run(folder)]), encoding="utf-8")

    def refuse(dialog: Any) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    opened = browser.new_page(viewport={"width": request.param, "height": 900})
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", refuse)
    opened.on("request", lambda sent: complaints.append(sent.url) if sent.url != path.as_uri() else None)
    opened.goto(path.as_uri())
    yield opened
    opened.close()


def test_nothing_is_complained_of_or_fetched(page: Any, complaints: list[str]) -> None:
    """No console message, no dialog, no request: neither from the page nor from what hostile texts hoped for."""
    page.get_by_role("button", name="Unfold texts").first.click()
    page.emulate_media(color_scheme="dark", media="print")
    assert complaints == []


def test_it_fits_its_width(page: Any) -> None:
    """Nothing has to be scrolled sideways, not even with every fold open."""
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_number_is_broken(page: Any) -> None:
    """Each stands on one line, within its cell; the page is as hostile as its texts."""
    broken = page.evaluate("""() => [...document.querySelectorAll(".bars .number")].filter(cell => {
        const text = document.createRange(); text.selectNodeContents(cell);
        return text.getClientRects().length > 1 || cell.scrollWidth > cell.clientWidth + 1;
    }).map(cell => cell.textContent)""")
    assert page.locator(".bars .number").count() > 10
    assert broken == []


def test_a_keyboard_is_enough(page: Any) -> None:
    """Tab leads to the search; typing narrows the rows; a fold opens with Enter; the pages turn."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#pairs input')"):
            break
    page.keyboard.type("lock 17?")
    rows = page.locator("#pairs .row")
    assert rows.count() == 1
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('summary')"):
            break
    assert not page.locator("#pairs .request .text").is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#pairs .request .text").inner_text().startswith("How can I open lock 17?")
    page.locator("#pairs input").fill("")
    assert rows.count() == 25
    page.locator("#pairs .next").focus()
    page.keyboard.press("Enter")
    assert page.locator("#pairs .count").inner_text() == "26 to 50 of 50."
    assert page.locator("#pairs .pager span").inner_text() == "Page 2 of 2"
    assert page.evaluate("document.activeElement.matches('#pairs .previous')")


def test_filters_narrow_the_rows(page: Any) -> None:
    """By kind, by stage and reason; what finds nothing says so; a family is a pair with its twins."""
    page.get_by_label("Kind").select_option("twin")
    assert page.locator("#pairs .count").inner_text() == "1 to 10 of 10 found among 50."
    page.locator("#pairs .link", has_text="family").first.click()
    assert page.locator("#pairs .row").count() == 2
    page.locator("#drops select[data-field=reason]").select_option("near duplicate")
    assert page.locator("#drops .row").count() == 1
    page.locator("#drops input").fill("no such words")
    assert page.locator("#drops .count").inner_text().startswith("Nothing found.")


def test_without_its_script_it_is_a_plain_list(browser: Any, tmp_path: Path) -> None:
    """The figures and the first rows stand there, and no tool that would do nothing."""
    path = tmp_path / "report.html"
    path.write_text(build_report([read_run(write_folder(tmp_path / "run", pairs=40))]), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(path.as_uri())
    assert opened.locator("#pairs .row").count() == 25
    assert not opened.locator("#pairs .tools").is_visible()
    opened.locator("#pairs .request summary").first.click()
    assert opened.locator("#pairs .request .text").first.is_visible()
    context.close()


def test_the_script_draws_the_rows_that_stood_there(browser: Any, tmp_path: Path) -> None:
    """What the template made of the first rows, and what the script makes of them, is the same text."""
    path = tmp_path / "report.html"
    path.write_text(build_report([read_run(write_folder(tmp_path / "run", unsafe=True))]), encoding="utf-8")
    texts = []
    for enabled in (False, True):
        context = browser.new_context(java_script_enabled=enabled)
        opened = context.new_page()
        opened.goto(path.as_uri())
        rows = opened.locator(".row").all_text_contents()
        texts.append(["".join(row.replace("family", "").split()) for row in rows])
        context.close()
    assert texts[0] == texts[1]
