"""What only people know of a dataset: its name, where it is from, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from datacheck.text import clean


@dataclass(frozen=True)
class Provenance:
    """What is asked for and never guessed; an empty text stands for what is not known.

    Attributes
    ----------
    name
        Of the dataset; by default that of its folder.
    description
        What the dataset shows, and what for.
    licence
        An identifier such as ``cc-by-4.0``, or the address of the text.
    source
        Where the samples come from.
    contact
        Whom to ask.
    url
        The page of the dataset.
    citation
        How to cite it, best as BibTeX.
    data_version
        Such as ``1.2.0``.

    Examples
    --------
    >>> Provenance(licence="cc-by-4.0", source="two clinics").missing
    ('description', 'contact')
    """

    name: str = ""
    description: str = ""
    licence: str = ""
    source: str = ""
    contact: str = ""
    url: str = ""
    citation: str = ""
    data_version: str = ""

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, clean(getattr(self, one.name)))

    @property
    def missing(self) -> tuple[str, ...]:
        """What a reader of the card will look for and not find."""
        return tuple(name for name in ("description", "licence", "source", "contact") if not getattr(self, name))
