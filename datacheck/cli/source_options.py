"""Options that say how a dataset is read; each is an argument of `datacheck.open` under the same name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from datacheck.cli.completing import one_of
from datacheck.cli.rule_options import separated

SourceArgument = Annotated[str, typer.Argument(help="A folder of images, a table, a tar, or the images of a pair.")]
LabelsArgument = Annotated[
    str | None, typer.Argument(help="The labels or masks of a pair: a folder or a glob, in the order of the images.")
]

OPTIONS: dict[str, Any] = {
    "kind": Annotated[str | None, typer.Option(help="Kind of source, such as image-folder, table or pairs.")],
    "task": Annotated[
        str | None,
        typer.Option(
            help="classification, regression, multilabel, paired, unlabelled.",
            autocompletion=one_of("classification", "regression", "multilabel", "paired", "unlabelled"),
        ),
    ],
    "label": Annotated[str | None, typer.Option(help="Label column of a table.")],
    "target": Annotated[str | None, typer.Option(help="Regression target column of a table.")],
    "bins": Annotated[
        int | None, typer.Option(min=2, help="Divide a regression target into this many classes of equal counts.")
    ],
    "split": Annotated[str | None, typer.Option(help="Split column of a table.")],
    "group": Annotated[str | None, typer.Option(help="Group column of a table: patient, site, video.")],
    "path": Annotated[str | None, typer.Option("--path", help="Image path column of a table.")],
    "columns": Annotated[str | None, typer.Option(help="Column names of a headerless table, comma-separated.")],
    "classes": Annotated[
        str | None, typer.Option(help="Class names in order, comma-separated, where labels are numbers.")
    ],
    "root": Annotated[Path | None, typer.Option(help="Folder that relative paths start from.")],
    "delimiter": Annotated[str | None, typer.Option(help="What separates the columns of a text table, such as ';'.")],
    "label_separator": Annotated[
        str | None, typer.Option(help="What separates several labels in one field; makes the task multilabel.")
    ],
    "class_level": Annotated[
        int | None,
        typer.Option(min=1, help="Which level of nested folders names the class; 1 is the first below a split."),
    ],
    "label_pattern": Annotated[
        str | None,
        typer.Option(help=r"Regular expression whose first group is the class in a file's name, such as '^(\w+)\.'."),
    ],
    "ignore_index": Annotated[
        int | None, typer.Option(help="Value of the pixels of masks that do not count; 255 by default.")
    ],
    "image_order": Annotated[
        str | None,
        typer.Option(
            help="Order of a pair's images: natural, lexicographic, as-listed.",
            autocompletion=one_of("natural", "lexicographic", "as-listed"),
        ),
    ],
    "label_order": Annotated[
        str | None,
        typer.Option(
            help="Order of a pair's labels: the same choices.",
            autocompletion=one_of("natural", "lexicographic", "as-listed"),
        ),
    ],
}
"""The options, as `datacheck.open` calls them."""

_LISTS = ("columns", "classes")

_LAST = ("verbose", "quiet")
"""Options of a command that its help lists last."""


def takes_source_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options above, before those that its help lists last; it finds them in its context."""
    own = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)
        for name, annotation in OPTIONS.items()
    ]
    parts = ([one for one in own.parameters.values() if (one.name in _LAST) is last] for last in (False, True))
    first, last = (
        [one.replace(annotation=hints[one.name], kind=inspect.Parameter.POSITIONAL_OR_KEYWORD) for one in part]
        for part in parts
    )

    @functools.wraps(command)
    def with_options(**values: Any) -> int:
        return command(**{name: value for name, value in values.items() if name in own.parameters})

    with_options.__signature__ = own.replace(parameters=[*first, *added, *last])  # type: ignore[attr-defined]
    with_options.__annotations__ = {**hints, **OPTIONS}
    return with_options


def source_options(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `datacheck.open` among a command's parameters.

    Examples
    --------
    >>> source_options({"label": "species", "columns": "a, b", "root": None, "jobs": 2})
    {'label': 'species', 'columns': ['a', 'b']}
    """
    given = {name: parameters.get(name) for name in OPTIONS}
    return {
        name: list(separated(value)) if name in _LISTS else value for name, value in given.items() if value is not None
    }
