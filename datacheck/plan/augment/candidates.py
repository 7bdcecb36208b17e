"""The augmentations that a plan tries: names and strengths, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COLOUR_ONLY = frozenset({"saturation", "hue", "greyscale"})
"""Families that do nothing to grey images."""

DETERMINISTIC = frozenset(
    {"horizontal_flip", "vertical_flip", "rotate_180", "greyscale", "blur", "resolution", "noise"}
)
"""Families that treat a whole batch alike, so that it can be transformed at once."""


@dataclass(frozen=True)
class Candidate:
    """One augmentation at one strength.

    Attributes
    ----------
    family
        What is done, such as ``rotate``.
    strength
        How much: degrees, a share of the side or of the area, or a factor; 1 where there is only one.
    probability
        Share of the training samples that get it.
    """

    family: str
    strength: float = 1.0
    probability: float = 0.5

    @property
    def name(self) -> str:
        """The family with its strength, such as ``rotate_20``."""
        return self.family if self.strength == 1.0 else f"{self.family}_{self.strength:g}"

    def to_json(self) -> dict[str, Any]:
        """Return the settings of a plan item."""
        return {"family": self.family, "strength": self.strength, "probability": self.probability}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Candidate:
        """Rebuild a candidate from an item's settings."""
        return cls(str(value["family"]), float(value["strength"]), float(value["probability"]))


CANDIDATES = (
    Candidate("horizontal_flip"),
    Candidate("translate", 0.06),
    Candidate("crop", 0.7),
    Candidate("rotate", 10),
    Candidate("vertical_flip"),
    Candidate("rotate_180"),
    Candidate("brightness", 0.3),
    Candidate("contrast", 0.3),
    Candidate("cutout", 0.1),
    Candidate("translate", 0.12),
    Candidate("rotate", 20),
    Candidate("saturation", 0.5),
    Candidate("hue", 0.05),
    Candidate("noise", 0.05),
    Candidate("blur", 0.02),
    Candidate("perspective", 0.2),
    Candidate("greyscale"),
    Candidate("rotate_90"),
    Candidate("crop", 0.4),
    Candidate("resolution", 0.5),
    Candidate("rotate", 45),
    Candidate("brightness", 0.6),
    Candidate("contrast", 0.6),
    Candidate("cutout", 0.25),
)
"""In the order in which they are tried, for a budget that does not reach for all of them."""


def describe(candidate: Candidate) -> str:
    """Return an augmentation in words.

    Examples
    --------
    >>> describe(Candidate("rotate", 20)), describe(Candidate("crop", 0.7))
    ('rotation by up to 20 degrees', 'crop to 70 % of the area or more')
    """
    strength = candidate.strength
    return {
        "horizontal_flip": "horizontal flip",
        "vertical_flip": "vertical flip",
        "rotate_180": "rotation by 180 degrees",
        "rotate_90": "rotation by 90 degrees either way",
        "rotate": f"rotation by up to {strength:g} degrees",
        "translate": f"shift by up to {100 * strength:g} % of the side",
        "crop": f"crop to {100 * strength:g} % of the area or more",
        "perspective": f"perspective of up to {100 * strength:g} %",
        "brightness": f"brightness changed by up to {100 * strength:g} %",
        "contrast": f"contrast changed by up to {100 * strength:g} %",
        "saturation": f"saturation changed by up to {100 * strength:g} %",
        "hue": f"hue turned by up to {100 * strength:g} % of the circle",
        "greyscale": "greyscale",
        "blur": f"blur of {100 * strength:g} % of the side",
        "noise": f"noise of {100 * strength:g} % of the range",
        "cutout": f"a square of {100 * strength:g} % of the area cut out",
        "resolution": f"resolution lowered to {100 * strength:g} %",
    }[candidate.family]
