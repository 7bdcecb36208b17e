from __future__ import annotations

from pathlib import Path

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Listings, Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc102_unpaired_sample import UnpairedSample
from datacheck.sources import open_source
from datacheck.testing import toy_labels, toy_pairs

from .examples import shown

IMAGES = tuple(f"img_{row}.jpg" for row in range(10))


def _check(images: tuple[str, ...], labels: tuple[str, ...]) -> object:
    manifest = Manifest.from_columns({"uri": images}, listings=Listings(images, labels))
    return UnpairedSample().check(RuleContext(manifest))


def test_files_without_a_partner_are_named_on_both_sides_with_the_nearest_name() -> None:
    labels = (*(f"mask_{row}.png" for row in range(10) if row != 4), "mask_4x.png")
    outcome = _check(IMAGES, labels)
    assert isinstance(outcome, Found)
    assert [finding.message for finding in outcome.findings] == [
        "1 image has no label file: 'img_4.jpg'",
        "1 label file has no image: 'mask_4x.png'",
    ]
    assert outcome.findings[0].sample_ids == ("img_4.jpg",)
    assert outcome.issues["sample_id"].to_pylist() == ["img_4.jpg", "mask_4x.png"]


def test_a_typing_slip_is_guessed() -> None:
    outcome = _check(("cat_1.jpg", "dog_2.jpg", "owl_3.jpg"), ("cat_1.png", "dog_2.png", "olw_3.png"))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["examples"] == [{"name": "owl_3.jpg", "near": "olw_3.png"}]


def test_a_row_whose_label_file_is_gone_is_named(tmp_path: Path) -> None:
    manifest = toy_pairs(tmp_path, n=4)
    (tmp_path / "masks/mask_0002.png").unlink()
    table = Manifest.from_columns(manifest.table, root=tmp_path)
    outcome = UnpairedSample().check(RuleContext(table))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].sample_ids == ("images/img_0002.jpg",)


def test_clean_twins_are_silent(tmp_path: Path) -> None:
    manifest = toy_pairs(tmp_path, n=4)
    assert UnpairedSample().check(RuleContext(manifest)) == Passed("each of 4 images has its label file")
    table = Manifest.from_columns(manifest.table, root=tmp_path)
    assert UnpairedSample().check(RuleContext(table)) == Passed("each of 4 images has its label file")


def test_without_label_files_there_is_nothing_to_judge() -> None:
    assert isinstance(UnpairedSample().check(RuleContext(toy_labels(10))), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = _check(("images/a1.jpg", "images/a2.jpg", "images/a3.jpg"), ("masks/a1.png", "masks/a3.png"))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(UnpairedSample)


def test_a_label_file_without_an_image_is_named_where_a_folder_was_paired_by_name(tmp_path: Path) -> None:
    toy_pairs(tmp_path, n=6)
    context = RuleContext(open_source(tmp_path))
    assert UnpairedSample().check(context) == Passed("each of 6 images has its label file")
    for number in (1, 3):
        (tmp_path / f"images/img_000{number}.jpg").unlink()
    outcome = UnpairedSample().check(RuleContext(open_source(tmp_path)))
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.message == "2 label files have no image: 'masks/mask_0001.png' and 'masks/mask_0003.png'"
    assert finding.severity is Severity.ERROR


def test_an_image_without_a_yolo_label_file_may_be_meant(tmp_path: Path) -> None:
    from tests.annotations.drawn import Drawn, drawn_objects

    for form, severity in (("YOLO", Severity.WARNING), ("Pascal VOC", Severity.ERROR)):

        def remove(root: Path) -> None:
            for path in (root / "labels").glob("0003.*"):
                path.unlink()

        outcome = UnpairedSample().check(Drawn(tmp_path / form, form, drawn_objects(12)).write(remove))
        assert isinstance(outcome, Found)
        assert [each.severity for each in outcome.findings] == [severity]
        assert outcome.findings[0].message == "1 image has no label file: 'images/0003.jpg'"
