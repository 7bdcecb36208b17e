"""Every error that datacheck raises on purpose.

::

    DatacheckError
    ├── SourceError          a source cannot be opened, or is not of the kind that it was opened as
    ├── ManifestError        a manifest breaks its schema
    ├── ConfigError          an option or configuration key is unknown or has an unusable value
    ├── StorageError         a saved artefact is missing, damaged, or of a newer schema
    ├── MissingExtraError    an optional dependency is not installed (also an ImportError)
    ├── ScanError            a scan cannot be run at all (a single bad file never raises)
    ├── ProbeError           a probe cannot be trained on this dataset
    ├── PreflightError       a loader, a model or a loss cannot be looked at
    ├── PlanError            a training plan does not fit the dataset or the request
    ├── RelabelError         a relabel queue or a set of answers is refused
    └── ContractError        a data contract cannot be read or checked

A message says what was expected, what was found, where, and what to do.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType

from datacheck.version import DISTRIBUTION


class DatacheckError(Exception):
    """The root of the tree; catch it to catch everything that datacheck raises on purpose."""


class SourceError(DatacheckError):
    """A source cannot be opened, or is not of the kind that it was opened as."""


class ManifestError(DatacheckError):
    """A manifest breaks its schema."""


class ConfigError(DatacheckError):
    """An option or configuration key is unknown or has an unusable value."""


class StorageError(DatacheckError):
    """A saved artefact is missing, damaged, or of a newer schema than this version reads."""


class MissingExtraError(DatacheckError, ImportError):
    """An optional dependency is not installed."""


class ScanError(DatacheckError):
    """A scan cannot be run at all; a single unreadable file is a row, never this error."""


class ProbeError(DatacheckError):
    """A probe cannot be trained on this dataset."""


class PreflightError(DatacheckError):
    """A loader, a model or a loss cannot be looked at."""


class PlanError(DatacheckError):
    """A training plan does not fit the dataset or the request."""


class RelabelError(DatacheckError):
    """A relabel queue or a set of answers is refused."""


class ContractError(DatacheckError):
    """A data contract cannot be read or checked."""


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra installs it.

    Parameters
    ----------
    module
        Import name, such as ``"torch"``.
    extra
        The extra of datacheck that brings it, such as ``"probe"``.
    purpose
        What needs it, as the subject of a sentence, such as ``"the probe"``.

    Raises
    ------
    MissingExtraError
        When the module is not installed.

    Examples
    --------
    >>> require("json", extra="probe", purpose="this example").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs {module}, which is not installed; run: {install_command(extra)}"
        ) from error


def install_command(extra: str) -> str:
    """Return the command that installs an extra.

    Examples
    --------
    >>> install_command("probe")
    "pip install 'datacheck-audit[probe]'"
    """
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def did_you_mean(given: str, known: list[str] | tuple[str, ...]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known word, or nothing when none is near.

    Examples
    --------
    >>> did_you_mean("selct", ["select", "ignore"])
    " (did you mean 'select'?)"
    """
    from difflib import get_close_matches

    near = get_close_matches(given, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def check_choice(option: str, found: str, known: Sequence[str]) -> None:
    """Refuse a word that an option does not take, and suggest the near one.

    Examples
    --------
    >>> check_choice("--format", "jsn", ("text", "json"))
    Traceback (most recent call last):
        ...
    datacheck.errors.ConfigError: --format: expected one of text, json, found 'jsn' (did you mean 'json'?)
    """
    if found not in known:
        near = did_you_mean(found, list(known))
        raise ConfigError(f"{option}: expected one of {', '.join(known)}, found {found!r}{near}")
