"""Which writer corrects the files of which format."""

from __future__ import annotations

from dataclasses import dataclass

from datacheck.relabel.boxes.writers import coco, cvat, labelme, voc, yolo
from datacheck.relabel.boxes.writers.base import Writer


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
    """

    write: Writer
    many: bool = False
    extension: str = ""


WRITERS = {
    "YOLO": FileWriter(yolo.write, extension="txt"),
    "Pascal VOC": FileWriter(voc.write, extension="xml"),
    "LabelMe": FileWriter(labelme.write, extension="json"),
    "COCO": FileWriter(coco.write, many=True),
    "CVAT": FileWriter(cvat.write, many=True),
}
"""The writer of each format, by the name that `datacheck.manifest.AnnotationFormat` has."""
