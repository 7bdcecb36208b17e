"""The custom Expectations: importing this package registers them with Great Expectations."""

from datacheck_expectations import metrics as metrics  # registers what the expectations are evaluated on
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.expectations.agreement import ExpectAgreementAtLeast
from datacheck_expectations.expectations.allowed_box_classes import ExpectAllowedBoxClasses
from datacheck_expectations.expectations.allowed_labels import ExpectAllowedLabels
from datacheck_expectations.expectations.allowed_values import ExpectAllowedValues
from datacheck_expectations.expectations.box_class_drift import ExpectBoxClassDriftAtMost
from datacheck_expectations.expectations.category_drift import ExpectCategoryDriftAtMost
from datacheck_expectations.expectations.class_coverage import ExpectClassCoverage
from datacheck_expectations.expectations.class_imbalance import ExpectClassImbalanceAtMost
from datacheck_expectations.expectations.class_property_drift import ExpectClassPropertyDriftAtMost
from datacheck_expectations.expectations.class_shares import ExpectClassShares
from datacheck_expectations.expectations.columns_present import ExpectColumnsPresent
from datacheck_expectations.expectations.conflicting_duplicates import ExpectConflictingDuplicatesAtMost
from datacheck_expectations.expectations.duplicates import ExpectDuplicatesAtMost
from datacheck_expectations.expectations.empty_images import ExpectEmptyImageShareBetween
from datacheck_expectations.expectations.label_drift import ExpectLabelDriftAtMost
from datacheck_expectations.expectations.label_error_rate import ExpectEstimatedLabelErrorRateAtMost
from datacheck_expectations.expectations.label_guidelines import ExpectLabelGuidelinesKept
from datacheck_expectations.expectations.label_quality import ExpectLabelQualityAtLeast
from datacheck_expectations.expectations.labelled_share import ExpectLabelledShareAtLeast
from datacheck_expectations.expectations.leakage import ExpectNoLeakageAcrossSplits
from datacheck_expectations.expectations.pairs_match import ExpectPairsToMatch
from datacheck_expectations.expectations.property_drift import ExpectPropertyDriftAtMost
from datacheck_expectations.expectations.property_range import ExpectPropertyInRange
from datacheck_expectations.expectations.readable_share import ExpectReadableShareAtLeast
from datacheck_expectations.expectations.split_shares import ExpectSplitShares
from datacheck_expectations.expectations.target_coverage import ExpectTargetRangeCovered
from datacheck_expectations.expectations.unique_ids import ExpectUniqueIds

EXPECTATIONS: tuple[type[DatacheckExpectation], ...] = (
    ExpectAgreementAtLeast,
    ExpectAllowedBoxClasses,
    ExpectAllowedLabels,
    ExpectAllowedValues,
    ExpectBoxClassDriftAtMost,
    ExpectCategoryDriftAtMost,
    ExpectClassCoverage,
    ExpectClassImbalanceAtMost,
    ExpectClassPropertyDriftAtMost,
    ExpectClassShares,
    ExpectColumnsPresent,
    ExpectConflictingDuplicatesAtMost,
    ExpectDuplicatesAtMost,
    ExpectEmptyImageShareBetween,
    ExpectEstimatedLabelErrorRateAtMost,
    ExpectLabelDriftAtMost,
    ExpectLabelGuidelinesKept,
    ExpectLabelQualityAtLeast,
    ExpectLabelledShareAtLeast,
    ExpectNoLeakageAcrossSplits,
    ExpectPairsToMatch,
    ExpectPropertyDriftAtMost,
    ExpectPropertyInRange,
    ExpectReadableShareAtLeast,
    ExpectSplitShares,
    ExpectTargetRangeCovered,
    ExpectUniqueIds,
)
"""Every expectation of datacheck."""

__all__ = [
    "EXPECTATIONS",
    "ExpectAgreementAtLeast",
    "ExpectAllowedBoxClasses",
    "ExpectAllowedLabels",
    "ExpectAllowedValues",
    "ExpectBoxClassDriftAtMost",
    "ExpectCategoryDriftAtMost",
    "ExpectClassCoverage",
    "ExpectClassImbalanceAtMost",
    "ExpectClassPropertyDriftAtMost",
    "ExpectClassShares",
    "ExpectColumnsPresent",
    "ExpectConflictingDuplicatesAtMost",
    "ExpectDuplicatesAtMost",
    "ExpectEmptyImageShareBetween",
    "ExpectEstimatedLabelErrorRateAtMost",
    "ExpectLabelDriftAtMost",
    "ExpectLabelGuidelinesKept",
    "ExpectLabelQualityAtLeast",
    "ExpectLabelledShareAtLeast",
    "ExpectNoLeakageAcrossSplits",
    "ExpectPairsToMatch",
    "ExpectPropertyDriftAtMost",
    "ExpectPropertyInRange",
    "ExpectReadableShareAtLeast",
    "ExpectSplitShares",
    "ExpectTargetRangeCovered",
    "ExpectUniqueIds",
]
