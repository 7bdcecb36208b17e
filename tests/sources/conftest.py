"""The small dataset that every source is opened from."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pets_data import Pets, write_image


@pytest.fixture
def pets(tmp_path: Path) -> Pets:
    rows = [
        ("train/cat/1.png", "cat", "train"),
        ("train/cat/10.png", "cat", "train"),
        ("train/cat/2.png", "cat", "train"),
        ("train/dog/1.png", "dog", "train"),
        ("valid/cat/3.png", "cat", "val"),
        ("valid/dog/3.png", "dog", "val"),
    ]
    root = tmp_path / "pets"
    for value, (name, _, _) in enumerate(rows):
        write_image(root / name, value)
    names, labels, splits = zip(*rows, strict=True)
    return Pets(root, names, labels, splits)
