from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc107_path_hazard import HAZARDS, PathHazard
from datacheck.testing import toy_images, toy_labels

from .examples import shown

ROOT = Path("/data/set")


def _hazards(*paths: str) -> dict[str, tuple[str, ...]]:
    outcome = PathHazard().check(RuleContext(Manifest.from_columns({"uri": list(paths)}, root=ROOT)))
    if not isinstance(outcome, Found):
        return {}
    return {finding.evidence["hazard"]: finding.sample_ids for finding in outcome.findings}


@pytest.mark.parametrize(
    ("path", "hazards"),
    [
        ("../x.jpg", {"escapes-root"}),
        ("a/../../x.jpg", {"escapes-root"}),
        ("/etc/x.jpg", {"escapes-root", "absolute"}),
        ("/data/set/x.jpg", {"absolute"}),
        ("/data/set-2/x.jpg", {"escapes-root", "absolute"}),
        ("C:\\data\\x.jpg", {"absolute", "backslash"}),
        ("a\\x.jpg", {"backslash"}),
        ("..\\x.jpg", {"escapes-root", "backslash"}),
        ("caf\\xe9.jpg", {"not-utf8"}),
        ("a\nb.jpg", {"control-character"}),
        ("x.jpg ", {"trailing-space-or-dot"}),
        ("folder /x.jpg", {"trailing-space-or-dot"}),
        ("x.jpg.", {"trailing-space-or-dot"}),
        (unicodedata.normalize("NFD", "é.jpg"), {"not-nfc"}),
    ],
)
def test_each_hazard_is_named_alone(path: str, hazards: set[str]) -> None:
    assert _hazards("fine.jpg", path) == dict.fromkeys((h.name for h in HAZARDS if h.name in hazards), (path,))


def test_names_that_differ_in_case_clash() -> None:
    assert _hazards("a/x.jpg", "a/X.jpg", "b/x.jpg") == {"case-clash": ("a/x.jpg", "a/X.jpg")}


def test_only_a_path_out_of_the_root_is_an_error() -> None:
    assert [hazard.name for hazard in HAZARDS if hazard.severity is Severity.ERROR] == ["escapes-root"]


def test_label_files_are_looked_at_too() -> None:
    manifest = Manifest.from_columns({"uri": ["a.jpg", "b.jpg"], "label_uri": ["a.png", "../b.png"]}, root=ROOT)
    outcome = PathHazard().check(RuleContext(manifest))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].sample_ids == ("b.jpg",)


def test_clean_twins_are_silent(tmp_path: Path) -> None:
    assert isinstance(PathHazard().check(RuleContext(toy_images(tmp_path, n_per_class=5))), Passed)
    assert _hazards("a/./x.jpg", "a/../y.jpg", ".hidden/é.jpg", "s3://bucket/../x.jpg", "x y.jpg", "v1.2/a.jpg") == {}
    assert isinstance(PathHazard().check(RuleContext(toy_labels(5))), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = PathHazard().check(RuleContext(Manifest.from_columns({"uri": ["a.jpg", "A.jpg"]})))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(PathHazard)
