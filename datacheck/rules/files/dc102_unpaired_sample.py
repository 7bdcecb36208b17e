"""DC102: images without a label file, and label files without an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import NO_IMAGE, Manifest, Unread
from datacheck.manifest.object_store import reads_whole_files
from datacheck.pairing.name_matching import stem
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.dc103_pairing_order_mismatch import names_do_not_match
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED, ids_of
from datacheck.rules.requirements import LABEL_FILES
from datacheck.scanning.stamps import read_stamps
from datacheck.text import have, listed, plural

MAX_CANDIDATES = 2000
"""A similar name is searched among at most this many names: more take minutes."""

Side = tuple[str, list[str], str, list[str]]
"""What files without a partner are, their names, what the partner is, and the names without one on that side."""


@dataclass(frozen=True)
class UnpairedSample(Rule):
    """An image has no label file, or a label file has no image.

    What
    ----
    Names the files of either listing that have no partner in the other, and rows whose label file does not exist, each
    with the most similar name that is without a partner on the other side.

    Why it hurts training
    ---------------------
    If two listings are zipped, one missing file shifts every pair after it. If they are joined by name, the sample is
    dropped silently, and rare classes can disappear.

    How it is measured
    ------------------
    By the names, as DC103 compares them. In a table of pairs also by whether each label file exists. The similar name
    is the closest match of Python's ``difflib``; it is a guess and is never used as a repair.

    Of masks of one object each, that a split other than ``train`` has none at all is information: its masks may be kept
    back.

    An image without a YOLO label file is a warning: trainers take it as one without objects, which may be meant.

    How to fix
    ----------
    Rename, restore or label the file, or leave it out on purpose: ``datacheck.pairing.repair_by_name``.

    Example
    -------
    A mask was never drawn::

        images/a1.jpg    masks/a1.png
        images/a2.jpg
        images/a3.jpg    masks/a3.png

        DC102 1 image has no label file: 'images/a2.jpg'
    """

    code: ClassVar[str] = "DC102"
    name: ClassVar[str] = "unpaired-sample"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (LABEL_FILES,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, listings, repair = context.manifest, context.listings, context.pairing
        images, labels = _without_label_file(manifest), list[str]()
        orphans = [item for item in manifest.inventory.unread if item.reason == NO_IMAGE]
        if listings is not None and repair is not None:
            if not repair.judged and not images and not orphans:
                raise CannotJudge(names_do_not_match(listings))
            if repair.judged and manifest.listings is not None:
                images += [listings.images[row] for row in repair.unmatched_samples]
                labels += [listings.labels[row] for row in repair.unmatched_labels]
        n_images = len(manifest) if listings is None else len(listings.images)
        hidden = _splits_without_masks(manifest)
        images = [name for name in images if name not in {one for names in hidden.values() for one in names}]
        sides = (("image", images, "label file", labels), ("label file", labels, "image", images))
        findings = tuple(self._finding(manifest, side, n_images) for side in sides if side[1])
        findings += tuple(map(self._orphan_finding, orphans))
        findings += tuple(self._hidden_finding(split, names) for split, names in hidden.items())
        if not findings:
            return Passed(f"each of {plural(n_images, 'image')} has its label file")
        notes = ["no label file"] * len(images) + ["no image"] * len(labels)
        return Found(findings, self.issues(ids_of(manifest, images + labels), note=notes))

    def _finding(self, manifest: Manifest, side: Side, n_images: int) -> Finding:
        one, names, other, others = side
        kind = manifest.annotation_format
        may_be_empty = one == "image" and kind is not None and kind.name == "YOLO"
        remedy = f"rename, restore or make the missing {other}, or leave these files out by pairing by name"
        if may_be_empty:
            remedy = (
                "make the missing label file: an empty one where there is nothing to find, since YOLO's trainers take "
                "an image without a label file as one without objects"
            )
        return self.finding(
            f"{have(len(names), one)} no {other}: {listed(names, N_NAMED)}",
            remedy,
            severity=Severity.WARNING if may_be_empty else None,
            evidence={
                "n_unpaired": len(names),
                "share": len(names) / max(1, n_images),
                "examples": [{"name": name, "near": nearest_name(name, others)} for name in names[:N_EXAMPLES]],
            },
            affected=self.issues(ids_of(manifest, names)),
        )

    def _hidden_finding(self, split: str, names: list[str]) -> Finding:
        """Return the finding of a split in which no image has masks, as of a test set whose masks are kept back."""
        return self.finding(
            f"none of the {plural(len(names), 'image')} of {split!r} has a mask",
            f"add the masks if they should be there; else {split!r} can only be predicted",
            severity=Severity.INFO,
            evidence={"n_unpaired": len(names), "split": split},
            affected=len(names),
        )

    def _orphan_finding(self, item: Unread) -> Finding:
        """Return the finding of label files beside which the source found no image when it paired by name."""
        more = item.count - len(item.examples)
        return self.finding(
            f"{have(item.count, 'label file')} no image: {listed(item.examples)}"
            + (f" and {more:,} more" if more else ""),
            "restore or rename the missing image, or delete the label file; training code that zips sorted listings "
            "puts each image after it beside the label file of another",
            evidence={"n_unpaired": item.count, "examples": [{"name": name, "near": None} for name in item.examples]},
            affected=item.count,
        )


def nearest_name(name: str, others: Sequence[str]) -> str | None:
    """Return the name among others whose stem is most similar to this one's; None if none is.

    Examples
    --------
    >>> nearest_name("images/cat_01.jpg", ["masks/dog_09.png", "masks/cta_01.png"])
    'masks/cta_01.png'
    """
    stems = {stem(other).rpartition("/")[2]: other for other in others[:MAX_CANDIDATES]}
    near = get_close_matches(stem(name).rpartition("/")[2], list(stems), n=1)
    return stems[near[0]] if near else None


def _splits_without_masks(manifest: Manifest) -> dict[str, list[str]]:
    """Return the images of each split without any mask, where masks are of one object each and another split has some.

    The training split is none of these.
    """
    if not manifest.has_instances or not manifest.labelled.any():
        return {}
    uris, codes = np.array(manifest.table["uri"].to_pylist(), dtype=object), manifest.split_codes
    empty = [k for k in range(len(manifest.splits)) if not manifest.labelled[codes == k].any()]
    return {manifest.splits[k]: uris[codes == k].tolist() for k in empty if manifest.splits[k] != "train"}


def _without_label_file(manifest: Manifest) -> list[str]:
    """Images whose row names no label file, or one that does not exist."""
    table = manifest.table
    if manifest.has_instances:
        return [str(uri) for uri in table["uri"].filter(pc.is_null(table["mask_files"])).to_pylist()]
    if "label_uri" not in manifest or manifest.listings is not None:
        return []
    missing = pc.is_null(table["label_uri"]).to_numpy()
    if manifest.reader is not None and reads_whole_files(manifest.reader):
        named = np.flatnonzero(~missing)
        sizes = read_stamps(manifest.reader, table["label_uri"].take(pa.array(named)).combine_chunks())[0]
        missing = missing.copy()
        missing[named] = sizes < 0
    return [str(uri) for uri in table["uri"].filter(missing).to_pylist()]
