"""Thumbnails with what the annotations say: boxes and polygons in the colour of their class, masks laid over."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.annotations.mask_files import read_mask
from datacheck.annotations.pixels import ImageSizes, image_sizes
from datacheck.annotations.turns import mask_turns, orientations, turned
from datacheck.manifest import Manifest, Task, Unit
from datacheck.manifest.readers import SampleReadError
from datacheck.probing.objects.outputs import listed_boxes
from datacheck.probing.objects.placement import RECALL
from datacheck.probing.segments.grids import GRID
from datacheck.probing.segments.suspicion import RECALLS
from datacheck.report.pictures import Thumbnails
from datacheck.report.record import ReportRecord
from datacheck.scanning.measurements import Measurements

LEAST_SIDE = 220
"""Pictures are enlarged to this longer side before boxes are drawn, so that small boxes can be seen; the page shows
them at this width (``.drawn`` in report.css), so that words on them can be read."""

MASK_SHARE = 0.55
"""How much of a picture its mask covers where it is not 0."""

TEXT_SIZE = 0.4
"""Of OpenCV's font: letters 9 pixels high, as small as the text beside the pictures."""

_QUALITY = 82
"""Of the JPEG that is written again: lines stay clear, and the page small."""

_GOLDEN = 0.61803
"""Steps of the hue between two classes: neighbours get colours far from each other."""


