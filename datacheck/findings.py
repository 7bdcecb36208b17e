"""What a rule returns: findings for people, and a table of the samples concerned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from datacheck.errors import ConfigError, did_you_mean

MAX_SAMPLE_IDS = 100
"""A finding names at most this many samples, worst first; the table of issues has all of them."""


class Severity(IntEnum):
    """How much a finding is likely to cost the training run.

    Examples
    --------
    >>> Severity.parse("warning") < Severity.ERROR
    True
    """

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The word used in every report: ``info``, ``warning`` or ``error``."""
        return self.name.lower()

    def __str__(self) -> str:
        return self.label

    def __format__(self, spec: str) -> str:
        return format(self.label, spec)

    @classmethod
    def parse(cls, word: str) -> Severity:
        """Return the severity that a word names."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            known = [severity.label for severity in cls]
            raise ConfigError(
                f"expected a severity ({', '.join(known)}), found {word!r}{did_you_mean(word, known)}"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem of a dataset, and what to do about it.

    Attributes
    ----------
    code, name
        The rule's stable code and slug, such as ``DC301`` and ``exact-duplicate``.
    severity
        How much it is likely to cost.
    message
        One sentence: what is wrong, how much of it, and how sure that is.
    remedy
        What to do about it.
    evidence
        JSON-safe numbers and short strings behind the message (effect sizes with their intervals).
    sample_ids
        Up to `MAX_SAMPLE_IDS` samples, worst first.
    n_affected
        How many samples are affected in all (0 where the finding is about the dataset as a whole).
    """

    code: str
    name: str
    severity: Severity
    message: str
    remedy: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    sample_ids: tuple[str, ...] = ()
    n_affected: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON values."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity.label,
            "message": self.message,
            "remedy": self.remedy,
            "evidence": dict(self.evidence),
            "sample_ids": list(self.sample_ids),
            "n_affected": self.n_affected,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Finding:
        """Rebuild a finding from `to_json`."""
        return cls(
            code=value["code"],
            name=value["name"],
            severity=Severity.parse(value["severity"]),
            message=value["message"],
            remedy=value["remedy"],
            evidence=value["evidence"],
            sample_ids=tuple(value["sample_ids"]),
            n_affected=value["n_affected"],
        )


SAMPLE_ISSUES_SCHEMA = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("suspicion", pa.float32(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("related_id", pa.string()),
        pa.field("cluster", pa.int64()),
        pa.field("note", pa.string()),
    ]
)
"""Columns of ``issues.parquet``, a row for each (rule, sample).

``suspicion`` is in [0, 1], high is worse, and orders the samples of one rule; ``value`` is what was measured,
in the rule's own unit; ``related_id`` is the sample that this one clashes with; ``cluster`` numbers groups of
samples that belong together; ``note`` is a short reason or a suggested label.
"""


def sample_issues(
    code: str, sample_ids: Sequence[str] | pa.Array | pa.ChunkedArray, suspicion: ArrayLike, **columns: Any
) -> pa.Table:
    """Build a table of sample issues for one rule.

    Parameters
    ----------
    code
        The rule's code.
    sample_ids, suspicion
        One for each sample, or one suspicion for all; in [0, 1], high is worse.
    **columns
        The other columns of `SAMPLE_ISSUES_SCHEMA` by name; those left out are null.

    Raises
    ------
    ValueError
        When the columns differ in length or a suspicion is outside [0, 1].

    Examples
    --------
    >>> sample_issues("DC401", ["a", "b"], [1.0, 0.5], value=[0.01, 0.04]).num_rows
    2
    """
    n_rows = len(sample_ids)
    suspicion = np.broadcast_to(np.asarray(suspicion, dtype=np.float32), (n_rows,))
    if n_rows and not (np.all(suspicion >= 0) and np.all(suspicion <= 1)):
        raise ValueError(f"{code}: expected suspicion in [0, 1], found {suspicion.min()} to {suspicion.max()}")
    unknown = columns.keys() - set(SAMPLE_ISSUES_SCHEMA.names)
    if unknown:
        raise TypeError(f"expected columns of {SAMPLE_ISSUES_SCHEMA.names}, found {sorted(unknown)}")
    filled = {"code": [code] * n_rows, "sample_id": sample_ids, "suspicion": suspicion, **columns}
    return pa.table(
        [_column(filled.get(field.name), field.type, n_rows) for field in SAMPLE_ISSUES_SCHEMA],
        schema=SAMPLE_ISSUES_SCHEMA,
    )


def _column(values: Any, type_: pa.DataType, n_rows: int) -> pa.Array | pa.ChunkedArray:
    if values is None:
        return pa.nulls(n_rows, type_)
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(type_)
    return pa.array(values, type_, from_pandas=isinstance(values, np.ndarray))


def worst_sample_ids(issues: pa.Table, limit: int = MAX_SAMPLE_IDS) -> tuple[str, ...]:
    """Return the sample ids of the highest suspicion, worst first, ties in table order."""
    order = np.argsort(-issues["suspicion"].to_numpy(), kind="stable")[:limit]
    return tuple(issues["sample_id"].take(pa.array(order)).to_pylist())


@dataclass(frozen=True)
class Passed:
    """The rule was judged and found nothing; ``summary`` gives the number behind that."""

    summary: str = ""


@dataclass(frozen=True)
class Found:
    """The rule was judged and found something.

    ``issues`` is a table of `SAMPLE_ISSUES_SCHEMA`: every affected sample, without a cap.
    """

    findings: tuple[Finding, ...]
    issues: pa.Table = field(default_factory=SAMPLE_ISSUES_SCHEMA.empty_table)

    def __post_init__(self) -> None:
        if not self.findings:
            raise ValueError("Found without a finding: return Passed() when there is nothing to say")

    @classmethod
    def of(cls, parts: Sequence[tuple[Finding, pa.Table]]) -> Found:
        """Return several findings, each with its issues, as one outcome."""
        return cls(tuple(finding for finding, _ in parts), pa.concat_tables([issues for _, issues in parts]))


@dataclass(frozen=True)
class NotApplicable:
    """The rule cannot be judged on this dataset; ``reason`` says what is missing and how to supply it."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The rule crashed; this fails the audit and stops no other rule."""

    error: str
    details: str = ""


Outcome = Passed | Found | NotApplicable | Failed
