"""Great Expectations' Data Docs, made readable without a network."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

from datacheck.errors import ContractError

_REMOTE = (
    re.compile(r"<script\b[^>]*\bsrc=[\"']?https?://[^>]*>\s*</script>", re.IGNORECASE),
    re.compile(r"<link\b[^>]*\bhref=[\"']?https?://[^>]*>", re.IGNORECASE),
    re.compile(r"<img\b[^>]*\bsrc=[\"']?https?://[^>]*>", re.IGNORECASE),
)
_MARKER = ".datacheck-data-docs"


def write_docs(context: Any, folder: Path) -> Path:
    """Build the project's Data Docs into a folder, let them load nothing from the net, and return their start page.

    Raises
    ------
    ContractError
        When the folder holds something that is not Data Docs of an earlier check.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).is_file():
        raise ContractError(f"expected a new folder or earlier Data Docs at {folder}, found other files: name another")
    context.build_data_docs()
    built = Path(context.root_directory, "uncommitted", "data_docs", "local_site")
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns("*.woff*", "*.ttf", "*.eot", "fonts", "images"))
    (folder / _MARKER).write_text("", encoding="utf-8")
    style = files("datacheck_expectations").joinpath("offline.css").read_text(encoding="utf-8")
    for page in folder.rglob("*.html"):
        page.write_text(offline(page.read_text(encoding="utf-8"), style), encoding="utf-8")
    return folder / "index.html"


def offline(page: str, style: str) -> str:
    """Return a page without anything that it would load from the net, with a style of its own.

    Examples
    --------
    >>> offline('<head><script src="https://x.org/a.js"></script></head>', "p {}")
    '<head><style>p {}</style></head>'
    """
    for pattern in _REMOTE:
        page = pattern.sub("", page)
    page = re.sub(r"@import\s+url\([^)]*https?://[^)]*\)\s*;?", "", page)
    return page.replace("</head>", f"<style>{style}</style></head>", 1)
