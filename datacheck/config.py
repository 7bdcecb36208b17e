"""Settings of an audit, from ``pyproject.toml`` (``[tool.datacheck]``) or ``datacheck.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.errors import ConfigError, check_choice, did_you_mean
from datacheck.findings import Severity
from datacheck.manifest.object_store import Address
from datacheck.probing.budget import parse_budget
from datacheck.report import FORMATS
from datacheck.rules.select import conform

FILE_NAMES = ("datacheck.toml", "pyproject.toml")

ENGINES = ("local", "ray")
"""What the scan can run on."""

DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")
"""Devices of torch that a probe may be told to train on, without their number; whether one is there torch says."""

HASH_BITS = 64
"""Bits of a perceptual hash: two hashes cannot differ in more."""

MAX_JOBS = 4096
"""More processes than any machine has processors: a larger number is a slip."""

MAX_SEED = 2**32 - 1
"""The largest seed that scikit-learn takes."""


@dataclass(frozen=True)
class Settings:
    """Everything about an audit that can stand in a configuration file; dashes and underscores are the same.

    Attributes
    ----------
    select, ignore
        Codes of rules, starts of codes, or names; ``ALL`` is every rule.
    fail_on
        The least severity that makes the command line exit with 1.
    format
        What goes to standard output: ``terminal``, ``concise``, ``json``, ``junit``, ``sarif`` or ``github``. None is
        ``terminal`` on a terminal, and ``concise`` (one line for each finding and sample) in a pipe or a file.
    out
        The run folder, relative to the configuration file, or an address such as ``s3://bucket/run``.
    jobs
        Worker processes of the scan; None for one a core.
    engine
        ``local`` or ``ray``.
    seed
        Seed of everything random.
    probe
        Whether to train the probe.
    budget
        Time of the probe, such as ``"60s"``.
    device
        Where the probe runs: ``auto``, ``cpu``, ``cuda``, ``mps`` or ``xpu``.
    near_duplicate_distance
        Bits in which the perceptual hashes of near duplicates may differ.
    duplicates
        How thoroughly duplicates of images are searched for: ``exact`` (equal bytes), ``hash`` (by what the scan
        measured), ``features`` (the nearest pictures are read again and compared), or ``auto``.
    deployment_shares
        Class shares where the model will run.
    source
        Options of `datacheck.open`, such as ``task`` or ``label``.
    rules
        Thresholds by rule code.

    Examples
    --------
    >>> Settings.from_mapping({"fail-on": "warning", "ignore": ["DC402"]}).fail_on
    <Severity.WARNING: 2>
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR
    format: str | None = None
    out: Path | None = None
    jobs: int | None = None
    engine: str = "local"
    seed: int = 0
    probe: bool = False
    budget: str = "60s"
    device: str = "auto"
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
    duplicates: str = "auto"
    deployment_shares: Mapping[str, float] | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse values out of range, whichever way they came."""
        _one_of("format", self.format, [name for name in FORMATS if name != "html"])
        _one_of("engine", self.engine, ENGINES)
        _one_of("duplicates", self.duplicates, list(DuplicateSearch))
        _within("jobs", self.jobs, 1, MAX_JOBS)
        _within("seed", self.seed, 0, MAX_SEED)
        _within("near_duplicate_distance", self.near_duplicate_distance, 0, HASH_BITS)
        for name, share in (self.deployment_shares or {}).items():
            _within(f"deployment_shares: {name}", share, 0, 1)
        parse_budget(self.budget)
        _check_device(self.device)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, where: str = "the settings") -> Settings:
        """Build settings from plain values, and refuse what is unknown or of the wrong type.

        Raises
        ------
        ConfigError
            With the near key when one is unknown; with what was expected and found when a value is unusable.
        """
        hints = get_type_hints(cls)
        known = [name.name for name in fields(cls)]
        cleaned = {}
        for key, value in conform(values, Mapping[str, Any], where).items():
            name = key.replace("-", "_")
            if name not in known:
                raise ConfigError(f"{where}: unknown key {key!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
            cleaned[name] = _convert(value, hints[name], f"{where}: {key!r}")
        try:
            return cls(**cleaned)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None

    def override(self, **values: Any) -> Settings:
        """Return the settings with the values that are not None put over them."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})


def load_settings(path: Path | None = None, *, start: Path | None = None) -> Settings:
    """Read settings from ``path``, or from the nearest configuration file at or above ``start``.

    Without a file, or with a ``pyproject.toml`` that has no ``[tool.datacheck]``, these are the defaults.

    Raises
    ------
    ConfigError
        When the file that was named is missing, is not TOML, or holds an unknown key.
    """
    if path is not None:
        if not path.is_file():
            raise ConfigError(f"expected a configuration file at {path}, found none")
        return _read(path) or Settings()
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        for name in FILE_NAMES:
            file = candidate / name
            settings = _read(file) if file.is_file() else None
            if settings is not None:
                return settings
    return Settings()


def _read(path: Path) -> Settings | None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: expected TOML, but {error}") from error
    if path.name == "pyproject.toml":
        tool = content.get("tool", {})
        if not isinstance(tool, dict) or "datacheck" not in tool:
            return None
        values = tool["datacheck"]
    else:
        values = content
    settings = Settings.from_mapping(values, where=str(path))
    if settings.out is None or Address.of(settings.out) is not None:
        return settings
    return replace(settings, out=path.parent / settings.out)


def _convert(value: Any, hint: Any, where: str) -> Any:
    """Turn a TOML value into the type of a field: a path, a severity or a list may be written as text."""
    if isinstance(value, hint if isinstance(hint, type) else ()) and not isinstance(value, bool):
        return value
    if hint is Severity:
        word = conform(value, str, where)
        try:
            return Severity.parse(word)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None
    if hint == Path | None:
        return value if value is None or isinstance(value, Path) else Path(conform(value, str, where))
    if hint == tuple[str, ...] and isinstance(value, str):
        return tuple(word.strip() for word in value.split(","))
    return conform(value, hint, where)


def _one_of(name: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None:
        check_choice(name, value, known)


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise ConfigError(f"{name}: expected a number from {low} to {high}, found {value}")


def _check_device(device: str) -> None:
    if not re.fullmatch(rf"(?:{'|'.join(DEVICES)})(?::\d+)?", device):
        raise ConfigError(
            f"device: expected {', '.join(DEVICES)}, or one of several such as 'cuda:1', found {device!r}"
            f"{did_you_mean(device, DEVICES)}"
        )
