"""The report on a terminal: worst first, each with its fix, on one screen."""

from __future__ import annotations

import io
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from datacheck.findings import Failed, Finding, NotApplicable, Severity
from datacheck.manifest import Task
from datacheck.report.dataset import dataset_line
from datacheck.report.plans import plan_lines
from datacheck.report.report import Report
from datacheck.report.tables import class_counts
from datacheck.text import clean, plural

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_MARKS = {Severity.ERROR: "✖", Severity.WARNING: "▲", Severity.INFO: "●"}
_ASCII = str.maketrans({"✖": "x", "▲": "!", "●": "i", "✔": "+", "→": ">", "·": "-", "…": "~", "×": "x", "–": "-"})
_PROBED = (Task.CLASSIFICATION, Task.REGRESSION, Task.MULTILABEL)
_INDENT = 11
_LINES_OF_A_FINDING = 4
_FOOTER_LINES = 5
_ONE_LINERS = 6


class _Console(Console):
    """Leaves it to its caller what happens when nobody reads on; Rich would exit with 1, the code of findings."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


@dataclass(frozen=True)
class Screen:
    """How much room there is, and whether everything is wanted regardless."""

    width: int = 80
    height: int = 24
    verbose: bool = False


def render(
    report: Report,
    *,
    fail_on: Severity = Severity.ERROR,
    html: Path | None = None,
    screen: Screen | None = None,
) -> str:
    """Return the report as plain text without colour, for a screen of 80 × 24 unless another is given."""
    screen = screen or Screen()
    stream = io.StringIO()
    console = Console(file=stream, width=screen.width, no_color=True, color_system=None, force_terminal=False)
    _print(console, compose(report, html=html, screen=screen))
    return stream.getvalue()


def show(report: Report, *, html: Path | None = None, verbose: bool = False, file: TextIO | None = None) -> None:
    """Print the report; colour only on a terminal and without ``NO_COLOR``, ASCII where the encoding has no more."""
    stream = file or sys.stdout
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    console = Console(file=stream, no_color=not colour, highlight=False)
    width = min(max(console.width, 60), 200)
    height = console.height if stream.isatty() else 24
    lines = compose(report, html=html, screen=Screen(width, height, verbose))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if not encoding.lower().replace("-", "").startswith("utf"):
        lines = [_ascii(line, encoding) for line in lines]
    _print(_Console(file=stream, width=width, no_color=not colour, highlight=False), lines)


def compose(report: Report, *, html: Path | None, screen: Screen) -> list[Text]:
    """Return the lines of the report, each no wider than the screen."""
    header = _header(report, screen)
    planned = plan_lines(report.plan, screen.width, verbose=screen.verbose)
    taken = len(header) + _FOOTER_LINES + 2 * bool(report.failed) + len(planned) + bool(planned)
    room = max(screen.height - taken, 3 * _LINES_OF_A_FINDING)
    lines = [*header, Text()]
    for outcome in report.failed:
        if isinstance(outcome.outcome, Failed):
            title = Text.assemble(("✖ crashed  ", "bold red"), (f"{outcome.code} {clean(outcome.name)}", "bold"))
            lines.extend([_cut(title, screen.width), _indented(clean(outcome.outcome.error), screen.width)])
    lines.extend(_findings(report.findings, room, screen))
    if not report.findings and not report.failed:
        lines.extend(_nothing_found(report, screen))
    lines.extend([Text(), *planned] if planned else [])
    return [*lines, Text(), *_footer(report, html, screen)]


def _nothing_found(report: Report, screen: Screen) -> list[Text]:
    """Say what was looked at and found clean, and never that what was not looked at is."""
    judged = len(report.with_status("passed"))
    if judged or not report.outcomes:
        return [Text(f"✔ {plural(judged, 'rule')} judged, nothing found", style="bold green")]
    lines = [Text("✖ nothing could be judged: this says nothing about the dataset", style="bold red")]
    outcomes = [one.outcome for one in report.outcomes]
    reasons = Counter(clean(one.reason) for one in outcomes if isinstance(one, NotApplicable))
    for reason, number in reasons.most_common(3):
        lines.extend(_pad(line) for line in _wrapped(Text(f"{plural(number, 'rule')}: {reason}"), screen))
    return lines


def _header(report: Report, screen: Screen) -> list[Text]:
    manifest = report.manifest
    took = f" · took {report.seconds:.1f} s" if report.seconds else ""
    lines = [_cut(Text.assemble(("datacheck", "bold"), f"  {dataset_line(manifest)}{took}"), screen.width)]
    if manifest.took_for:
        lines.extend(_at_most_two(Text(clean(manifest.took_for), style="dim"), screen, screen.width))
    return lines + _class_table(report, screen)


def _class_table(report: Report, screen: Screen) -> list[Text]:
    """Return splits as rows and classes as columns, where that fits; else nothing."""
    manifest = report.manifest
    if manifest.task.value != "classification" or not manifest.classes or len(manifest.classes) > 20:
        return []
    rows = manifest.splits or ("all",)
    if len(rows) > 4:
        return []
    counts = class_counts(manifest)
    names = [clean(name) for name in manifest.classes]
    widths = [max(cell_len(name), *(len(f"{count:,}") for count in counts[k])) + 2 for k, name in enumerate(names)]
    left = max(cell_len(clean(row)) for row in rows) + 2
    if left + sum(widths) > screen.width:
        return []
    head = Text(
        " " * left + "".join(" " * (width - cell_len(name)) + name for name, width in zip(names, widths, strict=True)),
        "dim",
    )
    lines = [head]
    for s, row in enumerate(rows):
        line = Text(set_cell_size(clean(row), left))
        for k, width in enumerate(widths):
            count = int(counts[k, s])
            line.append(f"{count:>{width},}", style="bold red" if count == 0 else "")
        lines.append(line)
    return lines


def _findings(findings: Sequence[Finding], room: int, screen: Screen) -> list[Text]:
    """Return the worst findings in full, the next ones as a line each, and how many more there are."""
    lines: list[Text] = []
    left = list(findings)
    while left:
        block = _finding(left[0], screen)
        if lines and not screen.verbose and room - len(block) < min(len(left) - 1, _ONE_LINERS):
            break
        lines.extend(block)
        room -= len(block)
        left.pop(0)
    n_lines = len(left) if len(left) <= max(room, 0) else max(room - 1, 0)
    spare = room - n_lines - (n_lines < len(left))
    for finding in left[:n_lines]:
        short = _short(finding, screen, 2 if spare > 0 else 1)
        spare -= len(short) - 1
        lines.extend(short)
    rest = left[n_lines:]
    if rest:
        severities = sorted({finding.severity for finding in rest}, reverse=True)
        counts = [f"{sum(f.severity is severity for f in rest)} more at {severity.label}" for severity in severities]
        lines.append(_cut(Text(f"… and {', '.join(counts)} (--verbose shows all)", style="dim"), screen.width))
    return lines


def _short(finding: Finding, screen: Screen, most: int) -> list[Text]:
    """Return a finding without its fix, on one line or two."""
    mark = (f"{_MARKS[finding.severity]} {finding.severity.label:<7}  ", _STYLES[finding.severity])
    text = Text.assemble((finding.code, "bold"), f" {clean(finding.name)}: {clean(finding.message)}")
    width = screen.width - _INDENT
    first, *rest = _at_most_two(text, screen, width) if most > 1 else [_cut(text, width)]
    return [Text.assemble(mark, first), *(_pad(line) for line in rest)]


def _finding(finding: Finding, screen: Screen) -> list[Text]:
    style = _STYLES[finding.severity]
    title = Text.assemble(
        (f"{_MARKS[finding.severity]} {finding.severity.label:<7}  ", style),
        (f"{finding.code} {clean(finding.name)}", "bold"),
    )
    body = [
        *_wrapped(Text(clean(finding.message)), screen),
        *_wrapped(Text(f"→ {clean(finding.remedy)}", "green"), screen),
    ]
    lines = [_cut(title, screen.width), *(_pad(line) for line in body)]
    if finding.sample_ids:
        named = [clean(sample_id) for sample_id in finding.sample_ids[:3]]
        more = max(finding.n_affected, len(finding.sample_ids)) - len(named)
        tail = f" … {more:,} more" if more > 0 else ""
        room = screen.width - _INDENT - len(tail)
        while len(named) > 1 and len(", ".join(named)) > room:
            named.pop()
            tail = f" … {max(finding.n_affected, len(finding.sample_ids)) - len(named):,} more"
            room = screen.width - _INDENT - len(tail)
        ids = ", ".join(named)
        lines.append(_pad(Text((ids if len(ids) <= room else "…" + ids[-(room - 1) :]) + tail, style="dim")))
    return lines


def _wrapped(text: Text, screen: Screen) -> list[Text]:
    """Return the indented lines of a text, no more than two of them unless everything is wanted."""
    return _at_most_two(text, screen, screen.width - _INDENT)


def _at_most_two(text: Text, screen: Screen, width: int) -> list[Text]:
    lines = list(text.wrap(Console(width=screen.width), width))
    for line in lines:
        line.rstrip()
    if screen.verbose or len(lines) <= 2:
        return lines
    return [lines[0], _cut(Text.assemble(lines[1], " …"), width)]


def _footer(report: Report, html: Path | None, screen: Screen) -> list[Text]:
    counts = " · ".join(f"{count} {name}" for name, count in report.counts.items())
    passed, skipped = (len(report.with_status(status)) for status in ("passed", "not-applicable"))
    rules = f"{plural(passed, 'rule')} passed · {skipped} not applicable · {len(report.failed)} failed"
    lines: list[Text] = []
    if screen.verbose:
        for outcome in report.with_status("not-applicable"):
            if isinstance(outcome.outcome, NotApplicable):
                text = f"{outcome.code} {outcome.name}: not applicable, {clean(outcome.outcome.reason)}"
                lines.extend(Text(text, style="dim").wrap(Console(width=screen.width), screen.width))
        lines.extend([Text()] if lines else [])
    lines.append(_cut(Text.assemble((counts, "bold"), f"  ({rules})"), screen.width))
    if html is not None:
        lines.append(Text(f"report  {clean(html)}"))
    following = _next_command(report)
    if following:
        lines.append(_cut(Text.assemble("next    ", (following, "bold")), screen.width))
    return lines


def _next_command(report: Report) -> str:
    if report.failed:
        return f"datacheck explain {report.failed[0].code}"
    if report.findings:
        return f"datacheck explain {report.findings[0].code}"
    if report.probe is None and report.manifest.task in _PROBED and report.with_status("passed"):
        return "the same with --probe: are the labels right?"
    return ""


def _indented(text: str, width: int) -> Text:
    return _pad(_cut(Text(text), width - _INDENT))


def _pad(line: Text) -> Text:
    return Text.assemble(" " * _INDENT, line)


def _cut(line: Text, width: int) -> Text:
    line = line.copy()
    line.truncate(width, overflow="ellipsis")
    return line


def _ascii(line: Text, encoding: str) -> Text:
    plain = line.plain.translate(_ASCII).encode(encoding, errors="replace").decode(encoding)
    return Text(plain, spans=line.spans, style=line.style)


def _print(console: Console, lines: list[Text]) -> None:
    for line in lines:
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False, markup=False)
