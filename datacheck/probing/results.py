"""From fitted models to `ProbeOutputs`: labels are judged, and the skill decides whether errors are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.budget import Clock
from datacheck.probing.judge import judge
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import probe_skill, why_not_judged


def outputs_of(
    manifest: Manifest, problem: LearningTask, fitted: Fitted, clock: Clock, notes: tuple[str, ...], *, advice: str
) -> ProbeOutputs:
    """Return the outputs of a probe; one that is too weak to judge labels counts no label errors, and says why."""
    mean = fitted.members[0] if len(fitted.members) == 1 else fitted.members.mean(axis=0)
    judged = judge(problem, fitted, mean)
    regression = problem.task is Task.REGRESSION
    predicted = np.isfinite(mean.reshape(len(mean), -1).sum(axis=1))
    outputs = ProbeOutputs(
        sample_ids=np.array(manifest.sample_ids.to_pylist(), dtype=np.str_),
        task=problem.task,
        classes=problem.classes,
        pred_probs=None if regression else mean,
        predictions=mean if regression else None,
        embeddings=fitted.embeddings,
        embeddings_label_free=fitted.embeddings_label_free,
        fold=np.where(predicted, problem.fold, -1).astype(np.int16),
        label_quality=judged.label_quality,
        suggested=judged.suggested,
        label_yield=judged.label_yield,
        dynamics=fitted.dynamics,
        metrics=judged.metrics,
        backend=fitted.backend,
        device=fitted.device,
        seconds=clock.used,
        seed=problem.seed,
        choices=(*fitted.choices, *notes, *judged.notes),
        advice=advice,
        faults=fitted.faults,
        left_out=int((problem.used & ~predicted).sum()),
    )
    if fitted.faults:
        return _not_judged(outputs)
    skill = probe_skill(manifest, outputs)
    if skill is None:
        return outputs
    outputs = replace(outputs, metrics={**outputs.metrics, "skill": skill})
    reason = why_not_judged(manifest, outputs)
    if reason is None:
        return outputs
    return replace(outputs, label_yield=None, choices=(*outputs.choices, reason))


def _not_judged(outputs: ProbeOutputs) -> ProbeOutputs:
    """Leave out all that a wrong prediction would say about the labels."""
    return replace(
        outputs,
        label_quality=np.full(len(outputs), np.nan, dtype=np.float32),
        suggested=np.full(len(outputs), -1, dtype=np.int32),
        label_yield=None,
        choices=(*outputs.choices, *(f"judged no label: {fault.message}" for fault in outputs.faults)),
    )
