"""The result of a probe of boxes: numpy arrays and numbers, no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.labels.fault_count import FaultCount
from datacheck.manifest import Manifest, Modality, Objects, Task
from datacheck.probing.objects.missing import Missing
from datacheck.probing.objects.placement import Placement
from datacheck.probing.outputs import ProbeOutputs


@dataclass(frozen=True)
class BoxProbe:
    """What the probe says of the boxes of a dataset.

    Attributes
    ----------
    objects
        Which of the manifest's objects were judged, int64 [B], ascending.
    crops
        Outputs of the probe on the pictures in these boxes, row n for ``objects[n]``; the sample ids are
        `object_ids`. Only the classes that have enough boxes are in it. None where classes could not be judged.
    why_not
        Why ``crops`` is None; else empty.
    left_out
        How many boxes were not judged, by the reason.
    seconds
        Wall time.
    placement
        Where the boxes are, and whether they hold an object; None where that was not judged.
    why_not_placed
        Why ``placement`` is None; else empty.
    missing
        Where objects without a box may be; None where that was not judged.
    why_not_missing
        Why ``missing`` is None; else empty.
    """

    objects: NDArray[np.int64]
    crops: ProbeOutputs | None
    why_not: str = ""
    left_out: tuple[tuple[str, int], ...] = ()
    seconds: float = 0.0
    placement: Placement | None = None
    why_not_placed: str = ""
    missing: Missing | None = None
    why_not_missing: str = ""

    def fault_counts(self) -> list[FaultCount]:
        """Return how many boxes hold no object, lie elsewhere and are missing, as far as that was judged."""
        placed = [] if self.placement is None else [self.placement.n_spurious(), self.placement.n_misplaced()]
        return [*placed, *([] if self.missing is None else [self.missing.n_missing()])]


@dataclass(frozen=True)
class ListedBoxes:
    """Boxes whose class is worth a look, the most suspect first; [n].

    ``objects`` are numbers of the manifest's objects, ``given`` and ``suggested`` class names; ``suspicion`` is in
    [0, 1], high is worse.
    """

    objects: NDArray[np.int64]
    given: NDArray[np.object_]
    suggested: NDArray[np.object_]
    suspicion: NDArray[np.float64]


def listed_boxes(probe: BoxProbe, manifest: Manifest) -> ListedBoxes:
    """Return the boxes of the list down to the recommended depth whose class the probe contradicts."""
    objects, crops = manifest.objects, probe.crops
    assert objects is not None
    assert crops is not None
    depth = 0 if crops.label_yield is None else crops.label_yield.n_to_review
    doubt = class_suspicion(probe)
    order = np.argsort(-doubt, kind="stable")[:depth]
    given, suggested = class_names(manifest, objects)[probe.objects[order]], predicted_classes(crops)[order]
    differ = given != suggested
    return ListedBoxes(probe.objects[order][differ], given[differ], suggested[differ], doubt[order][differ])


def class_suspicion(probe: BoxProbe) -> NDArray[np.float64]:
    """Return how suspect the class of each box is, in [0, 1], high is worse; [B].

    It is one minus the label quality, less for a box that looks empty: what is not there has no class, and DC841 names
    it. The weight of that, the root of how much it looks like an object, was chosen on two draws of the playing cards.
    """
    assert probe.crops is not None
    doubt = np.clip(1 - np.nan_to_num(probe.crops.label_quality.astype(np.float64), nan=1.0), 0, 1)
    if probe.placement is None:
        return doubt
    place = np.searchsorted(probe.placement.objects, probe.objects)
    place = np.minimum(place, len(probe.placement.objects) - 1)
    known = probe.placement.objects[place] == probe.objects
    objectness = 1 - np.clip(probe.placement.emptiness[place], 0, 1)
    return np.where(known, doubt * np.sqrt(objectness), doubt)


def predicted_classes(crops: ProbeOutputs) -> NDArray[np.object_]:
    """Return the most likely class of each box that was judged; [B]."""
    assert crops.pred_probs is not None
    names: NDArray[np.object_] = np.array(crops.classes, dtype=object)[crops.pred_probs.argmax(axis=1)]
    return names


def class_names(manifest: Manifest, objects: Objects) -> NDArray[np.object_]:
    """Return the class name of each object, None where its class is not declared; [M]."""
    return np.array([*manifest.classes, None], dtype=object)[objects.class_id]


def object_ids(manifest: Manifest, objects: Objects) -> NDArray[np.str_]:
    """Return an id for each object: the sample id, ``#``, and its number within the image, from 0; [M]."""
    first = np.searchsorted(objects.row, np.arange(len(manifest)))
    samples = manifest.sample_ids.to_pylist()
    number = np.arange(len(objects)) - first[objects.row]
    return np.array([f"{samples[row]}#{k}" for row, k in zip(objects.row, number, strict=True)], dtype=np.str_)


def crop_manifest(manifest: Manifest, chosen: NDArray[np.int64], groups: NDArray[np.int64] | None = None) -> Manifest:
    """Return a manifest of the pictures in some boxes: a row a box, its class the label.

    Parameters
    ----------
    manifest
        The dataset.
    chosen
        The objects, [B].
    groups
        What must stay in one fold, by row of the dataset, [N].
    """
    objects = manifest.objects
    assert objects is not None
    names = class_names(manifest, objects)[chosen]
    columns = {
        "sample_id": pa.array(object_ids(manifest, objects)[chosen].tolist(), pa.string()),
        "label": pa.array(names.tolist(), pa.string()),
    }
    if groups is not None:
        columns["group"] = pc.cast(pa.array(groups[objects.row[chosen]]), pa.string())
    present = set(names.tolist())
    classes = [name for name in manifest.classes if name in present]
    return Manifest.from_columns(columns, task=Task.CLASSIFICATION, modality=Modality.IMAGE, classes=classes)
