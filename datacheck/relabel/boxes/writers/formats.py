"""Which writer corrects the files of which format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datacheck.relabel.boxes.writers import coco, cvat, labelme, objects_column, objects_table, table, voc, yolo
from datacheck.relabel.boxes.writers.base import ImageEdits, Writer
from datacheck.sources.annotations import objects_column as objects_format


@dataclass(frozen=True)
class FileWriter:
    """How the files of a format are corrected.

    Attributes
    ----------
    write
        Returns the corrected content of a file.
    many
        Whether one file is about many images.
    extension
        Of the file of an image that has none yet; empty where there is no such file.
    rewrite
        Returns the correction of a file that is too large to be held in memory, None where it is to be held.
    """

    write: Writer
    many: bool = False
    extension: str = ""
    rewrite: Callable[[Path, Sequence[ImageEdits]], objects_table.TableCorrection | None] | None = None


WRITERS = {
    "YOLO": FileWriter(yolo.write, extension="txt"),
    "Pascal VOC": FileWriter(voc.write, extension="xml"),
    "LabelMe": FileWriter(labelme.write, extension="json"),
    "COCO": FileWriter(coco.write, many=True),
    "CVAT": FileWriter(cvat.write, many=True),
    "a table": FileWriter(table.write, many=True),
    objects_format.NAME: FileWriter(objects_column.write, many=True, rewrite=objects_table.correction),
}
"""The writer of each format, by the name that `datacheck.manifest.AnnotationFormat` has."""
