"""Whether the labels of new data follow the guidelines of the old ones: `compare_labels`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.agreement import MIN_CLASS, ClassAgreement, class_agreement
from datacheck.manifest import Manifest
from datacheck.probing.weights import NO_WEIGHTS, PretrainedWeights
from datacheck.text import listed, percent, plural


@dataclass(frozen=True)
class LabelComparison:
    """New labels beside the old ones, class by class.

    Attributes
    ----------
    classes
        Names of the old classes.
    by_class
        The classes with new samples.
    new_classes
        Names of classes that only the new data has; no model of the old labels can judge them.
    sample_ids
        Of the new samples, as ``rows`` of each class count them.
    choices
        What the probe chose and what was left out.
    """

    classes: tuple[str, ...]
    by_class: tuple[ClassAgreement, ...]
    new_classes: tuple[str, ...]
    sample_ids: NDArray[np.str_]
    choices: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """The classes whose labels seem to follow another guideline, the clearest first."""
        found = sorted((one for one in self.by_class if one.changed), key=lambda one: -one.contradicted.low)
        return tuple(self.classes[one.label] for one in found)

    @property
    def exit_code(self) -> int:
        """0 where no class changed, 1 where one did, 2 where no class could be judged."""
        if not any(one.judged for one in self.by_class):
            return 2
        return int(bool(self.changed))

    def to_text(self) -> str:
        """Return a summary, a line for each class that changed or is undecided, and what to do."""
        judged = sum(one.judged for one in self.by_class)
        lines = [
            f"{plural(len(self.changed), 'class', 'classes')} of {judged:,} judged: the labels seem to follow another "
            "guideline than the old ones"
            if self.changed
            else f"no class of {judged:,} judged shows another guideline than the old labels"
            if judged
            else "no class could be judged"
        ]
        order = sorted(self.by_class, key=lambda one: (not one.changed, -one.contradicted.low))
        lines += [self._in_words(one) for one in order if one.changed or one.undecided]
        if self.new_classes:
            lines.append(f"not judged, because the old data does not have them: {listed(self.new_classes)}")
        if self.changed:
            lines.append(
                "next: look at the contradicted samples, decide which reading of the class is right, write it into the "
                "instruction, and label the other part again"
            )
        return "\n".join(lines)

    def _in_words(self, one: ClassAgreement) -> str:
        name, at = repr(self.classes[one.label]), one.contradicted
        if not one.judged:
            return (
                f"  {name}: not judged, {one.n_old:,} old and {one.n_new:,} new samples; {MIN_CLASS} of each are needed"
            )
        measured = (
            f"{100 * at.value:.1f} points more of the labels contradict the probe than among held-out old samples "
            f"(95 % interval for all classes together {100 * at.low:.1f} to {100 * at.high:.1f}; it agrees with "
            f"{percent(one.new.value)} of {one.n_new:,} new and {percent(one.old.value)} of {one.n_old:,} old labels)"
        )
        if not one.changed:
            return f"  {name}: cannot tell, {measured}"
        example = self.sample_ids[one.rows[0]]
        return f"  {name}: {measured}; most of them look like {self.classes[one.instead]!r}, such as {str(example)!r}"

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values; the samples of each class by id."""
        return {
            "changed": list(self.changed),
            "new_classes": list(self.new_classes),
            "by_class": [
                {
                    "class": self.classes[one.label],
                    "verdict": "changed" if one.changed else "cannot tell" if one.undecided else "same",
                    "n_old": one.n_old,
                    "n_new": one.n_new,
                    "agreement_old": one.old.to_json(),
                    "agreement_new": one.new.to_json(),
                    "contradicted_more": one.contradicted.to_json(),
                    "looks_like": self.classes[one.instead] if one.instead >= 0 else None,
                    "contradicted": self.sample_ids[one.rows].tolist(),
                }
                for one in self.by_class
            ],
            "choices": list(self.choices),
        }


def compare_labels(
    old: object,
    new: object,
    *,
    budget: str | float = "60s",
    device: str = "auto",
    seed: int = 0,
    backend: str = "auto",
    weights: PretrainedWeights | str | Path | None = None,
    features: Sequence[Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
    **source_options: Any,
) -> LabelComparison:
    """Judge the labels of new data by a probe that was trained on accepted data, class by class.

    The probe is trained on the old labels in folds. It predicts held-out old samples and all new ones, so both are
    judged by models of the same strength; copies and groups that both datasets share are held out together. A class is
    named where the new labels are confidently contradicted more often than the old ones.

    Parameters
    ----------
    old, new
        Anything that `datacheck.open` takes: the accepted data, and the data to judge.
    budget, device, seed, backend, weights, progress
        As for `datacheck.probe`.
    features
        Your own features of the old and of the new samples, two arrays.
    **source_options
        Options of `datacheck.open`, for both.

    Raises
    ------
    ProbeError
        When the datasets do not fit together, or the probe is too weak on the old labels.

    Examples
    --------
    >>> from datacheck.manifest import Manifest
    >>> rng = np.random.default_rng(0)
    >>> true = rng.integers(0, 2, 600)
    >>> x = rng.normal(size=(600, 8)) + 3 * true[:, None]
    >>> names = np.array(["cat", "dog"])[true]
    >>> names[400 + np.flatnonzero(true[400:] == 1)[:40]] = "cat"
    >>> old, new = (Manifest.from_columns({"label": names[part]}) for part in (slice(400), slice(400, None)))
    >>> compare_labels(old, new, features=(x[:400], x[400:])).changed
    ('cat',)
    """
    from datacheck.probing.budget import Clock, parse_budget
    from datacheck.probing.old_and_new import probe_old_and_new
    from datacheck.probing.options import Options
    from datacheck.sources import open_source

    if weights is not None and not isinstance(weights, PretrainedWeights):
        weights = PretrainedWeights(weights)
    packaged = weights is None or weights.source != NO_WEIGHTS
    options = Options(backend, device, seed, weights if packaged else None, packaged, plants_errors=False)
    before, after = (one if isinstance(one, Manifest) else open_source(one, **source_options) for one in (old, new))
    clock = Clock(parse_budget(budget), progress=progress)
    pair = None if features is None else (features[0], features[1])
    outputs = probe_old_and_new(before, after, options, clock, features=pair)
    clock.finish()
    assert outputs.pred_probs is not None, "the task is classification"
    code = {name: index for index, name in enumerate(before.classes)}
    given = np.array([code.get(name, -1) for name in after.table["label"].to_pylist()], dtype=np.int64)
    by_class = class_agreement(
        outputs.pred_probs[: len(before)], before.label_codes, outputs.pred_probs[len(before) :], given
    )
    return LabelComparison(
        classes=before.classes,
        by_class=by_class,
        new_classes=tuple(name for name in after.classes if name not in code),
        sample_ids=np.array(after.sample_ids.to_pylist(), dtype=np.str_),
        choices=outputs.choices,
    )
