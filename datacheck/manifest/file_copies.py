"""Places for copies of a dataset's files in a folder of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Container
from pathlib import Path
from typing import Literal

Link = Literal["hard", "symbolic", "copy"]
"""How a file gets into the copy."""


def safe_name(label: str) -> str:
    """Return a class name as one folder name, which leads nowhere else.

    Examples
    --------
    >>> safe_name("../cat/dog")
    '.._cat_dog'
    """
    name = "".join("_" if character in '/\\\0:*?"<>|' else character for character in label)
    return name if name.strip(". ") else "_" + name.replace(".", "_")


def free_path(path: Path, used: Container[Path]) -> Path:
    """Return the path, or with a number where two files of one class have the same name."""
    candidate, number = path, 2
    while candidate in used:
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return candidate


def place_file(source: Path, target: Path, link: Link) -> None:
    """Bring a file to its place; as a copy of its content where it cannot be linked."""
    if link == "symbolic":
        target.symlink_to(source.resolve())
    elif link == "copy":
        shutil.copy2(source, target)
    else:
        try:
            os.link(source.resolve(), target)  # of the file, where the source is a link to it
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, target)
