"""Runs a command as a program: exit statuses, signals, and streams that are closed or cannot be written."""

from __future__ import annotations

import os
import sys

from . import DONE, NO_ANSWER, UsageError, arguments, complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import NoReturn

    from . import Command, Commands


class Terminated(BaseException):
    """Raised by the handler of a signal that asks the process to end, so that what is open gets closed."""

    def __init__(self, number: int) -> None:
        self.number = number


def main(commands: Commands, line: Sequence[str], missing: ImportError | None = None) -> int:
    """Run the command that the line names, and return the exit status. `missing`: why pychrony could not be loaded."""
    # What the locale cannot encode is escaped, so that no message fails on a single character.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        end_in_order()
        try:
            status = run(commands, line, missing)
        except SystemExit as end:  # argparse's, after it printed help
            status = end.code if isinstance(end.code, int) else 0
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        end_by("SIGINT")
    except BrokenPipeError:
        end_by("SIGPIPE")
    except Terminated as signal:
        end_by(signal.number)
    except OSError as error:
        complain(f"pychrony: the output could not be written: {error.strerror}")
        forget_output()
        return NO_ANSWER


def run(commands: Commands, line: Sequence[str], missing: ImportError | None) -> int:
    try:
        name, rest = arguments.split(commands, line)
    except UsageError as error:
        return commands[""]().usage_error(error)
    if not name and {"-h", "--help"} & set(rest):
        print(arguments.short_help(commands), end="")
        return DONE
    command = commands[name]()
    try:
        options = arguments.parse(command, name, rest)
        if missing is not None and command.needs_libchrony:
            return command.failed(missing)
        options.missing = missing
        return run_command(command, options)
    except UsageError as error:
        return command.usage_error(error)


def run_command(command: Command, options: Namespace) -> int:
    import pychrony

    try:
        return command.run(options)
    except getattr(pychrony, "ChronyError", ()) as error:
        return command.failed(error)


def end_in_order() -> None:
    """Let SIGTERM and SIGHUP unwind the stack first: a connection open at that moment has files in chronyd's directory."""
    import signal

    def end(number: int, frame: object) -> NoReturn:
        raise Terminated(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def forget_output() -> None:
    """Send what is still buffered to /dev/null: otherwise the interpreter would complain about it when it ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def end_by(which: str | int) -> NoReturn:
    """End by the signal, as a program without a handler does, so that a loop in a shell stops too."""
    import signal

    number = getattr(signal, which) if isinstance(which, str) else which
    forget_output()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # reached only if the signal is blocked
