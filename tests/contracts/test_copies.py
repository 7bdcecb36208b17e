"""A contract searches new data for copies as the audit of the accepted data did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import datacheck
from datacheck.duplicates import DuplicateSearch
from datacheck_expectations import Contract, CopySearch, check, propose_expectations, write_contract
from tests.duplicates.test_registration import cropped, scene

LEAK = "expect_no_leakage_across_splits near_cluster"


def write_scenes(folder: Path, *, seed: int, leak: bool = False) -> Path:
    rng = np.random.default_rng(seed)
    pictures = {(split, label, k): scene(rng) for split in ("train", "val") for label in ("a", "b") for k in range(12)}
    if leak:
        pictures |= {("val", "a", k): cropped(pictures["train", "a", k], 0.7) for k in range(3)}
    for (split, label, k), picture in pictures.items():
        path = folder / split / label / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    return folder


def contract_of(folder: Path, search: str, to: Path) -> Contract:
    report = datacheck.audit(folder, settings=datacheck.Settings(duplicates=search))
    copies = CopySearch.of_report(report)
    return write_contract(to, propose_expectations(report), reference=report.fingerprint, copies=copies)


@pytest.mark.parametrize(("search", "status"), [("auto", "broken"), ("hash", "kept")])
def test_a_crop_in_another_split_breaks_a_contract_that_compares_details(
    tmp_path: Path, search: str, status: str
) -> None:
    contract = contract_of(write_scenes(tmp_path / "march", seed=0), search, tmp_path / "contract")
    found = check(write_scenes(tmp_path / "april", seed=1, leak=True), contract)
    (term,) = (one for one in found.outcomes if one.term.title == LEAK)
    assert term.status == status
    assert ("3 of" in term.sentence) == (status == "broken")
    clean = check(write_scenes(tmp_path / "may", seed=2), contract)
    assert [one.status for one in clean.outcomes if one.term.title == LEAK] == ["kept"]


def test_the_search_is_kept_with_the_contract(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "march", seed=0)
    contract = contract_of(folder, "auto", tmp_path / "contract")
    assert contract.copies.search is DuplicateSearch.FEATURES
    exact = contract_of(folder, "exact", tmp_path / "exact")
    assert exact.copies.search is DuplicateSearch.EXACT
    assert not [term.title for term in exact.terms if "near_cluster" in term.title]


def measured_rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    label = np.where(x[:, 0] + rng.normal(size=n) > 0, "yes", "no")
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "label": label})


def test_rows_of_a_table_that_were_loaded_three_times_break_a_contract(tmp_path: Path) -> None:
    report = datacheck.audit(measured_rows(400, 0))
    contract = write_contract(tmp_path / "contract", propose_expectations(report), reference=report.fingerprint)
    fresh = measured_rows(200, 1)
    found = check(pd.concat([fresh] * 3, ignore_index=True), contract)
    (term,) = (one for one in found.outcomes if one.term.title == "expect_duplicates_at_most row_cluster")
    assert term.status == "broken"
    assert term.sentence == "400 of 600 samples repeat an earlier one in every feature (66.7 %)"
    relabelled = fresh.assign(label=fresh.label.map({"yes": "no", "no": "yes"}))
    found = check(pd.concat([fresh, relabelled[:20]], ignore_index=True), contract)
    (term,) = (one for one in found.outcomes if one.term.title == "expect_conflicting_duplicates_at_most row_cluster")
    assert (term.status, term.n_affected) == ("broken", 40)
    clean = check(fresh, contract)
    assert {one.status for one in clean.outcomes if "row_cluster" in one.term.title} == {"kept"}


def test_rows_of_few_categories_have_no_term_about_copies(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({name: rng.choice(list("xyz"), 400) for name in ("a", "b", "label")})
    expectations = propose_expectations(datacheck.audit(rows))
    assert not [one for one in expectations if getattr(one, "column", "") == "row_cluster"]
