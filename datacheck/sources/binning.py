"""A numeric target as classes: a column of the same manifest, so that what reads classes can judge it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import Manifest, Task


def bin_target(manifest: Manifest, bins: int) -> Manifest:
    """Return a regression manifest as a classification one: ``bins`` classes of equal counts, named by their ranges.

    The numbers stay in the column ``target``. Equal targets stay together, so fewer classes may come out. A target that
    is missing or not finite has no class.

    Raises
    ------
    SourceError
        When the manifest is no regression, or its target has too few values.

    Examples
    --------
    >>> bin_target(Manifest.from_columns({"target": [1.0, 2.0, 3.0, 4.0]}), 2).table["label"].to_pylist()
    ['1 to 2.5', '1 to 2.5', '2.5 to 4', '2.5 to 4']
    """
    if manifest.task is not Task.REGRESSION:
        raise SourceError(f"bins: expected a regression target to divide into classes, found {manifest.task.value}")
    target = manifest.target
    known = manifest.labelled & np.isfinite(target)
    if bins < 2 or not known.any():
        raise SourceError(f"bins: expected 2 bins or more and a target, found {bins} bins, {known.sum()} targets")
    edges = np.unique(np.quantile(target[known], np.linspace(0, 1, bins + 1)))
    if len(edges) < 3:
        values = ", ".join(f"{edge:.6g}" for edge in edges)
        raise SourceError(
            f"bins: the target has too few values for {bins} classes of equal counts: its limits are {values}"
        )
    names = tuple(f"{low:.6g} to {high:.6g}" for low, high in pairwise(edges))
    codes = np.clip(np.searchsorted(edges, np.where(known, target, edges[0]), side="right") - 1, 0, len(names) - 1)
    labels = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=~known), pa.array(names))
    table = manifest.table.drop_columns(["label"]) if "label" in manifest else manifest.table
    binned = Manifest.from_columns(
        table.append_column("label", labels),
        task=Task.CLASSIFICATION,
        modality=manifest.modality,
        root=manifest.root,
        classes=names,
        took_for=f"{manifest.took_for}, target divided into {len(names)} classes of about equal counts",
        inventory=manifest.inventory,
        reader=manifest.reader,
    )
    return replace(binned, listings=manifest.listings)
