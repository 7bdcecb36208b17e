"""The rules: an explicit tuple, plus the entry-point group ``datacheck.rules`` for plug-ins."""

from __future__ import annotations

from datacheck.rules.base import Rule, RuleContext, explanation
from datacheck.rules.dc101_unreadable_sample import UnreadableSample
from datacheck.rules.dc102_unpaired_sample import UnpairedSample
from datacheck.rules.dc103_pairing_order_mismatch import PairingOrderMismatch
from datacheck.rules.dc104_ambiguous_stem import AmbiguousStem
from datacheck.rules.dc105_mixed_formats import MixedFormats
from datacheck.rules.dc106_unlabelled_sample import UnlabelledSample
from datacheck.rules.dc107_path_hazard import PathHazard
from datacheck.rules.dc108_labels_carry_no_signal import LabelsCarryNoSignal
from datacheck.rules.dc201_missing_class_in_split import MissingClassInSplit
from datacheck.rules.dc202_rare_class import RareClass
from datacheck.rules.dc203_class_imbalance import ClassImbalance
from datacheck.rules.dc204_prior_mismatch import PriorMismatch
from datacheck.rules.dc205_target_range_gap import TargetRangeGap
from datacheck.rules.dc206_missing_combination import MissingCombination
from datacheck.rules.dc301_exact_duplicate import ExactDuplicate
from datacheck.rules.dc302_near_duplicate import NearDuplicate
from datacheck.rules.dc303_split_leakage import SplitLeakage
from datacheck.rules.dc304_conflicting_duplicates import ConflictingDuplicates
from datacheck.rules.dc305_group_leakage import GroupLeakage
from datacheck.rules.dc306_label_drift import LabelDrift
from datacheck.rules.dc307_property_drift import PropertyDrift
from datacheck.rules.dc308_embedding_drift import EmbeddingDrift
from datacheck.rules.dc401_dark import Dark
from datacheck.rules.dc402_bright import Bright
from datacheck.rules.dc403_blurry import Blurry
from datacheck.rules.dc404_low_information import LowInformation
from datacheck.rules.dc405_odd_size import OddSize
from datacheck.rules.dc406_odd_aspect import OddAspect
from datacheck.rules.dc407_exif_rotated import ExifRotated
from datacheck.rules.dc408_greyscale_among_colour import GreyscaleAmongColour
from datacheck.rules.dc409_normalisation_mismatch import NormalisationMismatch
from datacheck.rules.dc501_mislabel import Mislabel
from datacheck.rules.dc502_confusable_classes import ConfusableClasses
from datacheck.rules.dc503_outlier import Outlier
from datacheck.rules.dc504_shortcut import Shortcut
from datacheck.rules.dc505_noisy_class import NoisyClass
from datacheck.rules.dc506_ambiguous import Ambiguous
from datacheck.rules.dc601_below_baseline import BelowBaseline
from datacheck.rules.dc602_triage import Triage
from datacheck.rules.dc603_learning_curve import LearningCurve
from datacheck.rules.dc604_dimensionality import Dimensionality

RULES: tuple[type[Rule], ...] = (
    UnreadableSample,
    UnpairedSample,
    PairingOrderMismatch,
    AmbiguousStem,
    MixedFormats,
    UnlabelledSample,
    PathHazard,
    LabelsCarryNoSignal,
    MissingClassInSplit,
    RareClass,
    ClassImbalance,
    PriorMismatch,
    TargetRangeGap,
    MissingCombination,
    ExactDuplicate,
    NearDuplicate,
    SplitLeakage,
    ConflictingDuplicates,
    GroupLeakage,
    LabelDrift,
    PropertyDrift,
    EmbeddingDrift,
    Dark,
    Bright,
    Blurry,
    LowInformation,
    OddSize,
    OddAspect,
    ExifRotated,
    GreyscaleAmongColour,
    NormalisationMismatch,
    Mislabel,
    ConfusableClasses,
    Outlier,
    Shortcut,
    NoisyClass,
    Ambiguous,
    BelowBaseline,
    Triage,
    LearningCurve,
    Dimensionality,
)
"""Every built-in rule, in the order of its code."""

__all__ = ["RULES", "Rule", "RuleContext", "explanation"]
