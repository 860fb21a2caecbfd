"""The installed command `pychrony`, run as a user would: plainly, in a pseudo-terminal, as another user."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Union, final

from .child import Process, environment
from .waiting import DEADLINE

# An address that is longer than chronyc's column.
LONG_ADDRESS = "2001:db8:1111:2222:3333:4444:5555:6666"

Argument = Union[str, os.PathLike[str]]


def path() -> str:
    """Where the command is installed: beside the interpreter, or on the PATH."""
    beside = Path(sys.executable).with_name("pychrony")
    found = str(beside) if beside.exists() else shutil.which("pychrony")
    if found is None:
        raise RuntimeError("the command pychrony is not installed")
    return found


def run(
    *arguments: Argument, prefix: tuple[str, ...] = (), **changes: str | None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end. None of its failures may be a traceback."""
    done = subprocess.run(
        [*prefix, path(), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        env=environment(changes),
        timeout=2 * DEADLINE,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


def output(*arguments: Argument, **changes: str | None) -> str:
    """What it prints when all is well."""
    done = run(*arguments, **changes)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


AS_STRANGER = """
import importlib, pkgutil, sys
import encodings.ascii, pychrony.__main__, pychrony.command, ctypes, grp, json, locale, pwd, signal, textwrap
# A stranger may not be able to read the modules' files.
for module in pkgutil.iter_modules(pychrony.command.__path__):
    importlib.import_module(f"pychrony.command.{module.name}")
sys.path.insert(0, sys.argv.pop(1))
from support.stranger import become_stranger
become_stranger(sys.argv.pop(1))
sys.exit(pychrony.__main__.main())
"""


def run_as_stranger(directory: Path, *arguments: Argument) -> subprocess.CompletedProcess[str]:
    """Run it as someone whom chronyd's socket in `directory` does not admit."""
    tests = str(Path(__file__).parent.parent)
    return subprocess.run(
        [sys.executable, "-c", AS_STRANGER, tests, str(directory), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
    )


@final
class Terminal:
    """The command in a pseudo-terminal of so many columns. A context manager; it is gone after leaving."""

    def __init__(
        self, *arguments: Argument, columns: int = 80, lines: int = 24, **changes: str | None
    ) -> None:
        self.command = [path(), *map(os.fspath, arguments)]
        self.size = struct.pack("HHHH", lines, columns, 0, 0)
        self.environment = environment({"TERM": "xterm", "NO_COLOR": None, **changes})
        self.seen = ""

    def __enter__(self) -> Terminal:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, self.size)
        # It must be the controlling terminal, because that is what turns Ctrl-C into a signal.
        code = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
        self._process = Process(
            [sys.executable, "-S", "-c", code, *self.command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self.environment,
        )
        os.close(theirs)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def _read(self, end: float) -> bool:
        """Read what has come; False when nothing more will come."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise TimeoutError(f"the command printed no more than {self.seen!r}")
        try:
            chunk = os.read(self._ours, 65536)
        except OSError:  # EIO: the other end is closed
            return False
        self.seen += chunk.decode(errors="replace")
        return bool(chunk)

    def wait_for(self, text: str, times: int = 1) -> str:
        """Wait until it has printed this so often; returns all it printed so far."""
        end = time.monotonic() + DEADLINE
        while self.seen.count(text) < times:
            if not self._read(end):
                raise AssertionError(f"the command ended without {text!r}: {self.seen!r}")
        return self.seen

    def press(self, key: str) -> None:
        os.write(self._ours, key.encode())

    def terminate(self) -> None:
        self._process.terminate()

    def ended(self) -> int:
        """Its exit status, once it has ended; negative for a signal's number."""
        end = time.monotonic() + DEADLINE
        while self._read(end):
            pass
        status = self._process.wait(DEADLINE)
        assert "Traceback" not in self.seen, self.seen
        return status


CTRL_C = "\x03"
INTERRUPTED = -signal.SIGINT
