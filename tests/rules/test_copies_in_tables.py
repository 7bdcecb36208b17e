"""Tables as people have them: rows of train that stand again in test, some with another label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import datacheck


def with_copies(train: pd.DataFrame, test: pd.DataFrame, n: int, n_conflicting: int) -> pd.DataFrame:
    """The two splits and n rows of train again in test, the last of them with the other label."""
    copies = train.iloc[:n].assign(split="test")
    other = copies["label"].map({"good": "bad", "bad": "good"})
    copies["label"] = np.where(np.arange(n) < n - n_conflicting, copies["label"], other)
    return pd.concat([train, test, copies], ignore_index=True)


def numbers(rng: np.random.Generator) -> pd.DataFrame:
    table = pd.DataFrame(rng.normal(size=(300, 6)).round(3), columns=[f"x{k}" for k in range(6)])
    table["label"] = np.where(table["x0"] > 0, "good", "bad")
    return table.assign(split=["train"] * 240 + ["test"] * 60)


def texts(rng: np.random.Generator) -> pd.DataFrame:
    words = [f"Yesterday {who} {did} {what}." for who in ("the driver", "our guide", "a nurse", "my aunt", "the cook")
             for did in ("praised", "lost", "sold", "painted", "broke", "weighed")
             for what in ("a red kettle", "the old map", "two tickets", "a wooden chair", "the parcel", "her camera",
                          "a blue lamp")]  # fmt: skip
    table = pd.DataFrame({"text": rng.permutation(words)[:200], "label": rng.choice(["good", "bad"], 200)})
    return table.assign(split=["train"] * 160 + ["test"] * 40)


@pytest.mark.parametrize("make", [numbers, texts])
@pytest.mark.parametrize("planted", [True, False])
def test_copies_leaks_and_conflicts_are_found_and_nothing_else(tmp_path: Path, make: object, planted: bool) -> None:
    table = make(np.random.default_rng(22))  # type: ignore[operator]
    train, test = table[table["split"] == "train"], table[table["split"] == "test"]
    if planted:
        train = pd.concat([train, train.iloc[100:106]], ignore_index=True)
        table = with_copies(train, test, n=15, n_conflicting=5)
    table.to_csv(tmp_path / "table.csv", index=False)
    report = datacheck.audit(tmp_path / "table.csv", label="label", select=["DC301", "DC302", "DC303", "DC304"])
    found = {finding.code: finding.n_affected for finding in report.findings}
    assert found == ({"DC303": 15, "DC304": 10, "DC301": 12} if planted else {})
    assert report.exit_code() == int(planted)
