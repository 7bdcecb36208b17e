"""The samples that stay, as a list of files, as links or as copies; whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from datacheck.errors import ConfigError, StorageError, check_choice
from datacheck.exporting.choice import Choice
from datacheck.manifest import Manifest
from datacheck.manifest.file_copies import Link, Source, StoredFile, place_files
from datacheck.manifest.object_store import StoreReader, reads_whole_files
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.scanning.measurements import Measurements
from datacheck.storage import new_folder, write_text
from datacheck.text import plural

FORMS = ("list", "links", "copies")
"""What is written: a text file with a path a line; a folder of symbolic links; a folder of copies."""

DATA, MANIFEST = "data", "manifest.parquet"
"""In the new folder: the files at their places, a dataset to open; and what keeps labels, splits and all columns."""

LEAVES = "a link that leads out of the dataset, whose content is never passed on"
"""Why a sample is left out whose file, or label file, lies elsewhere."""


@dataclass(frozen=True)
class Export:
    """An export that is ready to be written.

    Attributes
    ----------
    choice
        Which samples stay, without those whose files lie outside the dataset.
    form
        One of `FORMS`.
    files
        The source of each file, by its place below the dataset's root; empty where samples are no files. Objects of a
        store are files too, and can be copied.
    names
        What the list says of each sample that stays: its place below the root, or its sample id.
    """

    choice: Choice
    form: str
    files: dict[Path, Source] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)

    @classmethod
    def plan(cls, choice: Choice, form: str, measurements: Measurements | None = None) -> Export:
        """Find the files; writes nothing and reads no content.

        Raises
        ------
        ConfigError
            When the form is unknown, or needs files where there are none.
        StorageError
            When a file is missing, or has another size than when it was audited.
        """
        check_choice("--as", form, FORMS)
        manifest = choice.manifest
        reader = manifest.reader
        stored = isinstance(reader, StoreReader)
        if not isinstance(reader, FileReader | StoreReader) or not reads_whole_files(reader) or "uri" not in manifest:
            if form != "list":
                raise ConfigError(
                    f"--as {form} needs samples that are files of their own, these are not: export --as list, or use "
                    "report.filter_dataset(dataset) in Python"
                )
            ids = manifest.sample_ids.take(choice.rows).to_pylist()
            return cls(choice, form, {}, tuple(ids))
        if stored and form == "links":
            raise ConfigError("--as links needs files on this machine, found objects of a store: export --as copies")
        sizes = [None] * len(manifest) if measurements is None else measurements.table["byte_size"].to_pylist()
        names_of = [name for name in ("uri", "label_uri", "mask_files") if name in manifest]
        columns = manifest.table.select(names_of).to_pylist()
        files: dict[Path, Source] = {}
        names: dict[int, str] = {}
        outside = []
        for row in choice.rows.tolist():
            named = [columns[row].get(name) for name in ("uri", "label_uri")]
            own = [uri for uri in (*named, *(columns[row].get("mask_files") or ())) if uri is not None]
            size = sizes[row] if columns[row]["uri"] is not None else None
            try:
                found = _sources(reader, own, size)
            except SampleReadError:
                outside.append(row)
                continue
            files |= found
            if columns[row]["uri"] is not None:
                names[row] = _below(reader, columns[row]["uri"]).as_posix()
        choice = choice.without(np.array(outside, dtype=np.int64), LEAVES)
        if not files:
            raise ConfigError("nothing would be left: no sample that stays has a file inside the dataset")
        return cls(choice, form, files, tuple(dict.fromkeys(names.values())))

    @property
    def manifest(self) -> Manifest:
        """The samples that stay."""
        return self.choice.manifest.take(self.choice.rows)

    def write(self, place: Path) -> None:
        """Write the export to a new file (a list) or folder.

        Raises
        ------
        ConfigError
            When the place is not new, or inside the dataset; or a list cannot hold a name.
        StorageError
            When a file cannot be written; nothing is left then.
        """
        self._check_place(place)
        if self.form == "list":
            broken = next((name for name in self.names if "\n" in name or "\r" in name), None)
            if broken is not None:
                raise ConfigError(f"a list has a path a line, and {broken!r} has a line break: export links or copies")
            write_text(place, "".join(f"{name}\n" for name in self.names))
            return
        root = place.resolve() / DATA
        link = cast("Link", {"links": "symbolic", "copies": "copy"}[self.form])
        manifest = _relative(self.manifest)
        origin = f"{plural(len(manifest), 'sample')} exported from {manifest.took_for}"
        manifest = replace(manifest, root=root, reader=FileReader(root), took_for=origin)
        try:
            with new_folder(place) as temporary:
                place_files(self.files, temporary / DATA, link)
                manifest.save(temporary / MANIFEST)
        except OSError as error:
            raise StorageError(f"{place} cannot be written, nothing is left of it: {error}") from error

    def _check_place(self, place: Path) -> None:
        reader = self.choice.manifest.reader
        if isinstance(reader, FileReader):
            root = reader.path("").resolve()
            if place.resolve().is_relative_to(root):
                raise ConfigError(f"{place} is inside the dataset {root}, whose files stay as they are: name another")
        if self.form == "list" and place.exists():
            raise ConfigError(f"expected a new file for the list, {place} is there already: name another")
        if self.form != "list" and place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise ConfigError(f"expected a new or empty folder at {place}, found files: name another")


def _sources(reader: FileReader | StoreReader, uris: list[str], size: int | None) -> dict[Path, Source]:
    """Return the files of a sample by their places; the size is that of the first one when it was audited."""
    if isinstance(reader, FileReader):
        found = {_below(reader, uri): reader.contained(uri) for uri in uris}
        _check(found, size)
        return {**found}
    sizes = [size, *[None] * len(uris)]
    return {_below(reader, uri): StoredFile(reader, uri, one) for uri, one in zip(uris, sizes, strict=False)}


def _below(reader: FileReader | StoreReader, uri: str) -> Path:
    """Return the place of a file below the root."""
    if isinstance(reader, StoreReader):
        return Path(reader.below(uri))
    return reader.path(uri).relative_to(reader.path(""))


def _check(files: dict[Path, Path], size: Any) -> None:
    """Refuse files that are missing, or whose first one changed since it was audited."""
    for number, source in enumerate(files.values()):
        if not source.is_file():
            raise StorageError(f"{source} is missing: restore it, or audit the dataset again; nothing was written")
        found = source.stat().st_size
        if number == 0 and size is not None and found != size:
            raise StorageError(
                f"{source} has {found:,} bytes, and had {plural(size, 'byte')} when it was audited: audit the dataset "
                "again; nothing was written"
            )


def _relative(manifest: Manifest) -> Manifest:
    """Return a manifest of files with each path relative to the root, as the copy has it."""
    reader = cast("FileReader | StoreReader", manifest.reader)
    for name in ("uri", "label_uri"):
        if name in manifest:
            uris = [None if uri is None else _below(reader, uri).as_posix() for uri in manifest.table[name].to_pylist()]
            manifest = manifest.with_column(name, uris)
    if manifest.has_instances:
        files = [
            each and [_below(reader, uri).as_posix() for uri in each]
            for each in manifest.table["mask_files"].to_pylist()
        ]
        manifest = manifest.with_column("mask_files", files)
    return manifest
