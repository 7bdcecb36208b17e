"""The measures as Great Expectations metrics: expectations that need the same numbers share one computation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datacheck_expectations.gx import MetricDomainTypes, PandasExecutionEngine, TableMetricProvider, metric_value
from datacheck_expectations.measures import boxes, classes, columns, features, relations, samples


def _metric(name: str, measure: Callable[..., Any], *keys: str) -> type[Any]:
    """Define a metric of a whole pandas batch; ``keys`` are the expectation's fields that the measure takes."""

    def _pandas(
        cls: type[Any],
        execution_engine: Any,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> Any:
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        return measure(frame, *(metric_value_kwargs[key] for key in keys))

    body = {
        "__doc__": measure.__doc__,
        "metric_name": name,
        "value_keys": keys,
        "_pandas": metric_value(engine=PandasExecutionEngine)(_pandas),
    }
    return type(f"{measure.__name__}_metric", (TableMetricProvider,), body)


METRICS = (
    _metric("datacheck.class_table", classes.class_table),
    _metric("datacheck.split_table", classes.split_table),
    _metric("datacheck.values", columns.values_of, "column", "split"),
    _metric("datacheck.moments_by_class", columns.moments_by_class, "column"),
    _metric("datacheck.moments_by_split", columns.moments_by_split, "column"),
    _metric("datacheck.words", columns.words_of, "column"),
    _metric("datacheck.labels", lambda frame: columns.words_of(frame, "label")),
    _metric("datacheck.column_facts", features.column_facts),
    _metric("datacheck.shared_across_splits", relations.shared_across_splits, "column"),
    _metric("datacheck.repeated", relations.repeated, "column"),
    _metric("datacheck.conflicting", relations.conflicting, "column"),
    _metric("datacheck.unmatched_pairs", relations.unmatched_pairs),
    _metric("datacheck.unreadable", samples.unreadable),
    _metric("datacheck.label_quality", samples.label_quality),
    _metric("datacheck.label_error_rate", samples.label_error_rate),
    _metric("datacheck.label_guidelines", samples.label_guidelines),
    _metric("datacheck.box_classes", boxes.box_classes),
    _metric("datacheck.empty_images", boxes.empty_images),
    _metric("datacheck.agreement", relations.agreement),
)
"""Every metric. Defining one registers it with Great Expectations."""
