"""Great Expectations' Data Docs, made readable without a network."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from datacheck.errors import ContractError

_DROPPED = (
    re.compile(r"<script\b.*?</script>", re.IGNORECASE | re.DOTALL),
    re.compile(r"<link\b[^>]*>", re.IGNORECASE),
    re.compile(r"<img\b[^>]*\bsrc=[\"']?https?://[^>]*>", re.IGNORECASE),
    re.compile(r"@import\s+url\([^)]*\)\s*;?", re.IGNORECASE),
    re.compile(r"<footer\b.*?</footer>", re.IGNORECASE | re.DOTALL),
)
"""What loads from the net, and the scripts that do not run without what they load."""

_STATUS = {"fa-check-circle": ("kept", "✔"), "fa-times": ("broken", "✖"), "fa-exclamation-triangle": ("error", "▲")}
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
    pages = sorted(page.relative_to(built) for page in built.rglob("*.html") if page.name != "index.html")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARKER).write_text("", encoding="utf-8")
    style, script = (
        files("datacheck_expectations").joinpath(name).read_text(encoding="utf-8") for name in ("docs.css", "docs.js")
    )
    for page in pages:
        target = folder / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(offline((built / page).read_text(encoding="utf-8"), style, script), encoding="utf-8")
    (folder / "index.html").write_text(_index(pages, style), encoding="utf-8")
    return folder / "index.html"


def offline(page: str, style: str, script: str) -> str:
    """Return a page that loads nothing, with a style and a script of its own.

    Examples
    --------
    >>> offline('<head><script src="https://x.org/a.js"></script></head><i class="fas fa-times"></i>', "p {}", "")
    '<head><style>p {}</style><script></script></head><i class="status broken" title="broken">✖</i>'
    """
    for pattern in _DROPPED:
        page = pattern.sub("", page)
    for icon, (word, mark) in _STATUS.items():
        page = re.sub(
            rf'<i class="[^"]*\b{icon}\b[^"]*"[^>]*></i>', f'<i class="status {word}" title="{word}">{mark}</i>', page
        )
    page = page.replace("Data asset: None", "Data asset: samples").replace(" / __none__ / ", " / ")
    return page.replace("</head>", f"<style>{style}</style><script>{script}</script></head>", 1)


def _index(pages: Sequence[Path], style: str) -> str:
    """Return a start page with links to the result and the contract; Great Expectations' own needs scripts to show."""
    entries = []
    for page in pages:
        validated = page.parts[0] == "validations"
        title = f"Result of {page.parts[-2]}" if validated else "The contract, term by term"
        entries.append((not validated, f'<li><a href="{escape(page.as_posix())}">{escape(title)}</a></li>'))
    listed = "".join(entry for _, entry in sorted(entries))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>Data Docs</title><style>{style}</style></head>'
        f'<body><div class="container-fluid"><h1>Data Docs</h1><p>Made by Great Expectations.</p><ul>{listed}</ul>'
        "</div></body></html>\n"
    )
