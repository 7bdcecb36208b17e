"""What a reading of code found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datacheck.findings import Finding, Severity
from datacheck.linting.source import Place


@dataclass(frozen=True)
class CodeFinding:
    """A finding at a place of a file; ``line`` is the source line, ``fixable`` whether ``--fix`` changes it."""

    finding: Finding
    path: str
    place: Place
    line: str = ""
    fixable: bool = False


@dataclass(frozen=True)
class UnreadFile:
    """A file that could not be judged, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class LintReport:
    """What was found in some files of code.

    Attributes
    ----------
    files
        The files that were read and judged.
    findings
        By file and line.
    unread
        Files that were not judged; while there is any, the result is not green.
    rules
        Code and name of each rule that ran.
    fixed
        How many listings ``--fix`` sorted.

    Examples
    --------
    >>> report = LintReport(files=("a.py",), unread=(UnreadFile("b.py", "is binary"),))
    >>> report.exit_code(Severity.ERROR)
    2
    """

    files: tuple[str, ...] = ()
    findings: tuple[CodeFinding, ...] = ()
    unread: tuple[UnreadFile, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    fixed: int = 0

    def exit_code(self, fail_on: Severity) -> int:
        """Return 2 where a file was not read, 1 for a finding at or above ``fail_on``, else 0."""
        if self.unread:
            return 2
        return 1 if any(one.finding.severity >= fail_on for one in self.findings) else 0

    def of_rule(self, code: str) -> Sequence[CodeFinding]:
        """Return the findings of one rule."""
        return [one for one in self.findings if one.finding.code == code]
