"""Tables with a row a box, as delimited text: the cells that are corrected, in the file's own quotes and decimals."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from datacheck.errors import RelabelError, SourceError
from datacheck.manifest import Unit
from datacheck.relabel.boxes.writers.base import (
    PIXEL_DECIMALS,
    ROUNDED_PIXELS,
    ROUNDED_SHARES,
    SHARE_DECIMALS,
    Added,
    Change,
    ImageEdits,
    Replacement,
    check_given,
    in_style,
    replaced,
)
from datacheck.relabel.boxes.writers.delimited_places import Record, cell_like, content_of, needs_quotes, records
from datacheck.sources.annotations.base import Box, ParsedObject
from datacheck.sources.base import SourceOptions
from datacheck.sources.box_tables import BoxColumns, find_box_columns, group_boxes
from datacheck.sources.delimited import Dialect, read_dialect
from datacheck.sources.table_files import read_table_file

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
"""A number in a cell that holds all four."""

_TABLE_NAMES = ("boxes.csv", "boxes.tsv")
"""Names under which the content is read: of a tab-separated file the separator may follow from the name alone."""


def write(content: bytes, images: Sequence[ImageEdits]) -> bytes:
    r"""Return a table with corrected rows; every other cell, quote and line end stays as it is.

    The last box of an image that is deleted leaves its row, without class and numbers: so the table still says that the
    image has no box. A new box takes such a row, or comes behind the last of its image; of the other columns it has
    those that are the same in all rows of each image.

    Examples
    --------
    >>> text = b"image,x,y,w,h,class\na.jpg,1,2,8,6,cup\na.jpg,5,5,4,4,cup\n"
    >>> change = Change(1, "cup", (1.0, 2.0, 9.0, 8.0), new_name="jar", new_box=(1.0, 2.0, 11.0, 8.0))
    >>> write(text, [ImageEdits("a.jpg", (20, 20), (change,))])
    b'image,x,y,w,h,class\na.jpg,1,2,10,6,jar\na.jpg,5,5,4,4,cup\n'
    """
    table = _Table.of(content)
    images = [image for image in images if image.changes or image.added]
    for image in images:
        for change in image.changes:
            check_given(change, table.objects.get(change.line), f"image {image.uri!r}, row")
    edits = [one for image in images for one in table.edits(image)]
    written = replaced(table.text, edits).encode(table.dialect.encoding)
    _check(table, _Table.of(written, table.columns), images)
    return written


class _Table:
    """A table as text, and where its rows stand; row n of the table is ``rows[n - 1]``."""

    def __init__(self, text: str, dialect: Dialect, table: pa.Table, columns: BoxColumns) -> None:
        self.text, self.dialect, self.columns = text, dialect, columns
        rows = records(text, dialect.delimiter)
        self.rows: list[Record] = rows if dialect.columns is not None else rows[1:]
        if len(self.rows) != table.num_rows or any(len(one.cells) != table.num_columns for one in self.rows):
            raise RelabelError("its rows are not all of one length: mend it, and audit again")
        self.place = {name: number for number, name in enumerate(table.column_names)}
        self.cells = {name: [text[slice(*row.cells[at])] for row in self.rows] for name, at in self.place.items()}
        self.files = [content_of(each) for each in self.cells[columns.file]]
        grouped = group_boxes(table, columns)
        self.unit = grouped.kind.unit
        self.objects = {
            each["line"]: ParsedObject(
                grouped.classes[each["class_id"]] if each["class_id"] >= 0 else str(each["written"]),
                (each["left"], each["top"], each["right"], each["bottom"]),
                each["line"],
            )
            for each in grouped.columns["annotated_objects"].flatten().to_pylist()
        }

    @classmethod
    def of(cls, content: bytes, columns: BoxColumns | None = None) -> _Table:
        """Read a table as an audit does; ``columns`` are known where there may be no box left to tell them by."""
        why = "no columns of boxes"
        for name in _TABLE_NAMES:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                path.write_bytes(content)
                try:
                    table, dialect = read_table_file(path, SourceOptions())[0], read_dialect(path)
                except SourceError as error:
                    why = str(error).replace(str(path), "it")
                    continue
            found = columns or find_box_columns(table)
            if found is None:
                continue
            text = content.decode(dialect.encoding)
            if text.encode(dialect.encoding) != content:
                raise RelabelError(f"it is in {dialect.encoding} and cannot be written the same: save it as UTF-8")
            return cls(text, dialect, table, found)
        raise RelabelError(f"expected a table of boxes as in the audit, found {why}; audit it again")

    @cached_property
    def kept(self) -> frozenset[int]:
        """The columns that have one value an image, such as its path and its size."""
        n_files = len(set(self.files))
        return frozenset(
            at for name, at in self.place.items() if len(set(zip(self.files, self.cells[name], strict=True))) == n_files
        )

    @cached_property
    def numbers(self) -> dict[str, list[str]]:
        """The numbers of each column of the boxes, as they are written."""
        texts = {name: map(content_of, self.cells[name]) for name in self.columns.numbers}
        return {name: [word for each in found if (word := each.strip())] for name, found in texts.items()}

    def replacement(self, row: int, column: str, text: str) -> Replacement:
        """Return what puts another text into a cell."""
        return Replacement(*self.rows[row - 1].cells[self.place[column]], text)

    def file_of(self, image: ImageEdits) -> str:
        """Return what names an image in the table: what a corrected box of it names, else its path or name."""
        name = image.uri.rpartition("/")[2]
        tests: tuple[Callable[[str], bool], ...] = (
            lambda each: each == image.uri,
            lambda each: image.uri.endswith("/" + each.removeprefix("./")),
            lambda each: each in (name, name.rpartition(".")[0]),
        )
        known = dict.fromkeys(self.files)
        found = {self.files[change.line - 1] for change in image.changes} or next(
            (found for test in tests if (found := {each for each in known if test(each)})), set()
        )
        if len(found) != 1:
            raise RelabelError(f"expected the rows of {image.uri!r} under one name, found {len(found)} names")
        return found.pop()

    def edits(self, image: ImageEdits) -> Iterator[Replacement]:
        """Yield what corrects the rows of an image."""
        file = self.file_of(image)
        rows = [row for row, each in enumerate(self.files, start=1) if each == file]
        deleted = [change.line for change in image.changes if change.deleted]
        free = [row for row in rows if row not in self.objects]
        if deleted and len(deleted) + len(free) == len(rows) and not free:
            free = [deleted.pop(0)]
        for row in deleted:
            yield Replacement(self.rows[row - 1].start, self.rows[row - 1].end, "")
        for change in image.changes:
            if change.new_name is not None and not change.deleted:
                yield self._class(change.line, change.new_name)
            if change.new_box is not None and not change.deleted:
                yield from self._box(change.line, change.new_box)
        added = list(image.added)
        for row in free:
            if added:
                yield from self._filled(row, added.pop(0))
            elif row in self.objects:
                own = (*self.columns.numbers, *([self.columns.label] if self.columns.label else []))
                yield from (self.replacement(row, name, "") for name in own)
        if added:
            yield self._appended(rows[-1], added)

    def _class(self, row: int, name: str) -> Replacement:
        label = self.columns.label
        if label is None:
            raise RelabelError("the table has no column of classes: add one, and audit again")
        gap = self.dialect.delimiter
        usual = (each for each in (self.cells[label][row - 1], *self.cells[label]) if each)
        like = next((each for each in usual if not needs_quotes(content_of(each), gap)), "")
        return self.replacement(row, label, cell_like(name, like, gap))

    def _filled(self, row: int, added: Added) -> Iterator[Replacement]:
        if self.columns.label is not None:
            yield self._class(row, added.name)
        yield from self._box(row, added.box)

    def _box(self, row: int, box: Box) -> Iterator[Replacement]:
        """Yield the cells of a box that differ from those that are there."""
        values = list(box) if self.columns.corners else [box[0], box[1], box[2] - box[0], box[3] - box[1]]
        names = self.columns.numbers
        if len(names) == 1:
            texts = self.cells[names[0]]
            like = texts[row - 1] or next(filter(None, texts))
            words = list(_NUMBER.finditer(like))
            new = [self._number(value, [word[0] for word in words]) for value in values]
            pairs = zip(words, new, strict=True)
            yield self.replacement(row, names[0], replaced(like, [Replacement(*w.span(), text) for w, text in pairs]))
            return
        for name, value in zip(names, values, strict=True):
            old = content_of(self.cells[name][row - 1]).strip()
            if not old or abs(float(old) - value) >= 0.1**SHARE_DECIMALS:
                number = self._number(value, self.numbers[name])
                yield self.replacement(row, name, cell_like(number, self.cells[name][row - 1], self.dialect.delimiter))

    def _number(self, value: float, like: Sequence[str]) -> str:
        if self.unit is Unit.SHARES:
            return in_style(value, like, SHARE_DECIMALS)
        return in_style(value, like, PIXEL_DECIMALS, whole=True)

    def _appended(self, row: int, added: Sequence[Added]) -> Replacement:
        """Return new rows behind the last of an image, in its writing."""
        last, first = self.rows[row - 1], self.rows[0]
        usual = _line_end(self.text[first.start : first.end]) or "\n"
        line = self.text[last.start : last.end]
        end = _line_end(line)
        own = {self.place[name] for name in self.columns.own}
        blank = [last.cells[at] for at in range(len(last.cells)) if at not in self.kept and at not in own]
        lines = []
        for each in added:
            parts = [*(Replacement(*cell, "") for cell in blank), *self._filled(row, each)]
            moved = [Replacement(one.start - last.start, one.end - last.start, one.text) for one in parts]
            lines.append(replaced(line.removesuffix(end), moved))
        text = "".join(each + (end or usual) for each in lines)
        return Replacement(last.end, last.end, text if end else usual + text.removesuffix(usual))


def _line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _check(before: _Table, after: _Table, images: Sequence[ImageEdits]) -> None:
    """Raise where a corrected table does not hold exactly the decided boxes of each image."""
    changes = {change.line: change for image in images for change in image.changes}
    expected: dict[str, list[tuple[str, Box]]] = {file: [] for file in before.files}
    for line, each in before.objects.items():
        change = changes.get(line, Change(line, each.name, each.box))
        if not change.deleted:
            expected[before.files[line - 1]].append((change.new_name or each.name, change.new_box or each.box))
    for image in images:
        if image.added:
            expected[before.file_of(image)] += [(each.name, each.box) for each in image.added]
    found: dict[str, list[tuple[str, Box]]] = {file: [] for file in after.files}
    for line, each in after.objects.items():
        found[after.files[line - 1]].append((each.name, each.box))
    reach = ROUNDED_SHARES if before.unit is Unit.SHARES else ROUNDED_PIXELS
    if found.keys() != expected.keys() or not all(_same(found[file], expected[file], reach) for file in expected):
        raise RelabelError("the table could not be corrected without other changes")


def _same(found: Sequence[tuple[str, Box]], expected: Sequence[tuple[str, Box]], reach: float) -> bool:
    """Return whether two lists hold the same boxes, in any order."""
    left = list(expected)
    for name, box in found:
        near = [each for each in left if each[0] == name and bool((np.abs(np.subtract(each[1], box)) <= reach).all())]
        if not near:
            return False
        left.remove(min(near, key=lambda each: float(np.abs(np.subtract(each[1], box)).sum())))
    return not left
