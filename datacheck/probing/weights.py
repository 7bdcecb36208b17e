"""Which pretrained weights to use; names no network, imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datacheck.errors import check_choice

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
INPUT_RANGES = {
    "imagenet": IMAGENET,
    "signed": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Mean and deviation of the usual inputs: torchvision's own weights; -1 to 1 as in TensorFlow's; 0 to 1."""


@dataclass(frozen=True)
class PretrainedWeights:
    """Weights of a torchvision architecture, from a local file or by name.

    Attributes
    ----------
    source
        Path of a ``.pt`` / ``.pth`` state dict, or a torchvision name such as ``"resnet18"`` or
        ``"ResNet50_Weights.IMAGENET1K_V2"``.
    architecture
        Name of the torchvision model; by default read from the file's name.
    mean, deviation
        What the network's inputs were normalised by, channels in [0, 1].
    allow_download
        Whether weights that are not cached may be fetched; nothing is fetched by default.

    Examples
    --------
    >>> PretrainedWeights("resnet18").is_file
    False
    """

    source: str | Path
    architecture: str | None = None
    mean: tuple[float, float, float] = IMAGENET[0]
    deviation: tuple[float, float, float] = IMAGENET[1]
    allow_download: bool = False

    @property
    def is_file(self) -> bool:
        """Whether the source is a path rather than a name."""
        return isinstance(self.source, Path) or str(self.source).endswith((".pt", ".pth")) or "/" in str(self.source)

    @classmethod
    def taking(cls, source: str | Path, inputs: str = "imagenet") -> PretrainedWeights:
        """Return weights whose network took inputs of a usual range: ``imagenet``, ``signed`` (-1 to 1) or ``unit``.

        Raises
        ------
        ConfigError
            When the range has no such name.

        Examples
        --------
        >>> PretrainedWeights.taking("mobilenet_v2.pt", "signed").mean
        (0.5, 0.5, 0.5)
        """
        check_choice("weights' inputs", inputs, tuple(INPUT_RANGES))
        mean, deviation = INPUT_RANGES[inputs]
        return cls(source, mean=mean, deviation=deviation)
