"""What a notebook shows for a plan: what to do, with pictures of what changes and of the samples it is about."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from datacheck.errors import StorageError
from datacheck.plan.record import PlanRecord
from datacheck.plan.view import MARKS, ItemView, PartView, plan_view
from datacheck.scanning.thumbnails import KeptPictures, data_uri
from datacheck.text import clean, plural

PICTURES = 8
"""Samples that a step shows, a row of them in a cell."""

BUDGET = 400_000
"""Bytes of base64 text that the pictures of one cell may take: they are saved with the notebook."""

ABOUT_SAMPLES = ("drop", "relabel")
"""Parts of the plan that are about single samples; the samples carry them as their action."""

_COLOURS = {"good": "#067647", "error": "#b42318", "info": "#175cd3", "idle": "#667085"}
_LEFT = "text-align:left;vertical-align:top"


class _Pictures:
    """Pictures as addresses that a page can hold, until the budget of the cell is spent."""

    def __init__(self, run: Path | None) -> None:
        self.kept: Mapping[str, bytes] = {} if run is None else KeptPictures(run)
        self.left = BUDGET

    def of_sample(self, sample_id: str) -> str | None:
        """Return the thumbnail of a sample; None where there is none, or no room."""
        try:
            return self.fitting(data_uri(self.kept.get(sample_id)))
        except StorageError:  # a later scan of the run folder moved them: the plan is shown without
            self.kept = {}
            return None

    def fitting(self, uri: str | None) -> str | None:
        """Return an address that still fits."""
        if not uri or len(uri) > self.left:
            return None
        self.left -= len(uri)
        return uri


def plan_html(plan: PlanRecord, run: Path | None = None) -> str:
    """Return a plan as an HTML fragment for notebooks; everything that comes from the data is escaped.

    Parameters
    ----------
    plan
        What is shown, in the words of `datacheck.plan.view.plan_text`.
    run
        The run folder with the thumbnails of the samples to leave out or to check; without it they are named only.
    """
    view, pictures = plan_view(plan), _Pictures(run)
    parts = "".join(_part(plan, part, pictures) for part in view.parts)
    notes = "".join(f"<p><small>note: {escape(note)}</small></p>" for note in view.notes)
    return f"<div><p><strong>Training plan</strong> · {escape(view.heading)}</p>{parts}{notes}</div>"


def _part(plan: PlanRecord, part: PartView, pictures: _Pictures) -> str:
    rows = "".join(_row(item, pictures) for item in part.items)
    samples = _samples(plan, part.kind, pictures) if part.kind in ABOUT_SAMPLES else ""
    body = (_table(rows) if rows else "") + samples
    if part.folded:
        folded = _table("".join(_row(item, pictures) for item in part.folded))
        body += f"<details><summary>{escape(part.folds)}</summary>{folded}</details>"
    return f'<p style="margin:8px 0 0"><strong>{escape(part.title)}</strong></p>{body}'


def _table(rows: str) -> str:
    return f'<table style="margin:0"><tbody>{rows}</tbody></table>'


def _row(item: ItemView, pictures: _Pictures) -> str:
    text = escape(item.summary)
    if item.steps:
        text = (
            f'<ol style="margin:0;padding-left:20px">{"".join(f"<li>{escape(step)}</li>" for step in item.steps)}</ol>'
        )
    measured = "".join(f"<div><small>{escape(line)}</small></div>" for line in item.measured)
    uri = pictures.fitting(item.picture)
    drawn = ""
    if uri:
        alt = f"samples before (above) and after {item.name}"
        drawn = f'<div><img src="{escape(uri)}" alt="{escape(alt)}" title="{escape(alt)}" style="max-width:100%"></div>'
    return (
        f'<tr><td style="{_LEFT};white-space:nowrap;color:{_COLOURS[item.tone]};font-weight:600">'
        f'{MARKS[item.verdict]} {escape(item.verdict)}</td><td style="{_LEFT}">{text}{drawn}{measured}</td></tr>'
    )


def _samples(plan: PlanRecord, action: str, pictures: _Pictures) -> str:
    """Return the first samples with an action: the surest, with the label and what is suggested for it."""
    chosen = plan.samples.filter(pc.equal(plan.samples["action"], action))
    if not len(chosen):
        return ""
    sure = np.nan_to_num(chosen["confidence"].to_numpy(), nan=-1)
    shown = chosen.take(np.argsort(-sure, kind="stable")[:PICTURES]).to_pylist()
    figures = "".join(_figure(row, pictures) for row in shown)
    more = len(chosen) - len(shown)
    tail = f"<div><small>… and {plural(more, 'more sample')}</small></div>" if more else ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px">{figures}</div>{tail}'


def _figure(row: Mapping[str, Any], pictures: _Pictures) -> str:
    uri = pictures.of_sample(row["sample_id"])
    name, reason = clean(row["sample_id"]), clean(row["reason"] or "")
    label = clean(row["label"] or "")
    said = f"{escape(label)} → <b>{escape(clean(row['suggested']))}</b>" if row["suggested"] else escape(label)
    title = escape(f"{name}: {reason}")
    image = (
        f'<img src="{escape(uri)}" alt="{title}" style="width:88px;height:88px;object-fit:contain">'
        if uri
        else f'<span style="word-break:break-all">{escape(name)}</span>'
    )
    return (
        f'<span title="{title}" style="width:110px;text-align:center;font-size:12px;line-height:1.3">'
        f"{image}<br>{said}</span>"
    )
