from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Listings, Manifest
from datacheck.pairing import Cause
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc103_pairing_order_mismatch import REMEDIES, PairingOrderMismatch
from datacheck.testing import shift_labels, toy_labels

from .examples import shown


def _manifest(n: int = 50) -> Manifest:
    images = tuple(f"images/img_{row:03d}.jpg" for row in range(n))
    labels = tuple(f"masks/mask_{row:03d}.png" for row in range(n))
    return Manifest.from_columns({"uri": images, "label_uri": labels}, listings=Listings(images, labels))


def _check(manifest: Manifest) -> object:
    return PairingOrderMismatch().check(RuleContext(manifest))


def test_a_planted_shift_is_found_with_every_wrong_pair() -> None:
    planted, truth = shift_labels(_manifest(), 1, 20)
    outcome = _check(planted)
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "30 of 50 images have the label of another image: the labels are shifted by 1 from position 20 on"
    )
    assert finding.sample_ids == truth.sample_ids
    assert finding.evidence["n_wrong"] == 30
    assert finding.evidence["examples"][0] == {
        "position": 20,
        "image": "images/img_020.jpg",
        "given_label": "masks/mask_049.png",
        "right_label": "masks/mask_020.png",
    }
    assert outcome.issues["sample_id"].to_pylist() == list(truth.sample_ids)
    assert outcome.issues["note"][1].as_py() == "given masks/mask_020.png, right masks/mask_021.png"


def test_a_paired_table_without_listings_is_judged_by_its_columns() -> None:
    planted, truth = shift_labels(Manifest.from_columns(_manifest().table), 1, 20)
    outcome = _check(planted)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].sample_ids == truth.sample_ids


def test_the_clean_twin_is_silent() -> None:
    outcome = _check(_manifest())
    assert outcome == Passed("the names of 50 pairs match, compared by the words of the paths")


def test_the_example_of_its_page() -> None:
    listings = Listings(("1.jpg", "10.jpg", "2.jpg"), ("1.png", "2.png", "10.png"))
    outcome = _check(Manifest.from_columns({"uri": listings.images, "label_uri": listings.labels}, listings=listings))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(PairingOrderMismatch)


def test_without_listings_there_is_nothing_to_judge() -> None:
    assert isinstance(_check(toy_labels(10)), NotApplicable)


def test_values_and_unrelated_names_are_left_to_the_content() -> None:
    images = ("a1.jpg", "b2.jpg", "c3.jpg", "d4.jpg")
    for labels, reason in ((("cat", "dog", "cat", "dog"), "values that repeat"), (("k", "l", "m", "n"), "in common")):
        outcome = _check(Manifest.from_columns({"uri": images}, listings=Listings(images, labels)))
        assert isinstance(outcome, NotApplicable)
        assert reason in outcome.reason
        assert "DC108" in outcome.reason


def test_numbers_that_start_elsewhere_are_a_warning() -> None:
    listings = Listings(tuple(f"{k}.jpg" for k in range(9)), tuple(f"{k}.png" for k in range(1, 10)))
    outcome = _check(Manifest.from_columns({"uri": listings.images}, listings=listings))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING


def test_every_cause_has_a_remedy_with_code() -> None:
    assert set(REMEDIES) == set(Cause)
    assert all("repair_by_name(listings).apply(listings)" in remedy for remedy in REMEDIES.values())
