"""DC825: one mask for several images."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.masks.shared import mask_files, masks_of
from datacheck.rules.requirements import MASKS, SCAN
from datacheck.text import listed, plural


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
    are copies of one image.

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
        images = context.measured.strings("content_hash")
        groups: dict[str, list[int]] = defaultdict(list)
        columns = zip(masks.column("content_hash"), masks.column("n_values"), strict=True)
        for row, (content, n_values) in enumerate(columns):
            if content is not None and n_values > 1:
                groups[content].append(row)
        shared = [rows for rows in groups.values() if len({images[row] for row in rows}) > 1]
        if not shared:
            return Passed(f"{plural(int(masks.readable.sum()), 'mask')}, no two of them equal")
        rows = np.array([row for group in shared for row in group], dtype=np.int64)
        notes = [f"the same mask as {mask_files(context, np.array(group))[0]}" for group in shared for _ in group]
        numbers = [number for number, group in enumerate(shared) for _ in group]
        issues = self.issues(context.ids(rows), 1.0, note=notes, cluster=numbers)
        files = [mask_files(context, np.array(group)) for group in shared]
        first = (
            f"{plural(len(rows), 'different image')} share {'one mask' if len(shared) == 1 else f'{len(shared)} masks'}"
        )
        finding = self.finding(
            f"{first}: {'; '.join(listed(group, N_EXAMPLES) for group in files[:2])}"
            + (f" and {len(shared) - 2:,} more" if len(shared) > 2 else ""),
            "look at the images with this mask, and draw or export the masks of the others again",
            evidence={"n_masks": len(shared), "n_images": len(rows), "examples": files[:N_EXAMPLES]},
            affected=issues,
        )
        return Found((finding,), issues)
