"""Listing a folder with all below it: fast, in the order of text, and every file once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datacheck.errors import SourceError

_HIDDEN = frozenset(["__MACOSX", "Thumbs.db", "desktop.ini"])
"""What macOS and Windows leave behind in folders and archives."""


@dataclass(frozen=True)
class Folder:
    """One folder of a walk.

    Attributes
    ----------
    parts
        Its path below the top, part by part.
    names
        Its visible files, in the order of ``sorted()``; a link that leads nowhere and a named pipe count as files.
    folders
        The folders in it that are listed too.
    hidden
        Names that were left out: those that start with a dot, and what systems leave behind; folders end with ``/``.
    links
        Links that were not followed, because what they lead to is listed anyway or lies above.
    """

    parts: tuple[str, ...]
    names: tuple[str, ...]
    folders: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def place(self, name: str) -> str:
        """Return the path of one of its files relative to the top."""
        return "/".join((*self.parts, name))


def walk(top: Path) -> Iterator[Folder]:
    """Yield a folder and those below it, each in the order of text.

    A link that leads out of the top is followed once. A link to something below the top is not, since that is listed
    in its own place; nor is one to a folder above it. So no file comes twice, and no circle is walked.

    Raises
    ------
    SourceError
        When a folder cannot be listed.
    """
    real = os.path.realpath(top)
    seen: set[tuple[int, int]] = set()
    pending: list[tuple[str, ...]] = [()]
    while pending:
        parts = pending.pop()
        folder = _list(str(top), parts, real, seen)
        if folder is not None:
            yield folder
            pending += [(*parts, name) for name in reversed(folder.folders)]


def _list(top: str, parts: tuple[str, ...], real: str, seen: set[tuple[int, int]]) -> Folder | None:
    """List one folder; None where it was listed under another name."""
    path = "/".join((top, *parts))
    names: list[str] = []
    folders: list[str] = []
    hidden: list[str] = []
    links: list[str] = []
    try:
        status = os.stat(path)  # noqa: PTH116 - hot path
        if (status.st_dev, status.st_ino) in seen:
            return None
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(path) as entries:
            for entry in entries:
                is_folder = _is_folder(entry)
                if entry.name.startswith(".") or entry.name in _HIDDEN:
                    hidden.append(entry.name + "/" * is_folder)
                elif entry.is_symlink() and _listed_anyway(entry, real, is_folder=is_folder):
                    links.append(entry.name)
                else:
                    (folders if is_folder else names).append(entry.name)
    except OSError as error:
        raise SourceError(
            f"expected to list the folder {path}, found: {error.strerror}; fix its permissions or leave it out"
        ) from None
    return Folder(parts, *(tuple(sorted(each)) for each in (names, folders, hidden, links)))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _listed_anyway(entry: os.DirEntry[str], real: str, *, is_folder: bool) -> bool:
    """Return whether a link leads to what the walk lists in another place, or to a folder above the top."""
    target = os.path.realpath(entry.path)
    if is_folder and (real + os.sep).startswith(target.rstrip(os.sep) + os.sep):
        return True
    if not target.startswith(real.rstrip(os.sep) + os.sep) or not os.path.exists(target):  # noqa: PTH110 - hot path
        return False
    below = Path(target).relative_to(real).parts
    same_kind = is_folder or os.path.splitext(target)[1].lower() == os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
    return same_kind and not any(part.startswith(".") or part in _HIDDEN for part in below)
