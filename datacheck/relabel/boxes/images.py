"""The images and boxes that questions and answers are about, in pixels and as their files write them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import FIRST_TURNED
from datacheck.errors import RelabelError
from datacheck.manifest import AnnotationFormat, Manifest, Unit
from datacheck.manifest.annotations import SHAPES
from datacheck.relabel.boxes.outlines import Outline
from datacheck.relabel.boxes.writers.base import is_rectangle
from datacheck.rules.base import RuleContext
from datacheck.scanning.measurements import Measurements
from datacheck.sources.annotations.base import Box

_OUTLINE_TOLERANCE = {Unit.SHARES: 1e-5, Unit.PIXELS: 0.01}
"""How far the points of a rectangle may be from its corners: they are kept as 32-bit numbers."""

_POLYGONS_MOVE = frozenset({"YOLO", "COCO", "LabelMe"})
"""Formats in which a polygon is drawn anew, and one that outlines its box is moved with it."""


@dataclass(frozen=True)
class KnownBox:
    """A box of the dataset.

    Attributes
    ----------
    annotation_id
        Names it within its image: where it stands in its file, of COCO the annotation's id.
    label
        Its class; None where that is not declared.
    box
        Left, top, right, bottom in pixels.
    written, stored
        Its class and its corners as the file writes them.
    shape
        One of `datacheck.manifest.annotations.SHAPES`.
    fixed
        Why its box cannot be moved; empty where it can.
    outline
        The polygon in pixels where that, and not its box, can be moved; else empty.
    """

    annotation_id: int
    label: str | None
    box: Box
    written: str
    stored: Box
    shape: str = "box"
    fixed: str = ""
    outline: Outline = ()


@dataclass(frozen=True)
class BoxImage:
    """An image with its boxes.

    Attributes
    ----------
    sample_id, uri
        As in the manifest.
    width, height
        The size in pixels that the boxes refer to; 0 where it is not known.
    boxes
        Its boxes, in the order of the file.
    file
        The annotation file; None where it has none.
    listed
        Whether the annotations mention the image.
    split
        Its split; None where there are none.
    fixed
        Why no box of it can be moved or added; empty where it can.
    """

    sample_id: str
    uri: str
    width: int
    height: int
    boxes: tuple[KnownBox, ...]
    file: str | None
    listed: bool = True
    split: str | None = None
    fixed: str = ""

    def box(self, annotation_id: int) -> KnownBox | None:
        """Return the box of an id; None where there is none, or more than one."""
        found = [each for each in self.boxes if each.annotation_id == annotation_id]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class BoxImages:
    """Images of a dataset with their boxes, by sample id.

    Attributes
    ----------
    images
        The images.
    classes
        The class names.
    kind
        What is true of all annotations.
    identity
        Identity of the dataset.
    """

    images: dict[str, BoxImage]
    classes: tuple[str, ...]
    kind: AnnotationFormat
    identity: str = ""

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        measurements: Measurements | None,
        sample_ids: Iterable[str] | None = None,
        *,
        identity: str = "",
    ) -> BoxImages:
        """Return some images of a manifest with boxes, or all.

        Raises
        ------
        RelabelError
            When the dataset has no boxes, or a sample is not in it.
        """
        if manifest.objects is None or manifest.annotation_format is None or "uri" not in manifest:
            raise RelabelError("the dataset has no boxes of image files")
        ids = manifest.sample_ids.to_pylist()
        position = {sample_id: row for row, sample_id in enumerate(ids)}
        wanted = ids if sample_ids is None else list(dict.fromkeys(sample_ids))
        unknown = [sample_id for sample_id in wanted if sample_id not in position]
        if unknown:
            raise RelabelError(
                f"{len(unknown)} samples are not in the manifest, such as {unknown[0]!r}: "
                "they belong to another dataset"
            )
        rows = np.array([position[sample_id] for sample_id in wanted], dtype=np.int64)
        images = {image.sample_id: image for image in _images(RuleContext(manifest, measurements), rows)}
        return cls(images, manifest.classes, manifest.annotation_format, identity)

    def with_size(self) -> BoxImages:
        """Return the images whose size is known: of the others no box can be drawn."""
        return replace(
            self, images={name: image for name, image in self.images.items() if image.width and image.height}
        )

    def written(self, label: str) -> str:
        """Return a class as the files write it."""
        return written_class(self.classes.index(label), self.classes, self.kind)

    def stored(self, image: BoxImage, box: Box) -> Box:
        """Return a box in pixels in the unit of the files, cut off at the edges of the image."""
        size = (image.width, image.height) * 2
        inside = [min(max(side, 0.0), float(limit)) for side, limit in zip(box, size, strict=True)]
        if self.kind.unit is Unit.SHARES:
            inside = [side / limit for side, limit in zip(inside, size, strict=True)]
        return (inside[0], inside[1], inside[2], inside[3])

    def stored_outline(self, image: BoxImage, outline: Outline) -> Outline:
        """Return an outline in pixels in the unit of the files, cut off at the edges of the image."""
        corners = [self.stored(image, (x, y, x, y))[:2] for x, y in zip(outline[0::2], outline[1::2], strict=True)]
        return tuple(side for corner in corners for side in corner)


def written_class(code: int, classes: tuple[str, ...], kind: AnnotationFormat) -> str:
    """Return a class as the files of a format write it: a name, or a number.

    Examples
    --------
    >>> kind = AnnotationFormat("COCO", Unit.PIXELS, declared=True, class_ids=(3, 7))
    >>> written_class(1, ("cup", "jar"), kind)
    '7'
    """
    return str(kind.class_ids[code]) if kind.declared and kind.class_ids else classes[code]


def _images(context: RuleContext, rows: NDArray[np.int64]) -> Iterator[BoxImage]:
    manifest, boxes = context.manifest, context.boxes
    assert boxes is not None
    objects, kind = boxes.objects, manifest.annotation_format
    assert kind is not None
    columns = [name for name in ("sample_id", "uri", "split", "labels", "annotation_file") if name in manifest]
    entries = manifest.table.select([*columns, "annotated_objects"]).take(rows).to_pylist()
    frame, fixed = context.image_sizes.frame, _fixed_rows(context)
    first = np.searchsorted(objects.row, rows)
    for row, entry, start in zip(rows.tolist(), entries, first.tolist(), strict=True):
        values = entry["annotated_objects"] or []
        pixels = boxes.boxes[start : start + len(values)].tolist()
        width, height = (0 if math.isnan(side) else int(side) for side in frame[row])
        known = tuple(
            _known(value, cast("Box", tuple(box)), (width, height), manifest.classes, kind)
            for value, box in zip(values, pixels, strict=True)
        )
        why = fixed.get(row, "")
        yield BoxImage(
            entry["sample_id"], entry["uri"], width, height, known, entry.get("annotation_file"),
            entry.get("labels") is not None, entry.get("split"), why,
        )  # fmt: skip


def _known(
    value: dict[str, Any], box: Box, size: tuple[int, int], classes: tuple[str, ...], kind: AnnotationFormat
) -> KnownBox:
    code, shape = value["class_id"], SHAPES[value["shape"]]
    stored = (value["left"], value["top"], value["right"], value["bottom"])
    fixed = ""
    outline: Outline = ()
    if shape == "keypoints" and kind.name == "YOLO":
        fixed = ""  # the box moves, and the key points stay where they are in the picture
    elif shape != "box":
        drawn = kind.name in _POLYGONS_MOVE and shape in ("polygon", "oriented box") and value["points"]
        if not (drawn and is_rectangle(drawn, stored, _OUTLINE_TOLERANCE[kind.unit])):
            outline = _in_pixels(drawn or (), size, kind.unit)
            fixed = f"it is drawn as {'an' if shape[0] in 'aeiou' else 'a'} {shape}, not as a box"
    elif value["crowd"]:
        fixed = "it is marked as a crowd"
    label = classes[code] if code >= 0 else None
    written = written_class(code, classes, kind) if code >= 0 else str(value["written"])
    return KnownBox(value["line"], label, box, written, stored, shape, fixed, outline)


def _in_pixels(points: Sequence[float], size: tuple[int, int], unit: Unit) -> Outline:
    scale = size if unit is Unit.SHARES else (1, 1)
    return tuple(side * scale[place % 2] for place, side in enumerate(points))


def _fixed_rows(context: RuleContext) -> dict[int, str]:
    """Return the rows whose boxes cannot be moved, and why."""
    sizes = context.image_sizes
    turned = np.zeros(len(context.manifest), dtype=bool)
    if context.measurements is not None:
        turned = np.nan_to_num(context.measurements.values("exif_orientation").astype(float)) >= FIRST_TURNED
    found = {int(row): "the size of its picture is not known" for row in np.flatnonzero(np.isnan(sizes.frame).any(1))}
    stored = turned & (sizes.frame == sizes.stored).all(axis=1)
    found |= {int(row): "its boxes are not of the upright picture (DC804)" for row in np.flatnonzero(stored)}
    found |= {int(row): "its boxes are in another convention (DC807)" for row in context.rows_in_other_convention}
    return found
