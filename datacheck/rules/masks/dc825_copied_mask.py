"""DC825: one mask for several images."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from datacheck.annotations.masks import Masks
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.shared import row_issues
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import masks_of
from datacheck.rules.masks.shared import mask_files
from datacheck.rules.requirements import MASKS, SCAN
from datacheck.text import have, listed, plural


@dataclass(frozen=True)
class CopiedMask(Rule):
    """Different images have the very same mask.

    What
    ----
    Finds masks that are equal pixel by pixel although their images differ.

    Why it hurts training
    ---------------------
    At most one of these images can have the right mask: a file was copied, or saved under two names. The others teach
    wrong borders.

    How it is measured
    ------------------
    By a hash of the pixels of each mask and of each image file. Masks of a single value are left out (DC823), and so
    are copies of one image. Of one mask file an object, equal files of one image are named, and images all of whose
    objects are equal.

    How to fix
    ----------
    Look at the images with this mask, and draw or export the masks of the others again.

    Example
    -------
    A mask was saved under the next name as well::

        DC825 2 different images share one mask: 'masks/20.png' and 'masks/21.png'
    """

    code: ClassVar[str] = "DC825"
    name: ClassVar[str] = "copied-mask"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MASKS, SCAN)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = masks_of(context)
        equal = _equal(masks)
        own = masks.rows
        twice = [group for group in equal if len({own[k] for k in group}) < len(group)]
        images = context.measured.strings("content_hash")
        shared = _in_whole(masks, equal) if masks.instances else equal
        shared = [group for group in shared if len({images[own[k]] for k in group}) > 1]
        if not (shared or twice):
            return Passed(f"{plural(int(masks.readable.sum()), 'mask')}, no two of them equal")
        parts = [self._shared(context, shared)] if shared else []
        if twice:
            parts.append(self._twice(context, twice))
        return Found.of(parts)

    def _shared(self, context: RuleContext, shared: list[list[int]]) -> tuple[Finding, pa.Table]:
        rows = np.array([k for group in shared for k in group], dtype=np.int64)
        files = [mask_files(context, np.array(group)) for group in shared]
        notes = [f"the same mask as {names[0]}" for names in files for _ in names]
        numbers = [number for number, group in enumerate(shared) for _ in group]
        issues = self.issues(context.ids(masks_of(context).rows[rows]), 1.0, note=notes, cluster=numbers)
        masks = "one mask" if len(shared) == 1 else f"{len(shared)} masks"
        if context.manifest.has_instances:
            masks = f"all their masks ({plural(len(shared), 'group')})"
        finding = self.finding(
            f"{plural(len(rows), 'different image')} share {masks}: {_groups(files)}",
            "look at the images with this mask, and draw or export the masks of the others again",
            evidence={"n_masks": len(shared), "n_images": len(rows), "examples": files[:N_EXAMPLES]},
            affected=issues,
        )
        return finding, issues

    def _twice(self, context: RuleContext, twice: list[list[int]]) -> tuple[Finding, pa.Table]:
        files = [mask_files(context, np.array(group)) for group in twice]
        own = masks_of(context).rows
        issues = row_issues(
            self,
            context,
            [(int(own[group[0]]), f"equal masks: {listed(names)}") for group, names in zip(twice, files, strict=True)],
        )
        finding = self.finding(
            f"{have(len(twice), 'object')} several equal mask files: {_groups(files)}",
            "delete all but one of these files: each counts as an object",
            evidence={"n_objects": len(twice), "examples": files[:N_EXAMPLES]},
            affected=issues,
        )
        return finding, issues


def _groups(files: list[list[str]]) -> str:
    more = f" and {len(files) - 2:,} more" if len(files) > 2 else ""
    return "; ".join(listed(group, N_EXAMPLES) for group in files[:2]) + more


def _equal(masks: Masks) -> list[list[int]]:
    """Return the groups of masks with equal pixels, of two values at least."""
    groups: dict[str, list[int]] = defaultdict(list)
    columns = zip(masks.column("content_hash"), masks.column("n_values"), strict=True)
    for number, (content, n_values) in enumerate(columns):
        if content is not None and n_values > 1:
            groups[content].append(number)
    return [group for group in groups.values() if len(group) > 1]


def _in_whole(masks: Masks, equal: list[list[int]]) -> list[list[int]]:
    """Return the groups of images all of whose objects have equal masks, each by its first mask."""
    kind = {number: place for place, group in enumerate(equal) for number in group}
    of_image: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(masks.rows.tolist()):
        of_image[row].append(number)
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for numbers in of_image.values():
        if all(number in kind for number in numbers):
            groups[tuple(sorted({kind[number] for number in numbers}))].append(numbers[0])
    return [group for group in groups.values() if len(group) > 1]
