"""The command `pychrony`: what a person at a shell, a script or a monitoring system wants to know of the clock.

There is a file for each subject: arguments (the parser, from which help, completion and manual page are made), asking
(which address is asked, host names included), tables (the columns of each report), reports, watch, check, wait, doctor,
and what they share: clock, durations, terminal.

Only the standard library is used. What a command does not need is not imported, because a check may run every few
seconds. Nothing here uses libchrony when it is imported, so that help, version and doctor work where libchrony is missing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

# Exit statuses. `check` has its own, those of the Monitoring Plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
DONE = 0
NOT_SYNCHRONISED = 1  # from wait and doctor only: no other command is asked for this
USAGE = 2
NO_ANSWER = 3  # chronyd could not be asked, or the answer could not be written

# The one module whose run() works where pychrony is a bare package.
WITHOUT_LIBCHRONY = "pychrony.command.doctor"


class Terminated(BaseException):
    """Raised by the handler of a signal that asks the process to end, so that what is open gets closed."""

    def __init__(self, number: int) -> None:
        self.number = number


def main(arguments: Sequence[str] | None = None, missing: ImportError | None = None) -> int:
    """Run the command, and return its exit status. `missing` says why pychrony could not be loaded, if so."""
    # What the locale cannot encode is escaped, so that no message fails on a single character.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(sys.argv[1:] if arguments is None else arguments, missing)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        _end_by("SIGINT")
    except BrokenPipeError:
        _end_by("SIGPIPE")
    except Terminated as signal:
        _end_by(signal.number)
    except OSError as error:
        print(f"pychrony: the output could not be written: {error.strerror}", file=sys.stderr)
        _forget_output()
        return NO_ANSWER


def _run(arguments: Sequence[str], missing: ImportError | None) -> int:
    from . import arguments as parser

    options = parser.parse(arguments)
    options.missing = missing
    if missing is not None and options.module != WITHOUT_LIBCHRONY:
        return failed(options, missing)
    import pychrony

    module = __import__(options.module, fromlist=["run"])
    try:
        status: int = module.run(options)
    except getattr(pychrony, "ChronyError", ()) as error:
        return failed(options, error)
    except ValueError as error:
        options.parser.error(str(error))
    return status


def failed(options: object, error: Exception) -> int:
    """Say why there is no answer: for `check` on the line that the monitoring system reads, else on stderr."""
    if getattr(options, "command", None) == "check":
        from . import check

        return check.failed(error)
    print(f"pychrony: {one_line(error)}", file=sys.stderr)
    return NO_ANSWER


def end_in_order() -> None:
    """Let SIGTERM and SIGHUP unwind the stack first: a connection open at that moment has files in chronyd's folder."""
    import signal

    def end(number: int, frame: object) -> NoReturn:
        raise Terminated(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def one_line(error: object) -> str:
    return " ".join(str(error).split())


def _forget_output() -> None:
    """Send what is still buffered to /dev/null: otherwise the interpreter would complain about it when it ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end_by(which: str | int) -> NoReturn:
    """End by the signal, as a program without a handler does, so that a loop in a shell stops too."""
    import signal

    number = getattr(signal, which) if isinstance(which, str) else which
    _forget_output()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # reached only if the signal is blocked
