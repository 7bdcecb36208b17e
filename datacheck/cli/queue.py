"""``datacheck queue``, ``relabel`` and ``review``: samples to annotators, and their answers back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from datacheck.cli.completing import one_of, tools
from datacheck.cli.corrected_boxes import asked_about
from datacheck.cli.output import Quiet, say
from datacheck.cli.queue_boxes import make_box_queue, take_submissions
from datacheck.cli.queue_files import UNNAMED, put_aside, read_gold, say_look, take_answers
from datacheck.cli.queue_masks import make_mask_queue
from datacheck.cli.stored_runs import takes_stored_run
from datacheck.errors import RelabelError, check_choice
from datacheck.text import percent, plural

if TYPE_CHECKING:
    from datacheck.relabel import RelabelQueue
    from datacheck.relabel.formats.links import Links
    from datacheck.relabel.label_studio.server import Server
    from datacheck.relabel.label_studio.tasks import AnyQueue

queue_app = typer.Typer(help="Let people check the labels that are most likely wrong.", no_args_is_help=True)
relabel_app = typer.Typer(help="Correct the labels by the answers.", no_args_is_help=True)

Run = Annotated[Path, typer.Argument(help="The run folder of an audit.")]
Url = Annotated[str, typer.Option(help="The Label Studio server, such as http://localhost:8080.")]
Token = Annotated[
    str,
    typer.Option(help="Its access token; better in the environment.", envvar="LABEL_STUDIO_TOKEN", show_envvar=True),
]
Images = Annotated[
    str,
    typer.Option(
        help="How the tool reaches the pictures: path, url or embed.", autocompletion=one_of("path", "url", "embed")
    ),
]
Prefix = Annotated[str, typer.Option(help="With --images url: where the dataset's root is served.")]
Served = Annotated[
    Path | None, typer.Option(help="Label Studio's document root; by default the folder above the dataset.")
]


@queue_app.command("make", short_help="Choose the samples, the most useful first.")
@takes_stored_run
def make_command(
    run: Run,
    budget: Annotated[int, typer.Option(min=1, help="How many samples.")] = 500,
    random_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of random samples, to measure the true error rate.")
    ] = 0.0,
    gold: Annotated[
        Path | None, typer.Option(help="CSV with sample_id and label: known answers that measure the annotators.")
    ] = None,
    look: Annotated[
        int, typer.Option(min=0, help="How many come first to measure how many labels are wrong: 30 to 100.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the random samples.")] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Rename a queue with answers and make a new one.")] = False,
) -> int:
    """Choose the samples where an answer is expected to correct the most labels; of boxes and masks, the images."""
    from datacheck.report import Report

    what = asked_about(run)
    if what != "labels":
        if gold is not None or look:
            raise RelabelError(f"--gold and --look are for labels of whole samples, this dataset has {what}")
        make = make_box_queue if what == "boxes" else make_mask_queue
        return make(run, budget, random_share, seed, replace=replace)

    made = Report.load(run).relabel_queue(
        budget, random_share=random_share, gold=None if gold is None else read_gold(gold), look=look, seed=seed
    )
    put_aside(run, replace=replace)
    made.save(run / "queue.parquet")
    say(f"{run / 'queue.parquet'}: {plural(len(made), 'sample')}")
    n_looks = made.table["kind"].to_pylist().count("look")
    if n_looks:
        say(f"the first {n_looks:,} are a random sample: their answers measure how many labels are wrong in all")
    precision = made.expected_precision
    if precision is not None:
        say(
            f"expected: {percent(precision.value)} of the suspects are wrong "
            f"(95 % interval {percent(precision.low)} to {percent(precision.high)})"
        )
    else:
        say("expected: not known, the probe is too weak or gives no estimate; the first answers will show it")
        if not n_looks and made.task.value != "regression":
            say(f"to measure how many labels are wrong: datacheck queue make {run} --look 60")
    if made.worth_depth < len(made):
        after = "" if precision is None else "; after them a label is more likely right than wrong"
        say(f"recommended: the first {made.worth_depth:,}{after}")
    say(f"next: datacheck review {run}\nor:   datacheck queue export {run} --to label-studio -o tasks.json")
    return 0


@queue_app.command("export")
@takes_stored_run
def export_command(
    run: Run,
    to: Annotated[str, typer.Option("--to", help="The annotation tool.", autocompletion=tools)],
    output: Annotated[
        Path, typer.Option("--out", "-o", "--output", help="The file to write (a new folder for huggingface).")
    ],
    images: Images = "path",
    url_prefix: Prefix = "",
    document_root: Served = None,
) -> int:
    """Write the samples in an annotation tool's own format."""
    from datacheck.relabel.boxes.formats import export_boxes
    from datacheck.relabel.boxes.queue import BoxQueue
    from datacheck.relabel.formats import export_queue
    from datacheck.relabel.masks.formats import export_masks
    from datacheck.relabel.masks.queue import MaskQueue

    queue = _any_queue(run)
    links = links_of(run, queue, images, url_prefix, document_root)
    if isinstance(queue, BoxQueue):
        written = export_boxes(queue, to, output, links)
    elif isinstance(queue, MaskQueue):
        written = export_masks(queue, to, output, links)
    else:
        written = export_queue(queue, to, output, links)
    say(f"{plural(len(queue), 'sample')} in {', '.join(map(str, written))}")
    return 0


