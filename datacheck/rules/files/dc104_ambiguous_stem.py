"""DC104: names that differ only in the extension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.manifest.repeated_texts import maybe_repeated
from datacheck.pairing.name_matching import stem
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED, ids_of
from datacheck.rules.requirements import PATHS
from datacheck.text import have, listed, plural


@dataclass(frozen=True)
class AmbiguousStem(Rule):
    """Two files differ only in their extension, so that a stem no longer names one file.

    What
    ----
    Finds images in one folder that differ only in the extension (``a.jpg`` and ``a.png``), label files that do, and
    images with more than one label file.

    Why it hurts training
    ---------------------
    Code that joins images and labels by stem keeps one of the two files and drops the other silently; which one,
    depends on the order of the listing. Often one of the two is an old copy.

    How it is measured
    ------------------
    By exact comparison of the paths without their extension, over all files. Paths that differ in case are DC107.

    How to fix
    ----------
    Delete the old file, or rename one, so that every stem is unique in its folder.

    Example
    -------
    A photo was converted and the original was kept::

        x/a.jpg
        x/a.png
        x/b.jpg

        DC104 1 stem is shared by 2 images: 'x/a'
    """

    code: ClassVar[str] = "DC104"
    name: ClassVar[str] = "ambiguous-stem"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PATHS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, listings = context.manifest, context.listings
        images = pa.array(listings.images, pa.string()) if listings is not None else _distinct(manifest.table["uri"])
        sides = [(images, "image")]
        if listings is not None and 2 * len(set(listings.labels)) > len(listings.labels):
            sides.append((pa.array(listings.labels, pa.string()), "label file"))
        findings, issues = [], []
        for names, noun in sides:
            cluster = shared_stems(names)
            rows = np.flatnonzero(cluster >= 0)
            if len(rows):
                clashing = names.take(pa.array(rows)).to_pylist()
                issues.append(self.issues(ids_of(manifest, clashing), cluster=cluster[rows]))
                findings.append(self._clash(clashing, noun, issues[-1]))
        several = _with_several_label_files(manifest)
        if several:
            notes = ["more than one label file"] * len(several)
            issues.append(self.issues(ids_of(manifest, several), note=notes))
            findings.append(self._several(several, issues[-1]))
        if findings:
            return Found(tuple(findings), pa.concat_tables(issues))
        return Passed(f"{plural(len(images), 'image')}, each with its own stem")

    def _clash(self, names: Sequence[str], noun: str, issues: pa.Table) -> Finding:
        stems = list(dict.fromkeys(stem(name) for name in names))
        return self.finding(
            f"{plural(len(stems), 'stem')} {'is' if len(stems) == 1 else 'are'} shared by {plural(len(names), noun)}: "
            f"{listed(stems, N_NAMED)}",
            "delete the old file of each stem, or rename one",
            evidence={"n_stems": len(stems), "n_files": len(names), "examples": list(names[:N_EXAMPLES])},
            affected=issues,
        )

    def _several(self, images: Sequence[str], issues: pa.Table) -> Finding:
        return self.finding(
            f"{have(len(images), 'image')} more than one label file: {listed(images, N_NAMED)}",
            "keep one label file for each image, or merge them into one (for example the masks of several objects)",
            severity=Severity.ERROR,
            evidence={"n_images": len(images), "examples": list(images[:N_EXAMPLES])},
            affected=issues,
        )


def shared_stems(names: pa.Array) -> NDArray[np.int64]:
    """Return the number of the stem that a path shares with a different path, -1 if it shares none; int64 [N].

    Examples
    --------
    >>> shared_stems(pa.array(["a.jpg", "b.jpg", "a.png", "x/a.png"])).tolist()
    [0, -1, 0, -1]
    """
    cluster = np.full(len(names), -1, np.int64)
    rows = maybe_repeated(names, stem)
    paths = names.take(pa.array(rows)).to_pylist()
    different: dict[str, set[str]] = {}
    for path in paths:
        different.setdefault(stem(path), set()).add(path)
    number: dict[str, int] = {}
    for row, path in zip(rows.tolist(), paths, strict=True):
        if len(different[stem(path)]) > 1:
            cluster[row] = number.setdefault(stem(path), len(number))
    return cluster


def _distinct(column: pa.ChunkedArray) -> pa.Array:
    found = pc.unique(column)
    return found.drop_null()


def _with_several_label_files(manifest: Manifest) -> list[str]:
    if "label_uri" not in manifest:
        return []
    pairs = manifest.table.select(["uri", "label_uri"]).drop_null()
    counted = pairs.group_by("uri").aggregate([("label_uri", "count_distinct")])
    return [str(uri) for uri in counted.filter(pc.field("label_uri_count_distinct") > 1)["uri"].to_pylist()]
