"""Train one network in each fold within a budget, and predict what each fold holds out. Needs torch.

All random numbers but dropout are drawn on the CPU once an epoch, so a seed gives the same batches on every device;
inside the loop nothing waits for the device. On a CPU the folds train in parallel (see `workers`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from datacheck.manifest import Task
from datacheck.models.heads import finish, one_cycle
from datacheck.models.in_sample import InSample
from datacheck.models.learning_task import LearningTask
from datacheck.probing.budget import Clock, Pace
from datacheck.probing.ensemble import tempered
from datacheck.probing.networks.batches import BatchSource, Rows
from datacheck.probing.networks.devices import autocast, finish_work, repeatable
from datacheck.probing.networks.dynamics import Dynamics
from datacheck.probing.networks.network import Network, seeded_network
from datacheck.probing.networks.workers import count_workers, on_workers

ROUNDS, STEPS_A_ROUND = 3, 2
"""A step's cost is measured in so many rounds after one that warms up; the fastest counts, as other work only adds."""

PREDICTION_BATCH = 256
"""Images a prediction step: enough to fill a GPU, few enough for the memory of a small one."""

BETAS = (0.9, 0.99)
"""AdamW's decay rates; 0.99 instead of the usual 0.999, because a training has only some hundred steps."""

EARLY_LEARNING, REMEMBERED = 3.0, 0.7
"""Weight of the early-learning term in the loss, and the share of a prediction that the next one of the same sample
leaves in memory: the values of its authors for CIFAR-10."""

SURE = 1e-4
"""Probabilities stay so far from 0 and 1 in that term: its gradient grows without limit where memory and prediction
agree entirely."""

SEEDS_APART = 1009
"""Distance between the seeds of two probes, so that their folds never share one: a prime above any number of folds."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: AdamW under a one-cycle schedule.

    ``epochs`` may be a fraction; ``translate`` is in pixels; ``flip`` mirrors half of the images in training and
    averages both views in prediction. Weight decay and label smoothing are usual values (0.02, 0.1); ``warm`` is the
    share of the steps in which the learning rate rises. ``early_learning``, for classes alone, adds the term of Liu,
    Niles-Weed, Razavian and Fernandez-Granda (*Early-Learning Regularization Prevents Memorization of Noisy Labels*,
    2020), which pulls a prediction towards the mean of the sample's earlier ones: a network learns the right labels
    before it memorises the wrong ones.
    """

    epochs: float
    batch: int
    learning_rate: float
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    flip: bool = True
    translate: int = 0
    warm: float = 0.2
    early_learning: bool = False


@dataclass(frozen=True)
class _Fold:
    """The training of one fold: its network, optimizer and targets on the device, and where dynamics go.

    ``remembered`` is the running mean of each sample's predictions [N, K], where the recipe asks for it.
    """

    network: Network
    optimizer: torch.optim.Optimizer
    targets: Tensor
    dynamics: Dynamics | None = None
    remembered: Tensor | None = None


