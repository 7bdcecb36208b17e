"""What evaluating one expectation gives, and how sampling error enters a comparison of means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from datacheck.stats import Interval, Moments, hedges_g, total_variation
from datacheck.text import listed, number, percent, plural
from datacheck_expectations.measures.columns import ALL, Affected

DIGITS = 4
"""Significant digits of a measured value in a sentence: thresholds of neighbouring values stay apart."""

MAX_ROWS = 10
"""Names that a table of differences shows: the largest differences come first."""

MIN_BOOTSTRAP_LEVEL = 0.5
"""Level of a bootstrap interval that is not used: its computation needs one above 0."""

MIN_COMPARED = 2
"""A group of fewer samples has no standard deviation, so that its mean is not compared."""


@dataclass(frozen=True)
class Evaluation:
    """What evaluating one expectation on a dataset gives.

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
        """Return the evaluation as Great Expectations takes it."""
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


def evaluate_affected(found: Affected, max_share: float, none: str, what: str, verb: str = "have") -> Evaluation:
    """Compare the share of affected rows with the greatest allowed one.

    Parameters
    ----------
    found
        The affected rows.
    max_share
        In [0, 1].
    none
        The sentence where no row is affected.
    what, verb
        What the affected samples have or do, and the verb before it.

    Examples
    --------
    >>> evaluate_affected(Affected(1, 4), 0.0, "no copies", "a copy").sentence
    '1 of 4 samples has a copy (25 %)'
    """
    share = found.n / found.total
    if not found.n:
        return Evaluation(True, 0.0, none)
    verb = {"have": "has", "are": "is"}.get(verb, verb + "s") if found.n == 1 else verb
    sentence = f"{found.n:,} of {plural(found.total, 'sample')} {verb} {what} ({percent(share)})"
    success = share <= max_share
    return Evaluation(success, share, sentence, () if success else found.examples, found.sample_ids, found.n)


class MeanTolerance(Protocol):
    """The thresholds of an expectation about the means of groups: splits or classes."""

    column: str
    reference: dict[str, dict[str, float]]
    max_effect: float
    confidence: float


def evaluate_means(tolerance: MeanTolerance, measured: Mapping[str, Moments], group: str) -> Evaluation:
    """Compare the means of groups with those of the reference; ``group`` says what a group is, such as ``split``."""
    title = column_title(tolerance.column)
    beyond, largest = [], 0.0
    for name, accepted in tolerance.reference.items():
        found = measured.get(name, Moments.empty())
        if found.n < MIN_COMPARED:
            continue
        effect = effect_between(accepted, found, tolerance.confidence)
        largest = max(largest, abs(effect.value))
        if effect.least > tolerance.max_effect:
            beyond.append((effect, name, float(accepted["mean"]), float(found.mean)))
    if not beyond:
        return Evaluation(True, largest, f"no mean differs by more than {number(largest)} standard deviations")
    beyond.sort(key=lambda entry: -entry[0].least)
    rows = tuple(
        {
            group: name,
            f"accepted mean {title}": number(before, DIGITS),
            "found mean": number(after, DIGITS),
            "standard deviations apart": f"{effect.value:.2g}",
        }
        for effect, name, before, after in beyond
    )
    effect, name, before, after = beyond[0]
    where = "" if name == ALL else f" of {group} {name!r}"
    sentence = (
        f"the mean {title}{where} is {number(after, DIGITS)}, and was {number(before, DIGITS)} in the accepted "
        f"dataset: {effect.value:+.2g} standard deviations"
    )
    if len(beyond) > 1:
        sentence += f"; {group} {listed([entry[1] for entry in beyond[1:]])} differ too"
    return Evaluation(False, effect.value, sentence, rows)


class DistributionTolerance(Protocol):
    """The thresholds of an expectation about how often each of some names occurs."""

    reference: dict[str, int]
    max_distance: float
    confidence: float


