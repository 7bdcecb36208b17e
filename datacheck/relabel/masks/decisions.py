"""From the answers about masks to one class a pixel."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.runs import region_of, runs_of
from datacheck.errors import RelabelError
from datacheck.relabel.annotators import DISPUTED
from datacheck.relabel.masks.answers import MaskAnswer, MaskAnswers
from datacheck.relabel.masks.images import MaskImages, Values, pixels_hash
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.relabel.submissions import FiledRows, Row, RowFile, by_person, time_of

VERSION = 1
"""Version of ``masks/corrections.parquet``."""

CHANGE, KEEP = "change", "accept"
"""The decisions about the pixels of an image besides ``disputed``."""

_SILENT, _AS_GIVEN = -2, -1
"""What a person says of a pixel besides a class: nothing, and that it is right."""

MASK_CORRECTIONS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("mask", pa.string(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("old_label", pa.string()),
        pa.field("new_label", pa.string()),
        pa.field("pixels", pa.int64(), nullable=False),
        pa.field("runs", pa.list_(pa.int64())),
        pa.field("width", pa.int64(), nullable=False),
        pa.field("height", pa.int64(), nullable=False),
        pa.field("n_answers", pa.int32(), nullable=False),
        pa.field("annotators", pa.list_(pa.string()), nullable=False),
        pa.field("answered_at", pa.string()),
        pa.field("mask_hash", pa.string(), nullable=False),
    ]
)
"""Columns of ``masks/corrections.parquet``: a row for the pixels of an image that go from one class to another.

``decision`` is ``change``, ``disputed`` (as many people say one thing as another; nothing changes) or ``accept`` (the
image was answered, and nothing changes; no ``runs``). ``old_label`` is null for pixels of no class.
"""


class MaskCorrections(FiledRows):
    """What becomes of the pixels of the masks: ``masks/corrections.parquet``."""

    FILE = RowFile("datacheck.mask_corrections", "corrections of masks", MASK_CORRECTIONS_SCHEMA, VERSION)

    @property
    def changes(self) -> list[Row]:
        """The decisions that change something."""
        return [row for row in self.table.to_pylist() if row["decision"] == CHANGE]


def decide_masks(answers: MaskAnswers, queue: MaskQueue) -> MaskCorrections:
    """Decide each pixel that somebody said something of: the class with the most votes counts, a tie is disputed.

    Of one person's answers to the same pixels the latest counts.

    Raises
    ------
    RelabelError
        When a mask cannot be read, or has changed since the questions were made.
    """
    known = {row["sample_id"]: row["mask_hash"] for row in queue.table.to_pylist()}
    by_image: dict[str, list[Row]] = {}
    for row in answers.table.to_pylist():
        by_image.setdefault(row["sample_id"], []).append(row)
    found: list[Row] = []
    for sample_id, rows in by_image.items():
        said = [row for row in rows if row["answer"] in (MaskAnswer.ACCEPT.value, MaskAnswer.PAINT.value)]
        if said:
            found += _image_decisions(queue.images, sample_id, said, known.get(sample_id, ""))
    return MaskCorrections(pa.Table.from_pylist(found, schema=MASK_CORRECTIONS_SCHEMA), answers.identity)


def unchanged_pixels(images: MaskImages, sample_id: str, expected_hash: str) -> Values:
    """Return the pixels of a mask that is as it was when it was asked about.

    Raises
    ------
    RelabelError
        When it is not.
    """
    pixels = images.pixels(sample_id)
    if pixels_hash(pixels) != expected_hash:
        raise RelabelError(
            f"{images.images[sample_id].mask} has changed since the questions were made: audit it again; nothing was "
            "written"
        )
    return pixels


def _image_decisions(images: MaskImages, sample_id: str, rows: list[Row], expected_hash: str) -> list[Row]:
    codes = images.codes(unchanged_pixels(images, sample_id, expected_hash))
    people = list(by_person(rows))
    claims = np.stack([_claims(submissions, codes, images.classes) for _, submissions in people])
    winner, tied = _votes(np.where(claims == _AS_GIVEN, codes, claims), codes)
    about = {
        "sample_id": sample_id,
        "mask": images.images[sample_id].mask,
        "width": codes.shape[1],
        "height": codes.shape[0],
        "n_answers": len(people),
        "annotators": [person for person, _ in people],
        "answered_at": time_of(rows) or None,
        "mask_hash": expected_hash,
    }
    found = []
    names = (*images.classes, None)
    for decision, where in ((CHANGE, (winner != codes) & ~tied), (DISPUTED, tied)):
        for old, new in np.unique(np.stack([codes[where], winner[where]]), axis=1).T.tolist():
            pixels = where & (codes == old) & (winner == new)
            labels = {"old_label": names[old], "new_label": names[new]}
            counted = {"pixels": int(pixels.sum()), "runs": runs_of(pixels)}
            found.append({**about, **labels, **counted, "decision": decision})
    return found or [{**about, "decision": KEEP, "pixels": 0}]


def _claims(submissions: list[list[Row]], codes: NDArray[np.int16], classes: tuple[str, ...]) -> NDArray[np.int16]:
    """Return what a person says of each pixel: a class number, that it is right, or nothing; [h, w]."""
    found = np.full(codes.shape, _SILENT, dtype=np.int16)
    for rows in submissions:
        for row in rows:
            where = np.ones(codes.shape, bool) if row["runs"] is None else region_of(row["runs"], *codes.shape)
            found[where] = _AS_GIVEN if row["answer"] == MaskAnswer.ACCEPT.value else classes.index(row["label"])
    return found


def _votes(claims: NDArray[np.int16], given: NDArray[np.int16]) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Return the class with the most votes at each pixel, the given one where nobody votes; and where there is a tie.

    Parameters
    ----------
    claims
        Class numbers, -1 for no class, below that for no vote; [v, h, w].
    given
        Those of the mask, [h, w].
    """
    best, votes = given.copy(), np.zeros(given.shape, dtype=np.int16)
    tied = np.zeros(given.shape, dtype=bool)
    for code in np.unique(claims[claims > _SILENT]).tolist():
        count = (claims == code).sum(axis=0).astype(np.int16)
        tied = np.where(count > votes, False, tied | ((count == votes) & (count > 0)))
        best = np.where(count > votes, np.int16(code), best)
        votes = np.maximum(votes, count)
    return best, tied
