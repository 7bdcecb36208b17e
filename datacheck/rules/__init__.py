"""The rules: an explicit tuple, plus the entry-point group ``datacheck.rules`` for plug-ins."""

from __future__ import annotations

from datacheck.rules.base import Rule, RuleContext, explanation

RULES: tuple[type[Rule], ...] = ()
"""Every built-in rule, in the order of its code."""

__all__ = ["RULES", "Rule", "RuleContext", "explanation"]
