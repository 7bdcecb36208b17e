"""The Typer application: one module a command."""

from __future__ import annotations

from typing import Annotated

import typer

from datacheck.cli import audit, contract, demo, explain, fingerprint, plan, queue, report

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
        from datacheck import __version__

        typer.echo(f"datacheck {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Learn what is in a dataset and what is wrong with it, before training on it."""


app.command("audit")(audit.audit_command)
app.command("demo")(demo.demo_command)
app.command("report")(report.report_command)
app.command("plan")(plan.plan_command)
app.command("fingerprint")(fingerprint.fingerprint_command)
app.command("diff")(fingerprint.diff_command)
app.add_typer(queue.queue_app, name="queue")
app.add_typer(queue.relabel_app, name="relabel")
app.command("review")(queue.review_command)
app.command("rules")(explain.rules_command)
app.command("explain")(explain.explain_command)
app.add_typer(contract.contract_app, name="contract")
