"""Two listings that sort differently: find it from the names, and get the right pairs back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

import datacheck


def make_folders(folder: Path) -> tuple[list[str], list[str]]:
    """Write twelve photos and their masks, and list one by text and the other by number, as two globs do."""
    for number in range(12):
        for kind in ("images", "masks"):
            path = folder / kind / f"scan{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.new("L", (32, 32), number * 20).save(path)
    by_text = sorted(str(path) for path in (folder / "images").iterdir())
    by_number = [str(folder / "masks" / f"scan{number}.png") for number in range(12)]
    return by_text, by_number


def main() -> int:
    images, masks = make_folders(Path(tempfile.mkdtemp()))
    report = datacheck.audit((images, masks), select=["DC103"])
    (finding,) = report.findings
    print(finding.message)
    print("fix:", finding.remedy)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
