"""Options that say how a dataset is read; each is an argument of `datacheck.open` under the same name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

SourceArgument = Annotated[str, typer.Argument(help="A folder of images, a table, a tar, or the images of a pair.")]
LabelsArgument = Annotated[
    str | None, typer.Argument(help="The labels or masks of a pair: a folder or a glob, in the order of the images.")
]
Kind = Annotated[str | None, typer.Option(help="Kind of source, such as image-folder, table or pairs.")]
Task = Annotated[str | None, typer.Option(help="classification, regression, multilabel, paired, unlabelled.")]
Label = Annotated[str | None, typer.Option(help="Label column of a table.")]
Target = Annotated[str | None, typer.Option(help="Regression target column of a table.")]
Split = Annotated[str | None, typer.Option(help="Split column of a table.")]
Group = Annotated[str | None, typer.Option(help="Group column of a table: patient, site, video.")]
ImagePath = Annotated[str | None, typer.Option("--path", help="Image path column of a table.")]
Columns = Annotated[str | None, typer.Option(help="Column names of a headerless table, comma-separated.")]
Classes = Annotated[str | None, typer.Option(help="Class names in order, comma-separated, where labels are numbers.")]
Root = Annotated[Path | None, typer.Option(help="Folder that relative paths start from.")]
Delimiter = Annotated[str | None, typer.Option(help="What separates the columns of a text table, such as ';'.")]
LabelSeparator = Annotated[
    str | None, typer.Option(help="What separates several labels in one field; makes the task multilabel.")
]
ClassLevel = Annotated[
    int | None, typer.Option(min=1, help="Which level of nested folders names the class; 1 is the first below a split.")
]
ImageOrder = Annotated[str | None, typer.Option(help="Order of a pair's images: natural, lexicographic, as-listed.")]
LabelOrder = Annotated[str | None, typer.Option(help="Order of a pair's labels: the same choices.")]

NAMES = (
    "kind", "task", "label", "target", "split", "group", "path", "columns", "classes", "root", "delimiter",
    "label_separator", "class_level", "image_order", "label_order",
)  # fmt: skip
"""The options above, as `datacheck.open` calls them."""

_LISTS = ("columns", "classes")


def source_options(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `datacheck.open` among a command's parameters.

    Examples
    --------
    >>> source_options({"label": "species", "columns": "a, b", "root": None, "jobs": 2})
    {'label': 'species', 'columns': ['a', 'b']}
    """
    given = {name: parameters.get(name) for name in NAMES}
    return {
        name: [word.strip() for word in value.split(",")] if name in _LISTS else value
        for name, value in given.items()
        if value is not None
    }
