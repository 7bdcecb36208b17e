"""What the rules about suspect regions of masks share: the list, and what is known of its cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.probing.segments import MaskProbe
from datacheck.probing.segments.grids import GRID
from datacheck.probing.segments.suspicion import FEWEST_PLANTED, KindOfSuspects, fault_count
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED
from datacheck.rules.masks.shared import image_masks
from datacheck.rules.requirements import NO_MASK_PROBE
from datacheck.stats import proportion
from datacheck.text import number, percent, percent_range, plural

MOST_LISTED = 0.25
"""Share of the regions: where a cut names more, the probe does not tell the planted faults from the given regions."""

LEAST_SKILL = 0.2
"""Share of the way from the most frequent class everywhere to all places right that predictions must go."""


def kind_of(context: RuleContext, name: str, recall: float) -> tuple[MaskProbe, KindOfSuspects, NDArray[np.int64]]:
    """Return the probe, one kind of fault and its list, or raise `CannotJudge` with the reason."""
    probe = context.mask_probe
    if probe is None:
        raise CannotJudge(NO_MASK_PROBE)
    if name not in probe.kinds:
        raise CannotJudge(probe.why_not or "the probe judged no mask")
    skill = (probe.accuracy - probe.baseline) / max(1 - probe.baseline, 1e-9)
    if not skill >= LEAST_SKILL:
        raise CannotJudge(
            f"the probe is too weak: it is right at {percent(probe.accuracy)} of the places, and the most frequent "
            f"class alone is at {percent(probe.baseline)}"
        )
    kind = probe.kinds[name]
    if len(kind.planted) < FEWEST_PLANTED:
        raise CannotJudge(f"needs {FEWEST_PLANTED} planted faults that can be judged, found {len(kind.planted)}")
    listed = kind.listed(recall)
    least = max(len(kind), 1) if name != "missing" else max(len(probe.rows), 1)
    if len(listed) > MOST_LISTED * least:
        raise CannotJudge(
            f"the probe is too weak: the cut that finds {percent(recall)} of the planted faults names {len(listed):,} "
            f"regions in {plural(len(probe.rows), 'image')}"
        )
    return probe, kind, listed


def judge_kind(
    rule: Rule, context: RuleContext, name: str, recall: float, words: tuple[str, str, str, str, str]
) -> Outcome:
    """Return the outcome about one kind of fault.

    Parameters
    ----------
    rule, context
        The rule, in the dataset.
    name, recall
        The kind, and the share of the planted faults that the cut finds.
    words
        What was judged, what one listed region and several do, what the planted faults are, and what to do.
    """
    probe, kind, listed = kind_of(context, name, recall)
    judged, one, several, faults, remedy = words
    judged, count = judged.format(n=f"{len(kind):,}", images=f"{len(probe.rows):,}"), fault_count(probe.kinds, name)
    if not len(listed):
        return Passed(f"none of {judged} {one}; {count.in_words()}")
    describe = describing(probe, kind, name)
    rows = kind.row[listed]
    files = image_masks(context, rows)
    notes = [f"{file}: {describe(k)}" for file, k in zip(files, listed.tolist(), strict=True)]
    issues = rule.issues(context.ids(rows), kind.suspicion[listed], note=notes)
    found = proportion(int((kind.planted > np.quantile(kind.planted, 1 - recall)).sum()), kind.n_planted)
    named = [f"{file!r} {describe(k)}" for file, k in zip(files[:N_NAMED], listed.tolist(), strict=False)]
    more = f" and {len(listed) - len(named):,} more" if len(listed) > len(named) else ""
    finding = rule.finding(
        f"{plural(len(listed), 'region')} of {judged} {one if len(listed) == 1 else several} (the same cut finds "
        f"{percent(found.value)} of {faults}, 95 % interval {percent_range(found.low, found.high)}); "
        f"{count.in_words()}: {'; '.join(named)}{more}",
        remedy,
        severity=Severity.INFO,
        evidence={
            "n_regions": len(listed),
            "judged": len(kind),
            "images_judged": len(probe.rows),
            "planted": kind.n_planted,
            "planted_found_share": found.value,
            "planted_found_share_low": found.low,
            "planted_found_share_high": found.high,
            "estimated_errors": count.to_json(),
            "pixel_accuracy": probe.accuracy,
            "not_judged": dict(probe.left_out),
            "by_class": dict(Counter(probe.classes[k] for k in kind.label[listed].tolist()).most_common(N_EXAMPLES)),
            "examples": files[:N_EXAMPLES],
        },
        affected=issues,
    )
    return Found((finding,), issues)


def describing(probe: MaskProbe, kind: KindOfSuspects, name: str) -> Callable[[int], str]:
    """Return a function that says what is suspect about a region of a kind."""

    def describe(k: int) -> str:
        given, suggested = probe.classes[int(kind.label[k])], probe.classes[int(kind.suggested[k])]
        x, y = ((kind.box[k, :2] + kind.box[k, 2:]) / 2 / GRID).tolist()
        at = f"at x {number(100 * x, 2)} %, y {number(100 * y, 2)} %"
        if name == "class":
            return f"{at} is {given!r}, looks like {suggested!r}"
        return f"{at} is {given!r}, looks like {suggested!r} there" if name == "missing" else f"{at} ({given!r})"

    return describe
