"""Hugging Face's column ``objects``: corrected rows of JSON lines, all others as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.writers.base import ROUNDED_PIXELS, Added, Change, ImageEdits, check_given, check_result
from datacheck.relabel.boxes.writers.json_places import json_text, members, top
from datacheck.sources.annotations.base import Box
from datacheck.sources.annotations.objects_column import CATEGORIES, parsed_objects

_DECIMALS = 2
"""Decimals of a new number: 0.01 of a pixel."""

_STYLES: tuple[Mapping[str, Any], ...] = (
    {},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
    {"separators": (",", ":"), "ensure_ascii": False},
)
"""How programs write JSON lines; the first is the usual one."""


def write(content: bytes, images: Sequence[ImageEdits]) -> bytes:
    r"""Return JSON lines with corrected rows; all other lines and the other fields of a row stay, byte by byte.

    Examples
    --------
    >>> text = b'{"file_name": "a.png", "objects": {"bbox": [[1, 2, 8, 6]], "category": [0]}}\n'
    >>> change = Change(1, "0", (1.0, 2.0, 9.0, 8.0), new_name="1")
    >>> write(text, [ImageEdits("a.png", (20, 20), (change,))]) == text.replace(b"[0]", b"[1]")
    True
    """
    touched = [image for image in images if image.changes or image.added]
    lines = json_text(content, "the table").splitlines(keepends=True)
    rows = [json.loads(line.removeprefix("\ufeff")) if line.strip() else {} for line in lines]
    name = next((name for row in rows for name, value in row.items() if _holds_boxes(value)), None)
    if name is None:
        raise RelabelError("expected a column of boxes as in the audit, found none; audit it again")
    for image in touched:
        row = row_of(image, rows)
        lines[row] = _line(lines[row], name, corrected(rows[row].get(name), image))
    return "".join(lines).encode()


def _holds_boxes(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and "bbox" in first


def row_of(image: ImageEdits, rows: Sequence[Mapping[str, Any]]) -> int:
    """Return the row that names an image by its path, or by the end of it.

    Raises
    ------
    RelabelError
        When there is none, or several.
    """
    for fits in (
        lambda value: value == image.uri,
        lambda value: image.uri.endswith("/" + value.removeprefix("./")),
    ):
        found = [n for n, row in enumerate(rows) if any(isinstance(v, str) and v and fits(v) for v in row.values())]
        if len(found) == 1:
            return found[0]
    raise RelabelError(f"expected one row for {image.uri!r}, found {len(found)}: audit it again")


def _line(line: str, name: str, value: Any) -> str:
    """Return a line of JSON with another value of a field, in its spacing."""
    found = members(line, top(line))[name]
    old = line[found.start : found.end]
    style = next((each for each in _STYLES if json.dumps(found.value, **each) == old), {})
    return line[: found.start] + json.dumps(value, **style) + line[found.end :]


def corrected(value: Any, image: ImageEdits, fields: Sequence[str] = ("bbox", CATEGORIES[0])) -> Any:
    """Return the boxes of an image as they shall be: a struct of lists, or a list of structs, as they were.

    Of a new box, ``id`` is one more than the largest, ``area`` follows the sides, flags are 0, and other fields null.
    It has the fields of the others, and ``fields`` where there is no other.

    Examples
    --------
    >>> change = Change(1, "0", (1.0, 2.0, 9.0, 8.0), deleted=True)
    >>> corrected([{"bbox": [1, 2, 8, 6], "category": 0}], ImageEdits("a.png", (20, 20), (change,)))
    []
    """
    before = parsed_objects(value)
    objects = {each.line: each for each in before.objects}
    for change in image.changes:
        check_given(change, objects.get(change.line), f"image {image.uri!r}, object")
    changes = image.by_line()
    of_lists = isinstance(value, Mapping)
    keys = [key for key, each in value.items() if _is_list_of(each, value)] if of_lists else []
    rows = [{key: value[key][k] for key in keys} for k in range(len(value["bbox"] or []))] if of_lists else list(value)
    fields = keys if of_lists else list(rows[0]) if rows else fields
    kept = [*_changed(rows, changes), *(_new(each, rows, fields) for each in image.added)]
    after = {**value, **{key: [row[key] for row in kept] for key in keys}} if of_lists else kept
    check_result(before, parsed_objects(after), image, ROUNDED_PIXELS)
    return after


def _is_list_of(each: Any, value: Mapping[str, Any]) -> bool:
    return isinstance(each, list) and len(each) == len(value["bbox"] or [])


def _changed(rows: Sequence[Mapping[str, Any]], changes: Mapping[int, Change]) -> Iterator[dict[str, Any]]:
    for line, row in enumerate(rows, start=1):
        change = changes.get(line)
        if change is None:
            yield dict(row)
        elif not change.deleted:
            new = dict(row)
            if change.new_name is not None:
                key = next(key for key in CATEGORIES if row.get(key) is not None)
                new[key] = type(row[key])(change.new_name)
            if change.new_box is not None:
                new["bbox"] = _extent(change.new_box, row["bbox"])
                if isinstance(row.get("area"), int | float):
                    new["area"] = type(row["area"])(new["bbox"][2] * new["bbox"][3])
            yield new


def _extent(box: Box, like: Sequence[Any]) -> list[Any]:
    left, top, right, bottom = box
    values = [left, top, right - left, bottom - top]
    if like and all(isinstance(each, int) for each in like):
        return [round(each) for each in values]
    return [round(each, _DECIMALS) for each in values]


def _new(added: Added, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, Any]:
    like = rows[0] if rows else {}
    new: dict[str, Any] = dict.fromkeys(keys)
    new["bbox"] = _extent(added.box, like.get("bbox") or [])
    label = next((key for key in CATEGORIES if key in keys), None)
    if label is None:
        raise RelabelError("the boxes have no field of classes: add one, and audit again")
    old = like.get(label)
    new[label] = type(old)(added.name) if old is not None else _plain(added.name)
    for key in keys:
        values = [row[key] for row in rows if row.get(key) is not None]
        if key == "area":
            new[key] = type(values[0])(new["bbox"][2] * new["bbox"][3]) if values else new["bbox"][2] * new["bbox"][3]
        elif key == "id" and all(isinstance(each, int) for each in values):
            new[key] = max(values, default=0) + 1
        elif key == "iscrowd":
            new[key] = type(values[0])(0) if values else 0
    return new


def _plain(name: str) -> Any:
    return int(name) if name.isdecimal() else name
