"""Workers for what is done with pictures after the scan: threads of this process, or those of a Ray cluster."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from datacheck.cpus import available_cpus
from datacheck.errors import DatacheckError, ScanError
from datacheck.manifest.readers import SampleReader


class Pool(Protocol):
    """Applies a function to items at the same time."""

    def map(self, fn: Callable[..., Any], /, *iterables: Iterable[Any], chunksize: int = 1) -> Iterator[Any]:
        """Yield the results in the order of the items, of which ``chunksize`` go to a process at once."""
        ...


@contextmanager
def pool_of(engine: str, reader: SampleReader) -> Iterator[Pool]:
    """Yield the workers of an engine; threads where a reader cannot be sent to other processes.

    Raises
    ------
    MissingExtraError
        When Ray is not installed.
    ScanError
        When the cluster is not there.
    """
    if engine == "ray" and can_travel(reader):
        from datacheck.scanning.ray_engine import connected

        with connected(available_cpus(), purpose='the search for duplicates with engine="ray"') as ray:
            yield RayPool(ray)
    else:
        with ThreadPoolExecutor(available_cpus()) as pool:
            yield pool


def can_travel(reader: SampleReader) -> bool:
    """Whether a worker can be sent the reader; a class of the user's main module exists in this process only."""
    if reader.workers != "process" or type(reader).__module__ == "__main__":
        return False
    try:
        pickle.dumps(reader)
    except Exception:
        return False
    return True


@dataclass(frozen=True)
class RayPool:
    """The workers of the Ray cluster that is connected."""

    ray: Any

    def map(self, fn: Callable[..., Any], /, *iterables: Iterable[Any], chunksize: int = 1) -> Iterator[Any]:
        """Yield the results in the order of the items; what a lost worker or node had is done again."""
        from datacheck.scanning.ray_engine import RETRIES

        remote = self.ray.remote(num_cpus=1, max_retries=RETRIES)(_applied)
        shared = self.ray.put(fn)
        items = zip(*iterables, strict=True)
        slots = 2 * max(1, int(self.ray.cluster_resources().get("CPU", 1)))
        running: deque[Any] = deque()
        while True:
            while len(running) < slots and (part := list(islice(items, chunksize))):
                running.append(remote.remote(shared, part))
            if not running:
                return
            yield from self._result(running.popleft())

    def _result(self, reference: Any) -> list[Any]:
        errors = self.ray.exceptions
        try:
            found: list[Any] = self.ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, DatacheckError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            raise ScanError(
                f"expected a Ray cluster that keeps its nodes, found a task lost several times "
                f"({type(error).__name__}); what was measured is kept: mend the cluster and run it again"
            ) from None
        return found


def _applied(fn: Callable[..., Any], part: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [fn(*one) for one in part]
