"""The right pairing and the cause of a wrong one, from names."""

from __future__ import annotations

import random
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.manifest import Listings, natural_sorted
from datacheck.pairing import Cause, pairing_cause, repair_by_name
from datacheck.testing import reverse_labels, shift_labels, shuffle, swap_block

_IDS = [str(uuid.UUID(int=random.Random(row).getrandbits(128))) for row in range(300)]

SCHEMES: dict[str, tuple[Callable[[int], str], Callable[[int], str]]] = {
    "prefixes": (lambda i: f"img_{i:04d}.jpg", lambda i: f"mask-{i}.png"),
    "suffixes": (lambda i: f"{i:04d}_image.jpg", lambda i: f"{i:04d}_label.png"),
    "uuid stems": (lambda i: f"{_IDS[i]}.jpg", lambda i: f"{_IDS[i]}.png"),
    "uuid with suffix": (lambda i: f"{_IDS[i]}.jpg", lambda i: f"{_IDS[i]}_mask.png"),
    "same names in two folders": (lambda i: f"images/{i}.png", lambda i: f"masks/{i}.png"),
    "labels with a suffix": (lambda i: f"a/{i}.jpg", lambda i: f"b/{i}_gt.png"),
    "cityscapes": (
        lambda i: f"left/aachen/aachen_{i:06d}_000019_leftImg8bit.png",
        lambda i: f"gt/aachen/aachen_{i:06d}_000019_gtFine_labelIds.png",
    ),
    "case": (lambda i: f"IMG_{i}.JPG", lambda i: f"img_{i}.png"),
    "glued prefix": (lambda i: f"image{i}.jpg", lambda i: f"label{i:05d}.txt"),
    "prefix on one side": (lambda i: f"{i}.jpg", lambda i: f"seg_{i}.png"),
    "folder a sample": (lambda i: f"case{i}/image.png", lambda i: f"case{i}/mask.png"),
    "class folders that repeat names": (
        lambda i: f"images/{'cat' if i % 2 else 'dog'}/{i // 2}.jpg",
        lambda i: f"masks/{'cat' if i % 2 else 'dog'}/{i // 2}.png",
    ),
    "sharded images": (lambda i: f"part{i % 3}/{i:05d}.jpg", lambda i: f"labels/{i:05d}.png"),
    "split folders": (
        lambda i: f"{'train' if i < 80 else 'val'}/images/{i}.jpg",
        lambda i: f"{'train' if i < 80 else 'val'}/labels/{i}.txt",
    ),
    "compressed volumes": (lambda i: f"scan-{i}.nii.gz", lambda i: f"scan-{i}_seg.nii.gz"),
    "two numbers": (lambda i: f"s{i // 10}_f{i % 10}.jpg", lambda i: f"s{i // 10:02d}_f{i % 10:02d}_mask.png"),
    "unicode": (lambda i: f"Bild_é{i}.jpg", lambda i: f"Maske_é{i}.png"),
    "camel case": (lambda i: f"Photo{i}Raw.jpg", lambda i: f"Photo{i}Truth.png"),
    "backslashes": (lambda i: f"images\\{i}.jpg", lambda i: f"labels\\{i}.png"),
    "dots": (lambda i: f"frame.{i:04d}.jpg", lambda i: f"frame.{i:04d}.label.png"),
    "labels with various suffixes": (
        lambda i: f"{_IDS[i]}.jpg",
        lambda i: f"{_IDS[i]}_{('anna', 'bo', 'cy')[i % 3]}.png",
    ),
}


