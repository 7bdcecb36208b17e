"""What a notebook shows for a queue: its first questions, with their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from datacheck.scanning.thumbnails import KeptPictures, data_uri
from datacheck.text import percent, plural

SHOWN = 12
"""Questions that a cell shows: more are looked at on the page of ``datacheck review``."""


def queue_html(rows: Sequence[Mapping[str, Any]], total: int, run: Path | None, *, calibrated: bool) -> str:
    """Return the first questions as an HTML fragment; all that comes from the dataset is escaped.

    Parameters
    ----------
    rows
        The first questions, as `RelabelQueue.rows` returns them.
    total
        How many there are.
    run
        The run folder with the thumbnails.
    calibrated
        Whether the probabilities are known, and shown.
    """
    pictures: Mapping[str, bytes] = {} if run is None else KeptPictures(run)
    body = "".join(
        f"<tr><td>{_picture(pictures.get(row['sample_id']))}</td>"
        f"<td>{escape(row['given'] or '')} → <b>{escape(row['suggested'] or '?')}</b></td>"
        f"{_chance(row['error_probability']) if calibrated else ''}"
        f'<td style="text-align:left">{escape(row["sample_id"])}</td></tr>'
        for row in rows
    )
    more = total - len(rows)
    tail = f"<p>… and {more:,} more; <code>datacheck review</code> shows all of them</p>" if more > 0 else ""
    return (
        f"<div><p><strong>Relabel queue</strong> · {plural(total, 'question')}</p>"
        f"<table><thead><tr><th></th><th>given → suggested</th>{'<th>likely wrong</th>' if calibrated else ''}"
        '<th style="text-align:left">sample</th></tr></thead>'
        f"<tbody>{body}</tbody></table>{tail}</div>"
    )


def _chance(probability: float) -> str:
    return f"<td>{percent(probability)}</td>"


def _picture(content: bytes | None) -> str:
    uri = data_uri(content)
    return "" if uri is None else f'<img src="{uri}" alt="" style="width:72px;height:72px;object-fit:contain">'
