"""The command line. ``main`` is the only door: no error passes it as a traceback, no failure as exit code 0."""

from __future__ import annotations

import os
import sys
import traceback

from datacheck.errors import DatacheckError

EXIT_CLEAN, EXIT_FINDINGS, EXIT_COULD_NOT, EXIT_INTERRUPTED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 clean, 1 findings, 2 could not do what was asked, 130 interrupted."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    from typer.main import get_command

    from datacheck.cli.app import app

    try:
        result = get_command(app).main(args=arguments, prog_name="datacheck", standalone_mode=False)
    except DatacheckError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_COULD_NOT
    except Exception as error:
        return _other(error)
    if result == EXIT_INTERRUPTED:
        return _interrupted()
    return result if isinstance(result, int) else EXIT_CLEAN


def _interrupted() -> int:
    print("\ninterrupted; finished work is kept in the run folder: run it again to go on", file=sys.stderr)
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
    return _complain(f"internal error: {name}: {error}\nset DATACHECK_DEBUG=1 for the traceback, and please report it")


def _complain(message: str) -> int:
    print(f"datacheck: {message}", file=sys.stderr)
    return EXIT_COULD_NOT
