"""The HTML report in a real browser."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datacheck.probing.outputs import ProbeOutputs
from datacheck.report import Report, write_html

from .conftest import CRASHED, URIS, Pictures

pytestmark = pytest.mark.slow


class Opened:
    """A page and everything that it complained about or asked for."""

    def __init__(self, browser: Any, path: Path, width: int, scheme: str) -> None:
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def shown(self) -> list[str]:
        codes: list[str] = self.page.eval_on_selector_all(
            "article.finding:not([hidden])", "nodes => nodes.map(node => node.dataset.code)"
        )
        return codes

    def focused(self) -> str:
        code: str = self.page.evaluate("document.activeElement.dataset.code || document.activeElement.id || ''")
        return code


@pytest.fixture
def path(report: Report, probe: ProbeOutputs, pages: object, tmp_path: Path) -> Path:
    target = tmp_path / "report.html"
    write_html(replace(report, probe=probe, outcomes=(*report.outcomes, CRASHED)), target, thumbnails=Pictures())
    return target


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 390, 768, 1280])
def test_no_trouble_no_request_no_sideways_scroll(browser: Any, path: Path, width: int, scheme: str) -> None:
    opened = Opened(browser, path, width, scheme)
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    opened.page.wait_for_timeout(50)
    assert opened.trouble == []
    assert [url for url in opened.requests if not url.startswith(("file://", "data:"))] == []
    assert len([url for url in opened.requests if url.startswith("file://")]) == 1
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    images = opened.page.eval_on_selector_all("img", "nodes => nodes.map(node => node.complete && node.naturalWidth)")
    assert images
    assert all(images)


def test_keyboard(browser: Any, path: Path) -> None:
    opened = Opened(browser, path, 1280, "light")
    keyboard = opened.page.keyboard
    visited = []
    for key in ("j", "j", "j", "j", "k"):
        keyboard.press(key)
        visited.append(opened.focused())
    assert visited == ["DC304", "DC401", "DC203", "DC203", "DC401"]
    keyboard.press("e")
    assert opened.page.evaluate("document.activeElement.querySelector('details.page-of-rule').open")
    keyboard.press("/")
    assert opened.focused() == "search"
    keyboard.type("zzz dark")
    assert opened.shown() == []
    assert opened.page.is_visible("#nothing")
    keyboard.press("Escape")
    assert len(opened.shown()) == 3
    keyboard.press("?")
    assert opened.page.is_visible("#help")
    keyboard.press("Escape")
    assert not opened.page.is_visible("#help")


def test_tab_reaches_the_skip_link_first_and_focus_is_visible(browser: Any, path: Path) -> None:
    opened = Opened(browser, path, 1280, "light")
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "skip"
    assert opened.page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_filters(browser: Any, path: Path) -> None:
    opened = Opened(browser, path, 1280, "light")
    page = opened.page
    page.click("button.toggle.error")
    assert opened.shown() == ["DC401", "DC203"]
    assert page.text_content("#shown") == "2 of 3 findings"
    page.click("#reset")
    page.select_option("#filter-code", "DC203")
    assert opened.shown() == ["DC203"]
    page.select_option("#filter-code", "")
    page.select_option("#filter-class", label="cat")
    assert opened.shown() == ["DC304", "DC401"]
    tiles = "article[data-code=DC401] .tile:not([hidden])"
    assert page.locator(tiles).count() == 1
    page.select_option("#filter-class", "")
    page.select_option("#filter-split", label="test")
    assert opened.shown() == ["DC401"]
    assert page.locator(tiles).count() == 2
    page.select_option("#filter-split", "")
    page.fill("#search", "twice owl")
    assert opened.shown() == ["DC203"]
    assert page.locator(".toc li:visible").count() == 1
    page.click(".first li:nth-child(1) a")
    page.wait_for_function("document.activeElement.dataset.code === 'DC304'")
    assert len(opened.shown()) == 3


def test_samples_are_selected_tagged_and_taken_along_as_a_list(browser: Any, path: Path, tmp_path: Path) -> None:
    opened = Opened(browser, path, 1280, "light")
    page = opened.page
    assert not page.is_visible("#picked")
    page.check("article[data-code=DC304] .tile:first-child .pick")
    assert page.text_content("#picked-count") == "1 selected"
    page.fill("#picked-tag", "look, again")
    page.click("#picked button[type=submit]")
    page.click("article[data-code=DC401] .pick-all")
    assert page.text_content("#picked-count") == "3 selected · 1 look, again"
    with page.expect_download() as download:
        page.click("#picked-save")
    download.value.save_as(tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["sample_id"]: row["tag"] for row in csv.DictReader(file)}
    assert rows == {URIS[0]: "look, again", URIS[3]: "", URIS[2]: "", URIS[1]: ""}
    page.click("#picked-clear")
    assert not page.is_visible("#picked")
    assert opened.trouble == []


HERE = Path(__file__).parent


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(browser: Any, path: Path, scheme: str) -> None:
    opened = Opened(browser, path, 1280, scheme)
    assert opened.page.evaluate((HERE / "accessible.js").read_text()) == []
    assert opened.page.evaluate((HERE / "contrast.js").read_text()) == []


def test_print_shows_every_finding_and_its_page(browser: Any, path: Path) -> None:
    opened = Opened(browser, path, 1280, "light")
    opened.page.emulate_media(media="print")
    assert not opened.page.is_visible(".filters")
    assert opened.page.locator("article.finding:visible").count() == 3
    assert len(opened.page.pdf()) > 10_000
