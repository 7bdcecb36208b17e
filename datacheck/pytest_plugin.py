"""The pytest plugin: a fixture that fails a test when a dataset breaks its contract.

Installed with datacheck; it imports nothing heavy until a test uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
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


def _remembered(request: pytest.FixtureRequest, source: object) -> Path | None:
    """Return a folder in pytest's cache for a source that has a path; None for others, or without a cache."""
    cache = getattr(request.config, "cache", None)
    if cache is None or not isinstance(source, str | Path):
        return None
    import hashlib

    name = hashlib.sha256(str(Path(source).absolute()).encode()).hexdigest()[:16]
    folder: Path = cache.mkdir("datacheck") / name
    return folder
