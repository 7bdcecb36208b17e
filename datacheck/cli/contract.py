"""``datacheck contract``: make, check, compare and update data contracts. Imports Great Expectations on first use."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datacheck.cli import source_options as given
from datacheck.cli.audit import default_run_folder
from datacheck.cli.compare import opened_or_audited
from datacheck.cli.completing import SEVERITIES, one_of
from datacheck.cli.output import TEXT_OR_JSON, Quiet, Verbose, say
from datacheck.cli.progress import progress_bars
from datacheck.cli.stored_runs import takes_stored_run
from datacheck.errors import ConfigError, ContractError, check_choice, did_you_mean, require
from datacheck.findings import Severity
from datacheck.text import clean, listed

if TYPE_CHECKING:
    from datacheck.report import Report

FORMATS = ("terminal", "json", "junit", "sarif", "github")

contract_app = typer.Typer(
    name="contract",
    help="Check each new version of a dataset against the accepted one, with Great Expectations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_Folder = Annotated[Path, typer.Option("--contract", help="The contract's folder.")]
_Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", help="Code of an error that the audit found and that you accept; repeat it for several."),
]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")]


@contract_app.command("init", short_help="Propose a contract from an audited dataset.")
@takes_stored_run
def init_command(
    run: Annotated[Path, typer.Argument(help="Run folder of the audit of an accepted dataset.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the contract goes.")] = Path("contract"),
    accept: _Accept = None,
    guidelines: Annotated[
        bool, typer.Option("--guidelines", help="Also that new labels follow the guidelines of the accepted ones.")
    ] = False,
    verbose: Verbose = False,
    quiet: _Quiet = False,
) -> int:
    """Propose a contract from an audited dataset: a Great Expectations project to commit and edit."""
    contracts = _contracts()
    report = _load_run(run)
    accepted = _accepted_errors(report, accept or [])
    if (out / "contract.json").exists():
        raise ContractError(
            f"{out} holds a contract already: change it with `datacheck contract update {run} --contract {out}`, "
            "delete it, or name another folder with -o"
        )
    proposed = contracts.propose_expectations(report) + (contracts.suites.label_guidelines() if guidelines else [])
    made = contracts.write_contract(out, proposed, **_origin(contracts, report, run, accepted))
    if quiet:
        return 0
    n_critical = sum(term.severity == "critical" for term in made.terms)
    say(f"{out}: {len(made.terms)} terms ({n_critical} critical) from {len(report.manifest):,} accepted samples")
    for term in made.terms if verbose else ():
        say(f"  {term.severity}: {clean(term.requirement)}")
    if accepted:
        say(f"errors of the audit that you accepted: {', '.join(accepted)}")
    if made.not_compared:
        names = clean(listed(made.not_compared, 12))
        say(f"checked for presence, kind and missing values only, because their values do not repeat: {names}")
    if uncovered := made.uncovered(report.manifest):
        say(f"columns that no term covers: {clean(listed(uncovered, 12))}")
    say(f"read {out / 'expectations' / 'datacheck.json'}, where each term says why it is there, and commit {out}")
    say(f"next: datacheck contract check SOURCE --contract {out}")
    return 0


@contract_app.command("check", short_help="Check a dataset against a contract.")
@given.takes_source_options
def check_command(
    context: typer.Context,
    source: given.SourceArgument,
    labels: given.LabelsArgument = None,
    contract: _Folder = Path("contract"),
    docs: Annotated[
        Path | None, typer.Option(help="Write Great Expectations' Data Docs here, readable offline.")
    ] = None,
    format: Annotated[
        str, typer.Option(help=f"Standard output: {', '.join(FORMATS)}.", autocompletion=one_of(*FORMATS))
    ] = "terminal",
    fail_on: Annotated[
        str,
        typer.Option(
            help="Exit with 1 at this severity: info, warning, error (critical).", autocompletion=one_of(*SEVERITIES)
        ),
    ] = "error",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder that remembers the scan.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes of the scan.")] = None,
    pixels: Annotated[bool, typer.Option("--pixels/--no-pixels", help="Whether to read the images.")] = True,
    budget: Annotated[str, typer.Option(help="Time of the probe, where a term needs it.")] = "60s",
    shard: Annotated[
        bool, typer.Option("--shard", help="The source is new samples only, on top of what was accepted.")
    ] = False,
    accepted: Annotated[
        Path | None, typer.Option(help="With --shard: fingerprint of what was accepted so far.")
    ] = None,
    accepted_data: Annotated[
        str | None,
        typer.Option(help="The accepted data or the run folder of its audit, where the contract has --guidelines."),
    ] = None,
    merged: Annotated[
        Path | None, typer.Option(help="With --shard: write the fingerprint of old and new here.")
    ] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Check a dataset against a contract: exit 0 kept, 1 broken, 2 not checked."""
    severity = Severity.parse("error" if fail_on.lower() == "critical" else fail_on)
    check_choice("--format", format, FORMATS)
    options = given.source_options(context.params)
    options |= {"run_dir": out or default_run_folder(source, labels), "jobs": jobs, "budget": budget}
    if accepted_data is not None:
        options["accepted_data"] = opened_or_audited(accepted_data, given.source_options(context.params))
    opened: object = source if labels is None else (source, labels)
    contracts = _contracts()
    if not shard:
        if accepted is not None or merged is not None:
            raise ConfigError("--accepted and --merged go with --shard")
        with progress_bars(quiet=quiet) as progress:
            result = contracts.check(opened, contract, scan=pixels, docs=docs, progress=progress, **options)
    else:
        if docs is not None:
            raise ConfigError("--docs shows one checkpoint, but some terms of a shard are checked on its fingerprint")
        with progress_bars(quiet=quiet) as progress:
            result = _check_shard(contracts, (opened, contract), accepted, merged, {**options, "progress": progress})
    sys.stdout.write(result.render(format, fail_on=severity, verbose=verbose))
    return int(result.exit_code(severity))


