"""The value `Card`: Markdown, Croissant metadata and the list of samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datacheck.errors import ConfigError
from datacheck.report.cards.croissant import croissant, samples_parquet
from datacheck.report.cards.facts import card_facts
from datacheck.report.cards.markdown import markdown
from datacheck.report.cards.provenance import Provenance
from datacheck.report.record import ReportRecord
from datacheck.storage import atomic_path, write_text

README, CROISSANT, SAMPLES = "README.md", "croissant.json", "datacheck-samples.parquet"
"""The files of a card."""


@dataclass(frozen=True)
class Card:
    """A data card.

    Attributes
    ----------
    markdown
        Text with front matter as Hugging Face reads it.
    croissant
        Croissant 1.0 metadata, JSON-LD.
    samples
        The list of samples that the metadata describes, as Parquet.
    provenance
        What was said of the dataset.
    """

    markdown: str
    croissant: dict[str, Any] = field(repr=False)
    samples: bytes = field(repr=False)
    provenance: Provenance = field(default_factory=Provenance)

    def write(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write ``README.md``, ``croissant.json`` and ``datacheck-samples.parquet``, and return their folder.

        Raises
        ------
        ConfigError
            When one of these files is there already, has another content, and is not to be overwritten.
        """
        folder = Path(folder)
        contents = {
            SAMPLES: self.samples,
            CROISSANT: (json.dumps(self.croissant, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(),
            README: self.markdown.encode(),
        }
        for name, content in contents.items():
            place = folder / name
            if place.exists() and not overwrite and (not place.is_file() or place.read_bytes() != content):
                raise ConfigError(
                    f"{place} is there already and has another content: name another folder, or say that it may be "
                    "overwritten (--overwrite, in Python overwrite=True)"
                )
        for name, content in contents.items():
            if name == SAMPLES:
                with atomic_path(folder / name) as temporary:
                    temporary.write_bytes(content)
            else:
                write_text(folder / name, content.decode())
        return folder

    def _repr_markdown_(self) -> str:
        return self.markdown.partition("\n---\n")[2]


def make_card(report: ReportRecord, provenance: Provenance, contract: Sequence[str] = ()) -> Card:
    """Return the card of an audited dataset.

    Parameters
    ----------
    report
        What was found.
    provenance
        What was said.
    contract
        The terms of the contract that the dataset is held to, a sentence each.
    """
    facts = card_facts(report, provenance, contract)
    samples = samples_parquet(report.manifest)
    return Card(markdown(facts), croissant(facts, samples), samples, provenance)
