"""What a report stores: everything that one audit found, and the questions that its tables alone answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import ConfigError, did_you_mean
from datacheck.findings import SAMPLE_ISSUES_SCHEMA, Finding, Found, Severity
from datacheck.manifest import Manifest, Task
from datacheck.report.gaps import Gap, find_gaps
from datacheck.report.outcomes import RuleOutcome, json_safe
from datacheck.report.run_folder import FINDINGS, VERSION
from datacheck.scanning.measurements import Measurements

if TYPE_CHECKING:
    import pandas as pd

    from datacheck.fingerprints import Fingerprint
    from datacheck.plan import TrainingPlan
    from datacheck.probing.objects import BoxProbe
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.probing.segments import MaskProbe

LEADING = ("DC103", "DC108", "DC901", "DC303", "DC305", "DC304", "DC501")
"""Of findings of one severity these come first: labels of other samples, scores of samples seen in training, and wrong
labels spoil every model and every score."""

_FRAME_COLUMNS = ("uri", "label", "target", "split", "group")
"""Columns of the manifest that `ReportRecord.to_frame` adds to the sample issues."""


@dataclass(frozen=True, eq=False)
class ReportRecord:
    """The stored part of a `Report`, which has the same attributes."""

    manifest: Manifest
    measurements: Measurements | None = None
    fingerprint: Fingerprint | None = None
    probe: ProbeOutputs | None = None
    plan: TrainingPlan | None = None
    outcomes: tuple[RuleOutcome, ...] = ()
    seconds: float = 0.0
    created: str = ""
    version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    box_probe: BoxProbe | None = None
    mask_probe: MaskProbe | None = None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, worst first, then those of `LEADING`, then by the number of samples, then by code."""
        rank = {code: place for place, code in enumerate(LEADING)}

        def order(one: Finding) -> tuple[int, int, int, str]:
            return -one.severity, rank.get(one.code, len(rank)), -one.n_affected, one.code

        return tuple(sorted((each for outcome in self.outcomes for each in outcome.findings), key=order))

    @cached_property
    def issues(self) -> pa.Table:
        """The sample issues of all rules, a row for each (rule, sample)."""
        tables = [outcome.outcome.issues for outcome in self.outcomes if isinstance(outcome.outcome, Found)]
        return pa.concat_tables(tables) if tables else SAMPLE_ISSUES_SCHEMA.empty_table()

    @property
    def worst(self) -> Severity | None:
        """The highest severity found; None where nothing was."""
        return self.findings[0].severity if self.findings else None

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Findings by severity (``error``, ``warning``, ``info``), worst first."""
        return {
            severity.label: sum(finding.severity is severity for finding in self.findings)
            for severity in sorted(Severity, reverse=True)
        }

    @property
    def failed(self) -> tuple[RuleOutcome, ...]:
        """The rules that crashed."""
        return self.with_status("failed")

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """What was given or asked and was not judged; while there is any, the result is not green."""
        declared = self.settings.get("source", {}).get("task") == Task.UNLABELLED.value
        return find_gaps(self.manifest, self.outcomes, self.unmet, declared_unlabelled=declared)

    @property
    def identity(self) -> str:
        """Identity of the dataset, 32 hexadecimal digits; empty without a fingerprint."""
        return "" if self.fingerprint is None else f"{self.fingerprint.identity:032x}"

    def with_status(self, status: str) -> tuple[RuleOutcome, ...]:
        """Return the rules whose `RuleOutcome.status` is ``status``."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == status)

    def exit_code(self, fail_on: Severity = Severity.ERROR) -> int:
        """Return 2 where a rule crashed, 1 for a finding at or above ``fail_on``, 2 where there are `gaps`, else 0."""
        if self.failed:
            return 2
        if self.worst is not None and self.worst >= fail_on:
            return 1
        return 2 if self.gaps else 0

    def select(self, *codes: str) -> Self:
        """Return the report of some rules: codes (``DC304``), prefixes of codes (``DC3``) or names.

        Raises
        ------
        ConfigError
            When no rule of this report goes by that code or name.
        """
        for code in codes:
            if not any(outcome.goes_by(code) for outcome in self.outcomes):
                known = [word for outcome in self.outcomes for word in (outcome.code, outcome.name)]
                raise ConfigError(
                    f"expected one of the {len(self.outcomes)} rules of this report, found {code!r}"
                    f"{did_you_mean(code, known)}"
                )
        return replace(self, outcomes=tuple(one for one in self.outcomes if any(map(one.goes_by, codes))))

    def to_frame(self) -> pd.DataFrame:
        """Return the sample issues with each sample's uri, label, target and split; a row for each (rule, sample)."""
        issues = self.issues
        names = {outcome.code: outcome.name for outcome in self.outcomes}
        table = issues.add_column(
            1, "name", pa.array([names.get(code, "") for code in issues["code"].to_pylist()], pa.string())
        )
        rows = pc.index_in(issues["sample_id"], value_set=self.manifest.sample_ids)
        for column in _FRAME_COLUMNS:
            if column in self.manifest:
                table = table.append_column(column, self.manifest.table[column].take(rows))
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def to_json(self) -> dict[str, Any]:
        """Return the findings and every rule's outcome as plain JSON values (see ``schema/findings.schema.json``)."""
        manifest = self.manifest
        return {
            "schema": FINDINGS,
            "version": VERSION,
            "datacheck": self.version,
            "created": self.created,
            "seconds": self.seconds,
            "settings": json_safe(self.settings),
            "dataset": {
                "took_for": manifest.took_for,
                "task": manifest.task.value,
                "modality": manifest.modality.value,
                "root": None if manifest.root is None else str(manifest.root),
                "samples": len(manifest),
                "classes": list(manifest.classes),
                "splits": list(manifest.splits),
                "inventory": json_safe(manifest.inventory.to_json()),
            },
            "summary": {
                "worst": None if self.worst is None else self.worst.label,
                "findings": dict(self.counts),
                "rules": {
                    status.replace("-", "_"): len(self.with_status(status))
                    for status in ("passed", "found", "not-applicable", "failed")
                },
            },
            "gaps": [gap.to_json() for gap in self.gaps],
            "notes": list(self.notes),
            "unmet": list(self.unmet),
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        unjudged = f", {len(self.gaps)} unjudged" if self.gaps else ""
        return f"<Report of {len(self.manifest):,} samples: {counts}{unjudged}; {len(self.outcomes)} rules>"
