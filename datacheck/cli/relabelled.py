"""What ``datacheck relabel apply`` does: consensus, new manifest, change log, and a summary of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from datacheck.cli.queue_files import say_look
from datacheck.errors import RelabelError
from datacheck.text import clean, number, percent, plural

if TYPE_CHECKING:
    from datacheck.manifest import Manifest
    from datacheck.manifest.file_copies import Link
    from datacheck.relabel import Consensus, Relabels
    from datacheck.relabel.annotators import AnnotatorQuality
    from datacheck.report import Report
    from datacheck.stats import Interval

Say = Callable[[str], Any]


def apply_answers(
    run: Path, output: Path, *, folder: Path | None, link: str, say: Say, reprobe: str | None = None
) -> None:
    """Write ``relabels.parquet`` and ``changes.csv`` into the run folder, the new manifest, and the corrected folder.

    Everything is checked before anything is written.

    Raises
    ------
    RelabelError
        When there are no answers, they belong to another dataset, the output would replace the audit's manifest, or
        the corrected folder cannot be made.
    """
    from datacheck.relabel import Answers, CorrectedFolder, RelabelQueue, Relabels, consensus
    from datacheck.report import Report

    if output.resolve() == (run / "manifest.parquet").resolve():
        raise RelabelError(f"{output} is the manifest of the audit, which stays as it was: name another output")
    if output.is_dir():
        raise RelabelError(f"expected a file for the new manifest, {output} is a folder: name a file in it")
    if not (run / "answers.parquet").exists():
        raise RelabelError(f"{run} has no answers yet: datacheck review {run}, or queue import or pull")
    queue, answers = RelabelQueue.load(run / "queue.parquet"), Answers.load(run / "answers.parquet")
    report = Report.load(run)
    decided = consensus(answers, queue, report.probe)
    relabels = Relabels.from_consensus(decided, queue).with_given(report.manifest)
    corrected = relabels.apply(report.manifest)
    copy = None if folder is None else CorrectedFolder.plan(corrected, folder, cast("Link", link))
    written = 0 if copy is None else copy.write()
    relabels.save(run / "relabels.parquet")
    write_change_log(relabels, run / "changes.csv")
    corrected.save(output)
    _say_decisions(decided, relabels, say)
    say_look(run)
    say(f"new manifest: {output}; change log: {run / 'changes.csv'}")
    if copy is not None:
        say(f"corrected copy: {folder}, {plural(written, 'file')}")
    _say_difference(report, corrected, say)
    if reprobe is None:
        say(f"next: datacheck audit {output} --probe\nor:   datacheck relabel apply {run} --reprobe")
    else:
        _say_gain(report, corrected, reprobe, say)


def write_change_log(relabels: Relabels, path: Path) -> None:
    """Write who changed what, when and why, a row for each changed label."""
    from datacheck.relabel.formats.csv import to_csv
    from datacheck.storage import write_text

    names = ("sample_id", "old", "new", "confidence", "agreement", "n_answers", "annotators", "answered_at", "copy_of")
    rows = [
        {
            **{name: change[name] for name in names},
            "annotators": ";".join(change["annotators"]),
            "reason": change["reason"],
        }
        for change in relabels.changes
    ]
    schema = pa.schema([(name, pa.float64() if name in {"confidence", "agreement"} else pa.string()) for name in names])
    schema = schema.set(5, pa.field("n_answers", pa.int64())).append(pa.field("reason", pa.string()))
    write_text(path, to_csv(pa.Table.from_pylist(rows, schema=schema)))


def _say_decisions(decided: Consensus, relabels: Relabels, say: Say) -> None:
    from datacheck.stats.intervals import proportion

    decisions = Counter(relabels.table["decision"].to_pylist())
    changes = len(relabels.changes)
    rest = ", ".join(f"{count:,} {decision}" for decision, count in sorted(decisions.items()) if decision != "label")
    say(
        f"{plural(len(relabels), 'sample')} decided by {decided.method}: {plural(changes, 'label')} changed, "
        f"{decisions['label'] - changes:,} confirmed{', ' if rest else ''}{rest}"
    )
    wrong, drawn = decided.random_error_rate
    if drawn:
        rate = proportion(wrong, drawn)
        say(f"true error rate beyond the suspects, from {plural(drawn, 'random sample')}: {_in_percent(rate)}")
    if len(decided.annotators) > 1 or any(one.gold_asked for one in decided.annotators.values()):
        for line in _annotator_lines(decided.annotators):
            say(line)


def _in_percent(share: Interval) -> str:
    return f"{percent(share.value)} (95 % interval {percent(share.low)} to {percent(share.high)})"


def _annotator_lines(annotators: Mapping[str, AnnotatorQuality]) -> list[str]:
    lines = []
    for name, one in annotators.items():
        parts = [plural(one.answers, "label"), plural(one.skips, "skip")]
        if one.agreement == one.agreement:
            parts.append(f"{percent(one.agreement)} agreement")
        if one.gold_asked:
            parts.append(f"{one.gold_right} of {plural(one.gold_asked, 'gold sample')} right")
        if one.quality == one.quality:
            parts.append(f"quality {one.quality:.2f}")
        lines.append(f"  {clean(name)}: {', '.join(parts)}")
    return lines


def _say_difference(report: Report, corrected: Manifest, say: Say) -> None:
    from datacheck.fingerprints import FingerprintDiff, fingerprint

    # Relabelling changes no image, so both fingerprints are without the measurements.
    before, after = fingerprint(report.manifest), fingerprint(corrected)
    say("what changed in the fingerprint:")
    say(FingerprintDiff.between(before, after).to_text())


def _say_gain(report: Report, corrected: Manifest, budget: str, say: Say) -> None:
    """Train the same probe on the old and on the corrected labels, and compare how well it learns them."""
    from datacheck.probing import probe

    seed = 0 if report.probe is None else report.probe.seed
    for words, manifest in (("old", report.manifest), ("corrected", corrected)):
        outputs = probe(manifest, budget=budget, seed=seed, measurements=report.measurements)
        metrics = [
            f"{name.replace('_', ' ')} {_in_percent(found)}"
            for name, found in outputs.metrics.items()
            if name in {"accuracy", "balanced_accuracy"}
        ] or [
            f"{name} {number(found.value)} (95 % interval {number(found.low)} to {number(found.high)})"
            for name, found in outputs.metrics.items()
        ]
        say(f"probe on the {words} labels, out of sample: {'; '.join(metrics[:2])}")
