"""Rules DC7xx: training code, read and never executed; ``datacheck lint`` judges them."""

from __future__ import annotations

from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.dc701_unsorted_listing import UnsortedListing
from datacheck.rules.code.dc702_sort_key_mismatch import SortKeyMismatch
from datacheck.rules.code.dc703_text_order_beside_rows import TextOrderBesideRows
from datacheck.rules.code.dc704_lone_shuffle import LoneShuffle
from datacheck.rules.code.dc705_augmented_before_split import AugmentedBeforeSplit
from datacheck.rules.code.dc706_fitted_before_split import FittedBeforeSplit
from datacheck.rules.code.dc707_unseeded_split import UnseededSplit
from datacheck.rules.code.dc708_test_set_choice import TestSetChoice
from datacheck.rules.code.dc709_class_index_mismatch import ClassIndexMismatch
from datacheck.rules.code.dc710_augmented_validation import AugmentedValidation
from datacheck.rules.code.dc711_shared_transform import SharedTransform
from datacheck.rules.code.dc712_channel_order import ChannelOrder
from datacheck.rules.code.dc713_softmax_twice import SoftmaxTwice
from datacheck.rules.code.dc714_unshuffled_training import UnshuffledTraining
from datacheck.rules.code.dc715_flip_with_sides import FlipWithSides

CODE_RULES: tuple[type[CodeRule], ...] = (
    UnsortedListing,
    SortKeyMismatch,
    TextOrderBesideRows,
    LoneShuffle,
    AugmentedBeforeSplit,
    FittedBeforeSplit,
    UnseededSplit,
    TestSetChoice,
    ClassIndexMismatch,
    AugmentedValidation,
    SharedTransform,
    ChannelOrder,
    SoftmaxTwice,
    UnshuffledTraining,
    FlipWithSides,
)
"""Every rule on training code, in the order of its code."""

__all__ = ["CODE_RULES", "CodeRule", "Hit"]
