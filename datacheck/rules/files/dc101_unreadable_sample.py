"""DC101: samples that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues
from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import ReadFailure
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import counts_by, few
from datacheck.text import plural


@dataclass(frozen=True)
class UnreadableSample(Rule):
    """A sample cannot be read or decoded.

    What
    ----
    Groups the samples that the scan could not read by reason, with how many there are in each class and split.

    Why it hurts training
    ---------------------
    A loader that raises stops the run, hours in, when the sample comes up; one that skips or fills with zeros trains
    on less, or on something else, than you think.

    How it is measured
    ------------------
    The scan reads and decodes every file once, whole; a failure is a row of the measurements with its reason.

    How to fix
    ----------
    Fetch or export the file again, or leave it out of the dataset. The remedy of each finding follows its reason.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.testing import measurements_for
    >>> manifest = Manifest.from_columns({"uri": ["a.jpg", "b.jpg"]})
    >>> measured = measurements_for(manifest, error=[None, "truncated"])
    >>> UnreadableSample().check(RuleContext(manifest, measured)).findings[0].message
    "1 of 2 samples cannot be read (truncated): 'b.jpg'"
    """

    code: ClassVar[str] = "DC101"
    name: ClassVar[str] = "unreadable-sample"
    severity: ClassVar[Severity] = Severity.ERROR

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.measurements is None:
            return NotApplicable("nothing was scanned: the dataset has no files or pixels that can be reached")
        unreadable = np.flatnonzero(~context.measurements.readable)
        if not len(unreadable):
            return Passed(f"all {plural(len(context.manifest), 'sample')} can be read")
        reasons = np.array([str(reason) for reason in context.measurements.strings("error")[unreadable]])
        names, counts = np.unique(reasons, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        findings = tuple(self._finding(context, str(names[k]), unreadable[reasons == names[k]]) for k in order)
        details = context.measurements.strings("error_detail")[unreadable]
        ids = context.manifest.sample_ids.take(unreadable)
        notes = [f"{reason}: {detail}" if detail else reason for reason, detail in zip(reasons, details, strict=True)]
        return Found(findings, sample_issues(self.code, ids, np.ones(len(unreadable)), note=notes))

    def _finding(self, context: RuleContext, reason: str, rows: NDArray[np.int64]) -> Finding:
        manifest = context.manifest
        ids = manifest.sample_ids.take(rows[:100]).to_pylist()
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{len(rows):,} of {plural(len(manifest), 'sample')} cannot be read ({reason}): {few(ids)}",
            remedy=REMEDIES.get(reason, "look at the files, and replace them or leave them out"),
            evidence={"reason": reason, "n": len(rows), "share": len(rows) / len(manifest), **_where(manifest, rows)},
            sample_ids=tuple(ids),
            n_affected=len(rows),
        )


def _where(manifest: Manifest, rows: NDArray[np.int64]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if manifest.task is Task.CLASSIFICATION:
        found["by_class"] = counts_by(manifest.classes, manifest.label_codes, rows)
    if manifest.splits:
        found["by_split"] = counts_by(manifest.splits, manifest.split_codes, rows)
    return found


REMEDIES: dict[str, str] = {
    ReadFailure.ZERO_BYTES: "fetch the files again: an empty file is an interrupted copy or a full disk",
    ReadFailure.NOT_AN_IMAGE: "open one as text: it is often an error page or a pointer (git lfs pull); fetch it again",
    ReadFailure.TRUNCATED: "fetch the files again and compare sizes: the end is missing",
    ReadFailure.CORRUPT: "fetch or export the files again; check the disk when they were whole before",
    ReadFailure.DECOMPRESSION_BOMB: "scale the images down, or leave them out: they decode to more pixels than is safe",
    ReadFailure.TOO_LARGE: "leave the files out, or cut them into tiles: they are too large to be read as one image",
    ReadFailure.PERMISSION: "make the files readable for the user that trains: chmod a+r",
    ReadFailure.VANISHED: "restore the files, mount their disk, or correct the paths, which point at nothing",
    ReadFailure.NOT_A_FILE: "point at files: these are folders or devices",
    ReadFailure.UNSUPPORTED_MODE: "convert the images to 8-bit RGB or grey",
    ReadFailure.ESCAPES_ROOT: "move the files below the dataset's root, or audit from a root that holds them (DC107)",
    ReadFailure.CRASHED: "leave the files out: reading one brings its whole process down, as it would your loader's",
    ReadFailure.TIMEOUT: "check the storage: reading took too long",
}
"""What to do, by reason."""
