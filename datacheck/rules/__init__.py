"""The rules: an explicit tuple, plus the entry-point group ``datacheck.rules`` for plug-ins."""

from __future__ import annotations

from datacheck.rules.base import Requirement, Rule, RuleContext, explanation
from datacheck.rules.boxes.dc801_unreadable_annotation import UnreadableAnnotation
from datacheck.rules.boxes.dc802_images_without_objects import ImagesWithoutObjects
from datacheck.rules.boxes.dc803_orphan_annotations import OrphanAnnotations
from datacheck.rules.boxes.dc804_annotated_size_mismatch import AnnotatedSizeMismatch
from datacheck.rules.boxes.dc805_box_outside_image import BoxOutsideImage
from datacheck.rules.boxes.dc806_box_without_area import BoxWithoutArea
from datacheck.rules.boxes.dc807_other_convention import OtherConvention
from datacheck.rules.boxes.dc808_undeclared_class import UndeclaredClass
from datacheck.rules.boxes.dc809_repeated_object import RepeatedObject
from datacheck.rules.boxes.dc810_tiny_boxes import TinyBoxes
from datacheck.rules.boxes.dc811_odd_box import OddBox
from datacheck.rules.boxes.dc812_repeated_template import RepeatedTemplate
from datacheck.rules.boxes.dc813_crossed_polygon import CrossedPolygon
from datacheck.rules.boxes.dc814_other_image_named import OtherImageNamed
from datacheck.rules.boxes.dc840_wrong_class_of_box import WrongClassOfBox
from datacheck.rules.boxes.dc841_spurious_box import SpuriousBox
from datacheck.rules.boxes.dc842_misplaced_box import MisplacedBox
from datacheck.rules.boxes.dc843_missing_box import MissingBox
from datacheck.rules.code import CODE_RULES
from datacheck.rules.common import BaseRule
from datacheck.rules.coverage.dc201_missing_class_in_split import MissingClassInSplit
from datacheck.rules.coverage.dc202_rare_class import RareClass
from datacheck.rules.coverage.dc203_class_imbalance import ClassImbalance
from datacheck.rules.coverage.dc204_prior_mismatch import PriorMismatch
from datacheck.rules.coverage.dc205_target_range_gap import TargetRangeGap
from datacheck.rules.coverage.dc206_missing_combination import MissingCombination
from datacheck.rules.files.dc101_unreadable_sample import UnreadableSample
from datacheck.rules.files.dc102_unpaired_sample import UnpairedSample
from datacheck.rules.files.dc103_pairing_order_mismatch import PairingOrderMismatch
from datacheck.rules.files.dc104_ambiguous_stem import AmbiguousStem
from datacheck.rules.files.dc105_mixed_formats import MixedFormats
from datacheck.rules.files.dc106_unlabelled_sample import UnlabelledSample
from datacheck.rules.files.dc107_path_hazard import PathHazard
from datacheck.rules.files.dc108_labels_carry_no_signal import LabelsCarryNoSignal
from datacheck.rules.files.dc109_image_folder_mismatch import ImageFolderMismatch
from datacheck.rules.files.dc110_class_spelling import ClassSpelling
from datacheck.rules.files.dc111_dropped_alpha import DroppedAlpha
from datacheck.rules.labels.dc501_mislabel import Mislabel
from datacheck.rules.labels.dc502_confusable_classes import ConfusableClasses
from datacheck.rules.labels.dc503_outlier import Outlier
from datacheck.rules.labels.dc504_shortcut import Shortcut
from datacheck.rules.labels.dc505_noisy_class import NoisyClass
from datacheck.rules.labels.dc506_ambiguous import Ambiguous
from datacheck.rules.labels.dc507_given_predictions import GivenPredictions
from datacheck.rules.loader import LOADER_RULES
from datacheck.rules.masks.dc820_unreadable_mask import UnreadableMask
from datacheck.rules.masks.dc821_mask_size_mismatch import MaskSizeMismatch
from datacheck.rules.masks.dc822_mask_values import MaskValues
from datacheck.rules.masks.dc823_blank_mask import BlankMask
from datacheck.rules.masks.dc824_interpolated_mask import InterpolatedMask
from datacheck.rules.masks.dc825_copied_mask import CopiedMask
from datacheck.rules.masks.dc826_mask_islands import MaskIslands
from datacheck.rules.masks.dc827_slipped_masks import SlippedMasks
from datacheck.rules.masks.dc828_colour_masks import ColourMasks
from datacheck.rules.masks.dc829_overlapping_instances import OverlappingInstances
from datacheck.rules.masks.dc850_wrong_class_of_region import WrongClassOfRegion
from datacheck.rules.masks.dc851_missing_region import MissingRegion
from datacheck.rules.masks.dc852_border_of_region import BorderOfRegion
from datacheck.rules.readiness.dc601_below_baseline import BelowBaseline
from datacheck.rules.readiness.dc602_triage import Triage
from datacheck.rules.readiness.dc603_learning_curve import LearningCurve
from datacheck.rules.readiness.dc604_dimensionality import Dimensionality
from datacheck.rules.readiness.dc606_weak_slice import WeakSlice
from datacheck.rules.samples.dc401_dark import Dark
from datacheck.rules.samples.dc402_bright import Bright
from datacheck.rules.samples.dc403_blurry import Blurry
from datacheck.rules.samples.dc404_low_information import LowInformation
from datacheck.rules.samples.dc405_odd_size import OddSize
from datacheck.rules.samples.dc406_odd_aspect import OddAspect
from datacheck.rules.samples.dc407_exif_rotated import ExifRotated
from datacheck.rules.samples.dc408_greyscale_among_colour import GreyscaleAmongColour
from datacheck.rules.samples.dc409_normalisation_mismatch import NormalisationMismatch
from datacheck.rules.samples.dc410_high_bit_depth import HighBitDepth
from datacheck.rules.samples.dc411_off_topic import OffTopic
from datacheck.rules.splits.dc301_exact_duplicate import ExactDuplicate
from datacheck.rules.splits.dc302_near_duplicate import NearDuplicate
from datacheck.rules.splits.dc303_split_leakage import SplitLeakage
from datacheck.rules.splits.dc304_conflicting_duplicates import ConflictingDuplicates
from datacheck.rules.splits.dc305_group_leakage import GroupLeakage
from datacheck.rules.splits.dc306_label_drift import LabelDrift
from datacheck.rules.splits.dc307_property_drift import PropertyDrift
from datacheck.rules.splits.dc308_embedding_drift import EmbeddingDrift
from datacheck.rules.splits.dc309_group_leakage_in_names import GroupLeakageInNames
from datacheck.rules.splits.dc310_scene_leakage import SceneLeakage

