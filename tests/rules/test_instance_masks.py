"""What the rules on masks find where an image has one mask file an object."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from datacheck.findings import Found, Severity
from datacheck.rules import RULES, RuleContext
from datacheck.rules.files.dc102_unpaired_sample import UnpairedSample
from datacheck.sources import open_source
from tests.annotations.drawn_instances import OWN, SIZE, object_mask, write_instances

Plant = Callable[[Path], None]


def found(context: RuleContext) -> dict[str, tuple[str, ...]]:
    """Return the messages of the rules on files and masks that found something, by their code."""
    wanted = [rule for rule in (kind() for kind in RULES) if rule.code.startswith(("DC10", "DC82"))]
    outcomes = {rule.code: rule.check(context) for rule in wanted}
    return {
        code: tuple(finding.message for finding in outcome.findings)
        for code, outcome in outcomes.items()
        if isinstance(outcome, Found)
    }


def edited(place: str, change: Callable[[np.ndarray], np.ndarray | Image.Image]) -> Plant:
    def edit(root: Path) -> None:
        made = change(np.array(Image.open(root / place)))
        (made if isinstance(made, Image.Image) else Image.fromarray(made)).save(root / place)

    return edit


def as_jpeg(root: Path) -> None:
    path = root / "04/masks/1.png"
    Image.open(path).save(path.with_suffix(".jpg"), quality=70)
    path.unlink()


def with_speck(pixels: np.ndarray) -> np.ndarray:
    pixels[2, 3] = 255
    return pixels


def with_hole(pixels: np.ndarray) -> np.ndarray:
    y, x = np.argwhere(pixels).mean(axis=0).astype(int)
    pixels[y, x : x + 2] = 0
    return pixels


def stray(pixels: np.ndarray) -> np.ndarray:
    y, x = np.argwhere(pixels).mean(axis=0).astype(int)
    pixels[y - 2 : y + 2, x - 2 : x + 2] = 90
    return pixels


FIRST = "04/masks/1.png"
DEFECTS: dict[str, tuple[Plant, str, str]] = {
    "an image without masks": (lambda root: shutil.rmtree(root / "04/masks"), "DC102", "'04/images/04.png'"),
    "masks without an image": (lambda root: shutil.rmtree(root / "04/images"), "DC102", "'04/masks/0.png'"),
    "no image": (lambda root: (root / FIRST).write_text("version https://example.org") and None, "DC820", f"{FIRST!r}"),
    "other size": (edited(FIRST, lambda each: each[:-3]), "DC821", f"{FIRST!r} (80 x 57, image 80 x 60)"),
    "a stray value": (edited(FIRST, stray), "DC822", f"{FIRST!r} (90)"),
    "blank": (edited(FIRST, np.zeros_like), "DC823", f"{FIRST!r} (0)"),
    "full": (edited(FIRST, lambda each: np.full_like(each, 255)), "DC823", f"{FIRST!r} (255)"),
    "JPEG": (as_jpeg, "DC824", "'04/masks/1.jpg'"),
    "resized": (
        edited(FIRST, lambda each: Image.fromarray(each).filter(ImageFilter.GaussianBlur(1))), "DC824", f"{FIRST!r}",
    ),
    "one file twice": (
        lambda root: shutil.copy(root / FIRST, root / "04/masks/copy.png") and None,
        "DC825",
        f"{FIRST!r} and '04/masks/copy.png'",
    ),
    "masks of another image": (
        lambda root: shutil.copytree(root / "02/masks", root / "04/masks", dirs_exist_ok=True) and None,
        "DC825",
        "'02/masks/0.png' and '04/masks/0.png'",
    ),
    "a speck": (edited(FIRST, with_speck), "DC826", f"{FIRST!r} (part of 1 pixel, the object has "),
    "a hole": (edited(FIRST, with_hole), "DC826", f"{FIRST!r} (hole of 2 pixels, the object has "),
    "two objects in one place": (
        edited("04/masks/0.png", lambda each: np.maximum(each, np.roll(np.array(object_mask(4, 1)), 4, axis=1))),
        "DC829",
        f"{FIRST!r} (",
    ),
}  # fmt: skip


def test_clean_masks_are_silent(tmp_path: Path) -> None:
    assert found(write_instances(tmp_path)) == {}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_and_its_file_named(tmp_path: Path, name: str) -> None:
    plant, code, words = DEFECTS[name]
    messages = found(write_instances(tmp_path, plant))
    assert set(messages) == {code}
    assert any(words in message for message in messages[code])


def test_slipped_masks_are_found(tmp_path: Path) -> None:
    def slip(root: Path) -> None:
        for image in range(39, 12, -1):
            shutil.rmtree(root / f"masks/{image:02d}")
            shutil.copytree(root / f"masks/{image - 1:02d}", root / f"masks/{image:02d}")

    messages = found(write_instances(tmp_path, slip, OWN, n_images=40))
    assert messages["DC827"][0].startswith(
        "26 images, 'images/13.png' to 'images/38.png', have the mask of the image 1"
    )


def test_files_of_another_size_do_not_stop_the_others(tmp_path: Path) -> None:
    context = write_instances(tmp_path, edited(FIRST, lambda each: np.repeat(each, 2, axis=0)))
    assert context.masks is not None
    of_image = context.masks.rows == 4
    assert context.masks.sizes[of_image].tolist() == [[80, 60], [80, 120], [80, 60]]
    assert SIZE == (80, 60)


def test_a_test_split_whose_masks_are_kept_back_is_information(tmp_path: Path) -> None:
    for split in ("stage1_train", "stage1_test"):
        write_instances(tmp_path / split)
    for image in (tmp_path / "stage1_test").iterdir():
        shutil.rmtree(image / "masks")
    shutil.rmtree(tmp_path / "stage1_train/04/masks")
    outcome = UnpairedSample().check(RuleContext(open_source(tmp_path)))
    assert isinstance(outcome, Found)
    assert [(finding.message, finding.severity) for finding in outcome.findings] == [
        ("1 image has no label file: 'stage1_train/04/images/04.png'", Severity.ERROR),
        ("none of the 6 images of 'test' has a mask", Severity.INFO),
    ]