@queue_app.command("import", short_help="Read answers back from a tool's export.")
@takes_stored_run
def import_command(
    run: Run,
    file: Annotated[Path, typer.Argument(help="What the annotation tool exported.")],
    source: Annotated[str, typer.Option("--from", help="The annotation tool.", autocompletion=tools)],
    annotator: Annotated[
        str | None, typer.Option(help=f"Who answered, where the file does not say; {UNNAMED!r} by default.")
    ] = None,
) -> int:
    """Read answers; entries that do not fit are refused one by one. Exit 1 where some were, or none was an answer."""
    from datacheck.relabel.boxes.formats import import_boxes
    from datacheck.relabel.boxes.queue import BoxQueue
    from datacheck.relabel.formats import import_answers
    from datacheck.relabel.masks.formats import import_masks
    from datacheck.relabel.masks.queue import MaskQueue

    queue, name = _any_queue(run), annotator or UNNAMED
    if isinstance(queue, BoxQueue):
        return take_submissions(run, "boxes", *import_boxes(file, queue, source, annotator=name))
    if isinstance(queue, MaskQueue):
        return take_submissions(run, "masks", *import_masks(file, queue, source, annotator=name))
    answers, refusals = import_answers(file, queue, source, annotator=name)
    return take_answers(run, answers, refusals, unnamed=annotator is None)


@queue_app.command("push", short_help="Bring the samples to a Label Studio server.")
@takes_stored_run
def push_command(
    run: Run,
    url: Url,
    token: Token,
    title: Annotated[str, typer.Option(help="Title of the project, where it is made.")] = "",
    annotators: Annotated[int, typer.Option(min=1, help="How many people label each sample.")] = 1,
    images: Images = "path",
    url_prefix: Prefix = "",
    document_root: Served = None,
    quiet: Quiet = False,
) -> int:
    """Bring the samples to a Label Studio server; pushing again adds only what is missing."""
    from datacheck.cli.progress import progress_bars
    from datacheck.relabel.label_studio.transfer import push

    queue = _any_queue(run)
    links = links_of(run, queue, images, url_prefix, document_root)
    with progress_bars(quiet=quiet) as progress:
        pushed = push(
            queue,
            _server(url, token),
            links,
            title=title,
            answers_per_task=annotators,
            progress=None if progress is None else lambda done, total: progress("push", done, total),
        )
    say(f"{plural(pushed.tasks, 'sample')} in project {pushed.project}, {pushed.new:,} of them new: {pushed.url}")
    return 0


