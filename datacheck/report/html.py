"""The report as one self-contained HTML file that opens from disk, offline.

The page asks for nothing: styles, script, figures and pictures are inside it, and its content security policy lets it
load nothing else. Everything that comes from the dataset is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from datacheck.findings import Severity
from datacheck.plan.view import plan_view
from datacheck.report.annotated import annotated
from datacheck.report.box_view import box_view
from datacheck.report.dataset import dataset_line, dataset_title
from datacheck.report.evidence_blocks import SHOWN_ROWS, MeasuredCurve
from datacheck.report.families import checked_line
from datacheck.report.figures import curve_svg
from datacheck.report.first_plots import first_plots
from datacheck.report.overview import matrix, probe_view, properties, verdict
from datacheck.report.pictures import BUDGET, PictureBook, Thumbnails, collect, open_thumbnails
from datacheck.report.reading import reading_view
from datacheck.report.record import ReportRecord
from datacheck.report.rule_pages import rule_pages
from datacheck.report.views import GALLERY, FindingView, finding_views
from datacheck.report.wording import for_both
from datacheck.report.worst_loss import worst_loss
from datacheck.storage import write_text
from datacheck.text import plural

if TYPE_CHECKING:
    from jinja2 import Environment


def render(
    report: ReportRecord,
    *,
    fail_on: Severity = Severity.ERROR,
    thumbnails: Thumbnails | None = None,
    budget: int = BUDGET,
) -> str:
    """Return the report as HTML text.

    Parameters
    ----------
    report
        What to render.
    fail_on
        The severity from which the verdict is "Fix before training".
    thumbnails
        Where the pictures come from; by default the ones that the scan kept in the run folder.
    budget
        Bytes that the pictures may take.
    """
    views = finding_views(report, rule_pages())
    store = annotated(report, thumbnails if thumbnails is not None else open_thumbnails(report))
    worst = worst_loss(report)
    galleries, after = ([[tile.sample_id for tile in one.tiles] for one in shown] for shown in (views, worst))
    book = collect(galleries, store, budget=budget, after=after)
    script = _resource("report.js") + _resource("picking.js")
    text = (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            manifest=report.manifest,
            title=dataset_title(report.manifest),
            line=dataset_line(report.manifest),
            verdict=verdict(report, fail_on),
            matrix=matrix(report.manifest),
            boxes=box_view(report),
            properties=properties(report),
            plots=first_plots(report),
            shown_rows=SHOWN_ROWS,
            probe=probe_view(report),
            worst_loss=worst,
            plan=None if report.plan is None else plan_view(report.plan),
            reading=reading_view(report),
            checked=checked_line(report, "shell"),
            views=views,
            book=book,
            pictures=_json_block(list(book.uris)),
            filters=_filters(report, views),
            cap=GALLERY,
            style=_resource("report.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            settings=json.dumps(report.to_json()["settings"], indent=2, ensure_ascii=False),
        )
    )
    return text.lstrip()


def write(
    report: ReportRecord, path: Path, *, run_dir: Path | None = None, thumbnails: Thumbnails | None = None
) -> None:
    """Write the report to ``path``, whole or not at all."""
    if thumbnails is None:
        thumbnails = open_thumbnails(report, run_dir)
    # A file name may hold bytes that are no text; they came in as lone surrogates and cannot be written as UTF-8.
    text = render(report, thumbnails=thumbnails).encode("utf-8", errors="replace").decode("utf-8")
    write_text(path, text)


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("datacheck.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plural"] = plural
    environment.filters["both"] = for_both
    environment.filters["capital"] = _capital
    environment.filters["sentence"] = _sentence
    environment.filters["thousands"] = lambda value: f"{value:,}"
    environment.globals["picture_of"] = _picture_of
    environment.globals["curve_of"] = _curve_of
    return environment


def _capital(text: str) -> str:
    """Return text with a capital at its start."""
    text = text.strip()
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    """Return text with a capital at its start and a full stop at its end."""
    text = _capital(text)
    return text + ("" if not text or text[-1] in ".!?…:" else ".")


def _picture_of(book: PictureBook, sample_id: str) -> int:
    return book.index.get(sample_id, -1)


def _curve_of(curve: MeasuredCurve) -> Markup:
    return Markup(curve_svg(np.asarray(curve.points, np.float64), label=curve.name, x_name=curve.x_name))


def _resource(name: str) -> str:
    return files("datacheck.report").joinpath("templates", name).read_text(encoding="utf-8")


def _json_block(value: Any) -> str:
    """Return JSON that cannot end the script element that it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _filters(report: ReportRecord, views: tuple[FindingView, ...]) -> dict[str, Any]:
    """Return what can be chosen in the filters: only what some finding is about."""
    codes = dict.fromkeys((view.finding.code, view.finding.name) for view in views)
    return {
        "severities": [(name, count) for name, count in report.counts.items() if count],
        "codes": sorted(codes),
        "classes": [(k, report.manifest.classes[k]) for k in sorted({k for view in views for k in view.classes})],
        "splits": [(s, report.manifest.splits[s]) for s in sorted({s for view in views for s in view.splits})],
    }
