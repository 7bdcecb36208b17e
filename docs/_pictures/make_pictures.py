"""Make the pictures of the docs: the top of two reports, and the scores of the tutorial's two trainings.

By hand: python docs/_pictures/make_pictures.py DEMO_RUN PHOTOS_RUN PLANNED.txt GIVEN.txt

DEMO_RUN and PHOTOS_RUN are the run folders of ``datacheck demo`` and of the tutorial, PLANNED.txt and GIVEN.txt what
``python train.py`` and ``python train.py --as-given`` printed. Needs Chromium. The pictures show no photo.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from datacheck.report import Report

PICTURES = Path(__file__).resolve().parents[1] / "img"
SIZES = {"report": (880, 950), "tutorial-report": (880, 950)}
"""Width and height in pixels: as narrow as the page allows, so that the words can be read in a column of text."""
TEST_LINE = re.compile(r"test: balanced accuracy [\d.]+, accuracy ([\d.]+) \[([\d.]+), ([\d.]+)\]")
WIDTH, LEFT, BAR, GAP = 480, 90, 26, 14


def screenshot(run: Path, name: str) -> None:
    """Take the top of a report; the folder above the dataset is not shown."""
    text = (run / "report.html").read_text(encoding="utf-8")
    root = Report.load(run).manifest.root
    text = text if root is None else text.replace(f"{root.parent}/", "")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(text, encoding="utf-8")
        size = ",".join(map(str, SIZES[name]))
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={size}"]
        command = [chromium, *options, f"--screenshot={PICTURES / name}.png", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def bars(scores: dict[str, tuple[float, float, float]]) -> str:
    """Draw shares with their intervals as SVG; grey and teal read on light and dark pages."""
    height = len(scores) * (BAR + GAP) + GAP
    scale = WIDTH - LEFT - 130
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="14" fill="#777">'
    ]
    for number, (name, (value, low, high)) in enumerate(scores.items()):
        y, colour = GAP + number * (BAR + GAP), "#009688" if "plan" in name else "#9e9e9e"
        middle = y + BAR / 2
        lines += [
            f'<text x="{LEFT - 10}" y="{middle + 5}" text-anchor="end">{name}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{value * scale:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<path d="M{LEFT + low * scale:.1f} {middle}H{LEFT + high * scale:.1f}" stroke="#444" stroke-width="2"/>',
            f'<text x="{LEFT + scale + 5}" y="{middle + 5}">{value:.2f} [{low:.2f}, {high:.2f}]</text>',
        ]
    return "\n".join([*lines, "</svg>\n"])


def test_score(path: Path) -> tuple[float, float, float]:
    """Return the accuracy on the test split and its interval from what a training printed."""
    found = TEST_LINE.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"expected a line of the test score in {path}, found none: let the training end")
    value, low, high = map(float, found.groups())
    return value, low, high


def main() -> None:
    """Read the run folders and outputs that are named, and write the pictures."""
    demo, photos, planned, given = map(Path, sys.argv[1:5])
    screenshot(demo, "report")
    screenshot(photos, "tutorial-report")
    scores = {"as given": test_score(given), "as planned": test_score(planned)}
    (PICTURES / "tutorial-scores.svg").write_text(bars(scores), encoding="utf-8")


if __name__ == "__main__":
    main()
