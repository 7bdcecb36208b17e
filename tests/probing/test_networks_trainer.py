"""Training in itself: folds side by side, parts of an epoch, and an end in the middle."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from datacheck.manifest import Task
from datacheck.models.learning_task import LearningTask
from datacheck.models.parallel import run_parallel
from datacheck.probing.budget import Clock, StoppedError
from datacheck.probing.networks import trainer as trainer_module
from datacheck.probing.networks.batches import PixelInputs
from datacheck.probing.networks.devices import autocast
from datacheck.probing.networks.dynamics import Dynamics
from datacheck.probing.networks.network import Dropout, Network
from datacheck.probing.networks.trainer import Recipe, Trainer

CPU = torch.device("cpu")
N = 60


def trainer(*, epochs: float = 2, clock: Clock | None = None) -> Trainer:
    rng = np.random.default_rng(0)
    labels = np.arange(N) % 2
    pixels = np.clip(90 + 80 * labels[:, None, None, None] + rng.normal(0, 9, (N, 8, 8, 3)), 0, 255).astype(np.uint8)
    problem = LearningTask(
        Task.CLASSIFICATION, ("dark", "light"), labels, np.ones(N, bool), (np.arange(N) // 2 % 3).astype(np.int16), 3
    )
    inputs = PixelInputs(pixels, CPU, (np.full(3, 0.5), np.full(3, 0.5)))

    def build(fold: int) -> Network:
        body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return Network(body, 8, 2, dropout=0.3)

    recipe = Recipe(epochs=epochs, batch=8, learning_rate=0.05)
    return Trainer(build, inputs, problem, recipe, CPU, Clock(3600) if clock is None else clock)


def test_folds_side_by_side_learn_what_one_after_the_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(n_workers: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        monkeypatch.setattr(trainer_module, "count_workers", lambda device, n_folds: n_workers)
        watch = Dynamics(N, CPU)
        outputs, cut = trainer().run(seconds=3600, dynamics=watch)
        assert not cut
        return outputs, watch.result()

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        (alone, seen_alone), (beside, seen_beside) = run(1), run(3)
    finally:
        torch.set_num_threads(threads)
    assert (alone.argmax(1) == np.arange(N) % 2).mean() > 0.95
    np.testing.assert_array_equal(alone, beside)
    for name in ("margin", "loss", "forgetting"):
        np.testing.assert_allclose(seen_alone[name], seen_beside[name], rtol=1e-5)


def test_threads_are_as_they_were_afterwards() -> None:
    before = torch.get_num_threads()
    trainer().run(seconds=3600)
    assert torch.get_num_threads() == before


def test_part_of_an_epoch() -> None:
    watch = Dynamics(N, CPU)
    trainer(epochs=0.6).run(seconds=3600, dynamics=watch)
    # Five batches of eight are an epoch of a fold's forty rows; three of them are 0.6, and each row is in two folds.
    assert float(watch.seen.sum()) == 3 * 3 * 8


def test_what_fails_in_one_fold_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "count_workers", lambda device, n_folds: 3)
    running = trainer(epochs=100_000)
    ended: list[int] = []
    all_begun = threading.Barrier(3)
    train_fold = Trainer.train_fold

    def failing(self: Trainer, fold: int, *args: object) -> tuple[Network, bool]:
        all_begun.wait()
        if fold == 1:
            raise MemoryError("no room")
        try:
            return train_fold(self, fold, *args)  # type: ignore[arg-type]
        except StoppedError:
            ended.append(fold)
            raise

    monkeypatch.setattr(Trainer, "train_fold", failing)
    with pytest.raises(MemoryError, match="no room"):
        running.run(seconds=3600)
    assert sorted(ended) == [0, 2]


def test_an_interrupt_while_waiting_ends_the_threads() -> None:
    clock = Clock(3600)
    begun = threading.Event()

    def wait_for_the_end(_: int) -> None:
        begun.set()
        while True:
            clock.check()

    def interrupt(_: int) -> None:
        begun.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_parallel(lambda number: (wait_for_the_end, interrupt)[number](number), range(2), stop=clock.stop)
    assert clock.stopped


def test_dropout_keeps_the_mean_and_follows_its_generator() -> None:
    drop = Dropout(0.3)
    x = torch.ones(200, 50)
    drop.generator = torch.Generator().manual_seed(1)
    first = drop(x)
    drop.generator = torch.Generator().manual_seed(1)
    torch.testing.assert_close(first, drop(x), rtol=0, atol=0)
    assert first.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert float(first.mean()) == pytest.approx(1, abs=0.02)
    torch.testing.assert_close(drop.eval()(x), x, rtol=0, atol=0)


@pytest.mark.parametrize(("own", "side"), [(32, 80), (32, 128), (48, 20)])
def test_resizing_is_torchs_own(own: int, side: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, own, own, 3), dtype=np.uint8)
    inputs = PixelInputs(pixels, CPU, (np.full(3, 0.5), np.full(3, 0.5)), side=side)
    x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127.5) / 127.5
    expected = nn.functional.interpolate(
        x, size=(side, side), mode="bicubic", align_corners=False, antialias=own > side
    )
    rows = np.arange(4)
    torch.testing.assert_close(inputs.views(rows, flip=False)[0], expected, rtol=0, atol=1e-5)
    with autocast(CPU, half=True):
        torch.testing.assert_close(inputs.train(rows, None, None), expected, rtol=0, atol=1e-5)


def test_early_learning_keeps_wrong_labels_from_being_memorised() -> None:
    rng = np.random.default_rng(0)
    true = np.arange(N) % 2
    wrong = rng.permutation(N) < N // 5
    pixels = np.clip(100 + 50 * true[:, None, None, None] + rng.normal(0, 30, (N, 8, 8, 3)), 0, 255).astype(np.uint8)
    problem = LearningTask(
        Task.CLASSIFICATION,
        ("dark", "light"),
        np.where(wrong, 1 - true, true),
        np.ones(N, bool),
        (np.arange(N) // 2 % 3).astype(np.int16),
        3,
    )

    def build(fold: int) -> Network:
        return Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 64), nn.ReLU()), 64, 2)

    def margins(*, early_learning: bool) -> np.ndarray:
        usual = replace(trainer(), problem=problem, build=build)
        inputs = PixelInputs(pixels, CPU, (np.full(3, 0.5), np.full(3, 0.2)))
        recipe = Recipe(
            epochs=40, batch=8, learning_rate=0.003, label_smoothing=0, flip=False, early_learning=early_learning
        )
        watch = Dynamics(N, CPU)
        replace(usual, inputs=inputs, recipe=recipe).run(seconds=3600, dynamics=watch)
        return watch.result()["margin"]

    without, with_it = margins(early_learning=False), margins(early_learning=True)
    assert without[wrong].mean() > 0, "wrong labels are memorised"
    assert with_it[wrong].mean() < -0.2
    assert with_it[~wrong].mean() > 0.5
