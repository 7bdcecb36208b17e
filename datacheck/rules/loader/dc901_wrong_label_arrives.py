"""DC901: images arrive with the label of another file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest, Task
from datacheck.rules.loader.base import TRAIN_FILES, CannotJudge, LoaderRule
from datacheck.text import plural


@dataclass(frozen=True)
class WrongLabelArrives(LoaderRule):
    """Images arrive with the label of another file.

    What
    ----
    Finds each image of the batches again among the audited files, and compares the label that arrives with the
    label of that file.

    Why it hurts training
    ---------------------
    Two lists that are sorted differently, or a shuffle of one of two lists, give every image the label of another.
    The loss falls slowly, and nothing else shows it.

    How it is measured
    ------------------
    By content: a small grey picture of the image against that of each audited file, through resize, crop, mirroring
    and normalisation. Class numbers are matched to class names by the dataset, or by the most frequent pairs. At
    least ``fewest`` images must be found again; copies of one photo count as one file.

    How to fix
    ----------
    Pair images and labels by name. If the labels were corrected in memory, audit the corrected dataset.

    Example
    -------
    Labels that are shifted by one::

        DC901 64 of 64 images that were found again in 'train' carry the label of another file: '000.jpg' is
          'ring' and arrives as 'box', '001.jpg' is 'box' and arrives as 'cone', '002.jpg' is 'cone' and arrives
          as 'ring'
    """

    code: ClassVar[str] = "DC901"
    name: ClassVar[str] = "wrong-label-arrives"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (TRAIN_FILES,)

    fewest: int = 16
    most_named: int = 3

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        manifest = context.manifest
        if manifest is None or manifest.task is not Task.CLASSIFICATION:
            raise CannotJudge("the audited dataset has no class labels to compare with")
        findings, n_compared = [], 0
        for loader in context.loaders:
            rows, given = _compared(loader, manifest)
            if len(rows) < self.fewest:
                continue
            n_compared += len(rows)
            wrong = manifest.label_codes[rows] != given
            if wrong.any():
                findings.append(self._finding(loader, manifest, (rows, given), wrong))
        if not n_compared:
            raise CannotJudge(
                f"fewer than {self.fewest} images with a class number were found again among the audited files: "
                f"random crops "
                "and colours hide them; look at the loader without augmentation"
            )
        if findings:
            return Found(tuple(findings))
        return Passed(f"{plural(n_compared, 'image')} found again, each with the label of its file")

    def _finding(
        self,
        loader: LoaderEvidence,
        manifest: Manifest,
        pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
        wrong: NDArray[np.bool_],
    ) -> Finding:
        rows, given = pairs
        order = np.flatnonzero(wrong)[np.argsort(rows[wrong], kind="stable")]
        named = [
            f"{manifest.sample_ids[int(rows[k])].as_py()!r} is {manifest.classes[manifest.label_codes[rows[k]]]!r} and "
            f"arrives as {manifest.classes[given[k]] if given[k] >= 0 else 'a number of no class'!r}"
            for k in order[: self.most_named]
        ]
        n_wrong = int(wrong.sum())
        verb = "carries" if n_wrong == 1 else "carry"
        return self.finding(
            f"{n_wrong:,} of {plural(len(rows), 'image')} that were found again in {loader.name!r} {verb} the label of "
            f"another file: {', '.join(named)}",
            "pair images and labels by name, not by the order of two listings",
            evidence={"n_wrong": n_wrong, "n_compared": len(rows), "examples": named},
            affected=self.issues(manifest.sample_ids.take(np.unique(rows[wrong]))),
        )


def _compared(loader: LoaderEvidence, manifest: Manifest) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the images that were found, and the class of the label that arrived, as the manifest's."""
    labels = loader.class_labels
    nothing = np.empty(0, dtype=np.int64)
    if loader.found is None or labels is None or len(labels) != len(loader.found.row):
        return nothing, nothing
    hit = (loader.found.row >= 0) & manifest.labelled[loader.found.row]
    rows, given = loader.found.row[hit], labels[hit]
    if not len(rows):
        return nothing, nothing
    return rows, class_of_number(manifest, loader.classes, manifest.label_codes[rows], given)[given]


def class_of_number(
    manifest: Manifest,
    classes: tuple[str, ...] | None,
    audited: NDArray[np.integer],
    given: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the manifest's class of each number that a loader gives, -1 where there is none.

    By the names of the dataset's classes; else the manifest's own order where it fits most images; else for each number
    the class that it comes with most often, each class once.
    """
    n_numbers = int(max(given.max(initial=0) + 1, len(classes or ()), len(manifest.classes)))
    known = {name: number for number, name in enumerate(manifest.classes)}
    if classes is not None and set(classes) & known.keys():
        named = [known.get(name, -1) for name in classes]
        return np.array([*named, *[-1] * (n_numbers - len(named))], dtype=np.int64)
    same = np.arange(n_numbers)
    same[len(manifest.classes) :] = -1
    together = np.zeros((n_numbers, len(manifest.classes)), dtype=np.int64)
    np.add.at(together, (np.clip(given, 0, None), audited), 1)
    rows, columns = linear_sum_assignment(-together)
    fitted = np.full(n_numbers, -1, dtype=np.int64)
    fitted[rows] = columns
    better = together[rows, columns].sum()
    if better >= CLEAR * len(given) and better > (audited == given).sum():
        return fitted
    return same


CLEAR = 0.7
"""Share of the images that another numbering of the classes must fit to be taken for the loader's own."""
