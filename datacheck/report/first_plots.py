"""The plots on top of the HTML report: what is looked at first."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from datacheck.report.figures import histogram_svg, ranked_svg
from datacheck.report.overview import Property
from datacheck.report.record import ReportRecord
from datacheck.report.tables import Histogram, class_counts, histogram
from datacheck.scanning.measurements import PROPERTIES

LEAST_DIFFERENCE = 0.1
"""Share of the images that would have to move for two splits to look alike, from which their histograms are shown."""


def first_plots(report: ReportRecord) -> tuple[Property, ...]:
    """Return the sizes of the classes, and the image property in which two splits differ most."""
    manifest = report.manifest
    found = []
    if len(manifest.classes) > 1 and report.manifest.task.label_column in ("label", "labels"):
        sizes = class_counts(manifest).sum(axis=1)
        label = "Samples of each class, the largest first"
        found.append(Property("Samples by class, the largest first", ranked_svg(sizes, manifest.classes, label)))
    drawn = _most_different(report)
    if drawn is not None:
        name, values = drawn
        title = f"{name.replace('_', ' ')} by split"
        found.append(Property(title, histogram_svg(values, manifest.splits, f"Histogram of {title}")))
    return tuple(found)


def _most_different(report: ReportRecord) -> tuple[str, Histogram] | None:
    manifest = report.manifest
    if report.measurements is None or len(manifest.splits) < 2:
        return None
    best: tuple[float, str, Histogram] | None = None
    for name in PROPERTIES:
        drawn = histogram(report.measurements.values(name), manifest.split_codes, len(manifest.splits))
        if drawn is None:
            continue
        filled = drawn.shares[drawn.counts > 0]
        moved = max((float(np.abs(a - b).sum()) / 2 for a, b in combinations(filled, 2)), default=0.0)
        if moved >= LEAST_DIFFERENCE and (best is None or moved > best[0]):
            best = (moved, name, drawn)
    return None if best is None else best[1:]
