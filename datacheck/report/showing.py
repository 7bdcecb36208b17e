"""The whole report on the screen: in the cell of a notebook, or in a browser."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from datacheck.report.html import render, write
from datacheck.report.pictures import open_thumbnails
from datacheck.report.record import ReportRecord


@dataclass(frozen=True)
class Shown:
    """A report as the output of a cell: the page in a frame of its own, so that its style stays in it."""

    html: str = field(repr=False)
    height: int

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts allow-downloads" title="datacheck report" '
            f'style="width:100%;height:{self.height}px;border:1px solid #d0d5dd"></iframe>'
        )


def show(report: ReportRecord, *, height: int) -> Path | Shown:
    """Return the report for a cell of a notebook; elsewhere write it to a temporary folder and open the browser."""
    if in_notebook():
        return Shown(render(report, thumbnails=open_thumbnails(report)), height)
    path = Path(tempfile.mkdtemp(prefix="datacheck-")) / "report.html"
    write(report, path)
    webbrowser.open(path.as_uri())
    return path


def in_notebook() -> bool:
    """Return whether the code runs in a notebook, as IPython says where it is loaded."""
    loaded = sys.modules.get("IPython")
    shell = None if loaded is None else loaded.get_ipython()
    return getattr(shell, "kernel", None) is not None
