"""A contract in Python, for any orchestrator: accept a dataset, hold the next one to it, take shards as they come.

python examples/contracts/python_api.py [folder]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import datacheck
from datacheck.testing import darken, drop_class_from_split, toy_images


def main(folder: Path) -> int:
    from datacheck_expectations import Contract, CopySearch, check, check_shard, propose_expectations, write_contract

    accepted = toy_images(folder / "march", n_per_class=80)
    report = datacheck.audit(accepted)
    expectations = propose_expectations(report)
    copies = CopySearch.of_report(report)
    write_contract(folder / "contract", expectations, reference=report.fingerprint, copies=copies, source="March")

    same_kind = toy_images(folder / "april", n_per_class=80, seed=1)
    result = check(same_kind, folder / "contract", run_dir=folder / "run")
    print(result.render())

    later = toy_images(folder / "may", n_per_class=80, seed=2)
    later, _ = drop_class_from_split(later, "star", "val")
    later, _ = darken(later, 150, factor=0.5)
    broken = check(later, folder / "contract", docs=folder / "docs")
    print(broken.render())

    shard = toy_images(folder / "shard", n_per_class=20, seed=3, splits=["train"])
    arrived = check_shard(shard, Contract.load(folder / "contract"))
    print(arrived.result.render())
    return 0 if result.exit_code() == 0 and broken.exit_code() == 1 and arrived.result.exit_code() == 0 else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as temporary:
        raise SystemExit(main(Path(temporary)))
