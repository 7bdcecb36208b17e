"""Listing files: fast, in an order that is the same everywhere, and without following a link round in circles."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import natural_key

IMAGE_EXTENSIONS = frozenset(
    (
        *("jpg", "jpeg", "jpe", "jfif", "png", "bmp", "dib", "gif", "tif", "tiff", "webp", "avif", "heic", "heif"),
        *("ppm", "pgm", "pbm", "pnm", "jp2", "j2k", "jxl", "tga"),
    )
)
"""Extensions, in lower case and without the dot, of the files that are taken for images."""

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}
_YEAR = re.compile(r"[-_ ]?(19|20)\d\d$")
"""What COCO and others put behind the split: ``train2017``."""

_HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")


def is_image_name(name: str) -> bool:
    """Tell from its extension whether a file is meant to be an image.

    Examples
    --------
    >>> is_image_name("a/cat.JPG"), is_image_name("cat.txt"), is_image_name("jpg")
    (True, False, False)
    """
    stem, dot, extension = name.rpartition(".")
    return bool(dot and stem) and extension.lower() in IMAGE_EXTENSIONS


def normalise_split(name: str) -> str | None:
    """Return ``train``, ``val`` or ``test`` for the words that people use for them, None for any other word.

    Examples
    --------
    >>> normalise_split("Validation"), normalise_split("train2017"), normalise_split("cat")
    ('val', 'train', None)
    """
    return _SPLITS.get(_YEAR.sub("", name.lower()))


def split_names(found: Iterable[str]) -> dict[str, str]:
    """Map the words found for splits to standard ones, save where two words would fall together.

    Examples
    --------
    >>> split_names(["training", "dev", "holdout"])
    {'training': 'train', 'dev': 'val', 'holdout': 'holdout'}
    >>> split_names(["val", "dev"])
    {'val': 'val', 'dev': 'dev'}
    """
    found = list(found)
    standard = [normalise_split(name) or name for name in found]
    return {name: wanted if standard.count(wanted) == 1 else name for name, wanted in zip(found, standard, strict=True)}


@dataclass(frozen=True)
class Folder:
    """One folder of a walk: its parts below the top, its visible file names in natural order, and what was hidden."""

    parts: tuple[str, ...]
    names: tuple[str, ...]
    n_hidden: int
    n_folders: int


def walk(top: Path) -> Iterator[Folder]:
    """Yield a folder and those below it, each in natural order; links are followed, but never into their own parents.

    Raises
    ------
    SourceError
        When a folder cannot be listed.
    """
    yield from _walk(str(top), (), frozenset())


def _walk(path: str, parts: tuple[str, ...], parents: frozenset[tuple[int, int]]) -> Iterator[Folder]:
    names, folders, n_hidden = [], [], 0
    try:
        status = os.stat(path)  # noqa: PTH116 - hot path
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _HIDDEN:
                    n_hidden += 1
                elif entry.is_dir():
                    folders.append(entry.name)
                else:
                    names.append(entry.name)
    except OSError as error:
        raise SourceError(
            f"expected to list the folder {path}, found: {error.strerror}; fix its permissions or leave it out"
        ) from None
    here = (status.st_dev, status.st_ino)
    if here in parents:
        return
    names.sort(key=natural_key)
    folders.sort(key=natural_key)
    yield Folder(parts, tuple(names), n_hidden, len(folders))
    for folder in folders:
        yield from _walk(f"{path}/{folder}", (*parts, folder), parents | {here})


def text(name: str) -> str:
    r"""Return a file name as text; bytes that are no UTF-8 become ``\xNN``, which `FileReader` knows.

    Examples
    --------
    >>> text("caf\udce9.png")
    'caf\\xe9.png'
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def is_glob(place: str | Path) -> bool:
    """Tell a pattern from a path; an existing path with brackets in its name is a path.

    Examples
    --------
    >>> is_glob("images/*.png"), is_glob("images")
    (True, False)
    """
    return glob.has_magic(str(place)) and not os.path.lexists(place)


def list_files(place: str | Path, order: str = "natural") -> list[str]:
    """List the visible files below a folder, or those that match a glob, as absolute paths.

    Parameters
    ----------
    place
        A folder (listed with all below it), a glob (``**`` reaches all below), or one file.
    order
        ``natural`` (``2`` before ``10``), ``lexicographic`` (as ``sorted()`` does), or ``as-listed`` (as the file
        system has them, which differs between machines).

    Raises
    ------
    SourceError
        When there is no such place, or nothing in it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("a10.png", "a2.png", ".hidden"):
    ...     (folder / name).touch()
    >>> [Path(path).name for path in list_files(folder)]
    ['a2.png', 'a10.png']
    >>> [Path(path).name for path in list_files(f"{folder}/*.png", "lexicographic")]
    ['a10.png', 'a2.png']
    """
    if is_glob(place):
        paths = [os.path.abspath(path) for path in glob.iglob(str(place), recursive=True) if os.path.isfile(path)]  # noqa: PTH100, PTH113, PTH207
    elif os.path.isfile(place):  # noqa: PTH113
        paths = [os.path.abspath(place)]  # noqa: PTH100
    else:
        paths = list(_files_below(existing(Path(place)), ordered=order != "as-listed"))
    if not paths:
        raise SourceError(f"expected files in {place}, found none; check the folder or the pattern")
    if order == "natural" and is_glob(place):
        paths.sort(key=lambda path: [natural_key(part) for part in path.split("/")])
    elif order == "lexicographic":
        paths.sort()
    return paths


def _files_below(top: Path, *, ordered: bool) -> Iterator[str]:
    base = os.path.abspath(top)  # noqa: PTH100 - must not follow links
    if ordered:
        for folder in walk(Path(base)):
            prefix = "/".join((base, *folder.parts, ""))
            yield from (prefix + name for name in folder.names)
        return
    for path, folders, names in os.walk(base, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (f"{path}/{name}" for name in names if not name.startswith("."))


def existing(path: Path) -> Path:
    """Return a path that exists, or raise a `SourceError` that suggests a sibling with a near name."""
    if os.path.lexists(path):
        return path
    parent = path.parent
    while not parent.is_dir() and parent != parent.parent:
        path, parent = parent, parent.parent
    try:
        siblings = sorted(os.listdir(parent))  # noqa: PTH208
    except OSError:
        siblings = []
    near = did_you_mean(path.name, siblings)
    raise SourceError(f"expected a file or folder at {path}, found nothing of that name in {parent.absolute()}{near}")


def expand_braces(pattern: str) -> list[str]:
    """Expand ``{a,b}`` and ``{0000..0003}``.

    Examples
    --------
    >>> expand_braces("s-{08..10}.tar")
    ['s-08.tar', 's-09.tar', 's-10.tar']
    >>> expand_braces("{train,val}.tar")
    ['train.tar', 'val.tar']
    """
    found = re.search(r"\{([^{}]*)\}", pattern)
    if found is None:
        return [pattern]
    numbers = re.fullmatch(r"(\d+)\.\.(\d+)", found[1])
    if numbers:
        width = len(numbers[1])
        words: Sequence[str] = [f"{number:0{width}d}" for number in range(int(numbers[1]), int(numbers[2]) + 1)]
    else:
        words = found[1].split(",")
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [path for word in words for path in expand_braces(f"{before}{word}{after}")]
