"""Train one network a fold within a budget, and predict what each fold held out. Needs torch.

Everything random but dropout is drawn on the CPU once an epoch, so a seed gives the same batches on every device;
inside the loop nothing waits for the device. On a CPU the folds are trained side by side, each on its share of the
threads: those of one network wait for each other at every layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from datacheck.errors import ConfigError
from datacheck.manifest import Task
from datacheck.models.heads import finish, one_cycle
from datacheck.models.learning_task import LearningTask
from datacheck.models.parallel import run_parallel
from datacheck.probing.budget import Clock, Pace
from datacheck.probing.networks.batches import Inputs, Rows

R = TypeVar("R")

AMPERE = (8, 0)
"""The first generation of CUDA devices that multiplies bfloat16."""

GOES = 3
STEPS_A_GO = 2
"""A step's cost is measured in so many goes after a first one; the least counts, as other work only adds."""

_SEEDING = Lock()
"""Held while torch's one random generator is seeded."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: AdamW under a one-cycle schedule.

    ``epochs`` may be part of one; ``translate`` is in pixels; ``flip`` mirrors half of the images and averages both
    views in prediction.
    """

    epochs: float
    batch: int
    learning_rate: float
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    flip: bool = True
    translate: int = 0
    warm: float = 0.2


class Dropout(nn.Module):
    """Dropout from a generator of its own where it has one: threads share torch's."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return x
        keep = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator)
        return x * keep / (1 - self.share)


class Network(nn.Module):
    """A body that embeds, and a linear head."""

    def __init__(self, body: nn.Module, width: int, outputs: int, *, dropout: float = 0.0, scale: float = 1.0) -> None:
        super().__init__()
        self.body = body
        self.drop = Dropout(dropout)
        self.head = nn.Linear(width, outputs)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape [B, K]."""
        logits: Tensor = self.head(self.drop(self.body(x))) * self.scale
        return logits


