"""The page of each rule, taken apart into its sections."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from datacheck.errors import ConfigError
from datacheck.findings import Severity
from datacheck.rules import RULES, BaseRule
from datacheck.rules.base import SECTIONS
from datacheck.rules.plugins import OTHER_RULES, rules_of_every_family


@dataclass(frozen=True)
class RulePage:
    """A rule's docstring, taken apart.

    ``sections`` maps each of `datacheck.rules.base.SECTIONS` that is there to its text.
    """

    summary: str = ""
    severity: Severity = Severity.WARNING
    sections: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1)
def rule_pages() -> Mapping[str, RulePage]:
    """Return the pages of all rules by code; a plug-in that cannot be loaded is left out."""
    try:
        rules: Sequence[type[BaseRule[Any]]] = rules_of_every_family()
    except ConfigError:
        rules = (*RULES, *OTHER_RULES)
    return {rule.code: parse_page(inspect.getdoc(rule) or "", rule.severity) for rule in rules}


def parse_page(text: str, severity: Severity = Severity.WARNING) -> RulePage:
    r"""Split a rule's docstring at its underlined section names.

    Examples
    --------
    >>> page = parse_page("Black images.\n\nWhat\n----\nMean under 0.05.\n\nHow to fix\n----------\nLook.")
    >>> page.summary, page.sections["How to fix"]
    ('Black images.', 'Look.')
    """
    heads = "|".join(re.escape(name) for name in SECTIONS)
    parts = re.split(rf"^({heads})\n-+\n", text, flags=re.MULTILINE)
    sections = {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    return RulePage(summary=" ".join(parts[0].split()), severity=severity, sections=sections)
