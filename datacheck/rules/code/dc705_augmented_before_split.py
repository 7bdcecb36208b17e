"""DC705: samples are added before the split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.dc706_fitted_before_split import splits
from datacheck.rules.code.shared import held_out, quoted


@dataclass(frozen=True)
class AugmentedBeforeSplit(CodeRule):
    """The data are over-sampled or augmented before they are split.

    What
    ----
    Finds samples that went through ``fit_resample`` or a function that augments, and then through
    ``train_test_split``, ``random_split`` or cross-validation.

    Why it hurts training
    ---------------------
    Copies of one sample, or points drawn between two neighbours, lie on both sides of the split. The test score is
    that of samples which the model has seen.

    How it is measured
    ------------------
    By following the added samples to the split, through the functions of the file.

    How to fix
    ----------
    Split first; then add samples to the training part alone.

    Wrong, then right::

        X, y = SMOTE().fit_resample(X, y)
        X_train, X_test, y_train, y_test = train_test_split(X, y)

        X_train, X_test, y_train, y_test = train_test_split(X, y)
        X_train, y_train = SMOTE().fit_resample(X_train, y_train)

    Example
    -------
    SMOTE on the whole table::

        DC705 `X_res` was over-sampled or augmented before this split: copies of a sample lie on both sides
    """

    code: ClassVar[str] = "DC705"
    name: ClassVar[str] = "augmented-before-split"
    severity: ClassVar[Severity] = Severity.ERROR

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield splits of samples that were added to."""
        for call in splits(source):
            for position, value in enumerate(call.args):
                if "augmented" in value.tags and not held_out(call.text(position)):
                    message = (
                        f"{quoted(call.text(position))} was over-sampled or augmented before this split: "
                        "copies of a sample lie on both sides"
                    )
                    yield Hit(call.node, message, "split first, then add samples to the training part alone")
                    break
