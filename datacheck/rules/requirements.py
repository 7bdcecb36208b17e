"""What rules can require: each `Requirement` says why it is missing, in one place."""

from __future__ import annotations

import numpy as np

from datacheck.manifest import Manifest, Modality, Task
from datacheck.manifest.object_store import reads_whole_files
from datacheck.rules.base import NOT_SCANNED, Requirement, RuleContext

NO_PROBE = "needs the out-of-sample predictions of the probe: run the audit with --probe"
NO_MASK_PROBE = "needs what the probe says of the masks: run the audit with --probe"
NO_BOX_PROBE = "needs what the probe says of the boxes: run the audit with --probe"


def names_are_paths(manifest: Manifest) -> bool:
    """Whether the uris are paths of files, not keys in an archive or in memory."""
    return "uri" in manifest and (manifest.reader is None or reads_whole_files(manifest.reader))


def _scan(context: RuleContext) -> str | None:
    return NOT_SCANNED if context.measurements is None else None


def _pixels(context: RuleContext) -> str | None:
    if context.manifest.modality is Modality.TABULAR:
        return "reads pixels, and this dataset is a table"
    if context.measurements is None:
        return "reads pixels, and no image was scanned; audit a source whose images can be opened"
    return None if context.measurements.readable.any() else "no image could be read (see DC101)"


def _content(context: RuleContext) -> str | None:
    if context.duplicates is None:
        return "compares the content of the samples, and there are neither scanned images nor rows of enough detail"
    if context.measurements is not None and not context.measurements.readable.any():
        return "no image could be read (see DC101)"
    return None


def _paths(context: RuleContext) -> str | None:
    return None if names_are_paths(context.manifest) else "the samples are not files with paths"


def _listings(context: RuleContext) -> str | None:
    return (
        "needs label files beside the images: open two listings or a paired table" if context.listings is None else None
    )


def _label_files(context: RuleContext) -> str | None:
    return None if context.manifest.has_instances else _listings(context)


def _class_labels(context: RuleContext) -> str | None:
    task = context.manifest.task
    return None if task is Task.CLASSIFICATION else f"needs one class label a sample, and the task is {task.value}"


def _sample_classes(context: RuleContext) -> str | None:
    task = context.manifest.task
    if task in {Task.CLASSIFICATION, Task.MULTILABEL}:
        return None
    return f"needs class labels, one or several a sample, and the task is {task.value}"


def _classes(context: RuleContext) -> str | None:
    manifest = context.manifest
    if manifest.task is not Task.CLASSIFICATION and not manifest.task.lists_classes:
        return f"needs class labels, and the task of this dataset is {manifest.task.value}"
    return None if manifest.labelled.any() else "no sample has a class label (see DC106)"


def _class_labels_or_masks(context: RuleContext) -> str | None:
    return _masks(context) if context.manifest.task is Task.SEGMENTATION else _classes(context)


def _labels_or_masks(context: RuleContext) -> str | None:
    return _masks(context) if context.manifest.task is Task.SEGMENTATION else _labels(context)


def _target(context: RuleContext) -> str | None:
    task = context.manifest.task
    if task is not Task.REGRESSION:
        return f"needs a regression target, and the task of this dataset is {task.value}"
    return None if np.isfinite(context.manifest.target).any() else "no sample has a finite target (see DC106)"


def _labels(context: RuleContext) -> str | None:
    if context.manifest.task is Task.UNLABELLED or context.manifest.task.label_is_file:
        return "needs labels, and this dataset has no classes and no target"
    return None


def _boxes(context: RuleContext) -> str | None:
    return None if context.manifest.task is Task.DETECTION else "needs boxes or regions, and there are none"


def _objects(context: RuleContext) -> str | None:
    reason = _boxes(context)
    if reason is not None:
        return reason
    return None if context.boxes is not None and len(context.boxes.objects) else "no annotation file holds an object"


def _masks(context: RuleContext) -> str | None:
    if context.manifest.task is not Task.SEGMENTATION:
        return "needs a mask for each image, and there are none"
    return None if context.manifest.reader is not None else "the mask files cannot be reached"


def _instances(context: RuleContext) -> str | None:
    return None if context.manifest.has_instances else "needs one mask file an object"


def _splits(context: RuleContext) -> str | None:
    return "compares splits, and this dataset has fewer than two" if len(context.manifest.splits) < 2 else None


def _groups(context: RuleContext) -> str | None:
    return None if "group" in context.manifest else "needs a group column (patient, site, video), and there is none"


def _probe(context: RuleContext) -> str | None:
    if context.probe is not None:
        return None
    return _PROBED_OTHERWISE.get(context.manifest.task, NO_PROBE)


def _embeddings(context: RuleContext) -> str | None:
    if context.probe is None:
        return _probe(context)
    if context.probe.embeddings is None:
        return f"needs embeddings, and the probe's backend {context.probe.backend!r} makes none"
    return None


def _embeddings_or_columns(context: RuleContext) -> str | None:
    if context.probe is not None and context.manifest.modality is Modality.TABULAR and context.manifest.extra_columns:
        return None
    return _embeddings(context)


def _box_probe(context: RuleContext) -> str | None:
    return NO_BOX_PROBE if context.box_probe is None else None


def _mask_probe(context: RuleContext) -> str | None:
    return NO_MASK_PROBE if context.mask_probe is None else None


_PROBED_OTHERWISE = {
    Task.DETECTION: "judges labels of whole images, and the labels are boxes (DC840 to DC843 judge them)",
    Task.SEGMENTATION: "judges labels of whole images, and the labels are masks (DC850 to DC852 judge them)",
}

ANNOTATIONS = Requirement("boxes or regions", _boxes)
OBJECTS = Requirement("at least one box or region", _objects)
MASKS = Requirement("a mask for each image", _masks)
INSTANCES = Requirement("one mask file an object", _instances)
SCAN = Requirement("scanned images", _scan)
PIXELS = Requirement("readable images", _pixels)
CONTENT = Requirement("the content of the samples", _content)
PATHS = Requirement("files with paths", _paths)
LISTINGS = Requirement("label files beside the images", _listings)
LABEL_FILES = Requirement("label files beside the images, one or several for each", _label_files)
CLASS_LABELS = Requirement("one class label a sample", _class_labels)
SAMPLE_CLASSES = Requirement("one or several class labels a sample", _sample_classes)
CLASSES = Requirement("class labels, one or several a sample", _classes)
CLASSES_OR_MASKS = Requirement("class labels or masks of classes", _class_labels_or_masks)
LABELS_OR_MASKS = Requirement("labels of any kind, or masks of classes", _labels_or_masks)
TARGET = Requirement("a regression target", _target)
LABELS = Requirement("labels of any kind", _labels)
SPLITS = Requirement("two or more splits", _splits)
GROUPS = Requirement("a group column", _groups)
PROBE = Requirement("the probe (--probe)", _probe)
BOX_PROBE = Requirement("the probe of boxes (--probe)", _box_probe)
MASK_PROBE = Requirement("the probe of masks (--probe)", _mask_probe)
EMBEDDINGS = Requirement("the probe's embeddings (--probe)", _embeddings)
EMBEDDINGS_OR_COLUMNS = Requirement("embeddings, or the columns of a table", _embeddings_or_columns)
