"""Where the classes of numbered labels are named: ``data.yaml``, ``classes.txt``, ``obj.names`` and the like."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datacheck.errors import SourceError
from datacheck.sources.files import check_regular, text
from datacheck.sources.text_lists import read_lines

_LISTS = ("classes.txt", "_classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt", "classes.names")
"""Files with a class name a line."""

_MOST_YAML_BYTES = 1 << 20
"""A larger file describes no dataset (1 MB)."""

_LEVELS_ABOVE = 2
"""Folders above the one given that are looked at, as from ``data/train/labels`` to ``data``."""


@dataclass(frozen=True)
class DeclaredClasses:
    """The class names that a dataset declares.

    Attributes
    ----------
    file
        The file that names them.
    names
        One a class number, from 0 on.
    question
        What in the file contradicts itself; empty where nothing does.
    """

    file: Path
    names: tuple[str, ...]
    question: str = ""

    @classmethod
    def of(cls, path: Path, value: dict[str, Any]) -> DeclaredClasses | None:
        """Return the class names in the content of a YAML file; None where it has none."""
        names = value.get("names")
        if isinstance(names, dict) and all(isinstance(key, int) and 0 <= key < len(names) for key in names):
            names = [names[number] for number in sorted(names)]
        if not isinstance(names, list) or not names:
            return None
        words = [str(name) for name in names]
        if len(set(words)) < len(words):  # a manifest's classes are distinct
            words = [word if words.count(word) == 1 else f"{word} ({number})" for number, word in enumerate(words)]
        count = value.get("nc")
        question = ""
        if isinstance(count, int) and count != len(words):
            question = f"{path.name} says nc: {count} and names {len(words)} classes"
        return cls(path, tuple(words), question)


def declared_classes(root: Path, label_folders: Sequence[Path] = ()) -> DeclaredClasses | None:
    """Return the class names of a dataset of numbered labels; None where no file names them.

    Parameters
    ----------
    root
        The folder of the dataset; up to two folders above it are looked at too.
    label_folders
        The folders that hold the label files.
    """
    for folder in dict.fromkeys((root, *label_folders, *_above(root))):
        for name in _names_in(folder):
            path = folder / name
            if name.lower().endswith((".yaml", ".yml")):
                found = _of_yaml(path)
                if found is not None:
                    return found
            elif name.lower() in _LISTS:
                return DeclaredClasses(path, tuple(text(line) for line in read_lines(path)))
    return None


def _above(root: Path) -> Iterator[Path]:
    yield from list(root.parents)[:_LEVELS_ABOVE]


def _names_in(folder: Path) -> list[str]:
    """Return the files of a folder, those named ``data.yaml`` first."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.lower().endswith((".yaml", ".yml", *_LISTS)))
    except OSError:
        return []
    return sorted(names, key=lambda name: (not name.startswith("data"), name))


def read_description(path: Path) -> dict[str, Any] | None:
    """Return the content of a YAML file that describes a dataset; None for any other file.

    Raises
    ------
    SourceError
        When the path is no ordinary file.
    """
    if check_regular(path).stat().st_size > _MOST_YAML_BYTES:
        return None
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8", errors="replace"))
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return value if isinstance(value, dict) and ({"names", "train", "val"} & value.keys()) else None


def _of_yaml(path: Path) -> DeclaredClasses | None:
    try:
        value = read_description(path)
    except SourceError:
        return None
    return None if value is None else DeclaredClasses.of(path, value)