class Dynamics:
    """What one or more networks saw of each training sample on the way, at no extra pass; kept on the device."""

    def __init__(self, n_rows: int, device: torch.device) -> None:
        self.margin = torch.zeros(n_rows, device=device)
        self.loss = torch.zeros(n_rows, device=device)
        self.seen = torch.zeros(n_rows, device=device)
        self.forgotten = torch.zeros(n_rows, device=device)
        self.right = torch.zeros(n_rows, dtype=torch.bool, device=device)

    def add(self, other: Dynamics) -> None:
        """Add what another network saw."""
        self.margin += other.margin
        self.loss += other.loss
        self.seen += other.seen
        self.forgotten += other.forgotten

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
        """Return the means over all epochs and networks; NaN for rows that were never trained on."""
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
    half_prediction
        Whether a CPU at least predicts in bfloat16: the way back through depthwise convolutions takes longer in it.
    """

    build: Callable[[int], Network]
    inputs: Inputs
    problem: LearningTask
    recipe: Recipe
    device: torch.device
    clock: Clock
    half: bool = False
    half_prediction: bool = False

    def step_seconds(self) -> float:
        """Measure what one training step costs while the folds are trained side by side, on throw-away networks."""
        rows = self.problem.training_rows(0)[: self.recipe.batch]
        targets = torch.from_numpy(self.problem.targets()).to(self.device)

        def measured(fold: int) -> float:
            network, optimizer = self._fresh(fold)
            goes = []
            for _ in range(1 + GOES):
                finish_work(self.device)
                started = self.clock.used
                for _ in range(STEPS_A_GO):
                    self._step(
                        network, optimizer, rows, targets, *self._augmentation(len(rows), np.random.default_rng(0))
                    )
                finish_work(self.device)
                goes.append((self.clock.used - started) / STEPS_A_GO)
            return min(goes[1:])

        n_workers = count_workers(self.device, self.problem.n_folds)
        return max(on_workers(measured, range(n_workers), n_workers, self.clock)) / n_workers

    def run(self, *, seconds: float, dynamics: Dynamics | None = None) -> tuple[NDArray[np.float32], bool]:
        """Train every fold; return out-of-sample outputs and whether the plan had to be cut.

        Returns
        -------
        Probabilities [N, K], or predictions [N] for regression, NaN where a row takes no part; and the cut.
        """
        problem = self.problem
        outputs = np.full((len(problem.fold), problem.width), np.nan, dtype=np.float32)
        n_workers = count_workers(self.device, problem.n_folds)
        rounds, started = -(-problem.n_folds // n_workers), self.clock.used
        seen = [Dynamics(len(problem.fold), self.device) if dynamics else None for _ in range(problem.n_folds)]

        def train(fold: int) -> bool:
            deadline = started + seconds * (fold // n_workers + 1) / rounds
            network, cut = self.train_fold(fold, deadline, seen[fold])
            held_out = problem.held_out(fold)
            outputs[held_out] = self.predict(network, held_out)
            return cut

        cuts = on_workers(train, range(problem.n_folds), n_workers, self.clock)
        for one in seen:
            if dynamics is not None and one is not None:
                dynamics.add(one)
        return finish(outputs, problem), any(cuts)

    def train_fold(self, fold: int, deadline: float, dynamics: Dynamics | None = None) -> tuple[Network, bool]:
        """Train the network that never sees the fold; ``deadline`` is in seconds of the clock."""
        rows = self.problem.training_rows(fold)
        batch = min(self.recipe.batch, len(rows))
        steps = len(rows) // batch
        pace = Pace(max(1, round(self.recipe.epochs * steps)), self.clock, deadline)
        rng = np.random.default_rng([self.problem.seed, fold])
        targets = torch.from_numpy(self.problem.targets()).to(self.device)
        network, optimizer = self._fresh(fold)
        with repeatable(self.device):
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
            self.clock.check()
            views = self.inputs.views(rows[start : start + 256], flip=self.recipe.flip)
            with autocast(self.device, half=self.half or self.half_prediction):
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

    def _fresh(self, fold: int) -> tuple[Network, torch.optim.Optimizer]:
        """Return a fold's untrained network and its optimizer; torch's own random state stays as it was."""
        seed = self.problem.seed * 1009 + fold
        with _SEEDING, seeded_cpu(seed):
            network = self.build(fold)
        network.drop.generator = generator_on(self.device, seed)
        placed: Network = network.to(self.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        return placed, self._optimizer(placed)

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
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        # A tensor names its device in full, "cuda:0" for "cuda", as some of torch's calls require.
        found = torch.empty(0, device=torch.device(device)).device
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device: expected 'auto', 'cpu' or a device that torch finds here such as 'cuda', found {device!r}: "
            f"{str(error).splitlines()[0]}"
        ) from None
    return found


def autocast(device: torch.device, *, half: bool = False) -> AbstractContextManager[Any]:
    """bfloat16 on CUDA devices that have it in hardware, elsewhere where ``half`` asks for it; else float32."""
    wanted = half or (device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE)
    return torch.autocast(device.type, dtype=torch.bfloat16) if wanted else nullcontext()


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a CPU multiplies bfloat16 in hardware, where wide convolutions are then 1.6 times as fast."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and known is not None and bool(known())


def finish_work(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def repeatable(device: torch.device) -> AbstractContextManager[Any]:
    """Let cuDNN take the same algorithms in every run, at some cost in speed; nothing to do elsewhere."""
    if device.type != "cuda":
        return nullcontext()
    flags: AbstractContextManager[Any] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=True
    )
    return flags


@contextmanager
def seeded_cpu(seed: int) -> Iterator[None]:
    """Seed torch's CPU inside the block, and leave its random state outside as it was.

    A GPU's random state is left alone, and a default device that the user set does not count.
    """
    # Asked for by name, a default device makes every call slower.
    on_cpu = nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")
    with torch.random.fork_rng(devices=[]), on_cpu:
        torch.default_generator.manual_seed(seed)
        yield


def generator_on(device: torch.device, seed: int) -> torch.Generator:
    """Return a seeded generator of random numbers on a device."""
    return torch.Generator(device).manual_seed(seed)


def count_workers(device: torch.device, n_folds: int) -> int:
    """Return how many folds are trained at once: a CPU's threads are shared out, an accelerator is filled by one."""
    return max(1, min(n_folds, torch.get_num_threads())) if device.type == "cpu" else 1


def on_workers(function: Callable[[int], R], folds: Iterable[int], n_workers: int, clock: Clock) -> list[R]:
    """Return ``function`` of each fold, in order, so many at once, torch's threads shared out among them."""
    if n_workers == 1:
        return [function(fold) for fold in folds]
    threads_each = max(1, torch.get_num_threads() // n_workers)
    return on_threads(function, folds, n_workers, threads_each=threads_each, stop=clock.stop)


def on_threads(
    function: Callable[[int], R],
    arguments: Iterable[int],
    n_workers: int,
    *,
    threads_each: int,
    stop: Callable[[], None] | None = None,
) -> list[R]:
    """Return ``function`` of each argument, in order, on so many workers with so many of torch's threads each."""
    threads = torch.get_num_threads()
    try:
        return run_parallel(
            function,
            arguments,
            n_workers=n_workers,
            start=lambda: torch.set_num_threads(threads_each),
            stop=stop,
        )
    finally:
        torch.set_num_threads(threads)
