"""The pytest plugin: a fixture that fails a test when a dataset breaks its contract.

Installed with datacheck; it imports nothing heavy until a test uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from datacheck.report import Report
    from datacheck_expectations import ContractResult


@pytest.fixture(scope="session")
def assert_dataset(request: pytest.FixtureRequest) -> Callable[..., ContractResult]:
    """Return a function that checks a dataset against a contract, and fails the test where a term is broken.

    ``assert_dataset(source, *, contract, fail_on="error", **options)`` takes the options of
    `datacheck_expectations.check` and returns its result. The scan is kept in pytest's cache, so that the next run
    reads only what changed::

        def test_photos(assert_dataset):
            assert_dataset("data/photos", contract="contracts/photos")
    """

    def check(source: object, *, contract: str | Path, fail_on: str = "error", **options: Any) -> ContractResult:
        __tracebackhide__ = True
        from datacheck.errors import DatacheckError, require
        from datacheck.findings import Severity

        try:
            contracts = require("datacheck_expectations", extra="contracts", purpose="the fixture assert_dataset")
            options.setdefault("run_dir", _remembered(request, source))
            result: ContractResult = contracts.check(source, contract, **options)
        except DatacheckError as error:
            pytest.fail(f"the dataset could not be checked against the contract: {error}", pytrace=False)
        severity = Severity.parse("error" if fail_on == "critical" else fail_on)
        if result.exit_code(severity):
            pytest.fail(result.render(fail_on=severity), pytrace=False)
        return result

    return check


@pytest.fixture(scope="session")
def assert_preflight() -> Callable[..., Report]:
    """Return a function that looks at loaders, model and loss, and fails the test where a rule finds something.

    ``assert_preflight(train_loader, val_loader, model, loss, *, fail_on="error", **options)`` takes the options of
    `datacheck.preflight` and returns its report::

        def test_loaders(assert_preflight):
            assert_preflight(train_loader, val_loader, model, audit="data/photos")
    """

    def check(train_loader: Any, *rest: Any, fail_on: str = "error", **options: Any) -> Report:
        __tracebackhide__ = True
        from datacheck.auditing import preflight
        from datacheck.errors import DatacheckError
        from datacheck.findings import Severity

        try:
            report = preflight(train_loader, *rest, **options)
        except DatacheckError as error:
            pytest.fail(f"the loaders could not be looked at: {error}", pytrace=False)
        severity = Severity.parse(fail_on)
        found = [each for each in report.findings if each.severity >= severity]
        failed = [f"{each.code} crashed" for each in report.failed]
        if found or failed:
            lines = [f"{each.severity.label} {each.code}: {each.message}; fix: {each.remedy}" for each in found]
            pytest.fail("\n".join([*lines, *failed]), pytrace=False)
        return report

    return check


def _remembered(request: pytest.FixtureRequest, source: object) -> Path | None:
    """Return a folder in pytest's cache for a source that has a path; None for others, or without a cache."""
    cache = getattr(request.config, "cache", None)
    if cache is None or not isinstance(source, str | Path):
        return None
    import hashlib

    name = hashlib.sha256(str(Path(source).absolute()).encode()).hexdigest()[:16]
    folder: Path = cache.mkdir("datacheck") / name
    return folder
