"""What one rule said about a dataset, and its form in ``findings.json``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.findings import Failed, Finding, Found, NotApplicable, Outcome, Passed

STATUSES = {Passed: "passed", Found: "found", NotApplicable: "not-applicable", Failed: "failed"}
"""The word for each kind of outcome in reports and in ``findings.json``."""


@dataclass(frozen=True)
class RuleOutcome:
    """What one rule said, and how long it took."""

    code: str
    name: str
    outcome: Outcome
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """One of the words in `STATUSES`."""
        return STATUSES[type(self.outcome)]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The rule's findings; none unless it found something."""
        return self.outcome.findings if isinstance(self.outcome, Found) else ()

    def goes_by(self, word: str) -> bool:
        """Return whether ``word`` is the rule's name, its code, or the start of its code."""
        return self.code.startswith(word.upper()) or self.name == word.lower()

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values, without the table of sample issues."""
        value: dict[str, Any] = {
            "code": self.code,
            "name": self.name,
            "status": self.status,
            "seconds": self.seconds,
        }
        match self.outcome:
            case Passed(summary):
                value["summary"] = summary
            case Found():
                value["findings"] = [json_safe(finding.to_json()) for finding in self.findings]
            case NotApplicable(reason):
                value["reason"] = reason
            case Failed(error, details):
                value |= {"error": error, "details": details}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any], issues: pa.Table) -> RuleOutcome:
        """Rebuild an outcome from `to_json` and the sample issues of all rules."""
        outcome: Outcome
        match value["status"]:
            case "passed":
                outcome = Passed(value["summary"])
            case "found":
                findings = tuple(Finding.from_json(entry) for entry in value["findings"])
                outcome = Found(findings, issues.filter(pc.equal(issues["code"], value["code"])))
            case "not-applicable":
                outcome = NotApplicable(value["reason"])
            case "failed":
                outcome = Failed(value["error"], value["details"])
            case status:
                raise ValueError(f"rule {value['code']} has the unknown status {status!r}")
        return cls(value["code"], value["name"], outcome, value["seconds"])


def json_safe(value: Any) -> Any:
    """Return plain JSON values: numpy scalars and arrays unpacked, NaN and infinity null, other objects as text.

    Examples
    --------
    >>> json_safe({"share": np.float32(0.5), "gap": float("nan"), 3: (1, 2)})
    {'share': 0.5, 'gap': None, '3': [1, 2]}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): json_safe(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | bool | int) else str(value)
