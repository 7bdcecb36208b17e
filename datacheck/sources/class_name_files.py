"""JSON files beside a table that name the classes of its numbers, such as ``class_to_idx.json``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_SAYS_CLASSES = re.compile(r"class|label|categor|names|idx", re.IGNORECASE)
"""Words in the name of such a file."""

_MOST_BYTES = 1 << 20
"""A larger file holds more than the names of classes (1 MB)."""


def class_names_in_json(folder: Path) -> tuple[tuple[str, ...], str] | None:
    """Return the class names of a JSON file of a folder, and its name; None where there is no such file."""
    try:
        names = sorted(path.name for path in folder.glob("*.json") if _SAYS_CLASSES.search(path.stem))
    except OSError:
        return None
    for name in names:
        path = folder / name
        try:
            if not path.is_file() or path.stat().st_size > _MOST_BYTES:
                continue
            found = numbered_names(json.loads(path.read_bytes().decode("utf-8-sig")))
        except (OSError, ValueError, RecursionError):
            continue
        if found is not None:
            return found, name
    return None


def numbered_names(document: Any) -> tuple[str, ...] | None:
    """Return the names of the classes 0, 1, 2 … in a JSON document; None where it numbers no classes.

    Examples
    --------
    >>> numbered_names(["cat", "dog"]), numbered_names({"dog": 1, "cat": 0}), numbered_names({"0": "cat", "1": "dog"})
    (('cat', 'dog'), ('cat', 'dog'), ('cat', 'dog'))
    >>> numbered_names({"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]})
    ('tench', 'goldfish')
    >>> numbered_names({"1": "cat", "2": "dog"}) is None, numbered_names({"a.png": 3}) is None
    (True, True)
    """
    if isinstance(document, dict):
        if all(isinstance(value, int) for value in document.values()):
            document = {str(number): name for name, number in document.items()}
        if set(document) != {str(number) for number in range(len(document))}:
            return None
        document = [document[str(number)] for number in range(len(document))]
    if not isinstance(document, list) or len(document) < 2:
        return None
    names = [each[-1] if isinstance(each, list) and each else each for each in document]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return tuple(names)
