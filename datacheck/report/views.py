"""What the HTML template shows of each finding: its samples, its evidence, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.findings import Finding
from datacheck.manifest import Manifest, Task
from datacheck.report.dataset import sample_rows
from datacheck.report.evidence_blocks import EvidenceBlocks, evidence_blocks
from datacheck.report.outcomes import RuleOutcome
from datacheck.report.record import ReportRecord
from datacheck.report.rule_pages import RulePage
from datacheck.text import number

GALLERY = 24
"""A gallery shows at most this many samples, and says how many there are."""

MAX_GROUP = 6
"""A cluster of duplicates shows at most this many samples: more would fill the gallery with copies of one image."""

MAX_ROWS = 20 * GALLERY
"""Issue rows that are looked at for one gallery: clusters may hold many more samples than are shown."""

_COLUMNS = ("uri", "label", "target", "labels", "split", "group", "label_uri")
_SUGGESTING = {"DC501"}
"""Rules whose ``note`` is a suggested label."""


@dataclass(frozen=True)
class Tile:
    """One sample of a gallery."""

    sample_id: str
    label: str = ""
    split: str = ""
    value: str = ""
    note: str = ""
    suggested: str = ""
    conflicting: bool = False
    class_index: int = -1
    split_index: int = -1


@dataclass(frozen=True)
class FindingView:
    """Everything that the template shows of one finding."""

    anchor: str
    finding: Finding
    page: RulePage
    evidence: EvidenceBlocks
    groups: tuple[tuple[Tile, ...], ...]
    """Galleries: one group of tiles, or a group for each cluster of duplicates."""
    side_by_side: bool
    n_shown: int
    n_total: int
    classes: tuple[int, ...]
    splits: tuple[int, ...]

    @property
    def paired(self) -> bool:
        """Whether the evidence sets what is given beside what is right; it then stands above the pictures."""
        return any(head.startswith("given") for table in self.evidence.tables for head in table.head)

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The tiles of all groups, in order."""
        return tuple(tile for group in self.groups for tile in group)


def finding_views(report: ReportRecord, pages: Mapping[str, RulePage]) -> tuple[FindingView, ...]:
    """Return the views of all findings, worst first."""
    found = {outcome.code: _issues_of(report, outcome) for outcome in report.outcomes if outcome.findings}
    return tuple(
        _view(report, finding, f"finding-{position}", found[finding.code], pages.get(finding.code, RulePage()))
        for position, finding in enumerate(report.findings, start=1)
    )


@dataclass(frozen=True)
class _RuleIssues:
    """The sample issues of one rule, the classes and splits of its samples, and whether it made a single finding."""

    table: pa.Table
    classes: frozenset[int]
    splits: frozenset[int]
    single: bool


def _issues_of(report: ReportRecord, outcome: RuleOutcome) -> _RuleIssues:
    table = report.issues.filter(pc.equal(report.issues["code"], outcome.code))
    return _RuleIssues(table, *_touched(report.manifest, table), single=len(outcome.findings) == 1)


def _view(report: ReportRecord, finding: Finding, anchor: str, issues: _RuleIssues, page: RulePage) -> FindingView:
    rows = _gallery_rows(issues.table, finding)
    groups, side_by_side = _groups(report, finding, rows)
    tiles = [tile for group in groups for tile in group]
    flagged = {row["sample_id"] for row in rows}
    mentioned = _mentioned(report.manifest, finding)
    classes = mentioned[0] | (issues.classes if issues.single else {tile.class_index for tile in tiles})
    splits = mentioned[1] | (issues.splits if issues.single else {tile.split_index for tile in tiles})
    return FindingView(
        anchor=anchor,
        finding=finding,
        page=page,
        evidence=evidence_blocks(finding.evidence),
        groups=groups,
        side_by_side=side_by_side,
        n_shown=sum(tile.sample_id in flagged for tile in tiles),
        n_total=max(finding.n_affected, len(finding.sample_ids)),
        classes=tuple(sorted(classes - {-1})),
        splits=tuple(sorted(splits - {-1})),
    )


