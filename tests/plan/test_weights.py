"""Measuring on a pretrained network: from its weights to the plan."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest
from datacheck.plan import make_plan
from datacheck.plan.augment.verdicts import BEARABLE
from datacheck.probing.weights import PretrainedWeights

pytest.importorskip("torchvision", reason="needs torchvision")


@pytest.fixture(scope="module")
def weights(shared_data: Path) -> PretrainedWeights:
    return PretrainedWeights(shared_data / "mobilenet_v2_imagenet_fp16.pt", mean=(0.5,) * 3, deviation=(0.5,) * 3)


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> tuple[Manifest, np.ndarray]:
    table = pq.read_table(shared_data / "cifar10n-train.parquet", columns=["jpeg", "clean"]).slice(0, 1200)
    keep = np.isin(table["clean"].to_numpy(), ["automobile", "frog"])
    table = table.filter(keep)
    images = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in table["jpeg"].to_pylist()]
    return Manifest.from_columns({"label": table["clean"].to_pylist()}), np.stack(images)


def test_batches_side_by_side_are_what_one_after_the_other_is(weights: PretrainedWeights, photos) -> None:
    import torch

    from datacheck.plan.encoders import BackboneEncoder

    pixels = photos[1][:80]
    encoder = BackboneEncoder.load(weights, 64)
    threads = torch.get_num_threads()
    found = encoder.encode(pixels)
    assert torch.get_num_threads() == threads
    assert found.shape == (80, 1280)
    one_by_one = np.concatenate([encoder.encode(pixels[row : row + 1]) for row in range(0, 80, 9)])
    np.testing.assert_allclose(found[::9], one_by_one, atol=1e-4)
    assert "mobilenet_v2 at 64 pixels, frozen" in encoder.title


@pytest.mark.slow
def test_a_plan_is_measured_on_the_network_and_says_so(weights: PretrainedWeights, photos) -> None:
    manifest, pixels = photos
    rare = manifest.label_codes == 1
    keep = ~rare | (np.cumsum(rare) <= 40)
    plan = make_plan(manifest.take(keep), pixels=pixels[keep], weights=weights, n_seeds=1, budget=600)
    title = "mobilenet_v2 at 96 pixels, frozen"
    assert title in plan.item("rebalance").measured[0].estimate.method
    tried = [item for item in plan.by_kind("augment") if "family" in item.settings]
    assert all(title in item.measured[0].estimate.method for item in tried)
    for item in tried:
        low = item.measured[0].estimate.low
        assert item.verdict in ({"use", "harmless", "avoid"} if low > -BEARABLE else {"use", "cannot tell", "avoid"})
    assert plan.item("augment", "horizontal_flip").verdict != "avoid"


def test_weights_that_are_not_there_are_named(photos) -> None:
    with pytest.raises(ProbeError, match=r"nowhere\.pt"):
        make_plan(photos[0], pixels=photos[1], weights="nowhere.pt")
