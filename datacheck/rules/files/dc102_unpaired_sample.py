"""DC102: images without a label file, and label files without an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues
from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import FileReader
from datacheck.pairing.name_matching import stem
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.dc103_pairing_order_mismatch import names_do_not_match
from datacheck.rules.files.shared import N_EXAMPLES, few, ids_of
from datacheck.text import plural

MAX_CANDIDATES = 2000
"""A near name is looked for among at most this many names without a partner."""


@dataclass(frozen=True)
class UnpairedSample(Rule):
    """An image has no label file, or a label file has no image.

    What
    ----
    Names the files of either listing that have no partner in the other, and rows whose label file is not there, each
    with the nearest name left over on the other side.

    Why it hurts training
    ---------------------
    One file too few on one side shifts every pair after it when listings are zipped. Where pairs are joined by name,
    the sample is silently dropped, and rare classes can vanish that way.

    How it is measured
    ------------------
    By the names, as DC103 compares them. In a paired manifest without listings also by looking whether each label
    file exists. The near name is ``difflib``'s closest match among what is left over; it is a guess, never a repair.

    How to fix
    ----------
    Rename, restore or label the file; or leave it out on purpose with ``datacheck.pairing.repair_by_name``.

    Example
    -------
    >>> from datacheck.manifest import Listings, Manifest
    >>> listings = Listings(("a1.jpg", "a2.jpg", "a3.jpg"), ("a1.png", "a3.png"))
    >>> manifest = Manifest.from_columns({"uri": listings.images}, listings=listings)
    >>> UnpairedSample().check(RuleContext(manifest)).findings[0].message
    "1 image has no label file: 'a2.jpg'"
    """

    code: ClassVar[str] = "DC102"
    name: ClassVar[str] = "unpaired-sample"
    severity: ClassVar[Severity] = Severity.ERROR

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        listings, repair = context.listings, context.pairing
        if listings is None or repair is None:
            return NotApplicable("there are no label files: open a pair of listings or a paired manifest")
        missing = _without_label_file(context.manifest)
        if not repair.judged and not missing:
            return NotApplicable(names_do_not_match(listings))
        images, labels = list(missing), []
        if repair.judged and context.manifest.listings is not None:
            images += [listings.images[row] for row in repair.unmatched_samples]
            labels += [listings.labels[row] for row in repair.unmatched_labels]
        sides = ((images, labels, "image", "label file"), (labels, images, "label file", "image"))
        findings = tuple(
            self._finding(context.manifest, *side, n_images=len(listings.images)) for side in sides if side[0]
        )
        if not findings:
            return Passed(f"each of {plural(len(listings.images), 'image')} has its label file")
        names = images + labels
        issues = sample_issues(
            self.code,
            ids_of(context.manifest, names),
            np.ones(len(names)),
            note=["no label file"] * len(images) + ["no image"] * len(labels),
        )
        return Found(findings, issues)

    def _finding(
        self, manifest: Manifest, names: Sequence[str], others: Sequence[str], one: str, other: str, *, n_images: int
    ) -> Finding:
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{plural(len(names), one)} {'has' if len(names) == 1 else 'have'} no {other}: {few(names)}",
            remedy=f"rename, restore or make the missing {other}, or leave these out by pairing by name",
            evidence={
                "n_unpaired": len(names),
                "share": len(names) / max(1, n_images),
                "examples": [{"name": name, "near": nearest_name(name, others)} for name in names[:N_EXAMPLES]],
            },
            sample_ids=tuple(ids_of(manifest, names[:100])),
            n_affected=len(names),
        )


def nearest_name(name: str, others: Sequence[str]) -> str | None:
    """Return the name among others whose stem is most like this one's; None when none is.

    Examples
    --------
    >>> nearest_name("images/cat_01.jpg", ["masks/dog_09.png", "masks/cta_01.png"])
    'masks/cta_01.png'
    """
    stems = {stem(other).rpartition("/")[2]: other for other in others[:MAX_CANDIDATES]}
    near = get_close_matches(stem(name).rpartition("/")[2], list(stems), n=1)
    return stems[near[0]] if near else None


def _without_label_file(manifest: Manifest) -> list[str]:
    """Images whose row names no label file, or one that is not there."""
    if manifest.task is not Task.PAIRED or manifest.listings is not None:
        return []
    table = manifest.table
    missing = pc.is_null(table["label_uri"]).to_numpy()
    if isinstance(manifest.reader, FileReader):
        reader = manifest.reader
        uris = table["label_uri"].to_pylist()
        missing = missing | np.array([uri is not None and reader.stamp(uri) is None for uri in uris], dtype=bool)
    return [str(uri) for uri in table["uri"].filter(missing).to_pylist()]
