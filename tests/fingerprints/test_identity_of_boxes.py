"""A dataset with boxes is another one when a box is another one, whatever the order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import datacheck
from datacheck.fingerprints.identity import identity

FIRST = "0 0.5 0.5 0.2 0.2\n1 0.3 0.3 0.1 0.1\n"


def yolo(folder: Path, lines: str) -> int:
    """Write two images, the first with some lines, and return the identity of the dataset."""
    for number, text in enumerate((lines, "1 0.5 0.5 0.3 0.3\n")):
        for kind in ("images", "labels"):
            (folder / kind / "train").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), (number, 0, 0)).save(folder / f"images/train/{number}.png")
        (folder / f"labels/train/{number}.txt").write_text(text)
    (folder / "data.yaml").write_text("train: images/train\nnames: [cat, dog]\n")
    return identity(datacheck.open(folder))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("0.5 0.5 0.2", "0.5 0.5 0.21"),
        lambda text: text.replace("0 0.5", "1 0.5"),
        lambda text: text + "1 0.3 0.3 0.1 0.1\n",
        lambda text: "0 0.4 0.4 0.6 0.4 0.6 0.6\n" + text.partition("\n")[2],
    ],
)
def test_another_box_is_another_dataset(tmp_path: Path, change: Callable[[str], str]) -> None:
    assert yolo(tmp_path / "one", FIRST) != yolo(tmp_path / "other", change(FIRST))


def test_the_order_of_boxes_does_not_matter(tmp_path: Path) -> None:
    first, second = FIRST.splitlines()
    assert yolo(tmp_path / "one", FIRST) == yolo(tmp_path / "other", f"{second}\n{first}\n")


def test_another_corner_of_a_polygon_is_another_dataset(tmp_path: Path) -> None:
    corners = "0 0.4 0.4 0.6 0.4 0.6 0.6 0.4 0.6 0.5 0.5\n"
    assert yolo(tmp_path / "one", corners) != yolo(tmp_path / "other", corners.replace("0.5 0.5", "0.5 0.51"))
