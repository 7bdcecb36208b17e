"""Leaving everything as it was: the random states, wherever the datasets and samplers keep theirs, and the model."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch


@contextmanager
def unchanged(loaders: list[Any]) -> Iterator[None]:
    """Restore the random states that drawing from loaders changes, also after an error.

    Those of ``random``, numpy and torch (processor and graphics cards), and of every generator that the loaders, their
    samplers, datasets and transforms hold.
    """
    python, numpy_state, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    cards = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    generators = [(each, _state(each)) for each in _generators(loaders)]
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_rng_state(cpu)
        if cards:
            torch.cuda.set_rng_state_all(cards)
        for generator, state in generators:
            _set_state(generator, state)


@contextmanager
def to_try(model: torch.nn.Module, loss: Any) -> Iterator[tuple[torch.nn.Module, Any, str]]:
    """Give a copy of a model and its loss, so that nothing of theirs changes, and an empty text.

    Where they cannot be copied, gives them as they are with the reason; their weights, buffers, gradients, modes and
    attributes are put back afterwards.
    """
    try:
        copied, reason = copy.deepcopy((model, loss)), ""
    except Exception as error:  # what a module holds may refuse to be copied with any error
        copied, reason = (model, loss), f"the model cannot be copied ({type(error).__name__})"
    kept = _keep(model) if reason else None
    try:
        yield (*copied, reason)
    finally:
        if kept is not None:
            _restore(model, kept)


Generator = torch.Generator | np.random.Generator | np.random.RandomState | random.Random
"""Everything that gives random numbers and keeps a state of its own."""

_DEEP = 12
"""How many objects deep generators are looked for: datasets and transforms are wrapped in one another."""

_WIDE = 64
"""Longest list or mapping whose elements are looked at: transforms and parts of a dataset, not its samples."""


def _state(generator: Generator) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.getstate() if isinstance(generator, random.Random) else generator.get_state()


def _set_state(generator: Generator, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.set_state(state)


def _generators(loaders: list[Any]) -> list[Generator]:
    """Return the generators that loaders hold, also within their samplers, datasets and transforms."""
    found: list[Generator] = []
    seen: set[int] = set()
    level: list[Any] = list(loaders)
    for _ in range(_DEEP):
        following: list[Any] = []
        for each in level:
            if id(each) in seen:
                continue
            seen.add(id(each))
            if isinstance(each, Generator):
                found.append(each)
            else:
                following += _held(each)
        level = following
    return found


def _held(value: Any) -> list[Any]:
    """Return what an object holds, where that may be or hold a generator."""
    if isinstance(value, str | bytes | np.ndarray | torch.Tensor | type | ModuleType):
        return []
    if isinstance(value, Mapping):
        return list(value.values()) if len(value) <= _WIDE else []
    if isinstance(value, list | tuple | set | frozenset):
        return list(value) if len(value) <= _WIDE else []
    if isinstance(value, FunctionType):
        return [cell.cell_contents for cell in value.__closure__ or () if not _is_empty(cell)]
    if isinstance(value, MethodType):
        return [value.__self__]
    return list(vars(value).values()) if hasattr(value, "__dict__") else []


def _is_empty(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - a cell that is not filled yet raises
    except ValueError:
        return True
    return False


def _keep(model: torch.nn.Module) -> tuple[Any, ...]:
    tensors = [(each, each.detach().clone()) for each in (*model.parameters(), *model.buffers())]
    gradients = [(each, None if each.grad is None else each.grad.detach().clone()) for each in model.parameters()]
    attributes = [(module, dict(vars(module)), dict(module._buffers)) for module in model.modules()]
    return tensors, gradients, attributes


def _restore(model: torch.nn.Module, kept: tuple[Any, ...]) -> None:
    tensors, gradients, attributes = kept
    for module, values, buffers in attributes:
        vars(module).clear()
        vars(module).update(values)
        module._buffers.clear()
        module._buffers.update(buffers)
    with torch.no_grad():
        for tensor, value in tensors:
            tensor.copy_(value)
    for parameter, gradient in gradients:
        parameter.grad = gradient
