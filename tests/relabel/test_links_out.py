"""A link in a dataset that leads out of it: read, but what it points to is never passed on."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.relabel.corrected_folder import CorrectedFolder
from datacheck.relabel.formats.links import Links


@pytest.fixture
def linked(tmp_path: Path) -> Manifest:
    """A dataset of a file, a link to it, and a link to a private picture elsewhere."""
    root = tmp_path / "dataset"
    (root / "cat").mkdir(parents=True)
    (tmp_path / "private").mkdir()
    Image.new("RGB", (4, 4), "red").save(tmp_path / "private/me.png")
    Image.new("RGB", (4, 4), "blue").save(root / "cat/1.png")
    (root / "cat/2.png").symlink_to("1.png")
    (root / "cat/3.png").symlink_to(tmp_path / "private/me.png")
    uris = ["cat/1.png", "cat/2.png", "cat/3.png"]
    return Manifest.from_columns({"uri": uris, "label": ["cat"] * 3}, root=root)


def test_only_a_link_out_of_the_root_is_not_contained(linked: Manifest, tmp_path: Path) -> None:
    reader = FileReader(tmp_path / "dataset")
    assert [reader.contained(uri).name for uri in ("cat/1.png", "cat/2.png")] == ["1.png", "2.png"]
    assert reader.read("cat/3.png").startswith(b"\x89PNG"), "the audit reads it, as the training would"
    with pytest.raises(SampleReadError, match=r"'cat/3.png' is a link to .*/private/me.png, outside the root"):
        reader.contained("cat/3.png")


def test_a_root_that_is_a_link_contains_its_files(linked: Manifest, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(tmp_path / "dataset")
    assert FileReader(tmp_path / "alias").contained("cat/2.png") == tmp_path / "alias/cat/2.png"


@pytest.mark.parametrize("link", ["hard", "copy"])
def test_a_corrected_folder_does_not_pass_on_what_a_link_points_to(linked: Manifest, tmp_path: Path, link: str) -> None:
    with pytest.raises(RelabelError, match="--link symbolic"):
        CorrectedFolder.plan(linked, tmp_path / "out", link)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_corrected_folder_of_links_passes_no_content_on(linked: Manifest, tmp_path: Path) -> None:
    assert CorrectedFolder.plan(linked, tmp_path / "out", "symbolic").write() == 3
    assert (tmp_path / "out/cat/3.png").is_symlink()


def test_a_hard_link_of_a_relative_link_is_the_file(linked: Manifest, tmp_path: Path) -> None:
    inside = linked.take([0, 1])
    assert CorrectedFolder.plan(inside, tmp_path / "out").write() == 2
    assert (tmp_path / "out/cat/2.png").samefile(tmp_path / "dataset/cat/1.png")


def test_a_link_out_of_the_root_is_not_embedded(linked: Manifest, tmp_path: Path) -> None:
    links = Links(tmp_path / "dataset", "embed", pictures={"3": b"a thumbnail is no way round"})
    assert links.link({"sample_id": "2", "uri": "cat/2.png"}).startswith("data:image/png;base64,")
    with pytest.raises(RelabelError, match=r"sample '3' is not passed on: .*--images path or url"):
        links.link({"sample_id": "3", "uri": "cat/3.png"})
    assert Links(tmp_path / "dataset").link({"sample_id": "3", "uri": "cat/3.png"}).endswith("dataset/cat/3.png")
    assert links.content({"sample_id": "3", "uri": "cat/3.png"}).startswith(b"\x89PNG"), "shown on this machine"
