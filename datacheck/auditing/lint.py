"""Connects reading code, the rules on it, and the report."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datacheck.auditing.judging import rules_of_family
from datacheck.config import Settings
from datacheck.cpus import available_cpus
from datacheck.linting.files import UnreadableCode, find_code, read_code
from datacheck.linting.fixing import with_sorted
from datacheck.linting.results import CodeFinding, LintReport, UnreadFile
from datacheck.linting.source import SourceFile
from datacheck.rules import CODE_RULES
from datacheck.rules.code import CodeRule, Hit
from datacheck.storage import write_text


def lint(paths: Iterable[str | Path], *, settings: Settings | None = None, fix: bool = False) -> LintReport:
    """Read Python files and notebooks, and return what is wrong with how they treat their data.

    Parameters
    ----------
    paths
        Files and folders. Nothing in them is executed.
    settings
        Which rules run.
    fix
        Whether to write ``sorted(…)`` around the listings that need it, in Python files.

    Raises
    ------
    SourceError
        When a path does not exist, or nothing below it is Python.
    ConfigError
        When the settings select no rule on code.
    """
    settings = settings or Settings()
    rules = rules_of_family(CODE_RULES, settings)
    found = list(find_code(Path(one) for one in paths))
    work = partial(_lint_file, rules=rules, fix=fix)
    n_processes = min(available_cpus(), len(found) // FILES_A_PROCESS)
    if n_processes > 1:
        with ProcessPoolExecutor(n_processes) as pool:
            results = list(pool.map(work, found, chunksize=CHUNK))
    else:
        results = list(map(work, found))
    return LintReport(
        files=tuple(str(path) for path, one in zip(found, results, strict=True) if one.unread is None),
        findings=tuple(finding for one in results for finding in one.findings),
        unread=tuple(UnreadFile(str(path), one.unread) for path, one in zip(found, results, strict=True) if one.unread),
        rules=tuple((rule.code, rule.name) for rule in rules),
        fixed=sum(one.fixed for one in results),
    )


FILES_A_PROCESS = 50
"""Files from which on another process is worth its start."""

CHUNK = 8
"""Files that are sent to a process at a time: they differ much in length."""


@dataclass(frozen=True)
class _Linted:
    """What was found in one file; ``unread`` says why nothing could be."""

    findings: tuple[CodeFinding, ...] = ()
    fixed: int = 0
    unread: str | None = None


def _lint_file(path: Path, rules: Sequence[CodeRule], fix: bool) -> _Linted:
    fixed = 0
    try:
        source = read_code(path)
        found = _judged(source, rules)
        listings = [one for _, hit in found for one in hit.to_sort]
        if fix and listings and not source.cells:
            fixed = _fix(path, source, listings)
            source = read_code(path)
            found = _judged(source, rules)
    except UnreadableCode as reason:
        return _Linted(unread=str(reason))
    return _Linted(tuple(_finding(source, rule, hit) for rule, hit in found), fixed)


def _judged(source: SourceFile, rules: Sequence[CodeRule]) -> list[tuple[CodeRule, Hit]]:
    """Return what the rules name, in the order of the lines; a rule that fails makes the file unread, not clean."""
    try:
        found = [(rule, hit) for rule in rules for hit in rule.places(source)]
    except RecursionError as error:
        raise UnreadableCode("is nested too deeply to be followed; leave it out") from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        raise UnreadableCode(f"could not be judged: {type(error).__name__} in {where}: {error}; report it") from error
    return sorted(found, key=lambda pair: (getattr(pair[1].node, "lineno", 1), pair[0].code))


def _fix(path: Path, source: SourceFile, listings: list[ast.expr]) -> int:
    try:
        data = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableCode("is not UTF-8, and --fix writes UTF-8 alone; save it as UTF-8") from error
    marked = data.startswith("\ufeff")
    changed, count = with_sorted(source.text.removeprefix("\ufeff"), listings)
    write_text(path, ("\ufeff" if marked else "") + changed)
    return count


def _finding(source: SourceFile, rule: CodeRule, hit: Hit) -> CodeFinding:
    place = source.place(hit.node)
    where = {"line": place.line, "column": place.column} | ({} if place.cell is None else {"cell": place.cell})
    finding = rule.finding(hit.message, hit.remedy, severity=hit.severity, evidence=where)
    line = source.lines[getattr(hit.node, "lineno", 1) - 1].strip()
    return CodeFinding(finding, source.path, place, line, bool(hit.to_sort) and not source.cells)
