"""Remedies in the language of the caller: options of the command line, or arguments in Python."""

from __future__ import annotations

import re

from datacheck.manifest import Remedy
from datacheck.report.gaps import Caller

OPTIONS = (
    "kind", "task", "label", "target", "split", "group", "path", "columns", "classes", "root", "delimiter",
    "label_separator", "class_level", "label_pattern", "image_order", "label_order", "bins", "ignore_index",
)  # fmt: skip
"""Arguments of `datacheck.open` that ``datacheck audit`` has as options of the same name, with hyphens."""

_ARGUMENT = re.compile(rf"(?<![\w./-])({'|'.join(OPTIONS)})=('[^']*'|\"[^\"]*\"|[\w./-]+)?")


def remedy_text(remedy: Remedy, caller: Caller) -> str:
    """Return what to do, as the end of a sentence.

    Examples
    --------
    >>> remedy_text(Remedy("--label species", "label='species'"), "shell")
    'pass --label species'
    >>> remedy_text(Remedy("datacheck audit data/pets", "audit('data/pets')"), "shell")
    'run datacheck audit data/pets'
    """
    text = remedy.command_line if caller == "shell" else remedy.python
    is_call = text.startswith("datacheck ") or (not text.startswith("--") and "(" in text.partition("=")[0])
    return f"run {text}" if is_call else f"pass {text}"


def for_caller(text: str, caller: Caller) -> str:
    """Return a message with the arguments that it names as options, where the caller is at a command line.

    Examples
    --------
    >>> for_caller("task='regression': expected numbers; pass root= or name it with label_separator=';'", "shell")
    "--task regression: expected numbers; pass --root or name it with --label-separator ';'"
    >>> for_caller("pass root=", "python")
    'pass root='
    """
    return _ARGUMENT.sub(_option, text) if caller == "shell" else text


def for_both(text: str) -> str:
    """Return a message with each argument that it names as an option too, for a page that anyone may read.

    Examples
    --------
    >>> for_both("say so with task='unlabelled'")
    "say so with --task unlabelled (in Python task='unlabelled')"
    """
    return _ARGUMENT.sub(lambda match: f"{_option(match)} (in Python {match[0]})", text)


def _option(match: re.Match[str]) -> str:
    name, value = match[1].replace("_", "-"), match[2] or ""
    plain = value[1:-1] if re.fullmatch(r"(['\"])[\w./-]+\1", value) else value
    return f"--{name} {plain}".rstrip()
