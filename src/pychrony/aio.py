"""The same reports for asyncio: no call blocks the event loop, and none uses a thread.

    import asyncio
    from pychrony import aio

    async def main():
        print(await aio.get_tracking())
        async with aio.ChronyConnection() as connection:
            for source in await connection.get_sources():
                print(source.address)

    asyncio.run(main())

The functions and the connection take the arguments, return the results and raise the exceptions of their namesakes in
pychrony. They are driven by the event loop's own readiness callbacks (add_reader, add_writer), which asyncio's loops and
uvloop have. A call that is cancelled, or exceeds its timeout, ends at once and closes its socket.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union, cast

import pychrony
from pychrony import (
    ChronyClockError,
    ChronyConnectionError,
    ChronyError,
    ChronyTimeoutError,
    ErrorCode,
    IntervalStatus,
    TimeInterval,
    Transport,
    _Client,
    health,
)
from pychrony._reports import REPORTS

__all__ = ["ChronyConnection", "IntervalClock", "check_health", "get_report"]

if TYPE_CHECKING:
    from typing_extensions import Self

    from pychrony import _getters
    from pychrony._getters import *  # noqa: F403 (the types of what _add_getters() makes)
    from pychrony._getters import Getters as _Getters

    __all__ += _getters.__all__
else:
    _Getters = object

_Address = Union[str, "PathLike[str]", None]

_LIMITS = health.Limits()

# What a step of a client returns: the result, or a plain tuple that says what to wait for.
_Wait = tuple[int, bool, Union[float, None]]


def _is_wait(step: object) -> bool:
    """Whether a step says what to wait for. Records are tuples too, but of subclasses."""
    return type(step) is tuple


def _wake(future: asyncio.Future[bool], ready: bool) -> None:
    if not future.done():
        future.set_result(ready)


async def _wait(
    loop: asyncio.AbstractEventLoop, wait: _Wait, waiting: list[asyncio.Future[bool]]
) -> bool:
    """Wait until the descriptor is ready (True), or it is too late (False)."""
    fd, is_write, delay = wait
    future: asyncio.Future[bool] = loop.create_future()
    timer = None if delay is None else loop.call_later(delay, _wake, future, False)
    if is_write:
        loop.add_writer(fd, _wake, future, True)
    else:
        loop.add_reader(fd, _wake, future, True)
    waiting.append(future)
    try:
        return await future
    finally:
        waiting.remove(future)
        if is_write:
            loop.remove_writer(fd)
        else:
            loop.remove_reader(fd)
        if timer is not None:
            timer.cancel()


async def _finish(client: _Client, step: object, shared: _Shared | None = None) -> Any:
    """Drive a client until it has the result, or its connection is closed."""
    if not _is_wait(step):
        return step
    loop = asyncio.get_running_loop()
    try:
        while _is_wait(step):
            ready = await _wait(loop, cast(_Wait, step), [] if shared is None else shared.waiting)
            if shared is not None and shared.is_closed:
                raise _closed_meanwhile()
            step = client.resume(ready)
    except BaseException:
        client.cancel()
        raise
    return step


async def _ask(report: str, address: _Address, timeout: float | None) -> Any:
    """Ask in a new session."""
    client = _Client(address)
    try:
        return await _finish(client, client.ask(report, timeout))
    finally:
        client.close()


async def get_report(
    name: str, address: _Address = None, *, timeout: float | None = 3.0
) -> list[dict[str, object]]:
    """As pychrony.get_report()."""
    client = _Client(address)
    try:
        records = await _finish(client, client.ask_raw(name, timeout))
        return cast("list[dict[str, object]]", records)
    finally:
        client.close()


class _Shared:
    """What the tasks of one event loop share of a connection, until it is closed: a client, and the lock on it."""

    def __init__(self, client: _Client) -> None:
        self.client = client
        self.loop = asyncio.get_running_loop()
        self.pid = os.getpid()
        self.waiting: list[asyncio.Future[bool]] = []  # for chronyd
        self._queue: deque[asyncio.Future[bool]] = deque()  # for the lock
        self.is_locked = False
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True
        if self.loop.is_closed():
            # No task can be told any more. What the loop left unfinished ends when Python drops it.
            self._queue.clear()
        else:
            for future in [*self.waiting, *self._queue]:
                if not future.done():
                    future.set_exception(_closed_meanwhile())
            if self.is_locked:
                return  # the task that has the lock closes the client
        self.client.close()

    async def acquire(self, timeout: float | None) -> float:
        """Wait for the lock. Returns how many seconds that took."""
        if not self.is_locked:
            self.is_locked = True
            return 0.0
        began = self.loop.time()
        future: asyncio.Future[bool] = self.loop.create_future()
        timer = None if timeout is None else self.loop.call_later(timeout, _wake, future, False)
        self._queue.append(future)
        try:
            has_lock = await future
        except BaseException:
            if (
                future.done()
                and not future.cancelled()
                and future.exception() is None
                and future.result()
            ):
                self.release()  # the lock came together with the cancellation
            raise
        finally:
            if timer is not None:
                timer.cancel()
        waited = self.loop.time() - began
        if has_lock and self.is_closed:
            self.release()
            raise _closed_meanwhile()
        if has_lock and (timeout is None or waited < timeout):
            return waited
        if has_lock:
            self.release()  # too late
        raise ChronyTimeoutError(
            f"timed out after {timeout} s waiting for another task's call on this connection",
            ErrorCode.TIMEOUT,
        )

    def release(self) -> None:
        while self._queue:
            future = self._queue.popleft()
            if not future.done():
                future.set_result(True)
                return
        self.is_locked = False
        if self.is_closed:
            self.client.close()


async def check_health(
    limits: health.Limits = _LIMITS, address: _Address = None, *, timeout: float | None = 3.0
) -> health.Verdict:
    """As pychrony.health.check()."""
    health.require(limits)
    try:
        async with ChronyConnection(address, timeout=timeout) as connection:
            before = await connection.get_tracking()
            for _ in range(health.TRIES):
                sources = await connection.get_sources()
                tracking = await connection.get_tracking()
                if health.is_same_update(before, tracking):
                    break
                before = tracking
    except ChronyError as error:
        return health.failed(error)
    return health.assess(tracking, sources, limits)


class ChronyConnection(_Getters):
    """A connection to chronyd, for tasks that ask more than once:

        async with ChronyConnection() as connection:
            status = await connection.get_tracking()

    address: as for pychrony.get_tracking(). timeout: seconds for each call, including the wait for other tasks' calls.

    It opens automatically when it is used: the first time, after an error, after a restart of chronyd, in another
    event loop, and in a child process after fork(). The async with statement, or open(), opens it at once, and raises where
    chronyd cannot be reached; leaving it, or close(), closes it: a call that is under way then ends with a
    ChronyConnectionError, as each later one does.

    The tasks of one event loop may share it: one call at a time is under way, in the order in which they came. While it is,
    a call from another event loop raises ChronyConnectionError (BUSY).
    """

    def __init__(self, address: _Address = None, *, timeout: float | None = 3.0) -> None:
        pychrony.ChronyConnection(address, timeout=timeout)  # raises if they are malformed
        self._given = address
        self._client = _Client(address)
        self._timeout = timeout
        self._shared: _Shared | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = " closed" if self.closed else ""
        return f"<{type(self).__qualname__} {self.address or 'default addresses'}{state}>"

    @property
    def address(self) -> str | None:
        """The address in use, or while none is, the one that was given (None: the default addresses)."""
        return self._client.address

    @property
    def transport(self) -> Transport | None:
        """The Transport in use, or the one the given address implies; None if unknown."""
        if self.address is None:
            return None
        return Transport.UNIX_SOCKET if self.address.startswith("/") else Transport.COMMAND_PORT

    @property
    def closed(self) -> bool:
        """Whether the connection was closed, and not opened again."""
        return self._closed

    def fileno(self) -> int:
        """The socket's file descriptor; -1 while there is none, or a call uses it."""
        self._check_open()
        return self._client.fileno()

    async def open(self) -> None:
        """Open the connection now, if it is not open, and also if it was closed. Raises as get_tracking() does where that fails;
        the next call tries again."""
        self._closed = False
        await self._call(lambda client, waited: client.open(self._timeout))

    def close(self) -> None:
        """Close the connection. Closing it twice is fine. Calls that are under way end with a ChronyConnectionError."""
        self._closed = True
        self._leave()

    def _leave(self) -> None:
        """Drop what the tasks of the last event loop share: in a child process, the parent still uses it."""
        shared, self._shared = self._shared, None
        if shared is not None:
            if shared.pid == os.getpid():
                shared.close()
            self._client = _Client(self._given)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise ChronyConnectionError(
                "the connection is closed: open() opens it again", ErrorCode.CLOSED
            )

    def _share(self) -> _Shared:
        """What the tasks of this event loop share."""
        self._check_open()
        loop = asyncio.get_running_loop()
        shared = self._shared
        if shared is not None and (shared.loop is not loop or shared.pid != os.getpid()):
            if shared.pid == os.getpid() and shared.is_locked and not shared.loop.is_closed():
                raise ChronyConnectionError(
                    "a call of another event loop is under way on this connection: use one for each loop",
                    ErrorCode.BUSY,
                )
            self._leave()
            shared = None
        if shared is None:
            shared = self._shared = _Shared(self._client)
        return shared

    async def _call(self, ask: Callable[[_Client, float], object]) -> Any:
        """Wait for the lock. Returns the client and the seconds of the timeout that have passed."""
        shared = self._share()
        waited = await shared.acquire(self._timeout)
        try:
            return await _finish(shared.client, ask(shared.client, waited), shared)
        finally:
            shared.release()

    async def get_report(self, name: str) -> list[dict[str, object]]:
        """As pychrony.get_report()."""
        records = await self._call(
            lambda client, waited: client.ask_raw(name, self._timeout, waited)
        )
        return cast("list[dict[str, object]]", records)


