"""A contract on disk: a Great Expectations project that a team can commit and edit, and the seal beside it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datacheck.duplicates import DuplicateSearch
from datacheck.errors import ContractError, StorageError
from datacheck.fingerprints import Fingerprint
from datacheck.manifest import Manifest
from datacheck.storage import read_json, write_json
from datacheck.version import __version__
from datacheck_expectations.copies import AS_AN_AUDIT, CopySearch
from datacheck_expectations.frame import CLUSTER_COLUMNS
from datacheck_expectations.project import NAME, PROJECT_FILES, SUITE, UNFINISHED, write_project
from datacheck_expectations.terms import Term, read_terms

SCHEMA = "datacheck.contract"
VERSION = 1
"""Version of ``contract.json``."""

SEAL = "contract.json"
"""Holds a digest of every term. It is written last, so that a folder with it is whole."""

FINGERPRINT = "fingerprint.json"

__all__ = ["NAME", "Contract", "edits", "seal", "write_contract"]


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
    copies
        How copies of images are searched for: as in the audit that it was made from.
    source
        What it was made from, for people.
    accepted
        Codes of the audit's errors that were accepted when the contract was made.
    sealed
        Digest of each term at the last seal.
    titles
        Title of each of them, by its digest.
    """

    folder: Path
    terms: tuple[Term, ...]
    reference: Fingerprint | None = None
    copies: CopySearch = AS_AN_AUDIT
    source: str = ""
    accepted: tuple[str, ...] = ()
    sealed: tuple[str, ...] = field(default=(), repr=False)
    titles: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, folder: str | Path, *, accept_edits: bool = False) -> Contract:
        """Read a contract, and refuse one whose suite is not the one that was sealed.

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
        found = _read_seal(folder)
        missing = [str(name) for name in PROJECT_FILES if not (folder / name).is_file()]
        if missing:
            raise ContractError(f"expected a contract in {folder}, but {', '.join(missing)} is missing: restore it")
        terms = read_terms(folder / SUITE)
        try:
            entries = found["expectations"]
            contract = cls(
                folder,
                terms,
                _read_reference(folder, found["reference"]),
                CopySearch(DuplicateSearch(found["duplicates"]), int(found["near_duplicate_distance"])),
                str(found["source"]),
                tuple(str(code) for code in found["accepted"]),
                tuple(str(entry["digest"]) for entry in entries),
                {str(entry["digest"]): f"{entry['type']} {entry['subject']}".strip() for entry in entries},
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ContractError(
                f"{folder / SEAL} is damaged ({type(error).__name__}: {error}): restore it, or make the contract again"
            ) from error
        if not accept_edits:
            _check_sealed(contract)
        return contract

    @property
    def copies_searched(self) -> CopySearch:
        """How copies are searched for: no nearer than a term needs it."""
        if CLUSTER_COLUMNS[1] in self.columns:
            return self.copies
        return replace(self.copies, search=DuplicateSearch.EXACT)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the expectations read by name."""
        return frozenset(name for term in self.terms for name in term.columns)

    @property
    def not_compared(self) -> tuple[str, ...]:
        """The columns of which only presence, kind and missing values are checked, in the order of the dataset."""
        compared = {str(term.kwargs["column"]) for term in self.terms if "column" in term.kwargs}
        checked = (name for term in self.terms if "column" not in term.kwargs for name in term.columns)
        return tuple(dict.fromkeys(name for name in checked if name not in compared))

    def uncovered(self, manifest: Manifest) -> tuple[str, ...]:
        """Return the extra columns of a dataset that no term reads."""
        return tuple(name for name in manifest.extra_columns if name not in self.columns)


def _read_seal(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / SEAL, schema=SCHEMA, version=VERSION)
    except StorageError as error:
        if (folder / UNFINISHED).is_dir():
            raise ContractError(
                f"writing the contract in {folder} was interrupted, so that it is not whole: write it again with "
                f"`datacheck contract init RUN -o {folder}`"
            ) from error
        raise ContractError(
            f"{error}; a contract is a folder that `datacheck contract init RUN -o contract/` writes"
        ) from error