@dataclass(frozen=True)
class Trainer:
    """Trains the networks of one learning task.

    Attributes
    ----------
    build
        Makes a new network for a fold; the trainer seeds its random weights.
    inputs, problem, recipe
        The images, the labels and folds, and how to train.
    device
        Where.
    clock
        The budget.
    half
        Whether a CPU computes in bfloat16 as well; CUDA always does.
    half_prediction
        Whether a CPU at least predicts in bfloat16: the backward pass of depthwise convolutions is slower in it.
    """

    build: Callable[[int], Network]
    inputs: BatchSource
    problem: LearningTask
    recipe: Recipe
    device: torch.device
    clock: Clock
    half: bool = False
    half_prediction: bool = False

    def step_seconds(self) -> float:
        """Measure the cost of a training step while folds train in parallel, on networks that are thrown away."""
        rows = self.problem.training_rows(0)[: self.recipe.batch]

        def measured(fold: int) -> float:
            training = self._begin(fold)
            rounds = []
            for _ in range(1 + ROUNDS):
                finish_work(self.device)
                started = self.clock.used
                for _ in range(STEPS_A_ROUND):
                    self._step(training, rows, *self._augmentation(len(rows), np.random.default_rng(0)))
                finish_work(self.device)
                rounds.append((self.clock.used - started) / STEPS_A_ROUND)
            return min(rounds[1:])

        n_workers = count_workers(self.device, self.problem.n_folds)
        return max(on_workers(measured, range(n_workers), n_workers, self.clock)) / n_workers

    def run(
        self, *, seconds: float, dynamics: Dynamics | None = None, seen: InSample | None = None
    ) -> tuple[NDArray[np.float32], bool]:
        """Train every fold; return out-of-sample outputs and whether steps had to be left out.

        The outputs for rows that were trained on are written to ``seen``, where time is left for it.

        Returns
        -------
        Probabilities [N, K], or predictions [N] for regression, NaN where a row takes no part; and whether it was cut.
        """
        problem = self.problem
        outputs = np.full((len(problem.fold), problem.width), np.nan, dtype=np.float32)
        n_workers = count_workers(self.device, problem.n_folds)
        rounds, started = -(-problem.n_folds // n_workers), self.clock.used
        watched = [Dynamics(len(problem.fold), self.device) if dynamics else None for _ in range(problem.n_folds)]

        def train(fold: int) -> bool:
            deadline = started + seconds * (fold // n_workers + 1) / rounds
            network, cut = self.train_fold(fold, deadline, watched[fold])
            held_out = problem.held_out(fold)
            outputs[held_out] = self.predict(network, held_out)
            if seen is not None and not cut and self.clock.used < deadline:
                at = seen.of_fold(fold)
                seen.outputs[at] = self.predict(network, seen.rows[at])
            return cut

        cuts = on_workers(train, range(problem.n_folds), n_workers, self.clock)
        for one in watched:
            if dynamics is not None and one is not None:
                dynamics.add(one)
        return tempered(finish(outputs, problem), problem), any(cuts)

    def train_fold(self, fold: int, deadline: float, dynamics: Dynamics | None = None) -> tuple[Network, bool]:
        """Train the network that never sees the fold; ``deadline`` is in seconds of the clock."""
        rows = self.problem.training_rows(fold)
        batch = min(self.recipe.batch, len(rows))
        steps = len(rows) // batch
        pace = Pace(max(1, round(self.recipe.epochs * steps)), self.clock, deadline)
        rng = np.random.default_rng([self.problem.seed, fold])
        training = self._begin(fold, dynamics)
        with repeatable(self.device):
            while pace.going:
                order = rng.permutation(rows)[: steps * batch]
                flip, shift = self._augmentation(len(order), rng)
                for start in range(0, len(order), batch):
                    part = slice(start, start + batch)
                    self._set_learning_rate(training.optimizer, pace.progress)
                    self._step(
                        training,
                        order[part],
                        None if flip is None else flip[part],
                        None if shift is None else shift[part],
                    )
                    pace.advance()
                    if pace.left == 0:
                        break
        return training.network, pace.cut

    @torch.inference_mode()
    def predict(self, network: Network, rows: Rows) -> NDArray[np.float32]:
        """Return probabilities (or standardised predictions) of rows, averaged over the views; shape [R, K]."""
        network.eval()
        outputs = []
        for start in range(0, len(rows), PREDICTION_BATCH):
            self.clock.check()
            views = self.inputs.views(rows[start : start + PREDICTION_BATCH], flip=self.recipe.flip)
            with autocast(self.device, half=self.half or self.half_prediction):
                logits = [network(view).float() for view in views]
            outputs.append(torch.stack([self._link(one) for one in logits]).mean(0))
        return torch.cat(outputs).cpu().numpy() if outputs else np.empty((0, self.problem.width), np.float32)

    @torch.inference_mode()
    def embed(self, network: Network, rows: Rows) -> NDArray[np.float32]:
        """Return what the body of a network gives for rows; shape [R, D]."""
        network.eval()
        outputs = []
        for start in range(0, len(rows), PREDICTION_BATCH):
            with autocast(self.device, half=self.half):
                x = self.inputs.views(rows[start : start + PREDICTION_BATCH], flip=False)[0]
                outputs.append(network.body(x).float())
        return torch.cat(outputs).cpu().numpy()

    def _link(self, logits: Tensor) -> Tensor:
        if self.problem.task is Task.CLASSIFICATION:
            return logits.softmax(-1)
        return logits.sigmoid() if self.problem.task is Task.MULTILABEL else logits

    def _augmentation(self, n: int, rng: np.random.Generator) -> tuple[Tensor | None, Tensor | None]:
        flip = torch.from_numpy(rng.random(n) < 0.5).to(self.device) if self.recipe.flip else None
        reach = self.recipe.translate
        shift = torch.from_numpy(rng.integers(0, 2 * reach + 1, (n, 2))).to(self.device) if reach else None
        return flip, shift

    def _step(self, training: _Fold, rows: Rows, flip: Tensor | None, shift: Tensor | None) -> None:
        index = torch.from_numpy(rows).to(self.device, non_blocking=True)
        targets = training.targets[index]
        with autocast(self.device, half=self.half):
            logits = training.network(self.inputs.train(rows, flip, shift)).float()
        loss = self._loss(logits, targets)
        if training.remembered is not None:
            loss = loss + _early_learning(logits, training.remembered, index)
        training.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        training.optimizer.step()
        if training.dynamics is not None and self.problem.task is Task.CLASSIFICATION:
            training.dynamics.update(index, logits.detach(), targets)

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        if self.problem.task is Task.CLASSIFICATION:
            smooth = self.recipe.label_smoothing
            soft = targets * (1 - smooth) + smooth / targets.shape[1]
            return -(soft * functional.log_softmax(logits, -1)).sum(-1).mean()
        if self.problem.task is Task.MULTILABEL:
            return functional.binary_cross_entropy_with_logits(logits, targets)
        return functional.smooth_l1_loss(logits, targets)

    def _begin(self, fold: int, dynamics: Dynamics | None = None) -> _Fold:
        """Return a fold's untrained network, its optimizer and the targets; torch's random state stays as it was."""
        seed = self.problem.seed * SEEDS_APART + fold
        built = seeded_network(lambda: self.build(fold), self.device, seed)
        network: Network = built.to(self.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        targets = torch.from_numpy(self.problem.targets()).to(self.device)
        remembers = self.recipe.early_learning and self.problem.task is Task.CLASSIFICATION
        remembered = torch.zeros_like(targets) if remembers else None
        return _Fold(network, self._optimizer(network), targets, dynamics, remembered)

    def _optimizer(self, network: Network) -> torch.optim.Optimizer:
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        groups = [
            {"params": [one for one in trained if one.ndim > 1], "weight_decay": self.recipe.weight_decay},
            {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.recipe.learning_rate, betas=BETAS, fused=True)

    def _set_learning_rate(self, optimizer: torch.optim.Optimizer, progress: float) -> None:
        for group in optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * one_cycle(progress, warm=self.recipe.warm)


def _early_learning(logits: Tensor, remembered: Tensor, index: Tensor) -> Tensor:
    """Bring the memory of a batch up to date, and return the term that pulls its predictions towards the memory."""
    probs = logits.softmax(-1).clamp(SURE, 1 - SURE)
    now = probs.detach()
    memory = REMEMBERED * remembered[index] + (1 - REMEMBERED) * now / now.sum(-1, keepdim=True)
    remembered[index] = memory
    return EARLY_LEARNING * (1 - (memory * probs).sum(-1)).clamp_min(SURE).log().mean()
