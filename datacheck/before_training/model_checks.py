"""What a model and a loss give for the first batch; the model is left as it was."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import nn

from datacheck.before_training.drawing import inputs_of, labels_of
from datacheck.before_training.evidence import Layer, Mode, ModelEvidence
from datacheck.before_training.state import to_try

STEPS = 4
"""Steps after which a parameter without any gradient counts: zero-initialised layers have none at the first."""

RATE = 1e-3
"""Learning rate of those steps."""

OVERFIT_RATE = 3e-4
"""Learning rate of the one-batch training."""

ALONE = 4
"""Images that are sent alone to compare with the batch."""

_SUM_TOLERANCE = 1e-3
"""By how much the sum of a row of probabilities may differ from 1."""


def look_at_model(model: nn.Module, loss: Any, batch: Any, deadline: float, *, overfit: bool = False) -> ModelEvidence:
    """Return what a model gives for a batch.

    Parameters
    ----------
    model
        Any module that takes the images.
    loss
        Called with output and labels; cross-entropy where it is None.
    batch
        A batch as the loader gives it.
    deadline
        When to stop, by `time.perf_counter`.
    overfit
        Whether to train a copy on the batch until it is learned by heart.
    """
    with to_try(model, nn.CrossEntropyLoss() if loss is None else loss) as (copied, criterion, not_copied):
        return _look(copied, criterion, batch, deadline if overfit and not not_copied else None, not_copied)


def _look(
    model: nn.Module, criterion: Callable[..., Any], batch: Any, overfit_until: float | None, not_copied: str
) -> ModelEvidence:
    """Return what a model gives that may be changed by it."""
    device = next((each.device for each in model.parameters()), torch.device("cpu"))
    images, labels = _moved(inputs_of(batch), device), _moved(labels_of(batch), device)
    name = type(criterion).__name__ if isinstance(criterion, nn.Module) else getattr(criterion, "__name__", "the loss")
    layers: list[Layer] = []
    training, output = _mode(model.train(), criterion, images, labels)
    evaluation, calm = _mode(model.eval(), criterion, images, labels, layers)
    output = calm if output is None else output
    if output is None:
        return ModelEvidence((), name, training, evaluation, device=str(device))
    dependence = _batch_dependence(model, images)
    overfit = None if overfit_until is None else _overfit(model, criterion, (images, labels), overfit_until)
    trained = [(name, each) for name, each in model.named_parameters() if each.requires_grad]
    frozen = sum(not each.requires_grad for each in model.parameters())
    no_step = not_copied or ("" if trained else f"all {frozen:,} parameters are frozen" if frozen else "no parameters")
    without, seconds = ([], float("nan")) if no_step else _gradients(model, trained, criterion, images, labels)
    return ModelEvidence(
        output_shape=tuple(output.shape),
        loss_name=name,
        train=training,
        evaluation=evaluation,
        sums_to_one=_sums_to_one(output),
        without_gradient=tuple(without),
        no_step=no_step,
        n_parameters=len(trained),
        n_frozen=frozen,
        batch_dependence=dependence,
        layers=tuple(layers),
        overfit=overfit,
        step_seconds=seconds,
        device=str(device),
    )


def _moved(value: Any, device: torch.device) -> Any:
    """Return an array or tensor on a device; anything else, such as a list of texts, as it is."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    array = np.asarray(value)
    return torch.as_tensor(array).to(device) if array.dtype.kind in "biuf" else value


def _mode(
    model: nn.Module, criterion: Callable[..., Any], images: Any, labels: Any, layers: list[Layer] | None = None
) -> tuple[Mode, torch.Tensor | None]:
    with torch.no_grad(), ExitStack() as stack:
        if layers is not None:
            for name, module in model.named_modules():
                if not list(module.children()):
                    handle = module.register_forward_hook(_recorder(name, layers))
                    stack.callback(handle.remove)
        try:
            output = _tensor(model(images))
        except Exception as error:  # the user's code may raise anything: it is the finding
            return Mode(float("nan"), f"the model raised {type(error).__name__}: {_line(error)}"), None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Using a target size")  # it compares each output with each label
            value = float(criterion(output, labels))
    except Exception as error:
        return Mode(float("nan"), f"the loss raised {type(error).__name__}: {_line(error)}"), output
    return Mode(value), output


