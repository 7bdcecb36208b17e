"""Settings: what a file may say, and how it is told that it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from datacheck.config import Settings, load_settings
from datacheck.errors import ConfigError
from datacheck.findings import Severity


def test_defaults_without_a_file(tmp_path: Path) -> None:
    assert load_settings(start=tmp_path) == Settings()


def test_reads_datacheck_toml_from_a_parent_folder(tmp_path: Path) -> None:
    (tmp_path / "datacheck.toml").write_text(
        'select = ["DC1", "DC3"]\nfail-on = "warning"\nout = "runs/a"\n[rules.DC203]\nmax_ratio = 20\n'
    )
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    settings = load_settings(start=inner)
    assert settings.select == ("DC1", "DC3")
    assert settings.fail_on is Severity.WARNING
    assert settings.out == tmp_path / "runs/a"
    assert settings.rules == {"DC203": {"max_ratio": 20}}


def test_reads_the_table_of_pyproject_and_skips_one_without_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.datacheck]\nignore = "DC402, DC5"\n')
    inner = tmp_path / "package"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load_settings(start=inner).ignore == ("DC402", "DC5")


def test_unknown_key_names_the_near_one(tmp_path: Path) -> None:
    (tmp_path / "datacheck.toml").write_text('selct = ["DC1"]\n')
    with pytest.raises(ConfigError, match=r"datacheck\.toml: unknown key 'selct' \(did you mean 'select'\?\)"):
        load_settings(start=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('jobs = "four"', "'jobs': expected int, found str 'four'"),
        ("jobs = true", "'jobs': expected int, found bool True"),
        ("probe = 1", "'probe': expected bool, found int 1"),
        ("select = 3", "'select': expected a list of strings, found int 3"),
        ('rules = "DC1"', "'rules': expected a table, found str 'DC1'"),
        ('fail-on = "eror"', r"'fail-on': expected a severity .* found 'eror' \(did you mean 'error'\?\)"),
        ("select = [", "expected TOML"),
    ],
)
def test_unusable_values_say_what_was_expected(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "datacheck.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings(start=tmp_path)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a configuration file"):
        load_settings(tmp_path / "none.toml")


def test_override_leaves_what_is_none() -> None:
    settings = Settings(jobs=2, seed=3).override(jobs=None, seed=4)
    assert (settings.jobs, settings.seed) == (2, 4)
