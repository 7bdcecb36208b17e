"""The rules: an explicit tuple, plus the entry-point group ``datacheck.rules`` for plug-ins."""

from __future__ import annotations

from datacheck.rules.base import Rule, RuleContext, explanation
from datacheck.rules.dc201_missing_class_in_split import MissingClassInSplit
from datacheck.rules.dc202_rare_class import RareClass
from datacheck.rules.dc203_class_imbalance import ClassImbalance
from datacheck.rules.dc204_prior_mismatch import PriorMismatch
from datacheck.rules.dc205_target_range_gap import TargetRangeGap
from datacheck.rules.dc206_missing_combination import MissingCombination

RULES: tuple[type[Rule], ...] = (
    MissingClassInSplit,
    RareClass,
    ClassImbalance,
    PriorMismatch,
    TargetRangeGap,
    MissingCombination,
)
"""Every built-in rule, in the order of its code."""

__all__ = ["RULES", "Rule", "RuleContext", "explanation"]
