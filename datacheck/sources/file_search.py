"""Finding the files that a table or a list names, where they are not at the written place.

People move folders, write ids without extension, and keep the paths of another machine. A name is looked for beside the
table, up to two folders below it, and one above; whole, without its first folders, and
without its extension or the zeros in front of a number.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from datacheck.sources.column_guesses import is_text, whole_numbers, words_of
from datacheck.sources.files import is_image_name, without_zeros
from datacheck.sources.layout import IMAGE_WORDS, WRAPPERS
from datacheck.sources.roles import Roles
from datacheck.sources.split_words import normalise_split

_MOST_FOLDERS = 200
"""Folders that are searched: what people unpack beside a table is far less, and a home folder far more."""

_FIRST_NAMES = 20
"""Names that are looked for in each folder, spread over the table: few, since a disk may be slow."""

_FOUND_SHARE = 0.5
"""Share of the names that a place must hold to be taken for the place of a column of paths."""

_DEEPEST = 2
"""How many folders below the table are searched, as in ``archive/images/train``."""

_ID_WORDS = frozenset(("id", "ids", "image", "img", "file", "name", "filename", "key", "photo"))
"""Words in the names of columns that are looked at first for names of images."""

_MOST_COLUMNS = 5
"""Columns that are looked at: each costs a search on the disk."""

_FIRST_ROWS = 1000
"""Rows of a column that are looked at."""

_FEWEST_IDS = 3
"""Distinct values that a column of ids has at least: fewer are found by chance."""

_IDS_FOUND = 0.8
"""Share of the ids that must be images, for a column whose name does not say that it holds paths."""

_LONGEST_ID = 255
"""Characters of the longest file name; longer values are text."""


@dataclass(frozen=True)
class Place:
    """Where the files of a column of names are.

    Attributes
    ----------
    folders
        The folders that hold them; names are looked up in all of them where there are several.
    dropped
        How many leading parts of each name are left out.
    by_stem
        Whether the names lack their extension.
    share
        Share of the names looked for that were found.
    """

    folders: tuple[str, ...]
    dropped: int
    by_stem: bool
    share: float

    def path(self, name: str) -> str:
        """Return the path of a name; where the file is missing, the one where it should be."""
        parts = parts_of(name)[self.dropped :]
        if len(self.folders) == 1 and not self.by_stem:
            return "/".join((self.folders[0], *parts))
        key = parts[-1] if parts else name
        found = self._by_name.get(key) if len(parts) == 1 or len(self.folders) > 1 else None
        found = found or self._listing("/".join((self.folders[0], *parts[:-1]))).by_stem.get(key)
        return found or "/".join((self.folders[0], *parts)) + self._extension

    def _listing(self, folder: str) -> _Listing:
        if folder not in self._listings:
            self._listings[folder] = _Listing.of(folder)
        return self._listings[folder]

    @cached_property
    def _listings(self) -> dict[str, _Listing]:
        return {}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for folder in self.folders:
            listing = self._listing(folder)
            found = {**(listing.by_stem if self.by_stem else listing.by_name), **found}
        return found

    @cached_property
    def _extension(self) -> str:
        if not self.by_stem:
            return ""
        endings = Counter(os.path.splitext(path)[1] for path in self._by_name.values())  # noqa: PTH122
        return endings.most_common(1)[0][0] if endings else ""

    def words(self, names: Sequence[str], base: Path) -> str:
        """Return what differs from the written names, for the user."""
        shown = [os.path.relpath(folder, base) for folder in self.folders]
        place = f"{shown[0]}/" if len(shown) == 1 else f"{len(shown)} folders such as {shown[0]}/"
        parts = [] if shown == ["."] else [f"files found in {place}"]
        if self.dropped:
            parts.append(f"without {prefix_of(names[0], self.dropped)!r} in front of each name")
        if self.by_stem:
            stem = os.path.splitext(os.path.basename(self.path(names[0])))[0]  # noqa: PTH119, PTH122
            zeros = "zeros in front and " if stem != names[0] and stem.lstrip("0") == names[0].lstrip("0") else ""
            parts.append(f"with {zeros}the extension {self._extension or 'of the file'} added to each name")
        return ", ".join(parts)


@dataclass(frozen=True)
class _Listing:
    """The image files of one folder, by name and by stem."""

    by_name: dict[str, str]
    by_stem: dict[str, str]

    @classmethod
    def of(cls, folder: str) -> _Listing:
        by_name: dict[str, str] = {}
        try:
            with os.scandir(folder) as entries:
                by_name = {entry.name: entry.path for entry in entries if is_image_name(entry.name)}
        except OSError:
            pass
        by_stem = {os.path.splitext(name)[0]: path for name, path in by_name.items()}  # noqa: PTH122
        return cls(by_name, {**without_zeros(by_stem), **by_stem})


def parts_of(name: str) -> list[str]:
    r"""Return the parts of a path, with either slash, without a drive, ``.`` and empty parts.

    Examples
    --------
    >>> parts_of("C:\\data\\img\\1.png"), parts_of("./a//1.png")
    (['data', 'img', '1.png'], ['a', '1.png'])
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    return parts[1:] if len(parts) > 1 and len(parts[0]) == 2 and parts[0][1] == ":" else parts


