"""Brushes of regions on a real Label Studio server, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck.cli import run as datacheck_command
from tests.relabel.label_studio import TOKEN, LabelStudioServer
from tests.relabel.masks.test_chain_of_masks import check_corrected, probed_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def test_a_region_gets_another_class_on_the_server(live: LabelStudioServer) -> None:
    root = Path(live.environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]) / "masks"
    root.mkdir()
    run = probed_run(root)
    where = ["--url", live.url, "--token", TOKEN]
    served = ["--document-root", live.environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]]
    for _ in range(2):
        assert datacheck_command(["queue", "push", str(run), *where, *served, "--quiet"]) == 0
    (project,) = (each["id"] for each in live.ask(TOKEN, "GET", "/api/projects/")["results"])
    (task,) = live.ask(TOKEN, "GET", f"/api/tasks/?project={project}&page_size=10&fields=all")["tasks"]
    result = task["predictions"][0]["result"]
    result[0]["value"]["brushlabels"] = ["box"]
    person = live.sign_up("ann@example.org")
    live.ask(person, "POST", f"/api/tasks/{task['id']}/annotations/", {"result": result, "lead_time": 2.5})
    assert datacheck_command(["queue", "pull", str(run), *where]) == 0
    check_corrected(run)
    before = np.array(Image.open(root / "set/masks/04.png"))
    assert np.array_equal(before, np.array(Image.open(root / "new/masks/04.png")))
