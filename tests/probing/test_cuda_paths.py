"""What a GPU is given: by fake tensors where there is none, and trained for real where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from datacheck.manifest import Manifest, Task  # noqa: E402
from datacheck.models.learning_task import LearningTask  # noqa: E402
from datacheck.plan.augment.candidates import CANDIDATES  # noqa: E402
from datacheck.plan.augment.trials import altered  # noqa: E402
from datacheck.plan.encoders import BackboneEncoder  # noqa: E402
from datacheck.probing import PretrainedWeights, probe  # noqa: E402
from datacheck.probing.backends import images as images_backend  # noqa: E402
from datacheck.probing.backends import without_weights  # noqa: E402
from datacheck.probing.budget import Clock  # noqa: E402
from datacheck.probing.networks import backbone, convnet, pretrained, stages  # noqa: E402
from datacheck.probing.networks.activations import KeptActivations  # noqa: E402
from datacheck.probing.networks.batches import BatchSource, PixelInputs  # noqa: E402
from datacheck.probing.networks.devices import autocast  # noqa: E402
from datacheck.probing.networks.dynamics import Dynamics  # noqa: E402
from datacheck.probing.networks.network import Network  # noqa: E402
from datacheck.probing.networks.trainer import Recipe, Trainer  # noqa: E402
from tests.probing.pretended_cuda import PretendedGpu, pretended_gpu  # noqa: E402

nn = torch.nn

CUDA = torch.device("cuda", 0)
N, SIDE, K = 48, 16, 3
PIXELS = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE, 3), dtype=np.uint8)
ROWS = np.array([5, 1, 40, 7])
HALF = np.full(3, 0.5)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendedGpu]:
    with pretended_gpu(monkeypatch) as found:
        yield found


def pixel_inputs(**options: Any) -> PixelInputs:
    return PixelInputs(PIXELS, CUDA, (HALF, HALF), translate=2, **options)


def kept_activations(device: Any = CUDA) -> KeptActivations:
    views = tuple(torch.zeros(N, 3, 8, 8, dtype=torch.float16, device=device) for _ in range(2))
    return KeptActivations(views, CUDA)


def problem_of(task: Task = Task.CLASSIFICATION) -> LearningTask:
    code = np.arange(N) % K
    answers: NDArray[Any] = code.astype(np.int64)
    if task is Task.MULTILABEL:
        answers = np.eye(K, dtype=np.float32)[code]
    elif task is Task.REGRESSION:
        answers = code.astype(np.float64)
    classes = () if task is Task.REGRESSION else ("a", "b", "c")
    return LearningTask(task, classes, answers, np.ones(N, bool), (np.arange(N) // K % 2).astype(np.int16), 2, PIXELS)


def body() -> Any:
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.GELU(), nn.Conv2d(8, 8, 3, padding=1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(1))


def trainer_of(inputs: BatchSource, task: Task = Task.CLASSIFICATION) -> Trainer:
    problem = problem_of(task)
    recipe = Recipe(epochs=2, batch=8, learning_rate=1e-3, flip=True, translate=2)

    def build(fold: int) -> Network:
        return Network(body(), 8, problem.width, dropout=0.2)

    return Trainer(build, inputs, problem, recipe, CUDA, Clock(3600.0))


def small_backbone(weights: PretrainedWeights) -> tuple[Any, int, str]:
    """Six stages as `load_backbone` cuts them, of random weights."""
    stages = [nn.Sequential(nn.Conv2d(a, 8, 3, stride=2, padding=1), nn.ReLU()) for a in (3, 8, 8, 8)]
    return nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(1)), 8, "small"


def is_batch(x: Any, n: int, side: int) -> bool:
    return (
        x.device == CUDA
        and x.dtype is torch.float32
        and tuple(x.shape) == (n, 3, side, side)
        and x.is_contiguous(memory_format=torch.channels_last)
    )


@pytest.mark.parametrize("side", [None, 32, 8])
@pytest.mark.parametrize("free", [8 << 30, 1 << 10])
def test_pixels_arrive_normalised_on_the_device(monkeypatch: pytest.MonkeyPatch, side: int | None, free: int) -> None:
    with pretended_gpu(monkeypatch, free=free) as gpu:
        inputs = pixel_inputs(side=side)
        assert (inputs.resident is not None) == (free == 8 << 30)
        flip = torch.zeros(4, dtype=torch.bool, device=CUDA)
        shift = torch.zeros(4, 2, dtype=torch.int64, device=CUDA)
        before = gpu.downloads, gpu.waiting_uploads
        views = inputs.views(ROWS, flip=True)
        batches = [inputs.train(ROWS, flip, shift), inputs.train(ROWS, None, None), *views]
        assert len(views) == 2
        assert all(is_batch(x, 4, side or SIDE) for x in batches)
        assert (gpu.downloads, gpu.waiting_uploads) == before


@pytest.mark.parametrize("where", ["cuda:0", "cpu"])
def test_kept_activations_arrive_in_single_precision(gpu: PretendedGpu, where: str) -> None:
    kept = kept_activations(where)
    flip = torch.zeros(4, dtype=torch.bool, device=where)
    views = kept.views(ROWS, flip=True)
    assert len(views) == 2
    assert all(is_batch(x, 4, 8) for x in [kept.train(ROWS, flip, None), kept.train(ROWS, None, None), *views])


def test_dynamics_stay_on_the_device_until_they_are_asked_for(gpu: PretendedGpu) -> None:
    seen = Dynamics(N, CUDA)
    rows = torch.from_numpy(ROWS).to(CUDA)
    before = gpu.downloads
    seen.update(rows, torch.zeros(4, K, device=CUDA), torch.zeros(4, K, device=CUDA))
    assert gpu.downloads == before
    found = seen.result()
    assert {name: (values.dtype, values.shape) for name, values in found.items()} == dict.fromkeys(
        ("margin", "loss", "forgetting"), (np.dtype(np.float32), (N,))
    )
    assert gpu.downloads == before + 3


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION])
@pytest.mark.parametrize("kind", ["pixels", "activations"])
def test_training_never_waits_for_the_device(gpu: PretendedGpu, kind: str, task: Task) -> None:
    trainer = trainer_of(pixel_inputs() if kind == "pixels" else kept_activations(), task)
    if kind == "activations":
        trainer = replace(trainer, recipe=replace(trainer.recipe, translate=0))
    watch = Dynamics(N, CUDA) if task is Task.CLASSIFICATION else None
    uploads = []
    for batch in (8, 24):
        gpu.waiting_uploads = 0
        again = replace(trainer, recipe=replace(trainer.recipe, batch=batch))
        network, cut = again.train_fold(0, 3600.0, watch)
        uploads.append(gpu.waiting_uploads)
        assert not cut
        assert {one.device for one in network.parameters()} == {CUDA}
    assert gpu.downloads == 0
    assert "_fused_adamw_" in gpu.reached
    assert uploads[0] == uploads[1], "uploads that wait grow with the steps, not with the epochs"


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION])
def test_predictions_and_embeddings_come_back_once(gpu: PretendedGpu, task: Task) -> None:
    trainer = trainer_of(pixel_inputs(), task)
    network, _ = trainer.train_fold(1, 3600.0)
    rows = np.resize(np.arange(N), 700)
    assert trainer.predict(network, rows).shape == (700, trainer.problem.width)
    assert trainer.embed(network, rows).shape == (700, 8)
    assert gpu.downloads == 2, "three chunks each, and one copy"


def test_a_step_is_measured_and_every_fold_is_trained(gpu: PretendedGpu) -> None:
    trainer = trainer_of(pixel_inputs())
    assert 0 < trainer.step_seconds() < 60
    outputs, cut = trainer.run(seconds=3600.0, dynamics=Dynamics(N, CUDA))
    assert not cut
    assert np.isfinite(outputs).all()
    assert gpu.downloads == trainer.problem.n_folds


def test_convolutions_compute_in_bfloat16(gpu: PretendedGpu) -> None:
    network = body().to(CUDA)
    with autocast(CUDA):
        assert network(torch.zeros(2, 3, SIDE, SIDE, device=CUDA)).dtype is torch.bfloat16


def manifest(n: int) -> Manifest:
    return Manifest.from_columns({"label": np.array(["a", "b", "c"])[np.arange(n) % K]})


@pytest.mark.parametrize("side", [16, 64])
def test_the_scratch_backend_from_end_to_end(gpu: PretendedGpu, monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    monkeypatch.setattr(convnet, "WIDTHS", ((8, 16, 32),))
    pixels = np.random.default_rng(1).integers(0, 256, (N, side, side, 3), dtype=np.uint8)
    found = probe(
        manifest(N), pixels=pixels, backend="scratch", device="cuda", epochs=2, folds=2, flip=True, budget=3600
    )
    assert (found.backend, found.device) == ("scratch", "cuda:0")
    assert found.embeddings is not None
    assert found.embeddings.shape == (N, 16 if side == 16 else 32)
    assert gpu.seeded_everywhere == 0


@pytest.mark.parametrize("epochs", [0, 1])
@pytest.mark.parametrize("side", [None, 32])
def test_the_pretrained_backend_from_end_to_end(
    gpu: PretendedGpu, monkeypatch: pytest.MonkeyPatch, side: int | None, epochs: int
) -> None:
    monkeypatch.setattr(stages, "load_backbone", small_backbone)
    monkeypatch.setattr(pretrained, "WORTH_TUNING", 8)
    found = probe(
        manifest(10 * N),
        pixels=np.concatenate([PIXELS] * 10),
        weights=PretrainedWeights("small"),
        backend="pretrained",
        device="cuda",
        epochs=epochs,
        side=side,
        folds=2,
        flip=True,
        budget=3600,
    )
    assert (found.backend, found.device) == ("pretrained (small)", "cuda:0")
    assert found.embeddings is not None
    assert found.embeddings.shape == (10 * N, 8)
    assert any(("fine-tuned the last" if epochs else "left the network frozen") in choice for choice in found.choices)
    assert gpu.seeded_everywhere == 0


def test_many_small_images_get_both_networks(gpu: PretendedGpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "load_backbone", small_backbone)
    monkeypatch.setattr(pretrained, "WORTH_TUNING", 8)
    monkeypatch.setattr(convnet, "WIDTHS", ((8, 16, 32),))
    monkeypatch.setattr(images_backend, "MIN_SIDE", 8)
    for module in (images_backend, without_weights):
        monkeypatch.setattr(module, "GPU_ALONE", 8)
    monkeypatch.setattr(without_weights, "MIN_SAMPLES", 8)
    found = probe(
        manifest(10 * N),
        pixels=np.concatenate([PIXELS] * 10),
        device="cuda",
        epochs=1,
        side=48,
        folds=2,
        flip=True,
        budget=3600,
    )
    assert found.device == "cuda:0"
    assert found.embeddings is not None
    assert (found.embeddings.shape, found.embeddings_label_free) == ((10 * N, 8), True)
    assert sum("fine-tuned the last" in choice for choice in found.choices) == 1
    assert sum("averaged both with weight" in choice and "random weights" in choice for choice in found.choices) == 1
    assert np.isfinite(found.pred_probs).all()
    assert gpu.seeded_everywhere == 0


def test_the_plans_encoder(gpu: PretendedGpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "load_backbone", small_backbone)
    encoder = BackboneEncoder.load(Path("small.pt"), 32, "cuda:0")
    assert {one.device for one in encoder.stages.parameters()} == {CUDA}
    found = encoder.encode(PIXELS)
    assert (found.shape, found.dtype) == ((N, 8), np.float32)
    assert gpu.downloads == 1, "one chunk, and one copy"


def test_transforms_leave_a_gpus_random_state_and_the_default_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU was seeded"))
    for candidate in CANDIDATES:
        expected = altered(PIXELS[:4], candidate, seed=3)
        with torch.device("meta"):
            np.testing.assert_array_equal(altered(PIXELS[:4], candidate, seed=3), expected)


def test_weights_load_whatever_the_default_device_is(tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    torch.save(torchvision.models.resnet18(weights=None, num_classes=7).state_dict(), tmp_path / "resnet18.pt")
    with torch.device("meta"):
        stages, width, _ = backbone.load_backbone(PretrainedWeights(tmp_path / "resnet18.pt"))
    assert (width, len(stages)) == (512, 11)
    assert {one.device.type for one in stages.parameters()} == {"cpu"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
class TestOnAGpu:
    """Trained for real."""

    @pytest.fixture(autouse=True)
    def _narrow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(convnet, "WIDTHS", ((16, 32, 64),))

    def weights(self, folder: Path) -> Path:
        torchvision = pytest.importorskip("torchvision")
        torch.manual_seed(0)
        path = folder / "resnet18.pt"
        torch.save(torchvision.models.resnet18(weights=None, num_classes=7).state_dict(), path)
        return path

    @pytest.mark.parametrize(("backend", "epochs"), [("scratch", 12), ("pretrained", 0), ("pretrained", 1)])
    def test_it_agrees_with_the_cpu_and_repeats_itself(
        self, stripes: Callable[..., Any], tmp_path: Path, backend: str, epochs: int
    ) -> None:
        pixels, label = stripes()
        columns = Manifest.from_columns({"label": np.array(["across", "down"])[label]})
        options: dict[str, Any] = {"backend": backend, "epochs": epochs, "folds": 2, "budget": 3600, "flip": False}
        if backend == "pretrained":
            options |= {"weights": self.weights(tmp_path), "side": 32}
        cpu, first, again = (
            probe(columns, pixels=pixels, device=device, **options) for device in ("cpu", "cuda", "cuda")
        )
        assert first.device.startswith("cuda")
        assert abs(first.metrics["accuracy"].value - cpu.metrics["accuracy"].value) <= 0.1
        assert first.metrics["accuracy"].value > 0.9
        np.testing.assert_array_equal(first.pred_probs, again.pred_probs)
        assert first.embeddings is not None
        assert np.isfinite(first.embeddings).all()

    def test_torchs_own_random_state_stays(self, stripes: Callable[..., Any]) -> None:
        pixels, label = stripes(32, 8)
        torch.cuda.manual_seed(5)
        expected = torch.rand(1, device="cuda")
        torch.cuda.manual_seed(5)
        columns = Manifest.from_columns({"label": label.astype(str)})
        probe(columns, pixels=pixels, backend="scratch", device="cuda", epochs=1, folds=2, budget=3600)
        assert torch.rand(1, device="cuda") == expected
