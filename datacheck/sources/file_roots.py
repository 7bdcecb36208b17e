"""Where the files of a table or a listing are: the folder that their paths start from."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import SourceError
from datacheck.manifest import Question
from datacheck.sources.file_search import find_place, prefix_of
from datacheck.sources.files import text
from datacheck.text import plural

_BIG_SHARE = 0.95
"""Share of the absolute paths that must lie below one folder for it to be the root; the few others are refused when
they are read."""

_FIRST_FILES = 100
"""Files looked for to find out whether the root is right: enough, and quick on a network drive."""


def own_root(dataset: Any, paths: Sequence[str]) -> Path | None:
    """Return the folder that a Dataset calls its ``root``; None where it says none, or some absolute path leads out."""
    own = getattr(dataset, "root", None)
    if not isinstance(own, str | os.PathLike):
        return None
    root = Path(os.path.abspath(own))  # noqa: PTH100 - must not follow links
    return root if all(path.startswith(f"{str(root).rstrip('/')}/") for path in paths) else None


def common_root(paths: pa.Array | pa.ChunkedArray, base: Path) -> Path:
    """Return the folder that a column of paths starts from.

    Without absolute paths it is ``base``. With them it is the longest directory common to all. Where that is ``/``,
    the few outliers (up to 5 %) are left outside, to be refused when they are read.

    Raises
    ------
    SourceError
        When the absolute paths have nothing in common but ``/``.

    Examples
    --------
    >>> common_root(pa.array(["/data/a/1.png", "/data/b/2.png"]), Path("/home"))
    PosixPath('/data')
    >>> common_root(pa.array(["a/1.png"]), Path("/home"))
    PosixPath('/home')
    """
    absolute = paths.filter(pc.starts_with(paths, "/"))
    if len(absolute) == 0:
        return Path(os.path.abspath(base))  # noqa: PTH100 - must not follow links
    folders = pc.replace_substring_regex(absolute, r"/[^/]*$", "")
    counted = pc.value_counts(folders)
    weights: dict[tuple[str, ...], int] = {}
    for folder, number in zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True):
        parts = tuple(part for part in os.path.normpath(folder or "/").split("/") if part)
        weights[parts] = weights.get(parts, 0) + number
    if len(absolute) < len(paths) - paths.null_count:
        parts = Path(os.path.abspath(base)).parts[1:]  # noqa: PTH100
        weights[parts] = weights.get(parts, 0) + len(paths) - paths.null_count - len(absolute)
    return Path("/", *_common_parts(weights))


def _common_parts(weights: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    common = _shared_start(list(weights))
    if common:
        return common
    total, tops = sum(weights.values()), dict[str, int]()
    for parts, weight in weights.items():
        top = parts[0] if parts else ""
        tops[top] = tops.get(top, 0) + weight
    largest = max(tops, key=lambda top: tops[top])
    if not largest or tops[largest] < _BIG_SHARE * total:
        shares = ", ".join(f"/{top} ({weight / total:.0%})" for top, weight in sorted(tops.items())[:4])
        raise SourceError(
            f"expected absolute paths below one folder, found {shares}; pass root='/' if all of them are meant"
        )
    return _shared_start([parts for parts in weights if parts[:1] == (largest,)])


def _shared_start(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    first, last = min(paths), max(paths)
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


@dataclass(frozen=True)
class Located:
    """A table whose paths start from a root.

    Attributes
    ----------
    table
        With ``uri``, and ``label_uri`` where it is there, below the root.
    root
        None for a table without files.
    notes
        What was changed, or not found, in words.
    questions
        What the user should look at.
    """

    table: pa.Table
    root: Path | None
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()


def locate(table: pa.Table, base: Path, root: Path | None) -> Located:
    """Find the files that the columns ``uri`` and ``label_uri`` name.

    They are looked for as written, from ``root`` where it is given and from ``base`` otherwise; where none of the
    first is there, in the folders around, as `datacheck.sources.file_search` does.

    Raises
    ------
    SourceError
        When absolute paths have nothing in common but ``/``.
    """
    found = {name: _column(table[name], base, root) for name in ("uri", "label_uri") if name in table.column_names}
    top = Path(os.path.commonpath([column.root for column in found.values()]))
    for name, column in found.items():
        paths = column.paths
        if column.root != top:
            prefix = os.path.relpath(column.root, top)
            below = [path if not path or path.startswith("/") else f"{prefix}/{path}" for path in paths.to_pylist()]
            paths = pa.array(below, pa.string())
        table = table.set_column(table.column_names.index(name), name, paths)
    notes = dict.fromkeys(note for column in found.values() for note in column.notes)
    return Located(
        table, top, tuple(notes), tuple(question for column in found.values() for question in column.questions)
    )


_ADDRESS = re.compile(r"(https?|ftp)://", re.IGNORECASE)


@dataclass(frozen=True)
class _Column:
    """The paths of one column, below a root of their own."""

    root: Path
    paths: pa.Array | pa.ChunkedArray
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()


def _column(paths: pa.ChunkedArray, base: Path, root: Path | None) -> _Column:
    start = Path(os.path.abspath(root or base))  # noqa: PTH100 - must not follow links
    first = [path for path in paths.slice(0, _FIRST_FILES).to_pylist() if path]
    if not first or any(os.path.lexists(os.path.join(start, path)) for path in first):  # noqa: PTH118
        return _Column(start if root else common_root(paths, base), paths)
    names = paths.to_pylist()
    place = find_place([name for name in names if name], start, above=root is None)
    if place is None and all(_ADDRESS.match(name) for name in first):
        raise SourceError(
            f"expected paths of files, found addresses such as {first[0]!r}, and no file of their names near {start}: "
            "nothing is downloaded here; fetch the images into a folder first, and pass it as root= (--root)"
        )
    if place is None:
        near = "pass root= (--root) to say where they are"
        note = f"none of the first {plural(len(first), 'file')} found below {start}: {near}"
        return _Column(start if root else common_root(paths, base), paths, (note,))
    top = Path(os.path.commonpath([start, *place.folders]))
    below = [None if not name else text(os.path.relpath(place.path(name), top)) for name in names]
    questions: tuple[Question, ...] = ()
    if place.dropped:
        prefix = prefix_of(first[0], place.dropped)
        advice = "write that in front of them, or paths relative to the table"
        found = f"the paths start with {prefix!r}, where nothing is; they were read from {place.folders[0]!r}"
        questions = (Question(f"{found}: {advice}"),)
    return _Column(top, pa.array(below, pa.string()), (place.words(first, start),), questions)
