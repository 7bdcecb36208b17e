"""The Typer application: one module a command."""

from __future__ import annotations

from typing import Annotated

import typer

from datacheck.cli import (
    audit,
    card,
    compare,
    contract,
    demo,
    explain,
    export,
    fingerprint,
    lint,
    plan,
    queue,
    report,
    review,
    slices,
)
from datacheck.version import __version__

app = typer.Typer(
    name="datacheck",
    help="A linter for datasets, run before the expensive training job.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"datacheck {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Learn what is in a dataset and what is wrong with it, before you train on it."""


app.command("audit", short_help="Report what is wrong with a dataset, and how to fix it.")(audit.audit_command)
app.command("lint", short_help="Read training code for the ways it spoils its data.")(lint.lint_command)
app.command("demo", short_help="Try it: audit a small dataset with known defects.")(demo.demo_command)
app.command("report")(report.report_command)
app.command("slices", short_help="Report where the model fails, and export challenge sets.")(slices.slices_command)
app.command("plan", short_help="Plan the training: weights, augmentations, splits.")(plan.plan_command)
app.command("export", short_help="Write a clean copy of the dataset, or a small one.")(export.export_command)
app.command("card", short_help="Write a data card: what the dataset is, and its known defects.")(card.card_command)
app.command("fingerprint", short_help="Summarise a dataset into one small file.")(fingerprint.fingerprint_command)
app.command("diff", short_help="Report what changed between two datasets.")(fingerprint.diff_command)
app.command("compare-labels", short_help="Say which classes of new data are labelled by another guideline.")(
    compare.compare_labels_command
)
app.add_typer(queue.queue_app, name="queue")
app.add_typer(queue.relabel_app, name="relabel")
app.command("review", short_help="Answer the queue by keyboard, on a local page.")(review.review_command)
app.command("rules")(explain.rules_command)
app.command("explain", short_help="Explain a rule: what it finds, why, how to fix it.")(explain.explain_command)
app.add_typer(contract.contract_app, name="contract", short_help="Check the next dataset against what you accepted.")
