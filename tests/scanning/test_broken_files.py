"""No file crashes or hangs the scan, and every file that cannot be decoded whole is a row with its reason."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from datacheck.manifest import Manifest, Modality
from datacheck.manifest.readers import FileReader, FileStamp, ReadFailure, SampleReadError
from datacheck.scanning import Measurements, scan
from tests.scanning.corpus import broken_files, encode, fully_decodes, photo, write

REASONS = {reason.value for reason in ReadFailure}


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    return broken_files(seed=0)


@pytest.fixture(scope="module")
def decodes(corpus: dict[str, bytes]) -> dict[str, bool]:
    return {name: fully_decodes(data) for name, data in corpus.items()}


@pytest.fixture(scope="module")
def measured(corpus: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Measurements:
    folder = tmp_path_factory.mktemp("broken")
    names = write(folder, corpus)
    return scan(Manifest.from_columns({"uri": names}, root=folder), pixels=16).measurements


def test_the_corpus_is_large_and_every_file_is_a_row(corpus: dict[str, bytes], measured: Measurements) -> None:
    assert len(corpus) >= 500
    assert measured.table["sample_id"].to_pylist() == list(corpus)


def test_a_sparse_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "sparse.png").open("wb") as file:
        file.truncate(2_000_000_000)
    row = scan(Manifest.from_columns({"uri": ["sparse.png"]}, root=tmp_path)).measurements.table.to_pylist()[0]
    assert (row["readable"], row["error"]) == (False, "too-large")
    assert "2,000,000,000 bytes, more than the limit of 1,073,741,824" in row["error_detail"]


def test_what_cannot_be_decoded_whole_is_unreadable(decodes: dict[str, bool], measured: Measurements) -> None:
    missed = [name for row, name in enumerate(decodes) if measured.readable[row] and not decodes[name]]
    assert missed == []


def test_what_decodes_is_readable_unless_its_checksum_is_wrong(
    decodes: dict[str, bool], measured: Measurements
) -> None:
    details = measured.strings("error_detail")
    refused = {name: details[row] for row, name in enumerate(decodes) if not measured.readable[row] and decodes[name]}
    assert all("checksum" in detail for detail in refused.values()), refused


def test_every_unreadable_row_has_a_reason_and_no_measurement(measured: Measurements) -> None:
    bad = ~measured.readable
    assert set(measured.strings("error")[bad]) <= REASONS
    assert all(measured.strings("error_detail")[bad])
    assert np.isnan(measured.values("brightness")[bad]).all()
    assert np.isnan(measured.values("width")[bad]).all()
    assert not np.isnan(measured.values("brightness")[~bad]).any()
    assert (measured.strings("error")[~bad] == None).all()  # noqa: E711 - element by element


@pytest.mark.parametrize("suffix", ["jpeg", "png", "gif", "bmp", "tiff", "webp", "avif", "ico"])
def test_cut_files_are_truncated(corpus: dict[str, bytes], measured: Measurements, suffix: str) -> None:
    errors = dict(zip(corpus, measured.strings("error"), strict=True))
    cut = {name: error for name, error in errors.items() if "-cut" in name and name.endswith(f".{suffix}")}
    assert cut
    wrong = {name: error for name, error in cut.items() if error != "truncated"}
    # A cut within the first bytes may leave a header that only looks damaged; a cut tail may hold no pixels.
    assert len(wrong) <= 0.2 * len(cut), wrong


def test_reasons_of_known_breakage(corpus: dict[str, bytes], measured: Measurements) -> None:
    errors = dict(zip(corpus, measured.strings("error"), strict=True))
    wanted = {
        "empty.jpg": "zero-bytes",
        "text.jpg": "not-an-image",
        "html.png": "not-an-image",
        "huge.png": "decompression-bomb",
        "hollow.png": "truncated",
        "textbomb.png": "decompression-bomb",
    }
    assert {name: errors[name] for name in wanted} == wanted


def test_a_wrong_extension_is_readable_and_tells_its_format(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(Image.new("RGB", (40, 30), "red"), "JPEG"))
    table = scan(Manifest.from_columns({"uri": ["a.png"]}, root=tmp_path)).measurements.table
    assert table.select(["readable", "format", "mode", "width"]).to_pylist() == [
        {"readable": True, "format": "JPEG", "mode": "RGB", "width": 40}
    ]


def test_one_byte_short_of_a_jpeg_is_seen_although_decoders_paint_over_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    whole = encode(Image.fromarray(photo(rng, 600, 800)), "JPEG")
    for name, data in {"whole.jpg": whole, "half.jpg": whole[: len(whole) // 2], "tail.jpg": whole[:-300]}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "appended.jpg").write_bytes(whole + b"camera maker's notes")
    names = ["whole.jpg", "half.jpg", "tail.jpg", "appended.jpg"]
    errors = scan(Manifest.from_columns({"uri": names}, root=tmp_path)).measurements.strings("error")
    assert errors.tolist() == [None, "truncated", "truncated", None]


def test_things_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    names = ["folder.jpg", "pipe.jpg", "dangling.jpg", "gone.jpg", "../outside.jpg", "zero.jpg"]
    errors = scan(Manifest.from_columns({"uri": names}, root=tmp_path)).measurements.strings("error")
    assert errors.tolist() == ["not-a-file", "not-a-file", "vanished", "vanished", "escapes-root", "not-a-file"]


def test_a_sample_without_a_file_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(Image.new("L", (4, 4), 9), "PNG"))
    manifest = Manifest.from_columns({"sample_id": ["x", "y"], "uri": [None, "a.png"]}, root=tmp_path)
    result = scan(manifest, pixels=2)
    assert result.measurements.strings("error").tolist() == ["vanished", None]
    assert result.pixels is not None
    assert result.pixels[:, 0, 0, 0].tolist() == [0, 9]


@dataclass(frozen=True)
class Awkward:
    """A reader whose files misbehave by their names."""

    root: Path
    workers: Literal["process", "thread"] = "process"

    def stamp(self, uri: str) -> FileStamp | None:
        return FileStamp(1, 1)

    def read(self, uri: str) -> bytes:
        if uri.startswith("hang"):
            time.sleep(60)
        if uri.startswith("segfault"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if uri.startswith("exit"):
            os._exit(3)
        if uri.startswith("forbidden"):
            raise SampleReadError(ReadFailure.PERMISSION, f"{uri}: Permission denied")
        if uri.startswith("bug"):
            raise RuntimeError("the reader itself is broken")
        print("a reader that prints")
        return FileReader(self.root).read("good.png")


def test_hanging_and_dying_decoders_are_rows_and_the_others_are_measured(tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(encode(Image.new("L", (4, 4), 51), "PNG"))
    names = [f"good{number}" for number in range(60)]
    for place, bad in ((3, "hang"), (17, "segfault"), (18, "exit"), (40, "forbidden"), (59, "bug")):
        names[place] = bad
    manifest = Manifest.from_columns({"uri": names}, reader=Awkward(tmp_path))
    measured = scan(manifest, jobs=2, timeout_s=1.5).measurements
    bad = np.flatnonzero(~measured.readable)
    assert dict(zip(bad.tolist(), measured.strings("error")[bad], strict=True)) == {
        3: "timeout",
        17: "crashed",
        18: "crashed",
        40: "permission",
        59: "corrupt",
    }
    assert "not decoded within 1.5 s" in measured.strings("error_detail")[3]
    assert "signal 11" in measured.strings("error_detail")[17]
    assert np.allclose(measured.values("brightness")[measured.readable], 0.2)


def test_pixels_of_images_that_are_all_gone_are_black(tmp_path: Path) -> None:
    manifest = Manifest.from_columns({"uri": ["a.jpg", "b.jpg"]}, modality=Modality.IMAGE, root=tmp_path)
    for _ in range(2):  # the second time, what the cache holds is read
        found = scan(manifest, run_dir=tmp_path / "run", pixels=16)
        assert found.pixels is not None
        assert found.pixels.shape == (2, 16, 16, 3)
        assert not found.pixels.any()
        assert not found.measurements.readable.any()
