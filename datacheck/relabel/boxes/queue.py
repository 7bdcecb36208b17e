"""Questions about boxes: which boxes people should look at, image by image."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.answers import SIDES
from datacheck.relabel.boxes.images import BoxImages
from datacheck.relabel.image_queue import ImageQueue, queued_dataset
from datacheck.relabel.submissions import RowFile, interval_of
from datacheck.stats import Interval
from datacheck.storage import reading

VERSION = 1
"""Version of ``boxes/queue.parquet``."""

BOX_QUEUE_SCHEMA = pa.schema(
    [
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotation_id", pa.int64()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        *(pa.field(side, pa.float64()) for side in SIDES),
        *(pa.field(f"suggested_{side}", pa.float64()) for side in SIDES),
        pa.field("error_probability", pa.float32()),
        pa.field("suspicion", pa.float64()),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""Columns of ``boxes/queue.parquet``, a row a question.

``rank`` is the place of the image, from 0. ``kind`` is ``class`` (another class is more likely: ``suggested``),
``spurious`` (the box looks empty), ``misplaced`` (``suggested_left`` to ``suggested_bottom`` is where a model would
draw it) or ``random`` (an image drawn to see what the probe does not find; ``annotation_id`` is null); in pixels.
``error_probability`` that the class is wrong is null where it is not known; of the other kinds `BoxQueue.counts` has
numbers for all boxes. ``suspicion`` is comparable within a kind.
"""


_FILE = RowFile("datacheck.box_queue", "a queue of boxes", BOX_QUEUE_SCHEMA, VERSION)


@dataclass(frozen=True)
class BoxQueue(ImageQueue):
    """Questions about the boxes of some images, in order.

    Attributes
    ----------
    table
        Columns of `BOX_QUEUE_SCHEMA`, the questions of one image together.
    images
        The images with all their boxes.
    root
        The dataset's root, which no exported path leaves.
    expected_precision
        Share of wrong classes among the questions of the kind ``class``; None where it is not known.
    counts
        How many boxes hold no object, lie elsewhere and are missing, in words.
    """

    table: pa.Table = field(repr=False)
    images: BoxImages = field(repr=False)
    root: Path | None
    expected_precision: Interval | None = None
    counts: tuple[str, ...] = ()

    @property
    def _queued(self) -> BoxImages:
        return self.images

    def save(self, run: Path) -> Path:
        """Write ``boxes/queue.parquet`` into a run folder, and return its path."""
        precision = self.expected_precision
        path = queue_path(run)
        expected = None if precision is None else vars(precision)
        counts = list(self.counts)
        _FILE.write(path, self.table, identity=self.identity, expected_precision=expected, counts=counts)
        return path

    @classmethod
    def load(cls, run: Path) -> BoxQueue:
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
            raise RelabelError(f"{run} has no queue of boxes yet: run datacheck queue make {run}")
        table, metadata = _FILE.read(path, "expected_precision", "counts")
        manifest, measurements = queued_dataset(run)
        with reading(path, _FILE.what):
            precision, counts = interval_of(metadata["expected_precision"]), tuple(map(str, metadata["counts"]))
        images = BoxImages.of(manifest, measurements, table["sample_id"].to_pylist(), identity=metadata["identity"])
        return cls(table, images, manifest.root, precision, counts)


def queue_path(run: Path) -> Path:
    """Return where the queue of boxes of a run folder is."""
    return run / "boxes" / "queue.parquet"
