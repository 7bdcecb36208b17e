"""``datacheck review``: a page on this machine, for the person who has no annotation tool."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datacheck.cli.output import say
from datacheck.cli.queue import Run, links_of, load_queue
from datacheck.cli.queue_files import say_look
from datacheck.cli.stored_runs import refuses_stored_run
from datacheck.text import plural

if TYPE_CHECKING:
    from datacheck.relabel.review import ReviewServer


@refuses_stored_run
def review_command(
    run: Run,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    annotator: Annotated[str, typer.Option(help="Your name in the answers.")] = "",
) -> int:
    """Label by yourself: a page on this machine, one sample at a time; every answer is saved at once."""
    from datacheck.cli.corrected_boxes import asked_about
    from datacheck.errors import StorageError
    from datacheck.manifest import Manifest
    from datacheck.probing.storage import load_probe
    from datacheck.relabel.review import ReviewServer, ReviewSession

    what = asked_about(run)
    if what == "masks":
        return _review_masks(run, port, annotator or _user(), open_browser=open_browser)
    if what == "boxes":
        return _review_boxes(run, port, annotator or _user(), open_browser=open_browser)
    queue = load_queue(run)
    manifest = Manifest.load(run / "manifest.parquet")
    try:
        probe = load_probe(run)
    except StorageError:
        probe = None
    session = ReviewSession(queue, run / "answers.parquet", annotator or _user(), manifest, probe)
    uris = manifest.table["uri"].to_pylist() if "uri" in manifest else [None] * len(manifest)
    shown = dict(zip(manifest.sample_ids.to_pylist(), uris, strict=True))
    with ReviewServer(session, links_of(run, queue, "path", "", None), shown, port=port) as server:
        answered = _serve(server, run, plural(len(queue), "sample"), len(queue), open_browser=open_browser)
    if answered:
        say_look(run)
    return 0


def _review_boxes(run: Path, port: int, annotator: str, *, open_browser: bool) -> int:
    """Serve the page on which boxes are corrected, until it is interrupted."""
    from datacheck.relabel.boxes.queue import BoxQueue
    from datacheck.relabel.review import BoxReviewSession, ReviewServer

    queue = BoxQueue.load(run)
    session = BoxReviewSession(queue, run / "boxes" / "answers.parquet", annotator)
    shown: dict[str, str | None] = {image.sample_id: image.uri for image in queue.images.images.values()}
    with ReviewServer(session, links_of(run, queue, "path", "", None), shown, port=port) as server:
        _serve(server, run, plural(len(queue), "image"), len(queue), open_browser=open_browser)
    return 0


def _review_masks(run: Path, port: int, annotator: str, *, open_browser: bool) -> int:
    """Serve the page on which regions of masks are answered, until it is interrupted."""
    from datacheck.relabel.masks.queue import MaskQueue
    from datacheck.relabel.review import MaskReviewSession, ReviewServer

    queue = MaskQueue.load(run)
    session = MaskReviewSession(queue, run / "masks" / "answers.parquet", annotator)
    shown: dict[str, str | None] = {image.sample_id: image.uri for image in queue.images.images.values()}
    n_questions = queue.table.num_rows
    with ReviewServer(session, links_of(run, queue, "path", "", None), shown, port=port) as server:
        _serve(server, run, plural(n_questions, "region"), n_questions, open_browser=open_browser)
    return 0


def _serve(server: ReviewServer, run: Path, what: str, n_items: int, *, open_browser: bool) -> int:
    """Serve a page until it is interrupted, and return how many items were answered then."""
    session = server.session
    say(f"{what}, answers in {session.path}\n{server.url}\nstop with Ctrl-C")
    if open_browser:
        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        answered = len(session.given_answers())
        say(f"\n{answered:,} of {n_items:,} answered; next: datacheck relabel apply {run}")
        return answered
    return 0


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return os.environ.get("USERNAME", "reviewer")
