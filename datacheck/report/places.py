"""Where a sample's file is, as tools that show source files want it."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


def is_address(uri: str) -> bool:
    """Return whether a uri is an address such as ``s3://…`` rather than a path."""
    return _SCHEME.match(uri) is not None


def from_working_directory(uri: str, root: Path | None) -> str:
    """Return a sample's file relative to the working directory where it lies below it, else as an absolute path.

    Tools that annotate a repository's files run where the repository is checked out, and know no other root.

    Examples
    --------
    >>> from_working_directory("cat/1.jpg", Path.cwd() / "data"), from_working_directory("a.jpg", Path("/elsewhere"))
    ('data/cat/1.jpg', '/elsewhere/a.jpg')
    """
    if is_address(uri) or PureWindowsPath(uri).drive:
        return uri
    if root is None and not PurePosixPath(uri).is_absolute():
        return uri
    path = os.path.normpath(os.path.join(Path.cwd(), root or "", uri))  # noqa: PTH118
    below = os.path.relpath(path)
    return path if below.startswith(os.pardir) else PurePosixPath(*Path(below).parts).as_posix()


def file_uri(place: str) -> str:
    """Return a path or an address as an escaped URI reference.

    Examples
    --------
    >>> file_uri("data/a b.jpg"), file_uri("/data/a.jpg"), file_uri("s3://bucket/a%20b.jpg")
    ('data/a%20b.jpg', 'file:///data/a.jpg', 's3://bucket/a%20b.jpg')
    """
    if is_address(place):
        return quote(place, safe=":/?#[]@!$&'()*+,;=%-._~")
    if PureWindowsPath(place).drive:
        return PureWindowsPath(place).as_uri() if PureWindowsPath(place).is_absolute() else quote(place, safe="/-._~")
    return Path(place).as_uri() if PurePosixPath(place).is_absolute() else quote(place, safe="/-._~")
