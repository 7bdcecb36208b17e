"""What was checked and what was not, in one line: how many rules of each family could be judged."""

from __future__ import annotations

from datacheck.findings import NotApplicable
from datacheck.report.gaps import Caller
from datacheck.report.record import ReportRecord
from datacheck.text import plural

FAMILIES = {
    "DC1": "files", "DC2": "coverage", "DC3": "splits", "DC4": "samples", "DC5": "labels", "DC6": "readiness",
    "DC7": "code", "DC82": "masks", "DC85": "masks", "DC8": "boxes", "DC9": "loaders",
}  # fmt: skip
"""What the rules of a family are about, by the start of their codes: the first that fits counts."""

ENOUGH = 0.5
"""Share of a family's rules that must be judged for it to count as checked."""


def checked_line(report: ReportRecord, caller: Caller) -> str:
    """Return which families of rules were judged, and which were not though the dataset has what they are about.

    Examples
    --------
    >>> from datacheck import Manifest
    >>> from datacheck.findings import Passed
    >>> from datacheck.report import RuleOutcome
    >>> needs = NotApplicable("needs the probe: run the audit with --probe")
    >>> outcomes = (RuleOutcome("DC101", "a", Passed()), RuleOutcome("DC501", "b", needs))
    >>> checked_line(ReportRecord(Manifest.from_columns({"label": ["a"]}), outcomes=outcomes), "shell")
    'checked: files 1/1 · not checked: labels 0/1 (add --probe)'
    """
    counts: dict[str, list[int]] = {}
    waiting: dict[str, int] = {}
    for one in report.outcomes:
        name = next((family for start, family in FAMILIES.items() if one.code.startswith(start)), one.code[:3])
        judged, total = counts.setdefault(name, [0, 0])
        counts[name] = [judged + (one.status in ("passed", "found")), total + 1]
        if isinstance(one.outcome, NotApplicable) and "--probe" in one.outcome.reason:
            waiting[name] = waiting.get(name, 0) + 1
    checked = [name for name, (judged, total) in counts.items() if judged and judged >= ENOUGH * total]
    left = [name for name, (judged, _) in counts.items() if name not in checked and (judged or name in waiting)]
    parts = [f"{word}: {', '.join(f'{name} {counts[name][0]}/{counts[name][1]}' for name in names)}"
             for word, names in (("checked", checked), ("not checked", left)) if names]  # fmt: skip
    line = " · ".join(parts)
    if not waiting or any(probe is not None for probe in (report.probe, report.box_probe, report.mask_probe)):
        return line
    hint = "--probe" if caller == "shell" else "probe=True"
    if set(waiting) & set(left):
        return f"{line} (add {hint})"
    return f"{line} · {plural(sum(waiting.values()), 'rule')} more with {hint}"
