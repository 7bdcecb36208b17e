"""Reference pages that are generated from the code: the Python API, the command line, the configuration file."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.main import get_command

import datacheck
from datacheck.cli.app import app
from datacheck.config import Settings

GROUPS = {
    "Check a dataset": ("audit", "Report", "Finding", "Severity", "Settings"),
    "Open a dataset": ("open", "Manifest", "Task", "Modality", "Listings"),
    "Measure the samples": ("scan", "Measurements", "fingerprint", "Fingerprint", "FingerprintDiff"),
    "Judge the labels": ("probe", "ProbeOutputs"),
    "Plan the training": ("make_plan", "TrainingPlan"),
    "Outcomes of a rule": ("Outcome", "Passed", "Found", "NotApplicable", "Failed"),
}
"""The public names by topic; every other public name follows under *Errors* or *Other names*."""


TOML_TYPES = {
    "tuple": "list", "Mapping": "table", "bool": "boolean", "int": "number", "float": "number", "str": "text",
    "Path": "text", "Severity": "text",
}  # fmt: skip
"""What a value is in a TOML file, by the start of its annotation."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the site."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the Markdown of every reference page."""
    yield "reference/api.md", api_page()
    yield "reference/command-line.md", command_line_page()
    yield "reference/configuration.md", configuration_page()


def api_page() -> str:
    """Return the page of the public Python names."""
    grouped = {name for names in GROUPS.values() for name in names}
    rest = [name for name in datacheck.__all__ if name not in grouped]
    groups = {
        **GROUPS,
        "Errors": tuple(name for name in rest if name.endswith("Error")),
        "Other names": tuple(name for name in rest if not name.endswith("Error")),
    }
    lines = [
        "# Python API",
        "",
        "Everything that `import datacheck` offers. Names that are not listed here may change without notice.",
        "",
    ]
    for title, names in groups.items():
        present = [name for name in names if name in datacheck.__all__]
        if present:
            lines += [f"## {title}", ""]
            lines += [line for name in present for line in (f"::: datacheck.{name}", "")]
    return "\n".join(lines)


def command_line_page() -> str:
    """Return the page of all commands, their arguments and their options."""
    lines = [
        "# Command line",
        "",
        "Exit codes of every command: 0 clean, 1 findings at or above `--fail-on`, 2 could not do what was asked, "
        "130 interrupted.",
        "",
    ]
    for name, command in _commands(get_command(app), ("datacheck",)):
        usage = " ".join([name, "[OPTIONS]", *(_metavar(p) for p in command.params if p.param_type_name == "argument")])
        lines += [f"## `{name}`", "", inspect.cleandoc(command.help or ""), "", "```text", usage, "```", ""]
        lines += _parameters("argument", [p for p in command.params if p.param_type_name == "argument"])
        lines += _parameters("option", [p for p in command.params if p.param_type_name == "option"])
    return "\n".join(lines)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        if hasattr(inner, "commands"):
            yield from _commands(inner, (*path, name))
        else:
            yield " ".join((*path, name)), inner


def _metavar(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name or "").strip("[]<>").upper()
    return name if parameter.required else f"[{name}]"


def _parameters(what: str, parameters: Sequence[Any]) -> list[str]:
    if not parameters:
        return []
    rows = []
    for one in parameters:
        names = [_metavar(one)] if what == "argument" else [*one.opts, *one.secondary_opts]
        default = one.default
        nothing = default in (None, (), "") or default is False or callable(default) or one.required
        shown = "" if nothing else f"`{default}`"
        rows.append((", ".join(f"`{name}`" for name in names), _cell(getattr(one, "help", None) or ""), _cell(shown)))
    columns = 3 if any(shown for *_, shown in rows) else 2
    lines = [(what, "meaning", "default"), ("---", "---", "---"), *rows]
    return [*(f"| {' | '.join(line[:columns])} |" for line in lines), ""]


def configuration_page() -> str:
    """Return the page of the keys of ``[tool.datacheck]``."""
    lines = [
        "# Configuration file",
        "",
        "Settings stand in `pyproject.toml` under `[tool.datacheck]`, or in `datacheck.toml` at the top level. The",
        "nearest file at or above the working directory counts; an option of the command line is stronger. A key may",
        "be written with dashes or underscores. An unknown key and a value of the wrong type are errors.",
        "",
        "| key | type | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    meanings = _attributes(inspect.getdoc(Settings) or "")
    for field in fields(Settings):
        default = field.default if field.default is not MISSING else field.default_factory()  # type: ignore[misc]
        default = ", ".join(map(str, default)) if isinstance(default, tuple) else getattr(default, "label", default)
        shown = "" if default in (None, {}, "") else f"`{str(default).lower() if default is False else default}`"
        lines.append(
            f"| `{field.name.replace('_', '-')}` | {_toml_type(str(field.type))} | {_cell(shown)} | "
            f"{_cell(meanings.get(field.name, ''))} |"
        )
    lines += [
        "",
        "Thresholds of one rule stand in a table of its code; each [rule's page](../rules/index.md) lists its fields:",
        "",
        "```toml",
        "[tool.datacheck]",
        'fail-on = "warning"',
        'ignore = ["DC402"]',
        "",
        "[tool.datacheck.rules.DC203]",
        "warning_ratio = 20.0",
        "```",
        "",
    ]
    return "\n".join(lines)


def _toml_type(annotation: str) -> str:
    """Return what the value of a key is in the file, by the start of its annotation."""
    return next(word for start, word in TOML_TYPES.items() if annotation.startswith(start))


def _attributes(docstring: str) -> dict[str, str]:
    """Return the meaning of each attribute of a NumPy docstring; names that share an entry share its text."""
    section = re.search(r"Attributes\n-+\n(.*?)(?:\n\n[A-Z][a-z]+\n-+\n|\Z)", docstring, re.DOTALL)
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in section.group(1).splitlines() if section else []:
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.split(",")]
        else:
            for name in names:
                meanings[name] = f"{meanings.get(name, '')} {line.strip()}".strip()
    return meanings


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|").replace("\n", " ")
