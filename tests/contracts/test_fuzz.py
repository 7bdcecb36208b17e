"""Damaged files of a contract: it is refused with our error, or it is whole; nothing else comes out."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given

from datacheck.errors import ContractError
from datacheck.manifest import Manifest
from datacheck_expectations import Contract, check_tables, diff_contracts, edits, suites, write_contract
from tests.mutations import damaged_bytes, damaged_json, fuzz, seeds

FILES = ("contract.json", "fingerprint.json", "expectations/datacheck.json")


@pytest.fixture
def copy(contract: Contract, tmp_path: Path) -> Path:
    """A copy of the contract, to damage."""
    return Path(shutil.copytree(contract.folder, tmp_path / "contract"))


def read(folder: Path, whole: Contract) -> None:
    with suppress(ContractError):
        Contract.load(folder)
    with suppress(ContractError):
        edited = Contract.load(folder, accept_edits=True)
        assert edits(folder)
        assert diff_contracts(whole, edited).to_text()
        assert edited.columns is not None


@pytest.mark.parametrize("name", FILES)
def test_damaged_bytes(name: str, copy: Path, contract: Contract) -> None:
    content = (copy / name).read_bytes()

    @fuzz
    @given(seeds)
    def damaged(seed: int) -> None:
        (copy / name).write_bytes(damaged_bytes(content, seed))
        read(copy, contract)

    damaged()


@pytest.mark.parametrize("name", FILES)
def test_strange_values(name: str, copy: Path, contract: Contract) -> None:
    value = json.loads((copy / name).read_text())

    @fuzz
    @given(seeds)
    def damaged(seed: int) -> None:
        (copy / name).write_text(json.dumps(damaged_json(value, seed)))
        read(copy, contract)

    damaged()


PROJECT = ("great_expectations.yml", "checkpoints/datacheck.json", "validation_definitions/datacheck.json")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PROJECT, "expectations/datacheck.json"])
def test_a_damaged_project_never_passes_unchecked(name: str, tmp_path: Path) -> None:
    """Whatever Great Expectations makes of its files: every term was checked, or it is an error."""
    folder = tmp_path / "contract"
    made = write_contract(folder, suites.tabular(["cat", "dog"], ["train", "test"]))
    manifest = Manifest.from_columns({"label": ["cat", "cow"] * 20, "split": ["train", "test"] * 20})
    assert not check_tables(made, manifest).success
    content = (folder / name).read_bytes()

    @fuzz
    @given(seeds)
    def damaged(seed: int) -> None:
        if name.endswith(".json") and seed % 2:
            (folder / name).write_text(json.dumps(damaged_json(json.loads(content), seed)))
        else:
            (folder / name).write_bytes(damaged_bytes(content, seed))
        with suppress(ContractError):
            result = check_tables(folder, manifest)
            assert len(result.outcomes) == len(made.terms)
            assert not result.success
            assert result.render(verbose=True)

    damaged()
