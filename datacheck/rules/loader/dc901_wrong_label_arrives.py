"""DC901: images arrive with the label of another file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
from datacheck.findings import Finding, Found, Outcome, Severity
from datacheck.manifest import Manifest, Task
from datacheck.rules.loader.base import TRAIN_FILES, CannotJudge, LoaderRule, unless_train
from datacheck.rules.loader.class_numbers import class_of_number, labels_of_files, own_classes
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
    least ``fewest`` images must be found again; copies of one photo count as one file. Where each class arrives
    as one other number, the loader has classes of its own, and this rule cannot tell.

    How to fix
    ----------
    Pair images and labels by name. If the labels were corrected in memory, audit the corrected dataset.

    Example
    -------
    One of two lists was shuffled::

        DC901 41 of 64 images that were found again in 'train' carry the label of another file: '000.jpg' is
          'cone' and arrives as 'box', '001.jpg' is 'box' and arrives as 'cone', '002.jpg' is 'box' and arrives
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
        findings, judged, unknown = [], {}, {}
        for loader in context.loaders:
            rows, given = labels_of_files(loader, manifest)
            if len(rows) < self.fewest:
                unknown[loader.name] = (
                    f"fewer than {self.fewest} images with a class number were found again among the audited files: "
                    "random crops and colours hide them; look at the loader without augmentation"
                )
                continue
            audited = manifest.label_codes[rows]
            number = class_of_number(manifest, loader.classes, audited, given)
            own = own_classes(number, audited, given, manifest.classes)
            if own:
                unknown[loader.name] = f"its classes are others than the audited: {own}"
                continue
            judged[loader.name] = f"{plural(len(rows), 'image')} found again, each with the label of its file"
            wrong = audited != number[given]
            if wrong.any():
                findings.append(self._finding(loader, manifest, (rows, number[given]), wrong))
        return Found(tuple(findings)) if findings else unless_train(judged, unknown)

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
