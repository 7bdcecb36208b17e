from __future__ import annotations

from pathlib import Path

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Listings, Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc104_ambiguous_stem import AmbiguousStem
from datacheck.testing import toy_images, toy_labels, toy_pairs

from .examples import shown


def _check(manifest: Manifest) -> object:
    return AmbiguousStem().check(RuleContext(manifest))


def test_two_images_of_one_stem_are_one_cluster() -> None:
    outcome = _check(Manifest.from_columns({"uri": ["x/a.jpg", "x/b.jpg", "x/a.png", "y/a.png"]}))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].sample_ids == ("x/a.jpg", "x/a.png")
    assert outcome.issues["cluster"].to_pylist() == [0, 0]


def test_two_label_files_of_one_stem() -> None:
    listings = Listings(("a.jpg", "b.jpg", "c.jpg"), ("a.png", "a.txt", "b.png", "c.png"))
    outcome = _check(Manifest.from_columns({"uri": listings.images}, listings=listings))
    assert isinstance(outcome, Found)
    assert [finding.message for finding in outcome.findings] == ["1 stem is shared by 2 label files: 'a'"]


def test_an_image_with_two_label_files_is_an_error() -> None:
    columns = {"sample_id": ["1", "2", "3"], "uri": ["a.jpg", "a.jpg", "b.jpg"], "label_uri": ["x.png", "y.png", "z"]}
    outcome = _check(Manifest.from_columns(columns))
    assert isinstance(outcome, Found)
    assert [(finding.severity, finding.evidence["examples"]) for finding in outcome.findings] == [
        (Severity.ERROR, ["a.jpg"])
    ]


def test_clean_twins_are_silent(tmp_path: Path) -> None:
    for manifest in (toy_images(tmp_path / "a", n_per_class=4), toy_pairs(tmp_path / "b", n=4)):
        assert isinstance(_check(manifest), Passed)
    frames = Manifest.from_columns({"uri": ["frame.0001", "frame.0002"]})
    assert _check(frames) == Passed("2 images, each with its own stem")


def test_samples_without_names_are_not_judged() -> None:
    assert isinstance(_check(toy_labels(10)), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = _check(Manifest.from_columns({"uri": ["x/a.jpg", "x/a.png", "x/b.jpg"]}))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(AmbiguousStem)
