"""Data Docs in a real browser, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datacheck.errors import ContractError
from datacheck_expectations import Contract, check_tables, reasons
from tests.contracts.world import World

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def docs(accepted: World, contract: Contract, tmp_path: Path) -> Path:
    planted = accepted.relabel(accepted.rows("train", "3")[:9], "<img src=x onerror=document.title=1> $x")
    planted = planted.without(planted.rows("val", "9"))
    result = check_tables(contract, planted.manifest, planted.measurements, docs=tmp_path / "docs")
    assert result.docs == tmp_path / "docs" / "index.html"
    return tmp_path / "docs"


def test_pages_load_nothing_and_escape_names(docs: Path) -> None:
    pages = sorted(docs.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for loaded in ("<script src", "<link", 'src="http', "@import", "<img src=x"):
            assert loaded not in text, (page, loaded)


def test_docs_replace_their_own_and_nothing_else(
    docs: Path, accepted: World, contract: Contract, tmp_path: Path
) -> None:
    check_tables(contract, accepted.manifest, accepted.measurements, docs=docs)
    assert len(list(docs.rglob("*.html"))) == 3
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(ContractError, match="earlier Data Docs"):
        check_tables(contract, accepted.manifest, accepted.measurements, docs=tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


@pytest.fixture
def page() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_person_can_read_the_result(docs: Path, page: Any) -> None:
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((docs / "index.html").as_uri())
    page.click("text=Result of")
    text = page.inner_text("body")
    assert "'9' has 0 samples in 'val'" in text
    assert "9 of 1,770 samples have another label: '<img src=x onerror=document.title=1> $x' (9)" in text
    assert "Each of the 10 classes '0', '1', '2'" in text
    assert f"Why: {reasons.COVERAGE}" in text
    assert "**{" not in text
    assert "$sentence" not in text
    assert page.title() != "1"
    shown = page.locator("td:has(i.kept)").count()
    assert shown == 41 - page.locator("td:has(i.broken)").count()
    page.click("text=Failed Only")
    assert page.locator("td:has(i.kept):visible").count() == 0
    assert page.locator("td:has(i.broken):visible").count() == 41 - shown
    page.click("text=Show All")
    page.click("text=Home")
    page.click("text=term by term")
    assert "No sample has a byte-for-byte copy in another split." in page.inner_text("body")
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    assert (asked, errors) == ([], [])
