"""A torchvision network as a chain of stages that embeds images, its batch normalisation folded in. Needs torch."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from datacheck.errors import ProbeError, did_you_mean, require
from datacheck.probing.networks.efficientnet_lite import EfficientNetLite, is_efficientnet_lite
from datacheck.probing.weights import PACKAGED, PretrainedWeights


def load_backbone(weights: PretrainedWeights) -> tuple[nn.Sequential, int, str]:
    """Return the stages without the classifier, the width of the embedding, and the architecture's name.

    Raises
    ------
    ProbeError
        When the weights cannot be had, or do not fit the architecture.
    """
    with torch.device("cpu"):  # whatever default device the user has set
        return _load(weights)


def _load(weights: PretrainedWeights) -> tuple[nn.Sequential, int, str]:
    packaged = PACKAGED.get(str(weights.source))
    if packaged is not None:
        weights = replace(weights, source=packaged.checked_path(), architecture=f"EfficientNet-{weights.source}")
    state, name = _from_file(weights) if weights.is_file else _by_name(weights)
    if is_efficientnet_lite(state):
        network: Any = EfficientNetLite(state)
        width = _drop_classifier(network)
        return _folded(_stages(network)), width, name
    models = require("torchvision.models", extra="probe", purpose="the pretrained probe")
    outputs = _classifier_width(state)
    network = models.get_model(name, weights=None, **({} if outputs is None else {"num_classes": outputs}))
    try:
        network.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
        )
    except RuntimeError as error:
        raise ProbeError(
            f"the weights in {weights.source} do not fit torchvision's {name}: {str(error).splitlines()[-1].strip()}; "
            "name the network in PretrainedWeights(architecture=...)"
        ) from None
    network.eval()
    width = _drop_classifier(network)
    return _folded(_stages(network)), width, name


def _from_file(weights: PretrainedWeights) -> tuple[dict[str, Tensor], str]:
    path = Path(weights.source)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ProbeError(f"expected pretrained weights in {path}, but the file does not exist") from None
    except Exception as error:  # torch raises many kinds here, none of them documented
        raise ProbeError(
            f"expected a state dict in {path}, but it cannot be read with weights_only=True: {error}"
        ) from None
    while isinstance(loaded, dict) and (inner := loaded.get("state_dict", loaded.get("model"))) is not None:
        loaded = inner
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise ProbeError(f"expected a state dict (names to tensors) in {path}, found {type(loaded).__name__}")
    state = {key.removeprefix("module."): value for key, value in loaded.items()}
    return state, weights.architecture or _architecture_in(path.stem)


def _architecture_in(stem: str) -> str:
    models = require("torchvision.models", extra="probe", purpose="the pretrained probe")
    known = sorted(models.list_models(module=models), key=len, reverse=True)
    plain = re.sub(r"[^a-z0-9]", "", stem.lower())
    for name in known:
        if name.replace("_", "") in plain:
            return str(name)
    raise ProbeError(
        f"cannot tell the architecture from the file name {stem!r}; name it in "
        "PretrainedWeights(path, architecture='resnet18')"
    )


def _by_name(weights: PretrainedWeights) -> tuple[dict[str, Tensor], str]:
    models = require("torchvision.models", extra="probe", purpose="the pretrained probe")
    name = str(weights.source)
    try:
        entry = models.get_weight(name) if "." in name else models.get_model_weights(name).DEFAULT
    except (ValueError, AttributeError, KeyError):
        known = models.list_models(module=models)
        raise ProbeError(f"torchvision has no weights {name!r}{did_you_mean(name, known)}") from None
    cached = Path(torch.hub.get_dir()) / "checkpoints" / entry.url.rsplit("/", 1)[-1]
    if not cached.exists() and not weights.allow_download:
        raise ProbeError(
            f"the weights {name!r} are not in {cached.parent}, and nothing is fetched unasked; "
            "allow it with PretrainedWeights(name, allow_download=True), or give the path of a state dict"
        )
    state: dict[str, Tensor] = entry.get_state_dict(progress=False, check_hash=True, map_location="cpu")
    architecture = next(
        model for model in models.list_models(module=models) if entry in models.get_model_weights(model)
    )
    return state, str(architecture)


def _classifier_width(state: dict[str, Tensor]) -> int | None:
    """Return how many classes the checkpoint was made for: the rows of its last matrix."""
    matrices = [value for key, value in state.items() if key.endswith("weight") and value.ndim == 2]
    return int(matrices[-1].shape[0]) if matrices else None


def _drop_classifier(network: nn.Module) -> int:
    """Replace the last linear layer by nothing, and return the width of what it was fed."""
    linear = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise ProbeError(f"expected a network that ends in a linear layer, found {type(network).__name__}")
    name, last = linear[-1]
    parent = network.get_submodule(name.rpartition(".")[0])
    setattr(parent, name.rpartition(".")[2], nn.Identity())
    return int(last.in_features)


def _stages(network: nn.Module) -> nn.Sequential:
    """Cut a network into stages where its layout is known; else it is one stage."""
    with torch.no_grad():
        probe = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        for stages in _candidates(network):
            try:
                if torch.allclose(stages(probe), network(probe), rtol=1e-3, atol=1e-4):
                    return stages
            except RuntimeError:
                continue
    return nn.Sequential(network)


def _candidates(network: Any) -> list[nn.Sequential]:
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(1)]
    found = []
    if isinstance(getattr(network, "features", None), nn.Sequential):
        found.append(nn.Sequential(*network.features, *pooled))
    if all(hasattr(network, name) for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer4")):
        stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        blocks = [block for layer in range(1, 5) for block in getattr(network, f"layer{layer}")]
        found.append(nn.Sequential(stem, *blocks, *pooled))
    return found


def _folded(stages: nn.Sequential) -> nn.Sequential:
    """Fold each batch normalisation into the convolution before it, where that changes nothing but the speed.

    Fine-tuning then leaves the statistics as they are, which suits small batches, and a pass is several times faster on
    a CPU.
    """
    folded = copy.deepcopy(stages)
    _fold_children(folded)
    probe = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = stages(probe), folded(probe)
    return folded if torch.allclose(expected, found, rtol=1e-3, atol=1e-3 * float(expected.abs().max())) else stages


def _fold_children(module: nn.Module) -> None:
    for child in module.children():
        _fold_children(child)
    named = list(module.named_children())
    for (first, convolution), (second, norm) in pairwise(named):
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, first, fuse_conv_bn_eval(convolution, norm))
            setattr(module, second, nn.Identity())
