"""What a rule of an audit is, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.manifest import Listings, Manifest, Task
from datacheck.rules.common import SECTIONS, BaseRule, CannotJudge, Requirement, explanation
from datacheck.scanning.measurements import Measurements

if TYPE_CHECKING:
    from datacheck.annotations.conventions import Convention
    from datacheck.annotations.masks import Masks
    from datacheck.annotations.pixels import ImageSizes, PixelBoxes
    from datacheck.duplicates.clusters import DuplicateClusters
    from datacheck.fingerprints import Fingerprint
    from datacheck.pairing import Repair
    from datacheck.probing.objects import BoxProbe
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.probing.segments import MaskProbe


@dataclass(frozen=True)
class RuleContext:
    """Everything a rule may look at; what is None was not computed in this audit.

    Attributes
    ----------
    manifest
        The dataset, a row a sample.
    measurements
        Aligned with the manifest; None for tabular data or when nothing was scanned.
    fingerprint
        Statistics per split and class.
    probe
        Out-of-sample predictions, aligned with the manifest.
    reference
        The fingerprint of an earlier or accepted dataset, where the user gave one.
    deployment_shares
        Declared class shares where the model will run, summing to 1.
    seed
        Seed of everything random in a rule.
    near_duplicate_distance
        Bits in which the perceptual hashes of near duplicates may differ.
    find_copies
        Finds the duplicates of images, once for all rules; by the scan alone where it is None.
    find_masks
        Measures the masks, once for all rules; without showing progress where it is None.
    box_probe
        What the probe says of the boxes of a detection dataset.
    mask_probe
        What the probe says of the masks of a segmentation dataset.
    """

    manifest: Manifest
    measurements: Measurements | None = None
    fingerprint: Fingerprint | None = None
    probe: ProbeOutputs | None = None
    reference: Fingerprint | None = None
    deployment_shares: Mapping[str, float] | None = None
    seed: int = 0
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
    find_copies: Callable[[], DuplicateClusters] | None = None
    find_masks: Callable[[], Masks] | None = None
    box_probe: BoxProbe | None = None
    mask_probe: MaskProbe | None = None

    @cached_property
    def duplicates(self) -> DuplicateClusters | None:
        """Exact and near duplicate clusters, found once for all rules.

        Of images by their measurements, of a table by its feature columns; None where neither has the detail.
        """
        from datacheck.duplicates.clusters import duplicates_at_hand

        if self.measurements is not None and self.find_copies is not None:
            return self.find_copies()
        return duplicates_at_hand(self.manifest, self.measurements, self.near_duplicate_distance)

    @cached_property
    def listings(self) -> Listings | None:
        """The two listings as given; of a paired manifest without any, its rows that have both; else None."""
        manifest = self.manifest
        if manifest.listings is not None or "label_uri" not in manifest or "uri" not in manifest:
            return manifest.listings
        both = manifest.table.select(["uri", "label_uri"]).drop_null()
        return Listings(tuple(both["uri"].to_pylist()), tuple(both["label_uri"].to_pylist()))

    @cached_property
    def pairing(self) -> Repair | None:
        """The right pairing of `listings` by their names, found once for all rules."""
        if self.listings is None:
            return None
        from datacheck.pairing import repair_by_name

        return repair_by_name(self.listings)

    @cached_property
    def image_sizes(self) -> ImageSizes:
        """Width and height of the images, as measured and as annotated."""
        from datacheck.annotations.pixels import image_sizes

        return image_sizes(self.manifest, self.measurements)

    @cached_property
    def boxes(self) -> PixelBoxes | None:
        """All boxes in pixels, found once for all rules; None for a dataset without any."""
        from datacheck.annotations.pixels import pixel_boxes

        objects = self.manifest.objects
        return None if objects is None else pixel_boxes(self.manifest, objects, self.image_sizes)

    @cached_property
    def conventions(self) -> dict[Convention, NDArray[np.int64]]:
        """Rows of the manifest whose boxes are in another convention than the format's, by that convention."""
        from datacheck.annotations.conventions import find_conventions

        kind = self.manifest.annotation_format
        if self.boxes is None or kind is None:
            return {}
        return find_conventions(self.boxes, kind, self.manifest.split_codes)

    @property
    def rows_in_other_convention(self) -> NDArray[np.int64]:
        """The rows that `conventions` names, which DC807 reports: other rules leave their boxes out; [n]."""
        return np.concatenate([*self.conventions.values(), np.empty(0, dtype=np.int64)])

    @cached_property
    def masks(self) -> Masks | None:
        """What the masks hold, measured once for all rules; None for a dataset without any."""
        if self.manifest.task is not Task.SEGMENTATION:
            return None
        from datacheck.annotations.mask_files import measure_masks

        return self.find_masks() if self.find_masks is not None else measure_masks(self.manifest)

    @cached_property
    def mask_turns(self) -> NDArray[np.int64]:
        """The EXIF orientation that turns the mask of each image upright, see `datacheck.annotations.turns`; [N]."""
        from datacheck.annotations.turns import mask_turns, orientations

        found = np.ones(len(self.manifest), dtype=np.int64)
        if self.masks is not None:
            rows = self.masks.rows
            own = orientations(self.measurements, len(self.manifest))[rows]
            found[rows] = mask_turns(self.masks.sizes, self.image_sizes.take(rows), own)
        return found

    @property
    def measured(self) -> Measurements:
        """The measurements, for a rule that requires a scan."""
        if self.measurements is None:
            raise CannotJudge(NOT_SCANNED)
        return self.measurements

    def ids(self, rows: ArrayLike) -> pa.Array:
        """Return the sample ids of row numbers, in the order given; shape [n]."""
        taken = self.manifest.sample_ids.take(pa.array(np.asarray(rows, dtype=np.int64)))
        return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken

    def where(self, rows: NDArray[np.integer[Any]]) -> dict[str, dict[str, int]]:
        """Return how many of some rows each split and each class has, the most first, for a finding's evidence."""
        found = {}
        if self.manifest.splits:
            found["by_split"] = _counts(self.manifest.splits, self.manifest.split_codes[rows])
        if self.manifest.task is Task.CLASSIFICATION:
            by_class = _counts(self.manifest.classes, self.manifest.label_codes[rows])
            found["by_class"] = dict(list(by_class.items())[:MAX_CLASSES])
        return found


