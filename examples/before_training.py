"""The check at the start of a training script: stop before the expensive part when the dataset is wrong.

Run it with a folder of images, or without one to try it on a small dataset with known defects.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import datacheck
from datacheck.demo import write_demo


def train(folder: Path) -> None:
    print(f"training on {folder} would start here")


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else write_demo(Path(tempfile.mkdtemp()) / "data").folder
    run = folder.parent / "datacheck"
    report = datacheck.audit(folder, out=run)
    for finding in report.findings[:5]:
        print(f"{finding.severity.label:<8} {finding.code} {finding.message}\n         fix: {finding.remedy}")
    if report.exit_code(datacheck.Severity.ERROR):
        print(f"not training: {len(report.findings)} findings, see {run / 'report.html'}")
        return 1
    train(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
