from __future__ import annotations

import unicodedata

import pytest

from datacheck.findings import Found, NotApplicable, Outcome, Passed
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc110_class_spelling import ClassSpelling

from .examples import shown


def judge(*labels: str) -> Outcome:
    return ClassSpelling().check(RuleContext(Manifest.from_columns({"label": list(labels)})))


def test_the_example_is_produced() -> None:
    outcome = judge(*["cat"] * 120, *["Cat"] * 80)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(ClassSpelling)
    assert outcome.findings[0].n_affected == 200


@pytest.mark.parametrize(
    ("names", "difference"),
    [
        (("café", unicodedata.normalize("NFD", "café")), "Unicode form (NFC and NFD)"),
        (("cat", "cat "), "spaces"),
        (("hot dog", "hot  dog"), "spaces"),
        (("CAT", "cat"), "case"),
    ],
)
def test_the_difference_is_named(names: tuple[str, str], difference: str) -> None:
    outcome = judge(*names, "owl")
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.evidence["difference"] == difference
    assert {row["name"] for row in finding.evidence["groups"][0]} == set(names)


def test_names_that_look_the_same_are_written_out() -> None:
    outcome = judge("café", unicodedata.normalize("NFD", "café"))
    assert isinstance(outcome, Found)
    assert r"'caf\xe9'" in outcome.findings[0].message
    assert r"'cafe\u0301'" in outcome.findings[0].message


def test_classes_without_samples_and_several_labels_a_sample() -> None:
    manifest = Manifest.from_columns({"label": ["cat", "owl"]}, classes=["Cat", "cat", "owl"])
    assert isinstance(ClassSpelling().check(RuleContext(manifest)), Passed)
    several = Manifest.from_columns({"labels": [["cat", "Cat"], ["cat"]]})
    assert isinstance(ClassSpelling().check(RuleContext(several)), Found)


def test_other_names_and_single_letters_are_silent() -> None:
    assert isinstance(judge("cat", "cats", "hot dog", "hotdog", "hot_dog"), Passed)
    assert isinstance(judge("a", "A", "b", "B"), Passed)
    assert isinstance(ClassSpelling().check(RuleContext(Manifest.from_columns({"target": [0.5]}))), NotApplicable)
