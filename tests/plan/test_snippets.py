"""Augmentations as source text: what the text does is what the plan's own transform does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datacheck.errors import ConfigError, PlanError
from datacheck.manifest import Manifest
from datacheck.plan import PlanItem, make_plan
from datacheck.plan.augment.candidates import CANDIDATES, Candidate
from datacheck.plan.augment.snippets import CALLS, LIBRARIES, augmentation_text, transform_text

SIDE = 24


def made(text: str, **names: Any) -> Any:
    return eval(text, {"SIZE": SIDE, **names})


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
def test_the_text_for_torchvision_does_what_the_plan_does(candidate: Candidate) -> None:
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2")
    from datacheck.plan.augment.transforms import build_transform

    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE)).astype(np.uint8))
    transform = made(transform_text(candidate, "torchvision"), v2=v2, torch=torch)
    torch.manual_seed(0)
    found = transform(image)
    torch.manual_seed(0)
    assert torch.equal(found, build_transform(candidate, SIDE)(image))


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
def test_the_text_for_albumentations_alters_an_image_and_keeps_its_shape(candidate: Candidate) -> None:
    torch = pytest.importorskip("torch")
    albumentations = pytest.importorskip("albumentations")
    cv2 = pytest.importorskip("cv2")
    x = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE)).astype(np.uint8))
    transform = made(transform_text(candidate, "albumentations"), albumentations=albumentations, cv2=cv2)
    found = made(CALLS["albumentations"], transform=transform, x=x, torch=torch)
    assert (found.shape, found.dtype) == (x.shape, torch.uint8)
    assert not torch.equal(found, x)


def test_the_list_says_the_share_the_classes_left_out_and_the_gain_of_what_is_applied() -> None:
    plan = make_plan(Manifest.from_columns({"label": ["cat", "dog"] * 30}), augment=False, n_seeds=1)
    settings = {"family": "vertical_flip", "strength": 1.0, "probability": 0.5, "avoid_classes": ["cat"]}
    items = [
        PlanItem(kind="augment", name=name, verdict="use", summary="", settings={**settings, "applied": applied})
        for name, applied in (("first", True), ("second", False))
    ]
    flipped = replace(plan, items=(*plan.items, *items))
    assert augmentation_text(flipped) == "[\n    (v2.RandomVerticalFlip(1.0), 0.5, ('cat',)),\n]"
    assert "albumentations.VerticalFlip(p=1.0)" in augmentation_text(flipped, "albumentations")
    assert augmentation_text(plan) == "[]"


def test_what_is_unknown_is_refused() -> None:
    plan = make_plan(Manifest.from_columns({"label": ["cat", "dog"] * 30}), augment=False, n_seeds=1)
    with pytest.raises(ConfigError, match=r"albumentation.*did you mean"):
        augmentation_text(plan, "albumentation")
    for library in LIBRARIES:
        with pytest.raises(PlanError, match="'swirl'"):
            transform_text(Candidate("swirl"), library)
