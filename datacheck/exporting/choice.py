"""Which samples stay in a clean copy, and why the others do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.duplicates.clusters import DuplicateClusters, duplicates_at_hand
from datacheck.errors import ConfigError, check_choice, did_you_mean
from datacheck.exporting.share import small_part
from datacheck.findings import Severity
from datacheck.manifest import Manifest, Modality, Task
from datacheck.pairing.name_groups import infer_groups
from datacheck.plan.inputs import PlanInputs
from datacheck.report import Report
from datacheck.report.selecting import ids_to_drop
from datacheck.rules.splits.shared import conflicting, further_rows
from datacheck.text import plural

Rows = NDArray[np.int64]

DUPLICATES = ("exact", "near", "keep")
"""Which copies are left out: those with the same content; those that look the same too (DC302); none."""

_TOGETHER = ("DC302", "DC303", "DC310")
"""Rules that name pairs of pictures of one thing, which a small part keeps together."""


_SEVERITIES = frozenset(severity.label for severity in Severity)


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes
    ----------
    drop
        Rules and severities whose samples are left out; empty for none.
    duplicates
        One of `DUPLICATES`.
    classes
        The classes that stay; None for all.
    share
        Share of the samples that stay, in (0, 1).
    seed
        Of the draws of the small part.
    leave_out
        Ids of samples that people chose to leave out.
    """

    drop: tuple[str, ...] = ("error",)
    duplicates: str = "exact"
    classes: tuple[str, ...] | None = None
    share: float | None = None
    seed: int = 0
    leave_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choice("--duplicates", self.duplicates, DUPLICATES)
        if self.share is not None and not 0 < self.share < 1:
            raise ConfigError(f"--share: expected a share between 0 and 1, such as 0.1, found {self.share}")


@dataclass(frozen=True)
class Choice:
    """Which samples stay.

    Attributes
    ----------
    manifest
        All samples of the audit.
    reasons
        Why each sample is left out; None for those that stay.
    """

    manifest: Manifest
    reasons: tuple[str | None, ...] = field(repr=False)

    @cached_property
    def rows(self) -> Rows:
        """The rows that stay, ascending."""
        return np.array([row for row, reason in enumerate(self.reasons) if reason is None], dtype=np.int64)

    @cached_property
    def left_out(self) -> dict[str, list[str]]:
        """The ids of the samples that are left out, by the reason, the most frequent first."""
        found: dict[str, list[str]] = {}
        for sample_id, reason in zip(self.manifest.sample_ids.to_pylist(), self.reasons, strict=True):
            if reason is not None:
                found.setdefault(reason, []).append(sample_id)
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))

    @cached_property
    def emptied(self) -> list[str]:
        """The classes, or classes in a split, that had samples and have none left."""
        manifest = self.manifest
        if manifest.task is not Task.CLASSIFICATION:
            return []
        strata = _strata(manifest, manifest.label_codes.astype(np.int64))
        labelled = manifest.label_codes >= 0
        gone = np.setdiff1d(strata[labelled], strata[self.rows][labelled[self.rows]])
        names = []
        for stratum in gone.tolist():
            split, code = divmod(stratum, len(manifest.classes) + 1)
            where = f" in {manifest.splits[split - 1]}" if split else ""
            names.append(f"{manifest.classes[code - 1]}{where}")
        return names

    def without(self, rows: Rows, reason: str) -> Choice:
        """Leave out more rows; one that is left out already keeps its reason."""
        reasons = list(self.reasons)
        for row in rows.tolist():
            reasons[row] = reasons[row] or reason
        return Choice(self.manifest, tuple(reasons))


def choose(report: Report, wanted: Wanted) -> Choice:
    """Choose the samples of a clean copy: drop, then those listed, then copies, then classes, then the small part.

    Raises
    ------
    ConfigError
        When a rule or class is unknown, a rule was not judged, copies are not known, or nothing would be left.
    """
    manifest = report.manifest
    choice = Choice(manifest, (None,) * len(manifest))
    steps: tuple[Callable[[Report, Wanted, Choice], Choice], ...] = (_drop, _listed, _copies, _classes, _share)
    for step in steps:
        choice = step(report, wanted, choice)
    if not len(choice.rows):
        most = max(choice.left_out.items(), key=lambda item: len(item[1]), default=("the dataset is empty", []))
        raise ConfigError(
            f"nothing would be left of {plural(len(manifest), 'sample')}; most are left out for: {most[0]}. Drop less "
            "(--drop), or keep more classes (--classes)"
        )
    return choice


def _drop(report: Report, wanted: Wanted, choice: Choice) -> Choice:
    """Leave out what the rules and severities name, with the first rule that names a sample as the reason."""
    dropped = set(ids_to_drop(report.outcomes, wanted.drop))
    for outcome in sorted(report.outcomes, key=lambda one: -max((each.severity for each in one.findings), default=0)):
        if not dropped or not outcome.findings:
            continue
        asked = [word for word in wanted.drop if word.strip().lower() in _SEVERITIES or outcome.goes_by(word.strip())]
        named = dropped.intersection(ids_to_drop([outcome], asked))
        choice = choice.without(_rows_of(choice.manifest, named), f"{outcome.code} {outcome.name}")
        dropped -= named
    return choice


