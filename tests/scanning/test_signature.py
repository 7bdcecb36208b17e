"""The signature tells a copy from a look-alike where the hash alone does not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from datacheck.demo import write_demo
from datacheck.duplicates.clusters import find_duplicates
from datacheck.duplicates.lookalikes import closer_than_others
from datacheck.scanning import scan
from datacheck.scanning.measure import perceptual_hashes
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, SIGNATURE_LENGTH, Measurements
from datacheck.sources import open_source


def signatures(*images: np.ndarray) -> pa.Array:
    values = perceptual_hashes(np.stack(images).astype(np.float32))[1]
    return pa.array([row.tobytes() for row in values], pa.binary(SIGNATURE_LENGTH))


def measured(values: pa.Array) -> Measurements:
    known = {"sample_id": pa.array(map(str, range(len(values)))), "perceptual_signature": values}
    columns = [known.get(field.name, pa.nulls(len(values), field.type)) for field in MEASUREMENTS_SCHEMA]
    return Measurements(pa.Table.from_arrays(columns, schema=MEASUREMENTS_SCHEMA))


def test_the_cosine_is_the_correlation_of_smooth_images() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (2, 6, 6))
    smooth = [np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BICUBIC)) for image in coarse]
    mixed = 0.9 * smooth[0] + 0.1 * smooth[1]
    values = perceptual_hashes(np.stack([smooth[0], mixed]).astype(np.float32))[1].astype(float)
    cosine = values[0] @ values[1] / np.linalg.norm(values[0]) / np.linalg.norm(values[1])
    assert cosine == pytest.approx(np.corrcoef(smooth[0].ravel(), mixed.ravel())[0, 1], abs=0.005)


def test_a_copy_is_closer_than_anything_else_and_a_look_alike_is_not() -> None:
    rng = np.random.default_rng(0)
    base, noise = rng.uniform(0, 255, (2, 32, 32))
    family = [0.9 * base + 0.1 * rng.uniform(0, 255, (32, 32)) for _ in range(8)]
    values = signatures(base, base + 0.002 * noise, *family)
    rows = np.arange(len(values))
    pairs = np.array([[0, 1], [2, 3]])
    assert closer_than_others(pairs, rows, measured(values)).tolist() == [True, False]
    without = pa.concat_arrays([values.slice(0, 3), pa.nulls(1, values.type), values.slice(4)])
    assert closer_than_others(pairs, rows, measured(without)).tolist() == [True, True]


def test_two_images_alone_are_judged_by_nothing_else() -> None:
    rng = np.random.default_rng(0)
    image, noise = rng.uniform(0, 255, (2, 32, 32))
    values = signatures(image, image + 0.01 * noise)
    assert closer_than_others(np.array([[0, 1]]), np.arange(2), measured(values)).tolist() == [True]


def test_digits_of_one_class_are_no_near_duplicates_but_a_resaved_one_is(tmp_path: Path) -> None:
    folder = write_demo(tmp_path / "data", clean=True).folder
    original = sorted((folder / "train/3").iterdir())[0]
    buffer = io.BytesIO()
    Image.open(original).resize((58, 58)).save(buffer, "JPEG", quality=75)
    (folder / "train/3/copy.jpg").write_bytes(buffer.getvalue())
    manifest = open_source(folder)
    measured = scan(manifest, jobs=1, thumbnails=False).measurements
    ids = manifest.sample_ids.to_pylist()
    pairs = {frozenset(ids[row] for row in pair) for pair in find_duplicates(measured).near_pairs}
    assert pairs == {frozenset({f"train/3/{original.name}", "train/3/copy.jpg"})}
    column = measured.table.schema.get_field_index("perceptual_signature")
    blind = measured.table.set_column(
        column, measured.table.schema.field(column), pa.nulls(len(measured), pa.binary(SIGNATURE_LENGTH))
    )
    assert len(find_duplicates(Measurements(blind)).near_pairs) > 50
