"""Was the plan made for this dataset?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import PlanError
from datacheck.plan.record import PlanRecord

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint
    from datacheck.manifest import Manifest


def check_dataset(plan: PlanRecord, dataset: Manifest | Fingerprint) -> None:
    """Raise a `PlanError` unless the plan was made for a dataset; see `TrainingPlan.check`."""
    from datacheck.fingerprints import Fingerprint

    if isinstance(dataset, Fingerprint):
        found = f"{dataset.identity:032x}"
        if found != plan.identity:
            raise PlanError(
                f"the plan was made for the dataset {plan.identity} ({len(plan):,} samples), this one is {found} "
                f"({dataset.n_samples:,} samples): make the plan again for it"
            )
        return
    if tuple(dataset.classes) != plan.classes:
        raise PlanError(_class_difference(plan.classes, dataset.classes))
    ids = plan.samples["sample_id"]
    if not ids.equals(dataset.sample_ids):
        raise PlanError(_id_difference(ids, dataset.sample_ids))
    if "label" in dataset and not plan.samples["label"].equals(dataset.table["label"].cast(pa.string())):
        changed = pc.sum(pc.not_equal(plan.samples["label"], dataset.table["label"].cast(pa.string()))).as_py()
        raise PlanError(f"the plan was made for other labels: {changed or 'some'} differ; make the plan again")


def _class_difference(planned: Sequence[str], found: Sequence[str]) -> str:
    missing = [name for name in planned if name not in found]
    extra = [name for name in found if name not in planned]
    if missing or extra:
        what = f"it knows no {extra[:5]}, and misses {missing[:5]}" if extra else f"the dataset has no {missing[:5]}"
        return f"the plan was made for {len(planned)} classes, the dataset has {len(found)}: {what}"
    return f"the plan was made for the classes in the order {list(planned[:10])}, found {list(found[:10])}"


def _id_difference(planned: pa.ChunkedArray, found: pa.ChunkedArray) -> str:
    missing = planned.filter(pc.invert(pc.is_in(planned, found)))
    unknown = found.filter(pc.invert(pc.is_in(found, planned)))
    if not len(missing) and not len(unknown):
        return "the dataset has the plan's samples in another order: bring it into the order of the plan's sample_id"
    parts = []
    if len(missing):
        parts.append(f"{len(missing):,} samples of the plan are missing, such as {missing[0].as_py()!r}")
    if len(unknown):
        parts.append(f"{len(unknown):,} samples are unknown to the plan, such as {unknown[0].as_py()!r}")
    return f"the plan was made for another dataset: {'; '.join(parts)}; make the plan again"
