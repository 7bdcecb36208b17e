"""Duplicates are found, look-alikes are not, and chains are cut."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datacheck.duplicates.clusters import DuplicateClusters, find_duplicates
from datacheck.manifest import Manifest
from datacheck.scanning import scan
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements
from datacheck.testing import measurements_for

GREY = {f"{kind}_{name}": 0.3 for kind in ("mean", "std") for name in ("red", "green", "blue")}


def clusters_of(hashes: Sequence[int | None], **columns: Any) -> DuplicateClusters:
    manifest = Manifest.from_columns({"uri": [f"{row}.png" for row in range(len(hashes))]})
    columns = {"content_hash": [f"c{row}" for row in range(len(hashes))], **GREY, **columns}
    return find_duplicates(measurements_for(manifest, perceptual_hash=list(hashes), **columns))


def test_exact_clusters_are_numbered_by_first_row() -> None:
    found = clusters_of([1 << 60, 2**40 - 1, 1 << 60, 0xFF << 30], content_hash=["b", "a", "b", None])
    assert found.exact.tolist() == [0, -1, 0, -1]
    assert found.near.tolist() == [0, -1, 0, -1]
    assert found.near_pairs.shape == (0, 2)


def test_near_pairs_at_the_limit_and_beyond_it() -> None:
    found = clusters_of([0b111111, 0, 0b1111111 << 20])
    assert found.near_pairs.tolist() == [[0, 1]]
    assert found.near_distance.tolist() == [6]
    assert found.near.tolist() == [0, 0, -1]


def test_exact_copies_stand_for_one_image_and_share_its_near_cluster() -> None:
    found = clusters_of([0b1, 0b1, 0b11, None], content_hash=["a", "a", "b", "c"])
    assert found.exact.tolist() == [0, 0, -1, -1]
    assert found.near_pairs.tolist() == [[0, 2]]
    assert found.near.tolist() == [0, 0, 0, -1]


def test_images_without_a_hash_and_unreadable_files_match_nothing() -> None:
    assert clusters_of([None, None]).near.tolist() == [-1, -1]
    errors = ["zero-bytes", "zero-bytes"]
    assert clusters_of([None, None], content_hash=["a", "a"], error=errors).exact.tolist() == [-1, -1]


@pytest.mark.parametrize(
    "columns", [{"width": [100, 140]}, {"mean_red": [0.3, 0.4]}, {"std_blue": [0.3, 0.36]}, {"height": [64, 80]}]
)
def test_equal_hashes_of_other_colour_or_aspect_are_no_duplicates(columns: dict[str, Any]) -> None:
    assert clusters_of([7, 7], **columns).near.tolist() == [-1, -1]


def test_resized_and_slightly_brighter_copies_are_duplicates() -> None:
    found = clusters_of([7, 6], width=[64, 128], height=[64, 128], mean_red=[0.3, 0.33])
    assert found.near.tolist() == [0, 0]


def test_tiny_images_must_agree_almost_exactly() -> None:
    small = {"width": 8, "height": 8}
    assert clusters_of([7, 6], **small).near.tolist() == [-1, -1]
    assert clusters_of([7, 7], mean_red=[0.3, 0.31], **small).near.tolist() == [-1, -1]
    assert clusters_of([7, 7], mean_red=[0.3, 0.301], **small).near.tolist() == [0, 0]


def test_a_chain_is_cut_and_its_links_are_remembered() -> None:
    chain = [2 ** (5 * step) - 1 for step in range(10)]
    found = clusters_of(chain)
    assert len(found.near_pairs) == 9
    assert found.near.max() >= 2
    for cluster in range(found.near.max() + 1):
        members = [chain[row] for row in np.flatnonzero(found.near == cluster)]
        assert max((a ^ b).bit_count() for a in members for b in members) <= 12
    assert found.linked.tolist() == [0] * 10


def test_a_burst_stays_whole() -> None:
    assert clusters_of([0, 0b1, 0b11, 0b111, 0b1111, 0b11111, 0b111111, 0b1111111]).near.tolist() == [0] * 8


def test_a_crowd_under_one_hash_costs_no_square() -> None:
    n = 30_000
    rng = np.random.default_rng(0)
    shade = rng.uniform(0, 1, n)
    table = pa.table(
        {
            "sample_id": [str(row) for row in range(n)],
            "readable": np.ones(n, bool),
            "content_hash": [str(row) for row in range(n)],
            "perceptual_hash": np.full(n, 0xABCDEF, np.uint64),
            "width": np.full(n, 64, np.int32),
            "height": np.full(n, 64, np.int32),
            **{name: shade.astype(np.float32) for name in GREY},
        }
    )
    columns = [
        table[field.name] if field.name in table.column_names else pa.nulls(n, field.type)
        for field in MEASUREMENTS_SCHEMA
    ]
    found = find_duplicates(Measurements(pa.table(columns, schema=MEASUREMENTS_SCHEMA)))
    assert len(found.near_pairs) < 40_000
    assert np.all(found.near >= 0)
    assert found.near.max() < 26, "a cluster for each shade at most"


def test_no_two_different_digits_are_fused() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits().images
    images = [np.repeat(digit[:, :, None] * 15.9, 3, axis=2).astype(np.uint8) for digit in digits]
    assert find_duplicates(scanned(images)).near.max() == -1


def test_near_duplicates_in_photographs_are_real(shared_data: Any) -> None:
    encoded = pq.read_table(shared_data / "cifar10n-train.parquet", columns=["jpeg"])["jpeg"].slice(0, 6_000)
    found = find_duplicates(scanned(encoded.to_pylist()))
    assert found.exact.max() == -1
    pairs = set(map(tuple, found.near_pairs.tolist()))
    assert {(116, 5082), (206, 2844), (326, 2866), (661, 2210), (741, 5030), (1687, 1978)} <= pairs, "seen by eye"
    assert len(pairs) < 10


def test_edited_copies_of_photographs_are_found(shared_data: Any) -> None:
    from PIL import Image, ImageEnhance

    encoded = pq.read_table(shared_data / "cifar10n-train.parquet", columns=["jpeg"])["jpeg"].slice(0, 300).to_pylist()
    opened = [Image.open(io.BytesIO(data)).convert("RGB") for data in encoded]
    edits = {
        "re-encoded": lambda image: encode(image, quality=60),
        "twice the size": lambda image: encode(image.resize((64, 64), Image.Resampling.BICUBIC)),
        "4 % brighter": lambda image: encode(ImageEnhance.Brightness(image).enhance(1.04)),
    }
    for name, edit in edits.items():
        found = find_duplicates(scanned(encoded + [edit(image) for image in opened]))
        twins = np.mean((found.near[:300] >= 0) & (found.near[:300] == found.near[300:]))
        assert twins > 0.9, f"{name}: {twins:.1%}"


def encode(image: Any, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


class InMemory:
    workers = "thread"

    def __init__(self, contents: list[Any]) -> None:
        self.contents = contents

    def stamp(self, uri: str) -> None:
        return None

    def read(self, uri: str) -> Any:
        return self.contents[int(uri)]


def scanned(contents: list[Any]) -> Measurements:
    uris = [str(row) for row in range(len(contents))]
    return scan(Manifest.from_columns({"uri": uris}, reader=InMemory(contents)), thumbnails=False).measurements
