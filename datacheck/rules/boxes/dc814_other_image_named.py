"""DC814: an annotation file states the name of another image than the one that it is paired with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import row_issues
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED
from datacheck.rules.requirements import ANNOTATIONS
from datacheck.text import plural


@dataclass(frozen=True)
class OtherImageNamed(Rule):
    """An annotation file states the name of another image than the one that it is paired with.

    What
    ----
    Compares the file name in an annotation (``<filename>`` of Pascal VOC, ``imagePath`` of LabelMe) with the image that
    has the annotation's name. It is a warning where the stated name is that of another image of the dataset, and a
    remark where no image has it, or only the extension differs.

    Why it hurts training
    ---------------------
    Some training code pairs by the names of the files, other code opens the image that the annotation states. Where
    the two differ, one of them trains on boxes of another image, or fails to find the image.

    How it is measured
    ------------------
    Names without folders are compared, and without regard to case. An annotation that states no extension is right
    when the rest is.

    How to fix
    ----------
    Look at the image with its boxes. Where they fit, write the image's name into the annotation; where they fit the
    stated image, exchange the annotation files.

    Example
    -------
    Annotation files were copied as templates, and the name in them was left::

        DC814 2 annotations state the name of another image of the dataset: 'images/0003.jpg' has '0004.jpg';
          'images/0005.jpg' has '0006.jpg'
    """

    code: ClassVar[str] = "DC814"
    name: ClassVar[str] = "other-image-named"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (ANNOTATIONS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if "annotated_image" not in context.manifest:
            raise CannotJudge("the annotations state no names of images")
        table = context.manifest.table
        stated = table["annotated_image"].to_pylist()
        kinds = kinds_of_names([(uri or "").rpartition("/")[2] for uri in table["uri"].to_pylist()], stated)
        notes = {row: f"has {stated[row]!r}" for row, kind in enumerate(kinds) if kind}
        if not notes:
            return Passed(f"{plural(sum(map(bool, stated)), 'annotation')} with the name of their image")
        found = {kind: [row for row in notes if kinds[row] == kind] for kind in ("another", "none", "extension")}
        findings = tuple(self._finding(context, kind, rows, notes) for kind, rows in found.items() if rows)
        return Found(findings, row_issues(self, context, [(row, notes[row]) for row in found["another"]]))

    def _finding(self, context: RuleContext, kind: str, rows: list[int], notes: dict[int, str]) -> Finding:
        uris = context.manifest.table["uri"]
        named = [f"{uris[row].as_py()!r} {notes[row]}" for row in rows[:N_EXAMPLES]]
        more = f" and {len(rows) - N_NAMED:,} more" if len(rows) > N_NAMED else ""
        words = {
            "another": "the name of another image of the dataset",
            "none": "the name of no image of the dataset",
            "extension": "the name of their image with another extension",
        }[kind]
        verb = "states" if len(rows) == 1 else "state"
        return self.finding(
            f"{plural(len(rows), 'annotation')} {verb} {words}: {'; '.join(named[:N_NAMED])}{more}",
            "look at the boxes: write the image's name where they fit it, exchange the files where they fit the other"
            if kind == "another"
            else "write the image's name into the annotation, or have training code pair by the names of the files",
            severity=Severity.WARNING if kind == "another" else Severity.INFO,
            evidence={"n_images": len(rows), "examples": named},
            affected=row_issues(self, context, [(row, notes[row]) for row in rows]),
        )


def kinds_of_names(images: list[str], stated: list[str | None]) -> list[str]:
    """Return how the name that each annotation states differs from its image's: one of four words.

    Empty where it does not differ or none is stated; ``extension``; ``another`` for the name of another image;
    ``none`` for the name of no image.

    Examples
    --------
    >>> kinds_of_names(["1.jpg", "2.jpg", "3.jpg", "4.jpg"], ["1.JPG", "1.jpg", "3.png", "p9.jpg"])
    ['', 'another', 'extension', 'none']
    """
    names = [image.lower() for image in images]
    known = {*names, *(_stem(name) for name in names)}
    kinds = []
    for own, written in zip(names, stated, strict=True):
        name = (written or "").lower()
        if not name or name in (own, _stem(own)):
            kinds.append("")
        elif _stem(name) == _stem(own):
            kinds.append("extension")
        else:
            kinds.append("another" if name in known or _stem(name) in known else "none")
    return kinds


def _stem(name: str) -> str:
    head, dot, _ = name.rpartition(".")
    return head if dot else name