class IntervalClock:
    """A clock that knows how wrong it may be, as pychrony.IntervalClock: tasks await what asks chronyd, and what waits.

        async with ChronyConnection() as connection:
            clock = IntervalClock(connection)
            await clock.refresh()
            await clock.wait_past(clock.now().latest)

    Unlike that one, it does not ask chronyd at the first call of now(): await refresh() first, and again in a child of fork().
    """

    def __init__(
        self,
        connection: ChronyConnection,
        *,
        max_drift_ppm: float = 15.0,
        extra_error_ns: float = 0,
        void_after: float = 1000.0,
    ) -> None:
        if not isinstance(connection, ChronyConnection):
            raise TypeError("IntervalClock() takes a ChronyConnection of pychrony.aio")
        _check_local(connection.address)
        self._connection = connection
        self._clock = pychrony.IntervalClock(
            cast(Any, None),  # the reports are handed to it
            max_drift_ppm=max_drift_ppm,
            extra_error_ns=extra_error_ns,
            void_after=void_after,
        )

    def __repr__(self) -> str:
        return repr(self._clock)

    def __reduce__(self) -> Any:
        """It cannot be copied or pickled: a TypeError."""
        raise TypeError("an IntervalClock can be neither copied nor pickled")

    async def refresh(self) -> TimeInterval:
        """As pychrony.IntervalClock.refresh()."""
        clock, connection = self._clock, self._connection
        first = await connection.get_tracking()
        _check_local(connection.address)
        for _ in range(health.TRIES):
            before_sources = clock._reading()
            sources = await connection.get_sources()
            before = clock._reading()
            tracking = await connection.get_tracking()
            after = clock._reading()
            interval = clock._accept(first, before_sources, sources, before, tracking, after)
            if interval is not None:
                return interval
            first = tracking
        error = ChronyClockError(
            "chronyd updated the clock during each of three rounds of requests: ask again"
        )
        error.status = IntervalStatus.UNKNOWN
        raise error

    def now(self) -> TimeInterval:
        """The two instants between which true time lies now, by the last report. Raises ChronyClockError if there is no interval."""
        return self._clock.now()

    def is_past(self, time_ns: int, /) -> bool:
        """Whether this time (nanoseconds since 1970) is certainly past: now().earliest > time_ns."""
        return self._clock.is_past(time_ns)

    def is_future(self, time_ns: int, /) -> bool:
        """Whether this time is certainly in the future: now().latest < time_ns."""
        return self._clock.is_future(time_ns)

    async def wait_past(self, time_ns: int, timeout: float | None = None) -> TimeInterval:
        """As pychrony.IntervalClock.wait_past()."""
        if timeout is not None and not timeout > 0:
            raise ValueError("timeout must be a number of seconds greater than 0, or None")
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            interval = self._clock.now()
            if interval.earliest > time_ns:
                return interval
            pause = min(time_ns - interval.earliest + 1, 1_000_000_000) / 1e9
            if deadline is not None:
                left = deadline - loop.time()
                if left <= 0:
                    raise ChronyTimeoutError(
                        f"timed out after {timeout} s waiting for {time_ns} ns since 1970 to be past for certain: "
                        f"the time is between {interval.earliest} and {interval.latest}",
                        ErrorCode.TIMEOUT,
                    )
                pause = min(pause, left)
            await asyncio.sleep(pause)


