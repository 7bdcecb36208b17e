"""Files: which are images, listing them in an order that is the same everywhere, and finding what was meant."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import natural_key
from datacheck.sources.walking import walk

IMAGE_EXTENSIONS = frozenset(
    (
        *("jpg", "jpeg", "jpe", "jfif", "png", "bmp", "dib", "gif", "tif", "tiff", "webp", "avif", "heic", "heif"),
        *("ppm", "pgm", "pbm", "pnm", "jp2", "j2k", "jxl", "tga"),
    )
)
"""Extensions, in lower case and without the dot, of the files that are taken for images."""


def is_image_name(name: str) -> bool:
    """Return, by its extension, whether a file is meant to be an image.

    Examples
    --------
    >>> is_image_name("a/cat.JPG"), is_image_name("cat.txt"), is_image_name("jpg")
    (True, False, False)
    """
    stem, dot, extension = name.rpartition(".")
    return bool(dot and stem) and extension.lower() in IMAGE_EXTENSIONS


def text(name: str) -> str:
    r"""Return a file name as text; bytes that are no UTF-8 become ``\xNN``, which `FileReader` reads back.

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
    """Return whether a place is a pattern and not a path; an existing path with brackets in its name is a path.

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
        paths = list(_files_below(existing(Path(place)), as_listed=order == "as-listed"))
    if not paths:
        raise SourceError(f"expected files in {place}, found none; check the folder or the pattern")
    if order == "natural":
        paths.sort(key=_natural_place)
    elif order == "lexicographic":
        paths.sort()
    return paths


def _natural_place(path: str) -> tuple[tuple[bool, tuple[str | tuple[int, str], ...]], ...]:
    """Return a key that puts the files of a folder before those of the folders in it."""
    *folders, name = path.split("/")
    return (*((True, natural_key(part)) for part in folders), (False, natural_key(name)))


def _files_below(top: Path, *, as_listed: bool) -> Iterator[str]:
    base = os.path.abspath(top)  # noqa: PTH100 - must not follow links
    if not as_listed:
        yield from (f"{base}/{folder.place(name)}" for folder in walk(Path(base)) for name in folder.names)
        return
    for path, folders, names in os.walk(base, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (f"{path}/{name}" for name in names if not name.startswith("."))


def check_regular(path: Path) -> Path:
    """Return the path of an ordinary file; opening anything else may wait for ever.

    Raises
    ------
    SourceError
        When the path is a named pipe, a socket or a device.
    """
    mode = existing(path).stat().st_mode if path.exists() else stat.S_IFREG
    if stat.S_ISREG(mode):
        return path
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))
    found = next((word for is_kind, word in kinds if is_kind(mode)), "a device")
    raise SourceError(f"expected an ordinary file at {path}, found {found}; write its content to a file first")


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


def without_zeros(by_stem: dict[str, str]) -> dict[str, str]:
    """Return the files whose stem is a number with zeros in front by that number, as tables lose the zeros.

    Examples
    --------
    >>> without_zeros({"007": "a/007.png", "08": "a/08.png", "008": "a/008.png", "9": "a/9.png", "x01": "a/x01.png"})
    {'7': 'a/007.png'}
    """
    found: dict[str, list[str]] = {}
    for stem, path in by_stem.items():
        if stem.isascii() and stem.isdigit() and stem.startswith("0"):
            found.setdefault(stem.lstrip("0") or "0", []).append(path)
    return {number: paths[0] for number, paths in found.items() if len(paths) == 1}
