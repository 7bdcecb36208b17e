"""Leaving everything as it was: random states, the model's weights, buffers, gradients and modes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def unchanged(model: torch.nn.Module | None, loaders: list[Any]) -> Iterator[None]:
    """Restore what a look at loaders and a model changes, also after an error.

    The states of ``random``, numpy and torch (processor and graphics cards), of the generators of the loaders and
    their samplers; the weights, buffers, gradients and modes of the model.
    """
    python, numpy_state, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    cards = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    generators = [(each, each.get_state()) for each in _generators(loaders)]
    kept = None if model is None else _keep(model)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_rng_state(cpu)
        if cards:
            torch.cuda.set_rng_state_all(cards)
        for generator, state in generators:
            generator.set_state(state)
        if model is not None and kept is not None:
            _restore(model, kept)


def _generators(loaders: list[Any]) -> list[torch.Generator]:
    found: dict[int, torch.Generator] = {}
    for loader in loaders:
        for holder in (loader, getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)):
            generator = getattr(holder, "generator", None)
            if isinstance(generator, torch.Generator):
                found[id(generator)] = generator
    return list(found.values())


def _keep(model: torch.nn.Module) -> tuple[Any, ...]:
    tensors = [(each, each.detach().clone()) for each in (*model.parameters(), *model.buffers())]
    gradients = [(each, None if each.grad is None else each.grad.detach().clone()) for each in model.parameters()]
    return tensors, gradients, [(module, module.training) for module in model.modules()]


def _restore(model: torch.nn.Module, kept: tuple[Any, ...]) -> None:
    tensors, gradients, modes = kept
    with torch.no_grad():
        for tensor, value in tensors:
            tensor.copy_(value)
    for parameter, gradient in gradients:
        parameter.grad = gradient
    for module, training in modes:
        module.training = training
