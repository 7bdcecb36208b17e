"""Settings of an audit, from ``pyproject.toml`` (``[tool.datacheck]``) or ``datacheck.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.errors import ConfigError, did_you_mean
from datacheck.findings import Severity

FILE_NAMES = ("datacheck.toml", "pyproject.toml")


@dataclass(frozen=True)
class Settings:
    """Everything about an audit that can stand in a configuration file; dashes and underscores are the same.

    Attributes
    ----------
    select, ignore
        Rule codes, prefixes of codes, or slugs; ``ALL`` is every rule.
    fail_on
        The least severity that makes the command line exit with 1.
    format
        What goes to standard output: ``terminal``, ``json``, ``junit``, ``sarif`` or ``github``.
    out
        The run folder, relative to the configuration file.
    jobs
        Worker processes of the scan; None for one a core.
    engine
        ``local`` or ``ray``.
    seed
        Seed of everything random.
    probe
        Whether to train the probe; ``budget`` is its time, such as ``"60s"``; ``device`` where it runs.
    near_duplicate_distance
        Bits in which the perceptual hashes of near duplicates may differ.
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
    format: str = "terminal"
    out: Path | None = None
    jobs: int | None = None
    engine: str = "local"
    seed: int = 0
    probe: bool = False
    budget: str = "60s"
    device: str = "auto"
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
    deployment_shares: Mapping[str, float] | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

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
        for key, value in values.items():
            name = key.replace("-", "_")
            if name not in known:
                raise ConfigError(f"{where}: unknown key {key!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
            cleaned[name] = _convert(value, hints[name], key=key, where=where)
        return cls(**cleaned)

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
        values = content.get("tool", {}).get("datacheck")
        if values is None:
            return None
    else:
        values = content
    settings = Settings.from_mapping(values, where=str(path))
    return settings if settings.out is None else replace(settings, out=path.parent / settings.out)


def _convert(value: Any, hint: Any, *, key: str, where: str) -> Any:
    """Turn a TOML value into the type of a field."""
    if hint is Severity:
        return _severity(value, key=key, where=where)
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        hint = next(choice for choice in get_args(hint) if choice is not type(None))
        return _convert(value, hint, key=key, where=where)
    if origin is tuple:
        if isinstance(value, str):
            value = [word.strip() for word in value.split(",")]
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif hint is Path and isinstance(value, str | Path):
        return Path(value)
    elif _is_plain(value, hint, origin):
        return value
    expected = "a list of strings" if origin is tuple else "a table" if origin else getattr(hint, "__name__", str(hint))
    raise ConfigError(f"{where}: {key!r}: expected {expected}, found {type(value).__name__} {value!r}")


def _is_plain(value: Any, hint: Any, origin: Any) -> bool:
    """Whether a value already has a field's type; True is no number, and a table is no scalar."""
    if origin is not None:
        return isinstance(value, dict)
    return isinstance(hint, type) and isinstance(value, hint) and (hint is bool) is isinstance(value, bool)


def _severity(value: Any, *, key: str, where: str) -> Severity:
    if isinstance(value, Severity):
        return value
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key!r}: expected a severity, found {type(value).__name__} {value!r}")
    try:
        return Severity.parse(value)
    except ConfigError as error:
        raise ConfigError(f"{where}: {key!r}: {error}") from None
