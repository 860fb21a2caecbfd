"""Where `pychrony log` writes: every row is whole, also after a kill, on a full disk and across rotations."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import sys

from . import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

STDOUT = 1
# Held back while a row is written, so that none of them ends the process between a part of a row and its removal.
HELD_BACK = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Unwritable(OSError):
    """A file that rows cannot be appended to. str() says why."""


class LogFile:
    """A file that rows are appended to.

    A row is one write(), and if only a part of it could be written, that part is removed. What could not be written is lost
    and counted, with one complaint until rows can be written again.
    """

    def __init__(self, path: str, header: str) -> None:
        self.path = path
        self.header = header
        self.lost = 0
        self._complained = False
        self._is_over = False  # whether the file is to be left for the one that is at the path now
        self._file = open_file(path, header)
        signal.signal(signal.SIGHUP, self._on_hangup)

    def _on_hangup(self, number: int, frame: FrameType | None) -> None:
        self._is_over = True

    def write(self, row: str) -> None:
        try:
            if self._is_over:
                self._close()
                self._is_over = False
            if self._file < 0:
                self._file = open_file(self.path, self.header)
            append(self._file, row, self.header)
        except OSError as error:
            self.lost += 1
            if not self._complained:
                complain(f"pychrony: {self.path}: rows are lost: {error.strerror or error}")
            self._complained = True
        else:
            if self._complained:
                complain(f"pychrony: {self.path}: rows are written again, {self.lost} were lost")
            self._complained = False

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


class StandardOutput:
    """Standard output has a reader who notices if nothing comes: what cannot be written is an error."""

    lost = 0

    def __init__(self, header: str) -> None:
        self._header = header
        if sys.stdout is None:
            raise Unwritable(errno.EBADF, os.strerror(errno.EBADF))

    def write(self, row: str) -> None:
        append(STDOUT, self._header + row, "")
        self._header = ""


def append(file: int, row: str, header: str) -> None:
    """Append a whole row, or nothing. The header goes before the first row of a regular file."""
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        data = row.encode()
        while data:
            data = data[os.write(file, data) :]
        return
    # The file may have been emptied meanwhile, by a rotation that copies it.
    data = (header + row if status.st_size == 0 else row).encode()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
    try:
        written = os.write(file, data)
        if written < len(data):
            end = os.lseek(file, 0, os.SEEK_CUR)
            if os.fstat(file).st_size == end:
                os.ftruncate(file, end - written)
                os.lseek(file, end - written, os.SEEK_SET)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def open_file(path: str, header: str) -> int:
    file = -1
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if stat.S_ISREG(os.fstat(file).st_mode):
            prepare(file, path, header)
        elif header:
            os.write(file, header.encode())
    except OSError as error:
        if file >= 0:
            os.close(file)
        if isinstance(error, Unwritable):
            raise
        raise Unwritable(error.errno, f"cannot append to it: {error.strerror}") from None
    return file


def prepare(file: int, path: str, header: str) -> None:
    """Refuse a file that is not a log of this format. Remove a row at its end that a crash of the machine cut short."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unwritable(errno.EBUSY, "another process is writing to it") from None
    except OSError:
        pass  # a file system without locks
    size = os.fstat(file).st_size
    start = header.encode() or b"{"
    if not start.startswith(os.pread(file, len(start), 0)):
        raise Unwritable(errno.EEXIST, "it is not a log of this format; choose another file")
    whole = size if size >= len(start) else 0
    while whole and os.pread(file, 1, whole - 1) != b"\n":
        whole -= 1
    if whole < size:
        os.ftruncate(file, whole)
        complain(f"pychrony: {path}: its last row was incomplete, and has been removed")
