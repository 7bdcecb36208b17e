"""From the answers about boxes to one decision a box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.shifts import paired_iou
from datacheck.relabel.annotators import DISPUTED
from datacheck.relabel.boxes.answers import SIDES, BoxAnswer, BoxAnswers
from datacheck.relabel.boxes.images import BoxImage, BoxImages
from datacheck.relabel.boxes.outlines import bounds, middle
from datacheck.relabel.submissions import FiledRows, Row, RowFile, by_person, time_of

VERSION = 2
"""Version of ``boxes/corrections.parquet``: 2 added the outlines of polygons."""

SAME_OBJECT = 0.5
"""Overlap from which two added boxes are about one object, as detectors are scored."""

BOX_CORRECTIONS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotation_id", pa.int64()),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("old_label", pa.string()),
        pa.field("new_label", pa.string()),
        *(pa.field(f"old_{side}", pa.float64()) for side in SIDES),
        *(pa.field(f"new_{side}", pa.float64()) for side in SIDES),
        pa.field("new_points", pa.list_(pa.float64())),
        pa.field("agreement", pa.float32()),
        pa.field("n_answers", pa.int32(), nullable=False),
        pa.field("annotators", pa.list_(pa.string()), nullable=False),
        pa.field("answered_at", pa.string()),
    ]
)
"""Columns of ``boxes/corrections.parquet``: one decision a box that people were asked about or changed.

``decision`` is ``accept``, ``delete``, ``change`` (the new class and the new box are null where they stay), ``add``, or
``disputed`` (no answer has more votes than every other; nothing changes). Boxes are in pixels; ``new_points``
is the new outline of a polygon, x and y in turn, null where it stays or is none. ``agreement`` is the
share of the people who answered the image that gave the decision.
"""


class BoxCorrections(FiledRows):
    """What becomes of the boxes: ``boxes/corrections.parquet``."""

    FILE = RowFile("datacheck.box_corrections", "corrections of boxes", BOX_CORRECTIONS_SCHEMA, VERSION)

    @property
    def changes(self) -> list[Row]:
        """The decisions that change something."""
        kinds = {BoxAnswer.DELETE.value, BoxAnswer.CHANGE.value, BoxAnswer.ADD.value}
        return [row for row in self.table.to_pylist() if row["decision"] in kinds]


def decide(answers: BoxAnswers, images: BoxImages) -> BoxCorrections:
    """Decide each box by the latest submission of each person: the most votes count, a tie is disputed.

    A submission that does not name a box votes to keep it as it is. Of several new places, and of boxes that several
    people added at one object, the median of each side is taken, of several outlines the one that overlaps most with
    the others.
    """
    by_sample: dict[str, dict[str, list[Row]]] = {}
    for row in answers.table.to_pylist():
        by_sample.setdefault(row["sample_id"], {}).setdefault(row["submission"], []).append(row)
    rows = []
    for sample_id, submissions in by_sample.items():
        voters = _voters(submissions)
        if voters:
            rows += _image_decisions(images.images[sample_id], voters)
    return BoxCorrections(pa.Table.from_pylist(rows, schema=BOX_CORRECTIONS_SCHEMA), answers.identity)


def _voters(submissions: Mapping[str, list[Row]]) -> list[list[Row]]:
    """Return the rows of each person's latest submission that is no skip."""
    answers = (rows for rows in submissions.values() if all(row["answer"] != BoxAnswer.SKIP.value for row in rows))
    return [latest[-1] for _, latest in by_person(row for rows in answers for row in rows)]


def _image_decisions(image: BoxImage, voters: Sequence[list[Row]]) -> list[Row]:
    about: dict[str, Any] = {
        "sample_id": image.sample_id,
        "n_answers": len(voters),
        "annotators": sorted({rows[0]["annotator"] for rows in voters}),
        "answered_at": max(map(time_of, voters)) or None,
    }
    by_voter = [{row["annotation_id"]: row for row in rows if row["annotation_id"] is not None} for rows in voters]
    named = sorted({number for votes in by_voter for number in votes})
    decisions = []
    for number in named:
        known = image.box(number)
        assert known is not None, "the answers were checked"
        old = {"old_label": known.label, **{f"old_{side}": at for side, at in zip(SIDES, known.box, strict=True)}}
        decided = _of_box([votes.get(number) for votes in by_voter], known.label)
        decisions.append({**about, "annotation_id": number, **old, **decided})
    added = [[row for row in rows if row["answer"] == BoxAnswer.ADD.value] for rows in voters]
    return decisions + [{**about, **each} for each in _added(added)]


def _of_box(votes: Sequence[Row | None], given: str | None) -> Row:
    """Decide one box; None is the vote of somebody who left it as it is."""
    n_votes = len(votes)
    kept = [vote for vote in votes if vote is None or vote["answer"] != BoxAnswer.DELETE.value]
    deleted = n_votes - len(kept)
    if deleted > len(kept):
        return {"decision": BoxAnswer.DELETE.value, "agreement": deleted / n_votes}
    labels = Counter(given if vote is None or vote["label"] is None else vote["label"] for vote in kept)
    moved = [vote for vote in kept if vote is not None and vote["left"] is not None]
    label, most = labels.most_common(1)[0] if labels else (given, 0)
    tied = deleted == len(kept) or list(labels.values()).count(most) > 1 or 2 * len(moved) == len(kept)
    if tied:
        return {"decision": DISPUTED, "agreement": max(deleted, most) / n_votes}
    if 2 * len(moved) < len(kept):
        moved = []
    if label == given and not moved:
        return {"decision": BoxAnswer.ACCEPT.value, "agreement": most / n_votes}
    place = _place(moved) if moved else {}
    new = label if label != given else None
    share = min([most, *([len(moved)] if moved else [])]) / n_votes
    return {"decision": BoxAnswer.CHANGE.value, "new_label": new, **place, "agreement": share}


def _place(rows: Sequence[Row]) -> Row:
    """Return the place that several people mean: of outlines the middle one, of boxes the median of each side."""
    outlines = [tuple(row["points"]) for row in rows if row["points"] is not None]
    if 2 * len(outlines) > len(rows):
        outline = middle(outlines)
        return {"new_points": outline, **{f"new_{side}": at for side, at in zip(SIDES, bounds(outline), strict=True)}}
    return {f"new_{side}": float(np.median([row[side] for row in rows])) for side in SIDES}


def _added(by_voter: Sequence[Sequence[Row]]) -> list[Row]:
    """Decide the boxes that people added: one object of several where they overlap."""
    groups: list[list[Row]] = []
    for rows in by_voter:
        free = list(groups)
        for row in sorted(rows, key=lambda row: (*(row[side] for side in SIDES), row["label"])):
            near = max(free, key=lambda group: _overlap(group[0], row), default=None)
            if near is not None and _overlap(near[0], row) >= SAME_OBJECT:
                near.append(row)
                free.remove(near)
            else:
                groups.append([row])
    found = []
    for group in groups:
        labels = Counter(row["label"] for row in group)
        label, most = labels.most_common(1)[0]
        tied = 2 * len(group) == len(by_voter) or list(labels.values()).count(most) > 1
        if 2 * len(group) < len(by_voter):
            continue
        decision = DISPUTED if tied else BoxAnswer.ADD.value
        found.append({"decision": decision, "new_label": label, **_place(group), "agreement": most / len(by_voter)})
    return found


def _overlap(one: Row, two: Row) -> float:
    return float(paired_iou(_corners(one), _corners(two))[0])


def _corners(row: Row) -> NDArray[np.float64]:
    return np.array([[row[side] for side in SIDES]])
