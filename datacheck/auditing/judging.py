"""Which rules run, and what each says."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence

from datacheck.auditing.progress import Progress
from datacheck.config import Settings
from datacheck.errors import ConfigError
from datacheck.findings import Failed, Outcome
from datacheck.memory import give_back
from datacheck.report import RuleOutcome
from datacheck.rules import Rule
from datacheck.rules.common import BaseRule, Context
from datacheck.rules.plugins import OTHER_RULES, all_rules, rules_of_every_family
from datacheck.rules.select import AnyRule, configure, select_rules


def configured_rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the selected rules with their thresholds set."""
    known = all_rules()
    codes = {rule.code for rule in (*known, *OTHER_RULES)}
    for code in settings.rules:
        select_rules((*known, *OTHER_RULES), select=(code,))
        if code not in codes:
            raise ConfigError(f"thresholds are set by rule code, such as 'DC203'; found {code!r}")
    selected = select_rules(known, select=settings.select, ignore=settings.ignore, elsewhere=OTHER_RULES)
    return tuple(configure(rule, settings.rules.get(rule.code, {})) for rule in selected)


def rules_of_family(family: Sequence[type[AnyRule]], settings: Settings) -> list[AnyRule]:
    """Return the selected rules of a family that no audit runs, with their thresholds set; other codes are known."""
    others = [rule for rule in rules_of_every_family() if rule not in family]
    chosen = select_rules(family, settings.select, settings.ignore, elsewhere=others)
    return [configure(rule, settings.rules.get(rule.code, {})) for rule in chosen]


def run_rules(
    rules: Sequence[BaseRule[Context]], context: Context, progress: Progress | None = None
) -> tuple[RuleOutcome, ...]:
    """Judge every rule; one that crashes is a `Failed` outcome and stops no other."""
    outcomes = []
    for position, rule in enumerate(rules):
        if progress is not None:
            progress("rules", position, len(rules))
        started = time.perf_counter()
        outcome = _judge(rule, context)
        outcomes.append(RuleOutcome(rule.code, rule.name, outcome, time.perf_counter() - started))
        give_back()
    if progress is not None:
        progress("rules", len(rules), len(rules))
    return tuple(outcomes)


def _judge(rule: BaseRule[Context], context: Context) -> Outcome:
    try:
        return rule.check(context)
    except Exception as error:  # a crash of one rule, a plug-in's too, must not stop the others
        return Failed(error=f"{type(error).__name__}: {error}", details=traceback.format_exc())
