"""DC101: samples that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest.readers import ReadFailure
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_NAMED
from datacheck.rules.requirements import SCAN
from datacheck.text import listed, plural


@dataclass(frozen=True)
class UnreadableSample(Rule):
    """A sample cannot be read or decoded.

    What
    ----
    Groups the samples that the scan could not read by the reason, and counts them by class and split.

    Why it hurts training
    ---------------------
    A loader that raises stops the run, hours later, when this sample comes up. A loader that skips the sample or fills
    it with zeros trains on fewer or on other samples than you think.

    How it is measured
    ------------------
    The scan reads and decodes every file once, completely. A failure is a row of the measurements, with its reason.

    How to fix
    ----------
    Copy or export the file again, or leave it out of the dataset. The remedy of each finding depends on its reason.

    Example
    -------
    A copy was interrupted::

        cat/1.jpg    81 kB
        cat/2.jpg    12 kB, its end is missing

        DC101 1 of 2 samples cannot be read (truncated): 'cat/2.jpg'
    """

    code: ClassVar[str] = "DC101"
    name: ClassVar[str] = "unreadable-sample"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (SCAN,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        unreadable = np.flatnonzero(~context.measured.readable)
        if not len(unreadable):
            return Passed(f"all {plural(len(context.manifest), 'sample')} can be read")
        reasons = np.array([str(reason) for reason in context.measured.strings("error")[unreadable]])
        names, counts = np.unique(reasons, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        findings = tuple(self._finding(context, str(names[k]), unreadable[reasons == names[k]]) for k in order)
        details = context.measured.strings("error_detail")[unreadable]
        notes = [f"{reason}: {detail}" if detail else reason for reason, detail in zip(reasons, details, strict=True)]
        return Found(findings, self.issues(context.ids(unreadable), note=notes))

    def _finding(self, context: RuleContext, reason: str, rows: NDArray[np.int64]) -> Finding:
        manifest = context.manifest
        issues = self.issues(context.ids(rows))
        return self.finding(
            f"{len(rows):,} of {plural(len(manifest), 'sample')} cannot be read ({reason}): "
            f"{listed(issues['sample_id'].to_pylist(), N_NAMED)}",
            REMEDIES.get(reason, "look at the files, and replace them or leave them out"),
            evidence={"reason": reason, "n": len(rows), "share": len(rows) / len(manifest), **context.where(rows)},
            affected=issues,
        )


REMEDIES: dict[str, str] = {
    ReadFailure.ZERO_BYTES: "fetch the files again: an empty file is an interrupted copy or a full disk",
    ReadFailure.NOT_AN_IMAGE: "open one as text: maybe it is an error page or a pointer (git lfs pull); fetch it again",
    ReadFailure.TRUNCATED: "fetch the files again and compare sizes: the end is missing",
    ReadFailure.CORRUPT: "fetch or export the files again; if they were readable before, check the disk",
    ReadFailure.DECOMPRESSION_BOMB: "scale the images down or leave them out: they decode to more pixels than is safe",
    ReadFailure.TOO_LARGE: "leave the files out or cut them into tiles: they are too large to read as one image",
    ReadFailure.PERMISSION: "make the files readable for the user that trains: chmod a+r",
    ReadFailure.VANISHED: "restore the files, mount their disk, or correct the paths: there is no such file",
    ReadFailure.NOT_A_FILE: "point at files: these are folders or devices",
    ReadFailure.UNSUPPORTED_MODE: "convert the images to 8-bit RGB or grey",
    ReadFailure.ESCAPES_ROOT: "move the files below the dataset's root, or audit from a root that holds them (DC107)",
    ReadFailure.CRASHED: "leave the files out: reading one crashes its process, and would crash your loader too",
    ReadFailure.TIMEOUT: "check the storage: reading took too long",
}
"""What to do, by reason."""
