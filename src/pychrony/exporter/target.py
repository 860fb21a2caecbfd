"""Which chronyd a scrape asks, and until when."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Callable

import pychrony
from pychrony import ErrorCode

from ..command import asking

# These codes mean that chronyd did not respond. A refusal is a response, and so is a report that is wrong.
UNREACHED = {
    ErrorCode.OPEN_FAILED,
    ErrorCode.SEND_FAILED,
    ErrorCode.RECV_FAILED,
    ErrorCode.TIMEOUT,
    ErrorCode.CLOSED,
}


class Target:
    """One chronyd, asked for several reports until a deadline (by time.monotonic()).

    find: gives the addresses at which it may be reached, in at most so many seconds. If one of them refuses, or is silent for
    its share of the time, the next is tried. Once one has answered, all further reports are asked for there.
    timeout: seconds for each report, if the deadline leaves as much.
    """

    def __init__(
        self,
        find: Callable[[float], Sequence[str | None]],
        deadline: float,
        timeout: float = math.inf,
    ) -> None:
        self.find = find
        self.addresses: Sequence[str | None] = ()
        self.deadline = deadline
        self.timeout = timeout
        self.closed = False
        self._connection: pychrony.ChronyConnection | None = None
        self._lock = threading.Lock()

    def __call__(self, getter: str) -> Any:
        end = min(time.monotonic() + self.timeout, self.deadline)
        if not self.addresses:
            self.addresses = self.find(seconds_until(end))
        return asking.ask_first(self.addresses, seconds_until(end), partial(self._get, getter))

    def _get(self, getter: str, connection: pychrony.ChronyConnection) -> Any:
        with self._lock:
            if self.closed:
                raise pychrony.ChronyConnectionError(
                    "the exporter is shutting down", ErrorCode.CLOSED
                )
            self._connection = connection
        result = getattr(connection, getter)()
        self.addresses = [connection.address]
        return result

    def close(self) -> None:
        """End for good. A call that another thread is making ends with an error."""
        with self._lock:
            self.closed = True
            if self._connection is not None:
                self._connection.close()


def seconds_until(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise pychrony.ChronyTimeoutError("no time is left to ask chronyd", ErrorCode.TIMEOUT)
    return left
