"""Great Expectations, imported quietly and only here; or what to do where it is not installed."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from datacheck.errors import require


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Great Expectations' own warnings and log lines out of the caller's output, and its analytics off."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


with quiet():
    require("great_expectations", extra="contracts", purpose="a data contract")
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.data_context import FileDataContext
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )
    from great_expectations.render import (
        LegacyDiagnosticRendererType,
        LegacyRendererType,
        RenderedStringTemplateContent,
        RenderedTableContent,
    )
    from great_expectations.render.renderer.renderer import renderer

__all__ = [
    "BatchExpectation",
    "FileDataContext",
    "LegacyDiagnosticRendererType",
    "LegacyRendererType",
    "MetricDomainTypes",
    "PandasExecutionEngine",
    "RenderedStringTemplateContent",
    "RenderedTableContent",
    "TableMetricProvider",
    "get_expectation_impl",
    "gx",
    "gxe",
    "list_registered_expectation_implementations",
    "metric_value",
    "quiet",
    "renderer",
]
