"""A folder of images: class folders, with or without split folders, or images without labels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import Manifest, Modality, Task, natural_sorted
from datacheck.manifest.readers import SampleReader
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.files import Folder, existing, is_image_name, text, walk
from datacheck.sources.layout import Layout, read_layout
from datacheck.text import plural


def open_image_folder(folder: str | Path, options: SourceOptions) -> Manifest:
    """Open a folder of images.

    Raises
    ------
    SourceError
        When the folder does not exist, cannot be listed, or holds no image.
    """
    root = Path(os.path.abspath(existing(Path(folder))))  # noqa: PTH100 - must not follow links
    folders = list(walk(root))
    images = [tuple(name for name in each.names if is_image_name(name)) for each in folders]
    holding = [(each, names) for each, names in zip(folders, images, strict=True) if names]
    n_images = sum(map(len, images))
    n_others = sum(len(each.names) for each in folders) - n_images
    if not n_images:
        raise SourceError(
            f"expected images below {root}, found none among {plural(n_others, 'file')}; "
            "check the folder, or open the table that lists the images"
        )
    layout = read_layout([each.parts for each, _ in holding])
    lengths = [len(names) for _, names in holding]
    uris = [text("/".join((*each.parts, name))) for each, names in holding for name in names]
    empty = _empty_classes(folders, layout)
    return folder_manifest(
        uris,
        lengths,
        layout,
        options,
        root=root,
        empty_classes=empty,
        took_for=f"a folder of images ({root})",
        ignored=[
            plural(n_others, "file that is no image", "files that are no images") if n_others else "",
            plural(sum(each.n_hidden for each in folders), "hidden entry", "hidden entries")
            if any(each.n_hidden for each in folders)
            else "",
        ],
    )


def folder_manifest(
    uris: list[str],
    lengths: list[int],
    layout: Layout,
    options: SourceOptions,
    *,
    took_for: str,
    ignored: list[str],
    root: Path | None = None,
    empty_classes: tuple[str, ...] = (),
    columns: Mapping[str, Any] | None = None,
    reader: SampleReader | None = None,
) -> Manifest:
    """Build the manifest of images whose folders say their class and split.

    Parameters
    ----------
    uris
        One a sample, folder after folder.
    lengths
        How many samples each folder of the layout holds.
    layout
        What the folders say.
    options
        What the caller says.
    took_for
        What the source is, for the user.
    ignored
        What was left out, in words; empty words are skipped.
    root
        Folder that the uris start from.
    empty_classes
        Classes without a single image.
    columns
        Further columns.
    reader
        Reaches the samples, where they are no files below the root.
    """
    columns = {**(columns or {}), "uri": pa.array(uris, pa.string())}
    labelled = any(label is not None for label in layout.labels) and options.task is not Task.UNLABELLED
    if labelled and options.task is Task.REGRESSION:
        columns["target"] = np.repeat([_number(label) for label in layout.labels], lengths)
    elif labelled:
        columns["label"] = _repeat(layout.labels, lengths)
    if any(split is not None for split in layout.splits):
        columns["split"] = _repeat(layout.splits, lengths)
    classes = options.classes
    if labelled and classes is None and options.task is not Task.REGRESSION:
        classes = tuple(natural_sorted({label for label in layout.labels if label is not None} | set(empty_classes)))
    words = [f"{layout.words}: {plural(len(uris), 'image')}"]
    if "label" in columns:
        words.append(plural(len(classes or ()), "class", "classes"))
    if "split" in columns:
        words.append("splits " + ", ".join(dict.fromkeys(split for split in layout.splits if split)))
    n_unlabelled = sum(n for n, label in zip(lengths, layout.labels, strict=True) if label is None)
    if labelled and n_unlabelled:
        words.append(f"{n_unlabelled:,} outside any class folder")
    if empty_classes and labelled:
        words.append(plural(len(empty_classes), "empty class folder"))
    words += [f"{what} ignored" for what in ignored if what]
    return Manifest.from_columns(
        columns,
        task=options.task or (Task.CLASSIFICATION if labelled else Task.UNLABELLED),
        modality=Modality.IMAGE,
        root=root,
        classes=classes if "label" in columns else None,
        took_for=f"{took_for}, {', '.join(words)}",
        reader=reader,
    )


def _repeat(words: tuple[str | None, ...], lengths: list[int]) -> pa.DictionaryArray:
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


def _empty_classes(folders: list[Folder], layout: Layout) -> tuple[str, ...]:
    if layout.words != "class folders":
        return ()
    known = {label for label in layout.labels if label is not None}
    depths = {len(each.parts) for each in folders if each.parts and each.parts[-1] in known}
    return tuple(
        text(each.parts[-1])
        for each in folders
        if len(each.parts) in depths and not (each.names or each.n_folders) and each.parts[-1] not in known
    )


def recognises(source: object) -> bool:
    """Any folder that no other source wants."""
    path = as_path(source)
    return path is not None and path.is_dir()


SOURCE = Source("image-folder", frozenset({"task", "classes"}), recognises, open_image_folder)
