"""What a notebook shows for a report: a small table that brings its own style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from datacheck.findings import Finding
from datacheck.manifest import Manifest
from datacheck.report.gaps import Gap
from datacheck.report.outcomes import RuleOutcome
from datacheck.text import plural

MAX_ROWS = 12
"""A notebook cell shows at most this many findings: more than a screen is read in the HTML report."""

_COLOURS = {"error": "#b42318", "warning": "#b54708", "info": "#175cd3"}


def summary_table(
    manifest: Manifest,
    outcomes: Sequence[RuleOutcome],
    findings: Sequence[Finding],
    counts: Mapping[str, int],
    gaps: Sequence[Gap],
) -> str:
    """Return the counts, what was not judged, and the worst findings as an HTML fragment; all of it is escaped."""
    parts = [plural(len(manifest), "sample")]
    if manifest.classes:
        parts.append(plural(len(manifest.classes), "class", "classes"))
    if manifest.splits:
        parts.append("splits " + ", ".join(manifest.splits))
    counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing found"
    rows = "".join(
        _row(finding.severity.label, finding, f"{escape(finding.message)}<br><small>{escape(finding.remedy)}</small>")
        for finding in findings[:MAX_ROWS]
    )
    crashed = "".join(_row("crashed", one, "") for one in outcomes if one.status == "failed")
    unjudged = "".join(_gap_row(gap) for gap in gaps)
    more = len(findings) - MAX_ROWS
    tail = f"<p>… and {more} more</p>" if more > 0 else ""
    return (
        f"<div><p><strong>datacheck</strong> · {escape(' · '.join(parts))} · {escape(counted)}</p>"
        f"<table><thead><tr><th>severity</th><th>rule</th><th>finding</th></tr></thead>"
        f"<tbody>{crashed}{unjudged}{rows}</tbody></table>{tail}</div>"
    )


def _gap_row(gap: Gap) -> str:
    remedy = "" if gap.remedy is None else f"<br><small>pass {escape(gap.remedy.python)}</small>"
    return (
        f'<tr><td style="color:{_COLOURS["error"]};font-weight:600">unjudged</td><td></td>'
        f'<td style="text-align:left">{escape(gap.text)}{remedy}</td></tr>'
    )


def _row(word: str, rule: Finding | RuleOutcome, text: str) -> str:
    colour = _COLOURS.get(word, _COLOURS["error"])
    return (
        f'<tr><td style="color:{colour};font-weight:600">{word}</td>'
        f'<td>{escape(rule.code)} {escape(rule.name)}</td><td style="text-align:left">{text}</td></tr>'
    )
