"""DC902: the same files are in the training and the validation loader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
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
    By the paths that both datasets list, or by the items where both are parts of one dataset; of each the items that
    its sampler can give. Else by the audited files that the drawn images were found to be: this can find shared
    files, and tells that there are none only where ``whole`` of both datasets was found. Copies under another name
    are DC301 and DC303 of the audit.

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

    whole: float = 0.9

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        train, val = context.train, context.val
        assert val is not None, "required"
        ours, theirs = _files(train), _files(val)
        if ours is not None and theirs is not None:
            return self._judged(ours, theirs, "files of the validation loader")
        if train.reachable_in is not None and val.reachable_in is not None:
            (dataset, items), (other, val_items) = train.reachable_in, val.reachable_in
            if dataset == other:
                wanted, given = ({f"item {item}" for item in each.tolist()} for each in (items, val_items))
                return self._judged(wanted, given, "items of the validation loader")
        return self._by_content(context)

    def _by_content(self, context: PreflightContext) -> Outcome:
        """Judge by the audited files that the drawn images were found to be."""
        train, val, manifest = context.train, context.val, context.manifest
        assert val is not None, "required"
        if manifest is None or train.found is None or val.found is None:
            raise CannotJudge("the datasets list no files, and no audit was given to find them again")
        rows = [np.unique(found.row[found.row >= 0]) for found in (train.found, val.found)]
        if not len(rows[0]) or not len(rows[1]):
            raise CannotJudge(
                "the datasets list no files, and the images of "
                f"{'train' if not len(rows[0]) else 'val'!r} were not found again: look at them without augmentation"
            )
        ours, theirs = ({str(manifest.sample_ids[row].as_py()) for row in each.tolist()} for each in rows)
        complete = all(
            loader.n_items is not None and len(each) >= self.whole * loader.n_items
            for loader, each in zip((train, val), rows, strict=True)
        )
        if not complete and not ours & theirs:
            raise CannotJudge(
                f"the datasets list no files; {len(ours):,} files of 'train' and {len(theirs):,} of 'val' were drawn "
                "and none is in both, which does not tell of the others"
            )
        return self._judged(ours, theirs, "validation images that were drawn and found again")

    def _judged(self, ours: set[str], theirs: set[str], what: str) -> Outcome:
        both = sorted(ours & theirs)
        if not both:
            return Passed(f"{plural(len(theirs), 'validation sample')}, none in the training loader")
        common = len(os.path.commonpath([*both, *theirs])) if len(theirs) > 1 else 0
        named = [name[common:].lstrip("/") or name for name in both]
        finding = self.finding(
            f"{len(both):,} of {len(theirs):,} {what} are in the training loader as well, such as {listed(named[:1])}",
            "split once, with a seed, and build both datasets from that split",
            evidence={"n_shared": len(both), "n_val": len(theirs), "examples": named[:10]},
            affected=len(both),
        )
        return Found((finding,))


def _files(loader: LoaderEvidence) -> set[str] | None:
    """Return the files that a loader's sampler can give; None where the dataset lists none."""
    if loader.paths is None:
        return None
    return set(loader.paths) if loader.reachable is None else {loader.paths[item] for item in loader.reachable.tolist()}
