"""How long ``datacheck lint`` takes for 1,000 files, beside parsing them alone.

Run by hand: ``python tests/benchmarks/bench_lint.py [--files 1000] [--lines 400]``. The files are those of the packages
that are installed here, of at most so many lines each, which are longer than most training code. Figures go to
``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import ast
import resource
import site
import tempfile
import time
import warnings
from pathlib import Path

from datacheck.auditing.lint import lint


def collected(n_files: int, n_lines: int) -> list[str]:
    """Return the text of Python files of installed packages."""
    found: list[str] = []
    for folder in site.getsitepackages():
        for path in sorted(Path(folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8", errors="ignore")
            if 20 <= text.count("\n") <= n_lines and "tests" not in path.parts:
                found.append(text)
            if len(found) == n_files:
                return found
    return found


def processor_seconds() -> float:
    """Return the seconds of processor time of this process and those it waited for."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=400)
    options = parser.parse_args()
    texts = collected(options.files, options.lines)
    warnings.simplefilter("ignore", SyntaxWarning)
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            Path(folder, f"part{number:04d}.py").write_text(text, encoding="utf-8")
        began = time.perf_counter()
        for path in Path(folder).iterdir():
            try:
                ast.parse(path.read_bytes())
            except SyntaxError:
                continue
        parsed = time.perf_counter() - began
        began, before = time.perf_counter(), processor_seconds()
        report = lint([folder])
        seconds, processor = time.perf_counter() - began, processor_seconds() - before
    n_lines = sum(text.count("\n") for text in texts)
    print(
        f"{len(texts):,} files, {n_lines:,} lines: {seconds:.1f} s ({processor:.1f} s of processor), "
        f"{len(report.findings)} findings, {len(report.unread)} not read; parsing alone {parsed:.1f} s"
    )


if __name__ == "__main__":
    main()
