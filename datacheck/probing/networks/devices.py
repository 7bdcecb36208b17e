"""Devices, number formats and random states of torch. Needs torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from datacheck.errors import ConfigError

AMPERE = (8, 0)
"""Compute capability of the first CUDA devices that multiply bfloat16."""


def resolve_device(device: str) -> torch.device:
    """Return the device that ``auto`` stands for, or the one that is named.

    Raises
    ------
    ConfigError
        When torch does not know the name, or finds no such device here.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        # A tensor gives the full name of its device, "cuda:0" for "cuda"; some calls of torch need it.
        found = torch.empty(0, device=torch.device(device)).device
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device: expected 'auto', 'cpu' or a device that torch finds here such as 'cuda', found {device!r}: "
            f"{str(error).splitlines()[0]}"
        ) from None
    return found


def autocast(device: torch.device, *, half: bool = False) -> AbstractContextManager[Any]:
    """bfloat16 on CUDA devices that have it in hardware, elsewhere where ``half`` asks for it; else float32."""
    wanted = half or (device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE)
    return torch.autocast(device.type, dtype=torch.bfloat16) if wanted else nullcontext()


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a CPU multiplies bfloat16 in hardware: wide convolutions are then 1.6 times as fast."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and known is not None and bool(known())


def finish_work(device: torch.device) -> None:
    """Wait until the device has done its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def repeatable(device: torch.device) -> AbstractContextManager[Any]:
    """Make cuDNN use the same algorithms in every run, which costs some speed; nothing to do elsewhere."""
    if device.type != "cuda":
        return nullcontext()
    flags: AbstractContextManager[Any] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=True
    )
    return flags


@contextmanager
def seeded_cpu(seed: int) -> Iterator[None]:
    """Seed torch's CPU inside the block, and leave its random state outside as it was.

    The random state of a GPU and a default device that the user set stay as they are.
    """
    # A device context makes every call slower, so it is entered only where it is needed.
    on_cpu = nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")
    with torch.random.fork_rng(devices=[]), on_cpu:
        torch.default_generator.manual_seed(seed)
        yield


def generator_on(device: torch.device, seed: int) -> torch.Generator:
    """Return a seeded generator of random numbers on a device."""
    return torch.Generator(device).manual_seed(seed)
