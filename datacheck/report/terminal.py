"""The report on a terminal: what was not judged, then the findings, worst first, each with its fix."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from datacheck.findings import Failed, Finding, NotApplicable, Severity
from datacheck.manifest import Task
from datacheck.report.dataset import count_words, dataset_line, inventory_notes
from datacheck.report.families import checked_line
from datacheck.report.gaps import Caller
from datacheck.report.next_step import next_step
from datacheck.report.plans import plan_lines
from datacheck.report.record import ReportRecord
from datacheck.report.screen import Screen, in_ascii, indented, marked, remedy_lines, wrapped
from datacheck.report.tables import class_counts
from datacheck.report.wording import for_caller, remedy_text
from datacheck.text import clean, plural

MIN_WIDTH, MAX_WIDTH = 60, 200
"""Narrower than the first, words stand alone on their lines; wider than the second, lines are hard to read."""

LEAST_ROOM = 12
"""Lines that the findings get whatever the height of the screen: three findings with their fixes."""

SHORT_FINDINGS = 6
"""Findings that are shown without their fix, rather than counted, before one more is shown with it."""

MAX_CLASSES, MAX_SPLITS = 20, 4
"""The table of classes and splits is shown up to this size; a larger one is in the HTML report."""

SHOWN_SAMPLES = 3
"""Samples that are named of a finding; all of them are in the HTML report and in ``--format concise``."""


class _Console(Console):
    """Leaves it to its caller what happens when nobody reads on; Rich would exit with 1, the code of findings."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def render(
    report: ReportRecord,
    *,
    fail_on: Severity = Severity.ERROR,
    html: Path | str | None = None,
    screen: Screen | None = None,
) -> str:
    """Return the report as plain text without colour, for a screen of 80 × 24 unless another is given."""
    screen = screen or Screen()
    stream = io.StringIO()
    console = Console(file=stream, width=screen.width, no_color=True, color_system=None, force_terminal=False)
    _print(console, compose(report, html=html, screen=screen))
    return stream.getvalue()


def show(
    report: ReportRecord,
    *,
    html: Path | str | None = None,
    verbose: bool = False,
    file: TextIO | None = None,
    caller: Caller = "python",
) -> None:
    """Print the report; colour only on a terminal and without ``NO_COLOR``, ASCII where the encoding has no more."""
    stream = file or sys.stdout
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    console = Console(file=stream, no_color=not colour, highlight=False)
    width = min(max(console.width, MIN_WIDTH), MAX_WIDTH)
    screen = Screen(width, console.height if stream.isatty() else None, verbose, caller)
    lines = compose(report, html=html, screen=screen)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if not encoding.lower().replace("-", "").startswith("utf"):
        lines = [in_ascii(line, encoding) for line in lines]
    _print(_Console(file=stream, width=width, no_color=not colour, highlight=False), lines)


def compose(report: ReportRecord, *, html: Path | str | None, screen: Screen) -> list[Text]:
    """Return the lines of the report, each no wider than the screen."""
    header = _header(report, screen)
    footer = _footer(report, html, screen)
    planned = plan_lines(report.plan, screen.width, verbose=screen.endless)
    planned = [Text(), *planned] if planned else []
    lines = [*header, Text()]
    for outcome in report.failed:
        if isinstance(outcome.outcome, Failed):
            lines.extend(
                marked(Severity.ERROR, "crashed", Text(f"{outcome.code} {clean(outcome.name)}", "bold"), screen)
            )
            lines.extend(indented(clean(outcome.outcome.error), screen))
    room = max((screen.height or 0) - len(lines) - len(planned) - 1 - len(footer), LEAST_ROOM)
    lines.extend(_findings(report.findings, room, screen))
    if not report.findings and not report.failed:
        lines.append(_nothing_found(report))
    return [*lines, *planned, Text(), *footer]


def _nothing_found(report: ReportRecord) -> Text:
    """Say what was judged and found clean, and never that what was not judged is."""
    judged = plural(len(report.with_status("passed")), "rule")
    if report.gaps:
        return Text(f"✖ {judged} judged, nothing found, but not everything was judged: see above", style="bold red")
    return Text(f"✔ {judged} judged, nothing found", style="bold green")


def _header(report: ReportRecord, screen: Screen) -> list[Text]:
    took = f" · took {report.seconds:.1f} s" if report.seconds else ""
    lines = wrapped(Text.assemble(("datacheck", "bold"), f"  {dataset_line(report.manifest)}{took}"), screen)
    if report.manifest.took_for:
        lines += wrapped(for_caller(clean(report.manifest.took_for), screen.caller), screen, "dim")
    for gap in report.gaps:
        lines += marked(Severity.ERROR, "unjudged", for_caller(clean(gap.text), screen.caller), screen)
        lines += [] if gap.remedy is None else remedy_lines(remedy_text(gap.remedy, screen.caller), screen)
    for note in inventory_notes(report, verbose=screen.endless):
        lines += marked(note.severity, note.word, for_caller(clean(note.text), screen.caller), screen)
        lines += [] if note.remedy is None else remedy_lines(remedy_text(note.remedy, screen.caller), screen)
    return lines + _class_table(report, screen)


