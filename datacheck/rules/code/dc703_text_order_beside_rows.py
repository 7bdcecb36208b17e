"""DC703: file names sorted as text stand beside the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.linting.values import TEXT_ORDER
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.dc701_unsorted_listing import mismatched
from datacheck.rules.code.shared import checks_names, parallels, quoted


@dataclass(frozen=True)
class TextOrderBesideRows(CodeRule):
    """File names that are sorted as text stand beside the rows of a table.

    What
    ----
    Finds a listing in text order that is used in parallel with what ``loadtxt``, ``read_csv`` or ``readlines`` gave.

    Why it hurts training
    ---------------------
    The rows of a table usually count 1, 2, 3 …; names without leading zeros sort as 1, 10, 2 …. Most samples then have
    the label of another. Whether the names have leading zeros cannot be seen in the code, so this is advice.

    How it is measured
    ------------------
    By following both lists to where they are paired.

    How to fix
    ----------
    Look up each row by file name. Or sort by number, with ``natsorted`` or a key.

    Wrong, then right::

        pairs = zip(sorted(glob("frames/*.png")), np.loadtxt("angles.txt"))

        pairs = zip(natsorted(glob("frames/*.png")), np.loadtxt("angles.txt"))

    Example
    -------
    Frames of a video and a table of steering angles::

        DC703 `frames` is sorted as text, where 10 stands before 2, and used in parallel with the rows of `angles`
    """

    code: ClassVar[str] = "DC703"
    name: ClassVar[str] = "text-order-beside-rows"
    severity: ClassVar[Severity] = Severity.INFO

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield listings in text order beside the rows of a table."""
        for parallel in parallels(source):
            for first, second in parallel.pairs():
                kinds = (first.value.kind, second.value.kind)
                if "table" in kinds and mismatched(first, second, TEXT_ORDER) and not checks_names(parallel, source):
                    files, rows = (second, first) if kinds[0] == "table" else (first, second)
                    message = (
                        f"{quoted(files.text)} is sorted as text, where 10 stands before 2, and used in parallel with "
                        f"the rows of {quoted(rows.text)}"
                    )
                    yield Hit(parallel.node, message, "look up each row by file name, or sort by number (natsorted)")
