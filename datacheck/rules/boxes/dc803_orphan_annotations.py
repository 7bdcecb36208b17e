"""DC803: annotations that belong to no image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import ANNOTATIONS
from datacheck.text import plural


@dataclass(frozen=True)
class OrphanAnnotations(Rule):
    """Annotations point to an image that is not in the dataset.

    What
    ----
    Counts the annotations of a file for many images whose image is not listed in it (COCO), or whose file does not
    exist (CVAT). A label file of one image without that image is DC102; an image that COCO, a table or a column lists
    and whose file does not exist is DC101.

    Why it hurts training
    ---------------------
    They are dropped without a word, or stop the loader. Often they show that two exports were mixed, or that images
    were deleted after the labels were drawn.

    How it is measured
    ------------------
    Each annotation of COCO names its image by a number, which is looked up in the file's list of images. Each image of
    CVAT is looked for by its path, or the end of it.

    How to fix
    ----------
    Restore the images, or delete the annotations.

    Example
    -------
    Images were removed from the list, their boxes were not::

        DC803 3 annotations belong to no image of the dataset: 'instances.json' annotation id 7 (image id 41),
          'instances.json' annotation id 8 (image id 41), 'instances.json' annotation id 9 (image id 41)
    """

    code: ClassVar[str] = "DC803"
    name: ClassVar[str] = "orphan-annotations"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (ANNOTATIONS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        kind = context.manifest.annotation_format
        if kind is None or "label_uri" in context.manifest:
            raise CannotJudge("each annotation file belongs to one image: those without an image are DC102")
        if not kind.n_orphans:
            return Passed("each annotation belongs to an image")
        more = kind.n_orphans - len(kind.orphans)
        verb = "belongs" if kind.n_orphans == 1 else "belong"
        finding = self.finding(
            f"{plural(kind.n_orphans, 'annotation')} {verb} to no image of the dataset: {', '.join(kind.orphans)}"
            + (f" and {more:,} more" if more else ""),
            "restore the images, or delete the annotations",
            evidence={"n_orphans": kind.n_orphans, "examples": list(kind.orphans)},
            affected=kind.n_orphans,
        )
        return Found((finding,))
