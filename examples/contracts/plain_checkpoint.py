"""The expectations in a Great Expectations project of your own, without datacheck's command line.

    python examples/contracts/plain_checkpoint.py

Import `datacheck_expectations` before anything reads a suite: Great Expectations drops expectations that it does not
know, with a log line, and passes.
"""

from __future__ import annotations

import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    import great_expectations.expectations as gxe

import datacheck_expectations as dx
from datacheck.manifest import Manifest


def main() -> int:
    manifest = Manifest.from_columns(
        {
            "label": ["cat", "dog"] * 60 + ["cow"],
            "split": ["train"] * 80 + ["test"] * 41,
            "group": [f"person {row // 4}" for row in range(121)],
        }
    )
    expectations = [
        dx.ExpectAllowedLabels(labels=["cat", "dog"]),
        dx.ExpectClassCoverage(classes_by_split={"train": ["cat", "dog"], "test": ["cat", "dog"]}, min_count=10),
        dx.ExpectNoLeakageAcrossSplits(column="group", max_share=0.0),
        gxe.ExpectColumnValuesToNotBeNull(column="label", severity="warning"),
    ]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas("data").add_dataframe_asset("samples")
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name="samples",
            data=batch.add_batch_definition_whole_dataframe("all"),
            suite=context.suites.add(gx.ExpectationSuite(name="samples", expectations=expectations)),
        )
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="samples", validation_definitions=[definition], result_format="SUMMARY")
    )
    run = checkpoint.run(batch_parameters={"dataframe": dx.contract_frame(manifest)})
    results = [result for one in run.run_results.values() for result in one.results]
    if len(results) != len(expectations):
        print(f"{len(results)} of {len(expectations)} expectations ran", file=sys.stderr)
        return 2
    for result in results:
        found = result.result.get("details", {}).get("sentence", "")
        print("kept  " if result.success else "BROKEN", result.expectation_config.type, found)
    return 0 if run.success else 1


if __name__ == "__main__":
    raise SystemExit(main())
