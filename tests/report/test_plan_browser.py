"""The plan in the HTML report, in a real browser: made on real digits, with their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datacheck.manifest import Manifest
from datacheck.plan import TrainingPlan, make_plan
from datacheck.report import Report, write_html

from .test_browser import HERE, Opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planned() -> tuple[Manifest, TrainingPlan]:
    pytest.importorskip("torchvision", reason="needs torchvision")
    from sklearn.datasets import load_digits

    digits = load_digits()
    keep = np.flatnonzero((digits.target != 8) | (np.arange(len(digits.target)) % 8 == 0))
    pixels = np.repeat((digits.images[keep] * 15.9375).astype(np.uint8)[..., None], 3, axis=-1)
    manifest = Manifest.from_columns({"label": digits.target[keep].astype(str)})
    return manifest, make_plan(manifest, pixels=pixels, n_seeds=2, budget=600)


@pytest.fixture
def path(planned: tuple[Manifest, TrainingPlan], tmp_path: Path) -> Path:
    target = tmp_path / "report.html"
    write_html(Report(planned[0], plan=planned[1]), target)
    return target


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light"), (1280, "dark")])
def test_the_plan_fits_is_legible_and_asks_for_nothing(browser: Any, path: Path, width: int, scheme: str) -> None:
    opened = Opened(browser, path, width, scheme)
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("for (const node of document.querySelectorAll('#plan details')) node.open = true")
    page.evaluate("for (const node of document.querySelectorAll('#plan img')) node.loading = 'eager'")
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.eval_on_selector_all("#plan img", "nodes => nodes.map(node => node.naturalWidth)")
    assert len(sizes) >= 20
    assert all(sizes)
    assert page.evaluate((HERE / "accessible.js").read_text()) == []
    assert page.evaluate((HERE / "contrast.js").read_text()) == []
    assert opened.trouble == []
    assert [url for url in opened.requests if not url.startswith(("file://", "data:"))] == []


def test_the_verdict_its_number_and_its_picture_stand_in_one_row(
    browser: Any,
    path: Path,
    planned: tuple[Manifest, TrainingPlan],
) -> None:
    page = Opened(browser, path, 1280, "light").page
    page.click("a[href='#plan']")
    flip = planned[1].item("augment", "rotate_180")
    row = page.locator("#plan tr", has=page.locator("img[alt$='after rotate_180']"))
    text = row.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert row.is_visible()
    assert text.startswith("avoid")
    assert "6 → 9" in text
    assert flip.measured[0].number in text


def test_what_changes_nothing_is_folded_away_until_asked_for_and_printed(
    browser: Any,
    path: Path,
    planned: tuple[Manifest, TrainingPlan],
) -> None:
    page = Opened(browser, path, 1280, "light").page
    fold = page.locator("#plan details.folded", has=page.locator("img[alt$='after contrast_0.3']"))
    row = fold.locator("tr", has=page.locator("img[alt$='after contrast_0.3']"))
    harmless = sum(item.verdict == "harmless" for item in planned[1].by_kind("augment"))
    assert not row.is_visible()
    assert fold.locator("summary").inner_text().startswith(f"{harmless} harmless, ")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert row.is_visible()
    page.keyboard.press("Enter")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert row.is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not row.is_visible()
