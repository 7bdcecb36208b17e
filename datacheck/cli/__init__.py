"""The command line. Everything goes through `main`: no error shows a traceback, and no failure exits with 0."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from contextlib import suppress
from types import FrameType

from datacheck.errors import DatacheckError
from datacheck.text import clean

EXIT_CLEAN, EXIT_FINDINGS, EXIT_COULD_NOT, EXIT_INTERRUPTED = 0, 1, 2, 130
"""Exit codes; the last is what a shell reports of a program that Ctrl-C ended."""

EXIT_NO_READER = 141
"""What a shell reports of a program whose output was not read to the end; an audit keeps its own code."""

KEPT = "finished work is kept in the run folder; run it again to continue"
"""What an audit says that ends early."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_WRITING = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 clean, 1 findings, 2 could not do what was asked, 130 interrupted."""
    _unwind_on_signals()
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        from typer.main import get_command

        from datacheck.cli.app import app

        result = get_command(app).main(args=arguments, prog_name="datacheck", standalone_mode=False)
        sys.stdout.flush()
    except DatacheckError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NO_READER
    except Exception as error:
        return _other(error)
    if result == EXIT_INTERRUPTED:
        return _interrupted()
    return result if isinstance(result, int) else EXIT_CLEAN


def _unwind_on_signals() -> None:
    """Let a termination or a closed terminal unwind as Ctrl-C does: workers end, temporary folders are removed."""

    def end(number: int, frame: FrameType | None) -> None:
        # The unbuffered write is safe within a signal handler; print is not. A closed terminal takes no message.
        with suppress(OSError):
            os.write(2, f"\ndatacheck: {signal.Signals(number).name}: {KEPT}\n".encode())
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _interrupted() -> int:
    print(f"\ndatacheck: interrupted: {KEPT}", file=sys.stderr)
    return EXIT_INTERRUPTED


def _other(error: Exception) -> int:
    """Turn the command-line library's own errors, and anything unforeseen, into a message."""
    name = type(error).__name__
    code = int(getattr(error, "exit_code", EXIT_COULD_NOT))
    if name == "Abort" or (name == "Exit" and code == EXIT_INTERRUPTED):
        return _interrupted()
    if name == "Exit":
        return code
    if hasattr(error, "format_message") and hasattr(error, "show"):
        error.show()
        return EXIT_COULD_NOT
    if os.environ.get("DATACHECK_DEBUG"):
        traceback.print_exc()
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _complain(
            f"no room left on the disk{_place(error)}; finished work is kept: make room, or choose another run "
            "folder or temporary folder (TMPDIR), and run it again"
        )
    if isinstance(error, OSError) and error.errno in _NO_WRITING:
        return _complain(f"{error.strerror}{_place(error)}; give the permission, or choose another place")
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
        return _complain(
            "no folder for temporary files can be written to (it is full, or read-only): make room, or name another "
            "with the environment variable TMPDIR"
        )
    return _complain(f"internal error: {name}: {error}\nset DATACHECK_DEBUG=1 for the traceback, and please report it")


def _place(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _complain(message: str) -> int:
    """Print an error in the command line's words; a file name in it cannot control the terminal."""
    from datacheck.report.wording import for_caller

    lines = "\n".join(clean(line) for line in message.splitlines())
    told = f"datacheck: {for_caller(lines, 'shell')}"
    try:
        from datacheck.cli.output import say
    except ImportError:  # the command-line library itself is missing
        print(told, file=sys.stderr)
    else:
        say(told, err=True)
    return EXIT_COULD_NOT
