"""Which chronyd a scrape asks, and until when."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from contextlib import closing
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
        errors: list[pychrony.ChronyConnectionError] = []
        for position, address in enumerate(self.addresses):
            try:
                share = seconds_until(end) / (len(self.addresses) - position)
                with closing(self._connect(address, share)) as connection:
                    result = getattr(connection, getter)()
                    self.addresses = [connection.address]
                return result
            except pychrony.ChronyConnectionError as error:
                errors.append(error)
        if len(errors) == 1:
            raise errors[0]
        # That one was silent says more than that another one refused.
        first = next((each for each in errors if isinstance(each, TimeoutError)), errors[0])
        raise type(first)("; ".join(map(str, errors)), first.error_code)

    def _connect(self, address: str | None, timeout: float) -> pychrony.ChronyConnection:
        with self._lock:
            if self.closed:
                raise pychrony.ChronyConnectionError("the exporter is ending", ErrorCode.CLOSED)
            self._connection = asking.connect(address, timeout)
            self._connection.open()
            return self._connection

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