def evaluate_distribution(
    tolerance: DistributionTolerance, counts: Mapping[str, int], name: str, what: str
) -> Evaluation:
    """Compare how often each name occurs with the reference, by total-variation distance.

    ``name`` heads the names in a table, ``what`` completes the sentence after the distance.
    """
    reference = tolerance.reference
    names = [*reference, *(word for word in counts if word not in reference)]
    before, after = ([part.get(word, 0) for word in names] for part in (reference, counts))
    distance = total_variation(before, after, level=max(MIN_BOOTSTRAP_LEVEL, tolerance.confidence))
    least = distance.low if tolerance.confidence > 0 else distance.value
    sentence = f"{percent(distance.value)} {what}"
    if least <= tolerance.max_distance:
        return Evaluation(True, distance.value, sentence)
    shares = {
        word: (a / max(1, sum(before)), b / max(1, sum(after))) for word, a, b in zip(names, before, after, strict=True)
    }
    moved = sorted(shares, key=lambda word: -abs(shares[word][1] - shares[word][0]))[:MAX_ROWS]
    rows = tuple(
        {name: word, "accepted": percent(shares[word][0]), "found": percent(shares[word][1])} for word in moved
    )
    sentence += f"; the largest change is {rows[0][name]!r}: {rows[0]['accepted']} to {rows[0]['found']}"
    return Evaluation(False, distance.value, sentence, rows)


def effect_between(reference: Mapping[str, float], found: Moments, confidence: float) -> Interval:
    """Return Hedges' g from a reference (``n``, ``mean``, ``std``) to what was found, with its interval.

    Examples
    --------
    >>> effect_between({"n": 100, "mean": 0.0, "std": 1.0}, Moments.empty().update([1.0, 2.0, 3.0]), 0.0).value > 1
    True
    """
    accepted = moments_of(reference)
    effect = hedges_g(accepted, found, level=confidence)
    # Two constants that differ only by rounding have an infinite effect, and are the same.
    same = np.isclose(float(accepted.mean), float(found.mean), rtol=1e-6, atol=1e-9)
    return Interval(0.0, 0.0, 0.0, confidence, "Hedges") if np.isinf(effect.value) and same else effect


def moments_of(reference: Mapping[str, float]) -> Moments:
    """Return the moments that ``n``, ``mean`` and ``std`` (of a sample, over n - 1) stand for.

    Examples
    --------
    >>> moments_of({"n": 3, "mean": 2.0, "std": 1.0}).value
    (3.0, 2.0, 1.0)
    """
    n, mean, std = (float(reference[name]) for name in ("n", "mean", "std"))
    return Moments(np.asarray(n), np.asarray(mean), np.asarray(std * std * max(0.0, n - 1)))


_TITLES = {
    "mean_red": "red level",
    "mean_green": "green level",
    "mean_blue": "blue level",
    "byte_size": "file size in bytes",
    "aspect": "aspect (width over height)",
    "boxes_in_image": "number of boxes",
    "mean_box_size": "mean box size (share of the image's side)",
    "smallest_box": "smallest box (share of the image's side)",
    "largest_box": "largest box (share of the image's side)",
}


def column_title(column: str) -> str:
    """Return a column's name for a sentence.

    Examples
    --------
    >>> column_title("mean_red"), column_title("label_quality")
    ('red level', 'label quality')
    """
    return _TITLES.get(column, column.replace("_", " "))


def place_title(split: str) -> str:
    """Return what a sentence calls a split, or the whole dataset.

    Examples
    --------
    >>> place_title("train"), place_title("all")
    ("the split 'train'", 'the dataset')
    """
    return "the dataset" if split == ALL else f"the split {split!r}"


def sampling_clause(confidence: float) -> str:
    """Return the clause that says that sampling error is allowed for; nothing at confidence 0."""
    return "" if confidence <= 0 else ", allowing for sampling error"
