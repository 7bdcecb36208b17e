"""Train one network a fold within a budget, and predict what each fold held out. Needs torch.

Everything random is drawn on the CPU once an epoch, so a seed gives the same batches on every device; inside the loop
nothing waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from datacheck.errors import ConfigError
from datacheck.manifest import Task
from datacheck.probe.budget import Clock, Pace
from datacheck.probe.heads import finish, one_cycle
from datacheck.probe.inputs import Inputs, Rows
from datacheck.probe.problem import Problem


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: AdamW under a one-cycle schedule.

    ``translate`` is in pixels; ``flip`` mirrors half of the images and averages both views in prediction.
    """

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    flip: bool = True
    translate: int = 0
    warm: float = 0.2


class Network(nn.Module):
    """A body that embeds, and a linear head."""

    def __init__(self, body: nn.Module, width: int, outputs: int, *, dropout: float = 0.0, scale: float = 1.0) -> None:
        super().__init__()
        self.body = body
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, outputs)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape [B, K]."""
        logits: Tensor = self.head(self.drop(self.body(x))) * self.scale
        return logits


class Dynamics:
    """What is seen of each training sample on the way, at no extra pass; kept on the device until the end."""

    def __init__(self, n_rows: int, device: torch.device) -> None:
        self.margin = torch.zeros(n_rows, device=device)
        self.loss = torch.zeros(n_rows, device=device)
        self.seen = torch.zeros(n_rows, device=device)
        self.forgotten = torch.zeros(n_rows, device=device)
        self.right = torch.zeros(n_rows, dtype=torch.bool, device=device)

    def start_fold(self) -> None:
        """Forget which samples were right: another network begins."""
        self.right.zero_()

    @torch.no_grad()
    def update(self, rows: Tensor, logits: Tensor, wanted: Tensor) -> None:
        """Add one batch of distinct rows; ``wanted`` is one-hot."""
        probs = logits.softmax(-1)
        own = (probs * wanted).sum(-1)
        other = probs.masked_fill(wanted > 0, -1.0).amax(-1)
        right = own >= other
        self.margin[rows] += own - other
        self.loss[rows] -= own.clamp_min(1e-7).log()
        self.seen[rows] += 1
        self.forgotten[rows] += (self.right[rows] & ~right).float()
        self.right[rows] = right

    def result(self) -> dict[str, NDArray[np.float32]]:
        """Return the means over all epochs and folds; NaN for rows that were never trained on."""
        seen = torch.where(self.seen > 0, self.seen, torch.full_like(self.seen, torch.nan))
        named = {"margin": self.margin / seen, "loss": self.loss / seen, "forgetting": self.forgotten + 0 * seen}
        return {name: values.cpu().numpy() for name, values in named.items()}


@dataclass(frozen=True)
class Trainer:
    """Trains the networks of one problem.

    Attributes
    ----------
    build
        Makes a fresh network for a fold; its random weights are seeded by the trainer.
    inputs, problem, recipe
        What to train on, towards what, and how.
    device
        Where.
    clock
        The budget.
    half
        Whether a CPU computes in bfloat16 as well; CUDA always does.
    """

    build: Callable[[int], Network]
    inputs: Inputs
    problem: Problem
    recipe: Recipe
    device: torch.device
    clock: Clock
    half: bool = False

    def step_seconds(self, *, steps: int = 3) -> float:
        """Measure what one training step costs, on a throw-away network."""
        rows = self.problem.training_rows(0)[: self.recipe.batch]
        targets = torch.from_numpy(self.problem.targets()).to(self.device)
        with _seeded(self.device, 0):
            network = self._place(self.build(0))
            optimizer = self._optimizer(network)
            for step in range(steps + 1):
                if step == 1:
                    _wait(self.device)
                    started = self.clock.used
                self._step(network, optimizer, rows, targets, *self._augmentation(len(rows), np.random.default_rng(0)))
            _wait(self.device)
        return (self.clock.used - started) / steps

    def run(self, *, seconds: float, dynamics: Dynamics | None = None) -> tuple[NDArray[np.float32], bool]:
        """Train every fold; return out-of-sample outputs and whether the plan had to be cut.

        Returns
        -------
        Probabilities [N, K], or predictions [N] for regression, NaN where a row takes no part; and the cut.
        """
        problem = self.problem
        outputs = np.full((len(problem.fold), problem.width), np.nan, dtype=np.float32)
        started, cut = self.clock.used, False
        for fold in range(problem.n_folds):
            deadline = started + seconds * (fold + 1) / problem.n_folds
            network, was_cut = self.train_fold(fold, deadline, dynamics)
            cut |= was_cut
            held_out = problem.held_out(fold)
            outputs[held_out] = self.predict(network, held_out)
        return finish(outputs, problem), cut

    def train_fold(self, fold: int, deadline: float, dynamics: Dynamics | None = None) -> tuple[Network, bool]:
        """Train the network that never sees the fold; ``deadline`` is in seconds of the clock."""
        rows = self.problem.training_rows(fold)
        batch = min(self.recipe.batch, len(rows))
        steps = len(rows) // batch
        pace = Pace(self.recipe.epochs * steps, self.clock, deadline)
        rng = np.random.default_rng([self.problem.seed, fold])
        targets = torch.from_numpy(self.problem.targets()).to(self.device)
        if dynamics is not None:
            dynamics.start_fold()
        with _seeded(self.device, self.problem.seed * 1009 + fold):
            network = self._place(self.build(fold))
            optimizer = self._optimizer(network)
            while pace.going:
                order = rng.permutation(rows)[: steps * batch]
                flip, shift = self._augmentation(len(order), rng)
                for start in range(0, len(order), batch):
                    part = slice(start, start + batch)
                    for group in optimizer.param_groups:
                        group["lr"] = self.recipe.learning_rate * one_cycle(pace.progress, warm=self.recipe.warm)
                    self._step(
                        network,
                        optimizer,
                        order[part],
                        targets,
                        None if flip is None else flip[part],
                        None if shift is None else shift[part],
                        dynamics,
                    )
                    pace.advance()
                    if pace.left == 0:
                        break
        return network, pace.cut

    @torch.inference_mode()
    def predict(self, network: Network, rows: Rows) -> NDArray[np.float32]:
        """Return probabilities (or standardised predictions) of rows, averaged over the views; shape [R, K]."""
        network.eval()
        outputs = []
        for start in range(0, len(rows), 256):
            views = self.inputs.views(rows[start : start + 256], flip=self.recipe.flip)
            with autocast(self.device, half=self.half):
                logits = [network(view).float() for view in views]
            outputs.append(torch.stack([self._link(one) for one in logits]).mean(0))
        return torch.cat(outputs).cpu().numpy() if outputs else np.empty((0, self.problem.width), np.float32)

    @torch.inference_mode()
    def embed(self, network: Network, rows: Rows) -> NDArray[np.float32]:
        """Return what the body of a network gives for rows; shape [R, D]."""
        network.eval()
        outputs = []
        for start in range(0, len(rows), 256):
            with autocast(self.device, half=self.half):
                outputs.append(network.body(self.inputs.views(rows[start : start + 256], flip=False)[0]).float())
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

    def _step(
        self,
        network: Network,
        optimizer: torch.optim.Optimizer,
        rows: Rows,
        targets: Tensor,
        flip: Tensor | None,
        shift: Tensor | None,
        dynamics: Dynamics | None = None,
    ) -> None:
        index = torch.from_numpy(rows).to(self.device, non_blocking=True)
        wanted = targets[index]
        with autocast(self.device, half=self.half):
            logits = network(self.inputs.train(rows, flip, shift)).float()
        loss = self._loss(logits, wanted)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if dynamics is not None and self.problem.task is Task.CLASSIFICATION:
            dynamics.update(index, logits.detach(), wanted)

    def _loss(self, logits: Tensor, wanted: Tensor) -> Tensor:
        if self.problem.task is Task.CLASSIFICATION:
            smooth = self.recipe.label_smoothing
            soft = wanted * (1 - smooth) + smooth / wanted.shape[1]
            return -(soft * functional.log_softmax(logits, -1)).sum(-1).mean()
        if self.problem.task is Task.MULTILABEL:
            return functional.binary_cross_entropy_with_logits(logits, wanted)
        return functional.smooth_l1_loss(logits, wanted)

    def _place(self, network: Network) -> Network:
        placed: Network = network.to(self.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        return placed

    def _optimizer(self, network: Network) -> torch.optim.Optimizer:
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        weights = [parameter for parameter in trained if parameter.ndim > 1]
        others = [parameter for parameter in trained if parameter.ndim <= 1]
        groups = [
            {"params": weights, "weight_decay": self.recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.recipe.learning_rate, betas=(0.9, 0.99), fused=True)


def resolve_device(device: str) -> torch.device:
    """Return the device that ``auto`` stands for, or the one that is named.

    Raises
    ------
    ConfigError
        When torch does not know the name, or finds no such device here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device: expected 'auto', 'cpu' or a device that torch finds here such as 'cuda', found {device!r}: "
            f"{str(error).splitlines()[0]}"
        ) from None
    return found


def autocast(device: torch.device, *, half: bool = False) -> AbstractContextManager[Any]:
    """bfloat16 on CUDA, and elsewhere where ``half`` asks for it; float32 otherwise."""
    wanted = half or device.type == "cuda"
    return torch.autocast(device.type, dtype=torch.bfloat16) if wanted else nullcontext()


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a CPU multiplies bfloat16 in hardware, where wide convolutions are then 1.6 times as fast."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and known is not None and bool(known())


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Seed torch inside the block, and leave its random state outside as it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
