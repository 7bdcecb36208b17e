"""The columns of a table as what its labels are compared with, to see whether they stand in the right rows."""

from __future__ import annotations

import numpy as np

from datacheck.errors import ProbeError
from datacheck.pairing import LabelCodes, Samples
from datacheck.probing.backends.linear_table import scaled
from datacheck.probing.backends.table_columns import table_of
from datacheck.rules.base import CannotJudge, RuleContext

MOST_ALIKE = 0.1
"""Autocorrelation of the labels, beyond two standard errors, up to which the rows are taken to be in no order.

Rows in the order of time have labels that follow one another, and columns that foretell the next: a lag may fit better
there than the row itself, and is no fault."""

MOST_ROWS = 200_000
"""Rows that are compared: half a minute of one core."""


def table_samples(context: RuleContext, labels: LabelCodes) -> Samples:
    """Return the columns of a table as features, standardised, categories as 0 and 1.

    Raises
    ------
    CannotJudge
        When there is no column to compare with, there are too many rows, or the rows follow one another.
    """
    if len(labels.codes) > MOST_ROWS:
        raise CannotJudge(f"compares the labels of at most {MOST_ROWS:,} rows with their columns")
    if alike_in_a_row(labels) > MOST_ALIKE + 2 / np.sqrt(len(labels.codes)):
        raise CannotJudge(
            "the labels of neighbouring rows are alike, as in a series in time or a sorted table: a shift could not be "
            "told from a lag"
        )
    try:
        table = table_of(context.manifest)
    except ProbeError as error:
        raise CannotJudge(str(error)) from None
    return Samples(scaled(table, np.arange(len(labels.codes))))


def alike_in_a_row(labels: LabelCodes) -> float:
    """Return the autocorrelation of the labels from one row to the next: 0 in no order, 1 where they go on and on.

    Examples
    --------
    >>> alike_in_a_row(LabelCodes.of_classes(np.repeat([0, 1], 500)))
    0.997...
    >>> alike_in_a_row(LabelCodes.of_classes(np.tile([0, 1], 500)))
    -0.999
    """
    values = labels.vectors[labels.codes[labels.codes >= 0]]
    values = values - values.mean(axis=0)
    return float((values[1:] * values[:-1]).sum() / max(1e-12, (values**2).sum()))