def _read_reference(folder: Path, digest: str | None) -> Fingerprint | None:
    if digest is None:
        return None
    path = folder / FINGERPRINT
    try:
        is_sealed = _file_digest(path) == digest
        reference = Fingerprint.load(path) if is_sealed else None
    except (OSError, StorageError) as error:
        raise ContractError(f"{path} cannot be read ({error}): restore it, or make the contract again") from error
    if reference is None:
        raise ContractError(f"{path} is not the fingerprint that {SEAL} sealed: restore it, or make the contract again")
    return reference


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _check_sealed(contract: Contract) -> None:
    found, wanted = Counter(term.digest for term in contract.terms), Counter(contract.sealed)
    if found == wanted:
        return
    lost = [contract.titles[digest] for digest in (wanted - found).elements()]
    gained = [term.title for term in contract.terms if term.digest in found - wanted]
    parts = [f"lost {', '.join(lost)}" if lost else "", f"gained {', '.join(gained)}" if gained else ""]
    raise ContractError(
        f"the suite in {contract.folder / SUITE} is not the one that {SEAL} sealed: it has "
        f"{' and '.join(part for part in parts if part)}. If that is intended, accept the edit with "
        f"`datacheck contract update --contract {contract.folder}`; otherwise restore the file"
    )


def write_contract(
    folder: str | Path,
    expectations: Sequence[Any],
    *,
    reference: Fingerprint | None = None,
    copies: CopySearch = AS_AN_AUDIT,
    source: str = "",
    accepted: Sequence[str] = (),
) -> Contract:
    """Write a contract as a Great Expectations project with ``contract.json`` beside it, whole or not at all.

    An earlier contract in the folder is replaced; everything else there is left as it is.

    Raises
    ------
    ContractError
        When there is no expectation, or the folder holds something that is not a contract.
    """
    folder = Path(folder)
    if not expectations:
        raise ContractError("expected at least one expectation, found none: every dataset would keep such a contract")
    is_ours = (folder / SEAL).is_file() or (folder / UNFINISHED).is_dir()
    if folder.exists() and not is_ours and (not folder.is_dir() or any(folder.iterdir())):
        raise ContractError(
            f"expected a new or empty folder, or an earlier contract, at {folder}, found other files: name another"
        )

    def finish(project: Path) -> None:
        if reference is not None:
            reference.save(project / FINGERPRINT)
        _write_seal(project, Contract(project, (), reference, copies, source, tuple(accepted)))

    write_project(folder, expectations, finish, last=SEAL)
    return Contract.load(folder)


def seal(contract: Contract) -> Contract:
    """Seal the suite of a contract as it stands in its file, and return the contract with it."""
    _write_seal(contract.folder, contract)
    return Contract.load(contract.folder)


def _write_seal(folder: Path, contract: Contract) -> None:
    entries = [
        {"type": term.type, "subject": term.subject, "severity": term.severity, "digest": term.digest}
        for term in read_terms(folder / SUITE)
    ]
    value = {
        "schema": SCHEMA,
        "version": VERSION,
        "datacheck": __version__,
        "source": contract.source,
        "accepted": list(contract.accepted),
        "reference": None if contract.reference is None else _file_digest(folder / FINGERPRINT),
        "duplicates": str(contract.copies.search),
        "near_duplicate_distance": contract.copies.max_distance,
        "expectations": entries,
    }
    write_json(folder / SEAL, value)


def edits(folder: str | Path) -> str:
    """Return a line for each expectation that a contract's suite lost or gained since it was sealed."""
    contract = Contract.load(folder, accept_edits=True)
    now = {term.digest for term in contract.terms}
    lines = [f"   lost  {contract.titles[digest]}" for digest in contract.sealed if digest not in now]
    lines += [
        f" gained  {term.title}: {term.requirement}" for term in contract.terms if term.digest not in contract.sealed
    ]
    return "\n".join(lines) + "\n"
