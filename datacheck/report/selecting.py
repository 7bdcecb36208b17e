"""Which samples the findings of a report are about, by rule or by severity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import ConfigError, did_you_mean
from datacheck.findings import SAMPLE_ISSUES_SCHEMA, Finding, Found, NotApplicable, Severity
from datacheck.report.outcomes import RuleOutcome

Selector = str | Severity | Sequence[str | Severity]
"""A rule (code, prefix of codes, name), a severity (it and those above, also as a word), or several of these."""

REPEATING = ("DC301", "DC302")
"""Rules about copies within a split: their issues name the first sample of each cluster too, which may stay."""


def select_issues(outcomes: Sequence[RuleOutcome], selector: Selector) -> pa.Table:
    """Return the sample issues that a selector names, in the order of the rules.

    A severity takes the issues of findings of that severity or above. Where a rule has findings of several severities
    and its issues do not say which finding they belong to, all issues of the rule count.

    Raises
    ------
    ConfigError
        When no rule of the report goes by a name, or none of those that do could be judged.

    Examples
    --------
    >>> from datacheck.findings import sample_issues
    >>> dark = Finding(code="DC401", name="dark", severity=Severity.WARNING, message="", remedy="", sample_ids=("a",))
    >>> outcome = RuleOutcome("DC401", "dark", Found((dark,), sample_issues("DC401", ["a"], 1.0)))
    >>> [select_issues([outcome], by)["sample_id"].to_pylist() for by in ("DC4", "dark", Severity.ERROR, "info")]
    [['a'], ['a'], [], ['a']]
    """
    parts = [selector] if isinstance(selector, str | Severity) else list(selector)
    chosen = [_chosen(outcomes, part) for part in parts]
    tables = []
    for outcome in outcomes:
        if isinstance(outcome.outcome, Found):
            taken = {id(one) for findings in chosen for one in findings.get(outcome.code, ())}
            tables += [table for finding, table in _by_finding(outcome.outcome) if id(finding) in taken]
    return pa.concat_tables(tables) if tables else SAMPLE_ISSUES_SCHEMA.empty_table()


def selected_ids(outcomes: Sequence[RuleOutcome], selector: Selector) -> tuple[str, ...]:
    """Return the ids of the samples that a selector names, sorted, each once."""
    return _ids(select_issues(outcomes, selector))


def ids_to_drop(outcomes: Sequence[RuleOutcome], selector: Selector) -> tuple[str, ...]:
    """Return the ids of the samples to leave out: those that a selector names, without the first one of equal samples.

    DC301 and DC302 name whole clusters of copies; where they alone name the first sample of one, it stays.
    """
    issues = select_issues(outcomes, selector)
    first = pc.and_(pc.is_in(issues["code"], value_set=pa.array(REPEATING)), pc.is_null(issues["related_id"]))
    return _ids(issues.filter(pc.invert(first)))


def _ids(issues: pa.Table) -> tuple[str, ...]:
    return tuple(sorted(pc.unique(issues["sample_id"]).to_pylist()))


def _chosen(outcomes: Sequence[RuleOutcome], part: str | Severity) -> dict[str, tuple[Finding, ...]]:
    """Return the findings that one word or severity names, by the code of their rule."""
    words = {severity.label: severity for severity in Severity}
    severity = part if isinstance(part, Severity) else words.get(part.strip().lower())
    if severity is not None:
        return {one.code: tuple(each for each in one.findings if each.severity >= severity) for one in outcomes}
    named = [one for one in outcomes if str(part).strip() and one.goes_by(str(part).strip())]
    if not named:
        known = [word for one in outcomes for word in (one.code, one.name)] + list(words)
        raise ConfigError(
            f"expected one of the {len(outcomes)} rules of this report or a severity ({', '.join(words)}), found "
            f"{part!r}{did_you_mean(str(part), known)}"
        )
    if all(one.status in ("not-applicable", "failed") for one in named):
        first = named[0]
        outcome = first.outcome
        reason = outcome.reason if isinstance(outcome, NotApplicable) else "the rule crashed"
        raise ConfigError(f"which samples {first.code} {first.name} names is not known, it was not judged: {reason}")
    return {one.code: one.findings for one in named}


def _by_finding(found: Found) -> Iterable[tuple[Finding, pa.Table]]:
    """Return the issues of each finding: they stand one after the other; all of them for each where they do not."""
    about = [finding for finding in found.findings if finding.sample_ids]
    ends = np.cumsum([0, *(finding.n_affected for finding in about)]).tolist()
    tables = [found.issues.slice(start, end - start) for start, end in pairwise(ends)]
    fits = ends[-1] == found.issues.num_rows and all(
        set(finding.sample_ids) <= set(table["sample_id"].to_pylist())
        for finding, table in zip(about, tables, strict=True)
    )
    if fits:
        return zip(about, tables, strict=True)
    worst = max(found.findings, key=lambda finding: finding.severity)
    return [(worst, found.issues)]
