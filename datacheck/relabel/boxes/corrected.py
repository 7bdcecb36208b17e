"""Corrected annotation files: the decisions about boxes, in the source's own format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.manifest.shards import whole_files
from datacheck.relabel.boxes.answers import SIDES, BoxAnswer
from datacheck.relabel.boxes.decisions import BoxCorrections
from datacheck.relabel.boxes.images import BoxImage, BoxImages
from datacheck.relabel.boxes.outlines import Outline, bounds
from datacheck.relabel.boxes.writers.base import Added, Change, ImageEdits
from datacheck.relabel.boxes.writers.formats import WRITERS, FileWriter
from datacheck.relabel.boxes.writers.objects_table import TableCorrection
from datacheck.sources.annotations.base import Box, ParsedObject, WriteRequest
from datacheck.sources.annotations.label_files import LABEL_FILE_FORMATS

_SIDES_OF_FOUR = 8
"""x and y of four corners."""


@dataclass(frozen=True)
class CorrectedAnnotations:
    """The annotation files that change.

    Attributes
    ----------
    files
        The new content of each, or what changes in it, by its path below the root.
    applied
        How many deletions, changes and additions are in them.
    refused
        The corrections that the format or the file cannot hold, each with the reason.
    """

    files: dict[str, bytes | TableCorrection] = field(repr=False)
    applied: int
    refused: tuple[str, ...]

    @classmethod
    def plan(cls, corrections: BoxCorrections, manifest: Manifest, images: BoxImages) -> CorrectedAnnotations:
        """Make the corrected content of all files that change; writes nothing.

        Parameters
        ----------
        corrections
            The decisions.
        manifest, images
            The dataset, and its images with their boxes: all of them.

        Raises
        ------
        RelabelError
            When the annotations are in no format that can be written, or a file is missing or has changed since the
            audit. Nothing is written then.
        """
        writer, reader = WRITERS.get(images.kind.name), whole_files(manifest.reader)
        if writer is None or reader is None or "annotation_file" not in manifest:
            raise RelabelError(
                f"boxes of {images.kind.name} that are in no file beside the images cannot be written back; these can, "
                f"where they are: {', '.join(WRITERS)}. boxes/corrections.parquet in the run folder has the decisions"
            )
        planned = _Plan(images, writer)
        for row in corrections.changes:
            planned.add(row)
        files = {name: planned.content(name, reader) for name in planned.edits}
        return cls(files, planned.applied, tuple(planned.refused))


@dataclass
class _Plan:
    """The edits of each file, image by image."""

    images: BoxImages
    writer: FileWriter
    edits: dict[str, dict[str, ImageEdits]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    applied: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take a decision, or say why it cannot be written."""
        image = self.images.images[row["sample_id"]]
        number = row["annotation_id"]
        name = f"{image.sample_id!r}, {'new box' if number is None else f'{self.images.kind.place} {number}'}"
        reason = _why_not(row, image)
        file = self._file_of(image)
        if not reason and file is None:
            reason = (
                "its annotations do not list the image" if image.file else "it has no annotation file beside others"
            )
        if reason or file is None:
            self.refused.append(f"{name}: {reason}")
            return
        of_file = self.edits.setdefault(file, {})
        before = of_file.get(image.sample_id, ImageEdits(image.uri, (image.width, image.height)))
        changes, added = before.changes, before.added
        if row["decision"] == BoxAnswer.ADD.value:
            box, outline = self._stored(image, row)
            added = (*added, Added(self.images.written(row["new_label"]), box, outline))
        else:
            changes = (*changes, self._change(image, row))
        of_file[image.sample_id] = ImageEdits(before.uri, before.size, changes, added)
        self.applied += 1

    def _change(self, image: BoxImage, row: dict[str, Any]) -> Change:
        known = image.box(row["annotation_id"])
        assert known is not None, "it was looked for before"
        label = row["new_label"]
        box, outline = (None, ()) if row["new_left"] is None else self._stored(image, row)
        return Change(
            known.annotation_id,
            known.written,
            known.stored,
            new_name=None if label is None else self.images.written(label),
            new_box=box,
            deleted=row["decision"] == BoxAnswer.DELETE.value,
            new_points=outline,
        )

    def _stored(self, image: BoxImage, row: dict[str, Any]) -> tuple[Box, Outline]:
        """Return the new box, and the new outline where there is one, in the unit of the files."""
        if row["new_points"]:
            outline = self.images.stored_outline(image, tuple(row["new_points"]))
            return bounds(outline), outline
        left, top, right, bottom = (row[f"new_{side}"] for side in SIDES)
        return self.images.stored(image, (left, top, right, bottom)), ()

    def _file_of(self, image: BoxImage) -> str | None:
        """Return the annotation file of an image; of one without any, the place beside those of its neighbours."""
        if image.file is not None:
            return image.file if image.listed or not self.writer.many else None
        if self.writer.many:
            return None
        folder = image.uri.rpartition("/")[0]
        for other in self.images.images.values():
            if other.file is not None and other.uri.rpartition("/")[0] == folder:
                place = other.file.rpartition("/")[0]
                stem = image.uri.rpartition("/")[2].rpartition(".")[0]
                return f"{place}/{stem}.{self.writer.extension}" if place else f"{stem}.{self.writer.extension}"
        return None

    def content(self, file: str, reader: FileReader) -> bytes | TableCorrection:
        """Return the corrected content of a file."""
        edits = self.edits[file]
        if self.writer.rewrite is not None and reader.stamp(file) is not None:
            with _naming(file):
                found = self.writer.rewrite(reader.path(file), list(edits.values()))
            if found is not None:
                return found
        content = _read(reader, file)
        if not content.strip() and not self.writer.many:
            (one,) = edits.values()
            if one.changes:
                raise RelabelError(f"{file} is missing or empty, and was not in the audit: audit it again")
            return self._new_file(one)
        listed: Sequence[ImageEdits] = list(edits.values())
        if self.writer.many:  # the writer finds the folder of the images by all of them
            others = (each for each in self.images.images.values() if each.file == file and each.listed)
            listed = [edits.get(each.sample_id) or ImageEdits(each.uri, (each.width, each.height)) for each in others]
        with _naming(file):
            return self.writer.write(content, listed)

    def _new_file(self, edits: ImageEdits) -> bytes:
        kind = next(each for each in LABEL_FILE_FORMATS if each.name == self.images.kind.name)
        objects = [ParsedObject(each.name, each.box, number) for number, each in enumerate(edits.added, start=1)]
        return kind.write(WriteRequest(edits.uri.rpartition("/")[2], *edits.size, objects))


