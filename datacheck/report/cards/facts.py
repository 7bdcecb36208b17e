"""What a card says, as values: both of its forms are written from these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from datacheck.findings import Failed, Finding, NotApplicable
from datacheck.manifest import ItemKind, Manifest, Task
from datacheck.report.cards.provenance import Provenance
from datacheck.report.dataset import dataset_title
from datacheck.report.record import ReportRecord
from datacheck.report.tables import class_counts
from datacheck.text import clean, number


@dataclass(frozen=True)
class CardFacts:
    """All of a card; texts are on one line and name no folder of this machine.

    Attributes
    ----------
    provenance, name
        What was said of the dataset, and its name.
    report
        The audit.
    splits
        Samples by split; empty where there are none.
    split_bytes
        Bytes of the files by split; empty where they were not measured.
    classes
        Each class with its samples by split, in the order of the manifest's classes.
    images
        What the images are, by name: formats, width and height (the median, and the ends).
    patterns
        The patterns of the image files, such as ``*.png``.
    defects
        Findings, worst first.
    unchecked
        What was not checked and why, with the codes of the rules.
    labels
        What is known of how many labels, boxes or regions of masks are wrong; empty where nothing is.
    contract
        The terms of its contract.
    """

    provenance: Provenance
    name: str
    report: ReportRecord
    splits: dict[str, int]
    split_bytes: dict[str, int]
    classes: tuple[tuple[str, tuple[int, ...]], ...]
    images: dict[str, str]
    patterns: tuple[str, ...]
    defects: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    labels: str
    contract: tuple[str, ...]

    @property
    def manifest(self) -> Manifest:
        """The dataset."""
        return self.report.manifest

    @property
    def identity(self) -> str:
        """The fingerprint's identity as 32 hexadecimal digits; empty where no fingerprint was taken."""
        return self.report.identity

    def plain(self, text: str) -> str:
        """Return a text on one line, with the dataset's name for its folder on this machine."""
        root = self.manifest.root
        return clean(text if root is None or len(root.parts) < 2 else text.replace(str(root), self.name))


def card_facts(report: ReportRecord, provenance: Provenance, contract: Sequence[str]) -> CardFacts:
    """Gather what a card says."""
    manifest = report.manifest
    return CardFacts(
        provenance=provenance,
        name=provenance.name or clean(dataset_title(manifest)),
        report=report,
        splits={clean(name): int((manifest.split_codes == code).sum()) for code, name in enumerate(manifest.splits)},
        split_bytes=_split_bytes(report),
        classes=_classes(manifest),
        images=_images(report),
        patterns=tuple(
            item.name
            for item in manifest.inventory.used
            if item.role == "images" and item.kind is ItemKind.FILE and manifest.root is not None
        ),
        defects=report.findings,
        unchecked=_unchecked(report),
        labels="; ".join(_wrong_labels(report)),
        contract=tuple(contract),
    )


def _wrong_labels(report: ReportRecord) -> Iterator[str]:
    """Yield how many labels, boxes and regions of masks are wrong, as far as a probe judged them."""
    if report.probe is not None and report.probe.label_yield is not None:
        yield report.probe.label_yield.count_in_words()
    for probe in (report.box_probe, report.mask_probe):
        yield from (count.in_words() for count in ([] if probe is None else probe.fault_counts()))


def _split_bytes(report: ReportRecord) -> dict[str, int]:
    if report.measurements is None:
        return {}
    sizes = np.nan_to_num(report.measurements.values("byte_size"))
    codes = report.manifest.split_codes
    return {clean(name): int(sizes[codes == code].sum()) for code, name in enumerate(report.manifest.splits)}


def _classes(manifest: Manifest) -> tuple[tuple[str, tuple[int, ...]], ...]:
    if not (manifest.task is Task.CLASSIFICATION or manifest.task.lists_classes):
        return tuple((clean(name), ()) for name in manifest.classes)
    counts = class_counts(manifest)
    return tuple(
        (clean(name), tuple(int(n) for n in row)) for name, row in zip(manifest.classes, counts.tolist(), strict=True)
    )


def _images(report: ReportRecord) -> dict[str, str]:
    """Return the formats of the readable images, and the range of their sizes."""
    if report.measurements is None:
        return {}
    table = report.measurements.table
    formats = Counter(one for one in table["format"].to_pylist() if one is not None)
    found = {"format": ", ".join(f"{name} {count:,}" for name, count in formats.most_common())} if formats else {}
    for name in ("width", "height"):
        values = report.measurements.values(name)
        values = values[np.isfinite(values)]
        if len(values):
            low, middle, high = np.percentile(values, [0, 50, 100])
            found[name] = f"{number(middle)} px" + ("" if low == high else f" ({number(low)} to {number(high)})")
    return found


def _unchecked(report: ReportRecord) -> tuple[str, ...]:
    """Return the gaps, the rules that crashed, and those that do not apply, by their reason."""
    lines = [gap.text for gap in report.gaps]
    lines += [
        f"{one.code} {one.name} crashed: {one.outcome.error}"
        for one in report.failed
        if isinstance(one.outcome, Failed)
    ]
    by_reason: dict[str, list[str]] = {}
    for one in report.with_status("not-applicable"):
        if isinstance(one.outcome, NotApplicable):
            by_reason.setdefault(one.outcome.reason, []).append(f"{one.code} {one.name}")
    return (*lines, *(f"{', '.join(codes)}: {reason}" for reason, codes in by_reason.items()))
