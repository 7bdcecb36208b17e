"""DC706: statistics are fitted before the split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.knowledge import SPLITTERS, SUPERVISED
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import of_training, quoted

VALIDATIONS = ("cross_val_score", "cross_validate", "cross_val_predict")


@dataclass(frozen=True)
class FittedBeforeSplit(CodeRule):
    """A scaler, projection, vocabulary or selection is fitted before the split.

    What
    ----
    Finds estimators that are fitted on all samples, which are split into training and test only afterwards.

    Why it hurts training
    ---------------------
    The test samples take part in what training sees. A selection of columns by their labels (``SelectKBest``) makes
    even random columns look useful; a scaler usually changes the score little, which is why it is a warning.

    How it is measured
    ------------------
    By following the output of ``fit_transform``, or the input of ``fit``, to the split.

    How to fix
    ----------
    Split first, fit on the training part; in cross-validation put the step into a ``Pipeline``.

    Wrong, then right::

        X = StandardScaler().fit_transform(X)
        X_train, X_test = train_test_split(X)

        X_train, X_test = train_test_split(X)
        scaler = StandardScaler().fit(X_train)

    Example
    -------
    A scaler on the whole table::

        DC706 `X` went through a StandardScaler that was fitted on all samples before this split
    """

    code: ClassVar[str] = "DC706"
    name: ClassVar[str] = "fitted-before-split"
    severity: ClassVar[Severity] = Severity.WARNING

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield splits of samples that statistics were fitted on."""
        for call in splits(source):
            first = call.args[0] if call.args else None
            if call.tail in VALIDATIONS:
                first = call.args[1] if len(call.args) > 1 else None
            if first is None or "fitted" not in first.tags or of_training(call.text(0)):
                continue
            names = sorted(first.tags - {"fitted", "augmented", "fit_resample"}) or ["mean"]
            text = call.text(1 if call.tail in VALIDATIONS else 0)
            message = (
                f"{quoted(text)} went through a {names[0]} that was fitted on all samples before this "
                f"{'cross-validation' if call.tail in VALIDATIONS else 'split'}"
            )
            severity = Severity.ERROR if SUPERVISED & first.tags else None
            yield Hit(call.node, message, "split first, then fit on the training part (or in a Pipeline)", severity)


def splits(source: SourceFile) -> Iterator[Call]:
    """Yield the calls that divide samples for training and test."""
    yield from source.calls(*SPLITTERS, *VALIDATIONS)