def _why_not(row: dict[str, Any], image: BoxImage) -> str:
    """Say why a decision cannot be written, or return nothing."""
    moves = row["new_left"] is not None
    if moves and image.fixed:
        return f"no box of the image can be moved or added: {image.fixed}"
    if row["decision"] == BoxAnswer.ADD.value:
        posed = any(each.shape == "keypoints" for each in image.boxes)
        return "it has objects with key points, and a new box has none; use the tool that drew them" if posed else ""
    known = image.box(row["annotation_id"])
    if known is None:
        return "no single box of the image has this number"
    if not moves or not (known.fixed or row["new_points"]):
        return ""
    if known.outline and row["new_points"]:
        others = any(each.shape == "polygon" for each in image.boxes)
        oriented = known.shape == "oriented box" and len(row["new_points"]) != _SIDES_OF_FOUR and not others
        return "an oriented box has four corners" if oriented else ""
    why = known.fixed or "it is drawn as a box, not as a polygon"
    return f"it cannot be moved: {why}; use the tool that drew it"


@contextmanager
def _naming(file: str) -> Iterator[None]:
    try:
        yield
    except RelabelError as error:
        raise RelabelError(f"{file}: {error}; nothing was written") from error


def _read(reader: FileReader, file: str) -> bytes:
    if reader.stamp(file) is None:
        return b""
    try:
        return reader.read(file)
    except SampleReadError as error:
        if error.reason == "zero-bytes":
            return b""
        raise RelabelError(f"{file} cannot be read: {error}; nothing was written") from error