def _listings(n: int, scheme: str = "prefixes") -> Listings:
    image, label = SCHEMES[scheme]
    return Listings(tuple(image(i) for i in range(n)), tuple(label(i) for i in range(n)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_right_pairing_is_right_under_every_naming_scheme(scheme: str) -> None:
    found = repair_by_name(_listings(120, scheme))
    assert (found.judged, found.cause, len(found.wrong)) == (True, None, 0)
    assert found.label_of.tolist() == list(range(120))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_shuffled_pairing_is_repaired_exactly_under_every_naming_scheme(scheme: str) -> None:
    right = _listings(120, scheme)
    planted, truth = shuffle(right, seed=3)
    found = repair_by_name(planted)
    assert found.cause is Cause.SHUFFLED
    assert tuple(planted.images[row] for row in found.wrong) == truth.sample_ids
    assert found.apply(planted) == right


@settings(deadline=None, max_examples=60)
@given(st.permutations(list(range(30))), st.sampled_from(sorted(SCHEMES)))
def test_any_permutation_is_repaired_exactly(order: list[int], scheme: str) -> None:
    right = _listings(30, scheme)
    planted = Listings(right.images, tuple(right.labels[row] for row in order))
    found = repair_by_name(planted)
    assert found.apply(planted) == right
    assert found.wrong.tolist() == [row for row, label in enumerate(order) if row != label]
    assert (found.cause is None) == (order == list(range(30)))


def test_both_listings_permuted_alike_are_right() -> None:
    right = _listings(100)
    order = np.random.default_rng(0).permutation(100)
    found = repair_by_name(Listings(tuple(right.images[k] for k in order), tuple(right.labels[k] for k in order)))
    assert found.cause is None


@pytest.mark.parametrize(("by", "start"), [(1, 0), (1, 40), (3, 10), (-2, 25)])
def test_a_shift_is_named_with_its_size_and_beginning(by: int, start: int) -> None:
    found = repair_by_name(shift_labels(_listings(100), by, start)[0])
    assert (found.cause, found.diagnosis.shift, found.diagnosis.first, found.diagnosis.end) == (
        Cause.SHIFT,
        by,
        start,
        100,
    )
    assert found.diagnosis.detail == f"the labels are shifted by {by} from position {start} on"


def test_a_lost_label_shifts_what_follows() -> None:
    right = _listings(100)
    found = repair_by_name(Listings(right.images, right.labels[:30] + right.labels[31:]))
    assert (found.cause, found.diagnosis.shift, found.diagnosis.first) == (Cause.SHIFT, -1, 31)
    assert found.unmatched_samples.tolist() == [30]


def test_several_lost_files_are_named_as_such() -> None:
    right = _listings(100)
    found = repair_by_name(Listings(right.images, tuple(right.labels[k] for k in range(100) if k not in {10, 50, 51})))
    assert (found.cause, found.diagnosis.first) == (Cause.MISSING_FILES, 11)
    assert found.unmatched_samples.tolist() == [10, 50, 51]


def test_swapped_blocks_are_named_with_their_span() -> None:
    found = repair_by_name(swap_block(_listings(100), 10, 50, 20)[0])
    assert (found.cause, found.diagnosis.first, found.diagnosis.end, len(found.wrong)) == (
        Cause.SWAPPED_BLOCK,
        10,
        70,
        40,
    )


def test_a_reversed_listing_is_named() -> None:
    assert repair_by_name(reverse_labels(_listings(100))[0]).cause is Cause.REVERSED


def test_text_order_beside_natural_order() -> None:
    images = [f"img_{row}.jpg" for row in range(1, 101)]
    labels = sorted(f"{row}_mask.png" for row in range(1, 101))
    found = repair_by_name(Listings(tuple(images), tuple(labels)))
    assert found.cause is Cause.NATURAL_ORDER
    assert found.diagnosis.detail == (
        "the images are in natural order (2 before 10), the labels in lexicographic order (10 before 2)"
    )
    assert found.table(Listings(tuple(images), tuple(labels))).slice(1, 1).to_pylist() == [
        {"position": 1, "image": "img_2.jpg", "given_label": labels[1], "right_label": "2_mask.png"}
    ]


def test_case_sensitive_beside_case_insensitive_order() -> None:
    stems = ["Ant", "bee", "Cat", "dog", "Elk", "fox"]
    images = tuple(f"{name}.jpg" for name in sorted(stems))
    labels = tuple(f"{name}.png" for name in sorted(stems, key=str.casefold))
    found = repair_by_name(Listings(images, labels))
    assert found.cause is Cause.CASE
    assert found.diagnosis.detail.startswith(
        "the images are in lexicographic order (10 before 2), the labels in lexicographic"
    )


def test_locale_order_beside_text_order() -> None:
    stems = ["a-d", "aa", "ab-x", "abc", "b_a", "Ba"]
    images = tuple(f"{name}.jpg" for name in sorted(stems))
    labels = tuple(f"{name}.png" for name in sorted(stems, key=lambda s: s.replace("-", "").replace("_", "").lower()))
    assert repair_by_name(Listings(images, labels)).cause is Cause.LOCALE


def test_a_suffix_that_changes_the_sort_order() -> None:
    stems = ["a", "a_1", "a_2", "b", "b_1", "zebra"]
    images = tuple(sorted(f"{name}.jpg" for name in stems))
    labels = tuple(sorted(f"{name}_mask.png" for name in stems))
    found = repair_by_name(Listings(images, labels))
    assert found.cause is Cause.AFFIX
    assert found.apply(Listings(images, labels)).labels == tuple(name.replace(".jpg", "_mask.png") for name in images)


def test_numbers_that_start_elsewhere_are_no_certain_shift() -> None:
    images, labels = tuple(f"{k}.jpg" for k in range(50)), tuple(f"{k}.png" for k in range(1, 51))
    assert repair_by_name(Listings(images, labels)).cause is Cause.NUMBERING


@pytest.mark.parametrize(
    "labels", [("x.png", "y.png", "z.png", "w.png"), ("cat", "dog", "cat", "cat"), ("9.png", "8.png", "7.png", "6.png")]
)
def test_names_without_anything_in_common_are_not_judged(labels: tuple[str, ...]) -> None:
    found = repair_by_name(Listings(("1.jpg", "2.jpg", "3.jpg", "4.jpg"), labels))
    assert (found.judged, found.cause) == (False, None)


def test_empty_listings() -> None:
    found = repair_by_name(Listings((), ()))
    assert (found.judged, found.cause, found.label_of.tolist()) == (False, None, [])


def test_causes_from_positions_alone() -> None:
    assert pairing_cause([0, 1, 2], [0, 1, 2]) is None
    assert pairing_cause([0, 1, 2, 3], [0, 2, 3, -1]).shift == 1
    assert pairing_cause([0, 1, 2, 3, 4, 5], [3, 0, 5, 1, 4, 2]).cause is Cause.SHUFFLED
    assert pairing_cause([0, 1, 2, 3], [0, 2, 1, 3]).cause is Cause.SWAPPED_BLOCK


def test_200_000_names() -> None:
    images = tuple(f"images/img_{k}.jpg" for k in range(200_000))
    labels = tuple(sorted(f"masks/{k}_mask.png" for k in range(200_000)))
    found = repair_by_name(Listings(images, labels))
    assert found.cause is Cause.NATURAL_ORDER
    assert [labels[k] for k in found.label_of] == [f"masks/{k}_mask.png" for k in range(200_000)]


def test_the_photos_of_trashnet_in_two_orders(shared_data: Path) -> None:
    with tarfile.open(shared_data / "trashnet-subset.tar") as tar:
        names = [name for name in tar.getnames() if "/glass/" in name and name.endswith(".jpg")]
    images = tuple(sorted(names))
    labels = tuple(name.replace(".jpg", ".txt") for name in natural_sorted(names))
    found = repair_by_name(Listings(images, labels))
    assert found.cause is Cause.NATURAL_ORDER
    assert "the images are in lexicographic order (10 before 2), the labels in natural order" in found.diagnosis.detail
    assert found.apply(Listings(images, labels)).labels == tuple(name.replace(".jpg", ".txt") for name in images)
