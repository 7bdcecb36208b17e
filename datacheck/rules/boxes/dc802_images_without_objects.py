"""DC802: images without any object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import ANNOTATIONS
from datacheck.stats import proportion
from datacheck.text import have, percent, percent_range, plural


@dataclass(frozen=True)
class ImagesWithoutObjects(Rule):
    """Many images have no object, or are missing from the annotations.

    What
    ----
    Counts the images whose annotations are empty, and names the images that the annotations do not mention at all.

    Why it hurts training
    ---------------------
    An image without objects is a background image: the model learns that there is nothing to find. Where the objects
    were only never drawn, it learns the opposite of what it should.

    How it is measured
    ------------------
    An empty annotation file says that there is no object: up to ``most_empty`` of the images that is usual, above it
    is a finding of severity info with a 95 % interval (Wilson). Images that an annotation file for many images does not
    list are named always; a missing label file of one image is DC102.

    How to fix
    ----------
    Look at some of the images. Draw what is missing, or leave out the images that nobody annotated.

    Example
    -------
    Half of the images were never annotated::

        DC802 20 images are not mentioned in the annotations: trainers take them as images without objects, or leave
          them out
    """

    code: ClassVar[str] = "DC802"
    name: ClassVar[str] = "images-without-objects"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (ANNOTATIONS,)

    most_empty: float = 0.1  # Ultralytics advises 0 to 10 % background images

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        labels = manifest.table["labels"].combine_chunks()
        missing = pc.is_null(labels).to_numpy(zero_copy_only=False)
        problems = _lengths(manifest, "annotation_problems")
        counts = _lengths(manifest, "annotated_objects")
        empty = ~missing & (counts == 0) & (problems == 0)
        findings, issues = [], []
        if missing.any() and "label_uri" not in manifest:
            n_missing = int(missing.sum())
            notes = ["not mentioned in the annotations"] * n_missing
            issues.append(self.issues(context.ids(np.flatnonzero(missing)), 1.0, note=notes))
            findings.append(
                self.finding(
                    f"{plural(n_missing, 'image')} {'is' if n_missing == 1 else 'are'} not mentioned in the "
                    "annotations: trainers take them as images without objects, or leave them out",
                    "annotate them, list them as empty, or leave them out of the dataset",
                    evidence={"n_missing": n_missing, "share": float(missing.mean())},
                    affected=issues[0],
                )
            )
        n_empty, n_read = int(empty.sum()), int((~missing).sum())
        share = proportion(n_empty, n_read) if n_read else None
        if share is not None and share.low > self.most_empty:
            rows = np.flatnonzero(empty)
            issues.append(self.issues(context.ids(rows), 0.1, note=["no object"] * n_empty))
            findings.append(
                self.finding(
                    f"{have(n_empty, 'image')} no object, {percent(share.value)} of the annotated ones "
                    f"({percent_range(share.low, share.high)}): right only where there is nothing to find",
                    "look at some of them: draw what is missing, and keep those that show background on purpose",
                    severity=Severity.INFO,
                    evidence={"n_empty": n_empty, "share": share.value, **context.where(rows)},
                    affected=issues[-1],
                )
            )
        if findings:
            return Found(tuple(findings), pa.concat_tables(issues))
        return Passed(f"{have(n_empty, 'image')} no object, {percent(n_empty / max(1, n_read))} of the annotated ones")


def _lengths(manifest: Manifest, name: str) -> NDArray[np.int64]:
    """Return how many entries each image has in a column of lists."""
    lengths = pc.fill_null(pc.list_value_length(manifest.table[name]), 0)
    return np.asarray(lengths.to_numpy(), dtype=np.int64)
