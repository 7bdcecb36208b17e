"""DC206: a combination of attributes that never occurs though each part is common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import gammaln

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest, Modality, Task
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.stats import benjamini_hochberg
from datacheck.text import listed

Attribute = tuple[NDArray[np.int32], list[str]]
"""The codes of a column [N], -1 for missing, and the values that they stand for."""


@dataclass(frozen=True)
class MissingCombination(Rule):
    """Two attributes never occur together, though both are common.

    What
    ----
    Crosses the class, the group and every categorical extra column, two at a time, and names the combinations without
    a single row where many would be expected: for example no *night* photo of a *bicycle*.

    Why it hurts training
    ---------------------
    The model learns that what never occurs together does not occur: at night there are no bicycles. It fails on exactly
    this combination, and no evaluation split holds a sample that would show it.

    How it is measured
    ------------------
    For each two attributes with 2 to ``max_values`` values: the cells without a row whose expected count under
    independence (the product of the margins) is at least ``min_expected``. Found if the exact hypergeometric chance of
    an empty cell is below ``alpha`` after Benjamini–Hochberg over all cells of all pairs. Pairs in which one attribute
    determines the other, or more than ``max_empty`` of the cells are empty, are nested by design (a model and its
    maker) and left out. Columns with more values, such as ids, and columns of fractions are not attributes. In a
    table of features the finding is information: features that exclude each other, or a class, are usual there.

    How to fix
    ----------
    Collect the missing combination, or document that the model must not be used for it. If the attribute is a matter of
    rendering, such as brightness, augmentation can replace it.

    Example
    -------
    600 rows, half of them bicycles, a quarter at night::

        label      light    rows
        car        day       150
        car        night     150
        bicycle    day       300

        DC206 no row has label 'bicycle' and light 'night'; 75 would be expected if the two were independent
    """

    code: ClassVar[str] = "DC206"
    name: ClassVar[str] = "missing-combination"
    severity: ClassVar[Severity] = Severity.WARNING

    min_expected: float = 10.0  # fewer expected rows are too few to learn the combination anyway
    alpha: float = 0.01  # one false alarm in a hundred datasets
    max_values: int = 20  # more values are ids or free text
    max_empty: float = 0.5  # where most combinations are missing, that is the design

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = dict(attributes(context.manifest, self.max_values))
        if len(found) < 2:
            raise CannotJudge(
                f"needs two attributes of 2 to {self.max_values} values (the class, the group, or extra columns of the "
                f"table), found {listed(list(found))}"
            )
        cells = [cell for a, b in combinations(found, 2) for cell in self._empty_cells(a, found[a], b, found[b])]
        adjusted = benjamini_hochberg([cell["p"] for cell in cells])
        kept = [
            cell | {"p_adjusted": float(p)}
            for cell, p in zip(cells, adjusted, strict=True)
            if p < self.alpha and cell["expected"] >= self.min_expected and cell["rows"] == 0
        ]
        if not kept:
            return Passed(f"every combination of {', '.join(found)} that is to be expected occurs")
        kept.sort(key=lambda cell: -cell["expected"])
        (a, b), (x, y) = kept[0]["columns"], kept[0]["values"]
        more = f"; {len(kept) - 1:,} more combinations are missing" if len(kept) > 1 else ""
        finding = self.finding(
            f"no row has {a} {x!r} and {b} {y!r}; {kept[0]['expected']:.0f} would be expected if the two were "
            f"independent{more}",
            "collect the missing combinations, or document that the model must not be used for them",
            evidence={"combinations": kept},
            severity=Severity.INFO if context.manifest.modality is Modality.TABULAR else None,
        )
        return Found((finding,))

    def _empty_cells(self, a: str, of_a: Attribute, b: str, of_b: Attribute) -> list[dict[str, Any]]:
        """Every cell of two attributes with its count, expectation and chance of being empty.

        No cell for nested attributes, nor for two columns with the same words, such as the labels of two annotators.
        """
        (codes_a, names_a), (codes_b, names_b) = of_a, of_b
        known = (codes_a >= 0) & (codes_b >= 0)
        joint = np.bincount(
            codes_a[known].astype(np.int64) * len(names_b) + codes_b[known], minlength=len(names_a) * len(names_b)
        ).reshape(len(names_a), len(names_b))
        if joint.sum() == 0 or is_nested(joint, self.max_empty) or is_same_vocabulary(names_a, names_b):
            return []
        expected, p_empty = chance_of_empty(joint)
        return [
            {
                "columns": [a, b],
                "values": [names_a[i], names_b[j]],
                "rows": int(joint[i, j]),
                "expected": float(expected[i, j]),
                "p": float(p_empty[i, j]) if joint[i, j] == 0 else 1.0,
            }
            for i, j in np.ndindex(joint.shape)
        ]


def is_same_vocabulary(one: list[str], other: list[str]) -> bool:
    """Whether two columns use the same words; numbers, and columns of two values such as yes and no, do not count.

    Examples
    --------
    >>> is_same_vocabulary(["bird", "cat", "dog"], ["bird", "cat", "frog"]), is_same_vocabulary(["0", "1"], ["0", "1"])
    (True, False)
    """
    words = [{word for word in names if not word.isdecimal()} for names in (one, other)]
    shared = len(words[0] & words[1])
    return shared >= 2 and 2 * shared > min(len(one), len(other)) > 2


def attributes(manifest: Manifest, max_values: int) -> Iterator[tuple[str, Attribute]]:
    """Yield each attribute's name, codes [N] (-1 for missing) and values: label, group, categorical extra columns."""
    names = [name for name in ("label", "group", *manifest.extra_columns) if name in manifest]
    for name in names:
        if name == "label" and manifest.task is not Task.CLASSIFICATION:
            continue
        column = manifest.table[name]
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)
                or pa.types.is_boolean(kind)):  # fmt: skip
            continue
        if not pa.types.is_dictionary(column.type):
            if len(pc.unique(column)) > max_values:
                continue
            column = pc.dictionary_encode(column)
        column = column.combine_chunks()
        codes = pc.fill_null(column.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)
        if len(column.dictionary) > len(codes):
            continue
        counts = np.bincount(codes[codes >= 0], minlength=len(column.dictionary))
        if 2 <= np.count_nonzero(counts) <= max_values:
            lookup = np.append(np.where(counts > 0, np.cumsum(counts > 0) - 1, -1), -1).astype(np.int32)
            values = [str(word) for word, n in zip(column.dictionary.to_pylist(), counts, strict=True) if n]
            yield name, (lookup[codes], values)


def is_nested(joint: NDArray[np.int64], max_empty: float) -> bool:
    """Return whether the empty cells of a table [A, B] are its design: one side determines the other, or nearly so.

    Examples
    --------
    >>> is_nested(np.array([[9, 0], [0, 9], [0, 9]]), 0.5), is_nested(np.array([[9, 0], [9, 9], [9, 9]]), 0.5)
    (True, False)
    """
    filled = joint > 0
    determined = bool(np.all(filled.sum(axis=1) <= 1) or np.all(filled.sum(axis=0) <= 1))
    return determined or float(np.mean(~filled)) > max_empty


def chance_of_empty(joint: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return expected counts under independence and the hypergeometric chance of no row, each shape [A, B]."""
    total = float(joint.sum())
    rows, columns = joint.sum(axis=1, keepdims=True).astype(float), joint.sum(axis=0, keepdims=True).astype(float)
    room = total - rows - columns
    fits = room >= 0
    log_p = gammaln(total - rows + 1) + gammaln(total - columns + 1) - gammaln(total + 1)
    log_p = np.where(fits, log_p - gammaln(np.maximum(room, 0) + 1), -np.inf)
    return rows * columns / total, np.exp(np.minimum(log_p, 0.0))
