"""Questions about boxes: which boxes people should look at, image by image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.probing.objects import BoxProbe
from datacheck.probing.objects.outputs import crop_manifest, listed_boxes
from datacheck.probing.objects.placement import RECALL
from datacheck.probing.skill import why_not_judged
from datacheck.relabel.boxes.answers import SIDES
from datacheck.relabel.boxes.images import BoxImage, BoxImages
from datacheck.relabel.ranking import error_probability
from datacheck.scanning.measurements import Measurements
from datacheck.stats import Interval
from datacheck.storage import check_version, read_table, reading, write_table
from datacheck.text import percent

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
``error_probability`` that the class is wrong is null where it is not known: nothing tells how many of the boxes that
look empty or misplaced are wrong. ``suspicion`` is comparable within a kind.
"""


@dataclass(frozen=True)
class BoxQueue:
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
    """

    table: pa.Table = field(repr=False)
    images: BoxImages = field(repr=False)
    root: Path | None
    expected_precision: Interval | None = None

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def identity(self) -> str:
        """Identity of the dataset."""
        return self.images.identity

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that an answer may give."""
        return self.images.classes

    @property
    def sample_ids(self) -> list[str]:
        """The images in the order of the queue."""
        return list(dict.fromkeys(self.table["sample_id"].to_pylist()))

    def rows(self) -> list[dict[str, Any]]:
        """Return an entry an image: ``rank``, ``sample_id``, ``uri``, and its ``questions``."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.table.to_pylist():
            uri = self.images.images[row["sample_id"]].uri
            entry = {"rank": row["rank"], "sample_id": row["sample_id"], "uri": uri, "questions": []}
            found.setdefault(row["sample_id"], entry)["questions"].append(row)
        return list(found.values())

    def save(self, run: Path) -> Path:
        """Write ``boxes/queue.parquet`` into a run folder, and return its path."""
        precision = self.expected_precision
        metadata = {
            "schema": "datacheck.box_queue",
            "version": VERSION,
            "identity": self.identity,
            "expected_precision": None if precision is None else vars(precision),
        }
        path = queue_path(run)
        path.parent.mkdir(exist_ok=True)
        write_table(path, self.table, metadata)
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
        table, metadata = read_table(path, what="a queue of boxes")
        check_version(metadata.get("version"), VERSION, what="a queue of boxes", where=path)
        manifest, measurements = Manifest.load(run / "manifest.parquet"), load_measurements(run)
        with reading(path, "a queue of boxes"):
            table = table.replace_schema_metadata(None).cast(BOX_QUEUE_SCHEMA)
            found, identity = metadata["expected_precision"], metadata["identity"]
            precision = None if found is None else Interval(**found)
        images = BoxImages.of(manifest, measurements, table["sample_id"].to_pylist(), identity=identity)
        return cls(table, images, manifest.root, precision)


def load_measurements(run: Path) -> Measurements | None:
    """Return the measurements of a run folder; None where the audit scanned nothing."""
    path = run / "measurements.parquet"
    return Measurements.load(path) if path.exists() else None


def queue_path(run: Path) -> Path:
    """Return where the queue of boxes of a run folder is."""
    return run / "boxes" / "queue.parquet"


def box_queue(
    manifest: Manifest,
    probe: BoxProbe,
    measurements: Measurements | None,
    *,
    budget: int = 500,
    random_share: float = 0.0,
    seed: int = 0,
    identity: str = "",
) -> BoxQueue:
    """Choose the images whose boxes people should look at.

    The worst of each kind come first, in turn; all questions of an image come together. Of the kind ``class`` the list
    ends where a class is more likely right than wrong.

    Parameters
    ----------
    manifest, probe, measurements
        The dataset, and what the probe of boxes and the scan say of it.
    budget
        How many images.
    random_share
        Share of them drawn at random from the images without a question: missing boxes are found on these alone.
    seed
        Seed of the random images.
    identity
        Identity of the dataset.

    Raises
    ------
    RelabelError
        When there is nothing to ask.
    """
    if budget < 1 or not 0 <= random_share <= 1:
        raise RelabelError(
            f"expected a budget of at least 1 image and a share in [0, 1], found {budget}, {random_share}"
        )
    questions = [*_class_questions(manifest, probe), *_place_questions(manifest, probe)]
    order = _image_order(questions)
    others = [name for name in manifest.sample_ids.to_pylist() if name not in set(order)]
    n_random = min(round(budget * random_share), len(others))
    order = order[: budget - n_random]
    drawn = np.random.default_rng(seed).permutation(len(others))[:n_random]
    chosen = [*order, *(others[k] for k in drawn)]
    images = BoxImages.of(manifest, measurements, chosen, identity=identity)
    images = images.with_size()
    rank = {sample_id: place for place, sample_id in enumerate(images.images)}
    questions += [{"sample_id": others[k], "kind": "random", "reason": "drawn at random"} for k in drawn]
    rows = [
        {**_with_box(row, images.images[row["sample_id"]]), "rank": rank[row["sample_id"]]}
        for row in questions
        if row["sample_id"] in rank
    ]
    if not rows:
        raise RelabelError("no box is suspect: --random-share 1 draws images at random")
    rows.sort(key=lambda row: row["rank"])
    table = pa.Table.from_pylist(rows, schema=BOX_QUEUE_SCHEMA)
    return BoxQueue(table, images, manifest.root, _precision(probe, table["kind"].to_pylist().count("class")))


def _image_order(questions: list[dict[str, Any]]) -> list[str]:
    """Return the images by their worst question: the first of each kind, then the second of each, and so on."""
    place: dict[str, int] = {}
    best: dict[str, tuple[int, float]] = {}
    for row in questions:
        place[row["kind"]] = place.get(row["kind"], -1) + 1
        key = (place[row["kind"]], -(row.get("error_probability") or 0.0))
        best[row["sample_id"]] = min(best.get(row["sample_id"], key), key)
    return sorted(best, key=lambda sample_id: best[sample_id])


def _with_box(row: dict[str, Any], image: BoxImage) -> dict[str, Any]:
    number = row.get("annotation_id")
    known = None if number is None else image.box(number)
    return row if known is None else {**row, **dict(zip(SIDES, known.box, strict=True))}


def _class_questions(manifest: Manifest, probe: BoxProbe) -> Iterator[dict[str, Any]]:
    """Yield the boxes whose class is in doubt, where the probe is good enough to say so."""
    crops = probe.crops
    if crops is None or crops.label_yield is None or why_not_judged(crop_manifest(manifest, probe.objects), crops):
        return
    found = listed_boxes(probe, manifest)
    known = crops.label_yield.conclusive
    wrong = error_probability(crops.label_quality, crops.label_yield if known else None)
    place = {int(number): k for k, number in enumerate(probe.objects)}
    named = _names(manifest, found.objects)
    for k, (sample_id, line) in enumerate(named):
        at = place[int(found.objects[k])]
        sure = "" if crops.pred_probs is None else f" (confidence {percent(float(crops.pred_probs[at].max()))})"
        yield {
            "sample_id": sample_id,
            "annotation_id": line,
            "kind": "class",
            "given": found.given[k],
            "suggested": found.suggested[k],
            "error_probability": float(wrong[at]) if known else None,
            "suspicion": float(found.suspicion[k]),
            "reason": f"is {found.given[k]!r}, looks like {found.suggested[k]!r}{sure}",
        }


def _place_questions(manifest: Manifest, probe: BoxProbe) -> Iterator[dict[str, Any]]:
    """Yield the boxes that look empty or misplaced."""
    placement, objects = probe.placement, manifest.objects
    if placement is None or objects is None:
        return
    names = (*manifest.classes, None)
    for kind, found in (("spurious", placement.spurious(RECALL)), ("misplaced", placement.misplaced(RECALL))):
        for k, (sample_id, line) in zip(found, _names(manifest, placement.objects[found]), strict=True):
            row = {"sample_id": sample_id, "annotation_id": line, "kind": kind}
            row["given"] = names[objects.class_id[placement.objects[k]]]
            if kind == "spurious":
                yield {**row, "suspicion": float(np.clip(placement.emptiness[k], 0, 1)), "reason": "looks empty"}
                continue
            corners = placement.corrected[k].tolist()
            yield {
                **row,
                **{f"suggested_{side}": at for side, at in zip(SIDES, corners, strict=True)},
                "suspicion": float(placement.shift[k]),
                "reason": f"overlaps {percent(1 - float(placement.shift[k]))} with where a model would draw it",
            }


def _names(manifest: Manifest, numbers: NDArray[np.int64]) -> list[tuple[str, int]]:
    """Return sample id and annotation id of some objects."""
    objects = manifest.objects
    assert objects is not None
    samples = manifest.sample_ids.take(pa.array(objects.row[numbers])).to_pylist()
    return cast("list[tuple[str, int]]", list(zip(samples, objects.line[numbers].tolist(), strict=True)))


def _precision(probe: BoxProbe, n_asked: int) -> Interval | None:
    """Share of wrong classes that the probe expects among the first questions about classes."""
    found = None if probe.crops is None else probe.crops.label_yield
    if found is None or not n_asked or not found.conclusive:
        return None
    low, value, high = (
        float(np.interp(n_asked, found.depth, curve))
        for curve in (found.precision_low, found.precision, found.precision_high)
    )
    return Interval(value, low, high, n=n_asked, method=found.estimated_errors.method)
