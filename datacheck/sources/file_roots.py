"""Where the files of a table or a listing are: the folder that their paths start from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import SourceError

_BIG_SHARE = 0.95
"""Share of the absolute paths that must lie below one folder for it to be the root; the few others are refused when
they are read."""

_FIRST_FILES = 100
"""Files looked for to find out whether the root is right: enough, and quick on a network drive."""


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


def missing_files(table: pa.Table, root: Path | None) -> list[str]:
    """Say so when none of the first files is there: then the root is wrong, or the images are elsewhere."""
    if "uri" not in table.column_names or root is None:
        return []
    uris = [uri for uri in table["uri"].slice(0, _FIRST_FILES).to_pylist() if uri]
    if not uris or any(os.path.lexists(os.path.join(root, uri)) for uri in uris):  # noqa: PTH118
        return []
    hint = next((str(up) for up in Path(os.path.abspath(root)).parents if os.path.lexists(up / uris[0])), None)  # noqa: PTH100
    return [
        f"none of the first {len(uris)} files found below {root}"
        + (f": pass root={hint!r}" if hint else ": pass root= to say where they are")
    ]
