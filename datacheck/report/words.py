"""What every renderer says the same way: rule pages in sections, sample places, clean text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import ConfigError
from datacheck.findings import Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import SECTIONS
from datacheck.text import plural

URI_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


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
    from datacheck.rules import RULES
    from datacheck.rules.plugins import all_rules

    try:
        rules = all_rules()
    except ConfigError:
        rules = RULES
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


def look_up(manifest: Manifest, sample_ids: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return some columns of some samples, by sample id; ids that are not in the manifest are left out."""
    wanted = pa.array(list(dict.fromkeys(sample_ids)), pa.string())
    if not len(wanted):
        return {}
    rows = pc.index_in(wanted, value_set=manifest.sample_ids)
    known = pc.is_valid(rows)
    names = ["sample_id", *(name for name in columns if name in manifest)]
    taken = manifest.table.select(names).take(rows.filter(known)).to_pylist()
    return {row["sample_id"]: row for row in taken}


def dataset_line(manifest: Manifest) -> str:
    """Return rows, classes and splits in one line."""
    parts = [plural(len(manifest), "image" if manifest.modality.value == "image" else "row")]
    if manifest.classes:
        parts.append(plural(len(manifest.classes), "class", "classes"))
    if manifest.splits:
        parts.append(
            f"splits {', '.join(manifest.splits)}" if len(manifest.splits) <= 5 else f"{len(manifest.splits)} splits"
        )
    return " · ".join(parts)
