"""What a format of annotation files is, and how the files of all images become columns of a manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.manifest import AnnotationFormat, ObjectRows, Objects, Unit, class_lists, natural_sorted

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ParsedObject:
    """One object of an annotation file, as written.

    Attributes
    ----------
    name
        Its class as the file writes it: a name, or a number as text.
    box
        Left, top, right, bottom in the unit of the format.
    line
        Where it stands in the file.
    shape, points, crowd, difficult
        As in `datacheck.manifest.annotations.OBJECT`.
    """

    name: str
    box: Box
    line: int
    shape: str = "box"
    points: tuple[float, ...] | None = None
    crowd: bool = False
    difficult: bool = False


@dataclass
class ParsedFile:
    """What one annotation file says of its image.

    Attributes
    ----------
    objects
        The objects that could be read.
    problems
        The parts that could not: line (0 for the whole file) and what is wrong.
    width, height
        The image's size in pixels as the file states it; None where it states none.
    image
        The image's file name as the file states it, without folders; empty where it states none.
    """

    objects: list[ParsedObject] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    image: str = ""

    @classmethod
    def unreadable(cls, what: str) -> ParsedFile:
        """Return a file of which nothing could be read."""
        return cls(problems=[(0, what)])


@dataclass(frozen=True)
class LabelFileFormat:
    """A format with one annotation file an image.

    Attributes
    ----------
    name, unit, place
        As in `datacheck.manifest.AnnotationFormat`.
    extension
        Of its files, without the dot.
    parse
        Reads the bytes of one file.
    write
        Writes objects as the bytes of one file; see `WriteRequest`.
    numbered
        Whether classes are written as numbers from 0 on.
    """

    name: str
    extension: str
    unit: Unit
    parse: Callable[[bytes], ParsedFile]
    write: Callable[[WriteRequest], bytes]
    place: str = "line"
    numbered: bool = False


@dataclass(frozen=True)
class WriteRequest:
    """One image's objects, to be written as an annotation file.

    Attributes
    ----------
    image
        The image's file name.
    width, height
        Its size in pixels.
    objects
        The objects; their boxes in pixels, unless the format counts shares.
    """

    image: str
    width: int
    height: int
    objects: Sequence[ParsedObject]


def annotation_columns(
    files: Sequence[ParsedFile | None], names: Sequence[str | None], declared: Sequence[str] | None, numbered: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the columns of a manifest that say what annotation files hold, and its classes.

    Parameters
    ----------
    files
        What each image's annotation file says; None where it has none.
    names
        The path of each file below the root, None where it has none.
    declared
        The class names that the dataset declares; None where it declares none.
    numbered
        Whether the files write classes as numbers, which are indices into the declared names.
    """
    found = Counter(each.name for file in files if file is not None for each in file.objects)
    classes = tuple(natural_sorted(found) if declared is None else declared)
    if numbered and declared is not None:
        position = {str(number): number for number in range(len(classes))}
    else:
        position = {name: number for number, name in enumerate(classes)}
    rows = ObjectRows()
    for file in files:
        if file is None:
            rows.end_image()
            continue
        for each in file.objects:
            number = position.get(each.name, -1)
            rows.add(
                each.box,
                class_id=number,
                line=each.line,
                written=each.name if number < 0 else None,
                shape=each.shape,
                points=each.points,
                crowd=each.crowd,
                difficult=each.difficult,
            )
        rows.end_image(file.problems)
    columns: dict[str, Any] = rows.columns()
    read = np.array([file is not None for file in files], dtype=bool)
    objects = Objects.of_column(pa.chunked_array([columns["annotated_objects"]]))
    columns["labels"] = class_lists(objects, len(files), read, classes)
    columns["annotation_file"] = pa.array(names, pa.string())
    if any(file is not None and file.width is not None for file in files):
        columns["annotated_width"] = pa.array([file and file.width for file in files], pa.int32())
        columns["annotated_height"] = pa.array([file and file.height for file in files], pa.int32())
    if any(file is not None and file.image for file in files):
        columns["annotated_image"] = pa.array([(file and file.image) or None for file in files], pa.string())
    return columns, classes


def format_of(kind: LabelFileFormat, classes: Sequence[str], declared: bool) -> AnnotationFormat:
    """Return what is true of all annotations of a dataset in such a format."""
    ids = tuple(range(len(classes))) if kind.numbered else ()
    return AnnotationFormat(name=kind.name, unit=kind.unit, place=kind.place, declared=declared, class_ids=ids)


def file_name_of(path: str) -> str:
    """Return the last part of a path as any system writes it.

    Examples
    --------
    >>> file_name_of("../images/1.jpg"), file_name_of("1.jpg")
    ('1.jpg', '1.jpg')
    """
    return path.strip().replace("\\", "/").rpartition("/")[2]


def object_text(value: Mapping[str, Any], key: str) -> str:
    """Return a text of a JSON object, empty where it is missing or another thing."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def distinct_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return class names, a repeated one with its place behind it.

    Examples
    --------
    >>> distinct_names(["cup", "cat", "cup"])
    ('cup', 'cat', 'cup (2)')
    """
    words = list(names)
    return tuple(word if words.index(word) == place else f"{word} ({place})" for place, word in enumerate(words))
