"""What ``datacheck relabel apply`` does: consensus, new manifest, change log, and what it says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import pyarrow as pa

from datacheck.errors import RelabelError

if TYPE_CHECKING:
    from datacheck.manifest import Manifest
    from datacheck.relabel import Consensus, Relabels
    from datacheck.relabel.crowd import AnnotatorQuality
    from datacheck.report import Report

Say = Callable[[str], Any]


def apply_answers(
    run: Path, output: Path, *, folder: Path | None, link: str, say: Say, reprobe: str | None = None
) -> None:
    """Write ``relabels.parquet`` and ``changes.csv`` into the run folder, and the new manifest.

    Raises
    ------
    RelabelError
        When there are no answers, they belong to another dataset, or the output would replace the audit's manifest.
    """
    from datacheck.relabel import Answers, RelabelQueue, Relabels, consensus, write_corrected_folder
    from datacheck.report import Report

    if output.resolve() == (run / "manifest.parquet").resolve():
        raise RelabelError(f"{output} is the manifest of the audit, which stays as it was: name another output")
    if not (run / "answers.parquet").exists():
        raise RelabelError(f"{run} has no answers yet: datacheck review {run}, or queue import or pull")
    queue, answers = RelabelQueue.load(run / "queue.parquet"), Answers.load(run / "answers.parquet")
    report = Report.load(run)
    decided = consensus(answers, queue, report.probe)
    relabels = Relabels.from_consensus(decided, task=queue.task, classes=queue.classes, identity=queue.identity)
    relabels = relabels.with_given(report.manifest)
    corrected = relabels.apply(report.manifest)
    relabels.save(run / "relabels.parquet")
    write_change_log(relabels, run / "changes.csv")
    corrected.save(output)
    _say_decisions(decided, relabels, say)
    say(f"new manifest: {output}; change log: {run / 'changes.csv'}")
    if folder is not None:
        written = write_corrected_folder(corrected, folder, link=cast("Literal['hard', 'symbolic', 'copy']", link))
        say(f"corrected copy: {folder}, {written:,} files")
    _say_difference(report, corrected, say)
    if reprobe is None:
        say(f"next: datacheck audit {output} --probe; or --reprobe here, which shows what the corrections bought")
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

    verdicts = Counter(relabels.table["verdict"].to_pylist())
    changes = len(relabels.changes)
    rest = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(verdicts.items()) if verdict != "label")
    say(
        f"{len(relabels):,} samples decided by {decided.method}: {changes:,} labels changed, "
        f"{verdicts['label'] - changes:,} confirmed{', ' if rest else ''}{rest}"
    )
    wrong, asked = decided.random_error_rate
    if asked:
        rate = proportion(wrong, asked)
        say(
            f"true error rate beyond the suspects, from {asked:,} random questions: {rate.value:.1%} "
            f"(95 % interval {rate.low:.1%} to {rate.high:.1%})"
        )
    if len(decided.annotators) > 1 or any(one.gold_asked for one in decided.annotators.values()):
        for line in _annotator_lines(decided.annotators):
            say(line)


def _annotator_lines(annotators: Mapping[str, AnnotatorQuality]) -> list[str]:
    lines = []
    for name, one in annotators.items():
        parts = [f"{one.answers:,} labels", f"{one.skips:,} skips"]
        if one.agreement == one.agreement:
            parts.append(f"{one.agreement:.0%} agreement")
        if one.gold_asked:
            parts.append(f"{one.gold_right} of {one.gold_asked} gold questions right")
        if one.quality == one.quality:
            parts.append(f"quality {one.quality:.2f}")
        lines.append(f"  {name}: {', '.join(parts)}")
    return lines


def _say_difference(report: Report, corrected: Manifest, say: Say) -> None:
    from datacheck.fingerprints import FingerprintDiff, fingerprint

    # Relabelling changes no picture, so the pictures' statistics are left out of both.
    before, after = fingerprint(report.manifest), fingerprint(corrected)
    say("what changed in the fingerprint:")
    say(FingerprintDiff.between(before, after).to_text())


def _say_gain(report: Report, corrected: Manifest, budget: str, say: Say) -> None:
    """Train the probe on the labels as they were and as corrected, alike, and say how well each can be learned."""
    from datacheck.probing import probe

    seed = 0 if report.probe is None else report.probe.seed
    for words, manifest in (("as they were", report.manifest), ("as corrected", corrected)):
        outputs = probe(manifest, budget=budget, seed=seed, measurements=report.measurements)
        told = [
            f"{name.replace('_', ' ')} {found.value:.1%} (95 % interval {found.low:.1%} to {found.high:.1%})"
            for name, found in outputs.metrics.items()
            if name in {"accuracy", "balanced_accuracy"}
        ] or [
            f"{name} {found.value:.3g} ({found.low:.3g} to {found.high:.3g})" for name, found in outputs.metrics.items()
        ]
        say(f"probe on the labels {words}, out of sample: {'; '.join(told[:2])}")
