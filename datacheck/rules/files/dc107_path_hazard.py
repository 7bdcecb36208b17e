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

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.manifest.readers import ESCAPED_BYTE
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED
from datacheck.rules.requirements import PATHS
from datacheck.text import listed, plural


@dataclass(frozen=True)
class PathHazard(Rule):
    """A path leads out of the dataset, or does not name the same file on another machine.

    What
    ----
    Finds paths that lead out of the root, absolute paths, backslashes, names that are equal if case is ignored, control
    characters, bytes that are not UTF-8, Unicode that is not in normal form C, and names that end with a space or dot.

    Why it hurts training
    ---------------------
    The dataset works on the machine that made it. On another machine files are missing, or one of two equal names
    silently overwrites the other. A path out of the root may read, and publish, files that do not belong to the
    dataset.

    How it is measured
    ------------------
    By the text of every path; no file is opened. Addresses (``s3://…``) are left out.

    How to fix
    ----------
    Store paths relative to the root, with forward slashes, in lower case, made of letters, digits, ``-``, ``_`` and
    ``.``.

    Example
    -------
    Two photos on Linux, one on Windows::

        a.jpg
        A.jpg

        DC107 the paths of 2 samples differ only in case, so that one overwrites the other on macOS and Windows:
          'a.jpg' and 'A.jpg'
    """

    code: ClassVar[str] = "DC107"
    name: ClassVar[str] = "path-hazard"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PATHS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        findings, issues = [], []
        for hazard in HAZARDS:
            rows, examples = _find(hazard, manifest)
            if len(rows):
                suspicion = float(hazard.severity) / float(Severity.ERROR)
                issues.append(self.issues(context.ids(rows), suspicion, note=[hazard.name] * len(rows)))
                findings.append(self._finding(hazard, issues[-1], examples))
        if findings:
            return Found(tuple(findings), pa.concat_tables(issues))
        return Passed(f"{plural(len(manifest), 'path')}, all relative and portable")

    def _finding(self, hazard: Hazard, issues: pa.Table, examples: list[str]) -> Finding:
        n = issues.num_rows
        return self.finding(
            f"the {'path' if n == 1 else 'paths'} of {plural(n, 'sample')} {hazard.one if n == 1 else hazard.many}: "
            f"{listed(examples, N_NAMED)}",
            hazard.remedy,
            severity=hazard.severity,
            evidence={"hazard": hazard.name, "n": n, "examples": examples[:N_EXAMPLES]},
            affected=issues,
        )


@dataclass(frozen=True)
class Hazard:
    """One way for a path to be dangerous; ``find(paths, root)`` returns which are, bool [N].

    ``one`` and ``many`` end the sentence "the path … / the paths …".
    """

    name: str
    severity: Severity
    one: str
    many: str
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
    # Of two paths that become one, at least one is changed by folding: only what is folded like it is compared.
    changed = folded.filter(pc.fill_null(pc.not_equal(folded, paths), False))
    if not len(changed):
        return np.zeros(len(paths), dtype=bool)
    near = pc.is_in(folded, value_set=changed)
    pairs = (
        pa.table({"folded": folded.filter(near), "path": paths.filter(near)}).group_by(["folded", "path"]).aggregate([])
    )
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
    for column in (manifest.table[name] for name in ("uri", "label_uri") if name in manifest):
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
        "leads out of the root of the dataset",
        "lead out of the root of the dataset",
        "move the files below the root, or choose a root that contains them all",
        escapes_root,
    ),
    Hazard(
        "case-clash",
        Severity.WARNING,
        "differs only in case from that of another label file",
        "differ only in case, so that one overwrites the other on macOS and Windows",
        "rename one of each pair",
        lambda paths, root: clashes(pc.utf8_lower(paths), paths),
    ),
    Hazard(
        "control-character",
        Severity.WARNING,
        "contains a control character",
        "contain a control character",
        "rename the files: a line break in a name breaks every listing",
        _matches(r"[\x00-\x1f\x7f]"),
    ),
    Hazard(
        "absolute",
        Severity.WARNING,
        "is absolute and exists on this machine only",
        "are absolute and exist on this machine only",
        "store paths relative to the root of the dataset",
        _matches(r"^/|^\\\\|^[A-Za-z]:[/\\]"),
    ),
    Hazard(
        "backslash",
        Severity.WARNING,
        "contains a backslash, which separates folders on Windows only",
        "contain a backslash, which separates folders on Windows only",
        "write paths with forward slashes (Path.as_posix())",
        _backslash,
    ),
    Hazard(
        "not-utf8",
        Severity.WARNING,
        "contains bytes that are not UTF-8 (shown as \\xNN), which most formats cannot store",
        "contain bytes that are not UTF-8 (shown as \\xNN), which most formats cannot store",
        "rename the files in UTF-8, for example with convmv",
        _not_utf8,
    ),
    Hazard(
        "trailing-space-or-dot",
        Severity.WARNING,
        "has a folder or file name that ends with a space or dot, which Windows removes",
        "have a folder or file name that ends with a space or dot, which Windows removes",
        "rename the files",
        _matches(r"[ ]$|[^/.][. ]+/|[^/.]\.$"),
    ),
    Hazard(
        "not-nfc",
        Severity.INFO,
        "is not in Unicode normal form C, so the same name can be written in two ways",
        "are not in Unicode normal form C, so the same name can be written in two ways",
        "normalise the names with unicodedata.normalize('NFC', name)",
        _not_normal,
    ),
)
"""Every hazard, the worst first."""
