"""Measures the structure of the code: ``python tests/structure.py [ROOT] [-v]``.

Counts files, lines and code lines by room, files over 300 lines, import circles, functions with seven or more
parameters outside the public face, repeated passages, and numeric constants without a stated reason.
"""

from __future__ import annotations

import ast
import io
import keyword
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

MAX_LINES = 300
"""A longer file is not read in one sitting."""

MANY_PARAMETERS = 7
"""From this many parameters on, callers mix them up."""

PASSAGE_LINES = 6
"""Fewer equal lines than this are often equal by chance."""

PASSAGE_TOKENS = 36
"""Words and signs in them: fewer are a list of short arguments."""


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name, its path below the root, and its text."""

    name: str
    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        return ".".join(parts[:2]) if len(parts) > 1 else self.name


def read_modules(root: Path) -> list[Module]:
    """Return every module of ``datacheck`` and ``datacheck_expectations`` below a checkout."""
    found = []
    for start in (root / "datacheck", root / "expectations" / "datacheck_expectations"):
        for path in sorted(start.rglob("*.py")):
            parts = path.relative_to(start.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, str(path.relative_to(root)), path.read_text(encoding="utf-8")))
    return found


def code_lines(module: Module) -> list[int]:
    """Return the numbers of the lines that hold code: no blank line, no comment, no docstring."""
    docstrings = set()
    for node in ast.walk(module.tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                docstrings |= set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    lines = module.text.splitlines()
    return [n for n, line in enumerate(lines, 1) if n not in docstrings and line.strip() and line.strip()[0] != "#"]


def import_circles(modules: list[Module]) -> list[list[str]]:
    """Return the groups of modules that import each other, lazy imports and those for types alone included."""
    known = {module.name for module in modules}
    graph = {module.name: _imported(module, known) for module in modules}
    return [sorted(group) for group in _strongly_connected(graph) if len(group) > 1]


def _imported(module: Module, known: set[str]) -> set[str]:
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in known else node.module)
    return (found & known) - {module.name}


def _strongly_connected(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the strongly connected components (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            at = stack.index(name)
            groups.append(set(stack[at:]))
            del stack[at:]

    for name in graph:
        if name not in index:
            visit(name)
    return groups


def public_names(modules: list[Module]) -> set[str]:
    """Return the names of the packages' public faces: ``__all__`` of the packages, and of the planting functions."""
    found: set[str] = {"open_source"}  # `datacheck.open`
    for module in modules:
        if module.name in {"datacheck", "datacheck_expectations", "datacheck.testing"}:
            for node in module.tree.body:
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                    found |= set(ast.literal_eval(node.value))
    return found


def wide_functions(modules: list[Module]) -> list[str]:
    """Return functions with seven or more parameters, those of the public face and the CLI's commands left out.

    The public face is what the packages export: functions, and the methods of classes.
    """
    public = public_names(modules)
    found = []
    for module in modules:
        methods = {
            method
            for node in module.tree.body
            if isinstance(node, ast.ClassDef) and node.name in public
            for method in node.body
        }
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            is_command = module.room == "datacheck.cli" and node.name.endswith("_command")
            is_command |= any("command" in ast.unparse(decorator) for decorator in node.decorator_list)
            is_public = node.name in public or (node in methods and not node.name.startswith("_"))
            if count >= MANY_PARAMETERS and not is_command and not is_public:
                found.append(f"{module.path}:{node.lineno} {node.name} ({count})")
    return found


def unexplained_constants(modules: list[Module]) -> list[str]:
    """Return numeric constants of modules without a docstring below, or a comment beside or above them."""
    found = []
    for module in modules:
        lines = module.text.splitlines()
        body = module.tree.body
        for node, following in zip(body, [*body[1:], None], strict=True):
            name = _constant_name(node)
            if name is None:
                continue
            documented = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            last = node.end_lineno or node.lineno
            commented = "#" in lines[last - 1] or lines[node.lineno - 2].lstrip().startswith("#")
            if not (documented or commented):
                found.append(f"{module.path}:{node.lineno} {name}")
    return found


