"""What a notebook shows for a report: a small table with pictures that brings its own style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from datacheck.findings import Finding
from datacheck.report.gaps import Gap
from datacheck.report.outcomes import RuleOutcome
from datacheck.report.pictures import PictureBook, collect, open_thumbnails
from datacheck.report.record import ReportRecord
from datacheck.text import plural

MAX_ROWS = 12
"""A notebook cell shows at most this many findings: more than a screen is read in the HTML report."""

PICTURES, GALLERY = 5, 24
"""Pictures of a finding, a row of them; and of the samples that were asked for."""

BUDGET = 400_000
"""Bytes of base64 text that the pictures of one cell may take: they are saved with the notebook."""

_COLOURS = {"error": "#b42318", "warning": "#b54708", "info": "#175cd3"}


def summary_table(report: ReportRecord) -> str:
    """Return the counts, what was not judged, and the worst findings as an HTML fragment; all of it is escaped."""
    manifest, findings = report.manifest, report.findings
    parts = [plural(len(manifest), "sample")]
    if manifest.classes:
        parts.append(plural(len(manifest.classes), "class", "classes"))
    if manifest.splits:
        parts.append("splits " + ", ".join(manifest.splits))
    counted = ", ".join(f"{count} {name}" for name, count in report.counts.items() if count) or "nothing found"
    shown = findings[:MAX_ROWS]
    book = collect([one.sample_ids[:PICTURES] for one in shown], open_thumbnails(report), budget=BUDGET)
    rows = "".join(
        _row(
            finding.severity.label,
            finding,
            f"{escape(finding.message)}<br><small>{escape(finding.remedy)}</small>"
            f"{_pictures(book, finding.sample_ids[:PICTURES])}",
        )
        for finding in shown
    )
    crashed = "".join(_row("crashed", one, "") for one in report.outcomes if one.status == "failed")
    unjudged = "".join(_gap_row(gap) for gap in report.gaps)
    more = len(findings) - MAX_ROWS
    tail = f"<p>… and {more} more</p>" if more > 0 else ""
    return (
        f"<div><p><strong>datacheck</strong> · {escape(' · '.join(parts))} · {escape(counted)}</p>"
        '<table><thead><tr><th>severity</th><th>rule</th><th style="text-align:left">finding</th></tr></thead>'
        f"<tbody>{crashed}{unjudged}{rows}</tbody></table>{tail}</div>"
    )


def gallery(report: ReportRecord, sample_ids: Sequence[str]) -> str:
    """Return the pictures of some samples with their ids as an HTML fragment; the ids alone where there are none."""
    shown = sample_ids[:GALLERY]
    book = collect([shown], open_thumbnails(report), budget=BUDGET)
    more = len(sample_ids) - len(shown)
    tail = f"<p>… and {more:,} more</p>" if more else ""
    names = "" if book.uris else f"<p>{', '.join(map(escape, shown))}</p>"
    return (
        f"<div><p><strong>{plural(len(sample_ids), 'sample')}</strong></p>{_pictures(book, shown)}{names}{tail}</div>"
    )


def _pictures(book: PictureBook, sample_ids: Sequence[str]) -> str:
    found = [(one, book.uris[book.index[one]]) for one in sample_ids if one in book.index]
    images = "".join(
        f'<img src="{uri}" alt="{escape(one)}" title="{escape(one)}" '
        'style="width:72px;height:72px;object-fit:contain;display:inline-block;margin:2px">'
        for one, uri in found
    )
    return f"<div>{images}</div>" if images else ""


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