def _tensor(output: Any) -> torch.Tensor:
    """Return the output of a model: a tensor, the ``logits`` of Hugging Face, or the first of several."""
    if isinstance(output, torch.Tensor):
        return output
    logits = getattr(output, "logits", None)
    if isinstance(logits, torch.Tensor):
        return logits
    if isinstance(output, dict):
        output = tuple(output.values())
    if isinstance(output, list | tuple) and output and isinstance(output[0], torch.Tensor):
        return output[0]
    raise TypeError(f"expected a tensor as output, found {type(output).__name__}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _recorder(name: str, layers: list[Layer]) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.is_floating_point() and output.numel():
            values = output.detach().float()
            zeros = float((values == 0).float().mean())
            layers.append(Layer(name, float(values.abs().max()), float(values.std()), zeros, _at_zero(module, inputs)))

    return hook


def _at_zero(module: nn.Module, inputs: Any) -> bool:
    """Return whether a layer gives zeros by its start, as the last layer of a residual branch, or by what comes in."""
    first = inputs[0] if isinstance(inputs, tuple) and inputs and isinstance(inputs[0], torch.Tensor) else None
    weights = list(module.parameters(recurse=False))
    given = first is not None and not bool((first != 0).any())
    return given or (bool(weights) and not any(bool((each != 0).any()) for each in weights))


def _sums_to_one(output: torch.Tensor) -> bool:
    if output.ndim < 2 or output.shape[1] < 2:
        return False
    values = output.detach().float()
    return bool((values >= 0).all() and ((values.sum(dim=1) - 1).abs() <= _SUM_TOLERANCE).all())


def _gradients(
    model: nn.Module, trained: list[tuple[str, nn.Parameter]], criterion: Callable[..., Any], images: Any, labels: Any
) -> tuple[list[str], float]:
    """Train a model for a few steps; return the parameters without a gradient, and the seconds of the fastest step."""
    model.train()
    seen: set[str] = set()
    seconds = []
    optimiser = torch.optim.SGD([each for _, each in trained], lr=RATE)
    try:
        for _ in range(STEPS):
            started = time.perf_counter()
            optimiser.zero_grad(set_to_none=True)
            criterion(_tensor(model(images)), labels).backward()
            optimiser.step()
            if images.is_cuda:
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - started)
            seen |= {name for name, each in trained if each.grad is not None and bool((each.grad != 0).any())}
    except Exception:  # the finding about the model or the loss says why
        return [], float("nan")
    return [name for name, _ in trained if name not in seen], min(seconds)


def _batch_dependence(model: nn.Module, images: Any) -> float:
    """Return the largest relative difference of the output of an image alone and in its batch, in evaluation mode."""
    model.eval()
    if len(images) < 2:
        return float("nan")
    with torch.no_grad():
        try:
            together = _tensor(model(images)).float()
            alone = torch.cat([_tensor(model(images[k : k + 1])).float() for k in range(min(ALONE, len(images)))])
        except Exception:
            return float("nan")
    scale = together.abs().mean().clamp_min(torch.finfo(torch.float32).tiny)
    return float((alone - together[: len(alone)]).abs().max() / scale)


def _overfit(
    model: nn.Module, criterion: Callable[..., Any], batch: tuple[Any, Any], deadline: float
) -> tuple[float, float, float] | None:
    """Return the loss of a copy before and after training on one batch, and its accuracy there."""
    images, labels = batch
    copied = copy.deepcopy(model).train()
    optimiser = torch.optim.Adam([each for each in copied.parameters() if each.requires_grad], lr=OVERFIT_RATE)
    first = last = accuracy = float("nan")
    try:
        while time.perf_counter() < deadline:
            optimiser.zero_grad(set_to_none=True)
            output = _tensor(copied(images))
            value = criterion(output, labels)
            value.backward()
            optimiser.step()
            last = float(value.detach())
            first = last if np.isnan(first) else first
            if output.ndim == 2 and labels.ndim == 1:
                accuracy = float((output.argmax(dim=1) == labels).float().mean())
                if accuracy == 1 and last < first / 10:
                    break
    except Exception:
        return None
    return first, last, accuracy
