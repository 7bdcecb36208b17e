"""Questions about masks: which regions people should look at, image by image."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.runs import region_of
from datacheck.errors import RelabelError
from datacheck.relabel.image_queue import ImageQueue, queued_dataset
from datacheck.relabel.masks.images import MaskImages
from datacheck.relabel.submissions import Row, RowFile
from datacheck.storage import reading, write_text

VERSION = 1
"""Version of ``masks/queue.parquet``."""

PATCH = pa.struct([("label", pa.string()), ("runs", pa.list_(pa.int64()))])
"""Pixels that get a class: its name, and the run lengths of the pixels as COCO has them."""

MASK_QUEUE_SCHEMA = pa.schema(
    [
        pa.field("question", pa.int64(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("mask", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        *(pa.field(side, pa.int64()) for side in ("left", "top", "right", "bottom")),
        pa.field("width", pa.int64(), nullable=False),
        pa.field("height", pa.int64(), nullable=False),
        pa.field("runs", pa.list_(pa.int64())),
        pa.field("patches", pa.list_(PATCH)),
        pa.field("suspicion", pa.float64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("mask_hash", pa.string(), nullable=False),
    ]
)
"""Columns of ``masks/queue.parquet``, a row a question.

``question`` numbers the questions, ``rank`` the images, both from 0. ``kind`` is ``class`` (the region looks like
another class), ``missing`` (something is there that was not drawn), ``border`` (the border lies elsewhere) or
``random`` (an image drawn to see what the probe does not find; it names no region). ``runs`` are the run lengths of the
region as the mask has it, of a missing one what a model would draw: COCO's uncompressed form, column by column.
``patches`` is what would change where the suggestion is right. ``left`` to ``bottom`` enclose both, in pixels.
``suspicion`` is comparable within a kind. ``mask_hash`` is of the pixels that were asked about.
"""

_FILE = RowFile("datacheck.mask_queue", "a queue of masks", MASK_QUEUE_SCHEMA, VERSION)


@dataclass(frozen=True)
class MaskQueue(ImageQueue):
    """Questions about the masks of some images, in order.

    Attributes
    ----------
    table
        Columns of `MASK_QUEUE_SCHEMA`, the questions of one image together.
    images
        The images with their masks.
    root
        The dataset's root, which no exported path leaves.
    left_out
        Why images that were chosen are not asked about, by sample id; of a queue that was just made.
    counts
        How many regions have each kind of fault, in words.
    """

    table: pa.Table = field(repr=False)
    images: MaskImages = field(repr=False)
    root: Path | None
    left_out: dict[str, str] = field(default_factory=dict, repr=False)
    counts: tuple[str, ...] = ()

    @property
    def _queued(self) -> MaskImages:
        return self.images

    def questions(self) -> dict[int, Row]:
        """Return the questions by their number."""
        return {row["question"]: row for row in self.table.to_pylist()}

    def save(self, run: Path) -> Path:
        """Write ``masks/queue.parquet`` and ``masks/left_out.csv`` into a run folder; return the path of the first."""
        path = queue_path(run)
        classes, values, counts = list(self.classes), list(self.images.values), list(self.counts)
        _FILE.write(path, self.table, identity=self.identity, classes=classes, values=values, counts=counts)
        write_text(left_out_path(run), _table_of(self.left_out))
        return path

    @classmethod
    def load(cls, run: Path) -> MaskQueue:
        """Read the queue of a run folder, and its images from the manifest there.

        Raises
        ------
        RelabelError
            When there is none yet, or its images are not in the manifest.
        StorageError
            When a file is damaged, or of a newer version.
        """
        path = queue_path(run)
        if not path.exists():
            raise RelabelError(f"{run} has no queue of masks yet: run datacheck queue make {run}")
        table, metadata = _FILE.read(path, "classes", "values", "counts")
        manifest, measurements = queued_dataset(run)
        with reading(path, _FILE.what):
            classes = dict(zip(map(str, metadata["classes"]), map(int, metadata["values"]), strict=True))
            counts = tuple(map(str, metadata["counts"]))
        ids = table["sample_id"].to_pylist()
        images = MaskImages.of(manifest, measurements, ids, classes, identity=metadata["identity"])
        lost = set(ids) - set(images.images)
        if lost:
            raise RelabelError(f"{path}: the size of {len(lost)} images is not known any more: audit again")
        return cls(table, images, manifest.root, counts=counts)


def queue_path(run: Path) -> Path:
    """Return where the queue of masks of a run folder is."""
    return run / "masks" / "queue.parquet"


def left_out_path(run: Path) -> Path:
    """Return where a run folder has the images that were chosen and are not asked about, and why."""
    return run / "masks" / "left_out.csv"


def _table_of(left_out: dict[str, str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("sample_id", "reason"), *left_out.items()])
    return stream.getvalue()


def asked_region(row: Row) -> NDArray[np.bool_]:
    """Return the region that a question is about, [h, w]; empty for a random image."""
    size = row["height"], row["width"]
    return region_of(row["runs"], *size) if row["runs"] else np.zeros(size, dtype=bool)


def patches_of(row: Row) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the class that pixels would get where the suggestion is right, and which; [h, w] each."""
    return [(each["label"], region_of(each["runs"], row["height"], row["width"])) for each in row["patches"] or ()]


def concerned(row: Row) -> NDArray[np.bool_]:
    """Return all pixels that an answer to a question decides; [h, w]."""
    found = asked_region(row)
    for _, patch in patches_of(row):
        found = found | patch
    return found
