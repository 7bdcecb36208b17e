"""A plan's augmentations as source text, for torchvision and for albumentations; imports neither."""

from __future__ import annotations

from collections.abc import Callable

from datacheck.errors import PlanError, check_choice
from datacheck.plan.augment.candidates import Candidate, describe
from datacheck.plan.record import PlanRecord

LIBRARIES = ("torchvision", "albumentations")

IMPORTS = {
    "torchvision": "from torchvision.transforms import v2",
    "albumentations": "import albumentations\nimport cv2",
}

CALLS = {
    "torchvision": "transform(x)",
    "albumentations": 'torch.from_numpy(transform(image=x.permute(1, 2, 0).numpy())["image"]).permute(2, 0, 1)',
}
"""How an image ``x``, uint8 [3, S, S], is transformed."""

BORDER = "border_mode=cv2.BORDER_REFLECT_101"


def augmentation_text(plan: PlanRecord, library: str = "torchvision", *, side: str = "SIZE") -> str:
    """Return a Python list of what the plan's transform applies: transform, share of the samples, classes left out.

    Parameters
    ----------
    plan
        Its applied augmentations.
    library
        ``torchvision`` (transforms of v2) or ``albumentations`` (2.0).
    side
        The side of the images in pixels, as it stands in the text.

    Raises
    ------
    ConfigError
        When there is no such library.
    """
    check_choice("transforms", library, LIBRARIES)
    lines = []
    for item in plan.by_kind("augment"):
        if item.settings.get("applied", False) and "family" in item.settings:
            candidate = Candidate.from_json(item.settings)
            left_out = tuple(item.settings.get("avoid_classes", ()))
            lines.append(f"    # {describe(candidate)}: {item.measured[0]}" if item.measured else "")
            lines.append(f"    ({transform_text(candidate, library, side)}, {candidate.probability:g}, {left_out!r}),")
    return "[\n" + "\n".join(line for line in lines if line) + "\n]" if lines else "[]"


def transform_text(candidate: Candidate, library: str, side: str = "SIZE") -> str:
    """Return one augmentation, applied always, as source text.

    Examples
    --------
    >>> transform_text(Candidate("rotate", 20), "albumentations")
    'albumentations.Rotate(limit=20, border_mode=cv2.BORDER_REFLECT_101, p=1.0)'
    """
    makers = _TORCHVISION if library == "torchvision" else _ALBUMENTATIONS
    if candidate.family not in makers:
        raise PlanError(f"the plan holds an augmentation {candidate.family!r} that this datacheck does not know")
    text = makers[candidate.family](candidate.strength, side)
    return text if library == "torchvision" else f"albumentations.{text}"


def _bordered(transform: str, side: str) -> str:
    return (
        f'v2.Compose([v2.Pad(min(max(1, {side} // 4), {side} - 1), padding_mode="reflect"), {transform}, '
        f"v2.CenterCrop({side})])"
    )


_BILINEAR = "interpolation=v2.InterpolationMode.BILINEAR"

