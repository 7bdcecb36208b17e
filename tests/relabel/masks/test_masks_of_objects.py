"""Corrected masks of one file an object: what was painted, in the right file, and nothing else."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from datacheck.annotations.runs import runs_of
from datacheck.cli import run as datacheck_command
from datacheck.errors import RelabelError
from datacheck.fingerprints import fingerprint
from datacheck.manifest import MaskFormat
from datacheck.probing.segments import MaskProbe
from datacheck.probing.segments.grids import GRID
from datacheck.relabel.masks.answers import MaskAnswer, accept_masks
from datacheck.relabel.masks.images import MaskImage, MaskImages
from datacheck.relabel.masks.objects import corrected_objects
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.report import Report
from datacheck.rules import RuleContext
from datacheck.sources import open_source
from tests.annotations.drawn_instances import BESIDE, NUMBERED, OWN, SIZE, object_mask, write_instances
from tests.relabel.masks.test_chain_of_masks import digests

NAME = "02/images/02.png"
CLASSES = {"background": 0, "object": 1}
Inside = NDArray[np.bool_]


def asked(folder: Path, context: RuleContext) -> Path:
    """Return a run folder with a queue of all images."""
    run = folder / "run"
    run.mkdir()
    n = len(context.manifest)
    quality, places = np.ones(n), np.zeros((n, GRID, GRID), dtype=np.uint8)
    probe = MaskProbe(tuple(CLASSES), np.arange(n), quality, quality, 1.0, 1.0, {}, values=(0, 1), predicted=places)
    print_of = fingerprint(context.manifest, context.measurements)
    Report(context.manifest, context.measurements, print_of, mask_probe=probe).save(run)
    assert datacheck_command(["queue", "make", str(run), "--random-share", "1"]) == 0
    return run


def painted(run: Path, sample_id: str, places: dict[str, Inside]) -> None:
    queue = MaskQueue.load(run)
    about = {"submission": "ann:1", "sample_id": sample_id, "annotator": "ann", "tool": "test"}
    rows = [
        {**about, "answer_id": f"ann:{label}", "answer": MaskAnswer.PAINT.value, "label": label, "runs": runs_of(where)}
        for label, where in places.items()
    ]
    answers, refusals = accept_masks(rows, queue)
    assert not refusals
    answers.save(run / "masks/answers.parquet")


def disc(x: int, y: int, r: int) -> Inside:
    rows, columns = np.ogrid[: SIZE[1], : SIZE[0]]
    return np.asarray((columns - x) ** 2 + (rows - y) ** 2 <= r * r)


def inside(path: Path) -> Inside:
    return np.asarray(Image.open(path)) > 0


@pytest.mark.parametrize("place", [BESIDE, OWN, NUMBERED])
def test_objects_go_grow_and_come_in_the_files_of_their_image(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "set"
    context = write_instances(root, masks=place)
    run = asked(tmp_path, context)
    name = NAME if place == BESIDE else "images/02.png"
    files = [place.format(i=2, k=k) for k in range(4)]
    first, second, third = (inside(root / each) for each in files[:3])
    ring = (np.roll(second, 1, axis=0) | np.roll(second, -1, axis=0)) & ~second
    new, crumb = disc(27, 6, 6), disc(77, 3, 1)
    painted(run, name, {"background": first, "object": ring | new | crumb})
    before = digests(root)
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert f"not written: {name}, 5 pixels at x 76, y 2: they are too few for a new object" in said
    assert said.count("not written") == 1
    after = digests(tmp_path / "new")
    assert digests(root) == before
    assert set(before) - set(after) == {files[0]}
    assert set(after) - set(before) == {files[3]}
    assert {each for each in before if each in after and after[each] != before[each]} == {files[1]}
    assert np.array_equal(inside(tmp_path / "new" / files[1]), second | ring)
    assert np.array_equal(inside(tmp_path / "new" / files[2]), third)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "new" / files[3])), new * np.uint8(255))
    assert (tmp_path / "new" / files[2]).stat().st_nlink == 1
    again = open_source(tmp_path / "new")
    assert again.has_instances
    assert [len(each or []) for each in again.table["mask_files"].to_pylist()] == [3, 2, 3, 2, 3, 2]


def test_what_may_be_a_new_object_or_a_part_is_named_and_the_rest_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "set"
    run = asked(tmp_path, write_instances(root))
    first, second = (inside(root / BESIDE.format(i=2, k=k)) for k in range(2))
    x = int(np.nonzero(second)[1].mean())
    bottom = int(np.nonzero(second)[0].max())
    neighbour = disc(x, bottom + 7, 6) & ~second
    assert bottom + 1 < SIZE[1] - 1
    assert (np.roll(neighbour, -1, axis=0) & second).any()
    painted(run, NAME, {"background": first, "object": neighbour})
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert f"not written: {NAME}, {int(neighbour.sum())} pixels at x " in said
    assert "whether they are a new object or a part of one is not clear, for they touch 02/masks/1.png" in said
    assert not (tmp_path / "new/02/masks/0.png").exists()
    assert np.array_equal(inside(tmp_path / "new/02/masks/1.png"), second)


class Held:
    """Reads mask files that are held in memory."""

    workers = "thread"

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents

    def stamp(self, uri: str) -> None:
        return None

    def read(self, uri: str) -> bytes:
        return self.contents[uri]


def held(orientation: int) -> MaskImages:
    """Return an image with three objects; of one that a camera turned, the masks are stored sideways as it is."""
    turn = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    contents = {}
    for number in range(3):
        picture, out = object_mask(0, number), io.BytesIO()
        (picture if orientation == 1 else picture.transpose(turn[orientation])).save(out, "PNG")
        contents[f"m/1_{number}.png"] = out.getvalue()
    image = MaskImage("1.png", "1.png", tuple(contents), *SIZE, orientation=orientation)
    return MaskImages({"1.png": image}, tuple(CLASSES), (0, 1), MaskFormat(), Held(contents), of_objects=True)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(2, 77), st.integers(2, 57), st.integers(1, 9), st.booleans()), max_size=4),
    st.sampled_from([1, 6, 8]),
)
def test_the_written_objects_cover_what_was_painted(discs: list[tuple[int, int, int, bool]], orientation: int) -> None:
    images = held(orientation)
    before, wanted = images.objects_of("1.png"), images.pixels("1.png")
    assert np.array_equal(wanted, np.any([np.asarray(object_mask(0, k)) > 0 for k in range(3)], axis=0))
    for x, y, r, drawn in discs:
        wanted[disc(x, y, r)] = int(drawn)
    found = corrected_objects(images, "1.png", wanted)
    contents = images.reader.contents | found.files  # type: ignore[union-attr]
    left = {uri: content for uri, content in contents.items() if content is not None}
    image = replace(images.images["1.png"], files=tuple(left))
    objects = replace(images, images={"1.png": image}, reader=Held(left)).objects_of("1.png") if left else {}
    covered = np.any(list(objects.values()), axis=0) if objects else np.zeros(wanted.shape, bool)
    assert not (covered & (wanted == 0)).any()
    if not found.refused:
        assert np.array_equal(covered, wanted != 0)
    for uri, was in before.items():
        kept = was & (wanted != 0)
        assert (uri in objects) == bool(kept.any())
        assert not (kept & ~objects.get(uri, kept)).any()
    assert {uri for uri in before if contents[uri] != images.reader.contents[uri]} <= {  # type: ignore[union-attr]
        uri for uri, was in before.items() if not np.array_equal(objects.get(uri), was)
    }


def test_an_object_in_an_image_of_blank_masks_is_refused() -> None:
    out = io.BytesIO()
    Image.new("L", SIZE).save(out, "PNG")
    image = MaskImage("1.png", "1.png", ("m/0.png",), *SIZE)
    reader = Held({"m/0.png": out.getvalue()})
    images = MaskImages({"1.png": image}, tuple(CLASSES), (0, 1), MaskFormat(), reader, of_objects=True)
    assert corrected_objects(images, "1.png", images.pixels("1.png")).files == {}
    with pytest.raises(RelabelError, match=r"m/0.png: it is blank, as are all masks of the image"):
        corrected_objects(images, "1.png", disc(30, 30, 8).astype(np.int64))