@queue_app.command("pull", short_help="Fetch the answers from a Label Studio server.")
@takes_stored_run
def pull_command(run: Run, url: Url, token: Token) -> int:
    """Fetch the answers from a Label Studio server; it can be repeated at any time."""
    from datacheck.relabel.boxes.queue import BoxQueue
    from datacheck.relabel.label_studio.transfer import pull, pull_boxes, pull_masks
    from datacheck.relabel.masks.queue import MaskQueue

    queue = _any_queue(run)
    if isinstance(queue, BoxQueue):
        return take_submissions(run, "boxes", *pull_boxes(queue, _server(url, token)))
    if isinstance(queue, MaskQueue):
        return take_submissions(run, "masks", *pull_masks(queue, _server(url, token)))
    return take_answers(run, *pull(queue, _server(url, token)))


@queue_app.command("count", short_help="Count the wrong labels by the answers so far.")
@takes_stored_run
def count_command(run: Run) -> int:
    """Say how many of all labels are wrong by the answers to the samples of --look; the audit then uses this count."""
    if not say_look(run):
        raise RelabelError(f"the queue of {run} has no samples for a count: datacheck queue make {run} --look 60")
    return 0


@relabel_app.command("apply", short_help="Decide each label, and write a new manifest.")
@takes_stored_run
def apply_command(
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option("--out", "-o", "--output", help="The new manifest; by default RUN/relabelled.parquet."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Also write a corrected copy of the dataset here; of boxes and masks too."),
    ] = None,
    link: Annotated[
        str,
        typer.Option(
            help="How the copy is made: hard, symbolic or copy.", autocompletion=one_of("hard", "symbolic", "copy")
        ),
    ] = "hard",
    reprobe: Annotated[
        bool, typer.Option("--reprobe", help="Train the probe on the old and on the corrected labels, and compare.")
    ] = False,
    budget: Annotated[str, typer.Option(help="With --reprobe: time of each of the two.")] = "60s",
) -> int:
    """Decide each label from the answers, and write a new manifest; the source files are never touched.

    Of a dataset with boxes or masks, --folder gets a copy with corrected files in their own format.
    """
    from datacheck.cli.corrected_boxes import apply_boxes
    from datacheck.cli.corrected_masks import apply_masks
    from datacheck.cli.relabelled import apply_answers

    check_choice("--link", link, ("hard", "symbolic", "copy"))
    what = asked_about(run)
    if what != "labels":
        if output is not None or reprobe:
            raise RelabelError(f"{what} are corrected in their own files: give --folder, not --out or --reprobe")
        apply = apply_boxes if what == "boxes" else apply_masks
        return apply(run, folder=folder, link=link, say=say)
    apply_answers(
        run,
        output or run / "relabelled.parquet",
        folder=folder,
        link=link,
        say=say,
        reprobe=budget if reprobe else None,
    )
    return 0


def load_queue(run: Path) -> RelabelQueue:
    """Return the queue of labels of a run folder."""
    from datacheck.relabel import RelabelQueue

    path = run / "queue.parquet"
    if not path.exists():
        raise RelabelError(f"{run} has no queue yet: run datacheck queue make {run}")
    return RelabelQueue.load(path)


def _any_queue(run: Path) -> AnyQueue:
    """Return the queue of a run folder: of boxes or masks, where the dataset has some."""
    from datacheck.relabel.boxes.queue import BoxQueue
    from datacheck.relabel.masks.queue import MaskQueue

    what = asked_about(run)
    if what == "masks":
        return MaskQueue.load(run)
    return BoxQueue.load(run) if what == "boxes" else load_queue(run)


def links_of(run: Path, queue: AnyQueue, images: str, url_prefix: str, document_root: Path | None) -> Links:
    """Return how an annotation tool reaches the pictures of a queue."""
    from datacheck.manifest import Manifest
    from datacheck.manifest.shards import ShardReader
    from datacheck.relabel.formats.links import Links, Manner
    from datacheck.scanning.thumbnails import KeptPictures

    path = run / "manifest.parquet"
    reader = Manifest.load(path).reader if queue.root is None and path.exists() else None
    shards = reader if isinstance(reader, ShardReader) else None
    return Links(queue.root, cast("Manner", images), url_prefix, KeptPictures(run), document_root, shards)


def _server(url: str, token: str) -> Server:
    from datacheck.relabel.label_studio.server import Server

    return Server(url, token, notify=lambda words: say(words, err=True))
