"""Which boxes people should look at, in which order, and what to expect of the questions."""

from __future__ import annotations

from collections.abc import Iterator
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
from datacheck.relabel.boxes.queue import BOX_QUEUE_SCHEMA, BoxQueue
from datacheck.relabel.image_queue import WantedImages, image_order
from datacheck.relabel.ranking import error_probability
from datacheck.scanning.measurements import Measurements
from datacheck.stats import Interval
from datacheck.text import percent


def box_queue(
    manifest: Manifest,
    probe: BoxProbe,
    measurements: Measurements | None,
    wanted: WantedImages | None = None,
    *,
    identity: str = "",
) -> BoxQueue:
    """Choose the images whose boxes people should look at.

    The worst of each kind come first, in turn; all questions of an image come together. Of the kind ``class`` the list
    ends where a class is more likely right than wrong.

    Parameters
    ----------
    manifest, probe, measurements
        The dataset, and what the probe of boxes and the scan say of it.
    wanted
        How many images; the default is 500, none of them at random.
    identity
        Identity of the dataset.

    Raises
    ------
    RelabelError
        When there is nothing to ask.
    """
    wanted = wanted or WantedImages()
    wanted.check()
    questions = [*_class_questions(manifest, probe), *_place_questions(manifest, probe)]
    drawn = wanted.drawn(image_order(questions), manifest.sample_ids.to_pylist())
    images = BoxImages.of(manifest, measurements, drawn.all, identity=identity)
    images = images.with_size()
    rank = {sample_id: place for place, sample_id in enumerate(images.images)}
    questions += drawn.questions()
    rows = [
        {**_with_box(row, images.images[row["sample_id"]]), "rank": rank[row["sample_id"]]}
        for row in questions
        if row["sample_id"] in rank
    ]
    if not rows:
        raise RelabelError("no box is suspect: --random-share 1 draws images at random")
    rows.sort(key=lambda row: row["rank"])
    table = pa.Table.from_pylist(rows, schema=BOX_QUEUE_SCHEMA)
    precision = _precision(probe, table["kind"].to_pylist().count("class"))
    counts = tuple(each.in_words() for each in probe.fault_counts())
    return BoxQueue(table, images, manifest.root, precision, counts)


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
    """Yield the boxes that look empty or misplaced, where the probe is good enough to say so."""
    placement, objects = probe.placement, manifest.objects
    if placement is None or objects is None:
        return
    names = (*manifest.classes, None)
    kinds = (
        ("spurious", placement.spurious(RECALL), placement.planted_empty),
        ("misplaced", placement.misplaced(RECALL), placement.planted_shift),
    )
    for kind, found, planted in kinds:
        if placement.why_no_list(len(found), planted):
            continue
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
