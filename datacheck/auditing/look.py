"""After a look at a few labels: the measured number of wrong labels takes the place of the estimated one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from datacheck.auditing.judging import configured_rules, run_rules
from datacheck.config import Settings
from datacheck.errors import RelabelError
from datacheck.labels.label_yield import measured
from datacheck.labels.look import Look
from datacheck.relabel import Answers, RelabelQueue, Relabels, consensus, look_of
from datacheck.report import Report, write_html
from datacheck.rules import RuleContext
from datacheck.rules.requirements import PROBE


def count_wrong_labels(run: str | Path) -> Look | None:
    """Count the wrong labels by the answers in a run folder, and keep the count there.

    The count is saved with the probe, the rules that read the probe judge again, and findings and page are written
    anew. From then on every step that needs the number of wrong labels takes this one.

    Parameters
    ----------
    run
        The run folder of an audit, with a queue and answers.

    Returns
    -------
    Look or None
        What the answers say; None where the queue has no samples that were drawn for it (``look=``). While
        `Look.enough` is false nothing is saved.

    Raises
    ------
    RelabelError
        When there is no queue or no answer, or the audit had no probe.
    """
    folder = Path(run)
    for name, step in (("queue.parquet", "queue make"), ("answers.parquet", "review")):
        if not (folder / name).exists():
            raise RelabelError(f"expected {name} in {folder}, found none: run datacheck {step} {folder}")
    queue, answers = RelabelQueue.load(folder / "queue.parquet"), Answers.load(folder / "answers.parquet")
    if not queue.strata:
        return None
    report = Report.load(folder)
    if report.probe is None:
        raise RelabelError(f"{folder} has no probe: audit again with --probe, and make a new queue")
    decided = Relabels.from_consensus(consensus(answers, queue, report.probe), queue)
    look = look_of(decided.with_given(report.manifest), queue)
    if look is not None and look.enough:
        _judge_again(report, look, folder)
    return look


def _judge_again(report: Report, look: Look, folder: Path) -> None:
    assert report.probe is not None
    probe = replace(report.probe, label_yield=measured(report.probe.label_yield, look))
    settings = report.settings
    context = RuleContext(
        manifest=report.manifest,
        measurements=report.measurements,
        fingerprint=report.fingerprint,
        probe=probe,
        seed=settings.get("seed", 0),
        near_duplicate_distance=settings.get("near_duplicate_distance", RuleContext.near_duplicate_distance),
    )
    judged = {one.code for one in report.outcomes}
    rules = configured_rules(Settings(rules=settings.get("rules", {})))
    affected = [rule for rule in rules if rule.code in judged and PROBE in rule.requires]
    again = {one.code: one for one in run_rules(affected, context)}
    found = replace(report, probe=probe, outcomes=tuple(again.get(one.code, one) for one in report.outcomes))
    found.save(folder)
    write_html(found, folder / "report.html", run_dir=folder)
