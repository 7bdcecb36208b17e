"""What the names of folders say of the files in them: images, or which set of label files, and for which place."""

from __future__ import annotations

import re

from datacheck.sources.layout import IMAGE_WORDS, LABEL_WORDS, Parts

LABEL_SUFFIXES = ("annotations", "annot", "masks", "mask", "labels", "label", "gt", "seg", "segmentation")
"""What stands behind the name of a folder, or of a file, for the labels of it: ``trainannot``, ``train_masks``."""

_LABEL_SET = re.compile(r"^(?:masks?|labels?|annotations?|gt|segmentations?|ground_?truth)(?:[-_ ]\w+|\d+)$")
"""Names of folders for one of several sets of label files, as of two readers: ``masks_a``, ``labels2``."""

_IMAGE_ENDS = tuple(f"{join}{word}" for join in "_- " for word in ("images", "imgs", "img", "image", "Images"))
"""What stands behind the name of a folder for the images of it: ``train_images``."""

_LABEL_ENDS = tuple(f"{join}{word}" for join in "_- " for word in (*LABEL_SUFFIXES, "Masks", "Labels"))
"""What stands behind the name of a folder for the label files of it."""


def folder_role(parts: Parts, known: set[Parts]) -> tuple[str, Parts]:
    """Return which set of label files a folder holds (none for a folder of images), and the place it is for."""
    label_set, place = "", []
    for depth, part in enumerate(parts):
        word = part.lower()
        base = next((part[: -len(end)].rstrip("-_ ") for end in LABEL_SUFFIXES if word.endswith(end)), "")
        if word in LABEL_WORDS or (_LABEL_SET.match(word) and _images_beside(parts[:depth], known)):
            label_set = label_set or word
        elif base and (*parts[:depth], base) in known:
            label_set = label_set or word[len(base) :].strip("-_ ")
            place += [base] if base.lower() not in IMAGE_WORDS else []
        elif base and any((*parts[:depth], base + end) in known for end in _IMAGE_ENDS):
            label_set = label_set or word[len(base) :].strip("-_ ")
            place.append(base)
        elif (own := _without_images(part)) and any((*parts[:depth], own + end) in known for end in _LABEL_ENDS):
            place.append(own)
        elif word not in IMAGE_WORDS and word != "image":
            place.append(part)
    return label_set, tuple(place)


def _images_beside(parent: Parts, known: set[Parts]) -> bool:
    return any(
        len(each) == len(parent) + 1 and each[:-1] == parent and each[-1].lower() in IMAGE_WORDS for each in known
    )


def _without_images(part: str) -> str:
    """Return what stands before ``_images`` in the name of a folder; empty where it does not end so."""
    return next((part[: -len(end)] for end in _IMAGE_ENDS if part.endswith(end)), "")