def prefix_of(name: str, dropped: int) -> str:
    """Return the text in front of a path that stands for its first parts.

    Examples
    --------
    >>> prefix_of("/old/disk/img/1.png", 2)
    '/old/disk/'
    """
    kept = parts_of(name)[dropped:]
    end = len(name) - sum(len(part) + 1 for part in kept) + 1
    return name[: max(0, end)]


def find_place(names: Sequence[str], base: Path, *, above: bool = True, least: float = _FOUND_SHARE) -> Place | None:
    """Return where the files of some names are, None where too few were found or they are where they are written.

    Parameters
    ----------
    names
        Paths or names, relative or absolute.
    base
        Folder that relative names start from.
    above
        Whether the folder above ``base`` is searched too.
    least
        Share of the names that must be found.
    """
    some = [names[row] for row in _spread(len(names))]
    if not some or any("\0" in name for name in some):
        return None
    best: Place | None = None
    folders = list(_folders(base, above=above))
    for place in _places(some, folders):
        if place.share > (best.share if best else 0.0):
            best = place
        if best is not None and best.share == 1.0:
            break
    if best is None or best.share < 1.0:
        candidates = [each for each in (best, *_in_several(some, folders)) if each is not None]
        best = max(candidates, key=lambda each: each.share, default=None)
    return best if best is not None and best.share >= least else None


def _spread(n_names: int) -> list[int]:
    step = max(1, n_names // _FIRST_NAMES)
    return list(range(0, n_names, step))[:_FIRST_NAMES]


def _folders(base: Path, *, above: bool) -> Iterator[str]:
    """Yield the folders to search, the likeliest first."""
    top = os.path.abspath(base)  # noqa: PTH100 - must not follow links
    left = _MOST_FOLDERS
    parent = os.path.dirname(top)  # noqa: PTH120
    for start, deepest in ((top, _DEEPEST), (parent, 1)) if above and parent != top else ((top, _DEEPEST),):
        level = [start]
        for depth in range(deepest + 1):
            level = level[:left]
            left -= len(level)
            yield from level
            level = [below for folder in level for below in _subfolders(folder)] if depth < deepest else []
            level = [folder for folder in level if start != parent or _is_neighbour(folder)]


def _is_neighbour(folder: str) -> bool:
    """Return, by its name, whether a folder beside the table's own holds the images: others are other datasets."""
    name = os.path.basename(folder).lower()  # noqa: PTH119
    return name in IMAGE_WORDS | WRAPPERS or normalise_split(name) is not None


def _subfolders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return []


def _places(names: Sequence[str], folders: Sequence[str]) -> Iterator[Place]:
    """Yield single folders and how many of the names they hold: whole names first, then without extension."""
    parts = [parts_of(name) for name in names]
    most_dropped = min(map(len, parts), default=0)
    for dropped in range(most_dropped):
        for folder in folders:
            found = sum(os.path.lexists("/".join((folder, *each[dropped:]))) for each in parts)
            yield Place((folder,), dropped, by_stem=False, share=found / len(names))
    if any(is_image_name(name) for name in names):
        return
    listings: dict[str, _Listing] = {}
    for dropped in {0: None, max(0, most_dropped - 1): None}:
        for folder in folders:
            found = 0
            for each in parts:
                holder = "/".join((folder, *each[dropped:-1]))
                if holder not in listings:
                    listings[holder] = _Listing.of(holder)
                found += each[-1] in listings[holder].by_stem
            yield Place((folder,), dropped, by_stem=True, share=found / len(names))


def _in_several(names: Sequence[str], folders: Sequence[str]) -> Iterator[Place]:
    """Yield the folders that hold the names together, by the last part of each name."""
    last = [parts[-1] for name in names if (parts := parts_of(name))]
    for by_stem in (False, True):
        held: dict[str, set[str]] = {}
        for folder in folders:
            listing = _Listing.of(folder)
            hits = set(last) & (listing.by_stem if by_stem else listing.by_name).keys()
            if hits:
                held[folder] = hits
        found = set().union(*held.values()) if held else set()
        together = sum(map(len, held.values()))
        if together == len(found) and len(held) > 1:  # a name in two folders would be a guess
            dropped = min(len(parts_of(name)) for name in names) - 1
            yield Place(tuple(held), dropped, by_stem=by_stem, share=sum(name in found for name in last) / len(names))


def column_of_ids(table: pa.Table, roles: Roles, base: Path) -> str | None:
    """Return the column without a role whose values are names of images near a table; None where there is none."""
    names = roles.unused(table.column_names)
    names.sort(key=lambda name: _ID_WORDS.isdisjoint(words_of(name)))
    for name in names[:_MOST_COLUMNS]:
        column = table[name].slice(0, _FIRST_ROWS).drop_null()
        if pa.types.is_floating(column.type):
            column = whole_numbers(column)
        if not (is_text(column.type) or pa.types.is_integer(column.type)):
            continue
        values = column.cast(pa.string()).to_pylist()
        if len(set(values)) < max(_FEWEST_IDS, _FOUND_SHARE * len(values)) or max(map(len, values)) > _LONGEST_ID:
            continue
        if find_place(values, base, least=_IDS_FOUND) is not None:
            return name
    return None
