"""DC104: names that differ in nothing but the extension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues
from datacheck.manifest import Manifest, Task
from datacheck.pairing.name_matching import stem
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, few, ids_of, names_are_paths
from datacheck.text import plural


@dataclass(frozen=True)
class AmbiguousStem(Rule):
    """Two files share a stem, so that a name no longer says which file, or which label, is meant.

    What
    ----
    Finds images in one folder that differ only in the extension (``a.jpg`` and ``a.png``), label files that do, and
    images that are given more than one label file.

    Why it hurts training
    ---------------------
    Code that joins images and labels by stem keeps one of the two and drops the other without a word; which one
    depends on the order of the listing. Often one of the two is a stale copy.

    How it is measured
    ------------------
    Exact comparison of the paths without their extension, over all files. Paths that differ in case are DC107.

    How to fix
    ----------
    Delete the stale file, or rename one so that every stem is unique in its folder.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"uri": ["x/a.jpg", "x/a.png", "x/b.jpg"], "label": ["cat", "cat", "dog"]})
    >>> AmbiguousStem().check(RuleContext(manifest)).findings[0].message
    "1 stem is shared by 2 images: 'x/a'"
    """

    code: ClassVar[str] = "DC104"
    name: ClassVar[str] = "ambiguous-stem"
    severity: ClassVar[Severity] = Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if not names_are_paths(manifest):
            return NotApplicable("the samples are not files with names")
        listings = context.listings
        images = listings.images if listings is not None else _distinct(manifest.table["uri"])
        sides = [(images, "image")]
        if listings is not None and 2 * len(set(listings.labels)) > len(listings.labels):
            sides.append((listings.labels, "label file"))
        findings, issues = [], []
        for names, noun in sides:
            cluster = shared_stems(names)
            rows = np.flatnonzero(cluster >= 0)
            if len(rows):
                clashing = [names[row] for row in rows]
                findings.append(self._finding(manifest, clashing, noun))
                ids = ids_of(manifest, clashing)
                issues.append(sample_issues(self.code, ids, np.ones(len(rows)), cluster=cluster[rows]))
        claimed = _claimed_twice(manifest)
        if claimed:
            findings.append(self._claimed(manifest, claimed))
            notes = ["more than one label file"] * len(claimed)
            issues.append(sample_issues(self.code, ids_of(manifest, claimed), np.ones(len(claimed)), note=notes))
        if findings:
            return Found(tuple(findings), pa.concat_tables(issues))
        return Passed(f"{plural(len(images), 'image')}, each with a stem of its own")

    def _finding(self, manifest: Manifest, names: Sequence[str], noun: str) -> Finding:
        stems = list(dict.fromkeys(stem(name) for name in names))
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=(
                f"{plural(len(stems), 'stem')} {'is' if len(stems) == 1 else 'are'} shared by "
                f"{plural(len(names), noun)}: {few(stems)}"
            ),
            remedy="delete the stale file of each stem, or rename one",
            evidence={"n_stems": len(stems), "n_files": len(names), "examples": list(names[:N_EXAMPLES])},
            sample_ids=tuple(ids_of(manifest, names[:100])),
            n_affected=len(names),
        )

    def _claimed(self, manifest: Manifest, images: Sequence[str]) -> Finding:
        return Finding(
            code=self.code,
            name=self.name,
            severity=Severity.ERROR,
            message=f"{plural(len(images), 'image')} given more than one label file: {few(images)}",
            remedy="keep one label file for each image, or merge them (instance masks, say) into one",
            evidence={"n_images": len(images), "examples": list(images[:N_EXAMPLES])},
            sample_ids=tuple(ids_of(manifest, images[:100])),
            n_affected=len(images),
        )


def shared_stems(names: Sequence[str]) -> NDArray[np.int64]:
    """Number of the stem that a path shares with a different path, -1 where its stem is its own; int64 [N].

    Examples
    --------
    >>> shared_stems(["a.jpg", "b.jpg", "a.png", "x/a.png"]).tolist()
    [0, -1, 0, -1]
    """
    if not names:
        return np.empty(0, np.int64)
    _, code, counts = np.unique(
        pc.dictionary_encode(pa.array([stem(name) for name in names])).indices.to_numpy(),
        return_inverse=True,
        return_counts=True,
    )
    cluster = np.full(len(names), -1, np.int64)
    several = np.flatnonzero(counts[code] > 1)
    different: dict[int, set[str]] = {}
    for row in several.tolist():
        different.setdefault(int(code[row]), set()).add(names[row])
    kept = [row for row in several.tolist() if len(different[int(code[row])]) > 1]
    number: dict[int, int] = {}
    for row in kept:
        cluster[row] = number.setdefault(int(code[row]), len(number))
    return cluster


def _distinct(column: pa.ChunkedArray) -> list[str]:
    return [uri for uri in pc.unique(column).to_pylist() if uri is not None]


def _claimed_twice(manifest: Manifest) -> list[str]:
    if manifest.task is not Task.PAIRED:
        return []
    pairs = manifest.table.select(["uri", "label_uri"]).drop_null()
    counted = pairs.group_by("uri").aggregate([("label_uri", "count_distinct")])
    return [str(uri) for uri in counted.filter(pc.field("label_uri_count_distinct") > 1)["uri"].to_pylist()]
