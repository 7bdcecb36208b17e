"""The manifest of images whose folders say their class and split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import Inventory, Manifest, Modality, Task
from datacheck.manifest.readers import SampleReader
from datacheck.sources.base import SourceOptions
from datacheck.sources.files import text
from datacheck.sources.layout import Layout
from datacheck.text import plural


@dataclass(frozen=True)
class FolderImages:
    """Images, folder after folder.

    Attributes
    ----------
    uris
        One a sample.
    lengths
        How many samples each folder of the layout holds.
    layout
        What the folders say.
    root
        Folder that the uris start from.
    empty_classes
        Classes whose folders hold no image in any split.
    columns
        Further columns.
    labels
        The class of each image, where their names say it in place of the folders.
    reader
        Reaches the samples, where they are no files below the root.
    """

    uris: Sequence[str]
    lengths: Sequence[int]
    layout: Layout
    root: Path
    empty_classes: tuple[str, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[str | None] | None = None
    reader: SampleReader | None = None


def class_folder_manifest(
    images: FolderImages, options: SourceOptions, *, took_for: str, inventory: Inventory | None = None
) -> Manifest:
    """Build the manifest of images whose folders say their class and split.

    Classes are listed in the order of text, as ``ImageFolder`` numbers them, the empty ones among them.

    Raises
    ------
    SourceError
        When the folders are to say a regression target, and the name of one is no number.
    """
    layout, lengths = images.layout, images.lengths
    columns = {**images.columns, "uri": pa.array(images.uris, pa.string())}
    said = layout.labels if images.labels is None else images.labels
    labelled = any(label is not None for label in said) and options.task is not Task.UNLABELLED
    classes: tuple[str, ...] | None = None
    if labelled and options.task is Task.REGRESSION:
        targets = [_number(label) for label in said]
        columns["target"] = targets if images.labels is not None else np.repeat(targets, lengths)
    elif labelled:
        columns["label"] = _repeat(said, lengths if images.labels is None else [1] * len(said))
        named = {text(label) for label in said if label is not None}
        classes = options.classes or tuple(sorted(named | set(images.empty_classes)))
    if any(split is not None for split in layout.splits):
        columns["split"] = _repeat(layout.splits, lengths)
    return Manifest.from_columns(
        columns,
        task=options.task or (Task.CLASSIFICATION if labelled else Task.UNLABELLED),
        modality=Modality.IMAGE,
        root=images.root,
        classes=classes,
        took_for=f"{took_for}, {', '.join(_words(images, classes, labelled=labelled))}",
        inventory=inventory,
        reader=images.reader,
    )


def _words(images: FolderImages, classes: tuple[str, ...] | None, *, labelled: bool) -> list[str]:
    layout = images.layout
    within = f" within {'/'.join(layout.wrapper)}" if layout.wrapper else ""
    how = f"{layout.words}{within}" if images.labels is None else "labels in the names of the files"
    words = [f"{how}: {plural(len(images.uris), 'image')}"]
    if classes is not None:
        words.append(plural(len(classes), "class", "classes"))
    splits = list(dict.fromkeys(split for split in layout.splits if split))
    if splits:
        words.append("splits " + ", ".join(splits))
    if images.labels is not None:
        without, where = sum(label is None for label in images.labels), "without a class in their name"
    else:
        without = sum(n for n, label in zip(images.lengths, layout.labels, strict=True) if label is None)
        where = "outside any class folder"
    if labelled and without:
        words.append(f"{without:,} {where}")
    if images.empty_classes and labelled:
        words.append(plural(len(images.empty_classes), "empty class folder"))
    return words


def _repeat(words: Sequence[str | None], lengths: Sequence[int]) -> pa.DictionaryArray:
    names = list(dict.fromkeys(text(word) for word in words if word is not None))
    position = {name: code for code, name in enumerate(names)}
    codes = [-1 if word is None else position[text(word)] for word in words]
    indices = np.repeat(np.array(codes, dtype=np.int32), lengths)
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), pa.array(names, pa.string()))


def _number(label: str | None) -> float:
    try:
        return float("nan") if label is None else float(label)
    except ValueError:
        raise SourceError(
            f"task='regression': expected class folders named by numbers, found {label!r}; "
            "rename it, or open a table with a target column"
        ) from None
