"""Pictures that are laid over one another on the workers of a Ray cluster: the same pairs, also after a lost node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from datacheck.duplicates import DuplicateSearch
from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.search import search_duplicates
from datacheck.rules import RuleContext
from tests.duplicates import test_registration, test_tiny

ray = pytest.importorskip("ray")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def found(context: RuleContext, engine: str, progress: Callable[[int, int], None] | None = None) -> DuplicateClusters:
    assert context.measurements is not None
    return search_duplicates(
        context.manifest,
        context.measurements,
        search=DuplicateSearch.FEATURES,
        max_distance=6,
        engine=engine,
        progress=progress,
    )


def assert_equal(one: object, other: object) -> None:
    assert type(one) is type(other)
    for field in fields(one):  # type: ignore[arg-type]
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name == "registered" and left is not None:
            assert_equal(left, right)
        else:
            np.testing.assert_array_equal(left, right)


def test_two_nodes_one_of_which_is_lost_find_what_one_machine_finds(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    large = test_registration.planted(tmp_path / "large", test_registration.CHANGES["crop"][0])
    tiny = test_tiny.planted(tmp_path / "tiny", test_tiny.CHANGES["shifted"])
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1)]
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")

    def lose_one(done: int, total: int) -> None:
        if nodes:
            cluster.remove_node(nodes.pop(), allow_graceful=False)

    try:
        assert_equal(found(tiny, "ray"), found(tiny, "local"))
        on_cluster = found(large, "ray", lose_one)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert not nodes
    assert on_cluster.registered is not None
    assert on_cluster.registered.copies.sum() == 2
    assert_equal(on_cluster, found(large, "local"))
