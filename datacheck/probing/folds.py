"""Which fold holds each sample out: given by the user, or dealt so that duplicates and groups stay together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Task
from datacheck.models.folds import Folds, assign_folds, join_groups
from datacheck.probing.options import Options
from datacheck.probing.targets import strata_of, usable_labels, y_of


def given_folds(folds: NDArray[np.integer], usable: NDArray[np.bool_]) -> Folds:
    """Return the folds that the user gave, after checking their form.

    Raises
    ------
    ProbeError
        When there is not one fold a sample, or only one fold in all.
    """
    fold = np.asarray(folds)
    if fold.shape != usable.shape or fold.max() < 1:
        raise ProbeError(
            f"folds: expected a number, or a fold for each of {len(usable)} samples from 0 to at least 1, "
            f"found shape {list(fold.shape)} with {np.unique(fold).size} values"
        )
    fold = np.where(usable, fold, -1).astype(np.int16)
    return Folds(fold, int(fold.max()) + 1, ("used the folds that you gave",))


def deal_folds(
    manifest: Manifest, linked: NDArray[np.int64] | None, usable: NDArray[np.bool_], n_folds: int, options: Options
) -> Folds:
    """Deal samples to folds, stratified by label, groups and duplicates kept together; one fold holds nothing out."""
    if n_folds == 1:
        return Folds(np.where(usable, 0, -1).astype(np.int16), 1)
    groups, note = _groups(manifest, linked)
    dealt = assign_folds(
        strata_of(manifest.task, y_of(manifest), usable_labels(manifest)),
        groups,
        n_folds=n_folds,
        seed=options.seed,
        names=manifest.classes if manifest.task is Task.CLASSIFICATION else (),
        usable=usable,
    )
    return replace(dealt, notes=(f"dealt the samples to {n_folds} folds, stratified by label{note}", *dealt.notes))


def _groups(manifest: Manifest, linked: NDArray[np.int64] | None) -> tuple[NDArray[np.int64], str]:
    """Return what must never be separated: the manifest's groups, exact and near duplicates."""
    columns: list[NDArray[np.int64]] = [np.full(len(manifest), -1, dtype=np.int64)]
    kept = []
    if "group" in manifest:
        indices = manifest.table["group"].combine_chunks().dictionary_encode().indices
        columns.append(indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
        kept.append("groups")
    if linked is not None:
        columns.append(linked.astype(np.int64))
        kept.append(f"{int((linked >= 0).sum()):,} exact and near duplicates")
    return join_groups(*columns), f"; {' and '.join(kept)} stay in one fold" if kept else ""
