"""The same questions for asyncio: no call blocks the event loop, and none uses a thread.

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
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union, cast

from pychrony import (
    ChronyConnectionError,
    ChronyError,
    ChronyTimeoutError,
    ErrorCode,
    Transport,
    _Conversation,
    health,
)
from pychrony._reports import REPORTS

__all__ = ["ChronyConnection", "check_health", "get_report"]

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

# What a step of a conversation returns: the result, or a plain tuple that says what to wait for.
_Wait = tuple[int, bool, Union[float, None]]


def _is_wait(step: object) -> bool:
    """Whether a step says what to wait for. Records are tuples too, but of types of their own."""
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


async def _finish(
    conversation: _Conversation, step: object, opening: _Opening | None = None
) -> Any:
    """Drive a conversation until it has the result, or the connection it belongs to is closed."""
    if not _is_wait(step):
        return step
    loop = asyncio.get_running_loop()
    try:
        while _is_wait(step):
            ready = await _wait(loop, cast(_Wait, step), [] if opening is None else opening.waiting)
            if opening is not None and opening.is_closed:
                raise _closed()
            step = conversation.resume(ready)
    except BaseException:
        conversation.cancel()
        raise
    return step


async def _ask(report: str, address: _Address, timeout: float | None) -> Any:
    """Ask in a session of its own."""
    conversation = _Conversation(address)
    try:
        return await _finish(conversation, conversation.ask(report, timeout))
    finally:
        conversation.close()


async def get_report(
    name: str, address: _Address = None, *, timeout: float | None = 3.0
) -> list[dict[str, object]]:
    """As pychrony.get_report()."""
    conversation = _Conversation(address)
    try:
        records = await _finish(conversation, conversation.ask_raw(name, timeout))
        return cast("list[dict[str, object]]", records)
    finally:
        conversation.close()


class _Opening:
    """What a connection has from its opening to its closing: the turns of the tasks that share it."""

    def __init__(self, conversation: _Conversation) -> None:
        self.conversation = conversation
        self.loop = asyncio.get_running_loop()
        self.waiting: list[asyncio.Future[bool]] = []  # for chronyd
        self._queue: deque[asyncio.Future[bool]] = deque()  # for their turn
        self._is_busy = False
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True
        if self.loop.is_closed():
            # No task can be told any more. What the loop left unfinished ends when Python drops it.
            self._queue.clear()
        else:
            for future in [*self.waiting, *self._queue]:
                if not future.done():
                    future.set_exception(_closed())
            if self._is_busy:
                return  # the task whose turn it is closes the conversation
        self.conversation.close()

    async def take_turn(self, timeout: float | None) -> float:
        """Wait for this call's turn. Returns how many seconds that took."""
        if not self._is_busy:
            self._is_busy = True
            return 0.0
        began = self.loop.time()
        turn: asyncio.Future[bool] = self.loop.create_future()
        timer = None if timeout is None else self.loop.call_later(timeout, _wake, turn, False)
        self._queue.append(turn)
        try:
            has_turn = await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None and turn.result():
                self.pass_turn()  # the turn came together with the cancellation
            raise
        finally:
            if timer is not None:
                timer.cancel()
        waited = self.loop.time() - began
        if has_turn and self.is_closed:
            self.pass_turn()
            raise _closed()
        if has_turn and (timeout is None or waited < timeout):
            return waited
        if has_turn:
            self.pass_turn()  # the turn came too late
        raise ChronyTimeoutError(
            f"another task's call on this connection has not ended within {timeout} s, "
            "so this call never had its turn",
            ErrorCode.TIMEOUT,
        )

    def pass_turn(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self._is_busy = False
        if self.is_closed:
            self.conversation.close()


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

    address: as for pychrony.get_tracking(). timeout: seconds for each call, including the wait for its turn among
    the tasks.

    Tasks may share it: their calls take turns, in the order in which they came. It belongs to the event loop in which it
    was opened. After an error it is usable for the next call, which opens a new socket. A call that is under way when the
    connection is closed ends with a ChronyConnectionError.
    """

    def __init__(self, address: _Address = None, *, timeout: float | None = 3.0) -> None:
        self._given = address
        self._conversation = _Conversation(address)
        self._timeout = timeout
        self._opening: _Opening | None = None

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<{type(self).__qualname__} {self.address or 'default addresses'} {state}>"

    @property
    def address(self) -> str | None:
        """The address in use, or while none is, the one that was given (None: the default addresses)."""
        return self._conversation.address

    @property
    def transport(self) -> Transport | None:
        """The Transport in use, or the one the given address implies; None if unknown."""
        if self.address is None:
            return None
        return Transport.UNIX_SOCKET if self.address.startswith("/") else Transport.COMMAND_PORT

    @property
    def closed(self) -> bool:
        """Whether the connection is not open: before it was entered, or after close()."""
        return self._opening is None

    def fileno(self) -> int:
        """The socket's file descriptor; -1 while there is none, or a call uses it."""
        return self._check_open().conversation.fileno()

    async def open(self) -> None:
        """Open the connection. Raises as get_tracking() does; RuntimeError if it is open already."""
        if self._opening is not None:
            raise RuntimeError("the connection is open already")
        opening = _Opening(self._conversation)
        step = self._conversation.open(self._timeout)
        await _finish(self._conversation, step, opening)
        self._opening = opening

    def close(self) -> None:
        """Close the connection. Closing it twice is fine. Calls that are under way end with a ChronyConnectionError."""
        if self._opening is not None:
            self._opening.close()
            self._opening = None
            self._conversation = _Conversation(self._given)

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

    def _check_open(self) -> _Opening:
        if self._opening is None:
            raise RuntimeError(
                "the connection is not open: use it within an async with statement, or call open() first"
            )
        return self._opening

    async def _call(self, name: str, report: str) -> Any:
        """Wait for this call's turn, then ask by this method of the conversation."""
        opening = self._check_open()
        if opening.loop is not asyncio.get_running_loop():
            raise RuntimeError(
                "the connection was opened in another event loop: open one in this loop"
            )
        waited = await opening.take_turn(self._timeout)
        try:
            step = getattr(opening.conversation, name)(report, self._timeout, waited)
            return await _finish(opening.conversation, step, opening)
        finally:
            opening.pass_turn()

    async def get_report(self, name: str) -> list[dict[str, object]]:
        """As pychrony.get_report()."""
        return cast("list[dict[str, object]]", await self._call("ask_raw", name))


def _function(report: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def get(address: _Address = None, *, timeout: float | None = 3.0) -> Any:
        return await _ask(report, address, timeout)

    return get


def _method(report: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def get(self: ChronyConnection) -> Any:
        return await self._call("ask", report)

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


def _closed() -> ChronyConnectionError:
    return ChronyConnectionError(
        "the connection was closed while this call was under way: another task called close()",
        ErrorCode.CLOSED,
    )


_add_getters()