def _listed(report: Report, wanted: Wanted, choice: Choice) -> Choice:
    """Leave out what people chose."""
    known = set(report.manifest.sample_ids.to_pylist())
    for name in wanted.leave_out:
        if name not in known:
            raise ConfigError(
                f"--leave-out: no sample of this dataset is called {name!r}{did_you_mean(name, [*known])}"
            )
    return choice.without(_rows_of(report.manifest, set(wanted.leave_out)), "in your list (--leave-out)")


def _copies(report: Report, wanted: Wanted, choice: Choice) -> Choice:
    """Leave out all but the first of each cluster of copies that have the same label."""
    if wanted.duplicates == "keep":
        return choice
    manifest = choice.manifest
    found = _duplicates(report)
    if found is not None:
        agreeing = (found.exact >= 0) & ~conflicting(manifest, found.exact, exact=True) & ~further_rows(manifest)
        rows = choice.rows[agreeing[choice.rows]]
        # Training is served first: a copy in a later split tests nothing.
        order = rows[np.lexsort((rows, _split_order(manifest)[rows]))]
        _, first = np.unique(found.exact[order], return_index=True)
        choice = choice.without(np.sort(np.delete(order, first)), "an exact copy of a sample that stays")
    elif manifest.modality is Modality.IMAGE:
        raise ConfigError("which samples are copies is not known, the audit scanned nothing: add --duplicates keep")
    if wanted.duplicates == "near":
        near = _rows_of(manifest, set(ids_to_drop(report.outcomes, "DC302")))
        choice = choice.without(near, "a near duplicate of another sample")
    return choice


def _classes(report: Report, wanted: Wanted, choice: Choice) -> Choice:
    """Leave out the samples of all other classes."""
    manifest = report.manifest
    if wanted.classes is None:
        return choice
    if manifest.task is not Task.CLASSIFICATION:
        raise ConfigError(f"--classes needs one class a sample, the task of this dataset is {manifest.task.value}")
    for name in wanted.classes:
        if name not in manifest.classes:
            raise ConfigError(
                f"--classes: expected some of {list(manifest.classes[:20])}, found {name!r}"
                f"{did_you_mean(name, manifest.classes)}"
            )
    kept = pc.fill_null(pc.is_in(manifest.table["label"].cast(pa.string()), pa.array(wanted.classes)), False)
    return choice.without(np.flatnonzero(~np.asarray(kept.to_numpy(), dtype=bool)), "of another class (--classes)")


def _share(report: Report, wanted: Wanted, choice: Choice) -> Choice:
    """Keep a share of each class in each split, in whole groups."""
    if wanted.share is None or not len(choice.rows):
        return choice
    manifest, rows = report.manifest, choice.rows
    strata = _strata(manifest, PlanInputs(manifest).codes)[rows]
    part = rows[small_part(strata, _groups(report)[rows], wanted.share, seed=wanted.seed)]
    return choice.without(np.setdiff1d(rows, part), f"not drawn (--share {wanted.share:g})")


def _duplicates(report: Report) -> DuplicateClusters | None:
    distance = int(report.settings.get("near_duplicate_distance", DEFAULT_NEAR_DUPLICATE_DISTANCE))
    return duplicates_at_hand(report.manifest, report.measurements, distance)


def _strata(manifest: Manifest, codes: NDArray[np.int64]) -> Rows:
    """Return a number for each class in each split, those without either among them; shape [N]."""
    return (manifest.split_codes.astype(np.int64) + 1) * (int(codes.max(initial=-1, where=codes >= 0)) + 2) + codes + 1


def _split_order(manifest: Manifest) -> Rows:
    """Return the order of the splits, samples without one last; shape [N]."""
    codes = manifest.split_codes.astype(np.int64)
    return np.where(codes < 0, len(manifest.splits), codes)


def _groups(report: Report) -> Rows:
    """Return what stays together: groups, copies, and pictures of one thing; shape [N]."""
    manifest, n = report.manifest, len(report.manifest)
    links = []
    for columns in _linked_columns(report):
        rows = np.flatnonzero(columns >= 0)
        _, where, inverse = np.unique(columns[rows], return_index=True, return_inverse=True)
        links.append(np.column_stack((rows[where][inverse], rows)))
    issues = report.issues.filter(pc.is_in(report.issues["code"], value_set=pa.array(_TOGETHER)))
    issues = issues.filter(pc.is_valid(issues["related_id"]))
    ends = [pc.index_in(issues[name], value_set=manifest.sample_ids) for name in ("sample_id", "related_id")]
    both = pc.and_(*map(pc.is_valid, ends))
    links.append(np.column_stack([one.filter(both).to_numpy() for one in ends]))
    pairs = np.concatenate(links).astype(np.int64)
    graph = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _linked_columns(report: Report) -> list[Rows]:
    """Return numbers of groups, declared or shown by file names, and of copies, -1 for none; each of shape [N]."""
    manifest, columns = report.manifest, []
    if "group" in manifest:
        indices = manifest.table["group"].combine_chunks().dictionary_encode().indices
        columns.append(pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int64))
    elif "uri" in manifest:
        labels = manifest.label_codes.astype(np.int64) if manifest.task is Task.CLASSIFICATION else None
        columns += [groups.codes for groups in infer_groups(manifest.table["uri"], labels)]
    found = _duplicates(report)
    if found is not None:
        columns.append(found.linked)
    return columns


def _rows_of(manifest: Manifest, ids: set[str]) -> Rows:
    found = pc.is_in(manifest.sample_ids, value_set=pa.array(sorted(ids), pa.string()))
    return np.flatnonzero(np.asarray(found.to_numpy(), dtype=bool))