def _constant_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name, value = node.targets[0].id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        name, value = node.target.id, node.value
    else:
        return None
    is_number = any(isinstance(one, ast.Constant) and type(one.value) in (int, float) for one in ast.walk(value))
    only_numbers = not any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in ast.walk(value))
    return name if name.isupper() and is_number and only_numbers else None


def repeated_passages(modules: list[Module]) -> list[tuple[str, str]]:
    """Return pairs of places that share six or more code lines of one shape (names, strings and numbers may differ)."""
    at: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    shapes = [list(_shapes(module)) for module in modules]
    for number, lines in enumerate(shapes):
        for start in range(len(lines) - PASSAGE_LINES + 1):
            window = tuple(shape for _, shape in lines[start : start + PASSAGE_LINES])
            if len(set(window)) > PASSAGE_LINES // 2 and sum(map(len, map(str.split, window))) >= PASSAGE_TOKENS:
                at[window].append((number, start))
    pairs: Counter[tuple[int, int, int]] = Counter()
    seen = {}
    for places in at.values():
        for (a, i), (b, j) in pairwise(places):
            pairs[(a, b, i - j)] += 1
            seen.setdefault((a, b, i - j), (i, j))
    named = []
    for a, b, shift in pairs:
        i, j = seen[(a, b, shift)]
        named.append((f"{modules[a].path}:{shapes[a][i][0]}", f"{modules[b].path}:{shapes[b][j][0]}"))
    return named


def _shapes(module: Module) -> Iterator[tuple[int, str]]:
    """Yield line number and shape of each code line that is no import and no declaration."""
    kept = set(code_lines(module)) - _declarations(module)
    by_line: dict[int, list[str]] = defaultdict(list)
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            continue
        is_name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
        is_value = token.type in (tokenize.STRING, tokenize.NUMBER)
        by_line[token.start[0]].append("n" if is_name else "v" if is_value else token.string)
    for line in sorted(by_line):
        if line in kept and by_line[line][0] not in ("from", "import") and len(by_line[line]) > 1:
            yield line, " ".join(by_line[line])


def _declarations(module: Module) -> set[int]:
    """Return the lines of constants, fields, class heads and decorators: they look alike by nature."""
    found: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            found |= set(range(min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.body[0].lineno))
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign | ast.AnnAssign):
                    found |= set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return found


def main() -> None:
    """Print the figures of a checkout."""
    given = [word for word in sys.argv[1:] if word != "-v"]
    root = Path(given[0]) if given else Path(__file__).resolve().parent.parent
    modules = read_modules(root)
    code = {module.path: len(code_lines(module)) for module in modules}
    rooms: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for module in modules:
        rooms[module.room] += code[module.path]
        files[module.room] += 1
    lines = sum(module.text.count("\n") for module in modules)
    print(f"{len(modules)} files, {lines:,} lines, {sum(code.values()):,} code lines")
    print("code lines by room: " + ", ".join(f"{room} {rooms[room]:,} ({files[room]})" for room in sorted(rooms)))
    long = [f"{m.path} {m.text.count(chr(10))}" for m in modules if m.text.count("\n") > MAX_LINES]
    for what, found in (
        (f"files over {MAX_LINES} lines", long),
        ("import circles", [" ↔ ".join(circle) for circle in import_circles(modules)]),
        (f"functions with {MANY_PARAMETERS} or more parameters outside the public face", wide_functions(modules)),
        ("numeric constants without a reason", unexplained_constants(modules)),
        ("repeated passages", [" = ".join(pair) for pair in repeated_passages(modules)]),
    ):
        print(f"{what}: {len(found)}")
        if "-v" in sys.argv:
            print("".join(f"  {one}\n" for one in found), end="")


if __name__ == "__main__":
    main()
