"""DC801: annotation files, or lines of them, that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.shared import place, places, row_issues
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.requirements import ANNOTATIONS
from datacheck.text import have, plural


@dataclass(frozen=True)
class UnreadableAnnotation(Rule):
    """An annotation file, or a line of it, cannot be read.

    What
    ----
    Names each annotation file, line or object that is not what the format asks for: words where numbers belong, too
    few coordinates, damaged XML or JSON, a missing class.

    Why it hurts training
    ---------------------
    Some trainers stop in the middle of an epoch. Others skip the image with a warning that nobody reads, or take it as
    an image without objects, which teaches the model not to find them.

    How it is measured
    ------------------
    Each file is read in its format, line by line or object by object. What can be read is judged by the other rules.

    How to fix
    ----------
    Correct or delete the lines that are named, or export the annotations again.

    Example
    -------
    A note was left in a label file::

        DC801 1 annotation file has content that cannot be read: 'labels/0006.txt' line 2 (expected a class number and
          at least 4 coordinates, found 'ring at the left')
    """

    code: ClassVar[str] = "DC801"
    name: ClassVar[str] = "unreadable-annotation"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (ANNOTATIONS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        column = context.manifest.table["annotation_problems"].to_pylist()
        found = [(row, each["line"], each["what"]) for row, many in enumerate(column) for each in many or ()]
        if not found:
            return Passed("all annotations could be read")
        first_row, first_line, first_what = found[0]
        files = {place(context, row, 0) for row, _, _ in found}
        more = f"; then {places(context, [(row, line) for row, line, _ in found[1:]])}" if len(found) > 1 else ""
        kind = context.manifest.annotation_format
        word = "object" if kind is None else kind.place
        notes = [(row, f"{word} {line}: {what}" if line > 0 else what) for row, line, what in found]
        issues = row_issues(self, context, notes)
        finding = self.finding(
            f"{have(len(files), 'annotation file')} content that cannot be read: "
            f"{place(context, first_row, first_line)} ({first_what}){more}",
            f"correct or delete {plural(len(found), 'place')}, or export the annotations again",
            evidence={
                "n_places": len(found),
                "examples": [{"place": place(context, r, line), "what": what} for r, line, what in found[:N_EXAMPLES]],
            },
            affected=issues,
        )
        return Found((finding,), issues)
