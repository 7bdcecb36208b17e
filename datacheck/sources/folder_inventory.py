"""The inventory of a folder: what became of each of its files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Remedy, Unread, Used, examples_of
from datacheck.sources.files import is_image_name, text
from datacheck.sources.walking import Folder, walk

LABEL_EXTENSIONS = frozenset(
    (
        *("csv", "tsv", "tab", "json", "jsonl", "ndjson", "xml", "yaml", "yml", "parquet", "pq", "txt", "lst", "xlsx"),
        *("xls", "mat", "npy", "npz", "pkl", "pickle", "h5", "hdf5", "feather", "arrow", "sqlite", "db"),
    )
)
"""Extensions of files that can hold labels."""

_ARCHIVES = frozenset(["zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar"])
"""Extensions of archives, which may hold images and labels."""

_NO_LABELS = (
    "readme",
    "license",
    "licence",
    "copying",
    "changelog",
    "requirements",
    "citation",
    "notice",
    "attributes",
    "sample_submission",
    "samplesubmission",
    "submission",
    "croissant",
    "datacheck-samples",
)
"""How the names of files begin that hold no labels of their own, whatever their extension."""

_MOST_NAMED = 5
"""Files of one extension that are named one by one; more are counted under ``*.ext``."""


def images_used(names: Sequence[str], role: str = "images") -> tuple[Used, ...]:
    """Return the images, or other files that were read, by extension.

    Examples
    --------
    >>> images_used(["a/1.JPG", "a/2.jpg"])[0].name, images_used(["a/1.JPG", "a/2.jpg"])[0].count
    ('*.jpg', 2)
    """
    return tuple(
        Used(f"*.{extension}", ItemKind.FILE, role, len(found), examples_of(found))
        for extension, found in _by_extension(names).items()
    )


def says_no_labels(name: str) -> bool:
    """Return whether the name of a file says that it holds no labels, whatever its extension."""
    return name.rpartition("/")[2].lower().startswith(_NO_LABELS)


def unread_files(
    names: Iterable[str], other: str = "neither an image nor a table that names images of the folder"
) -> tuple[Unread, ...]:
    """Return files that were not read: those that can hold labels by name, many of one extension as one item.

    Examples
    --------
    >>> [(item.name, item.labels.value) for item in unread_files(["a/labels.csv", "README.md"])]
    [('a/labels.csv', 'maybe'), ('README.md', 'no')]
    """
    items = []
    for extension, found in _by_extension(names).items():
        labels = HoldsLabels.MAYBE if extension in LABEL_EXTENSIONS | _ARCHIVES else HoldsLabels.NO
        reason = "an archive: unpack it to have its files read" if extension in _ARCHIVES else other
        if len(found) > _MOST_NAMED:
            name = f"*.{extension}" if extension else "files without extension"
            items.append(Unread(name, ItemKind.FILE, reason, labels, len(found), examples_of(found)))
            continue
        for name in found:
            own = HoldsLabels.NO if says_no_labels(name) else labels
            items.append(Unread(name, ItemKind.FILE, reason, own))
    return tuple(sorted(items, key=lambda item: item.labels is HoldsLabels.NO))


def _by_extension(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        stem, dot, extension = name.rpartition("/")[2].rpartition(".")
        found.setdefault(extension.lower() if dot and stem else "", []).append(text(name))
    return found


def unread_content(files: Sequence[str], name: str) -> Unread:
    """Return the item that says that label files were paired with images and not opened."""
    what = "masks" if files and is_image_name(files[0]) else "boxes"
    return Unread(
        name,
        ItemKind.FILE,
        f"they hold no {what} in a format that datacheck reads, and no class each; only their names and order were "
        "compared",
        HoldsLabels.YES,
        len(files),
        examples_of(map(text, files)),
        Remedy.option("task", "unlabelled"),
    )


def left_out(folders: Sequence[Folder]) -> Inventory:
    """Return what a walk passed over: hidden files and folders, and links that were not followed."""
    hidden: dict[str, list[str]] = {}
    links: list[str] = []
    for folder in folders:
        links += [text(folder.place(name)) for name in folder.links]
        for name in folder.hidden:
            kind = name if name.endswith("/") else "._*" if name.startswith("._") else "hidden files"
            hidden.setdefault(kind, []).append(text(folder.place(name)))
    items = [_hidden(kind, names) for kind, names in hidden.items()]
    if links:
        reason = "links to what is listed in its own place, or to a folder above; not followed"
        items.append(Unread("links", ItemKind.FILE, reason, HoldsLabels.NO, len(links), examples_of(links)))
    return Inventory(unread=tuple(items))


def _hidden(kind: str, names: list[str]) -> Unread:
    if kind == "._*":
        reason = "left by macOS beside each file: no image inside, and ImageFolder stops at it; delete them"
    elif kind.endswith("/"):
        reason = "a hidden folder, not read; ImageFolder makes a class of one that lies beside the class folders"
    else:
        reason = "hidden, or left by the system; not read"
    name = names[0] if len(names) == 1 else kind
    is_folder = kind.endswith("/")
    return Unread(
        name,
        ItemKind.FOLDER if is_folder else ItemKind.FILE,
        reason,
        HoldsLabels.NO,
        len(names),
        examples_of(names),
    )


def files_beside(folder: Path, read: Sequence[str]) -> Inventory:
    """Return what became of the files of a folder of shards.

    Parameters
    ----------
    folder
        The folder.
    read
        How the names of the files end that were read.
    """
    folders = list(walk(folder))
    names = [each.place(name) for each in folders for name in each.names]
    shards = [name for name in names if name.endswith(tuple(read))]
    others = [name for name in names if not name.endswith(tuple(read))]
    used = images_used(shards, "shards")
    return Inventory(used, unread_files(others, "it lies beside the shards")) + left_out(folders)


def split_by_kind(folders: Sequence[Folder]) -> tuple[list[str], list[str]]:
    """Return the images of all folders, and the other files."""
    images: list[str] = []
    others: list[str] = []
    for folder in folders:
        for name in folder.names:
            (images if is_image_name(name) else others).append(folder.place(name))
    return images, others
