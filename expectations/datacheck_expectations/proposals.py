"""What a fingerprint lets a contract promise about the population that a dataset is a sample of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from datacheck.fingerprints import Fingerprint
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Moments, Quantiles, hedges_g, multinomial_intervals, proportion, total_variation
from datacheck_expectations import expectations as e
from datacheck_expectations.judgement import listed
from datacheck_expectations.measures import ALL

FALSE_ALARM = 0.02
"""Chance at most that a fresh sample of the accepted population breaks any term of its contract."""

NEGLIGIBLE_EFFECT = 0.1
"""Half of what Cohen called a small effect: below it, a difference of means is of no consequence however certain."""

NEGLIGIBLE_SHARE = 0.02
"""Share of the labels that may move without consequence."""

DRIFTING = ("brightness", "contrast", "sharpness", "entropy", "colourfulness", "mean_red", "mean_green", "mean_blue")
"""Properties whose means are compared."""

TELLING = ("brightness", "contrast", "sharpness", "entropy", "colourfulness")
"""Properties whose means are compared within each class."""

RANGED = ("width", "height", "brightness", "contrast", "sharpness", "colourfulness", "byte_size")
"""Properties that have a range."""

TAIL = 0.005
"""Share of the accepted samples that may lie beyond each end of a range."""

MIN_GROUP = 10
"""A mean of fewer samples is not compared."""


@dataclass(frozen=True)
class Proposal:
    """An expectation that waits for its share of the false-alarm budget.

    ``cells`` is how many numbers it compares; ``make`` takes the error allowed to each and returns the expectation, or
    None where nothing can be promised at that level.
    """

    cells: int
    make: Callable[[float], Any]


def population_proposals(accepted: Fingerprint) -> list[Proposal]:
    """Return what the statistics of an accepted dataset let a contract promise."""
    found: list[Proposal] = []
    if accepted.classes and accepted.task in {"classification", "multilabel"}:
        found += _class_proposals(accepted)
    if splits := _named(accepted):
        found.append(Proposal(len(splits), lambda alpha: _split_shares(accepted, alpha)))
    if accepted.task == "regression":
        found += _target_proposals(accepted)
    if accepted.properties is not None and accepted.property_moments(PROPERTIES[0]).n > 0:
        found += _image_proposals(accepted)
    return found


def _named(accepted: Fingerprint) -> list[str]:
    return [name for name in accepted.splits if name]


def _parts(accepted: Fingerprint) -> list[str]:
    """Return the splits, or the whole dataset where there are none."""
    return _named(accepted) or [ALL]


def _split(part: str) -> str | None:
    return None if part == ALL else part


def _class_proposals(accepted: Fingerprint) -> list[Proposal]:
    parts, n_classes = _parts(accepted), len(accepted.classes)
    found = [
        Proposal(len(parts) * n_classes, lambda alpha: _coverage(accepted, alpha)),
        Proposal(0, lambda alpha: e.ExpectAllowedLabels(
            labels=list(accepted.classes),
            notes=f"The {n_classes:,} classes of the accepted dataset; another label is a slip or a new class.",
        )),
    ]  # fmt: skip
    if accepted.task == "multilabel" or n_classes < 2:
        return found
    for part in parts:
        found.append(Proposal(n_classes, lambda alpha, part=part: _shares(accepted, part, alpha)))  # type: ignore[misc]
        found.append(Proposal(1, lambda alpha, part=part: _imbalance(accepted, part, alpha)))  # type: ignore[misc]
    found.append(Proposal(1, lambda alpha: _label_drift(accepted, alpha)))
    return found


def _coverage(accepted: Fingerprint, alpha: float) -> Any:
    enough = _enough(alpha)
    by_split, rare = {}, []
    for part in _parts(accepted):
        counts = accepted.class_counts(_split(part))
        by_split[part] = [name for name, count in counts.items() if count >= enough]
        rare += [f"{name} in {part}" for name, count in counts.items() if count < enough]
    by_split = {part: names for part, names in by_split.items() if names}
    if not by_split:
        return None
    why = "What a split does not have is not learnt there, or not measured."
    if rare:
        why += (
            f" Left out, because fresh data may miss them by chance (fewer than {enough:.0f} accepted samples): "
            f"{listed(rare, 8)}."
        )
    return e.ExpectClassCoverage(classes_by_split=by_split, min_count=1, notes=why)


def _enough(alpha: float) -> float:
    """Return how many samples were seen of what a dataset of the same size misses with a chance of at most ``alpha``.

    After c occurrences, none follow with the chance 2 ** -(c + 1/2) (a Poisson rate with Jeffreys' prior).
    """
    return math.ceil(-math.log2(alpha) - 0.5)


def _shares(accepted: Fingerprint, part: str, alpha: float) -> Any:
    counts = accepted.class_counts(_split(part))
    total = sum(counts.values())
    if not total:
        return None
    level = 1 - alpha * len(counts)
    low, high = multinomial_intervals(list(counts.values()), level=level)
    shares = {name: [_down(a), _up(b)] for name, a, b in zip(counts, low.tolist(), high.tolist(), strict=True)}
    return e.ExpectClassShares(
        split=part,
        shares=shares,
        confidence=_round(1 - alpha),
        notes=f"The ranges that {total:,} accepted labels leave for the shares (simultaneous intervals by Goodman).",
    )


def _imbalance(accepted: Fingerprint, part: str, alpha: float) -> Any:
    counts = sorted(accepted.class_counts(_split(part)).values())
    if counts[0] == 0:
        return None
    z = -_normal_quantile(alpha)
    ratio = counts[-1] / counts[0] * math.exp(z * math.sqrt(1 / counts[0] + 1 / counts[-1]))
    return e.ExpectClassImbalanceAtMost(
        split=part,
        max_ratio=math.ceil(ratio * 100) / 100,
        confidence=_round(1 - alpha),
        severity="warning",
        notes=f"It is {counts[-1] / counts[0]:.2f} in the accepted dataset; this is the upper end of its interval.",
    )


def _label_drift(accepted: Fingerprint, alpha: float) -> Any:
    counts = accepted.class_counts()
    by_split = [list(accepted.class_counts(name).values()) for name in _named(accepted)]
    between = [total_variation(a, b).low for a, b in combinations(by_split, 2) if sum(a) and sum(b)]
    observed = max(between, default=0.0)
    return e.ExpectLabelDriftAtMost(
        split=ALL,
        reference=counts,
        max_distance=_up(max(NEGLIGIBLE_SHARE, observed)),
        confidence=_round(1 - alpha),
        notes=_variation("The splits of the accepted dataset", observed, NEGLIGIBLE_SHARE, "of the labels"),
    )


def _split_shares(accepted: Fingerprint, alpha: float) -> Any:
    names = _named(accepted)
    sizes = accepted.split_sizes
    counts = [sizes[name] for name in names] + [sizes.get("", 0)]
    low, high = multinomial_intervals(counts, level=1 - alpha * len(counts))
    shares = {name: [_down(a), _up(b)] for name, a, b in zip(names, low.tolist(), high.tolist(), strict=False)}
    return e.ExpectSplitShares(
        shares=shares,
        confidence=_round(1 - alpha),
        severity="warning",
        notes=f"The ranges that {sum(counts):,} accepted samples leave for the shares of the splits.",
    )


def _target_proposals(accepted: Fingerprint) -> list[Proposal]:
    moments = {part: _target_moments(accepted, part) for part in _parts(accepted)}
    sketch = Quantiles.empty()
    for state in accepted.targets.values():
        sketch = sketch.merge(state.quantiles)
    return [
        Proposal(len(moments), lambda alpha: _mean_drift("target", moments, alpha)),
        Proposal(1, lambda alpha: _range("target", sketch, alpha)),
        *(
            Proposal(10, lambda alpha, part=part: _target_coverage(accepted, sketch, part, alpha))  # type: ignore[misc]
            for part in moments
        ),
    ]


def _target_moments(accepted: Fingerprint, part: str) -> Moments:
    found = Moments.empty()
    for name, state in accepted.targets.items():
        if part in (ALL, name):
            found = found.merge(state.moments)
    return found


def _target_coverage(accepted: Fingerprint, sketch: Quantiles, part: str, alpha: float) -> Any:
    n = float(_target_moments(accepted, part).n)
    intervals = min(10, int(n / _enough(alpha)))
    edges = sorted({round(sketch.quantile(rank), 9) for rank in np.linspace(0.01, 0.99, intervals + 1).tolist()})
    if intervals < 2 or len(edges) < 3:
        return None
    return e.ExpectTargetRangeCovered(
        column="target",
        split=part,
        edges=edges,
        min_count=1,
        notes="Quantiles of the accepted targets: between two samples far apart a model can only guess.",
    )


def _image_proposals(accepted: Fingerprint) -> list[Proposal]:
    found = [
        Proposal(1, lambda alpha, name=name: _range(name, accepted.quantiles(name), alpha))  # type: ignore[misc]
        for name in RANGED
    ]
    for column, states in (("mode", accepted.modes), ("format", accepted.formats)):
        words = _merged_words(states.values())
        found.append(Proposal(1, lambda alpha, column=column, words=words: _words(column, words, alpha)))  # type: ignore[misc]
    for name in DRIFTING:
        moments = {part: accepted.property_moments(name, split=_split(part)) for part in _parts(accepted)}
        found.append(
            Proposal(len(moments), lambda alpha, name=name, moments=moments: _mean_drift(name, moments, alpha))  # type: ignore[misc]
        )
    if accepted.task == "classification" and len(accepted.classes) > 1:
        for name in TELLING:
            n_classes = len(accepted.classes)
            found.append(Proposal(n_classes, lambda alpha, name=name: _class_drift(accepted, name, alpha)))  # type: ignore[misc]
    return found


def _merged_words(states: Iterable[Any]) -> dict[str, int]:
    words: dict[str, int] = {}
    for state in states:
        for word, count in state.value.items():
            if word:
                words[word] = words.get(word, 0) + count
    return words


def _words(column: str, words: Mapping[str, int], alpha: float) -> Any:
    total = sum(words.values())
    if not total:
        return None
    return e.ExpectAllowedValues(
        column=column,
        values=sorted(words),
        min_share=_down(proportion(total, total, level=1 - 2 * alpha).low),
        confidence=_round(1 - alpha),
        notes=f"No other {column} occurs in {total:,} accepted samples, which leaves room for so few.",
    )


def _range(column: str, sketch: Quantiles, alpha: float) -> Any:
    n = sketch.n
    if n < MIN_GROUP:
        return None
    low, high = sketch.quantile(TAIL), sketch.quantile(1 - TAIL)
    inside = proportion(int(n * (1 - 2 * TAIL)), n, level=1 - 2 * alpha)
    return e.ExpectPropertyInRange(
        column=column,
        split=ALL,
        low=_outward(low, down=True),
        high=_outward(high, down=False),
        min_share=_down(inside.low),
        confidence=_round(1 - alpha),
        notes=f"{1 - 2 * TAIL:.0%} of {n:,} accepted samples lie there; the share is the lower end of its interval.",
    )


def _mean_drift(column: str, moments: Mapping[str, Moments], alpha: float) -> Any:
    kept = {part: found for part, found in moments.items() if found.n >= MIN_GROUP}
    if not kept:
        return None
    observed = max((_finite(hedges_g(a, b).least) for a, b in combinations(kept.values(), 2)), default=0.0)
    return e.ExpectPropertyDriftAtMost(
        column=column,
        reference={part: _reference(found) for part, found in kept.items()},
        max_effect=_up(max(NEGLIGIBLE_EFFECT, observed)),
        confidence=_round(1 - alpha),
        notes=_variation("The splits of the accepted dataset", observed, NEGLIGIBLE_EFFECT, "standard deviations"),
    )


def _class_drift(accepted: Fingerprint, column: str, alpha: float) -> Any:
    reference, observed = {}, 0.0
    for name in accepted.classes:
        whole = accepted.property_moments(column, class_name=name)
        if whole.n < MIN_GROUP:
            continue
        reference[name] = _reference(whole)
        splits = [accepted.property_moments(column, split=split, class_name=name) for split in _named(accepted)]
        differences = (
            hedges_g(a, b, level=1 - alpha).least for a, b in combinations(splits, 2) if min(a.n, b.n) >= MIN_GROUP
        )
        observed = max(observed, *map(_finite, differences), 0.0)
    if not reference:
        return None
    return e.ExpectClassPropertyDriftAtMost(
        column=column,
        reference=reference,
        max_effect=_up(max(NEGLIGIBLE_EFFECT, observed)),
        confidence=_round(1 - alpha),
        notes="A class that looks different has other images under its name: swapped, shifted or renamed labels. "
        + _variation(
            "Within a class, the splits of the accepted dataset", observed, NEGLIGIBLE_EFFECT, "standard deviations"
        ),
    )


def _variation(subject: str, observed: float, floor: float, unit: str) -> str:
    size = f"{observed:.1%}" if unit == "of the labels" else f"{observed:.2g}"
    if observed > floor:
        return f"{subject} differ by {size} {unit} beyond chance, so that as much is let pass."
    least = f"{floor:.0%}" if unit == "of the labels" else f"{floor:g}"
    return f"{subject} differ by less than {least} {unit} beyond chance; as much is of no consequence and let pass."


def _reference(moments: Moments) -> dict[str, float]:
    n, mean, std = moments.value
    return {"n": float(n), "mean": float(f"{mean:.9g}"), "std": float(f"{std:.9g}") if std == std else 0.0}


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _normal_quantile(alpha: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(alpha))


def _round(confidence: float) -> float:
    return min(round(confidence, 9), 1 - 1e-9)


def _down(value: float) -> float:
    return math.floor(max(0.0, value) * 1e4) / 1e4


def _up(value: float) -> float:
    return math.ceil(value * 1e4) / 1e4


def _outward(value: float, *, down: bool) -> float:
    """Round to six digits, away from the range, so that float32 values at the edge stay inside."""
    if value == int(value):
        return float(value)
    rounded = float(f"{value:.6g}")
    step = abs(value) * 1e-6
    return rounded - step if down else rounded + step
