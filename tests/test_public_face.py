"""The public face: one flat ``__all__``, and an import that stays light."""

from __future__ import annotations

import subprocess
import sys

import datacheck

HEAVY = ("torch", "torchvision", "great_expectations", "cleanlab", "ray", "pandas", "sklearn", "PIL", "cv2", "rich")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_every_name_in_all_exists_once() -> None:
    assert sorted(set(datacheck.__all__)) == sorted(datacheck.__all__)
    assert [name for name in datacheck.__all__ if not hasattr(datacheck, name)] == []


def test_functions_are_not_hidden_by_the_rooms_of_the_same_name() -> None:
    code = "import datacheck.report, datacheck.rules, datacheck.scanning.run, datacheck.probing, datacheck as d;"
    assert run(code + "print(all(callable(f) for f in (d.audit, d.probe, d.scan, d.fingerprint, d.open)))") == "True"


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, datacheck; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert run(code) == "[]"


def test_import_takes_under_a_third_of_a_second_beyond_arrow_and_numpy() -> None:
    code = (
        "import time, numpy, pyarrow, pyarrow.compute, pyarrow.parquet; start = time.process_time(); import datacheck;"
        "print(time.process_time() - start)"
    )
    assert min(float(run(code)) for _ in range(3)) < 0.3