def _counts(names: Sequence[str], codes: NDArray[np.integer[Any]]) -> dict[str, int]:
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    return {names[k]: int(counts[k]) for k in np.argsort(-counts, kind="stable") if counts[k]}


MAX_CLASSES = 10
"""The evidence counts samples in at most this many classes, so that a thousand classes do not fill the page."""

NOT_SCANNED = "no file was scanned: the dataset has no images that can be opened"


class Rule(BaseRule[RuleContext]):
    """One thing to check in an audit: a frozen dataclass whose fields are its thresholds, and that defines `judge`.

    See `datacheck.rules.common.BaseRule` for its docstring and its attributes.

    Examples
    --------
    >>> from datacheck.findings import Found, Passed, Severity
    >>> from datacheck.rules.requirements import CLASSES
    >>> @dataclass(frozen=True)
    ... class FewClasses(Rule):
    ...     code, name, severity = "XY001", "few-classes", Severity.INFO
    ...     requires = (CLASSES,)
    ...     at_least: int = 3
    ...     def judge(self, context):
    ...         n = len(context.manifest.classes)
    ...         if n >= self.at_least:
    ...             return Passed(f"{n} classes")
    ...         return Found((self.finding(f"only {n} classes", "check that all class folders were copied"),))
    >>> FewClasses().check(RuleContext(Manifest.from_columns({"label": ["cat", "dog"]}))).findings[0].message
    'only 2 classes'
    >>> FewClasses().check(RuleContext(Manifest.from_columns({"target": [0.5, 0.7]}))).reason
    'needs class labels, and the task of this dataset is regression'
    """


__all__ = ["SECTIONS", "CannotJudge", "Requirement", "Rule", "RuleContext", "explanation"]