_TORCHVISION: dict[str, Callable[[float, str], str]] = {
    "horizontal_flip": lambda s, side: "v2.RandomHorizontalFlip(1.0)",
    "vertical_flip": lambda s, side: "v2.RandomVerticalFlip(1.0)",
    "rotate_180": lambda s, side: "v2.Compose([v2.RandomHorizontalFlip(1.0), v2.RandomVerticalFlip(1.0)])",
    "rotate_90": lambda s, side: "v2.RandomChoice([v2.RandomRotation((turn, turn)) for turn in (90, 270)])",
    "rotate": lambda s, side: _bordered(f"v2.RandomRotation({s:g}, {_BILINEAR})", side),
    "translate": lambda s, side: (
        f"v2.Compose([v2.Pad(min(max(1, round({s:g} * {side})), {side} - 1), "
        f'padding_mode="reflect"), v2.RandomCrop({side})])'
    ),
    "crop": lambda s, side: f"v2.RandomResizedCrop({side}, scale=({s:g}, 1.0), antialias=True)",
    "perspective": lambda s, side: _bordered(f"v2.RandomPerspective({s:g}, p=1.0)", side),
    "brightness": lambda s, side: f"v2.ColorJitter(brightness={s:g})",
    "contrast": lambda s, side: f"v2.ColorJitter(contrast={s:g})",
    "saturation": lambda s, side: f"v2.ColorJitter(saturation={s:g})",
    "hue": lambda s, side: f"v2.ColorJitter(hue={s:g})",
    "greyscale": lambda s, side: "v2.Grayscale(num_output_channels=3)",
    "blur": lambda s, side: (
        f"v2.GaussianBlur(2 * max(1, round({2 * s:g} * {side})) + 1, (max({s:g} * {side}, 0.3),) * 2)"
    ),
    "noise": lambda s, side: (
        f"v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.GaussianNoise(sigma={s:g}), "
        "v2.ToDtype(torch.uint8, scale=True)])"
    ),
    "cutout": lambda s, side: f"v2.RandomErasing(p=1.0, scale=({s:g}, {s:g}), ratio=(1.0, 1.0), value=128)",
    "resolution": lambda s, side: (
        f"v2.Compose([v2.Resize(max(2, round({s:g} * {side})), antialias=True), v2.Resize({side}, antialias=True)])"
    ),
}

_ALBUMENTATIONS: dict[str, Callable[[float, str], str]] = {
    "horizontal_flip": lambda s, side: "HorizontalFlip(p=1.0)",
    "vertical_flip": lambda s, side: "VerticalFlip(p=1.0)",
    "rotate_180": lambda s, side: "Rotate(limit=(180, 180), p=1.0)",
    "rotate_90": lambda s, side: "OneOf([albumentations.Rotate((turn, turn), p=1.0) for turn in (90, 270)], p=1.0)",
    "rotate": lambda s, side: f"Rotate(limit={s:g}, {BORDER}, p=1.0)",
    "translate": lambda s, side: f"Affine(translate_percent=(-{s:g}, {s:g}), {BORDER}, p=1.0)",
    "crop": lambda s, side: f"RandomResizedCrop(size=({side}, {side}), scale=({s:g}, 1.0), p=1.0)",
    "perspective": lambda s, side: f"Perspective(scale=(0.0, {s / 2:g}), {BORDER}, p=1.0)",
    "brightness": lambda s, side: _jitter("brightness", 1 - s, 1 + s),
    "contrast": lambda s, side: _jitter("contrast", 1 - s, 1 + s),
    "saturation": lambda s, side: _jitter("saturation", 1 - s, 1 + s),
    "hue": lambda s, side: _jitter("hue", -s, s),
    "greyscale": lambda s, side: "ToGray(num_output_channels=3, p=1.0)",
    "blur": lambda s, side: f"GaussianBlur(blur_limit=0, sigma_limit=(max({s:g} * {side}, 0.3),) * 2, p=1.0)",
    "noise": lambda s, side: f"GaussNoise(std_range=({s:g}, {s:g}), p=1.0)",
    "cutout": lambda s, side: (
        f"CoarseDropout(num_holes_range=(1, 1), hole_height_range=({s**0.5:.3f}, {s**0.5:.3f}), "
        f"hole_width_range=({s**0.5:.3f}, {s**0.5:.3f}), fill=128, p=1.0)"
    ),
    "resolution": lambda s, side: f"Downscale(scale_range=({s:g}, {s:g}), p=1.0)",
}


def _jitter(what: str, low: float, high: float) -> str:
    """Return a colour jitter of one property alone."""
    idle = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
    parts = {**idle, what: (low, high)}
    return "ColorJitter(" + ", ".join(f"{name}=({a:g}, {b:g})" for name, (a, b) in parts.items()) + ", p=1.0)"
