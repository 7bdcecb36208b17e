"""DC702: two lists that belong together are sorted by different keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.linting.values import NATURAL_ORDER, TEXT_ORDER, UNORDERED
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.dc701_unsorted_listing import belong
from datacheck.rules.code.shared import parallels, quoted


@dataclass(frozen=True)
class SortKeyMismatch(CodeRule):
    """Two lists that are used in parallel are sorted by different keys.

    What
    ----
    Finds two listings that are zipped, indexed alike or fitted together, one sorted by text and the other by number,
    or by two different keys.

    Why it hurts training
    ---------------------
    By text, ``10.png`` stands before ``2.png``; by number it does not. From there on each image has a wrong label.

    How it is measured
    ------------------
    By the ``key`` of ``sorted`` and ``sort``, where the name of a lambda's argument does not count.

    How to fix
    ----------
    Sort both by the same key, or pair them by their stem.

    Wrong, then right::

        images, masks = natsorted(glob("images/*")), sorted(glob("masks/*"))

        images, masks = natsorted(glob("images/*")), natsorted(glob("masks/*"))

    Example
    -------
    Only one of two listings is sorted by number::

        DC702 `images` is sorted by a key of its own and `masks` by text, and they are used in parallel: a sample can
          get the label of another
    """

    code: ClassVar[str] = "DC702"
    name: ClassVar[str] = "sort-key-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield pairs of lists with different keys."""
        for parallel in parallels(source):
            for first, second in parallel.pairs():
                a, b = first.value, second.value
                known = a.origins and b.origins and not a.origins & b.origins and a.order and b.order
                differ = known and a.order != b.order and UNORDERED not in (a.order, b.order)
                if differ and belong(parallel, first, second, source):
                    message = (
                        f"{quoted(first.text)} is sorted {_words(a.order)} and {quoted(second.text)} "
                        f"{_words(b.order)}, and they are used in parallel: a sample can get the label of another"
                    )
                    yield Hit(parallel.node, message, "sort both by the same key, or pair them by file stem")


def _words(order: str) -> str:
    return {TEXT_ORDER: "by text", NATURAL_ORDER: "by number"}.get(order, "by a key of its own")