@dataclass(frozen=True)
class AnnotatedThumbnails:
    """Draws the annotations of a dataset on the thumbnails of another store.

    ``marks`` holds what the probe says of a box, by the row and the number of the box within its image; ``regions``
    what it says of regions of masks and of places without a box, by the row: left, top, right, bottom as shares of the
    image, and words.
    """

    store: Thumbnails
    manifest: Manifest
    measurements: Measurements | None = None
    marks: Mapping[tuple[int, int], str] = field(default_factory=dict)
    regions: Mapping[int, Sequence[tuple[tuple[float, ...], str]]] = field(default_factory=dict)

    def get(self, sample_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the pictures of some samples with their annotations; one that cannot be drawn on stays as it is."""
        found = self.store.get(sample_ids)
        rows = pc.index_in(pa.array(list(found), pa.string()), value_set=self.manifest.sample_ids).to_pylist()
        for sample_id, row in zip(list(found), rows, strict=True):
            if row is not None:
                found[sample_id] = self._drawn(found[sample_id], row)
        return found

    def _drawn(self, data: bytes, row: int) -> bytes:
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            return data
        factor = max(1.0, LEAST_SIDE / max(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        if self.manifest.task is Task.DETECTION:
            self._draw_objects(picture, row)
        else:
            picture = self._with_mask(picture, row)
        height, width = picture.shape[:2]
        for box, words in self.regions.get(row, ()):
            left, top, right, bottom = np.round(np.array(box) * [width, height, width, height]).astype(int).tolist()
            _mark(picture, (left, top, right, bottom), words)
        done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return encoded.tobytes() if done else data

    def _draw_objects(self, picture: NDArray[Any], row: int) -> None:
        height, width = picture.shape[:2]
        kind = self.manifest.annotation_format
        objects = self.manifest.table["annotated_objects"][row].as_py() or []
        scale = np.ones(2)
        if kind is not None and kind.unit is Unit.PIXELS:
            scale = 1 / self._frame(row, objects)
        for number, each in enumerate(objects):
            corners = np.array([[each["left"], each["top"]], [each["right"], each["bottom"]]]) * scale * (width, height)
            if not np.isfinite(corners).all():
                continue
            (left, top), (right, bottom) = np.clip(corners, -width - height, 2 * (width + height)).round().astype(int)
            colour = colour_of(each["class_id"])
            cv2.rectangle(picture, (left, top), (right, bottom), colour, 2)
            if (row, number) in self.marks:
                _mark(picture, (left, top, right, bottom), f"{self.marks[row, number]}?")
            if each["points"]:
                points = (
                    (np.array(each["points"][: len(each["points"]) // 2 * 2]).reshape(-1, 2) * scale * (width, height))
                    .round()
                    .astype(np.int32)
                )
                cv2.polylines(picture, [points], True, colour, 1)

    @property
    def _not_drawn(self) -> int:
        """The declared value of pixels that do not count, which no class' colour covers; 0 where there is none."""
        return self.manifest.mask_format.ignore_index or 0

    @cached_property
    def _sizes(self) -> ImageSizes:
        return image_sizes(self.manifest, self.measurements)

    @cached_property
    def _orientations(self) -> NDArray[np.int64]:
        return orientations(self.measurements, len(self.manifest))

    @cached_property
    def _frames(self) -> NDArray[np.float64]:
        """Width and height that coordinates in pixels refer to, NaN where unknown; [N, 2]."""
        return self._sizes.frame

    def _frame(self, row: int, objects: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
        """Return the size that an image's coordinates refer to; where it is unknown, as far as its boxes reach."""
        known: NDArray[np.float64] = self._frames[row]
        if np.isfinite(known).all():
            return known
        far = [max((each[side] for each in objects), default=1.0) for side in ("right", "bottom")]
        return np.array(far, dtype=np.float64)

    def _with_mask(self, picture: NDArray[Any], row: int) -> NDArray[Any]:
        mask = self._mask(row)
        if mask is None:
            return picture
        mask = self._upright(mask[..., :3] if mask.ndim == 3 else mask, row)
        mask = cv2.resize(mask, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_NEAREST)
        if mask.ndim == 3:
            colours, covered = mask.astype(np.uint8), mask.any(axis=2)
        else:
            values, place = np.unique(mask, return_inverse=True)
            table = np.array([colour_of(int(value)) for value in values], dtype=np.uint8)
            colours = table[place.reshape(mask.shape)]
            covered = (mask > 0) & (mask != self._not_drawn)
        mixed = cv2.addWeighted(picture, 1 - MASK_SHARE, colours, MASK_SHARE, 0)
        return np.where(np.asarray(covered)[..., None], mixed, picture)

    def _upright(self, mask: NDArray[Any], row: int) -> NDArray[Any]:
        """Return a mask turned as its image is shown, where it is stored sideways as the image is."""
        frame, orientation = self._sizes, self._orientations[row]
        size = np.array([mask.shape[1::-1]], dtype=np.float64)
        turn = int(mask_turns(size, frame.take(np.array([row])), np.array([orientation]))[0])
        planes = [turned(plane, turn) for plane in np.atleast_3d(mask).transpose(2, 0, 1)]
        return planes[0] if mask.ndim == 2 else np.stack(planes, axis=2)

    def _mask(self, row: int) -> NDArray[Any] | None:
        """Return the mask of an image as it is stored; None where it cannot be read."""
        if self.manifest.reader is None:
            return None
        if self.manifest.has_instances:
            return read_mask(self.manifest, row)
        uri = self.manifest.table["label_uri"][row].as_py()
        try:
            content = None if uri is None else self.manifest.reader.read(uri)
        except SampleReadError:
            return None
        return cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED) if content else None


def annotated(report: ReportRecord, store: Thumbnails | None) -> Thumbnails | None:
    """Return a store that draws the annotations of a report's dataset, where it has boxes or masks."""
    if store is None or report.manifest.task not in {Task.DETECTION, Task.SEGMENTATION}:
        return store
    return AnnotatedThumbnails(store, report.manifest, report.measurements, _marks(report), _regions(report))


def _regions(report: ReportRecord) -> dict[int, list[tuple[tuple[float, ...], str]]]:
    """Return what the probe says of the regions that DC850 to DC852 and DC843 list, by row."""
    probe = report.mask_probe
    said: dict[int, list[tuple[tuple[float, ...], str]]] = {}
    missing = None if report.box_probe is None else report.box_probe.missing
    if missing is not None:
        frame = image_sizes(report.manifest, report.measurements).frame
        for k in missing.listed(RECALL).tolist():
            row = int(missing.row[k])
            said.setdefault(row, []).append((tuple((missing.boxes[k] / np.tile(frame[row], 2)).tolist()), "missing?"))
    for name, kind in ({} if probe is None else probe.kinds).items():
        for k in kind.listed(RECALLS[name]).tolist():
            assert probe is not None
            words = "border?" if name == "border" else f"{probe.classes[int(kind.suggested[k])]}?"
            said.setdefault(int(kind.row[k]), []).append((tuple((kind.box[k] / GRID).tolist()), words))
    return said


def _marks(report: ReportRecord) -> dict[tuple[int, int], str]:
    """Return what the probe says of the boxes that DC840 to DC842 list, by row and number within the image."""
    objects, probe = report.manifest.objects, report.box_probe
    if objects is None or probe is None:
        return {}
    said: dict[int, str] = {}
    if probe.placement is not None:
        each = probe.placement.objects
        said |= dict.fromkeys(each[probe.placement.misplaced(RECALL)].tolist(), "place")
        said |= dict.fromkeys(each[probe.placement.spurious(RECALL)].tolist(), "empty")
    if probe.crops is not None:
        listed = listed_boxes(probe, report.manifest)
        said |= dict(zip(listed.objects.tolist(), listed.suggested.tolist(), strict=True))
    return {(int(objects.row[k]), int(k - np.searchsorted(objects.row, objects.row[k]))): said[k] for k in said}


def _mark(picture: NDArray[Any], box: tuple[int, int, int, int], text: str) -> None:
    """Draw a white and black frame around a box, within the picture, and a text above it or else in it."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    for inset, reach, colour in ((0, 3, (0, 0, 0)), (1, 2, (255, 255, 255))):
        first = max(left - reach, inset), max(top - reach, inset)
        last = min(right + reach, width - 1 - inset), min(bottom + reach, height - 1 - inset)
        cv2.rectangle(picture, first, last, colour, 1)
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SIZE, 1)
    above = top - 6
    y = above if above > high else int(np.clip(top + high + 2, high + 1, height - 2))
    x = int(np.clip(left, 0, max(width - wide, 0)))
    cv2.rectangle(picture, (x, y - high - 1), (x + wide, y + 2), (255, 255, 255), -1)
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, TEXT_SIZE, (0, 0, 0), 1, cv2.LINE_AA)


def colour_of(class_id: int) -> tuple[int, int, int]:
    """Return the colour of a class as blue, green, red; white for a class that is not declared.

    Examples
    --------
    >>> colour_of(-1), colour_of(0) != colour_of(1)
    ((255, 255, 255), True)
    """
    if class_id < 0:
        return (255, 255, 255)
    red, green, blue = colorsys.hsv_to_rgb((class_id * _GOLDEN) % 1.0, 0.85, 1.0)
    return (int(255 * blue), int(255 * green), int(255 * red))
