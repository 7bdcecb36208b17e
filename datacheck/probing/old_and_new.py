"""One probe that is trained on old labels and predicts old and new samples alike, each without the sample itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Modality, Task
from datacheck.probing.budget import Clock
from datacheck.probing.engine import run_probe
from datacheck.probing.images import bring_pixels, probe_side
from datacheck.probing.options import AtHand, Options
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import why_not_judged
from datacheck.probing.user_arrays import UserArray, align
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements
from datacheck.text import listed


@dataclass(frozen=True)
class Joined:
    """Old and new samples in one manifest, in which the new ones have no label.

    Attributes
    ----------
    manifest
        Old rows first; ids begin with ``old/`` and ``new/``.
    notes
        What was left out.
    """

    manifest: Manifest
    notes: tuple[str, ...] = ()


def join(old: Manifest, new: Manifest) -> Joined:
    """Return one manifest of both, so that copies and groups that they share are held out together.

    Raises
    ------
    ProbeError
        When a dataset has no class labels, or their kinds differ.
    """
    for name, one in (("old", old), ("new", new)):
        if one.task is not Task.CLASSIFICATION:
            raise ProbeError(f"the {name} dataset: expected one class label a sample, found task {one.task.value!r}")
    if old.modality is not new.modality:
        raise ProbeError(f"expected two datasets of one kind, found {old.modality.value} and {new.modality.value}")
    shared = [name for name in old.extra_columns if name in new] if old.modality is Modality.TABULAR else []
    left = [name for one in (old, new) for name in one.extra_columns if name not in shared]
    notes: tuple[str, ...] = ()
    if left and old.modality is Modality.TABULAR:
        notes = (f"columns that only one of the datasets has were left out: {listed(list(dict.fromkeys(left)))}",)
    names = ["sample_id", "label", *(["group"] if "group" in old and "group" in new else []), *shared]
    tables = []
    for prefix, one in (("old", old), ("new", new)):
        table = one.table.select([name for name in names if name in one])
        ids = pa.array([f"{prefix}/{name}" for name in one.sample_ids.to_pylist()])
        table = table.set_column(table.column_names.index("sample_id"), "sample_id", ids)
        if prefix == "new":
            table = table.set_column(table.column_names.index("label"), "label", pa.nulls(len(one), pa.string()))
        tables.append(table)
    try:
        table = pa.concat_tables([_plain(table) for table in tables], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ProbeError(f"the columns of the two datasets are of different kinds: {error}") from error
    manifest = Manifest.from_columns(table, task=Task.CLASSIFICATION, classes=old.classes, modality=old.modality)
    return Joined(manifest, notes)


def _plain(table: pa.Table) -> pa.Table:
    """Return the table without metadata, and with its labels as text."""
    place = table.column_names.index("label")
    return table.set_column(place, "label", table["label"].cast(pa.string())).replace_schema_metadata(None)


def probe_old_and_new(
    old: Manifest,
    new: Manifest,
    options: Options,
    clock: Clock,
    *,
    features: tuple[UserArray, UserArray] | None = None,
) -> ProbeOutputs:
    """Return the predictions of both, old rows first.

    Parameters
    ----------
    old, new
        Two datasets with class labels.
    options, clock
        Of the probe.
    features
        Your own, of the old and of the new samples.

    Raises
    ------
    ProbeError
        When the datasets do not fit together, or the probe is too weak on the old labels to judge any.
    """
    joined = join(old, new)
    at_hand = AtHand()
    if features is not None:
        parts = [align(one, manifest, what="features")[0] for one, manifest in zip(features, (old, new), strict=True)]
        if parts[0].shape[1] != parts[1].shape[1]:
            raise ProbeError(
                f"features: {parts[0].shape[1]} columns for the old samples, {parts[1].shape[1]} for the new"
            )
        at_hand = AtHand(features=np.concatenate(parts))
    elif old.modality is Modality.IMAGE:
        at_hand = _pixels(old, new, joined.manifest, packaged=options.packaged)
    found = run_probe(joined.manifest, options, at_hand, clock)
    reason = why_not_judged(joined.manifest, found)
    if reason is not None:
        raise ProbeError(f"the labels cannot be compared: {reason}")
    return replace(found, choices=(*found.choices, *joined.notes))


def _pixels(old: Manifest, new: Manifest, both: Manifest, *, packaged: bool) -> AtHand:
    """Return the images of both at one size, and their measurements under the ids of the joined manifest."""
    if old.reader is None:
        raise ProbeError("the images of the old dataset cannot be read: give features=")
    side = probe_side(old, packaged=packaged)
    pixels: list[NDArray[np.uint8]] = []
    tables: list[pa.Table] = []
    for manifest in (old, new):
        array, measurements = bring_pixels(manifest, AtHand(pixels=side), None, packaged=packaged)
        if measurements is None:
            raise ProbeError("the scan measured no image; give features=")
        pixels.append(array)
        tables.append(measurements.whole())
    table = pa.concat_tables(tables)
    table = table.set_column(table.column_names.index("sample_id"), "sample_id", both.sample_ids)
    return AtHand(pixels=np.concatenate(pixels), measurements=Measurements(table.cast(MEASUREMENTS_SCHEMA)))
