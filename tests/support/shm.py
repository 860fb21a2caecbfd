"""Time for chronyd's SHM reference clock, written to System V shared memory as a GPS receiver's daemon would."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from types import TracebackType
from typing import final

KEY = 0x4E545030  # "NTP0"; the unit is added to it
IPC_CREAT = 0o1000
IPC_EXCL = 0o2000
IPC_RMID = 0

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmget.restype = ctypes.c_int
_libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
_libc.shmat.restype = ctypes.c_void_p
_libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
_libc.shmdt.argtypes = [ctypes.c_void_p]
_libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]


class ShmTime(ctypes.Structure):
    """The segment as ntpd's and chronyd's SHM drivers lay it out."""

    _fields_ = [
        ("mode", ctypes.c_int),
        ("count", ctypes.c_int),
        ("clock_seconds", ctypes.c_long),
        ("clock_microseconds", ctypes.c_int),
        ("receive_seconds", ctypes.c_long),
        ("receive_microseconds", ctypes.c_int),
        ("leap", ctypes.c_int),
        ("precision", ctypes.c_int),
        ("samples", ctypes.c_int),
        ("valid", ctypes.c_int),
        ("clock_nanoseconds", ctypes.c_uint),
        ("receive_nanoseconds", ctypes.c_uint),
        ("dummy", ctypes.c_int * 8),
    ]


@final
class ShmClock:
    """A reference clock that is `ahead` seconds ahead of the system clock, a sample every `interval` seconds.

    It takes a unit nobody uses and makes the segment itself, open to the user that chronyd runs as.
    """

    def __init__(self, *, ahead: float = 0.0, interval: float = 0.05) -> None:
        self.ahead = round(ahead * 1_000_000_000)
        self.interval = interval
        self.unit, self._id = self._new_segment()
        address = _libc.shmat(self._id, None, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            error = ctypes.get_errno()
            _libc.shmctl(self._id, IPC_RMID, None)
            raise OSError(error, os.strerror(error), "shmat")
        self._address = address
        self._time = ShmTime.from_address(address)
        self._time.mode = 1
        self._time.precision = -20
        self._time.samples = 1
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="SHM clock", daemon=True)

    @staticmethod
    def _new_segment() -> tuple[int, int]:
        start = 2 + os.getpid() % 10_000
        for unit in range(start, start + 100):
            number = _libc.shmget(KEY + unit, ctypes.sizeof(ShmTime), IPC_CREAT | IPC_EXCL | 0o666)
            if number >= 0:
                return unit, number
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "shmget")

    @property
    def refclock(self) -> list[str]:
        """The configuration of a chronyd that follows this clock."""
        return [f"refclock SHM {self.unit} refid GPS poll -2 dpoll -4 precision 1e-6 delay 1e-4"]

    def write(self) -> None:
        """Write one sample by the protocol of mode 1: `count` is raised before and after, and is odd in between."""
        receive, shm = time.time_ns(), self._time
        clock = receive + self.ahead
        shm.valid = 0
        shm.count += 1
        shm.clock_seconds, nanoseconds = divmod(clock, 1_000_000_000)
        shm.clock_microseconds, shm.clock_nanoseconds = nanoseconds // 1000, nanoseconds
        shm.receive_seconds, nanoseconds = divmod(receive, 1_000_000_000)
        shm.receive_microseconds, shm.receive_nanoseconds = nanoseconds // 1000, nanoseconds
        shm.leap = 0
        shm.count += 1
        shm.valid = 1

    def _feed(self) -> None:
        while not self._ended.wait(self.interval):
            self.write()

    def stop(self) -> None:
        """Give no more samples."""
        self._ended.set()
        self._thread.join()

    def __enter__(self) -> ShmClock:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        _libc.shmdt(self._address)
        _libc.shmctl(self._id, IPC_RMID, None)
