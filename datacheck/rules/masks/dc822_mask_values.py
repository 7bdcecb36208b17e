"""DC822: mask values that are no class."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.mask_classes import interpolated
from datacheck.annotations.masks import Masks
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import class_masks_of
from datacheck.rules.masks.shared import mask_files, mask_issues, named
from datacheck.rules.requirements import MASKS
from datacheck.text import have, listed, plural


@dataclass(frozen=True)
class MaskValues(Rule):
    """Pixels of a mask have a value that is no class.

    What
    ----
    Names the masks with values outside the declared classes; without declared classes, values of very few masks that
    lie far from all the values of the others.

    Why it hurts training
    ---------------------
    A value beyond the classes stops the loss with an index error, or on a GPU with a CUDA assert that names no file.

    How it is measured
    ------------------
    With ``classes=``, K classes are the values 0 to K − 1. The value of ``ignore_index=``, or else 255, is taken as
    ignored. Without classes, a value is usual if at least ``usual`` of the masks (and two) have it. A value that is
    not usual is named where it lies further from each usual one than ``gap`` times the widest step between two usual
    values: a rare class lies among or beside the others. Masks that were interpolated are left to DC824, colours that
    a table of colours lacks to DC828.

    How to fix
    ----------
    Declare a value that marks pixels without a class: ``--ignore-index 11``. Correct the masks that are named, or map
    the values to classes in the loader.

    Example
    -------
    One mask has a stray value::

        DC822 1 mask has values that are no class (the others have 0, 1 and 2): 'masks/13.png' (200)
    """

    code: ClassVar[str] = "DC822"
    name: ClassVar[str] = "mask-values"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MASKS,)

    usual: float = 0.02
    gap: float = 4.0

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = class_masks_of(context)
        judged = masks.readable & ~interpolated(masks)
        if not judged.any():
            raise CannotJudge("no mask has classes as values (see DC824)")
        values = [_judged_values(each, masks) for each in masks.column("values")]
        classes, ignored = () if masks.instances else context.manifest.classes, masks.form.ignored
        if classes:
            known = np.array([*range(len(classes)), ignored])
            wrong = [np.setdiff1d(each, known) if judged[row] else each[:0] for row, each in enumerate(values)]
        else:
            known, wrong = self._by_the_others(values, judged, ignored)
        rows = np.array([row for row, each in enumerate(wrong) if len(each)], dtype=np.int64)
        if not len(rows):
            return Passed(f"{plural(int(judged.sum()), 'mask')} with {plural(len(known), 'value')}")

        def note(row: int) -> str:
            return f"({_names(wrong[row], masks)})"

        issues = mask_issues(self, context, rows, note)
        compared = f"declared are {len(classes):,} classes" if classes else f"the others have {_names(known, masks)}"
        finding = self.finding(
            f"{have(len(rows), 'mask')} values that are no class ({compared}): {named(context, rows, note)}",
            _remedy(context, values, wrong, int(judged.sum())),
            severity=Severity.ERROR if classes or len(rows) == 1 else Severity.WARNING,
            evidence={
                "n_masks": len(rows),
                "values": sorted({int(value) for each in wrong for value in each})[:N_EXAMPLES],
                "usual_values": known[:N_EXAMPLES].tolist(),
                "examples": mask_files(context, rows[:N_EXAMPLES]),
            },
            affected=issues,
        )
        return Found((finding,), issues)

    def _by_the_others(
        self, values: list[NDArray[np.int64]], judged: NDArray[np.bool_], ignored: int
    ) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
        """Return the usual values, and the stray ones of each mask."""
        n_masks = int(judged.sum())
        if n_masks < FEWEST:
            raise CannotJudge(
                f"without declared classes, fewer than {FEWEST} masks tell no usual values: give classes="
            )
        counts = Counter(int(value) for row, each in enumerate(values) if judged[row] for value in each)
        least = max(2, self.usual * n_masks)
        known = np.array(sorted(value for value, count in counts.items() if count >= least), dtype=np.int64)
        plain = known[known != ignored]
        if not len(plain):
            raise CannotJudge("no value is shared by several masks")
        widest = int(np.diff(plain).max(initial=1))
        stray = {
            value
            for value, count in counts.items()
            if count < least and value != ignored and np.abs(plain - value).min() > self.gap * widest
        }
        return known, [
            np.array([value for value in each.tolist() if value in stray] if judged[row] else [], dtype=np.int64)
            for row, each in enumerate(values)
        ]


FEWEST = 10
"""Masks from which on the values that most of them have tell the classes."""


MANY = 0.05
"""Share of the masks from which on one value without a class may mark pixels that do not count (and `FEWEST`)."""


def _remedy(context: RuleContext, values: list[NDArray[np.int64]], wrong: list[NDArray[np.int64]], n_masks: int) -> str:
    """Return what to do; one value in many masks may be one to ignore, where no other is."""
    form = context.manifest.mask_format
    found = np.unique(np.concatenate(wrong))
    n_rows = sum(len(each) > 0 for each in wrong)
    taken = form.ignore_index is not None or any(form.ignored in each for each in values)
    fix = "correct these masks, or map the values to classes in the loader"
    if not context.manifest.classes or len(found) != 1 or taken or n_rows < max(FEWEST, MANY * n_masks):
        return fix
    return f"if {found[0]} marks pixels that do not count, declare it: ignore_index={found[0]}; else {fix}"


def _judged_values(found: list[int] | None, masks: Masks) -> NDArray[np.int64]:
    """Return the values of a mask without colours that the table lacks: DC828 names those."""
    return np.array([value for value in found or () if not masks.form.is_unknown(value)], dtype=np.int64)


def _names(values: NDArray[np.int64], masks: Masks) -> str:
    colour = any(masks.column("colour"))
    words = [masks.form.value_name(int(value), colour=colour) for value in values]
    return listed(words, N_EXAMPLES).replace("'", "")
