"""DC826: specks in masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.mask_classes import interpolated
from datacheck.annotations.masks import Masks
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import class_masks_of
from datacheck.rules.masks.shared import N_OF_OBJECT, mask_files, mask_issues, named
from datacheck.rules.requirements import MASKS
from datacheck.stats import proportion
from datacheck.text import percent, plural


@dataclass(frozen=True)
class MaskIslands(Rule):
    """A mask has specks: regions far smaller than all that the class has otherwise.

    What
    ----
    Names the masks with tiny separate regions of a class, and how many pixels these have.

    Why it hurts training
    ---------------------
    A speck is a slip of the brush or what a tool left over when it filled or resized. A network that scales its input
    down cannot see it, yet metrics by region and tools that make boxes from masks count each as an object.

    How it is measured
    ------------------
    By connected regions (8 neighbours), class by class, in classes with at least 20 regions. The usual size of a class
    is that in which its middle pixel lies: half of its pixels are in larger regions, so that many specks do not change
    it. A region is a speck if it has at most 1 % of the usual size and, together with all smaller ones of its class,
    less than 0.1 % of the pixels of the class. Few masks with specks among clean ones are a warning, if no region of
    the class is between the specks and ten times their size; where more than ``usual`` of the masks have some (the
    upper end of a 95 % Wilson interval) they come from the way in which masks were made, and are information. The
    ignored value (``ignore_index=``, or 255) is not judged.

    Of one mask file an object, a speck is a part of the object, or a hole in it, under ``part`` of its largest part.
    Few such masks are a warning.

    How to fix
    ----------
    Look at the place that is named. Remove specks by a filter on the region's size, and only those that are no object.

    Example
    -------
    The brush touched one mask twice::

        DC826 1 mask has specks, tiny separate regions: 'masks/09.png' (of value 2 with 2 pixels, usually 361, at x 5,
          y 3; 1 more)
    """

    code: ClassVar[str] = "DC826"
    name: ClassVar[str] = "mask-islands"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (MASKS,)

    usual: float = 0.15
    part: float = 0.1  # an object that is hidden in the middle shows two parts of like size

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = class_masks_of(context)
        judged = masks.readable & ~interpolated(masks)
        if masks.instances:
            judged &= masks.table["n_values"].to_numpy() == N_OF_OBJECT
            return self._in_objects(context, masks, Regions.of(masks, judged), int(judged.sum()))
        regions = Regions.of(masks, judged)
        found = {int(value): usual_and_cut(regions.size[regions.value == value]) for value in np.unique(regions.value)}
        form = masks.form
        no_class = {value for value in found if value == form.ignored or form.is_unknown(value)}
        cuts = {value: cut for value, cut in found.items() if cut is not None and value not in no_class}
        if not cuts:
            raise CannotJudge(f"no class has {FEWEST} regions to compare")
        limit = np.array([cuts[value][1] if value in cuts else 0 for value in regions.value.tolist()])
        specks = np.flatnonzero(regions.size <= limit)
        if not len(specks):
            return Passed(
                f"{plural(len(regions.value), 'region')} in {plural(len(cuts), 'class', 'classes')}, no speck"
            )
        return self._found(context, masks, regions, specks, cuts, int(judged.sum()))

    def _in_objects(self, context: RuleContext, masks: Masks, regions: Regions, n_judged: int) -> Outcome:
        specks, largest = specks_of_objects(regions, self.part)
        if not len(specks):
            return Passed(f"{plural(n_judged, 'mask')} of one object each, no speck and no small hole")
        rows, first, counts = np.unique(regions.row[specks], return_index=True, return_counts=True)
        at = dict(zip(rows.tolist(), zip(specks[first].tolist(), counts.tolist(), strict=True), strict=True))
        widths = masks.column("width")

        def note(row: int) -> str:
            one, count = at[row]
            down, right = divmod(int(regions.place[one]), widths[row])
            what = "part" if regions.value[one] else "hole"
            more = f"; {count - 1:,} more" if count > 1 else ""
            size, of = plural(int(regions.size[one]), "pixel"), f"{int(largest[row]):,}"
            return f"({what} of {size}, the object has {of}, at x {right}, y {down}{more})"

        share = proportion(len(rows), n_judged)
        issues = mask_issues(self, context, rows, note)
        of_all = "" if len(rows) == 1 else f" of {n_judged:,}, {percent(share.value)},"
        finding = self.finding(
            f"{plural(len(rows), 'mask')}{of_all} {'has' if len(rows) == 1 else 'have'} specks or small holes beside "
            f"the object: {named(context, rows, note)}",
            "look at the places: remove the specks, fill the holes, and split a mask that holds two objects",
            severity=Severity.WARNING if share.high <= self.usual else Severity.INFO,
            evidence={
                "n_masks": len(rows),
                "n_specks": len(specks),
                "n_holes": int((regions.value[specks] == 0).sum()),
                "share": share.value,
                "examples": mask_files(context, rows[:N_EXAMPLES]),
            },
            affected=issues,
        )
        return Found((finding,), issues)

    def _found(
        self,
        context: RuleContext,
        masks: Masks,
        regions: Regions,
        specks: NDArray[np.int64],
        cuts: dict[int, tuple[int, int]],
        n_judged: int,
    ) -> Found:
        rows, first, counts = np.unique(regions.row[specks], return_index=True, return_counts=True)
        at = dict(zip(rows.tolist(), zip(specks[first].tolist(), counts.tolist(), strict=True), strict=True))
        widths, colour = masks.column("width"), any(masks.column("colour"))

        def note(row: int) -> str:
            one, count = at[row]
            down, right = divmod(int(regions.place[one]), widths[row])
            value = int(regions.value[one])
            shown = masks.form.value_name(value, colour=colour)
            pixels = f"of value {shown} with {plural(int(regions.size[one]), 'pixel')}, usually {cuts[value][0]:,},"
            more = f"; {count - 1:,} more" if count > 1 else ""
            return f"({pixels} at x {right}, y {down}{more})"

        share = proportion(len(rows), n_judged)
        stands_out = all(_stands_out(regions, specks, value) for value in np.unique(regions.value[specks]))
        issues = mask_issues(self, context, rows, note)
        of_all = "" if len(rows) == 1 else f" of {n_judged:,}, {percent(share.value)},"
        finding = self.finding(
            f"{plural(len(rows), 'mask')}{of_all} {'has' if len(rows) == 1 else 'have'} specks, tiny separate regions: "
            f"{named(context, rows, note)}",
            "look at the places, and remove specks that are no object by a filter on the region's size",
            severity=Severity.WARNING if share.high <= self.usual and stands_out else Severity.INFO,
            evidence={
                "n_masks": len(rows),
                "n_specks": len(specks),
                "share": share.value,
                "by_value": _by_value(regions, specks, cuts),
                "examples": mask_files(context, rows[:N_EXAMPLES]),
            },
            affected=issues,
        )
        return Found((finding,), issues)


FEWEST = 20
"""Regions of a class from which on its usual size is known."""

SMALL = 0.01
"""Share of the usual size up to which a region can be a speck."""

RARE = 0.001
"""Share of the pixels of a class that all specks together may have."""

GAP = 10
"""Times its size up to which no other region of the class lies where specks stand out."""


@dataclass(frozen=True)
class Regions:
    """All regions of all masks: the row, value, pixels and first pixel of each; [R]."""

    row: NDArray[np.int64]
    value: NDArray[np.int64]
    size: NDArray[np.int64]
    place: NDArray[np.int64]

    @classmethod
    def of(cls, masks: Masks, judged: NDArray[np.bool_]) -> Regions:
        """Return the regions of some masks where they were counted."""
        names = ("region_values", "region_sizes", "region_places")
        lists = [[each if ok else None for each, ok in zip(masks.column(name), judged, strict=True)] for name in names]
        counts = np.array([0 if each is None else len(each) for each in lists[0]], dtype=np.int64)
        columns = [np.array([one for each in column for one in each or ()], dtype=np.int64) for column in lists]
        return cls(np.repeat(np.arange(len(counts)), counts), *columns)


def usual_and_cut(sizes: NDArray[np.int64]) -> tuple[int, int] | None:
    """Return the usual size of the regions of a class, and the size up to which they are specks; None for too few.

    Examples
    --------
    >>> usual_and_cut(np.array([900] * 30 + [2, 1]))
    (900, 2)
    >>> usual_and_cut(np.array([900, 2]))
    """
    if len(sizes) < FEWEST:
        return None
    levels, counts = np.unique(sizes, return_counts=True)
    pixels = np.cumsum(levels * counts)
    usual = int(levels[np.searchsorted(pixels, pixels[-1] / 2)])
    small = levels[(levels <= SMALL * usual) & (pixels < RARE * pixels[-1])]
    return usual, int(small[-1]) if len(small) else 0


def specks_of_objects(regions: Regions, part: float) -> tuple[NDArray[np.int64], dict[int, int]]:
    """Return the small parts and holes of masks of one object each, and the pixels of the largest part by mask.

    Examples
    --------
    >>> regions = Regions(*np.array([[0, 0, 0, 0], [0, 0, 255, 255], [900, 2, 90, 3], [0, 40, 7, 60]]))
    >>> specks_of_objects(regions, 0.1)
    (array([1, 3]), {0: 90})
    """
    ground = regions.value == 0
    most = np.zeros((2, int(regions.row.max(initial=0)) + 1), dtype=np.int64)
    np.maximum.at(most, (ground.astype(np.int64), regions.row), regions.size)
    largest = most[0][regions.row]
    small = (regions.size < part * largest) & ~(ground & (regions.size == most[1][regions.row]))
    specks = np.flatnonzero(small)
    return specks, {row: int(most[0][row]) for row in np.unique(regions.row[specks]).tolist()}


def _stands_out(regions: Regions, specks: NDArray[np.int64], value: int) -> bool:
    """Return whether no region of a class lies between its specks and ten times their size."""
    sizes = regions.size[regions.value == value]
    largest = regions.size[specks[regions.value[specks] == value]].max()
    return not bool(((sizes > largest) & (sizes < GAP * largest)).any())


def _by_value(regions: Regions, specks: NDArray[np.int64], cuts: dict[int, tuple[int, int]]) -> dict[str, Any]:
    values, counts = np.unique(regions.value[specks], return_counts=True)
    return {
        str(value): {"specks": int(count), "usual_pixels": cuts[int(value)][0]}
        for value, count in zip(values.tolist(), counts.tolist(), strict=True)
    }
