"""Data contracts for datasets, on Great Expectations.

Importing this package imports Great Expectations (it takes seconds) and registers the custom Expectations with it.
"""

from datacheck_expectations import suites
from datacheck_expectations.changes import (
    ContractDiff,
    diff_contracts,
    diff_terms,
    foreign_expectations,
    update_contract,
)
from datacheck_expectations.checking import check, check_tables
from datacheck_expectations.copies import CopySearch
from datacheck_expectations.expectations import (
    EXPECTATIONS,
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
    ExpectLabelledShareAtLeast,
    ExpectLabelQualityAtLeast,
    ExpectNoLeakageAcrossSplits,
    ExpectPairsToMatch,
    ExpectPropertyDriftAtMost,
    ExpectPropertyInRange,
    ExpectReadableShareAtLeast,
    ExpectSplitShares,
    ExpectTargetRangeCovered,
    ExpectUniqueIds,
)
from datacheck_expectations.frame import contract_frame
from datacheck_expectations.proposals import propose_expectations
from datacheck_expectations.result import ContractResult, TermOutcome
from datacheck_expectations.shard import ShardResult, check_shard
from datacheck_expectations.store import Contract, edits, write_contract
from datacheck_expectations.terms import Term

__all__ = [
    "EXPECTATIONS",
    "Contract",
    "ContractDiff",
    "ContractResult",
    "CopySearch",
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
    "ShardResult",
    "Term",
    "TermOutcome",
    "check",
    "check_shard",
    "check_tables",
    "contract_frame",
    "diff_contracts",
    "diff_terms",
    "edits",
    "foreign_expectations",
    "propose_expectations",
    "suites",
    "update_contract",
    "write_contract",
]
