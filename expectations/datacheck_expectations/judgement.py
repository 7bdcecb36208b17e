"""The verdict on one expectation, and how sampling error enters it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datacheck.stats import Interval, Moments, hedges_g, proportion


@dataclass(frozen=True)
class Judgement:
    """What one expectation says about a dataset.

    Attributes
    ----------
    success
        Whether the dataset keeps it.
    observed
        The number that decides, in the unit of the threshold.
    sentence
        What was found, for people.
    offending
        Rows for a table of what offends, worst first.
    sample_ids
        Samples that offend, capped.
    n_affected
        How many samples offend; 0 where it is about the dataset as a whole.
    """

    success: bool
    observed: float
    sentence: str
    offending: tuple[Mapping[str, Any], ...] = ()
    sample_ids: tuple[str, ...] = ()
    n_affected: int = 0

    def to_gx(self) -> dict[str, Any]:
        """Return the verdict as Great Expectations takes it."""
        observed = float(self.observed)
        return {
            "success": bool(self.success),
            "result": {
                "observed_value": observed if np.isfinite(observed) else str(observed),
                "details": {
                    "sentence": self.sentence,
                    "columns": list(self.offending[0]) if self.offending else [],
                    "offending": [dict(row) for row in self.offending],
                    "sample_ids": list(self.sample_ids),
                    "n_affected": int(self.n_affected),
                },
            },
        }


def share_interval(successes: int, n: int, confidence: float) -> Interval:
    """Return a share with Wilson's interval; the share alone at confidence 0.

    Examples
    --------
    >>> share_interval(5, 10, 0.0).low, share_interval(5, 10, 0.95).low < 0.5
    (0.5, True)
    """
    if confidence <= 0 and n:
        return Interval(successes / n, successes / n, successes / n, 0.0, "exact")
    return proportion(successes, n, level=confidence)


def effect_between(reference: Mapping[str, float], found: Moments, confidence: float) -> Interval:
    """Return Hedges' g from a reference (``n``, ``mean``, ``std``) to what was found, with its interval.

    Examples
    --------
    >>> effect_between({"n": 100, "mean": 0.0, "std": 1.0}, Moments.empty().update([1.0, 2.0, 3.0]), 0.0).value > 1
    True
    """
    before = moments_of(reference)
    effect = hedges_g(before, found, level=max(0.0, confidence))
    same = np.isclose(float(before.mean), float(found.mean), rtol=1e-6, atol=1e-9)
    return Interval(0.0, 0.0, 0.0, confidence, "Hedges") if np.isinf(effect.value) and same else effect


def moments_of(reference: Mapping[str, float]) -> Moments:
    """Return the moments that ``n``, ``mean`` and ``std`` stand for."""
    n, mean, std = (float(reference[name]) for name in ("n", "mean", "std"))
    return Moments(np.asarray(n), np.asarray(mean), np.asarray(std * std * max(0.0, n - 1)))


def drift_of_groups(
    column: str,
    kind: str,
    subject: str,
    reference: Mapping[str, Mapping[str, float]],
    measured: Mapping[str, Moments],
    max_effect: float,
    confidence: float,
) -> Judgement:
    """Compare the means of groups (splits, classes) with those of a reference; groups of under two are left out.

    ``kind`` heads the table's first column, ``subject`` opens the sentence before the group's name.
    """
    drifted, largest = [], 0.0
    for name, before in reference.items():
        found = measured.get(name, Moments.empty())
        if found.value[0] < 2:
            continue
        effect = effect_between(before, found, confidence)
        largest = max(largest, abs(effect.value))
        if effect.least > max_effect:
            drifted.append((effect, name, before["mean"], found.value[1]))
    if not drifted:
        return Judgement(True, largest, f"no mean is more than {number(largest)} standard deviations away")
    drifted.sort(key=lambda entry: -entry[0].least)
    rows = tuple(
        {
            kind: name,
            f"accepted mean {spoken(column)}": number(before),
            "found mean": number(after),
            "standard deviations apart": f"{effect.value:.2g}",
        }
        for effect, name, before, after in drifted
    )
    effect, name, accepted, after = drifted[0]
    others = f", and so do {listed([entry[1] for entry in drifted[1:]])}" if len(drifted) > 1 else ""
    sentence = (
        f"{subject} {name!r} differ in {spoken(column)}: mean {number(after)} beside {number(accepted)} "
        f"({effect.value:.2g} standard deviations){others}"
    )
    return Judgement(False, effect.value, sentence.replace(f"{subject} 'all'", "the samples"), rows)


def percent(share: float) -> str:
    """Return a share in percent, with as many digits as it needs.

    Examples
    --------
    >>> percent(0.5), percent(0.0123), percent(0.00004), percent(1.0), percent(0.9997)
    ('50 %', '1.2 %', '0.004 %', '100 %', '99.97 %')
    """
    if share != share:
        return "unknown"
    value = 100 * share
    distance = min(value, 100 - value)
    digits = (
        0 if distance == 0 or value == round(value) else next((d for d in (1, 2, 3) if distance >= 10 ** (1 - d)), 3)
    )
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def listed(words: Sequence[str], limit: int = 6) -> str:
    """Return words quoted in a sentence.

    Examples
    --------
    >>> listed(["a", "b"]), listed(["a", "b", "c"], 2)
    ("'a' and 'b'", "'a', 'b' and 1 more")
    """
    shown = [repr(word) for word in words[:limit]]
    if len(words) > limit:
        return f"{', '.join(shown)} and {len(words) - limit:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


def counted(n: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "sample"), counted(2000, "sample")
    ('1 sample', '2,000 samples')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def number(value: float) -> str:
    """Return a number with four digits.

    Examples
    --------
    >>> number(64.0), number(0.123456)
    ('64', '0.1235')
    """
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


_NAMES = {
    "mean_red": "red level",
    "mean_green": "green level",
    "mean_blue": "blue level",
    "byte_size": "file size in bytes",
    "aspect": "aspect (width over height)",
}


def spoken(column: str) -> str:
    """Return a column's name as people say it.

    Examples
    --------
    >>> spoken("mean_red"), spoken("label_quality")
    ('red level', 'label quality')
    """
    return _NAMES.get(column, column.replace("_", " "))


def chance(confidence: float) -> str:
    """Return the clause that says how sampling error is allowed for; nothing at confidence 0."""
    return "" if confidence <= 0 else ", give or take chance"
