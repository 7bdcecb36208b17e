"""A GPU that is only pretended: torch's fake tensors carry the device, its rules are kept, nothing is computed.

What a real GPU refuses is refused (tensors of two devices in one operation, an index from elsewhere, unlike dtypes in
an ``index_put``, ``numpy()`` of what lies on the device, a generator of another device), and what makes a program wait
for it is counted or, where the answer would decide how it goes on, refused as well. Going backwards is left out:
autograd asks the driver for a stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten

INDEXED = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._unsafe_index.Tensor}
PUT = {aten.index_put.default, aten.index_put_.default}
SAME_DTYPES = {aten.convolution.default, aten.mm.default, aten.bmm.default, aten.addmm.default}


class PretendedGpu(TorchDispatchMode):
    """Refuses what CUDA refuses, and remembers what makes a program wait."""

    def __init__(self, free: int) -> None:
        super().__init__()
        self.free = free
        self.downloads = 0
        self.waiting_uploads = 0
        self.reached: set[str] = set()
        self.seeded_everywhere = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in INDEXED:
            _check_index(func, args)
        if func in SAME_DTYPES:
            dtypes = {one.dtype for one in args[:3] if isinstance(one, Tensor)}
            if len(dtypes) > 1:
                raise RuntimeError(f"{func}: expected one dtype, found {dtypes}")
        found = func(*args, **kwargs)
        if any(isinstance(one, Tensor) and one.device.type == "cuda" for one in tree_leaves(args)):
            self.reached.add(func.overloadpacket.__name__)
        source = args[1 if func is aten.copy_.default else 0] if args else None
        if isinstance(found, Tensor) and isinstance(source, Tensor) and found.device.type != source.device.type:
            named = dict(zip((one.name for one in func._schema.arguments), args, strict=False)) | kwargs
            self.downloads += found.device.type == "cpu"
            self.waiting_uploads += found.device.type == "cuda" and not named.get("non_blocking")
        return found


class PretendedGenerator(Generator):
    """A generator that says on which device it would be."""

    def __new__(cls, device: Any = "cpu") -> PretendedGenerator:
        made = super().__new__(cls)
        made.pretended = torch.device(device).type
        return made


class GeneratorCheck(TorchFunctionMode):
    """Refuses a generator of another device."""

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        generator = kwargs.get("generator")
        if isinstance(generator, Generator):
            where = getattr(generator, "pretended", "cpu")
            found = kwargs.get("device") or (args[0].device if args and isinstance(args[0], Tensor) else "cpu")
            if torch.device(found).type != where:
                raise RuntimeError(f"{func.__name__}: a generator on {where} for a tensor on {found}")
        return func(*args, **kwargs)


def _check_index(func: Any, args: tuple[Any, ...]) -> None:
    own, indices = args[0], [one for one in args[1] if one is not None]
    if any(one.device != own.device for one in indices):
        raise RuntimeError(f"{func}: a tensor on {own.device} indexed from {[str(one.device) for one in indices]}")
    if func in PUT and args[2].dtype != own.dtype:
        raise RuntimeError(f"{func}: {args[2].dtype} put into {own.dtype}")


@contextmanager
def pretended_gpu(monkeypatch: pytest.MonkeyPatch, *, free: int = 8 << 30) -> Iterator[PretendedGpu]:
    """Pretend a GPU with so many bytes free, at ``cuda:0``."""
    gpu = PretendedGpu(free)

    def count_seeding(seed: int) -> None:
        gpu.seeded_everywhere += 1

    def with_index(device: torch.device | int | None = None) -> tuple[int, int]:
        if isinstance(device, torch.device) and device.index is None:  # as older torch has it
            raise ValueError(f"expected a torch.device with a specified index, but got: {device}")
        return gpu.free, gpu.free

    monkeypatch.setattr(torch.cuda, "mem_get_info", with_index)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device=None: None)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: (8, 0))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", count_seeding)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch, "Generator", PretendedGenerator)
    monkeypatch.setattr(nn.Module, "_apply", _apply)
    monkeypatch.setattr(FakeTensor, "numpy", _numpy, raising=False)
    monkeypatch.setattr(FakeTensor, "__deepcopy__", _deepcopy, raising=False)
    monkeypatch.setattr(Tensor, "backward", _backward)
    with FakeTensorMode(), gpu, GeneratorCheck():
        yield gpu


def _numpy(self: Tensor, *, force: bool = False) -> NDArray[Any]:
    """Refuse what `Tensor.numpy` refuses, and answer numbers between 0 and 1."""
    if self.device.type != "cpu" or self.requires_grad or self.dtype is torch.bfloat16:
        raise TypeError(f"can't convert a {self.dtype} tensor on {self.device} to numpy: {self.requires_grad=}")
    values = np.random.default_rng(self.ndim).random(tuple(self.shape))
    return values.astype(str(self.dtype).removeprefix("torch."))


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """Copy the tensor alone: copying what it carries would copy the mode."""
    if id(self) not in memo:
        copy = self.detach().clone()
        memo[id(self)] = nn.Parameter(copy, self.requires_grad) if isinstance(self, nn.Parameter) else copy
    found: Tensor = memo[id(self)]
    return found


def _apply(self: nn.Module, fn: Any, recurse: bool = True) -> nn.Module:
    """`nn.Module._apply`, which swaps tensors in place, as fake ones cannot be."""
    for child in self.children():
        child._apply(fn)
    for name, parameter in self._parameters.items():
        if parameter is not None:
            self._parameters[name] = nn.Parameter(fn(parameter.detach()), parameter.requires_grad)
    for name, buffer in self._buffers.items():
        if buffer is not None:
            self._buffers[name] = fn(buffer)
    return self


def _backward(self: Tensor) -> None:
    """Give a gradient to every parameter that the loss depends on."""
    pending, seen = [self.grad_fn], set()
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            node.variable.grad = torch.zeros_like(node.variable)
        pending += [before for before, _ in node.next_functions]
