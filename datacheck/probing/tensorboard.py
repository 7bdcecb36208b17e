"""A probe's metrics, training dynamics and choices as a TensorBoard log."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datacheck.errors import require
from datacheck.probing.outputs import ProbeOutputs


def write_tensorboard(outputs: ProbeOutputs, folder: Path) -> None:
    """Write the log into a folder.

    Raises
    ------
    MissingExtraError
        When TensorBoard is not installed.
    """
    require("tensorboard", extra="tensorboard", purpose="the TensorBoard log")
    writer = require("torch.utils.tensorboard", extra="tensorboard", purpose="the TensorBoard log").SummaryWriter(
        str(folder)
    )
    for name, metric in outputs.metrics.items():
        writer.add_scalar(f"probe/{name}", metric.value)
    for name, values in outputs.dynamics.items():
        writer.add_histogram(f"probe/{name}", values[np.isfinite(values)])
    writer.add_text("probe/choices", "\n\n".join(outputs.choices))
    writer.close()
