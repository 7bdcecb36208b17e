"""Each layout of the matrix is opened right without an option, or refused with what opens it; and it is documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels, Manifest, Task
from datacheck.sources import open_source

from .layout_matrix import NOT_READ, Layout
from .layout_matrix_tables import LAYOUTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "sources.md"


def in_words(manifest: Manifest) -> str:
    """Return what a manifest was read as, in the words of the matrix."""
    names = ", ".join(manifest.classes)
    of_task = {
        Task.CLASSIFICATION: f"classes {names}",
        Task.MULTILABEL: f"several of {names} each",
        Task.REGRESSION: "a regression target",
        Task.PAIRED: "pairs by name" if "paired by name" in manifest.took_for else "pairs by row",
        Task.DETECTION: f"boxes of {names}",
        Task.SEGMENTATION: "masks by name" if "paired by name" in manifest.took_for else "masks by row",
        Task.UNLABELLED: "no labels",
    }
    if manifest.has_instances:
        n_masks = sum(len(each or ()) for each in manifest.table["mask_files"].to_pylist())
        of_task[Task.SEGMENTATION] = f"masks of {n_masks} objects"
    splits = f", splits {', '.join(manifest.splits)}" if manifest.splits else ""
    words = f"{len(manifest)} images, {of_task[manifest.task]}{splits}"
    if any(item.labels is HoldsLabels.YES for item in manifest.inventory.unread):
        words += NOT_READ
    questions = {
        "upper level": "asks which level holds the class",
        "are of one": "asks about the single class",
        "may be meant": "asks about the split",
        "its box was not read": "asks about the boxes",
        "where nothing is": "says which prefix was replaced",
    }
    asked = [
        said for part, said in questions.items() if any(part in each.text for each in manifest.inventory.questions)
    ]
    return "; ".join([words, *asked])


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_a_layout_is_read_as_the_matrix_says(tmp_path: Path, layout: Layout) -> None:
    source = layout.make(tmp_path)
    if layout.message:
        with pytest.raises(SourceError) as caught:
            open_source(source, **layout.options)
        assert layout.message in str(caught.value)
        if layout.remedy is not None:
            assert len(open_source(source, **layout.remedy)) > 0
        return
    manifest = open_source(source, **layout.options)
    assert in_words(manifest) == layout.read
    assert manifest.reader is not None
    for uri in manifest.table["uri"].to_pylist():
        assert manifest.reader.read(uri)


def test_no_file_of_a_layout_goes_unnamed(tmp_path: Path) -> None:
    for number, layout in enumerate(LAYOUTS):
        source = layout.make(tmp_path / str(number))
        if layout.message or layout.source:
            continue
        manifest = open_source(source, **layout.options)
        inventory = manifest.inventory
        named = {each.name for each in (*inventory.used, *inventory.unread)}
        examples = {name for each in (*inventory.used, *inventory.unread) for name in each.examples}
        seen = {*manifest.table["uri"].to_pylist(), *named, *examples}
        seen |= set(manifest.table["label_uri"].to_pylist()) if "label_uri" in manifest else set()
        visible = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
        patterns = {name[1:] for name in named if name.startswith("*")}
        hidden = {name for name in visible if any(part.startswith((".", "__")) for part in name.split("/"))}
        assert {name for name in visible - seen - hidden if not name.endswith(tuple(patterns))} == set(), layout.name


def test_the_page_has_the_matrix() -> None:
    rows = [f"| {layout.name.replace('|', chr(92) + '|')} | {layout.read} |" for layout in LAYOUTS]
    page = PAGE.read_text(encoding="utf-8")
    assert len(LAYOUTS) >= 40
    assert "\n".join(rows) in page, "the matrix of the page must be:\n" + "\n".join(rows)
