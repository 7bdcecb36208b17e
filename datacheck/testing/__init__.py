"""Clean datasets to start from, and defects to plant in them, each with the exact truth.

Every planting is a pure function of its arguments and a seed, leaves what it was given untouched, and returns
``(planted, truth)``: what the dataset has become, and which samples were changed into what.
"""

from __future__ import annotations

from datacheck.testing.toy import measurements_for, toy_image, toy_images, toy_labels, toy_pairs

__all__ = [
    "measurements_for",
    "toy_image",
    "toy_images",
    "toy_labels",
    "toy_pairs",
]
