"""What the rules of every family have in common, whatever they look at."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import pyarrow as pa
from numpy.typing import ArrayLike

from datacheck.findings import Finding, NotApplicable, Outcome, Severity, sample_issues, worst_sample_ids

Context = TypeVar("Context")
"""What the rules of one family look at."""


class CannotJudge(Exception):  # noqa: N818 (control flow inside `Rule.check`, never seen by a user)
    """Raised inside a rule that lacks something; `Rule.check` turns it into `NotApplicable`."""


@dataclass(frozen=True)
class Requirement(Generic[Context]):
    """Something that must be there before a rule can judge it.

    Attributes
    ----------
    name
        What it is, in a few words: it stands on the rule's page.
    missing
        Returns why it is not there and what to do, or None where it is there.
    """

    name: str
    missing: Callable[[Context], str | None]


class BaseRule(Generic[Context]):
    """One thing to check. A rule is a frozen dataclass whose fields are its thresholds, and that defines `judge`.

    Its docstring is its page: a first line, then the sections *What*, *Why it hurts training*, *How it is measured*,
    *How to fix* and *Example*, each a line of that name underlined with hyphens.

    Attributes
    ----------
    code, name
        The stable code and the slug, such as ``DC301`` and ``exact-duplicate``.
    severity
        The usual severity; a finding may have another.
    requires
        What the rule needs, checked before `judge` in this order: see `datacheck.rules.requirements`.
    reads, judged_by
        What every rule of the family looks at, and what runs it: both stand on the rule's page. The context of an
        audit's rule is a `RuleContext`; another family has its own.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    requires: ClassVar[tuple[Requirement[Any], ...]] = ()
    reads: ClassVar[str] = "the dataset"
    judged_by: ClassVar[str] = "datacheck audit"

    def judge(self, context: Context) -> Outcome:
        """Judge a context that has all that the rule requires."""
        raise NotImplementedError(f"{type(self).__name__} defines no judge(context)")

    def check(self, context: Context) -> Outcome:
        """Judge the context, or say which requirement is missing."""
        for requirement in self.requires:
            reason = requirement.missing(context)
            if reason is not None:
                return NotApplicable(reason)
        try:
            return self.judge(context)
        except CannotJudge as missing:
            return NotApplicable(str(missing))

    def finding(
        self,
        message: str,
        remedy: str,
        *,
        severity: Severity | None = None,
        evidence: Mapping[str, Any] | None = None,
        affected: pa.Table | int = 0,
    ) -> Finding:
        """Return a finding of this rule.

        Parameters
        ----------
        message, remedy
            What is wrong and how sure that is; what to do about it.
        severity
            The rule's own by default.
        evidence
            JSON-safe numbers behind the message.
        affected
            The issues of the samples concerned, or only the number of samples.
        """
        sample_ids, n_affected = (
            ((), affected) if isinstance(affected, int) else (worst_sample_ids(affected), affected.num_rows)
        )
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity if severity is None else severity,
            message=message,
            remedy=remedy,
            evidence=evidence or {},
            sample_ids=sample_ids,
            n_affected=n_affected,
        )

    def issues(self, sample_ids: Any, suspicion: ArrayLike = 1.0, **columns: Any) -> pa.Table:
        """Return the sample issues of this rule; the columns are those of `datacheck.findings.sample_issues`."""
        return sample_issues(self.code, sample_ids, suspicion, **columns)


SECTIONS = ("What", "Why it hurts training", "How it is measured", "How to fix", "Example")
"""The sections of a rule's docstring, in order."""


def explanation(rule: type[BaseRule[Any]] | BaseRule[Any]) -> str:
    """Return a rule's docstring as clean text.

    Examples
    --------
    >>> from datacheck.rules import RULES
    >>> explanation(RULES[0]).splitlines()[0].endswith(".")
    True
    """
    return inspect.getdoc(rule if inspect.isclass(rule) else type(rule)) or ""
