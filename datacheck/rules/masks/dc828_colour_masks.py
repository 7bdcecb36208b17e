"""DC828: masks whose classes are colours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.mask_classes import interpolated
from datacheck.annotations.masks import Masks
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import colour_name
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import class_masks_of
from datacheck.rules.masks.shared import mask_files, mask_issues, named
from datacheck.rules.requirements import MASKS
from datacheck.sources.annotations.colour_tables import colour_table
from datacheck.text import have, listed, percent, plural


@dataclass(frozen=True)
class ColourMasks(Rule):
    """Masks give classes as colours, which a table must turn into numbers.

    What
    ----
    Says which colours the masks have and how often, and compares them with the table of colours, where there is one.
    Names the masks with colours that are not in the table.

    Why it hurts training
    ---------------------
    A loader that reads colours as grey, or takes one channel, merges classes. A colour that the table lacks becomes
    class 0 or an error, depending on the loader.

    How it is measured
    ------------------
    All pixels of all masks. The table is the file ``table`` of this rule's settings, or ``class_dict.csv``,
    ``label_colors.txt``, ``labelmap.txt``, ``color_map.csv``, ``colormap.csv`` or ``classes.csv`` in the dataset's
    folder or beside the masks: a line with a name and red, green and blue for each class. Masks are read by the table
    beside them, so that all rules on masks know their classes. Colours outside it with less than ``trace`` of the
    pixels of all masks are left out. Without a table the colours with at least that share are proposed, by their
    frequency; nothing is guessed about their names, and nothing is changed.

    How to fix
    ----------
    Write the table of colours down beside the dataset, use it in the loader, and correct colours that are not in it.

    Example
    -------
    There is no table::

        DC828 36 masks give classes as 3 colours, and no table says which is which: (0, 0, 0) 91 %, (10, 200, 10)
          4.8 %, (200, 10, 10) 4.2 % of the pixels
    """

    code: ClassVar[str] = "DC828"
    name: ClassVar[str] = "colour-masks"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (MASKS,)

    table: str = ""
    trace: float = 0.0001  # of all pixels: an editor's soft brush leaves so few

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = class_masks_of(context)
        rows = np.flatnonzero(np.array([bool(each) for each in masks.column("colour")]) & ~interpolated(masks))
        if not len(rows):
            return Passed("no mask gives classes as colours")
        counts = _colours(masks, rows)
        total = sum(counts.values())
        usual = [colour for colour, count in counts.most_common() if count >= self.trace * total]
        file, table = self._table(context, masks)
        if table:
            return self._compared(context, masks, rows, usual, file, table)
        shown = [f"{colour_name(colour)} {percent(counts[colour] / total)}" for colour in usual[:N_EXAMPLES]]
        more = f" and {len(usual) - len(shown):,} more" if len(usual) > len(shown) else ""
        finding = self.finding(
            f"{have(len(rows), 'mask').replace('has', 'gives').replace('have', 'give')} classes as "
            f"{plural(len(usual), 'colour')}, and no table says which is which: {', '.join(shown)}{more} of the pixels",
            "write a table of name, red, green and blue beside the dataset (class_dict.csv), and use it in the loader",
            evidence={
                "n_masks": len(rows),
                "proposed_table": {str(number): colour_name(colour) for number, colour in enumerate(usual)},
                "shares": {colour_name(colour): counts[colour] / total for colour in usual},
            },
        )
        return Found((finding,))

    def _table(self, context: RuleContext, masks: Masks) -> tuple[str, dict[int, str]]:
        """Return the file and the colours of the table: the one given, or that by which the masks were read."""
        form = masks.form
        if form.colours and not self.table:
            return form.table, {colour: form.names[number] for colour, number in form.colours}
        return colour_table(context.manifest.root, self.table)

    def _compared(
        self,
        context: RuleContext,
        masks: Masks,
        rows: NDArray[np.int64],
        usual: list[int],
        file: str,
        table: dict[int, str],
    ) -> Outcome:
        unknown = [colour for colour in usual if colour not in table]
        if not unknown:
            return Passed(f"all {plural(len(usual), 'colour')} of {plural(len(rows), 'mask')} are in {file}")
        values, form = masks.column("values"), masks.form
        own = {row: {form.colour_of(value) for value in values[row]} for row in rows.tolist()}
        found = {row: [colour for colour in unknown if colour in own[row]] for row in own}
        wrong = np.array([row for row in rows.tolist() if found[row]], dtype=np.int64)

        def note(row: int) -> str:
            return f"({listed([colour_name(one) for one in found[row]], N_EXAMPLES)})".replace("'", "")

        issues = mask_issues(self, context, wrong, note)
        finding = self.finding(
            f"{have(len(wrong), 'mask')} colours that are not among the {plural(len(table), 'colour')} of {file}: "
            f"{named(context, wrong, note)}",
            f"correct these masks, or add the colours to {file}",
            severity=Severity.WARNING,
            evidence={
                "n_masks": len(wrong),
                "unknown": [colour_name(colour) for colour in unknown[:N_EXAMPLES]],
                "examples": mask_files(context, wrong[:N_EXAMPLES]),
            },
            affected=issues,
        )
        return Found((finding,), issues)


def _colours(masks: Masks, rows: NDArray[np.int64]) -> Counter[int]:
    counts: Counter[int] = Counter()
    values, numbers = masks.column("values"), masks.column("counts")
    for row in rows.tolist():
        for value, number in zip(values[row], numbers[row], strict=True):
            counts[masks.form.colour_of(value)] += number
    return counts