RULES: tuple[type[Rule], ...] = (
    UnreadableSample,
    UnpairedSample,
    PairingOrderMismatch,
    AmbiguousStem,
    MixedFormats,
    UnlabelledSample,
    PathHazard,
    LabelsCarryNoSignal,
    ImageFolderMismatch,
    ClassSpelling,
    DroppedAlpha,
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
    GroupLeakageInNames,
    SceneLeakage,
    Dark,
    Bright,
    Blurry,
    LowInformation,
    OddSize,
    OddAspect,
    ExifRotated,
    GreyscaleAmongColour,
    NormalisationMismatch,
    HighBitDepth,
    OffTopic,
    Mislabel,
    ConfusableClasses,
    Outlier,
    Shortcut,
    NoisyClass,
    Ambiguous,
    GivenPredictions,
    BelowBaseline,
    Triage,
    LearningCurve,
    Dimensionality,
    WeakSlice,
    UnreadableAnnotation,
    ImagesWithoutObjects,
    OrphanAnnotations,
    AnnotatedSizeMismatch,
    BoxOutsideImage,
    BoxWithoutArea,
    OtherConvention,
    UndeclaredClass,
    RepeatedObject,
    TinyBoxes,
    OddBox,
    RepeatedTemplate,
    CrossedPolygon,
    OtherImageNamed,
    UnreadableMask,
    MaskSizeMismatch,
    MaskValues,
    BlankMask,
    InterpolatedMask,
    CopiedMask,
    MaskIslands,
    SlippedMasks,
    ColourMasks,
    OverlappingInstances,
    WrongClassOfBox,
    SpuriousBox,
    MisplacedBox,
    MissingBox,
    WrongClassOfRegion,
    MissingRegion,
    BorderOfRegion,
)
"""Every built-in rule of an audit, in the order of its code."""

__all__ = ["CODE_RULES", "LOADER_RULES", "RULES", "BaseRule", "Requirement", "Rule", "RuleContext", "explanation"]