def _gallery_rows(issues: pa.Table, finding: Finding) -> list[dict[str, Any]]:
    """Return the issue rows of a finding's samples, worst first, with what clusters with them; capped."""
    ids = finding.sample_ids[: 2 * GALLERY]
    if not ids:
        return []
    named = pc.is_in(issues["sample_id"], value_set=pa.array(ids, pa.string()))
    clusters = pa.array(set(issues["cluster"].filter(named).to_pylist()) - {None}, pa.int64())
    wanted = pc.or_(named, pc.is_in(issues["cluster"], value_set=clusters)) if len(clusters) else named
    rows: list[dict[str, Any]] = issues.filter(wanted).slice(0, MAX_ROWS).to_pylist()
    known = {row["sample_id"] for row in rows}
    rows += [_bare(sample_id) for sample_id in ids if sample_id not in known]
    rank = {sample_id: position for position, sample_id in enumerate(ids)}
    first: dict[int, int] = {}
    for row in rows:
        if row["cluster"] is not None:
            place = rank.get(row["sample_id"], len(ids))
            first[row["cluster"]] = min(first.get(row["cluster"], len(ids)), place)

    def order(row: Mapping[str, Any]) -> tuple[int, int, int]:
        own = rank.get(row["sample_id"], len(ids))
        cluster = row["cluster"]
        return (own, -1, own) if cluster is None else (first[cluster], cluster, own)

    return sorted(rows, key=order)


def _bare(sample_id: str) -> dict[str, Any]:
    return {"sample_id": sample_id, "value": None, "related_id": None, "cluster": None, "note": None}


def _groups(
    report: ReportRecord, finding: Finding, rows: Sequence[dict[str, Any]]
) -> tuple[tuple[tuple[Tile, ...], ...], bool]:
    """Return tiles in clusters where the rows have clusters or relatives, else in one gallery."""
    related = [row["related_id"] for row in rows if row["related_id"]]
    places = sample_rows(report.manifest, [row["sample_id"] for row in rows] + related, _COLUMNS)
    shown = {row["sample_id"] for row in rows}
    clustered: dict[Any, list[dict[str, Any]]] = {}
    paired = False
    for row in rows:
        if row["cluster"] is not None:
            group = clustered.setdefault(("cluster", row["cluster"]), [])
            group.append(row)
            if row["related_id"] in places and row["related_id"] not in shown:  # the twin in another split, say
                shown.add(row["related_id"])
                group.append(_bare(row["related_id"]))
        elif row["related_id"] in places and finding.code not in _SUGGESTING:
            key = ("pair", *sorted((row["sample_id"], row["related_id"])))
            group = clustered.setdefault(key, [])
            known = {entry["sample_id"] for entry in group}
            other = _bare(row["related_id"])
            group.extend(entry for entry in (row, other) if entry["sample_id"] not in known)
            paired = True
        else:
            clustered.setdefault("alone", []).append(row)
    side_by_side = paired or any(key != "alone" for key in clustered)
    groups = []
    left = GALLERY
    for key, members in clustered.items():
        if left <= 0:
            break
        room = min(left, MAX_GROUP) if key != "alone" else left
        tiles = [_tile(report.manifest, row, places, finding) for row in members[:room]]
        if key != "alone" and len({tile.label for tile in tiles if tile.label}) > 1:
            tiles = [Tile(**{**vars(tile), "conflicting": True}) for tile in tiles]
        groups.append(tuple(tiles))
        left -= len(tiles)
    return tuple(groups), side_by_side


def _tile(manifest: Manifest, row: Mapping[str, Any], places: Mapping[str, Any], finding: Finding) -> Tile:
    place = places.get(row["sample_id"], {})
    label = place.get("label")
    if label is None and place.get("target") is not None:
        label = number(place["target"])
    if label is None and place.get("labels"):
        label = ", ".join(place["labels"])
    note = row["note"] or ""
    suggesting = finding.code in _SUGGESTING and note in manifest.classes
    return Tile(
        sample_id=row["sample_id"],
        label="" if label is None else str(label),
        split=place.get("split") or "",
        value="" if row["value"] is None else number(float(row["value"])),
        note="" if suggesting else note,
        suggested=note if suggesting else "",
        class_index=manifest.classes.index(label) if label in manifest.classes else -1,
        split_index=manifest.splits.index(place["split"]) if place.get("split") else -1,
    )


def _touched(manifest: Manifest, issues: pa.Table) -> tuple[frozenset[int], frozenset[int]]:
    """Return the classes and splits of all samples of a rule."""
    rows = pc.drop_null(pc.index_in(issues["sample_id"], value_set=manifest.sample_ids)).to_numpy()
    classified = manifest.task is Task.CLASSIFICATION
    classes = np.unique(manifest.label_codes[rows]).tolist() if classified else []
    return frozenset(classes), frozenset(np.unique(manifest.split_codes[rows]).tolist())


def _mentioned(manifest: Manifest, finding: Finding) -> tuple[set[int], set[int]]:
    """Return the classes and splits whose names stand in the evidence, as a key or as a whole value."""
    leaves: set[str] = set()
    stack: list[Any] = [finding.evidence]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            leaves.update(str(key) for key in value)
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value)
        elif isinstance(value, str):
            leaves.add(value)
    return (
        {k for k, name in enumerate(manifest.classes) if name in leaves},
        {s for s, name in enumerate(manifest.splits) if name in leaves},
    )
