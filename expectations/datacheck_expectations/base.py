"""What every expectation of datacheck has: one measure, thresholds, and sentences for people."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, ClassVar

from datacheck.errors import ContractError
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.gx import (
    BatchExpectation,
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
    RenderedTableContent,
    renderer,
)

_INHERITED = frozenset(BatchExpectation.__fields__)


class DatacheckExpectation(BatchExpectation, ABC):  # type: ignore[misc]
    """An Expectation on a contract frame (`datacheck_expectations.contract_frame`); pandas only.

    A subclass names its measure in ``metric_dependencies``, declares its thresholds as required fields (Great
    Expectations does not save a value that equals a default, so that a default could change under a saved contract),
    compares the measure with them in `evaluate`, and states them in `requirement`.
    """

    success_keys: ClassVar[tuple[str, ...]] = ()
    args_keys: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = tuple(name for name in cls.__fields__ if name not in _INHERITED)
        defaults = [name for name in own if not cls.__fields__[name].required]
        if defaults:
            raise TypeError(f"{cls.__name__}: {defaults} need no value; thresholds are required fields")
        cls.success_keys = cls.args_keys = own

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_thresholds({name: getattr(self, name) for name in self.success_keys}, type(self).__name__)

    @abstractmethod
    def evaluate(self, measured: Any) -> Evaluation:
        """Compare what was measured with the thresholds."""

    @classmethod
    @abstractmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """Return one sentence that states what a dataset must keep; ``terms`` are the fields as saved."""

    def _validate(
        self, metrics: Mapping[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        (name,) = self.metric_dependencies
        return self.evaluate(metrics[name]).to_gx()

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)  # type: ignore[untyped-decorator]
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **_: Any
    ) -> list[Any]:
        configuration = configuration or result.expectation_config
        importance = {"warning": "Warning: ", "info": "For information: "}.get(str(configuration.severity.value), "")
        sentences = [_rendered(importance + cls.requirement(configuration.kwargs))]
        if isinstance(configuration.notes, str) and configuration.notes:
            sentences.append(_rendered(f"Why: {configuration.notes}", classes=["datacheck-why"]))
        return sentences

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)  # type: ignore[untyped-decorator]
    def _diagnostic_observed_value_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **_: Any
    ) -> str:
        details = (result.result or {}).get("details") if result is not None else None
        return escape(str(details["sentence"]), quote=False) if details else "not checked"

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)  # type: ignore[untyped-decorator]
    def _diagnostic_unexpected_table_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **_: Any
    ) -> list[Any] | None:
        details: Mapping[str, Any] = {} if result is None else (result.result or {}).get("details") or {}
        rows = details.get("offending", [])
        if not rows or result.success:
            return None
        header = list(details.get("columns") or rows[0])
        return [
            RenderedTableContent(
                content_block_type="table",
                header_row=header,
                table=[[escape(str(row.get(name, "")), quote=False) for name in header] for row in rows],
                styling={"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}},
            )
        ]


def _check_thresholds(value: Any, where: str) -> None:
    """Refuse thresholds that no measure can break: comparisons with NaN are false."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name == "confidence" and not 0 <= part < 1:
                raise ContractError(f"{where}, confidence: expected a number from 0 to below 1, found {part}")
            _check_thresholds(part, f"{where}, {name}")
    elif isinstance(value, list | tuple):
        for part in value:
            _check_thresholds(part, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ContractError(f"{where}: expected a finite number, found {value}")


def _rendered(sentence: str, classes: Sequence[str] = ()) -> Any:
    """Return a sentence for Data Docs; names in it come from the dataset, so that they are escaped."""
    return RenderedStringTemplateContent(
        content_block_type="string_template",
        string_template={
            "template": "$sentence",
            "params": {"sentence": escape(sentence, quote=False)},
            "styling": {"classes": list(classes)},
        },
    )
