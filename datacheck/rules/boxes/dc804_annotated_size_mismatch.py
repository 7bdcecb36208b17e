"""DC804: the annotations state another image size than the file has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import ImageSizes, size_words
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import row_issues
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED
from datacheck.rules.requirements import ANNOTATIONS, SCAN
from datacheck.text import plural


@dataclass(frozen=True)
class AnnotatedSizeMismatch(Rule):
    """The annotations state another image size than the file has.

    What
    ----
    Names the images whose width and height differ from what their annotations state. Where the two are exchanged by
    the EXIF orientation of the file, that is said.

    Why it hurts training
    ---------------------
    Boxes in pixels of another size lie at wrong places. Usually the images were resized after they were annotated. A
    photo with an EXIF orientation is turned by some loaders and not by others, so its boxes fit only in one of them.

    How it is measured
    ------------------
    The size in the file's header, as stored and turned upright, against the size in the annotations. A stated size of
    0 x 0 is taken as none.

    How to fix
    ----------
    Scale the boxes by the ratio of the sizes, or restore the images. Photos with an EXIF orientation: turn the pixels
    once (``ImageOps.exif_transpose``), save them without the tag, and check that the boxes fit.

    Example
    -------
    Images were resized after the boxes were drawn::

        DC804 2 images have another size than their annotations state: 'a/01.jpg' is 320 x 240, stated 640 x 480;
          'a/02.jpg' is 320 x 240, stated 640 x 480
    """

    code: ClassVar[str] = "DC804"
    name: ClassVar[str] = "annotated-size-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (ANNOTATIONS, SCAN)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        sizes = context.image_sizes
        stated = ~np.isnan(sizes.annotated).any(axis=1)
        if not stated.any():
            raise CannotJudge("the annotations state no image size")
        other, turned = size_mismatches(sizes)
        if not (other.any() or turned.any()):
            return Passed(f"{plural(int(stated.sum()), 'image')} of the size that the annotations state")
        notes = [(row, self._note(sizes, row)) for row in np.flatnonzero(other | turned).tolist()]
        issues = row_issues(self, context, notes)
        findings = []
        if other.any():
            findings.append(self._other(context, np.flatnonzero(other)))
        if turned.any():
            findings.append(self._turned(context, np.flatnonzero(turned)))
        return Found(tuple(findings), issues)

    def _note(self, sizes: ImageSizes, row: int) -> str:
        return f"is {size_words(sizes.upright[row])}, stated {size_words(sizes.annotated[row])}"

    def _other(self, context: RuleContext, rows: NDArray[np.int64]) -> Finding:
        uris = context.manifest.table["uri"]
        named = [f"{uris[int(row)].as_py()!r} {self._note(context.image_sizes, int(row))}" for row in rows[:N_EXAMPLES]]
        more = len(rows) - N_NAMED
        verb = "has another size than its" if len(rows) == 1 else "have another size than their"
        return self.finding(
            f"{plural(len(rows), 'image')} {verb} annotations state: {'; '.join(named[:N_NAMED])}"
            + (f" and {more:,} more" if more > 0 else ""),
            "scale the boxes by the ratio of the sizes, or restore the images that were annotated",
            evidence={"n_images": len(rows), "examples": named, **context.where(rows)},
            affected=row_issues(self, context, [(row, self._note(context.image_sizes, row)) for row in rows.tolist()]),
        )

    def _turned(self, context: RuleContext, rows: NDArray[np.int64]) -> Finding:
        uris = context.manifest.table["uri"]
        named = [repr(uris[int(row)].as_py()) for row in rows[:N_EXAMPLES]]
        return self.finding(
            f"{plural(len(rows), 'image')} with an EXIF orientation: the annotations state the size before the photo "
            f"is turned upright, such as {named[0]}: boxes fit only in loaders that do not turn",
            "turn the pixels and save them without the tag (ImageOps.exif_transpose), and turn the boxes with them",
            severity=Severity.WARNING,
            evidence={"n_images": len(rows), "examples": named, **context.where(rows)},
            affected=row_issues(self, context, [(row, self._note(context.image_sizes, row)) for row in rows.tolist()]),
        )


def size_mismatches(sizes: ImageSizes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which images differ from the stated size, and which only by their EXIF orientation; [N] each.

    Examples
    --------
    >>> stored, upright = np.array([[6.0, 4.0], [6.0, 4.0]]), np.array([[6.0, 4.0], [4.0, 6.0]])
    >>> size_mismatches(ImageSizes(stored, upright, np.array([[3.0, 2.0], [6.0, 4.0]])))
    (array([ True, False]), array([False,  True]))
    """
    known = ~np.isnan(sizes.annotated).any(axis=1) & ~np.isnan(sizes.upright).any(axis=1)
    as_upright = (sizes.annotated == sizes.upright).all(axis=1)
    as_stored = (sizes.annotated == sizes.stored).all(axis=1)
    return known & ~as_upright & ~as_stored, known & as_stored & ~as_upright
