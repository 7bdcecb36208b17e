"""DC902: the same files are in the training and the validation loader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import VAL, CannotJudge, LoaderRule
from datacheck.text import listed, plural


@dataclass(frozen=True)
class SharedSamples(LoaderRule):
    """The same files are in the training and the validation loader.

    What
    ----
    Looks for files that both loaders can give.

    Why it hurts training
    ---------------------
    The validation score is then measured on what was learned by heart. It happens when the training loader wraps
    the whole dataset, or when a random split is drawn twice.

    How it is measured
    ------------------
    By the paths that both datasets list; else by the audited files that the drawn images were found to be. Copies
    under another name are DC301 and DC303 of the audit.

    How to fix
    ----------
    Split once, with a seed, and build both datasets from that split.

    Example
    -------
    The training set was never cut::

        DC902 12 of 12 files of the validation loader are in the training loader as well, such as '000.jpg'
    """

    code: ClassVar[str] = "DC902"
    name: ClassVar[str] = "shared-samples"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (VAL,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        train, val = context.train, context.val
        assert val is not None, "required"
        if train.paths is not None and val.paths is not None:
            ours, theirs = set(train.paths), set(val.paths)
            what = "files of the validation loader"
        elif train.found is not None and val.found is not None and context.manifest is not None:
            names = context.manifest.sample_ids
            ours, theirs = (
                {str(names[int(row)].as_py()) for row in loader.found.row if row >= 0}
                for loader in (train, val)
                if loader.found is not None
            )
            what = "validation images that were drawn and found again"
        else:
            raise CannotJudge("the datasets list no files, and no audit was given to find them again")
        both = sorted(ours & theirs)
        if not both:
            return Passed(f"{plural(len(theirs), 'validation file')}, none in the training loader")
        common = len(os.path.commonpath([*both, *theirs])) if len(theirs) > 1 else 0
        named = [name[common:].lstrip("/") or name for name in both]
        finding = self.finding(
            f"{len(both):,} of {len(theirs):,} {what} are in the training loader as well, such as {listed(named[:1])}",
            "split once, with a seed, and build both datasets from that split",
            evidence={"n_shared": len(both), "n_val": len(theirs), "examples": named[:10]},
            affected=len(both),
        )
        return Found((finding,))
