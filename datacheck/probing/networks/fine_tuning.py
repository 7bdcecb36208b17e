"""Fine-tune the late stages of a pretrained network in each fold, for as long as the budget allows. Needs torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datacheck.probing.networks.dynamics import Dynamics
from datacheck.probing.networks.trainer import Trainer
from datacheck.text import plural

PREDICTION_SHARE = 0.4
"""Cost of predicting an image in both its views, as a share of a training step."""

MAX_EPOCHS = 4
"""Further passes memorise wrong labels; the remaining time trains further networks instead."""

MAX_NETWORKS, MIN_EPOCHS_EACH = 3, 2.5
"""Up to three networks a fold, as long as each gets two and a half epochs."""

MIN_EPOCHS = 0.4
"""With less than this share of an epoch fine-tuning does not improve on the frozen network, and is not begun."""

SCHEDULE_SHARE, LATEST_SHARE = 0.85, 0.95
"""Shares of the time left that fine-tuning is planned to fill, and may fill; judging the labels takes the rest."""

FASTEST_STEP_SECONDS = 0.002
"""No training step is faster; where a tenth of an epoch of such steps does not fit, none is measured."""

EPOCH_PARTS = 10
"""Epochs are planned in tenths."""


@dataclass(frozen=True)
class Schedule:
    """Epochs of fine-tuning, networks a fold, and the seconds that one of them predicts for, all folds together."""

    epochs: float
    n_networks: int
    prediction_seconds: float = 0.0


NONE = Schedule(0, 0)
"""No fine-tuning."""


def plan_schedule(trainer: Trainer) -> Schedule:
    """Return how many epochs in every fold fit into what is left of the clock, and how many networks a fold."""
    problem, clock = trainer.problem, trainer.clock
    steps = sum(-(-len(problem.training_rows(fold)) // trainer.recipe.batch) for fold in range(problem.n_folds))
    if FASTEST_STEP_SECONDS * steps > clock.left:
        return NONE
    each = trainer.step_seconds()
    seconds = SCHEDULE_SHARE * clock.left
    prediction = PREDICTION_SHARE * each * int((problem.fold >= 0).sum()) / trainer.recipe.batch

    def fits(n_networks: int) -> float:
        return (seconds / n_networks - prediction) / (each * steps)

    if fits(1) < MIN_EPOCHS:
        return NONE
    n_networks = max([n for n in range(1, MAX_NETWORKS + 1) if fits(n) >= MIN_EPOCHS_EACH], default=1)
    epochs = min(float(np.floor(EPOCH_PARTS * fits(n_networks))) / EPOCH_PARTS, MAX_EPOCHS)
    return Schedule(epochs, n_networks, prediction)


def epochs_in_words(epochs: float) -> str:
    """Return a number of epochs as text.

    Examples
    --------
    >>> epochs_in_words(1.0), epochs_in_words(2.5)
    ('1 epoch', '2.5 epochs')
    """
    return plural(int(epochs), "epoch") if epochs == int(epochs) else f"{epochs:.1f} epochs"


def fine_tune(trainer: Trainer, schedule: Schedule, dynamics: Dynamics | None) -> tuple[NDArray[np.float32], bool]:
    """Train the networks of each fold, each from its own seed; return their mean outputs, and whether it was cut."""
    trainer = replace(trainer, recipe=replace(trainer.recipe, epochs=schedule.epochs))
    members, cut = [], False
    for number in range(schedule.n_networks):
        problem = replace(trainer.problem, seed=trainer.problem.seed + number)
        seconds = LATEST_SHARE * trainer.clock.left / (schedule.n_networks - number) - schedule.prediction_seconds
        outputs, was_cut = replace(trainer, problem=problem).run(seconds=max(1.0, seconds), dynamics=dynamics)
        members.append(outputs)
        cut |= was_cut
    return np.mean(members, axis=0), cut
