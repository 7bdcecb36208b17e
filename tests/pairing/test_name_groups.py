"""Groups from file names: found in the names that people use, and never in names that only count up."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from datacheck.pairing import infer_groups

N = 240
HASH = "9b1c0d2e3f4a5b6c7d8e9f0a1b2c3d4e"

GROUPED: dict[str, tuple[Callable[[int], str], str]] = {
    "patient and slice": (lambda n: f"train/ill/patient{n // 4:03d}_slice{n % 4:02d}.png", "patient<id>"),
    "BIDS": (lambda n: f"sub-{n // 4:02d}_ses-01_run-{n % 4}.png", "sub<id>"),
    "site before patient": (lambda n: f"site{n // 4 % 2}_Patient-{n // 4}_{n}.png", "patient<id>"),
    "number before the patient": (lambda n: f"{n:05d}_case{n // 5}.dcm.png", "case<id>"),
    "video and frame": (lambda n: f"video{n // 20}_frame{n % 20:04d}.jpg", "video<id>"),
    "scene with a letter": (lambda n: f"scene_{n // 6}a-view{n % 6}.jpg", "scene<id>"),
    "named videos": (lambda n: f"GOPR{100 + n // 30}_frame_{n % 30:06d}.jpg", "<name>_frame<number>"),
    "slide and tile": (lambda n: f"TCGA-A{n // 8}-01_tile_{n:04d}.png", "<name>_tile<number>"),
    "one video": (lambda n: f"frame_{n:05d}.jpg", "30 consecutive frames"),
    "id and counter": (lambda n: f"{n // 4:03d}_{n % 4}.png", "<id>_<number>"),
    "people": (lambda n: f"Anna_{'abcdefghijklmnopqrst'[n // 12]}_{n % 12 + 1:04d}.jpg", "<id>_<number>"),
    "bursts": (
        lambda n: f"IMG_202401{10 + n // 40}_12{n // 4 % 60:02d}{n % 4:02d}.jpg",
        "<date>_<time>",
    ),
    "Roboflow": (lambda n: f"img{n // 3}_jpg.rf.{HASH[n % 3 :]}{n:06x}.jpg", "<image>.rf.<hash>"),
    "augmented copies": (lambda n: f"{n // 2}{'_flip' if n % 2 else ''}.jpg", "<image>_<change>"),
    "several changes": (lambda n: f"cell{n // 3}{('', '_rot90', '_hflip_bright2')[n % 3]}.png", "<image>_<change>"),
}
SIZES = {"named videos": 30, "slide and tile": 8, "one video": 30, "people": 12, "scene with a letter": 6}


@pytest.mark.parametrize("kind", GROUPED)
def test_groups_are_found(kind: str) -> None:
    name, pattern = GROUPED[kind]
    found = infer_groups([name(n) for n in range(N)], np.arange(N) % 2)[0]
    assert found.pattern == pattern
    assert (found.codes >= 0).all()
    sizes = {"number before the patient": 5, "video and frame": 20, "Roboflow": 3, "augmented copies": 2} | SIZES
    wanted = np.arange(N) // sizes.get(kind, 3 if kind == "several changes" else 4)
    assert len(found.names) == wanted[-1] + 1
    pairs = np.unique(np.stack([found.codes, wanted]), axis=1)
    assert pairs.shape[1] == len(found.names)


PLAIN: dict[str, Callable[[int], str]] = {
    "counted": lambda n: f"img_{n:04d}.png",
    "counted without zeros": lambda n: f"{n}.jpg",
    "in brackets": lambda n: f"photo ({n}).jpg",
    "class and number": lambda n: f"{('cat', 'dog')[n % 2]}.{n // 2}.jpg",
    "class glued to the number": lambda n: f"{('glass', 'paper')[n % 2]}{n // 2}.jpg",
    "class and counter": lambda n: f"{('cat', 'dog')[n % 2]}_{n // 2}.jpg",
    "synsets": lambda n: f"{('tabby', 'wild', 'puppy', 'hound', 'toy')[n % 5]}_cat_s_{(7919 * n) % 2000:06d}.png",
    "ImageNet": lambda n: f"n{1440764 + n % 2}_{n // 2}.JPEG",
    "years": lambda n: f"{2007 + n % 6}_{n:06d}.jpg",
    "COCO": lambda n: f"COCO_train2014_{(7919 * n) % 581929:012d}.jpg",
    "hashes": lambda n: f"{hash((n, 1)) & (2**64 - 1):016x}.jpg",
    "one patient each": lambda n: f"patient{n:03d}.png",
    "dates far apart": lambda n: f"IMG_202401{1 + n // 24:02d}_{n % 24:02d}0000.jpg",
    "every image augmented once": lambda n: f"img{n}_flipped.png",
    "stereo": lambda n: f"{n // 2:06d}_{10 + n % 2}.png",
    "the word is the class": lambda n: f"scene{n % 2}_{n // 2}.jpg",
    "two sources": lambda n: f"{'ab'[n % 2]}_{n // 2}.jpg",
    "one constant word": lambda n: f"study1_{n:04d}.png",
}


@pytest.mark.parametrize("kind", PLAIN)
def test_names_without_groups_are_silent(kind: str) -> None:
    assert infer_groups([PLAIN[kind](n) for n in range(N)], np.arange(N) % 2) == []


@pytest.mark.parametrize("extra", ["", "é"])
@pytest.mark.parametrize("kind", [*GROUPED, *PLAIN])
def test_a_column_gives_what_a_list_does(kind: str, extra: str) -> None:
    make = GROUPED[kind][0] if kind in GROUPED else PLAIN[kind]
    names = [f"{extra}/{make(number)}" if number else None for number in range(N)]
    some, others = infer_groups(names), infer_groups(pa.chunked_array([names[:100], names[100:]]))
    assert [(one.kind, one.pattern, one.names) for one in some] == [
        (one.kind, one.pattern, one.names) for one in others
    ]
    assert all(np.array_equal(one.codes, other.codes) for one, other in zip(some, others, strict=True))


def test_no_names_have_no_groups() -> None:
    assert infer_groups([]) == []
    assert infer_groups([None, None]) == []


def test_cifar_like_and_class_names_of_ten_classes() -> None:
    classes = np.arange(500) % 10
    for form in ("{k}_{n}.png", "class{k}_{n:04d}.png", "{k}/{n}.png", "airplane{k}_s_{n:06d}.png"):
        assert infer_groups([form.format(k=k, n=n) for n, k in enumerate(classes)], classes) == [], form
        counted = [form.format(k=k, n=n // 10) for n, k in enumerate(classes)]
        assert infer_groups(counted, classes) == [], form


def test_the_photos_of_trashnet(shared_data: Path) -> None:
    with tarfile.open(shared_data / "trashnet-subset.tar") as tar:
        names = [name for name in tar.getnames() if name.endswith(".jpg")]
    classes = np.unique([name.split("/")[-2] for name in names], return_inverse=True)[1]
    assert len(names) > 900
    assert infer_groups(names, classes) == []
    assert infer_groups(names) == []
