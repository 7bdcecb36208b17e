"""EfficientNet-Lite (Tan and Le, 2019; the Lite variants by Google, 2020) as a plain torch module. Needs torch.

Inverted residual blocks with ReLU6 and without squeeze-and-excitation; stem and head are not scaled. The depth, widths
and kernels are read from the state dict, so one definition serves Lite0 to Lite4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Stride of the first block of each of the seven stages; the same in every variant."""

EPSILON = 1e-3
"""Of the batch normalisation, as the weights were trained."""


class SamePadded(nn.Module):
    """Zero padding of a strided convolution as TensorFlow's ``SAME``: the odd row or column goes to the end."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """Pad height and width of ``x`` [N, C, H, W]."""
        pads = [max(0, (-(-size // self.stride) - 1) * self.stride + self.kernel - size) for size in x.shape[-2:]]
        return functional.pad(x, (pads[1] // 2, pads[1] - pads[1] // 2, pads[0] // 2, pads[0] - pads[0] // 2))


def _convolution(weight: Tensor, *, stride: int = 1, act: bool = True) -> list[nn.Module]:
    """Convolution, normalisation and activation for a weight [out, in / groups, k, k]; depthwise where in is 1."""
    outputs, inputs, kernel = int(weight.shape[0]), int(weight.shape[1]), int(weight.shape[2])
    groups = outputs if inputs == 1 else 1
    padding = kernel // 2 if stride == 1 else 0
    convolution = nn.Conv2d(inputs * groups, outputs, kernel, stride, padding, groups=groups, bias=False)
    layers: list[nn.Module] = [] if stride == 1 else [SamePadded(kernel, stride)]
    return [*layers, convolution, nn.BatchNorm2d(outputs, eps=EPSILON), *([nn.ReLU6()] if act else [])]


class Block(nn.Module):
    """Expansion, depthwise convolution and projection; with a skip connection where the shape stays."""

    def __init__(self, weights: Mapping[str, Tensor], stride: int) -> None:
        super().__init__()
        expand, depthwise, project = (
            weights.get(f"_{part}_conv.weight") for part in ("expand", "depthwise", "project")
        )
        assert depthwise is not None
        assert project is not None
        layers = [] if expand is None else _convolution(expand)
        layers += [*_convolution(depthwise, stride=stride), *_convolution(project, act=False)]
        self.layers = nn.Sequential(*layers)
        entering = int((depthwise if expand is None else expand).shape[0 if expand is None else 1])
        self.adds = stride == 1 and entering == int(project.shape[0])

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, C, H, W] to [N, C', H / stride, W / stride]."""
        found: Tensor = self.layers(x)
        return x + found if self.adds else found


class EfficientNetLite(nn.Module):
    """The network whose layers a state dict describes: ``features``, mean pooling, ``classifier``.

    Parameters
    ----------
    state
        State dict with the names of the published checkpoints (``_conv_stem.weight``, ``_blocks.0._bn1.bias`` …).
    """

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        blocks, leaving, stage = [], 0, -1
        n_blocks = 1 + max(int(match[1]) for key in state if (match := re.match(r"_blocks\.(\d+)\.", key)))
        for number in range(n_blocks):
            prefix = f"_blocks.{number}."
            weights = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            outputs = int(weights["_project_conv.weight"].shape[0])
            starts = outputs != leaving
            stage += starts
            blocks.append(Block(weights, STAGE_STRIDES[stage] if starts else 1))
            leaving = outputs
        stem = nn.Sequential(*_convolution(state["_conv_stem.weight"], stride=2))
        head = nn.Sequential(*_convolution(state["_conv_head.weight"]))
        self.features = nn.Sequential(stem, *blocks, head)
        outputs, width = (int(size) for size in state["_fc.weight"].shape)
        self.classifier = nn.Linear(width, outputs)
        # The published names follow the order of the layers, so the tensors are matched one by one.
        own = self.state_dict()
        self.load_state_dict(dict(zip(own, state.values(), strict=True)))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Map images [N, 3, H, W], (RGB - 127) / 128, to logits [N, 1000]."""
        logits: Tensor = self.classifier(self.features(x).mean(dim=(2, 3)))
        return logits


def is_efficientnet_lite(state: Mapping[str, Tensor]) -> bool:
    """Tell whether a state dict has the names of the published EfficientNet-Lite checkpoints."""
    return "_conv_stem.weight" in state and "_blocks.0._se_reduce.weight" not in state
