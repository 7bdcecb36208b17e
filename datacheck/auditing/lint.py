"""Connects reading code, the rules on it, and the report."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from datacheck.config import Settings
from datacheck.linting.files import UnreadableCode, find_code, read_code
from datacheck.linting.fixing import with_sorted
from datacheck.linting.results import CodeFinding, LintReport, UnreadFile
from datacheck.linting.source import SourceFile
from datacheck.rules import CODE_RULES
from datacheck.rules.code import CodeRule, Hit
from datacheck.rules.plugins import rules_of_every_family
from datacheck.rules.select import configure, select_rules
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
    others = [rule for rule in rules_of_every_family() if rule not in CODE_RULES]
    selected = select_rules(CODE_RULES, settings.select, settings.ignore, elsewhere=others)
    rules = [configure(rule, settings.rules.get(rule.code, {})) for rule in selected]
    files, findings, unread, fixed = [], [], [], 0
    for path in find_code(Path(one) for one in paths):
        try:
            source = read_code(path)
            found = _judged(source, rules)
            listings = [one for _, hit in found for one in hit.to_sort]
            if fix and listings and not source.cells:
                fixed += _fix(path, source, listings)
                source = read_code(path)
                found = _judged(source, rules)
        except UnreadableCode as reason:
            unread.append(UnreadFile(str(path), str(reason)))
            continue
        files.append(str(path))
        findings += [_finding(source, rule, hit) for rule, hit in found]
    names = tuple((rule.code, rule.name) for rule in rules)
    return LintReport(tuple(files), tuple(findings), tuple(unread), names, fixed)


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
