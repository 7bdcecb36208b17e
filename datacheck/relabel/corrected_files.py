"""A corrected copy of a dataset with boxes or masks: every file where it was, corrected ones in place of the old."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datacheck.annotations.mask_files import mask_files_of
from datacheck.errors import RelabelError
from datacheck.manifest import ItemKind, Manifest, Task
from datacheck.manifest.file_copies import Link, place_file
from datacheck.manifest.shards import ShardReader, whole_files
from datacheck.relabel.boxes.writers.objects_table import TableCorrection, fresh_fingerprints
from datacheck.relabel.corrected_folder import check_place
from datacheck.sources.annotations.class_names import declared_classes
from datacheck.sources.files import is_image_name
from datacheck.storage import new_folder


@dataclass(frozen=True)
class CorrectedFiles:
    """A copy that is ready to be written.

    Images get there by ``link``; all other files are copied, so that an edit of the copy never reaches the dataset.

    Attributes
    ----------
    folder
        Where it goes.
    files
        The source of each file that stays as it is, by its path in the copy.
    contents
        The corrected annotation files or masks, or what changes in them, by their path in the copy; None for a
        file that is not in it.
    link
        How an image gets there.
    copied
        Images that are labels (masks), which are copied like annotation files.
    left_out
        Files that are links to a place outside the dataset, whose content is not passed on.
    """

    folder: Path
    files: dict[Path, Path]
    contents: dict[Path, bytes | TableCorrection | None] = field(repr=False)
    link: Link = "hard"
    copied: frozenset[Path] = frozenset()
    left_out: tuple[Path, ...] = ()

    @classmethod
    def plan(
        cls,
        manifest: Manifest,
        corrected: Mapping[str, bytes | TableCorrection | None],
        folder: Path,
        link: Link = "hard",
        *,
        run: Path,
    ) -> CorrectedFiles:
        """Give every file of the dataset its place; reads nothing but the folders.

        Parameters
        ----------
        manifest, corrected
            The dataset, and the new content of its annotation files or masks by their path below the root.
        folder, link
            Where the copy goes, and how images get there.
        run
            The run folder of the audit, which is not copied where it is inside the dataset.

        Raises
        ------
        RelabelError
            When the folder is not new or empty, or is inside the dataset, or an image or a file to correct is a link
            that leads out of it.
        """
        reader = whole_files(manifest.reader)
        assert reader is not None, "its annotations could be corrected"
        root = reader.path("")
        check_place(folder, root)
        tables = [each for each in corrected.values() if isinstance(each, TableCorrection)]
        changed = {**corrected, **fresh_fingerprints(tables, reader)}
        contents = {reader.path(name).relative_to(root): content for name, content in changed.items()}
        own = {reader.path(uri).relative_to(root) for uri in _file_names(manifest)}
        files: dict[Path, Path] = {}
        left_out = []
        for source in [root / path for path in own] if _is_one_shard(manifest) else _files(root, run):
            path = source.relative_to(root)
            linked = link == "symbolic" and is_image_name(source.name)
            if linked or Path(os.path.realpath(source)).is_relative_to(os.path.realpath(root)):
                files[path] = source
            else:
                left_out.append(path)
        lost = sorted(own.union(contents).intersection(left_out))
        if lost:
            raise RelabelError(
                f"{len(lost)} files, such as {lost[0]}, are links out of the dataset {root}: a corrected folder takes "
                "only files inside it; a copy of symbolic links (--link symbolic) passes no picture on"
            )
        named = _class_names(root, manifest)
        if named is not None and not named.is_relative_to(root):
            files.setdefault(Path(named.name), named)
        for path in contents:
            files.pop(path, None)
        masks: set[Path] = set()
        if manifest.task is Task.SEGMENTATION:
            masks = {reader.path(uri).relative_to(root) for uris in mask_files_of(manifest) for uri in uris}
        return cls(folder, files, contents, link, frozenset(masks), tuple(left_out))

    def write(self) -> int:
        """Write the copy, whole or not at all, and return its number of files.

        Raises
        ------
        RelabelError
            When a file cannot be written.
        """
        try:
            with new_folder(self.folder) as folder:
                for path, source in self.files.items():
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    place_file(source, folder / path, self._link_of(path))
                for path, content in self.contents.items():
                    if content is None:
                        continue
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    if isinstance(content, TableCorrection):
                        content.write(folder / path)
                    else:
                        (folder / path).write_bytes(content)
        except OSError as error:
            raise RelabelError(f"{self.folder} cannot be written, nothing is left of it: {error}") from error
        return len(self.files) + sum(content is not None for content in self.contents.values())

    def _link_of(self, path: Path) -> Link:
        return self.link if is_image_name(path.name) and path not in self.copied else "copy"


def _file_names(manifest: Manifest) -> list[str]:
    """Return the files in which the samples are."""
    column = "annotation_file" if isinstance(manifest.reader, ShardReader) else "uri"
    names: list[str] = manifest.table[column].cast("string").unique().to_pylist()
    return names


def _is_one_shard(manifest: Manifest) -> bool:
    """Return whether a dataset is a single Parquet file: what else lies in its folder is none of it."""
    names = _file_names(manifest) if isinstance(manifest.reader, ShardReader) else []
    beside = any(item.kind is ItemKind.FILE for item in manifest.inventory.unread)
    return len(names) == 1 and "/" not in names[0] and names[0].endswith(".parquet") and not beside


def _files(root: Path, run: Path) -> list[Path]:
    """Return all files below a folder but those of the run folder, in the order of their names."""
    found = []
    apart = os.path.realpath(run)
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if os.path.realpath(os.path.join(place, name)) != apart)  # noqa: PTH118
        found += [Path(place, name) for name in sorted(names)]
    return [path for path in found if path.is_file()]


def _class_names(root: Path, manifest: Manifest) -> Path | None:
    """Return the file that names the classes of numbered labels, which may stand above the dataset."""
    kind = manifest.annotation_format
    if kind is None or kind.name != "YOLO" or not kind.declared:
        return None
    names = [name for name in manifest.table["annotation_file"].cast("string").unique().to_pylist() if name]
    declared = declared_classes(root, [root / place for place in dict.fromkeys(Path(name).parent for name in names)])
    return None if declared is None else declared.file
