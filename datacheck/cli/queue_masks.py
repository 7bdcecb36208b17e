"""``datacheck queue make`` for datasets with masks: the regions that people should look at."""

from __future__ import annotations

from pathlib import Path

from datacheck.cli.output import say
from datacheck.cli.queue_files import put_aside
from datacheck.errors import RelabelError
from datacheck.text import clean, plural

_NAMED = 3
"""Images left out that are named on the terminal; the file has all."""


def make_mask_queue(run: Path, budget: int, random_share: float, seed: int, *, replace: bool) -> int:
    """Choose the regions of masks that people should look at, and say what to expect."""
    from datacheck.relabel.image_queue import WantedImages
    from datacheck.relabel.masks.selection import mask_queue
    from datacheck.report import Report

    report = Report.load(run)
    if report.mask_probe is None:
        raise RelabelError("a queue of masks needs the probe, and this audit trained none: audit again with --probe")
    made = mask_queue(
        report.manifest,
        report.mask_probe,
        report.measurements,
        WantedImages(budget, random_share, seed),
        identity=report.identity,
    )
    put_aside(run, replace=replace, place="masks")
    path = made.save(run)
    kinds = made.table["kind"].to_pylist()
    say(
        f"{path}: {plural(len(made), 'image')}: {kinds.count('class'):,} regions of another class, "
        f"{kinds.count('missing'):,} that are not drawn, {kinds.count('border'):,} whose border lies elsewhere, "
        f"{plural(kinds.count('random'), 'random image')}"
    )
    if made.left_out:
        _say_left_out(made.left_out, run)
    for count in made.counts:
        say(f"expected: {count}")
    say(
        f"next: datacheck review {run}\nor:   datacheck queue push {run}\n"
        f"or:   datacheck queue export {run} --to label-studio -o tasks.json"
    )
    return 0


def _say_left_out(left_out: dict[str, str], run: Path) -> None:
    """Name the chosen images that are not asked about, with the reason."""
    from datacheck.relabel.masks.queue import left_out_path

    say(f"{plural(len(left_out), 'image')} left out, listed in {left_out_path(run)}:")
    for sample_id, reason in list(left_out.items())[:_NAMED]:
        say(f"  {clean(sample_id)}: {clean(reason)}")
    if len(left_out) > _NAMED:
        say(f"  and {len(left_out) - _NAMED:,} more")
