"""A corrected copy of an image folder: every file in the folder of its decided class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest, Task
from datacheck.manifest.file_copies import Link, free_path, place_files, safe_name
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.storage import new_folder
from datacheck.text import plural


@dataclass(frozen=True)
class CorrectedFolder:
    """A copy that is ready to be written: all sources are there, and the place is free.

    Attributes
    ----------
    folder
        Where it goes.
    files
        The source of each file, by its path in the copy.
    link
        How a file gets there.
    """

    folder: Path
    files: dict[Path, Path]
    link: Link = "hard"

    @classmethod
    def plan(cls, manifest: Manifest, folder: Path, link: Link = "hard") -> CorrectedFolder:
        """Give every labelled file its place ``[split/]label/file``; reads nothing but the folders.

        Samples that people found to be none of the classes are left out.

        Raises
        ------
        RelabelError
            When the manifest is not one of files with class labels, a source is missing or outside the root, a file
            whose content would be copied is a link that leads out of the root, or the folder is not new or empty, or is
            inside the dataset.
        """
        if manifest.task is not Task.CLASSIFICATION or not isinstance(manifest.reader, FileReader):
            raise RelabelError("a corrected folder needs a classification dataset of files")
        root = manifest.reader.path("")
        check_place(folder, root)
        files: dict[Path, Path] = {}
        missing: list[str] = []
        columns = [name for name in ("uri", "label", "split", "relabel_decision") if name in manifest]
        for row in manifest.table.select(columns).to_pylist():
            if row["label"] is None or row.get("relabel_decision") == "none-of-these":
                continue
            source = _source(manifest.reader, row["uri"], link)
            if source.is_file():
                files[free_path(Path(row.get("split") or "", safe_name(row["label"]), source.name), files)] = source
            else:
                missing.append(row["uri"])
        if missing:
            raise RelabelError(
                f"{plural(len(missing), 'missing file')} below {root}, such as {missing[0]!r}: nothing was written; "
                "restore the files, or audit the dataset again"
            )
        return cls(folder, files, link)

    def write(self) -> int:
        """Write the copy, whole or not at all, and return its number of files.

        Raises
        ------
        RelabelError
            When a file cannot be written.
        """
        try:
            with new_folder(self.folder) as folder:
                place_files(self.files, folder, self.link)
        except OSError as error:
            raise RelabelError(f"{self.folder} cannot be written, nothing is left of it: {error}") from error
        return len(self.files)


def check_place(folder: Path, root: Path) -> None:
    """Raise unless a copy of the dataset at ``root`` can be made in a folder.

    Raises
    ------
    RelabelError
        When the folder is not new or empty, or is inside the dataset.
    """
    if folder.resolve().is_relative_to(root):
        raise RelabelError(f"{folder} is inside the dataset {root}, whose files stay as they are: name another")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RelabelError(f"expected a new or empty folder at {folder}, found files: name another")


def _source(reader: FileReader, uri: str, link: Link) -> Path:
    try:
        return reader.path(uri) if link == "symbolic" else reader.contained(uri)
    except SampleReadError as error:
        raise RelabelError(
            f"a corrected folder takes only files inside the root: {error}; a copy of symbolic links (--link symbolic) "
            "passes no content on"
        ) from None
