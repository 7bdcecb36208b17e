"""``datacheck card``: a data card of an audited dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datacheck.cli.output import say
from datacheck.cli.stored_runs import takes_stored_run
from datacheck.errors import require
from datacheck.text import clean


@takes_stored_run
def card_command(
    run: Annotated[Path, typer.Argument(help="The run folder of an audit.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the card; RUN/card by default.")] = None,
    name: Annotated[str, typer.Option(help="Name of the dataset; that of its folder by default.")] = "",
    description: Annotated[str, typer.Option(help="What the dataset shows, and what for.")] = "",
    licence: Annotated[
        str, typer.Option("--licence", "--license", help="Licence: an identifier such as cc-by-4.0, or an address.")
    ] = "",
    source: Annotated[str, typer.Option(help="Where the samples come from.")] = "",
    contact: Annotated[str, typer.Option(help="Whom to ask.")] = "",
    url: Annotated[str, typer.Option(help="Page of the dataset.")] = "",
    citation: Annotated[str, typer.Option(help="How to cite the dataset, best as BibTeX.")] = "",
    data_version: Annotated[str, typer.Option(help="Version of the dataset, such as 1.2.0.")] = "",
    contract: Annotated[Path | None, typer.Option(help="Folder of the contract that the dataset is held to.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files of an earlier card.")] = False,
) -> int:
    """Write a data card: Markdown as Hugging Face reads it, and Croissant metadata.

    What was measured is filled in; licence, source and contact are yours to say, and stay marked blanks otherwise.
    """
    from datacheck.report import Report

    report = Report.load(run)
    card = report.card(
        _terms(contract),
        name=name,
        description=description,
        licence=licence,
        source=source,
        contact=contact,
        url=url,
        citation=citation,
        data_version=data_version,
    )
    folder = card.write(run / "card" if out is None else out, overwrite=overwrite)
    say(f"{clean(folder)}: README.md, croissant.json, datacheck-samples.parquet")
    if card.provenance.missing:
        options = ", ".join(f"--{word}" for word in card.provenance.missing)
        say(f"left blank: {', '.join(card.provenance.missing)}; fill in with {options}")
    return 0


def _terms(folder: Path | None) -> tuple[str, ...]:
    if folder is None:
        return ()
    contracts = require("datacheck_expectations", extra="contracts", purpose="a card with its contract")
    return tuple(term.requirement for term in contracts.Contract.load(folder).terms)
