"""Devices, number formats and random states of torch. Needs torch."""

from __future__ import annotations

import time
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


TRIED_SHAPE = (8, 32, 32, 32)
"""Images, channels and pixels of the convolution by which numbers of threads are compared: some milliseconds."""

TRIES = 8
"""Convolutions that are timed: threads that wait for one another are slow in nearly each of them."""


def choose_threads(most: int, device: torch.device) -> None:
    """Let torch use one thread where that is faster than ``most``; nothing to do on a GPU.

    Where the machine has other work, threads wait for one that is not running: with six busy processes on two cores,
    two threads take 7 to 13 times as long as one.
    """
    if device.type != "cpu" or most < 2:
        return
    images = torch.rand(TRIED_SHAPE, device="cpu")
    kernel = torch.rand(TRIED_SHAPE[1], TRIED_SHAPE[1], 3, 3, device="cpu")
    seconds = {}
    for n_threads in (1, most):
        torch.set_num_threads(n_threads)
        torch.nn.functional.conv2d(images, kernel)  # the first one starts the threads
        began = time.perf_counter()
        for _ in range(TRIES):
            torch.nn.functional.conv2d(images, kernel)
        seconds[n_threads] = time.perf_counter() - began
    torch.set_num_threads(min(seconds, key=lambda n_threads: seconds[n_threads]))


@contextmanager
def fastest_threads(device: torch.device) -> Iterator[int]:
    """Let torch use the number of threads that is faster now, and afterwards as many as before; gives that number."""
    before = torch.get_num_threads()
    try:
        choose_threads(before, device)
        yield before
    finally:
        torch.set_num_threads(before)


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
