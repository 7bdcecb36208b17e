"""The term that new labels follow the guidelines of the accepted ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import datacheck_expectations as dx
from datacheck.cli import run
from datacheck.errors import ContractError
from datacheck.labels.agreement import class_agreement
from datacheck.manifest import Manifest
from datacheck.probing.label_comparison import LabelComparison

NAMES = np.array(["cat", "dog"])


def compared(new: np.ndarray, seen: np.ndarray) -> LabelComparison:
    """What a probe that sees these classes says of new labels."""
    old = np.repeat([0, 1], 100)
    ids = np.array([str(row) for row in range(len(new))])
    return LabelComparison(("cat", "dog"), class_agreement(np.eye(2)[old], old, np.eye(2)[seen], new), (), ids)


@pytest.fixture
def contract(tmp_path: Path) -> dx.Contract:
    return dx.write_contract(tmp_path / "contract", dx.suites.label_guidelines())


def checked(contract: dx.Contract, new: np.ndarray, guidelines: LabelComparison | None) -> dx.ContractResult:
    ids = [str(row) for row in range(len(new))]
    manifest = Manifest.from_columns({"sample_id": ids, "label": NAMES[new]})
    return dx.check_tables(contract, manifest, guidelines=guidelines)


def test_a_class_that_changed_breaks_the_term_with_its_samples(contract: dx.Contract) -> None:
    seen = np.repeat([0, 1], [60, 90])
    new = seen.copy()
    new[100:130] = 0
    result = checked(contract, new, compared(new, seen))
    (broken,) = result.broken
    assert broken.sentence == "1 of 2 classes is labelled by another guideline than the accepted data: 'cat'"
    assert broken.n_affected == 30
    assert broken.sample_ids[0] == "100"
    assert checked(contract, seen, compared(seen, seen)).success


def test_without_the_accepted_data_or_enough_samples_nothing_is_checked(contract: dx.Contract) -> None:
    new = np.repeat([0, 1], 60)
    unknown = checked(contract, new, None)
    assert unknown.exit_code() == 2
    assert "--accepted-data" in unknown.render()
    few = np.repeat([0, 1], 10)
    result = checked(contract, few, compared(few, few))
    assert result.exit_code() == 2
    assert "no class has enough accepted and new samples" in result.render()


def test_accepted_data_is_refused_where_no_term_compares_it(tmp_path: Path) -> None:
    other = dx.write_contract(tmp_path / "other", dx.suites.relabel_answers(["cat", "dog"])[:1])
    with pytest.raises(ContractError, match="init RUN --guidelines"):
        dx.check(Manifest.from_columns({"label": NAMES[[0, 1]]}), other, accepted_data=tmp_path)


def table(path: Path, seed: int, *, moved: int = 0) -> str:
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(300) % 2)
    x = rng.normal(size=(300, 4)) + 3 * label[:, None]
    label[np.flatnonzero(label == 1)[:moved]] = 0
    rows = [f"{NAMES[one]}," + ",".join(f"{value:.4f}" for value in row) for one, row in zip(label, x, strict=True)]
    path.write_text("label,a,b,c,d\n" + "\n".join(rows))
    return str(path)


@pytest.mark.slow
def test_the_commands_make_and_check_the_term(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, same, other = (table(tmp_path / f"{seed}.csv", seed, moved=moved) for seed, moved in ((1, 0), (2, 0), (3, 40)))
    accepted, folder = str(tmp_path / "run"), str(tmp_path / "contract")
    assert run(["audit", old, "--out", accepted, "--quiet"]) == 0
    assert run(["contract", "init", accepted, "--out", folder, "--guidelines", "--quiet"]) == 0
    check = ["--contract", folder, "--accepted-data", accepted, "--budget", "3s", "--fail-on", "warning", "--quiet"]
    for source, wanted in ((same, "none of 2 classes"), (other, "labelled by another guideline")):
        capsys.readouterr()
        run(["contract", "check", source, "--verbose", *check, "--shard"])
        assert wanted in capsys.readouterr().out
