"""What the labels of a dataset are for, and which column of the manifest holds them."""

from __future__ import annotations

from enum import StrEnum


class Modality(StrEnum):
    """What a sample is."""

    IMAGE = "image"
    TABULAR = "tabular"


class Task(StrEnum):
    """What the labels are for.

    Examples
    --------
    >>> Task.REGRESSION.label_column, Task.of_columns(["sample_id", "uri", "labels"])
    ('target', <Task.MULTILABEL: 'multilabel'>)
    """

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    MULTILABEL = "multilabel"
    PAIRED = "paired"
    """Each image has a file as its label, such as a mask; the column ``label_uri`` names it."""
    DETECTION = "detection"
    """Each image has boxes or regions, each of a class; ``labels`` holds the classes that occur in it."""
    SEGMENTATION = "segmentation"
    """Each image has a mask, which the column ``label_uri`` names, or one an object (``mask_files``)."""
    UNLABELLED = "unlabelled"

    @property
    def label_column(self) -> str | None:
        """The column of the manifest that holds the labels; None where there are none."""
        return _LABEL_COLUMNS.get(self)

    @property
    def lists_classes(self) -> bool:
        """Whether a sample can have several classes, so that ``labels`` is a list."""
        return self in {Task.MULTILABEL, Task.DETECTION}

    @property
    def label_is_file(self) -> bool:
        """Whether the label of a sample is a file, and no class or number."""
        return self in {Task.PAIRED, Task.SEGMENTATION}

    @classmethod
    def of_columns(cls, names: list[str]) -> Task:
        """Return the task whose label column is among some columns."""
        return next((task for task, name in _LABEL_COLUMNS.items() if name in names), cls.UNLABELLED)


_LABEL_COLUMNS = {
    Task.CLASSIFICATION: "label",
    Task.REGRESSION: "target",
    Task.MULTILABEL: "labels",
    Task.PAIRED: "label_uri",
    Task.DETECTION: "labels",
    Task.SEGMENTATION: "label_uri",
}
