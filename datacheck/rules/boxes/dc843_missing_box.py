"""DC843: objects without a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.probing.objects.missing import NOT_FOUND, Missing
from datacheck.probing.objects.placement import FEWEST_PLANTED, MOST_LISTED, RECALL
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import row_issues
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED
from datacheck.rules.requirements import BOX_PROBE, NO_BOX_PROBE, OBJECTS
from datacheck.stats import proportion
from datacheck.text import number, percent, plural


@dataclass(frozen=True)
class MissingBox(Rule):
    """An object that has no box, by a model that was not trained on its image.

    What
    ----
    Finds places that look like the objects in the boxes of other images, and have no box.

    Why it hurts training
    ---------------------
    A detector is told that there is nothing where an object is, and learns to miss such objects. In a test set a right
    detection is counted as a false one.

    How it is measured
    ------------------
    A regression on what a frozen network sees at the places of an image learns where the centres of boxes are (the
    targets of CenterNet, Zhou et al. 2019), out of sample by image. 15 % of the boxes, drawn at random, are hidden from
    it. The cut is the score that a share of ``recall`` of these reaches. How many objects have no box is counted with
    an interval, as in DC841, for objects that are as easy to see as the hidden boxes. The finding is information: a
    list to look at, the most likely first. An object whose centre lies in the box of another, or less than a place
    (a 24th of the longer side of the image) beside it, is neither found nor counted. Where the cut lists more than a
    quarter of the number of boxes, or so many of the hidden ones are not found at all, nothing is judged. The search
    has 35 % of the budget and what the other checks leave of the rest; where that is too little, it says so, or
    searches a random part of the images.

    How to fix
    ----------
    Look at the places from the top of the list (``boxes/suspects.parquet`` in the run folder), and draw a box where an
    object is. The boxes there are rough, and no replacement.

    Example
    -------
    A box was forgotten::

        DC843 1 place in 1 image looks like an object without a box (the same cut finds 50 % of the boxes that were
          hidden from the model); at most 11 objects have no box, beside 79 boxes (95 % interval from 0):
          'images/0002.jpg' (10, 20, 30, 40)
    """

    code: ClassVar[str] = "DC843"
    name: ClassVar[str] = "missing-box"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (OBJECTS, BOX_PROBE)

    recall: float = RECALL  # the median of the hidden boxes

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        missing = _missing_of(context)
        listed = missing.listed(self.recall)
        self._check_cut(missing, len(listed))
        if not len(listed):
            images = plural(missing.n_images, "image")
            return Passed(f"no place in {images} looks like an object without a box; {missing.n_missing().in_words()}")
        return self._finding(context, missing, listed)

    def _check_cut(self, missing: Missing, n_listed: int) -> None:
        n_hidden = len(missing.hidden_heat)
        if n_hidden < FEWEST_PLANTED:
            raise CannotJudge(f"needs {FEWEST_PLANTED} boxes that were hidden from the model, found {n_hidden}")
        if missing.cut(self.recall) <= NOT_FOUND:
            found = float((missing.hidden_heat > NOT_FOUND).mean())
            raise CannotJudge(
                f"the probe is too weak: it finds {percent(found)} of the boxes that were hidden from the model, and "
                f"{percent(self.recall)} are needed for a cut"
            )
        if n_listed > MOST_LISTED * missing.n_boxes:
            raise CannotJudge(
                f"the probe is too weak: the cut that finds {percent(self.recall)} of the boxes that were hidden from "
                f"the model lists {n_listed:,} places beside {missing.n_boxes:,} boxes"
            )

    def _finding(self, context: RuleContext, missing: Missing, listed: NDArray[np.int64]) -> Found:
        hidden, count = missing.hidden_heat, missing.n_missing()
        found = proportion(int((hidden > missing.cut(self.recall)).sum()), len(hidden))
        notes = [f"an object without a box at {_corners(missing, k)}? "
                 f"({number(round(float(missing.heat[k]), 2))} where 0 is none and 1 an object)"
                 for k in listed]  # fmt: skip
        rows = missing.row[listed]
        heat = np.clip(missing.heat[listed], 0, 1)
        worst = {int(row): float(heat[rows == row].max()) for row in np.unique(rows)}
        issues = row_issues(self, context, list(zip(rows.tolist(), notes, strict=True)), worst)
        names = [f"{context.manifest.sample_ids[row].as_py()!r} {_corners(missing, k)}"
                 for row, k in zip(rows.tolist(), listed, strict=True)]  # fmt: skip
        evidence: dict[str, Any] = {
            "n_places": len(listed),
            "n_images": len(issues),
            "n_images_searched": missing.n_images,
            "n_boxes": missing.n_boxes,
            "hidden": len(hidden),
            "hidden_found_share": found.value,
            "hidden_found_share_low": found.low,
            "hidden_found_share_high": found.high,
            "estimated_errors": count.to_json(),
            "examples": [
                {"place": names[n], "what": notes[n], "box": missing.boxes[k].round(2).tolist()}
                for n, k in enumerate(listed[:N_EXAMPLES])
            ],
        }
        others = len(context.manifest) - missing.n_images
        unsearched = f" ({others:,} others were not searched)" if others else ""
        more = f" and {len(names) - N_NAMED:,} more" if len(names) > N_NAMED else ""
        finding = self.finding(
            f"{plural(len(listed), 'place')} in {plural(len(issues), 'image')}{unsearched} "
            f"{'looks like an object' if len(listed) == 1 else 'look like objects'} without a box (the same cut finds "
            f"{percent(found.value)} of the boxes that were hidden from the model); {count.in_words()}: "
            f"{', '.join(names[:N_NAMED])}{more}",
            "look at them from the first on, and draw a box where an object is",
            evidence=evidence,
            affected=issues,
        )
        return Found((finding,), issues)


def _missing_of(context: RuleContext) -> Missing:
    probe = context.box_probe
    if probe is None:
        raise CannotJudge(NO_BOX_PROBE)
    if probe.missing is None:
        raise CannotJudge(probe.why_not_missing or "images were not searched")
    return probe.missing


def _corners(missing: Missing, k: int) -> str:
    return f"({', '.join(f'{side:.0f}' for side in missing.boxes[k])})"
