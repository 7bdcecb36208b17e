"""Which column of a table of probabilities belongs to which class, by the names of the columns."""

from __future__ import annotations

from collections.abc import Sequence

from datacheck.errors import ProbeError
from datacheck.text import listed

SHOWN_NAMES = 3
"""Names that a note shows."""


def match_columns(columns: Sequence[str], classes: Sequence[str]) -> tuple[list[int], str]:
    """Return the column of each class, and a note on what was assumed.

    Names may differ from those of the classes by case and by what all of them begin or end with (``p_cat``, ``p_dog``).
    Numbers from 0, and names that have nothing to do with the classes, are taken in the order of the classes.

    Raises
    ------
    ProbeError
        When some columns have the name of a class and others do not.

    Examples
    --------
    >>> match_columns(["dog", "cat"], ["cat", "dog"])
    ([1, 0], 'matched the columns of pred_probs to the classes by name')
    >>> match_columns(["p_dog", "p_cat"], ["cat", "dog"])[0], match_columns(["0", "1"], ["cat", "dog"])[0]
    ([1, 0], [0, 1])
    """
    wanted = [name.strip().casefold() for name in classes]
    readings = _readings([name.strip().casefold() for name in columns])
    if len(set(wanted)) < len(wanted):  # classes that differ by case alone
        wanted, readings = list(classes), [list(columns)]
    for reading in readings:
        if set(reading) == set(wanted) and len(reading) == len(wanted):
            return [reading.index(name) for name in wanted], "matched the columns of pred_probs to the classes by name"
    names, numbers = readings[0], [str(number) for number in range(len(columns))]
    if list(columns) == numbers or not set(names) & set(wanted):
        return list(range(len(columns))), _in_class_order(columns, classes, numbers)
    missing = [name for name, key in zip(classes, wanted, strict=True) if key not in names]
    unknown = [name for name, key in zip(columns, names, strict=True) if key not in wanted]
    found = [f"no column for {listed(missing)}"] if missing else []
    found += [f"columns that are no class: {listed(unknown)}"] if unknown else []
    raise ProbeError(
        f"pred_probs: expected one column for each of {len(classes):,} classes, found {' and '.join(found)}. Name the "
        "columns after the classes"
    )


def _readings(names: list[str]) -> list[list[str]]:
    """Return the names without each possible common beginning and end."""
    first, last = _common_beginning(names), _common_beginning([name[::-1] for name in names])
    shortest = min((len(name) for name in names), default=0)
    return [
        [name[start : len(name) - end] for name in names]
        for start in range(first + 1)
        for end in range(last + 1)
        if start + end < shortest or start == end == 0
    ]


def _common_beginning(names: list[str]) -> int:
    """Return how many characters all names begin with alike.

    Examples
    --------
    >>> _common_beginning(["p_cat", "p_cow"])
    3
    """
    return next(
        (n for n, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1),
        min(map(len, names), default=0),
    )


def _in_class_order(columns: Sequence[str], classes: Sequence[str], numbers: Sequence[str]) -> str:
    if list(columns) == numbers:
        return ""
    return (
        f"the columns of pred_probs ({listed(list(columns), SHOWN_NAMES)}) are not named after the classes, so they "
        f"were taken in the order of the classes ({listed(list(classes), SHOWN_NAMES)})"
    )
