"""Lines of text on a terminal: marks, indents and wrapping. Nothing is cut; a long text takes more lines."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from datacheck.findings import Severity
from datacheck.report.gaps import Caller
from datacheck.text import clean

INDENT = 11
"""Columns before the text of a line: a mark, a space, a word of up to eight letters, a space."""

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
MARKS = {Severity.ERROR: "✖", Severity.WARNING: "▲", Severity.INFO: "●"}

_ASCII = str.maketrans({"✖": "x", "▲": "!", "●": "i", "✔": "+", "→": ">", "·": "-", "…": "~", "×": "x", "–": "-"})


@dataclass(frozen=True)
class Screen:
    """What a report is written for.

    Attributes
    ----------
    width
        Columns of a line.
    height
        Lines of the screen, which the findings shall not exceed; None where there is no end, as in a file.
    verbose
        Whether everything is wanted, whatever the height.
    caller
        Whose language the remedies speak.
    """

    width: int = 80
    height: int | None = 24
    verbose: bool = False
    caller: Caller = "shell"

    @property
    def endless(self) -> bool:
        """Whether all findings are shown in full."""
        return self.verbose or self.height is None


def wrapped(text: Text | str, screen: Screen, style: str = "") -> list[Text]:
    """Return a text in lines of the screen's width."""
    text = Text(text, style) if isinstance(text, str) else text
    return _lines(text, screen.width, screen)


def indented(text: Text | str, screen: Screen, style: str = "") -> list[Text]:
    """Return a text in lines under the indent."""
    text = Text(text, style) if isinstance(text, str) else text
    return [Text.assemble(" " * INDENT, line) for line in _lines(text, screen.width - INDENT, screen)]


def marked(severity: Severity, word: str, text: Text | str, screen: Screen) -> list[Text]:
    """Return a text beside a mark and a word, both in the colour of the severity."""
    first, *rest = indented(Text(text) if isinstance(text, str) else text, screen)
    head = Text(f"{MARKS[severity]} {word:<{INDENT - 2}}", STYLES[severity])
    return [Text.assemble(head, first[INDENT:]), *rest]


def remedy_lines(remedy: str, screen: Screen) -> list[Text]:
    """Return what to do, under the indent."""
    return indented(f"→ {clean(remedy)}", screen, "green")


def in_ascii(line: Text, encoding: str) -> Text:
    """Return a line in what an encoding other than Unicode can show."""
    plain = line.plain.translate(_ASCII).encode(encoding, errors="replace").decode(encoding)
    return Text(plain, spans=line.spans, style=line.style)


def _lines(text: Text, width: int, screen: Screen) -> list[Text]:
    lines = list(text.wrap(Console(width=screen.width), width)) or [Text()]
    for line in lines:
        line.rstrip()
    return lines