def _class_table(report: ReportRecord, screen: Screen) -> list[Text]:
    """Return splits as rows and classes as columns, where that fits; else nothing."""
    manifest = report.manifest
    rows = manifest.splits or ("all",)
    fits = 0 < len(manifest.classes) <= MAX_CLASSES and len(rows) <= MAX_SPLITS
    if manifest.task is not Task.CLASSIFICATION or not fits:
        return []
    counts = class_counts(manifest)
    names = [clean(name) for name in manifest.classes]
    widths = [max(cell_len(name), *(len(f"{count:,}") for count in counts[k])) + 2 for k, name in enumerate(names)]
    left = max(cell_len(clean(row)) for row in rows) + 2
    if left + sum(widths) > screen.width:
        return []
    head = "".join(" " * (width - cell_len(name)) + name for name, width in zip(names, widths, strict=True))
    lines = [Text(" " * left + head, "dim")]
    for s, row in enumerate(rows):
        line = Text(set_cell_size(clean(row), left))
        for k, width in enumerate(widths):
            count = int(counts[k, s])
            line.append(f"{count:>{width},}", style="bold red" if count == 0 else "")
        lines.append(line)
    return lines


def _findings(findings: Sequence[Finding], room: int, screen: Screen) -> list[Text]:
    """Return the worst findings with their fixes, the next ones without, and how many more there are."""
    lines: list[Text] = []
    shorts = [[] if screen.endless else _short(finding, screen) for finding in findings]
    n = 0
    while n < len(findings):
        block = _finding(findings[n], screen)
        kept_free = sum(len(short) for short in shorts[n + 1 : n + 1 + SHORT_FINDINGS])
        if n and not screen.endless and room - len(block) < kept_free:
            break
        lines += block
        room -= len(block)
        n += 1
    counted = 0 if screen.endless else len(_counted(findings, screen))
    while n < len(findings) and len(shorts[n]) + (counted if n + 1 < len(findings) else 0) <= room:
        lines += shorts[n]
        room -= len(shorts[n])
        n += 1
    return lines + (_counted(findings[n:], screen) if n < len(findings) else [])


def _counted(findings: Sequence[Finding], screen: Screen) -> list[Text]:
    """Say how many findings are not shown."""
    severities = sorted({finding.severity for finding in findings}, reverse=True)
    counts = [f"{sum(f.severity is severity for f in findings)} more at {severity.label}" for severity in severities]
    return wrapped(f"… and {', '.join(counts)} (--verbose shows all)", screen, "dim")


def _short(finding: Finding, screen: Screen) -> list[Text]:
    """Return a finding without its fix on one line: with its message where that fits, else with its sample or count."""
    message = for_caller(clean(finding.message), screen.caller)
    name = Text.assemble((finding.code, "bold"), f" {clean(finding.name)}")
    lines = marked(finding.severity, finding.severity.label, Text.assemble(name, f": {message}"), screen)
    if len(lines) == 1:
        return lines
    count = f": {plural(finding.n_affected, 'sample')}" if finding.n_affected else ""
    if finding.n_affected == 1 and len(finding.sample_ids) == 1:
        named = Text.assemble(name, f": {clean(finding.sample_ids[0])}")
        lines = marked(finding.severity, finding.severity.label, named, screen)
        if len(lines) == 1:
            return lines
    return marked(finding.severity, finding.severity.label, Text.assemble(name, count), screen)


def _finding(finding: Finding, screen: Screen) -> list[Text]:
    title = Text(f"{finding.code} {clean(finding.name)}", "bold")
    lines = [
        *marked(finding.severity, finding.severity.label, title, screen),
        *indented(for_caller(clean(finding.message), screen.caller), screen),
        *remedy_lines(for_caller(finding.remedy, screen.caller), screen),
    ]
    if finding.sample_ids:
        named = [clean(sample_id) for sample_id in finding.sample_ids[:SHOWN_SAMPLES]]
        more = max(finding.n_affected, len(finding.sample_ids)) - len(named)
        lines += indented(", ".join(named) + (f" … {more:,} more" if more > 0 else ""), screen, "dim")
    return lines


def _footer(report: ReportRecord, html: Path | str | None, screen: Screen) -> list[Text]:
    lines: list[Text] = []
    if screen.verbose:
        for outcome in report.with_status("not-applicable"):
            if isinstance(outcome.outcome, NotApplicable):
                reason = for_caller(clean(outcome.outcome.reason), screen.caller)
                lines += wrapped(f"{outcome.code} {outcome.name}: not applicable, {reason}", screen, "dim")
        lines += [Text()] if lines else []
    counts, rules = count_words(report)
    checked = f" · {checked_line(report, screen.caller)}" if report.outcomes else ""
    lines += wrapped(
        Text.assemble((counts, "bold"), f"  ({rules})" if screen.verbose or not checked else "", checked), screen
    )
    if html is not None:
        lines.append(Text(f"report  {clean(html)}"))
    following = next_step(report, screen.caller)
    if following:
        lines.append(Text.assemble("next    ", (following, "bold")))  # unbroken, so that it can be copied
    return lines


def _print(console: Console, lines: list[Text]) -> None:
    for line in lines:
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False, markup=False)
