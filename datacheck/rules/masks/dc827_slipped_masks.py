"""DC827: masks that belong to a neighbour in the listing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.masks import Masks
from datacheck.annotations.regions import GRID
from datacheck.annotations.slips import FEWEST, SIGNAL, Agreement, agreement, read_edges
from datacheck.annotations.turns import turned
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import natural_key
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import class_masks_of
from datacheck.rules.masks.shared import image_masks
from datacheck.rules.requirements import MASKS, SCAN
from datacheck.text import number, percent, plural


@dataclass(frozen=True)
class SlippedMasks(Rule):
    """Masks show the image before or after theirs: the listing slipped by some rows.

    What
    ----
    Tests from the content whether the borders in each mask lie where its own image has edges, or where a neighbour of
    the listing has them. The names of the files are not looked at (DC103 does that): masks that were saved under the
    wrong names are found.

    Why it hurts training
    ---------------------
    Every mask is a little wrong. Nothing crashes, and in a video the model even learns, to be one frame late.

    How it is measured
    ------------------
    Split by split, in natural order of the names. Edges of images and borders of masks are put on a grid of 64 x 64
    places, the mean of the listing is taken off, and their correlation is compared: with the own mask, with those up to
    3 rows away, and with others. The run of rows that gains most by a slip is named if its gain is above 1.5 times that
    of 99 random orders of the masks, and 70 % of its rows fit better. Where masks fit their images no better than
    others (6 standard errors), or where a slip by one that is put into the listing would not be found because frames
    are alike, the rule cannot tell. Of a split of more than ``most`` pairs, as many are read in blocks of 100 rows.

    How to fix
    ----------
    Look at the first pair that is named and its neighbours, find the mask that is missing or doubled there, and rename
    the masks after it.

    Example
    -------
    A mask was saved twice, so that all later ones are one row late::

        DC827 13 images, 'images/22.png' to 'images/34.png', have the mask of the image 1 row before: with the mask 1
          row later, borders fit edges better in 100 % of them
    """

    code: ClassVar[str] = "DC827"
    name: ClassVar[str] = "slipped-masks"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MASKS, SCAN)

    most: int = 3000

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = class_masks_of(context)
        findings, issues, seen, reasons, n_seen = [], [], 0, [], 0
        for name, listing in _listings(context, masks):
            rows = in_blocks(listing, self.most)
            ok, edges = read_edges(context.manifest, rows)
            rows = rows[ok]
            if len(rows) < FEWEST:
                reasons.append(f"{name}needs {FEWEST} pairs that can be read, found {len(rows)}")
                continue
            found = agreement(edges, _borders(masks, rows, context.mask_turns), context.seed)
            if found.slip is not None:
                finding, table = self._found(context, name, rows, found)
                findings.append(finding)
                issues.append(table)
            elif not found.sees_slips:
                reasons.append(name + _why_not(found))
            else:
                seen, n_seen = seen + 1, n_seen + len(rows)
        if findings:
            return Found(tuple(findings), pa.concat_tables(issues))
        if not seen:
            raise CannotJudge("; ".join(reasons) or "no image has a mask that can be read")
        unclear = f"; cannot tell: {'; '.join(reasons)}" if reasons else ""
        return Passed(f"the borders of {plural(n_seen, 'mask')} lie where the edges of their own images are{unclear}")

    def _found(
        self, context: RuleContext, name: str, rows: NDArray[np.int64], found: Agreement
    ) -> tuple[Finding, pa.Table]:
        slip = found.slip
        assert slip is not None
        inside = rows[slip.first : slip.last + 1]
        uris = context.manifest.table["uri"]
        first, last = (uris[int(row)].as_py() for row in (inside[0], inside[-1]))
        late = "before" if slip.by > 0 else "after"
        other = f"{plural(abs(slip.by), 'row')} {'later' if slip.by > 0 else 'earlier'}"
        right = [image_masks(context, rows[[place + slip.by]])[0] for place in range(slip.first, slip.last + 1)]
        issues = self.issues(
            context.ids(inside), slip.fits_better_share, value=[float(slip.by)] * len(inside),
            note=[f"fits {each} better" for each in right],
        )  # fmt: skip
        finding = self.finding(
            f"{name}{plural(len(inside), 'image')}, {first!r} to {last!r}, have the mask of the image "
            f"{plural(abs(slip.by), 'row')} {late}: with the mask {other}, borders fit edges better in "
            f"{percent(slip.fits_better_share)} of them",
            "look at the first pair and its neighbours, find the mask that is missing or doubled, and rename the rest",
            evidence={
                "rows_later": slip.by,
                "n_images": len(inside),
                "fits_better_share": slip.fits_better_share,
                "mean_correlation_as_given": found.own,
                "mean_correlation_random": found.random,
                "first": first,
                "last": last,
                "examples": right[:N_EXAMPLES],
            },
            affected=issues,
        )
        return finding, issues


BLOCK_ROWS = 100
"""Neighbouring rows that are read together where a listing is too long to be read whole."""


def _why_not(found: Agreement) -> str:
    if found.standard_errors < SIGNAL:
        return (
            "the borders in masks do not follow the edges in their images: they fit "
            f"{number(found.standard_errors, 2)} standard errors better than those of other images"
        )
    return "neighbouring images are so alike that a slip by one row could not be told"


def _listings(context: RuleContext, masks: Masks) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the rows with a mask of each split, in natural order of the images' names, with the words for the split."""
    manifest = context.manifest
    uris = [str(uri) for uri in manifest.table["uri"].to_pylist()]
    splits = manifest.split_codes if manifest.splits else np.zeros(len(manifest), dtype=np.int64)
    readable = np.isin(np.arange(len(manifest)), masks.readable_rows) & context.measured.readable
    for code, split in enumerate(manifest.splits or ("",)):
        rows = np.flatnonzero((splits == code) & readable)
        if len(rows):
            order = sorted(range(len(rows)), key=lambda k: natural_key(uris[rows[k]]))
            yield f"{split}: " if split else "", rows[order]


def in_blocks(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many rows, in blocks of neighbours that are spread evenly.

    Examples
    --------
    >>> in_blocks(np.arange(1000), 200)[[0, 99, 100, 199]].tolist()
    [0, 99, 900, 999]
    """
    if len(rows) <= most:
        return rows
    n_blocks = max(2, most // BLOCK_ROWS)
    starts = np.linspace(0, len(rows) - BLOCK_ROWS, n_blocks).astype(int)
    return rows[np.unique(starts[:, None] + np.arange(BLOCK_ROWS))]


def _borders(masks: Masks, rows: NDArray[np.int64], turns: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the borders of the masks of some images; of one file an object, the first has those of all."""
    with_borders = np.flatnonzero(masks.table["borders"].is_valid().to_numpy())
    place = with_borders[np.searchsorted(masks.rows[with_borders], rows)]
    column: list[Any] = masks.table["borders"].take(pa.array(place)).to_pylist()
    grids = [np.frombuffer(each, dtype=np.uint8).reshape(GRID, GRID) for each in column]
    upright = [turned(grid, turns[row]) for grid, row in zip(grids, rows.tolist(), strict=True)]
    return np.array(upright, dtype=np.float32).reshape(-1, GRID * GRID)
