"""What a notebook shows for a report: a small table that brings its own style."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datacheck.report.report import Report

MAX_ROWS = 12
"""A notebook cell shows at most this many findings."""

_COLOURS = {"error": "#b42318", "warning": "#b54708", "info": "#175cd3"}


def summary(report: Report) -> str:
    """Return the counts and the worst findings as an HTML fragment; everything in it is escaped."""
    manifest = report.manifest
    parts = [f"{len(manifest):,} samples"]
    if manifest.classes:
        parts.append(f"{len(manifest.classes):,} classes")
    if manifest.splits:
        parts.append("splits " + ", ".join(manifest.splits))
    counts = ", ".join(f"{count} {name}" for name, count in report.counts.items() if count) or "nothing found"
    rows = "".join(
        f'<tr><td style="color:{_COLOURS[finding.severity.label]};font-weight:600">{finding.severity.label}</td>'
        f"<td>{escape(finding.code)} {escape(finding.name)}</td>"
        f'<td style="text-align:left">{escape(finding.message)}<br><small>{escape(finding.remedy)}</small></td></tr>'
        for finding in report.findings[:MAX_ROWS]
    )
    failed = "".join(
        f'<tr><td style="color:{_COLOURS["error"]};font-weight:600">crashed</td>'
        f"<td>{escape(outcome.code)} {escape(outcome.name)}</td><td></td></tr>"
        for outcome in report.failed
    )
    more = len(report.findings) - MAX_ROWS
    tail = f"<p>… and {more} more</p>" if more > 0 else ""
    return (
        f"<div><p><strong>datacheck</strong> · {escape(' · '.join(parts))} · {escape(counts)}</p>"
        f"<table><thead><tr><th>severity</th><th>rule</th><th>finding</th></tr></thead>"
        f"<tbody>{failed}{rows}</tbody></table>{tail}</div>"
    )
