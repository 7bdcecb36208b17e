"""Commands on a run folder that lies in an object store: on a working copy, written back when they succeed."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from datacheck.errors import ConfigError, DatacheckError

if TYPE_CHECKING:
    from datacheck.manifest.object_store import Address


def takes_stored_run(command: Callable[..., int]) -> Callable[..., int]:
    """Let the argument ``run`` of a command be an address; refuse addresses for its other folders and files."""

    @functools.wraps(command)
    def on_working_copy(*arguments: Any, **options: Any) -> int:
        address = _address(options.get("run"))
        for name, value in options.items():
            if name != "run" and _address(value) is not None:
                raise ConfigError(
                    f"--{name.replace('_', '-')}: expected a place on this machine, found {_address(value)}; only the "
                    "run folder of an audit can lie in an object store"
                )
        if address is None:
            return command(*arguments, **options)
        from datacheck.scanning.working_copy import working_copy

        with working_copy(address, needed=True) as run, _named(run.folder, str(address)):
            return command(*arguments, **{**options, "run": run.folder})

    return on_working_copy


def refuses_stored_run(command: Callable[..., int]) -> Callable[..., int]:
    """Refuse an address as ``run``: what the command saves from moment to moment would be lost with its process."""

    @functools.wraps(command)
    def on_a_disk(*arguments: Any, **options: Any) -> int:
        address = _address(options.get("run"))
        if address is not None:
            raise ConfigError(
                f"expected a run folder on this machine, found {address}: answers are saved one by one, which a store "
                "cannot do safely. Send the samples out with datacheck queue export, and read the answers back with "
                "datacheck queue import; both take this address"
            )
        return command(*arguments, **options)

    return on_a_disk


def report_page(folder: Path) -> Path | str:
    """Return where the HTML report of a run folder is."""
    address = _address(folder)
    return folder / "report.html" if address is None else f"{address}/report.html"


def stored_run_folder(place: str) -> Path | None:
    """Return a copy of a run folder that lies in an object store; None for another place, such as a dataset there."""
    from datacheck.manifest.object_store import Address
    from datacheck.scanning.working_copy import holds_run, local_copy

    address = Address.of(place)
    return local_copy(place) if address is not None and holds_run(address) else None


def _address(value: object) -> Address | None:
    if not isinstance(value, Path) or ":" not in str(value):
        return None
    from datacheck.manifest.object_store import Address

    return Address.of(value)


@contextmanager
def _named(folder: Path, address: str) -> Iterator[None]:
    """Have what the block prints and raises name the address, not the working copy."""
    out = cast("TextIO", _Renaming(sys.stdout, str(folder), address))
    with redirect_stdout(out):
        try:
            yield
        except DatacheckError as error:
            error.args = tuple(one.replace(str(folder), address) if isinstance(one, str) else one for one in error.args)
            raise


class _Renaming:
    """A text stream that writes one text in place of another."""

    def __init__(self, stream: TextIO, old: str, new: str) -> None:
        self._stream, self._old, self._new = stream, old, new

    def write(self, text: str) -> int:
        return self._stream.write(text.replace(self._old, self._new))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
