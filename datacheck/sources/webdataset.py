"""WebDataset tars: ``key.jpg`` beside ``key.cls``, ``key.json`` or ``key.txt``; or tars of class folders."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Question, Unread, natural_key
from datacheck.manifest.readers import TarReader, member_uri
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.class_folders import FolderImages, class_folder_manifest
from datacheck.sources.column_guesses import NAMES
from datacheck.sources.files import check_regular, existing, expand_braces, is_glob, is_image_name, list_files, text
from datacheck.sources.folder_inventory import files_beside, images_used
from datacheck.sources.layout import read_layout
from datacheck.sources.split_words import normalise_split
from datacheck.sources.table import table_manifest
from datacheck.sources.webdataset_labels import LABEL_EXTENSIONS, label_columns
from datacheck.text import plural

_MOST_LABEL_BYTES = 1 << 20
"""A label member of more than 1 MB is data, not a label."""

_NO_END = "the end marker of a tar is missing"
"""What is wrong with a tar that ends after a whole member: it may have been cut there, or written without a marker."""


@dataclass
class _Sample:
    """The members of one key."""

    shard: str
    key: str
    image: str = ""
    offset: int = 0
    size: int = 0
    labels: dict[str, str] = field(default_factory=dict)


def open_webdataset(source: Any, options: SourceOptions) -> Manifest:
    """Open one tar, a folder of tars, or a glob or brace pattern of them, without unpacking anything.

    Raises
    ------
    SourceError
        When there is no such tar, it is compressed (no random access), or holds no image.
    """
    shards, missing = _shards(str(source))
    root = Path(os.path.commonpath([shard.parent for shard in shards]))
    samples: list[_Sample] = []
    damaged: dict[str, str] = {}
    n_others = 0
    for shard in shards:
        found, others, damage = _index(shard, root)
        samples += found
        n_others += others
        damaged |= {shard.name: damage} if damage else {}
    if not samples:
        raise SourceError(f"expected images in {source}, found none in {plural(len(shards), 'tar')}")
    splits = {shard: _split_of(shard) for shard in {sample.shard for sample in samples}}
    took_for = f"{'a tar' if len(shards) == 1 else plural(len(shards), 'tar')} ({source})"
    broken = [f"{name} ({damage})" for name, damage in damaged.items() if damage != _NO_END]
    notes = [f"damaged after the last readable member: {', '.join(broken)}"] if broken else []
    notes += [f"{', '.join(missing)} missing"] if missing else []
    if any(sample.labels for sample in samples):
        manifest = _with_labels(samples, splits, options, root=root, took_for=f"WebDataset, {took_for}")
    else:
        notes += [plural(n_others, "other member") + " ignored"] if n_others else []
        manifest = _class_folders(samples, splits, options, root=root, took_for=took_for)
    place = Path(str(source))
    beside = files_beside(place, (".tar",)) if place.is_dir() else Inventory()
    took_for = ", ".join([manifest.took_for, *notes])
    return replace(manifest, took_for=took_for, inventory=manifest.inventory + beside + _lost(damaged, missing))


def _lost(damaged: dict[str, str], missing: list[str]) -> Inventory:
    """Return what of the tars could not be read."""
    unread = [
        Unread(f"the rest of {name}", ItemKind.FILE, f"the tar is damaged ({damage}); get it again", HoldsLabels.YES)
        for name, damage in damaged.items()
        if damage != _NO_END
    ]
    unread += [Unread(name, ItemKind.FILE, "there is no such file", HoldsLabels.YES) for name in missing]
    questions = [
        Question(f"{name}: {_NO_END}, so it may have been cut; all of its whole members were read")
        for name, damage in damaged.items()
        if damage == _NO_END
    ]
    return Inventory(unread=tuple(unread), questions=tuple(questions))


def _shards(pattern: str) -> tuple[list[Path], list[str]]:
    paths: list[str] = []
    missing: list[str] = []
    for each in expand_braces(pattern):
        if Path(each).is_dir():
            paths += [str(path) for path in sorted(Path(each).glob("*.tar"), key=lambda path: natural_key(path.name))]
        elif is_glob(each):
            paths += list_files(each)
        elif Path(each).exists():
            paths.append(each)
        else:
            missing.append(each)
    if not paths:
        existing(Path(missing[0] if missing else pattern))
        raise SourceError(f"expected tars in {pattern}, found none")
    return [Path(os.path.abspath(path)) for path in paths], missing  # noqa: PTH100 - must not follow links


def _index(shard: Path, root: Path) -> tuple[list[_Sample], int, str]:
    """List the samples of one tar, count the members that belong to none, and say where it broke off."""
    name = text(check_regular(shard).relative_to(root).as_posix())
    samples: dict[str, _Sample] = {}
    with shard.open("rb") as file:
        n_others, damage = 0, ""
        try:
            for member, key, extension in _members(file, shard):
                sample = samples.setdefault(key, _Sample(name, key))
                if is_image_name(f"x.{extension.rpartition('.')[2]}") and not sample.image:
                    sample.image, sample.offset, sample.size = text(member.name), member.offset_data, member.size
                elif extension in LABEL_EXTENSIONS and member.size <= _MOST_LABEL_BYTES:
                    sample.labels[extension] = _read_text(file, member)
                else:
                    n_others += 1
        except tarfile.TarError as error:
            damage = str(error)
        except EOFError as error:
            damage = str(error)
    if damage and not samples:
        raise SourceError(f"expected a tar in {shard}, found: {damage}")
    kept = [sample for sample in samples.values() if sample.image]
    return kept, n_others + len(samples) - len(kept), damage


def _members(file: Any, shard: Path) -> Iterator[tuple[tarfile.TarInfo, str, str]]:
    """Yield the regular, visible members with their key and extension, and give the place in the file back."""
    if file.read(6)[:2] in (b"\x1f\x8b", b"BZ", b"\xfd7"):
        raise SourceError(
            f"expected a plain tar in {shard}, found a compressed one, which cannot be read at random; "
            "unpack or decompress it first"
        )
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if member.isreg() and not member.issparse() and not name.startswith("."):
                stem, dot, extension = name.partition(".")
                if dot and stem:
                    yield member, f"{folder}/{stem}" if folder else stem, extension.lower()
            archive.members = []  # type: ignore[attr-defined]
        # A header that is cut or damaged ends the iteration as the end marker does, which is a block of zeros.
        file.seek(archive.offset)
        block = file.read(tarfile.BLOCKSIZE)
        if block != bytes(tarfile.BLOCKSIZE):
            what = f"the header at byte {archive.offset:,} is {'cut' if len(block) < tarfile.BLOCKSIZE else 'damaged'}"
            raise EOFError(what if block else _NO_END)


def _read_text(file: Any, member: tarfile.TarInfo) -> str:
    place = file.tell()
    file.seek(member.offset_data)
    content = file.read(member.size)
    file.seek(place)
    return str(content.decode("utf-8", "replace").strip())


def _split_of(shard: str) -> str | None:
    for part in reversed(Path(shard).with_suffix("").parts):
        split = normalise_split(part.replace("_", "-").split("-")[0])
        if split:
            return split
    return None


def _uris(samples: list[_Sample]) -> list[str]:
    return [member_uri(each.shard, each.offset, each.size, each.image) for each in samples]


def _ids(samples: list[_Sample]) -> list[str]:
    """Return ``shard/key`` for each sample; the key alone where there is one shard."""
    one = len({sample.shard for sample in samples}) == 1
    return [text(each.key if one else f"{each.shard}/{each.key}") for each in samples]


def _split_column(samples: list[_Sample], splits: dict[str, str | None]) -> dict[str, Any]:
    if any(split is None for split in splits.values()):
        return {}
    return {"split": pa.array([splits[each.shard] for each in samples]).dictionary_encode()}


def _class_folders(
    samples: list[_Sample], splits: dict[str, str | None], options: SourceOptions, *, root: Path, took_for: str
) -> Manifest:
    by_folder: dict[tuple[str, ...], list[_Sample]] = {}
    for sample in samples:
        parts = tuple(part for part in text(sample.image).split("/")[:-1] if part not in ("", "."))
        by_folder.setdefault(parts, []).append(sample)
    folders = sorted(by_folder, key=lambda parts: [natural_key(part) for part in parts])
    for members in by_folder.values():
        members.sort(key=lambda sample: (natural_key(sample.shard), natural_key(sample.image.rpartition("/")[2])))
    ordered = [sample for parts in folders for sample in by_folder[parts]]
    layout = read_layout(folders)
    extra = {"sample_id": _ids(ordered)} if len(set(_ids(ordered))) == len(ordered) else {}
    if all(split is None for split in layout.splits):
        extra |= _split_column(ordered, splits)
    found = FolderImages(
        uris=_uris(ordered),
        lengths=[len(by_folder[parts]) for parts in folders],
        layout=layout,
        root=root,
        columns=extra,
        reader=TarReader(root),
    )
    inventory = Inventory(used=images_used([sample.image for sample in ordered]), questions=layout.questions)
    return class_folder_manifest(found, replace(options, label=None), took_for=took_for, inventory=inventory)


def _with_labels(
    samples: list[_Sample], splits: dict[str, str | None], options: SourceOptions, *, root: Path, took_for: str
) -> Manifest:
    table, n_damaged = label_columns([sample.labels for sample in samples])
    if n_damaged:
        took_for += f", {plural(n_damaged, 'member')} .json without JSON"
    free = [f"{name}_" if name in ("uri", "sample_id") else name for name in table.column_names]
    table = table.rename_columns(free)
    ids = _ids(samples)
    uris = pa.array(_uris(samples), pa.string())
    table = table.append_column("uri", uris) if table.num_columns else pa.table({"uri": uris})
    if len(set(ids)) == len(ids):
        table = table.append_column("sample_id", pa.array(ids, pa.string()))
    if not any(name in table.column_names for name in NAMES["split"]):
        for name, values in _split_column(samples, splits).items():
            table = table.append_column(name, values)
    label = None if options.task is not None and options.target else options.label
    kind = next((kind for kind in LABEL_EXTENSIONS if any(kind in sample.labels for sample in samples)), "json")
    if label is None and options.target is None and kind != "json":
        label = kind
    names = None if options.classes is None or label is None else {label: options.classes}
    manifest = table_manifest(
        table,
        replace(options, path="uri", label=label),
        base=root,
        took_for=took_for,
        reader=TarReader(root),
        names=names,
    )
    return replace(manifest, root=root)


def recognises(source: object) -> bool:
    """A tar, a pattern of tars, or a folder with tars at its top and no images there."""
    path = as_path(source)
    if path is None:
        return False
    if path.is_dir():
        names = [entry.name for entry in os.scandir(path)]
        return any(name.endswith(".tar") for name in names) and not any(is_image_name(name) for name in names)
    return path.name.lower().endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"))


SOURCE = Source(
    "webdataset",
    frozenset({"task", "label", "target", "split", "group", "classes", "label_separator"}),
    recognises,
    open_webdataset,
)