def _check_shard(
    contracts: Any, shard: tuple[object, Path], accepted: Path | None, merged: Path | None, options: dict[str, Any]
) -> Any:
    from datacheck.fingerprints import Fingerprint

    before = None if accepted is None else Fingerprint.load(accepted)
    found = contracts.check_shard(*shard, accepted=before, **options)
    if merged is not None and found.result.exit_code() == 0:
        found.merged.save(merged)
    return found.result


@contract_app.command("diff", short_help="Show what loosens and tightens between two contracts.")
def diff_command(
    before: Annotated[Path, typer.Argument(help="A contract's folder.")],
    after: Annotated[Path, typer.Argument(help="Another's.")],
    format: Annotated[str, typer.Option(help="text or json.", autocompletion=one_of(*TEXT_OR_JSON))] = "text",
) -> int:
    """Show what loosens and what tightens from one contract to another; exit with 1 when anything changed."""
    check_choice("--format", format, TEXT_OR_JSON)
    found = _contracts().diff_contracts(before, after)
    if format == "text":
        say(found.to_text().removesuffix("\n"))
    else:
        typer.echo(json.dumps(found.to_json(), indent=2))
    return int(bool(found.changes))


@contract_app.command("update")
@takes_stored_run
def update_command(
    run: Annotated[
        Path | None,
        typer.Argument(help="Run folder of the newly accepted dataset; none: accept edits of the suite's file."),
    ] = None,
    contract: _Folder = Path("contract"),
    accept: _Accept = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without a question.")] = False,
) -> int:
    """Show what an update loosens or tightens; write it on confirmation."""
    contracts = _contracts()
    old = contracts.Contract.load(contract, accept_edits=True)
    if run is None:
        if accept:
            raise ConfigError("--accept goes with the run folder of an audit, whose errors it accepts")
        if sorted(term.digest for term in old.terms) == sorted(old.sealed):
            say("The suite was not edited since it was sealed.")
            return 0
        say(f"{len(old.terms)} terms in the edited suite, {len(old.sealed)} in the sealed one:")
        say(contracts.edits(contract).removesuffix("\n"))
        return _confirmed(yes) or _done(contracts.update_contract(old))
    report = _load_run(run)
    accepted = _accepted_errors(report, accept or [])
    proposed = contracts.propose_expectations(report) + contracts.foreign_expectations(old)
    if any(term.type == "expect_label_guidelines_kept" for term in old.terms):
        proposed += contracts.suites.label_guidelines()
    found = contracts.diff_terms(old.terms, [contracts.Term.of_expectation(one) for one in proposed])
    say(found.to_text().removesuffix("\n"))
    same = (one.identity for one in (old.reference, report.fingerprint) if one is not None)
    if not found.changes and len(set(same)) == 1:
        return 0
    return _confirmed(yes) or _done(
        contracts.update_contract(old, proposed, **_origin(contracts, report, run, accepted))
    )


def _confirmed(yes: bool) -> int:
    """Return 0 where the change is wanted, 1 where it is not."""
    if yes:
        return 0
    if not sys.stdin.isatty():
        raise ContractError("standard input is no terminal: add --yes to write the change without a question")
    return 0 if typer.confirm("Write it?", default=False) else 1


def _done(contract: Any) -> int:
    say(f"{contract.folder}: {len(contract.terms)} terms; commit it")
    return 0


def _load_run(run: Path) -> Report:
    from datacheck.report import Report

    if not (run / "findings.json").is_file():
        raise ContractError(
            f"expected the run folder of an audit, found none at {run}: audit the accepted dataset first with "
            f"`datacheck audit SOURCE --out {run}`"
        )
    return Report.load(run)


def _accepted_errors(report: Report, accept: Sequence[str]) -> list[str]:
    """Return the codes of the audit's errors; refuse a contract from an audit with errors that were not accepted."""
    errors = {finding.code for finding in report.findings if finding.severity is Severity.ERROR}
    errors |= {outcome.code for outcome in report.failed}
    for code in accept:
        if code not in errors:
            raise ConfigError(
                f"--accept {code}: the audit has no such error{did_you_mean(code, sorted(errors))}; "
                f"it has {', '.join(sorted(errors)) or 'none'}"
            )
    refused = sorted(errors.difference(accept))
    if refused:
        shown = "\n".join(
            f"  {finding.code}: {clean(finding.message)}" for finding in report.findings if finding.code in refused
        )
        raise ContractError(
            f"the audit found errors, and a contract would make them the standard: correct the dataset and audit it "
            f"again, or accept them with {' '.join(f'--accept {code}' for code in refused)}\n{shown}".rstrip()
        )
    return sorted(errors)


def _origin(contracts: Any, report: Report, run: Path, accepted: Sequence[str]) -> dict[str, Any]:
    return {
        "reference": report.fingerprint,
        "copies": contracts.CopySearch.of_report(report),
        "source": f"the audit of {report.created[:10]} in {_name(run)}",
        "accepted": accepted,
    }


def _contracts() -> Any:
    require("great_expectations", extra="contracts", purpose="`datacheck contract`")
    return require("datacheck_expectations", extra="contracts", purpose="`datacheck contract`")


def _name(run: Path) -> str:
    from datacheck.scanning.working_copy import stored_at

    place = stored_at(run)
    return run.name if place == run else str(place)
