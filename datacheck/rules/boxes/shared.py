"""What the rules about boxes and masks share: naming objects by file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.annotations.pixels import PixelBoxes
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED

Rows = NDArray[np.int64]
Describe = Callable[[int], str]
"""Says in a few words what is wrong with one object."""


def boxes_of(context: RuleContext) -> PixelBoxes:
    """Return the boxes of a context that has some."""
    assert context.boxes is not None, "required"
    return context.boxes


def object_values(context: RuleContext, name: str) -> pa.Array:
    """Return one field of all objects, such as their points, by its name in the column ``annotated_objects``; [M]."""
    return pc.struct_field(pc.list_flatten(context.manifest.table["annotated_objects"].combine_chunks()), name)


def place(context: RuleContext, row: int, line: int) -> str:
    """Return where something stands: the annotation file and the line in it, and the image where many share a file."""
    table, kind = context.manifest.table, context.manifest.annotation_format
    file = table["annotation_file"][row].as_py() if "annotation_file" in context.manifest else None
    at = "" if line <= 0 or kind is None else f"{kind.place} {line}"
    where = " ".join(word for word in ("" if file is None else repr(file), at) if word)
    one_file_an_image = "label_uri" in context.manifest
    return where if one_file_an_image else f"{where} ({table['uri'][row].as_py()!r})".strip()


def places(context: RuleContext, found: Sequence[tuple[int, int]]) -> str:
    """Return the first places of (row, line), and how many more there are."""
    words = [place(context, row, line) for row, line in found[:N_NAMED]]
    more = len(found) - len(words)
    return ", ".join(words) + (f" and {more:,} more" if more else "")


def object_places(context: RuleContext, objects: Rows) -> str:
    """Return where some objects stand, the first few of them."""
    each = boxes_of(context).objects
    return places(context, [(int(each.row[k]), int(each.line[k])) for k in objects])


def object_issues(
    rule: Rule, context: RuleContext, objects: Rows, describe: Describe, suspicion: NDArray[np.float64] | None = None
) -> pa.Table:
    """Return the issues of the images that some objects are in, one an image; the note names its first objects.

    ``suspicion`` is of each object, [n], and an image has that of its worst; by default the number of objects counts.
    """
    each, kind = boxes_of(context).objects, context.manifest.annotation_format
    word = "object" if kind is None else kind.place
    found = [(int(each.row[k]), f"{word} {each.line[k]}: {describe(int(k))}") for k in objects]
    worst: dict[int, float] = {}
    for (row, _), value in zip(found, [] if suspicion is None else suspicion.tolist(), strict=suspicion is not None):
        worst[row] = max(value, worst.get(row, 0.0))
    return row_issues(rule, context, found, worst)


def row_issues(
    rule: Rule, context: RuleContext, found: Sequence[tuple[int, str]], worst: Mapping[int, float] | None = None
) -> pa.Table:
    """Return the issues of (row, note), one a row of the manifest; further notes of a row are counted.

    ``worst`` is the suspicion of each row, where it does not follow from the number of its notes.
    """
    notes: dict[int, list[str]] = {}
    for row, note in found:
        notes.setdefault(row, []).append(note)
    words = ["; ".join([*many[:N_NAMED], *([f"{len(many) - N_NAMED:,} more"] if len(many) > N_NAMED else [])])
             for many in notes.values()]  # fmt: skip
    most = max((len(many) for many in notes.values()), default=1)
    suspicion = [worst[row] if worst else 0.5 + 0.5 * len(many) / most for row, many in notes.items()]
    return rule.issues(context.ids(list(notes)), suspicion, note=words)


def examples(context: RuleContext, objects: Rows, describe: Describe) -> list[dict[str, Any]]:
    """Return the first objects for a finding's evidence: file, line, what is wrong, and the box in pixels."""
    boxes = boxes_of(context)
    return [
        {
            "place": place(context, int(boxes.objects.row[k]), int(boxes.objects.line[k])),
            "what": describe(int(k)),
            "box": [None if np.isnan(side) else round(float(side), 2) for side in boxes.boxes[k]],
        }
        for k in objects[:N_EXAMPLES]
    ]


def class_of(context: RuleContext, number: int) -> str:
    """Return the name of a class by its index."""
    return context.manifest.classes[number] if number >= 0 else "of no declared class"


def per_class(context: RuleContext, objects: Rows) -> Mapping[str, int]:
    """Return how many of some objects each class has, the most first."""
    ids = boxes_of(context).objects.class_id[objects]
    found, counts = np.unique(ids[ids >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:N_EXAMPLES]
    return {context.manifest.classes[found[k]]: int(counts[k]) for k in order}
