"""The public face: one flat ``__all__``, modules under their own names, and an import that stays light."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import datacheck

HEAVY = ("torch", "torchvision", "great_expectations", "cleanlab", "ray", "pandas", "sklearn", "PIL", "cv2", "rich")
WALK = """
import importlib, json, pkgutil, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}")
sys.meta_path.insert(0, Blocked())
hidden, broken, walked = [], [], 0
for package in {packages!r}:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        space = {{}}
        try:
            exec(f"import {{module.name}} as found", space)
        except ImportError as error:
            broken.append((module.name, str(error)))
            continue
        walked += 1
        if space["found"] is not sys.modules[module.name]:
            hidden.append(module.name)
print(json.dumps([hidden, broken, walked]))
"""


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_every_name_in_all_exists_once() -> None:
    assert sorted(set(datacheck.__all__)) == sorted(datacheck.__all__)
    assert [name for name in datacheck.__all__ if not hasattr(datacheck, name)] == []


def test_the_map_of_rooms_the_typed_imports_and_all_agree() -> None:
    tree = ast.parse(Path(datacheck.__file__).read_text(encoding="utf-8"))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in typed.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(imports) == sorted(datacheck.__all__)
    mapped = {(f"datacheck.{room}", name) for room, names in datacheck._HOMES.items() for name in names}
    assert mapped == set(imports.values())


@pytest.mark.parametrize("room", ["manifest", "scanning"])
def test_the_rooms_that_import_their_names_on_use_agree_with_their_typed_imports(room: str) -> None:
    module = importlib.import_module(f"datacheck.{room}")
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    found = [node for node in typed.body if isinstance(node, ast.ImportFrom)]
    imports = {alias.name: str(node.module).rpartition(".")[2] for node in found for alias in node.names}
    assert imports == module._FILE_OF
    assert sorted(imports) == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_a_worker_of_the_scan_starts_without_arrow() -> None:
    assert run("import sys, datacheck.scanning.shard; print('pyarrow' in sys.modules)") == "False"


def test_functions_are_not_hidden_by_the_rooms_of_the_same_name() -> None:
    code = "import datacheck.report, datacheck.rules, datacheck.scanning.run, datacheck.probing, datacheck as d;"
    assert run(code + "print(all(callable(f) for f in (d.audit, d.probe, d.scan, d.fingerprint, d.open)))") == "True"


def test_every_module_can_be_imported_under_its_own_name() -> None:
    """Without torch and Great Expectations, which take seconds: modules that need them are skipped here."""
    blocked = ("torch", "great_expectations")
    hidden, broken, walked = json.loads(run(WALK.format(packages=("datacheck",), blocked=blocked)))
    assert hidden == []
    assert [name for name, error in broken if not any(word in error for word in blocked)] == []
    assert walked > 200


@pytest.mark.slow
def test_every_module_can_be_imported_under_its_own_name_with_all_extras() -> None:
    packages = ("datacheck", "datacheck_expectations")
    hidden, broken, _ = json.loads(run(WALK.format(packages=packages, blocked=())))
    assert hidden == []
    assert broken == []


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, datacheck; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert run(code) == "[]"


def test_import_loads_only_the_standard_library_and_datacheck_itself() -> None:
    code = (
        "import sys; before = set(sys.modules); import datacheck;"
        "tops = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(tops - set(sys.stdlib_module_names)))"
    )
    assert run(code) == "['datacheck']"