def _check_local(address: str | None) -> None:
    """Refuse another host: its clock is not the one that is read here."""
    if address is None or address.startswith("/"):
        return
    host = address[1:].partition("]")[0] if address.startswith("[") else address
    if host.count(":") == 1:
        host = host.partition(":")[0]
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(
            f"{address} is the address of another host: an interval clock reads this machine's clocks, and needs the "
            "chronyd that corrects them"
        )


def _function(report: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def get(address: _Address = None, *, timeout: float | None = 3.0) -> Any:
        return await _ask(report, address, timeout)

    return get


def _method(report: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def get(self: ChronyConnection) -> Any:
        return await self._call(lambda client, waited: client.ask(report, self._timeout, waited))

    return get


def _add_getters() -> None:
    """Make the function and the method for each report."""
    module = sys.modules[__name__]
    for report, known in REPORTS.items():
        name = known["getter"]
        for owner, prefix, getter in (
            (module, "", _function(report)),
            (ChronyConnection, "ChronyConnection.", _method(report)),
        ):
            getter.__name__ = name
            getter.__qualname__ = prefix + name
            getter.__doc__ = f"As pychrony.{prefix}{name}()."
            setattr(owner, name, getter)
        __all__.append(name)


def _closed_meanwhile() -> ChronyConnectionError:
    return ChronyConnectionError(
        "the connection was closed while this call was under way: another task called close()",
        ErrorCode.CLOSED,
    )


_add_getters()
