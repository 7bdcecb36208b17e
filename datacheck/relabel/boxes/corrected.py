"""Corrected annotation files: the decisions about boxes, in the source's own format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.relabel.boxes.answers import SIDES, BoxAnswer
from datacheck.relabel.boxes.decisions import BoxCorrections
from datacheck.relabel.boxes.images import BoxImage, BoxImages
from datacheck.relabel.boxes.writers.base import Added, Change, ImageEdits
from datacheck.relabel.boxes.writers.formats import WRITERS, FileWriter
from datacheck.sources.annotations.base import Box, ParsedObject, WriteRequest
from datacheck.sources.annotations.label_files import LABEL_FILE_FORMATS


@dataclass(frozen=True)
class CorrectedAnnotations:
    """The annotation files that change.

    Attributes
    ----------
    files
        The new content of each, by its path below the root.
    applied
        How many deletions, changes and additions are in them.
    refused
        The corrections that the format or the file cannot hold, each with the reason.
    """

    files: dict[str, bytes] = field(repr=False)
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
        writer, reader = WRITERS.get(images.kind.name), manifest.reader
        if writer is None or not isinstance(reader, FileReader) or "annotation_file" not in manifest:
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
            added = (*added, Added(self.images.written(row["new_label"]), self._stored(image, row)))
        else:
            changes = (*changes, self._change(image, row))
        of_file[image.sample_id] = ImageEdits(before.uri, before.size, changes, added)
        self.applied += 1

    def _change(self, image: BoxImage, row: dict[str, Any]) -> Change:
        known = image.box(row["annotation_id"])
        assert known is not None, "it was looked for before"
        label = row["new_label"]
        return Change(
            known.annotation_id,
            known.written,
            known.stored,
            new_name=None if label is None else self.images.written(label),
            new_box=None if row["new_left"] is None else self._stored(image, row),
            deleted=row["decision"] == BoxAnswer.DELETE.value,
        )

    def _stored(self, image: BoxImage, row: dict[str, Any]) -> Box:
        left, top, right, bottom = (row[f"new_{side}"] for side in SIDES)
        return self.images.stored(image, (left, top, right, bottom))

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

    def content(self, file: str, reader: FileReader) -> bytes:
        """Return the corrected content of a file."""
        edits = self.edits[file]
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
        try:
            return self.writer.write(content, listed)
        except RelabelError as error:
            raise RelabelError(f"{file}: {error}; nothing was written") from error

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
    return f"it cannot be moved: {known.fixed}; use the tool that drew it" if moves and known.fixed else ""


def _read(reader: FileReader, file: str) -> bytes:
    if reader.stamp(file) is None:
        return b""
    try:
        return reader.read(file)
    except SampleReadError as error:
        if error.reason == "zero-bytes":
            return b""
        raise RelabelError(f"{file} cannot be read: {error}; nothing was written") from error
