"""A contract on disk: a Great Expectations project that a team can commit and edit, and what holds it to its word."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.errors import ContractError, StorageError, did_you_mean
from datacheck.findings import Severity
from datacheck.fingerprints import Fingerprint
from datacheck.storage import read_json, write_json, write_text
from datacheck_expectations.expectations import EXPECTATIONS
from datacheck_expectations.gx import gx, list_registered_expectation_implementations, quiet

SCHEMA = "datacheck.contract"
VERSION = 1
NAME = "datacheck"
"""Name of the suite, the validation definition and the checkpoint in the project."""

SEVERITIES = {"critical": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.INFO}

_SUITE = Path("expectations", f"{NAME}.json")
_PROJECT_FILES = ("great_expectations.yml", _SUITE, f"checkpoints/{NAME}.json", f"validation_definitions/{NAME}.json")
_IGNORED = "uncommitted/\n"


@dataclass(frozen=True)
class Term:
    """One expectation as its file holds it.

    Attributes
    ----------
    type, kwargs, severity, why
        The expectation's type, its thresholds, ``critical``, ``warning`` or ``info``, and why it is there.
    """

    type: str
    kwargs: Mapping[str, Any]
    severity: str = "critical"
    why: str = ""

    @property
    def digest(self) -> str:
        """A hash of what is judged: type, thresholds and severity."""
        text = json.dumps([self.type, _plain(self.kwargs), self.severity], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def subject(self) -> str:
        """What tells it from others of its type: its column and its split."""
        return " ".join(str(self.kwargs[name]) for name in ("column", "split") if name in self.kwargs)

    @property
    def promise(self) -> str:
        """The sentence that it promises; of Great Expectations' own expectations, their type and thresholds."""
        found = _BY_TYPE.get(self.type)
        if found is not None:
            return found.promise(self.kwargs)
        terms = ", ".join(f"{name} {value!r}" for name, value in self.kwargs.items())
        return f"{self.type.removeprefix('expect_').replace('_', ' ')}: {terms}"

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Term:
        """Return the term of an expectation in a suite's JSON."""
        notes = value.get("notes") or ""
        return cls(
            type=str(value["type"]),
            kwargs=dict(value.get("kwargs", {})),
            severity=str(value.get("severity") or "critical"),
            why=notes if isinstance(notes, str) else " ".join(notes),
        )

    @classmethod
    def of_expectation(cls, expectation: Any) -> Term:
        """Return the term of an expectation or of an expectation's configuration."""
        configuration = getattr(expectation, "configuration", expectation)
        severity = getattr(configuration.severity, "value", configuration.severity)
        kwargs = {key: value for key, value in configuration.kwargs.items() if key != "batch_id"}
        return cls.of({"type": configuration.type, "kwargs": json.loads(json.dumps(kwargs)), "severity": severity,
                       "notes": getattr(configuration, "notes", None)})  # fmt: skip


_BY_TYPE = {expectation.expectation_type: expectation for expectation in EXPECTATIONS}


