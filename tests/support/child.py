"""Processes, each with a deadline, and Python in some of them: for another libchrony, for signals, for a fresh start."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

from .waiting import DEADLINE

# How long a process may take, unless it is told otherwise.
LIFETIME = 2 * DEADLINE

# The same for a process that serves several tests; the last of them ends it.
SERVICE = 10 * LIFETIME


def heed_signals() -> None:
    """Let the signals that end a program end this one, and those that it starts, even if it was started with them ignored.

    A shell ignores SIGINT for what it runs in the background, and nohup ignores SIGHUP; a child inherits this.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Process(subprocess.Popen[str]):
    """A command in a session of its own, all of which is killed at its deadline.

    Its pipes are then closed and it has an exit status, so that whoever reads from it or waits for it goes on. This is how
    the tests start everything that must end by itself. `expired` says that it did not.
    """

    def __init__(
        self, command: Sequence[str | Path], *, deadline: float = LIFETIME, **options: Any
    ) -> None:
        self.expired = False
        self.command = [str(word) for word in command]
        super().__init__(self.command, text=True, start_new_session=True, **options)
        _processes.add(self)
        self._timer = threading.Timer(deadline, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def _expire(self) -> None:
        self.expired = True
        self.kill()

    def kill(self) -> None:
        """Kill it and what it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        status = super().wait(timeout)
        self._timer.cancel()
        # A thread that is still ending when the interpreter does leaves memory, which LeakSanitizer reports.
        self._timer.join()
        return status

    def finish(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end; returns what it printed. TimeoutError: it did not end before its deadline."""
        try:
            out, err = self.communicate()
        except BaseException:
            self.kill()
            self.communicate()
            raise
        if self.expired:
            command = " ".join(self.command)
            raise TimeoutError(f"killed at its deadline: {command}\n{out or ''}{err or ''}")
        return subprocess.CompletedProcess(self.args, self.returncode, out, err)


_processes: WeakSet[Process] = WeakSet()


@atexit.register
def _kill_what_is_left() -> None:
    for process in list(_processes):
        if process.returncode is None:
            process.kill()


def execute(
    command: Sequence[str | Path], *, stderr: int = subprocess.STDOUT, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without input. `stdout` has what it wrote to both streams, unless told otherwise."""
    return Process(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, **options
    ).finish()


# What tests ask about an exception.
DESCRIBE = """
def describe(error):
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "message": str(error),
        "error_code": getattr(error, "error_code", None),
        "code_name": getattr(getattr(error, "error_code", None), "name", None),
        "errno": getattr(error, "errno", None),
        "name": getattr(error, "name", None),
        "path": getattr(error, "path", None),
    }
"""

REPORT = """
import json
try:
    import pychrony
    result = {"value": (lambda: %s)()}
except Exception as error:
    result = {"error": describe(error)}
print(json.dumps(result, default=repr))
"""


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Our environment with these changes; None takes a variable away."""
    merged: dict[str, str | None] = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def start(code: str, *, prefix: tuple[str, ...] = (), **changes: str | None) -> Process:
    """A child that runs `code`, with pipes to its input and from its outputs."""
    return Process(
        [*prefix, sys.executable, "-c", DESCRIBE + textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(changes),
    )


def run(
    code: str, *, prefix: tuple[str, ...] = (), **changes: str | None
) -> subprocess.CompletedProcess[str]:
    """Run `code` to its end."""
    return start(code, prefix=prefix, **changes).finish()


def check(code: str, *, prefix: tuple[str, ...] = (), **changes: str | None) -> str:
    """Run `code`, which must succeed; returns what it printed."""
    done = run(code, prefix=prefix, **changes)
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def evaluate(expression: str, **changes: str | None) -> dict[str, Any]:
    """Import pychrony in a child and evaluate an expression: {"value": …}, or {"error": …} as `describe` has it."""
    result: dict[str, Any] = json.loads(check(REPORT % expression, prefix=(), **changes))
    return result
