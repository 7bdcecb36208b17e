"""Settings: what a file may say, and how it is told that it says something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacheck.config import Settings, load_settings
from datacheck.errors import ConfigError
from datacheck.findings import Severity

from .mutations import damaged_bytes, fuzz, seeds


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
        ('jobs = "four"', "'jobs': expected a whole number or nothing, found str 'four'"),
        ("jobs = true", "'jobs': expected a whole number or nothing, found bool True"),
        ("jobs = 0", "jobs: expected a number from 1 to 4096, found 0"),
        ("probe = 1", "'probe': expected true or false, found int 1"),
        ("select = 3", "'select': expected a list of text, found int 3"),
        ("select = [3]", r"'select'\[0\]: expected text, found int 3"),
        ('rules = "DC1"', "'rules': expected a table of tables, found str 'DC1'"),
        ("[rules]\nDC203 = 3", r"'rules'\.DC203: expected a table, found int 3"),
        ('source = "table"', "'source': expected a table, found str 'table'"),
        ('fail-on = "eror"', r"'fail-on': expected a severity .* found 'eror' \(did you mean 'error'\?\)"),
        ("fail-on = 3", "'fail-on': expected text, found int 3"),
        ('format = "jsn"', r"format: expected one of terminal, .* found 'jsn' \(did you mean 'json'\?\)"),
        ('engine = "dask"', "engine: expected one of local, ray, found 'dask'"),
        ("seed = -1", "seed: expected a number from 0 to 4294967295, found -1"),
        ("near-duplicate-distance = 65", "near_duplicate_distance: expected a number from 0 to 64, found 65"),
        ('budget = "soon"', "expected a budget such as '60s', '10m' or '1h', found 'soon'"),
        (
            'device = "gpu"',
            "device: expected auto, cpu, cuda, mps, xpu, or one of several such as 'cuda:1', found 'gpu'",
        ),
        ("[deployment-shares]\ncat = 2.0", "deployment_shares: cat: expected a number from 0 to 1, found 2"),
        ("[deployment-shares]\ncat = nan", "deployment_shares: cat: expected a number from 0 to 1, found nan"),
        ('[deployment-shares]\ncat = "a"', "'deployment-shares'.* expected a table of a number"),
        ("select = [", "expected TOML"),
    ],
)
def test_unusable_values_say_what_was_expected(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "datacheck.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings(start=tmp_path)


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\ndatacheck = 3", "[tool.datacheck]\njobs = 0"])
def test_a_pyproject_is_read_where_it_has_a_table_and_passed_over_where_not(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    if text == "tool = 3":
        assert load_settings(start=tmp_path) == Settings()
    else:
        with pytest.raises(ConfigError, match=r"pyproject\.toml: .*expected"):
            load_settings(start=tmp_path)


def test_values_out_of_range_are_refused_from_python_too() -> None:
    with pytest.raises(ConfigError, match="jobs: expected a number from 1"):
        Settings(jobs=0)
    with pytest.raises(ConfigError, match="found 'now'"):
        Settings().override(budget="now")
    assert Settings(device="cuda:1", deployment_shares={"cat": 0.3, "dog": 0.7}).device == "cuda:1"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a configuration file"):
        load_settings(tmp_path / "none.toml")


def test_override_leaves_what_is_none() -> None:
    settings = Settings(jobs=2, seed=3).override(jobs=None, seed=4)
    assert (settings.jobs, settings.seed) == (2, 4)


NAMES = {field.name for field in fields(Settings)}
KEYS = sorted(NAMES | {"fail-on", "near-duplicate-distance", "selct", "", "rules.DC1"})
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FILE = b'select = ["DC1"]\nfail-on = "warning"\nseed = 3\n[rules.DC203]\nmax_ratio = 20\n[source]\nlabel = "species"\n'


def complaint(read: Callable[[], Settings]) -> str:
    """Return what a `ConfigError` says, or nothing where settings were made; any other error passes."""
    try:
        assert isinstance(read(), Settings)
    except ConfigError as error:
        return str(error)
    return ""


@fuzz
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_values_are_settings_or_a_clear_error(values: dict[str, object]) -> None:
    said = complaint(lambda: Settings.from_mapping(values, where="a.toml"))
    assert not said or said.startswith("a.toml: ")


@fuzz
@given(seeds)
def test_any_file_is_settings_or_a_clear_error(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "datacheck.toml"
    path.write_bytes(damaged_bytes(FILE, seed))
    said = complaint(lambda: load_settings(path))
    assert not said or str(path) in said