@dataclass(frozen=True)
class Contract:
    """What a dataset must keep.

    Attributes
    ----------
    folder
        Where it lies.
    terms
        Its expectations, in the order of the suite's file.
    reference
        Fingerprint of the accepted dataset; None for a ready-made suite.
    near_duplicate_distance
        As in the audit that it was made from.
    source
        What it was made from, for people.
    """

    folder: Path
    terms: tuple[Term, ...]
    reference: Fingerprint | None = None
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
    source: str = ""
    sealed: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def load(cls, folder: str | Path, *, accept_edits: bool = False) -> Contract:
        """Read a contract, and refuse one whose suite is not what was sealed.

        Parameters
        ----------
        folder
            As written by `write_contract`.
        accept_edits
            Read a suite that was edited since; for `datacheck contract update`.

        Raises
        ------
        ContractError
            When a file is missing or damaged, is of another version, names an unknown expectation, or when the suite
            has lost, gained or changed an expectation since it was sealed.
        """
        folder = Path(folder)
        try:
            value = read_json(folder / "contract.json", schema=SCHEMA, version=VERSION)
            reference = _read_reference(folder, value["reference"])
            sealed = tuple(str(entry["digest"]) for entry in value["expectations"])
            described = {str(entry["digest"]): str(entry["type"]) for entry in value["expectations"]}
            distance, source = int(value["near_duplicate_distance"]), str(value["source"])
        except StorageError as error:
            raise ContractError(
                f"{error}; a contract is a folder that `datacheck contract init RUN -o contract/` writes"
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"{folder / 'contract.json'} is damaged ({type(error).__name__}: {error})") from error
        missing = [str(name) for name in _PROJECT_FILES if not (folder / name).is_file()]
        if missing:
            raise ContractError(f"expected a contract in {folder}, but {', '.join(missing)} is missing: restore it")
        terms = read_terms(folder)
        if not accept_edits:
            _check_sealed(terms, sealed, described, folder)
        return cls(folder, terms, reference, distance, source, sealed)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the expectations read by name."""
        return frozenset(str(term.kwargs["column"]) for term in self.terms if "column" in term.kwargs)


def _read_reference(folder: Path, digest: str | None) -> Fingerprint | None:
    if digest is None:
        return None
    path = folder / "fingerprint.json"
    reference = Fingerprint.load(path)
    if _file_digest(path) != digest:
        raise ContractError(
            f"{path} is not the fingerprint that contract.json sealed: restore it, or make the contract again"
        )
    return reference


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def read_terms(folder: Path) -> tuple[Term, ...]:
    """Read the expectations of a contract's suite file, every one of them known."""
    path = folder / _SUITE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        entries: Sequence[Mapping[str, Any]] = value["expectations"]
        terms = tuple(Term.of(entry) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContractError(f"expected a suite of expectations in {path}: {type(error).__name__}: {error}") from error
    if not terms:
        raise ContractError(f"{path} holds no expectation: a contract that demands nothing is always kept")
    known = list_registered_expectation_implementations()
    for term in terms:
        if term.type not in known:
            raise ContractError(
                f"{path} holds an expectation {term.type!r} that is not known here{did_you_mean(term.type, known)}: "
                "import the package that defines it first; it would be dropped in silence otherwise"
            )
        if term.severity not in SEVERITIES:
            raise ContractError(
                f"{path}: expected the severity {', '.join(SEVERITIES)} of {term.type}, found {term.severity!r}"
            )
    return terms


def _check_sealed(terms: Sequence[Term], sealed: Sequence[str], described: Mapping[str, str], folder: Path) -> None:
    found, wanted = Counter(term.digest for term in terms), Counter(sealed)
    if found == wanted:
        return
    lost = [described[digest] for digest in (wanted - found).elements()]
    extra = found - wanted
    gained = [f"{term.type} {term.subject}".strip() for term in terms if term.digest in extra]
    parts = [f"lost {', '.join(lost)}" if lost else "", f"gained {', '.join(gained)}" if gained else ""]
    raise ContractError(
        f"the suite in {folder / _SUITE} is not the one that contract.json sealed: it has "
        f"{' and '.join(part for part in parts if part)}. Where that is meant, accept the edit with "
        f"`datacheck contract update --contract {folder}`; otherwise restore the file"
    )


def write_contract(
    folder: Path,
    expectations: Sequence[Any],
    *,
    reference: Fingerprint | None = None,
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE,
    source: str = "",
) -> Contract:
    """Write a contract as a Great Expectations project with `contract.json` beside it.

    An earlier contract in the folder is replaced, everything else there is left alone.

    Raises
    ------
    ContractError
        When there is no expectation, or the folder holds something that is not a contract.
    """
    folder = Path(folder)
    if not expectations:
        raise ContractError("expected at least one expectation: a contract that demands nothing is always kept")
    if folder.exists() and any(folder.iterdir()) and not (folder / "contract.json").is_file():
        raise ContractError(
            f"expected a new folder or an earlier contract at {folder}, found other files: name another"
        )
    for name in ("expectations", "checkpoints", "validation_definitions", "plugins", "uncommitted"):
        if (folder / "contract.json").is_file() and (folder / name).is_dir():
            shutil.rmtree(folder / name)
    for name in ("great_expectations.yml", "contract.json"):
        (folder / name).unlink(missing_ok=True)
    _write_project(folder, expectations)
    if reference is not None:
        reference.save(folder / "fingerprint.json")
    seal(folder, reference=reference is not None, near_duplicate_distance=near_duplicate_distance, source=source)
    return Contract.load(folder)


def seal(folder: Path, *, reference: bool, near_duplicate_distance: int, source: str) -> None:
    """Write ``contract.json`` for the suite as it stands in its file."""
    from datacheck.version import __version__

    entries = [{"type": term.type, "subject": term.subject, "severity": term.severity, "digest": term.digest}
               for term in read_terms(folder)]  # fmt: skip
    write_json(
        folder / "contract.json",
        {
            "schema": SCHEMA,
            "version": VERSION,
            "datacheck": __version__,
            "source": source,
            "reference": _file_digest(folder / "fingerprint.json") if reference else None,
            "near_duplicate_distance": near_duplicate_distance,
            "expectations": entries,
        },
    )


def _write_project(folder: Path, expectations: Sequence[Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        context = gx.get_context(mode="file", context_root_dir=str(folder))
        context.variables.progress_bars = {"globally": False}
        context.variables.save()
        suite = context.suites.add(gx.ExpectationSuite(name=NAME, expectations=list(expectations)))
        batch = context.data_sources.add_pandas(NAME).add_dataframe_asset("samples")
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name=NAME, data=batch.add_batch_definition_whole_dataframe("all"), suite=suite)
        )
        context.checkpoints.add(gx.Checkpoint(name=NAME, validation_definitions=[definition], result_format="SUMMARY"))
    project = folder / "great_expectations.yml"
    lines = project.read_text(encoding="utf-8").splitlines()
    write_text(
        project,
        "\n".join("analytics_enabled: false" if line == "analytics_enabled:" else line for line in lines) + "\n",
    )
    write_text(folder / ".gitignore", _IGNORED)


def _plain(value: Any) -> Any:
    """Return JSON values with every number a float, so that 1 and 1.0 are the same threshold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
