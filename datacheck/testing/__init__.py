"""Clean datasets to start from, and defects to plant in them, each with the exact truth.

Every planting is a pure function of its arguments and a seed, leaves what it was given untouched, and returns
``(planted, truth)``: what the dataset has become, and which samples were changed into what.
"""

from __future__ import annotations

from datacheck.testing.files import (
    blank,
    blur,
    brighten,
    corrupt_files,
    darken,
    drift_brightness,
    duplicate_files,
    greyscale,
    near_duplicate_files,
    rotate_exif,
)
from datacheck.testing.labels import (
    drift,
    drop_class_from_split,
    flip_labels,
    leak_across_splits,
    make_imbalanced,
    reverse_labels,
    shift_labels,
    shuffle,
    swap_block,
)
from datacheck.testing.toy import measurements_for, toy_image, toy_images, toy_labels, toy_pairs
from datacheck.testing.truth import Truth

__all__ = [
    "Truth",
    "blank",
    "blur",
    "brighten",
    "corrupt_files",
    "darken",
    "drift",
    "drift_brightness",
    "drop_class_from_split",
    "duplicate_files",
    "flip_labels",
    "greyscale",
    "leak_across_splits",
    "make_imbalanced",
    "measurements_for",
    "near_duplicate_files",
    "reverse_labels",
    "rotate_exif",
    "shift_labels",
    "shuffle",
    "swap_block",
    "toy_image",
    "toy_images",
    "toy_labels",
    "toy_pairs",
]
