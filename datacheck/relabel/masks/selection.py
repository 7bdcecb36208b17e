"""Which regions of masks people should look at, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.annotations.runs import box_of, runs_of
from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.probing.segments import MaskProbe
from datacheck.probing.segments.suspicion import KINDS, RECALLS
from datacheck.relabel.image_queue import WantedImages, image_order
from datacheck.relabel.masks.images import MaskImages, pixels_hash
from datacheck.relabel.masks.queue import MASK_QUEUE_SCHEMA, MaskQueue
from datacheck.relabel.masks.regions import Suspect, proposal
from datacheck.relabel.submissions import Row
from datacheck.rules.base import CannotJudge, RuleContext
from datacheck.rules.masks.suspect_regions import kind_of
from datacheck.scanning.measurements import Measurements
from datacheck.text import plural


def mask_queue(
    manifest: Manifest,
    probe: MaskProbe,
    measurements: Measurements | None,
    wanted: WantedImages | None = None,
    *,
    identity: str = "",
) -> MaskQueue:
    """Choose the regions of masks that people should look at: those that DC850 to DC852 list.

    The worst of each kind come first, in turn; all questions of an image come together.

    Parameters
    ----------
    manifest, probe, measurements
        The dataset, and what the probe of masks and the scan say of it.
    wanted
        How many images; the default is 500, none of them at random.
    identity
        Identity of the dataset.

    Raises
    ------
    RelabelError
        When there is nothing to ask, or the probe is of an older version.
    """
    wanted = wanted or WantedImages()
    wanted.check()
    if not probe.values or not len(probe.predicted):
        raise RelabelError(probe.why_not or "the probe of masks is of an older version: audit again with --probe")
    suspects = list(_suspects(manifest, probe, measurements))
    drawn = wanted.drawn(image_order(suspects), manifest.sample_ids.to_pylist())
    suspects += drawn.questions()
    classes = dict(zip(probe.classes, probe.values, strict=True))
    images = MaskImages.of(manifest, measurements, drawn.all, classes, identity=identity)
    row_of = {sample_id: k for k, sample_id in enumerate(manifest.sample_ids.take(pa.array(probe.rows)).to_pylist())}
    by_image: dict[str, list[Row]] = {}
    for row in suspects:
        by_image.setdefault(row["sample_id"], []).append(row)
    rows: list[Row] = []
    left_out = dict(images.left_out)
    for rank, sample_id in enumerate(images.images):
        k = row_of.get(sample_id)
        predicted = None if k is None else probe.predicted[k].astype(np.int16)
        try:
            found = list(_questions(images, sample_id, by_image[sample_id], predicted))
        except RelabelError as error:
            left_out[sample_id] = str(error)
            continue
        if not found:
            left_out[sample_id] = "the region is not found in the mask's pixels"
        rows += [{**row, "rank": rank, "question": len(rows) + n} for n, row in enumerate(found)]
    if not rows:
        raise RelabelError(_why_nothing(left_out))
    table = pa.Table.from_pylist(rows, schema=MASK_QUEUE_SCHEMA)
    counts = tuple(each.in_words() for each in probe.fault_counts())
    return MaskQueue(table, images, manifest.root, left_out, counts)


def _why_nothing(left_out: dict[str, str]) -> str:
    if not left_out:
        return "no region is suspect: --random-share 1 draws images at random"
    name, reason = next(iter(left_out.items()))
    return (
        f"nothing can be asked: {plural(len(left_out), 'image')} cannot be shown with a mask, such as {name}: {reason}"
    )


def _suspects(manifest: Manifest, probe: MaskProbe, measurements: Measurements | None) -> Iterator[Row]:
    """Yield the regions that the rules list, the worst of each kind first."""
    context = RuleContext(manifest, measurements, mask_probe=probe)
    for name in KINDS:
        try:
            _, kind, listed = kind_of(context, name, RECALLS[name])
        except CannotJudge:
            continue
        ids = manifest.sample_ids.take(pa.array(kind.row[listed])).to_pylist()
        for sample_id, k in zip(ids, listed.tolist(), strict=True):
            left, top, right, bottom = kind.box[k].tolist()
            given, suggested = int(kind.label[k]), int(kind.suggested[k])
            yield {
                "sample_id": sample_id,
                "kind": name,
                "given": probe.classes[given],
                "suggested": probe.classes[given if name == "border" else suggested],
                "suspicion": float(kind.suspicion[k]),
                "reason": _reason(name, probe.classes[given], probe.classes[suggested]),
                "suspect": Suspect(name, given, suggested, (left, top, right, bottom), int(kind.size[k])),
            }


def _reason(kind: str, given: str, suggested: str) -> str:
    if kind == "class":
        return f"is {given!r}, looks like {suggested!r}"
    if kind == "missing":
        return f"looks like {suggested!r}, is drawn as {given!r}"
    return f"the border of {given!r} lies elsewhere"


def _questions(images: MaskImages, sample_id: str, suspects: list[Row], predicted: Any) -> Iterator[Row]:
    """Yield the questions of an image; `RelabelError` where its mask has another size, or cannot be read any more."""
    pixels = images.pixels(sample_id)
    codes, image = images.codes(pixels), images.images[sample_id]
    about = {"mask": image.mask, "width": image.width, "height": image.height, "mask_hash": pixels_hash(pixels)}
    for row in suspects:
        if row["kind"] == "random":
            yield {**row, **about}
            continue
        found = None if predicted is None else proposal(row["suspect"], codes, predicted)
        if found is None:
            continue
        patches = [{"label": images.classes[code], "runs": runs_of(patch)} for code, patch in found.patches]
        sides = dict(zip(("left", "top", "right", "bottom"), box_of(found.concerned), strict=True))
        told = {name: value for name, value in row.items() if name != "suspect"}
        yield {**told, **about, **sides, "runs": runs_of(found.region), "patches": patches}
