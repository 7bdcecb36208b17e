"""DC812: the very same box in many images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, class_of, object_issues, place
from datacheck.rules.requirements import OBJECTS
from datacheck.text import plural


@dataclass(frozen=True)
class RepeatedTemplate(Rule):
    """The very same box stands in many images: it was copied from image to image.

    What
    ----
    Finds boxes of one class with the same four numbers in many images.

    Why it hurts training
    ---------------------
    A box that was copied from image to image marks whatever lies at that place. The detector learns a place instead of
    a thing.

    How it is measured
    ------------------
    Equal numbers in at least ``fewest`` images that are at least ``share`` of the images with that class, while most
    other boxes of the class differ. A box over the whole image is left out, and so are copies of one image. Objects
    that always lie at one place (a fixed camera) look the same: then all is well.

    How to fix
    ----------
    Look at some of the images with the box. Delete the box where there is no object.

    Example
    -------
    A box of the first image was copied to the next ones::

        DC812 1 box of 'ring' stands at the very same place in 12 of 60 images, such as 'labels/000.txt' line 2
    """

    code: ClassVar[str] = "DC812"
    name: ClassVar[str] = "repeated-template"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (OBJECTS,)

    fewest: int = 8
    share: float = 0.02

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        boxes = boxes_of(context)
        objects = boxes.objects
        covers = (boxes.sizes >= WHOLE * boxes.frame).all(axis=1)
        usable = np.flatnonzero(~covers & ~objects.crowd & (objects.class_id >= 0))
        if len(usable) < self.fewest:
            raise CannotJudge(f"fewer than {self.fewest} boxes")
        group, counts = same_boxes(
            objects.class_id[usable], objects.boxes[usable], _images(context, objects.row[usable])
        )
        images_of_class = np.zeros(len(context.manifest.classes), dtype=np.int64)
        pairs = np.unique(objects.class_id[usable] * np.int64(len(context.manifest)) + objects.row[usable])
        np.add.at(images_of_class, pairs // len(context.manifest), 1)
        n_images = images_of_class[objects.class_id[usable]]
        often = (counts[group] >= np.maximum(self.fewest, self.share * n_images)) & (counts[group] < n_images / 2)
        if not often.any():
            return Passed("no box stands at the very same place in many images")
        findings = []
        for each in np.unique(group[often])[np.argsort(-counts[np.unique(group[often])], kind="stable")]:
            members = usable[group == each]
            k = int(members[0])
            findings.append(
                self.finding(
                    f"1 box of {class_of(context, int(objects.class_id[k]))!r} stands at the very same place in "
                    f"{counts[each]:,} of {plural(int(images_of_class[objects.class_id[k]]), 'image')}, such as "
                    f"{place(context, int(objects.row[k]), int(objects.line[k]))}",
                    "look at some of these images with the box, and delete it where there is no object",
                    evidence={
                        "n_images": int(counts[each]),
                        "class": class_of(context, int(objects.class_id[k])),
                        "box": [round(float(side), 6) for side in objects.boxes[k]],
                    },
                    affected=object_issues(
                        self, context, members, lambda j: class_of(context, int(objects.class_id[j]))
                    ),
                )
            )
        found = usable[often]
        return Found(
            tuple(findings), object_issues(self, context, found, lambda k: class_of(context, int(objects.class_id[k])))
        )


WHOLE = 0.98
"""Share of both sides of the image from which on a box covers the whole of it."""


_MIX = np.uint64(0x9E3779B97F4A7C15)
"""An odd number that spreads 64 bits (2 to the 64 by the golden ratio): equal keys mean equal boxes."""


def _images(context: RuleContext, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for the content of each row's image, the same for copies."""
    number = np.arange(len(context.manifest))
    if context.measurements is not None:
        hashes = np.asarray(context.measurements.strings("content_hash"), dtype=object)
        _, number = np.unique(np.where(hashes == None, number.astype(str), hashes).astype(str), return_inverse=True)  # noqa: E711
    return np.asarray(number)[rows]


def same_boxes(
    class_id: NDArray[np.int32], boxes: NDArray[np.float64], image: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a number for each distinct box of a class, [M], and in how many images each of those stands, [G].

    Examples
    --------
    >>> boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 2]], dtype=float)
    >>> [each.tolist() for each in same_boxes(np.array([0, 0, 0]), boxes, np.array([0, 1, 2]))]
    [[0, 0, 1], [2, 1]]
    """
    bits = (boxes + 0.0).view(np.uint64)  # adding 0 makes one zero of two
    keys = class_id.astype(np.uint64)
    for side in bits.T:
        keys = (keys ^ side) * _MIX
        keys ^= keys >> np.uint64(29)
    _, group = np.unique(keys, return_inverse=True)
    n_images = int(image.max()) + 1
    pairs = np.unique(group.astype(np.int64) * n_images + image)
    return group.astype(np.int64), np.bincount(pairs // n_images)
