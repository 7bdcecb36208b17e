"""DC107: paths that break on another machine, or lead out of the dataset."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues
from datacheck.manifest import Manifest
from datacheck.manifest.readers import ESCAPED_BYTE
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, few, names_are_paths, path_columns
from datacheck.text import plural


@dataclass(frozen=True)
class PathHazard(Rule):
    """A path leads out of the dataset, or will not mean the same file on another machine.

    What
    ----
    Finds paths that escape the root, absolute paths, backslashes, names that clash where case is ignored, control
    characters, bytes that are no UTF-8, Unicode that is not in normal form C, and spaces or dots at the end of a name.

    Why it hurts training
    ---------------------
    The dataset works on the machine that made it. Elsewhere files are missing, or one of two names that clash
    silently overwrites the other. A path out of the root may read, and ship, what is none of the dataset's business.

    How it is measured
    ------------------
    On the text of every path alone; no file is opened. Addresses (``s3://…``) are left out.

    How to fix
    ----------
    Store paths relative to the root with forward slashes, in lower case, from letters, digits, ``-``, ``_`` and ``.``.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"uri": ["a.jpg", "A.jpg", "../b.jpg"]})
    >>> [finding.evidence["hazard"] for finding in PathHazard().check(RuleContext(manifest)).findings]
    ['escapes-root', 'case-clash']
    """

    code: ClassVar[str] = "DC107"
    name: ClassVar[str] = "path-hazard"
    severity: ClassVar[Severity] = Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if not names_are_paths(manifest):
            return NotApplicable("the samples are not files with paths")
        findings, issues = [], []
        for hazard in HAZARDS:
            rows, examples = _find(hazard, manifest)
            if len(rows):
                findings.append(self._finding(hazard, manifest, rows, examples))
                suspicion = float(hazard.severity) / float(Severity.ERROR)
                ids = manifest.sample_ids.take(rows)
                issues.append(sample_issues(self.code, ids, suspicion, note=[hazard.name] * len(rows)))
        if findings:
            return Found(tuple(findings), pa.concat_tables(issues))
        return Passed(f"{plural(len(manifest), 'path')}, all relative and portable")

    def _finding(self, hazard: Hazard, manifest: Manifest, rows: NDArray[np.int64], examples: list[str]) -> Finding:
        return Finding(
            code=self.code,
            name=self.name,
            severity=hazard.severity,
            message=f"{plural(len(rows), 'sample')} with paths that {hazard.what}: {few(examples)}",
            remedy=hazard.remedy,
            evidence={"hazard": hazard.name, "n": len(rows), "examples": examples[:N_EXAMPLES]},
            sample_ids=tuple(manifest.sample_ids.take(rows[:100]).to_pylist()),
            n_affected=len(rows),
        )


@dataclass(frozen=True)
class Hazard:
    """One way for a path to be dangerous; ``find(paths, root)`` tells which are, bool [N]."""

    name: str
    severity: Severity
    what: str
    remedy: str
    find: Callable[[pa.Array, Path | None], NDArray[np.bool_]]


def escapes_root(paths: pa.Array, root: Path | None) -> NDArray[np.bool_]:
    """Whether each path leads out of the root, by its text alone.

    Examples
    --------
    >>> escapes_root(pa.array(["a/../b", "a/../../b", "/data/x", "/etc/x"]), Path("/data")).tolist()
    [False, True, False, True]
    """
    found = np.zeros(len(paths), dtype=bool)
    suspects = _true(pc.match_substring_regex(paths, r"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:[/\\]"))
    top = None if root is None else os.path.abspath(root).replace("\\", "/").rstrip("/")  # noqa: PTH100
    for row in np.flatnonzero(suspects):
        path = posixpath.normpath(paths[int(row)].as_py().replace("\\", "/"))
        if path.startswith("/"):
            found[row] = top is not None and not path.startswith(top + "/")
        else:
            found[row] = path == ".." or path.startswith("../")
    return found


def clashes(folded: pa.Array, paths: pa.Array) -> NDArray[np.bool_]:
    """Whether two different paths become one when folded; bool [N].

    Examples
    --------
    >>> clashes(pa.array(["a", "a", "b", "b"]), pa.array(["A", "a", "b", "b"])).tolist()
    [True, True, False, False]
    """
    pairs = pa.table({"folded": folded, "path": paths}).group_by(["folded", "path"]).aggregate([])
    counted = pairs.group_by("folded").aggregate([("path", "count")])
    several = counted.filter(pc.greater(counted["path_count"], 1))["folded"]
    return _true(pc.is_in(folded, value_set=several.combine_chunks()))


def _true(mask: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)


def _matches(pattern: str) -> Callable[[pa.Array, Path | None], NDArray[np.bool_]]:
    return lambda paths, root: _true(pc.match_substring_regex(paths, pattern))


_not_utf8 = _matches(ESCAPED_BYTE)


def _backslash(paths: pa.Array, root: Path | None) -> NDArray[np.bool_]:
    return _matches(r"\\")(paths, root) & ~_not_utf8(paths, root)


def _not_normal(paths: pa.Array, root: Path | None) -> NDArray[np.bool_]:
    return _true(pc.not_equal(paths, pc.utf8_normalize(paths, "NFC")))


def _find(hazard: Hazard, manifest: Manifest) -> tuple[NDArray[np.int64], list[str]]:
    """Rows with the hazard in any of their paths, and the first such paths."""
    affected = np.zeros(len(manifest), dtype=bool)
    examples: list[str] = []
    for column in path_columns(manifest).values():
        paths = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        paths = pc.if_else(pc.fill_null(pc.match_substring(paths, "://"), True), pa.scalar(None, pa.string()), paths)
        mask = hazard.find(paths, manifest.root)
        affected |= mask
        examples += paths.filter(pa.array(mask))[:N_EXAMPLES].to_pylist()
    return np.flatnonzero(affected), examples


HAZARDS = (
    Hazard(
        "escapes-root",
        Severity.ERROR,
        "lead out of the dataset's root",
        "move the files below the root, or choose a root that holds them all",
        escapes_root,
    ),
    Hazard(
        "case-clash",
        Severity.WARNING,
        "differ only in case: on macOS and Windows one overwrites the other",
        "rename one of each pair",
        lambda paths, root: clashes(pc.utf8_lower(paths), paths),
    ),
    Hazard(
        "control-character",
        Severity.WARNING,
        "hold a control character",
        "rename the files: a line break in a name breaks every listing",
        _matches(r"[\x00-\x1f\x7f]"),
    ),
    Hazard(
        "absolute",
        Severity.WARNING,
        "are absolute: they exist on this machine only",
        "store paths relative to the dataset's root",
        _matches(r"^/|^\\\\|^[A-Za-z]:[/\\]"),
    ),
    Hazard(
        "backslash",
        Severity.WARNING,
        "hold a backslash, which separates folders on Windows only",
        "write paths with forward slashes (Path.as_posix())",
        _backslash,
    ),
    Hazard(
        "not-utf8",
        Severity.WARNING,
        "hold bytes that are no UTF-8 (shown as \\xNN), which most formats cannot store",
        "rename the files in UTF-8, as convmv does",
        _not_utf8,
    ),
    Hazard(
        "trailing-space-or-dot",
        Severity.WARNING,
        "have a folder or file name that ends in a space or dot, which Windows drops",
        "rename the files",
        _matches(r"[ ]$|[^/.][. ]+/|[^/.]\.$"),
    ),
    Hazard(
        "not-nfc",
        Severity.INFO,
        "are not in Unicode normal form C: the same name may be written in two ways",
        "normalise names with unicodedata.normalize('NFC', name)",
        _not_normal,
    ),
)
"""Every hazard, worst first."""
