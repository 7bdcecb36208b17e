"""Pretrained weights from a local state dict: frozen under heads, and fine-tuned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest
from datacheck.probing import PretrainedWeights, probe
from datacheck.probing.budget import Clock
from datacheck.probing.networks.activations import embed_all
from datacheck.probing.networks.backbone import load_backbone
from datacheck.probing.networks.image_side import ImagePlan
from datacheck.probing.networks.stages import Stages


@pytest.fixture(scope="module")
def state_dict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-18 with random weights, in half precision, under another number of classes."""
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None, num_classes=7)
    path: Path = tmp_path_factory.mktemp("weights") / "my-resnet18-v2.pt"
    torch.save({key: value.half() for key, value in network.state_dict().items()}, path)
    return path


def test_stages_give_the_networks_own_features(state_dict: Path) -> None:
    stages, width, name = load_backbone(PretrainedWeights(state_dict))
    network = torchvision.models.resnet18(weights=None, num_classes=7)
    network.load_state_dict({k: v.float() for k, v in torch.load(state_dict, weights_only=True).items()})
    network.fc = torch.nn.Identity()
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(stages(x), network.eval()(x), rtol=1e-3, atol=1e-4)
    assert (width, name, len(stages)) == (512, "resnet18", 11)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in stages.modules())


def test_frozen_and_fine_tuned(state_dict: Path, stripes: Callable[..., Any]) -> None:
    pixels, label = stripes(48)
    manifest = Manifest.from_columns({"label": np.array(["across", "down"])[label]})
    frozen = probe(manifest, pixels=pixels, weights=state_dict, epochs=0, side=32, folds=2, budget=3600)
    assert frozen.backend == "pretrained (resnet18)"
    assert frozen.metrics["accuracy"].value > 0.9
    assert frozen.embeddings is not None
    assert frozen.embeddings.shape == (48, 512)
    tuned = probe(manifest, pixels=pixels, weights=state_dict, epochs=1, side=32, folds=2, flip=True, budget=3600)
    assert any("fine-tuned the last 7 of its 11 stages for 1 epoch in each fold" in choice for choice in tuned.choices)
    assert tuned.metrics["accuracy"].value > 0.9
    assert np.isfinite(tuned.dynamics["margin"]).all()


def test_time_that_is_left_trains_further_networks(tmp_path: Path, stripes: Callable[..., Any]) -> None:
    pixels, label = stripes(48)
    manifest = Manifest.from_columns({"label": np.array(["across", "down"])[label]})
    torch.manual_seed(0)
    small = torchvision.models.shufflenet_v2_x0_5(weights=None, num_classes=3)
    torch.save(small.state_dict(), tmp_path / "shufflenet_v2_x0_5.pt")
    weights = PretrainedWeights(tmp_path / "shufflenet_v2_x0_5.pt")
    tuned = probe(manifest, pixels=pixels, weights=weights, side=32, folds=2, flip=True, budget=3600)
    assert any("for 4 epochs, 3 networks in each fold" in choice for choice in tuned.choices)
    assert tuned.pred_probs is not None
    assert tuned.pred_probs.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_weights_that_cannot_be_used_are_refused(state_dict: Path, tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="the file does not exist"):
        load_backbone(PretrainedWeights(tmp_path / "none.pt"))
    with pytest.raises(ProbeError, match="do not fit torchvision's mobilenet_v2"):
        load_backbone(PretrainedWeights(state_dict, architecture="mobilenet_v2"))
    (tmp_path / "resnet18.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(ProbeError, match="cannot be read with weights_only=True"):
        load_backbone(PretrainedWeights(tmp_path / "resnet18.pt"))
    torch.save(torch.load(state_dict, weights_only=True), tmp_path / "mystery.pt")
    with pytest.raises(ProbeError, match="cannot tell the architecture from the file name 'mystery'"):
        load_backbone(PretrainedWeights(tmp_path / "mystery.pt"))


def test_nothing_is_fetched_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ProbeError, match="nothing is fetched unasked"):
        load_backbone(PretrainedWeights("resnet18"))
    with pytest.raises(ProbeError, match="no weights 'resnet81'"):
        load_backbone(PretrainedWeights("resnet81"))


def test_enlarged_small_images_are_described_by_earlier_stages_too(state_dict: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    network = Stages.load(PretrainedWeights(state_dict), pixels, torch.device("cpu"))
    with torch.inference_mode():
        early = network.passes[0](network.inputs(64, network.dtype).views(np.arange(6), flip=False)[0])
        plain, detailed = network.embed(early), network.embed(early, detail=True)
    assert plain.shape == (6, 512)
    assert detailed.shape[1] > 512
    torch.testing.assert_close(detailed[:, -512:], plain)
    earlier = detailed[:, :-512]
    assert (earlier >= 0).all()  # after ReLU, the maximum of a channel is not below its mean
    assert (earlier.std(dim=0) > 0).any()
    plan, rows, clock = ImagePlan(64, tunes=False, mirrored=False), np.arange(6), Clock(60.0, now=lambda: 0.0)
    (given,), _ = embed_all(network, plan, rows, clock, flip=True, keep=False)
    np.testing.assert_allclose(given, detailed.float().numpy(), rtol=1e-3, atol=1e-4)
    (own,), _ = embed_all(network, ImagePlan(32, tunes=True), rows, clock, flip=True, keep=False)
    assert own.shape == (6, 512)
