"""A diff names what changed, with its effect, and nothing where nothing did."""

from __future__ import annotations

import json

import numpy as np

from datacheck.fingerprints import FingerprintDiff, fingerprint
from datacheck.manifest import Manifest
from datacheck.testing import measurements_for


def labels(n_cat: int, n_dog: int, **extra: str) -> Manifest:
    columns: dict[str, list[str]] = {"label": ["cat"] * n_cat + ["dog"] * n_dog}
    columns |= {name: [value] * (n_cat + n_dog) for name, value in extra.items()}
    return Manifest.from_columns(columns)


def between(a: Manifest, b: Manifest) -> FingerprintDiff:
    return FingerprintDiff.between(fingerprint(a), fingerprint(b))


def test_a_dataset_is_like_itself() -> None:
    found = between(labels(50, 50), labels(50, 50))
    assert found.same is True
    assert found.changes == ()
    assert found.to_text() == "The two datasets hold the same rows."


def test_classes_come_and_go() -> None:
    other = Manifest.from_columns({"label": ["cat"] * 50 + ["emu"] * 50})
    notable = {change.subject: change.message for change in between(labels(50, 50), other).notable}
    assert notable["dog"] == "class 'dog' is gone (it had 50 labels)"
    assert notable["emu"] == "class 'emu' is new (50 labels)"


def test_a_large_shift_of_shares_is_notable_and_a_small_one_is_not() -> None:
    found = between(labels(500, 500), labels(900, 100))
    shift = next(change for change in found.notable if change.kind == "shares")
    assert shift.effect is not None
    assert shift.effect.value == 0.4
    assert "40 % of the labels would have to move" in shift.message
    slight = between(labels(500, 500), labels(510, 490))
    assert slight.same is False
    assert slight.notable == ()
    assert len(slight.changes) == 3


def test_properties_splits_and_files() -> None:
    before, after = labels(50, 50, split="train"), labels(50, 50, split="test")
    rng = np.random.default_rng(0)
    a = fingerprint(before, measurements_for(before, brightness=rng.normal(0.6, 0.05, 100)))
    errors = ["truncated"] + [None] * 99
    b = fingerprint(
        after, measurements_for(after, brightness=rng.normal(0.4, 0.05, 100), error=errors, format=["PNG"] * 100)
    )
    found = FingerprintDiff.between(a, b)
    kinds = {(change.kind, change.subject) for change in found.notable}
    assert {
        ("split", "train"),
        ("split", "test"),
        ("property", "brightness"),
        ("readable", "truncated"),
        ("format", "PNG"),
    } <= kinds
    brightness = next(change for change in found.changes if change.subject == "brightness")
    assert brightness.effect is not None
    assert brightness.effect.high < -2


def test_categories_and_targets() -> None:
    found = between(labels(50, 50, camera="left"), labels(50, 50, camera="right"))
    assert found.notable[0].message == "column 'camera': 100 % of the rows have another value, new 'right', gone 'left'"
    low, high = (Manifest.from_columns({"target": np.linspace(0, 1, 50) + shift}) for shift in (0, 5))
    kinds = [change.kind for change in between(low, high).notable]
    assert kinds == ["target"]


def test_other_tasks_and_identities_are_not_compared() -> None:
    found = between(labels(5, 5), Manifest.from_columns({"target": [1.0]}))
    assert [change.kind for change in found.changes] == ["task"]
    manifest = Manifest.from_columns({"uri": ["a", "b"], "label": ["x", "y"]})
    assert (
        FingerprintDiff.between(fingerprint(manifest), fingerprint(manifest, measurements_for(manifest))).same is None
    )


def test_it_is_shown_safely_and_saved_as_json() -> None:
    found = between(labels(5, 5), Manifest.from_columns({"label": ["<script>"] * 10}))
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;" in found._repr_html_()
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["same"] is False
    assert len(found.to_text(limit=1).splitlines()) == 3
