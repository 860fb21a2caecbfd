"""pychrony.aio: the same answers and errors as the blocking calls', while the event loop goes on."""

from __future__ import annotations

import asyncio
import errno
import gc
import importlib
import importlib.util
import os
import textwrap
import threading
import time
import warnings
from collections.abc import Coroutine, Iterator
from typing import Any, Callable, TypeVar

import pytest
from support import child
from support.chronyd import Chronyd, free_port
from support.getters import GETTERS
from support.reach import address_of
from support.responder import (
    FAILED,
    INVALID,
    UNAUTHORIZED,
    Request,
    Responder,
    faithful,
    sample,
    silent,
)
from support.waiting import DEADLINE

import pychrony
from pychrony import ErrorCode, aio

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]

# uvloop is tried if its wheel could be installed; if it could not, tools/test says so.
LOOPS = ["asyncio"] + (["uvloop"] if importlib.util.find_spec("uvloop") else [])


@pytest.fixture(scope="module", autouse=True)
def _the_first_loops() -> None:
    """Make each loop once, because uvloop's first loop opens a pipe that stays open."""
    for name in LOOPS:
        loop = importlib.import_module(name).new_event_loop()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Run[Any]]:
    """Runs a coroutine in a loop of its own. The loop's complaints and warnings are errors, and it must end tidily."""
    complaints: list[dict[str, Any]] = []
    before = descriptors()
    loop = importlib.import_module(request.param).new_event_loop()
    loop.set_debug(True)
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield loop.run_until_complete
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        gc.collect()
    assert complaints == []
    assert [str(each.message) for each in warned if each.category is not DeprecationWarning] == []
    assert descriptors() == before


def descriptors() -> set[str]:
    """Our open files: the number of each, and what it is."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
        except FileNotFoundError:
            pass  # the descriptor with which the directory was read
    return found


async def until(what: str, probe: Callable[[], Any]) -> None:
    """Let the loop go on until this is true."""
    end = time.monotonic() + DEADLINE
    while not probe():
        if time.monotonic() > end:
            raise TimeoutError(what)
        await asyncio.sleep(0.005)


async def asked(responder: Responder, number: int = 1) -> None:
    await until("the request has come", lambda: len(responder.requests) >= number)


async def error_of(awaitable: Any) -> Any:
    with pytest.raises(BaseException) as caught:
        await awaitable
    return caught.value


def of_blocking(call: Callable[[], Any]) -> Any:
    with pytest.raises(BaseException) as caught:
        call()
    return caught.value


# The same answers.


@pytest.mark.parametrize("name", GETTERS)
def test_a_report_is_that_of_the_blocking_call(
    run: Run[Any], responder: Responder, name: str
) -> None:
    expected = getattr(pychrony, name)(responder.address)

    async def main() -> None:
        assert await getattr(aio, name)(responder.address) == expected
        async with aio.ChronyConnection(responder.address) as connection:
            for _ in range(2):
                assert await getattr(connection, name)() == expected

    run(main())
    assert responder.client_files() == []


@pytest.mark.parametrize("name", pychrony.supported_reports())
def test_a_raw_report_is_that_of_the_blocking_call(
    run: Run[Any], responder: Responder, name: str
) -> None:
    expected = pychrony.get_report(name, responder.address)

    async def main() -> None:
        assert await aio.get_report(name, responder.address) == expected
        async with aio.ChronyConnection(responder.address) as connection:
            assert await connection.get_report(name) == expected

    run(main())


def test_what_is_not_enabled_is_none_and_an_empty_list_in_the_raw_report(
    run: Run[Any], server: Chronyd, transport: str
) -> None:
    address = address_of(server, transport)

    async def main() -> None:
        assert await aio.get_rtc_data(server.socket) is None
        assert await aio.get_smoothing(address) is None
        assert await aio.get_report("smoothing", address) == []

    run(main())


@pytest.mark.parametrize("name", ["get_tracking", "get_sources", "get_source_stats"])
def test_a_real_chronyd_answers(run: Run[Any], client: Chronyd, transport: str, name: str) -> None:
    address = address_of(client, transport)
    expected = type(getattr(pychrony, name)(address))
    assert type(run(getattr(aio, name)(address))) is expected
    assert client.client_files() == []


def test_lists_are_whole_and_read_again_when_they_change(
    run: Run[Any], responder: Responder
) -> None:
    for report in ["sources", "sourcestats", "selectdata", "authdata", "ntpdata"]:
        record = sample(report)
        key = "remote address" if report == "ntpdata" else "address"
        responder.reports[report] = [
            record if report == "authdata" else {**record, key: f"192.0.2.{index}"}
            for index in range(1, 21)
        ]

    def behaviour(request: Request) -> list[bytes]:
        answer = request.answer()
        if request.number == 5:
            for records in responder.reports.values():
                if len(records) == 20:
                    del records[7]
        return [answer]

    responder.behaviour = behaviour
    sources = run(aio.get_ntp_data(responder.address))
    left = [f"192.0.2.{index}" for index in range(1, 21) if index != 8]
    assert [source.address for source in sources] == left


def test_the_variable_names_the_address_where_none_is_given(
    run: Run[Any], server: Chronyd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYCHRONY_ADDRESS", server.socket)
    assert run(aio.get_tracking()).stratum == 8


# The same errors.

STATUSES = [UNAUTHORIZED, INVALID, FAILED]


@pytest.mark.parametrize("status", STATUSES)
def test_an_error_is_that_of_the_blocking_call(
    run: Run[Any], responder: Responder, status: int
) -> None:
    responder.behaviour = lambda request: [request.answer(status=status)]
    expected = of_blocking(lambda: pychrony.get_tracking(responder.address))
    error = run(error_of(aio.get_tracking(responder.address)))
    assert (type(error), str(error)) == (type(expected), str(expected))
    assert (error.error_code, error.errno) == (expected.error_code, expected.errno)


@pytest.mark.parametrize("address", ["/nowhere/chronyd.sock", "127.0.0.1:{port}", "[::1]:{port}"])
def test_an_absent_chronyd_is_the_same_error(run: Run[Any], address: str) -> None:
    address = address.replace("{port}", str(free_port()))
    expected = of_blocking(lambda: pychrony.get_tracking(address))
    error = run(error_of(aio.get_tracking(address)))
    assert type(error) is pychrony.ChronyConnectionError
    assert str(error) == str(expected)
    assert error.errno in (errno.ENOENT, errno.ECONNREFUSED)


def test_a_value_out_of_range_is_the_same_error(run: Run[Any], responder: Responder) -> None:
    responder.reports["sources"][0]["reachability"] = 256
    expected = of_blocking(lambda: pychrony.get_sources(responder.address))
    error = run(error_of(aio.get_sources(responder.address)))
    assert type(error) is pychrony.ChronyDataError
    assert str(error) == str(expected)


@pytest.mark.parametrize("address", ["ntp.example.com", "127.0.0.1:0", ""])
def test_a_malformed_address_is_a_value_error(run: Run[Any], address: str) -> None:
    assert type(run(error_of(aio.get_tracking(address)))) is ValueError
    with pytest.raises(ValueError):
        aio.ChronyConnection(address)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_an_invalid_timeout_is_a_value_error(run: Run[Any], timeout: float) -> None:
    assert type(run(error_of(aio.get_tracking("127.0.0.1:9", timeout=timeout)))) is ValueError
    with pytest.raises(ValueError):
        aio.ChronyConnection(timeout=timeout)


def test_a_name_of_no_report_is_a_value_error(run: Run[Any], responder: Responder) -> None:
    error = run(error_of(aio.get_report("nothing", responder.address)))
    assert type(error) is ValueError
    assert responder.requests == []


# Cancelled, or too late.


async def sockets_of(responder: Responder, before: set[str]) -> list[int]:
    """The sockets that a call has opened since, by their numbers."""
    await asked(responder)
    return [int(each.split()[0]) for each in descriptors() - before if "socket:" in each]


def assert_nothing_left(responder: Responder, before: set[str], sockets: list[int]) -> None:
    loop = asyncio.get_running_loop()
    assert sockets
    assert descriptors() == before
    assert responder.client_files() == []
    for each in sockets:
        assert not loop.remove_reader(each)
        assert not loop.remove_writer(each)


@pytest.mark.parametrize("name", ["get_tracking", "get_ntp_data"])
def test_a_cancelled_call_ends_at_once_and_leaves_nothing_behind(
    run: Run[Any], responder: Responder, name: str
) -> None:
    responder.behaviour = silent

    async def main() -> None:
        before = descriptors()
        call = asyncio.ensure_future(getattr(aio, name)(responder.address, timeout=None))
        sockets = await sockets_of(responder, before)
        call.cancel()
        assert type(await error_of(call)) is asyncio.CancelledError
        assert_nothing_left(responder, before, sockets)

    run(main())


def test_a_call_that_is_cancelled_before_it_has_begun_sends_no_request(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        call = asyncio.ensure_future(aio.get_tracking(responder.address))
        call.cancel()
        assert type(await error_of(call)) is asyncio.CancelledError

    run(main())
    assert responder.requests == []


def test_asyncios_own_timeout_ends_a_call(run: Run[Any], responder: Responder) -> None:
    responder.behaviour = silent

    async def main() -> None:
        call = aio.get_tracking(responder.address, timeout=None)
        error = await error_of(asyncio.wait_for(call, 0.1))
        assert type(error) is asyncio.TimeoutError
        assert responder.client_files() == []

    run(main())


def test_a_silent_daemon_is_a_timeout_that_leaves_nothing_behind(
    run: Run[Any], responder: Responder
) -> None:
    responder.behaviour = silent
    expected = of_blocking(lambda: pychrony.get_tracking(responder.address, timeout=0.2))
    responder.requests.clear()

    async def main() -> None:
        before = descriptors()
        call = asyncio.ensure_future(aio.get_tracking(responder.address, timeout=0.2))
        sockets = await sockets_of(responder, before)
        error = await error_of(call)
        assert type(error) is pychrony.ChronyTimeoutError
        assert (str(error), error.error_code) == (str(expected), ErrorCode.TIMEOUT)
        assert_nothing_left(responder, before, sockets)

    run(main())


def test_a_stopped_chronyd_whose_queue_is_full_times_out_too(
    run: Run[Any], stopped: Chronyd
) -> None:
    """In this case the sending waits."""

    async def main() -> None:
        for _ in range(3):
            calls = [aio.get_tracking(stopped.socket, timeout=0.3) for _ in range(20)]
            errors = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(error) for error in errors} == {pychrony.ChronyTimeoutError}

    run(main())
    assert stopped.client_files() == []


def test_on_udp_a_lost_request_is_sent_again(run: Run[Any]) -> None:
    with Responder(lambda request: [] if request.number == 0 else [request.answer()]) as responder:
        assert run(aio.get_tracking(responder.address)).stratum == 3
        assert len(responder.requests) == 2


# Many at once.


def test_two_hundred_hosts_are_asked_at_the_same_time(run: Run[Any], transport: str) -> None:
    """None is answered before all have been asked."""
    held: list[Request] = []
    seen: set[object] = set()

    def when_all_are_here(request: Request) -> list[bytes]:
        held.append(request)
        seen.add(request.peer)
        if len(seen) == 200:
            while held:
                each = held.pop()
                responder.send(each.answer(), each.peer)
        return []

    async def main() -> list[pychrony.TrackingStatus]:
        # A Unix socket holds few requests, so the sending waits as well as the receiving.
        calls = [aio.get_tracking(responder.address, timeout=DEADLINE) for _ in range(200)]
        return await asyncio.gather(*calls)

    with Responder(when_all_are_here, transport=transport) as responder:
        threads = threading.active_count()
        assert {status.stratum for status in run(main())} == {3}
        assert threading.active_count() == threads, "no thread is used"
        assert responder.client_files() == []


def test_two_hundred_silent_hosts_time_out_together(run: Run[Any], transport: str) -> None:
    """They all wait at the same time: the last is asked before the first is given up."""
    begun: list[float] = []
    ended: list[float] = []

    async def ask(responder: Responder) -> Any:
        begun.append(time.monotonic())
        error = await error_of(aio.get_tracking(responder.address, timeout=2.0))
        ended.append(time.monotonic())
        return error

    async def main(responder: Responder) -> list[Any]:
        return await asyncio.gather(*(ask(responder) for _ in range(200)))

    with Responder(silent, transport=transport) as responder:
        errors = run(main(responder))
        assert {type(error) for error in errors} == {pychrony.ChronyTimeoutError}
        assert max(begun) < min(ended)
        assert responder.client_files() == []


def test_the_loop_goes_on_while_a_call_waits(run: Run[Any], responder: Responder) -> None:
    """The answer is given only after another task has done its work."""
    go = threading.Event()

    def when_told(request: Request) -> list[bytes]:
        go.wait(DEADLINE)
        return [request.answer()]

    async def work() -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        go.set()

    async def main() -> None:
        status, _ = await asyncio.gather(aio.get_tracking(responder.address), work())
        assert status.stratum == 3

    responder.behaviour = when_told
    run(main())


# A connection.


class Gate:
    """Holds a responder's answers back until it is opened. The order of the requests is kept."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self.held: list[Request] = []
        responder.behaviour = self._hold

    def _hold(self, request: Request) -> list[bytes]:
        self.held.append(request)
        return []

    def open(self) -> None:
        self.responder.behaviour = faithful
        for request in self.held:
            self.responder.send(request.answer(), request.peer)


def test_a_connection_has_the_attributes_of_the_blocking_one(
    run: Run[Any], responder: Responder, transport: str
) -> None:
    async def main() -> None:
        connection = aio.ChronyConnection(responder.address)
        kinds = {"unix": pychrony.Transport.UNIX_SOCKET, "udp": pychrony.Transport.COMMAND_PORT}
        assert not connection.closed
        assert connection.fileno() == -1
        assert responder.address in repr(connection)
        for _ in range(2):
            async with connection as entered:
                assert entered is connection
                assert not connection.closed
                assert connection.address == responder.address
                assert connection.transport is kinds[transport]
                assert connection.fileno() >= 0
                assert "closed" not in repr(connection)
                number = connection.fileno()
                await connection.open()
                assert connection.fileno() == number
                assert (await connection.get_tracking()).stratum == 3
            assert connection.closed and "closed" in repr(connection)
            connection.close()
            error = await error_of(connection.get_tracking())
            assert type(error) is pychrony.ChronyConnectionError
            assert error.error_code is ErrorCode.CLOSED
            with pytest.raises(pychrony.ChronyConnectionError, match="closed"):
                connection.fileno()

    run(main())
    assert responder.client_files() == []


def test_a_connection_opens_no_second_socket(run: Run[Any], responder: Responder) -> None:
    async def main() -> None:
        async with aio.ChronyConnection(responder.address) as connection:
            for _ in range(10):
                await connection.get_tracking()

    run(main())
    assert len({request.peer for request in responder.requests}) == 1


def test_tasks_that_share_a_connection_ask_one_at_a_time_in_the_order_they_came(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        gate = Gate(responder)
        order: list[int] = []

        async def ask(index: int) -> None:
            name = GETTERS[index % len(GETTERS)]
            assert await getattr(connection, name)() == expected[name]
            order.append(index)

        async with aio.ChronyConnection(responder.address, timeout=DEADLINE) as connection:
            calls = [asyncio.ensure_future(ask(index)) for index in range(30)]
            await asked(responder)
            assert len(gate.held) == 1, "the others wait for the lock"
            gate.open()
            await asyncio.gather(*calls)
        assert order == [*range(30)]

    expected = {name: getattr(pychrony, name)(responder.address) for name in GETTERS}
    responder.requests.clear()
    run(main())


def test_a_task_with_many_requests_does_not_keep_others_waiting(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        counts = [0, 0, 0]
        ended = False

        async def ask(index: int) -> None:
            while not ended:
                await connection.get_tracking()
                counts[index] += 1

        async with aio.ChronyConnection(responder.address, timeout=DEADLINE) as connection:
            calls = [asyncio.ensure_future(ask(index)) for index in range(3)]
            await until("each has asked ten times", lambda: min(counts) >= 10)
            ended = True
            await asyncio.gather(*calls)
        assert max(counts) - min(counts) <= 1

    run(main())


def test_a_call_that_is_cancelled_gives_the_lock_to_the_next(
    run: Run[Any], responder: Responder
) -> None:
    """A late answer to the first call is never taken for the second's, because that has a socket of its own."""

    async def main() -> None:
        gate = Gate(responder)
        async with aio.ChronyConnection(responder.address, timeout=DEADLINE) as connection:
            first = asyncio.ensure_future(connection.get_tracking())
            second = asyncio.ensure_future(connection.get_activity())
            await asked(responder)
            first.cancel()
            assert type(await error_of(first)) is asyncio.CancelledError
            await asked(responder, 2)
            gate.open()
            assert (await second).online == 3
            assert gate.held[0].peer != gate.held[1].peer

    run(main())
    assert responder.client_files() == []


def test_a_task_cancelled_while_waiting_for_the_lock_does_not_delay_others(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        gate = Gate(responder)
        async with aio.ChronyConnection(responder.address, timeout=DEADLINE) as connection:
            calls = [asyncio.ensure_future(connection.get_tracking()) for _ in range(4)]
            await asked(responder)
            calls[1].cancel()
            assert type(await error_of(calls[1])) is asyncio.CancelledError
            calls[2].cancel()
            gate.open()
            assert (await calls[0]).stratum == 3
            assert (await calls[3]).stratum == 3
            assert type(await error_of(calls[2])) is asyncio.CancelledError

    run(main())


def test_a_lock_that_comes_with_the_cancellation_is_passed_on(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        gate = Gate(responder)
        async with aio.ChronyConnection(responder.address, timeout=DEADLINE) as connection:
            first = asyncio.ensure_future(connection.get_tracking())
            await asked(responder)
            second = asyncio.ensure_future(connection.get_tracking())
            third = asyncio.ensure_future(connection.get_tracking())
            first.add_done_callback(lambda _: second.cancel())
            gate.open()
            assert (await first).stratum == 3
            assert (await third).stratum == 3
            await asyncio.gather(second, return_exceptions=True)
            assert (await connection.get_tracking()).stratum == 3

    run(main())


def test_a_call_that_never_begins_is_a_timeout_with_that_reason(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        Gate(responder)
        async with aio.ChronyConnection(responder.address, timeout=0.5) as connection:
            calls = [asyncio.ensure_future(connection.get_tracking()) for _ in range(3)]
            await asked(responder)
            # The loop is held up until all three are late, so that no call releases the lock in time.
            time.sleep(0.6)
            errors = [await error_of(call) for call in calls]
            assert {type(error) for error in errors} == {pychrony.ChronyTimeoutError}
            assert "did not respond" in str(errors[0])
            assert all("another task" in str(error) for error in errors[1:])
            responder.behaviour = faithful
            assert (await connection.get_tracking()).stratum == 3

    run(main())
    assert responder.client_files() == []


def test_a_call_that_got_the_lock_late_names_its_whole_timeout(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        gate = Gate(responder)
        async with aio.ChronyConnection(responder.address, timeout=0.5) as connection:
            first, second = (asyncio.ensure_future(connection.get_tracking()) for _ in range(2))
            await asked(responder)
            time.sleep(0.2)  # the second call waits for the lock meanwhile
            gate.open()
            responder.behaviour = silent
            assert (await first).stratum == 3
            error = await error_of(second)
            assert type(error) is pychrony.ChronyTimeoutError
            assert "did not respond" in str(error)
            assert "within 0.5 s" in str(error)

    run(main())


@pytest.mark.parametrize("status", STATUSES)
def test_after_an_error_a_connection_is_usable(
    run: Run[Any], responder: Responder, status: int
) -> None:
    async def main() -> None:
        async with aio.ChronyConnection(responder.address) as connection:
            responder.behaviour = lambda request: [request.answer(status=status)]
            assert isinstance(await error_of(connection.get_tracking()), pychrony.ChronyError)
            responder.behaviour = faithful
            assert (await connection.get_tracking()).stratum == 3

    run(main())


def test_a_restarted_chronyd_is_asked_again_on_the_same_connection(
    run: Run[Any], transport: str
) -> None:
    async def main() -> None:
        address = address_of(daemon, transport)
        async with aio.ChronyConnection(address) as connection:
            assert (await connection.get_tracking()).stratum == 8
            daemon.restart()
            assert (await connection.get_tracking()).stratum == 8

    with Chronyd(["local stratum 8"]) as daemon:
        run(main())


def test_a_call_without_timeout_goes_on_after_chronyd_was_stopped_killed_and_started(
    run: Run[Any],
) -> None:
    async def main() -> int:
        call = asyncio.ensure_future(aio.get_tracking(old.socket, timeout=None))
        await until("the call has begun", old.client_files)
        os.rename(new.socket, old.socket)
        old.kill()
        return (await call).stratum

    with Chronyd(["local stratum 8"]) as old, Chronyd(["local stratum 8"]) as new:
        old.stop()
        assert run(main()) == 8


def test_close_ends_the_call_that_is_under_way_and_those_that_wait(
    run: Run[Any], responder: Responder
) -> None:
    async def main() -> None:
        Gate(responder)
        async with aio.ChronyConnection(responder.address, timeout=None) as connection:
            calls = [asyncio.ensure_future(connection.get_tracking()) for _ in range(4)]
            await asked(responder)
            connection.close()
            for call in calls:
                error = await error_of(call)
                assert type(error) is pychrony.ChronyConnectionError
                assert error.error_code is ErrorCode.CLOSED
                assert "closed" in error.message
            assert connection.closed
            assert responder.client_files() == []
            responder.behaviour = faithful
            await connection.open()
            assert (await connection.get_tracking()).stratum == 3

    run(main())
    assert responder.client_files() == []


# Loops.


def test_a_connection_opens_by_itself_in_each_loop(run: Run[Any], responder: Responder) -> None:
    before = descriptors()
    connection = aio.ChronyConnection(responder.address)

    async def ask() -> int:
        return (await connection.get_tracking()).stratum

    assert [asyncio.run(ask()), run(ask()), asyncio.run(ask())] == [3, 3, 3]
    assert connection.fileno() >= 0
    connection.close()
    assert responder.client_files() == []
    assert descriptors() == before


def test_a_connection_opens_by_itself_once_chronyd_is_there(run: Run[Any]) -> None:
    async def main() -> None:
        connection = aio.ChronyConnection(daemon.socket)
        for _ in range(2):
            error = await error_of(connection.get_tracking())
            assert type(error) is pychrony.ChronyConnectionError
        assert type(await error_of(connection.open())) is pychrony.ChronyConnectionError
        daemon.restart()
        assert (await connection.get_tracking()).stratum == 8
        connection.close()

    with Chronyd(["local stratum 8"]) as daemon:
        daemon.terminate()
        run(main())
        assert daemon.client_files() == []


def test_a_loop_cannot_use_a_connection_in_the_middle_of_another_loops_call(
    run: Run[Any], responder: Responder
) -> None:
    connection = aio.ChronyConnection(responder.address, timeout=DEADLINE)

    async def main() -> None:
        gate = Gate(responder)
        call = asyncio.ensure_future(connection.get_tracking())
        await asked(responder)
        other = asyncio.get_running_loop().run_in_executor(
            None, lambda: asyncio.run(error_of(connection.get_tracking()))
        )
        error = await other
        assert type(error) is pychrony.ChronyConnectionError
        assert error.error_code is ErrorCode.BUSY
        assert "another event loop" in str(error)
        gate.open()
        assert (await call).stratum == 3

    run(main())
    connection.close()
    assert responder.client_files() == []


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_that_is_closed_in_mid_call_leaves_no_socket(transport: str, name: str) -> None:
    """Nobody cancelled the task, so Python complains about it, but nothing else happens."""
    with Responder(silent, transport=transport) as responder:
        before = descriptors()
        loop = importlib.import_module(name).new_event_loop()
        loop.set_exception_handler(lambda *_: None)
        connection = aio.ChronyConnection(responder.address, timeout=None)
        loop.run_until_complete(connection.open())
        calls = [
            loop.create_task(connection.get_tracking()),
            loop.create_task(aio.get_tracking(responder.address, timeout=None)),
        ]
        loop.run_until_complete(asked(responder, 2))
        loop.close()
        del calls
        gc.collect()
        connection.close()
        del connection
        gc.collect()
        assert descriptors() == before
        assert responder.client_files() == []


def test_a_connection_whose_loop_was_closed_in_mid_call_opens_in_another_loop(
    transport: str,
) -> None:
    """The unfinished task still exists, but it neither keeps the lock nor ends the next call."""
    with Responder(transport=transport) as responder:
        connection = aio.ChronyConnection(responder.address, timeout=DEADLINE)

        async def leave() -> asyncio.Task[Any]:
            await connection.open()
            task = asyncio.ensure_future(connection.get_tracking())
            await asyncio.sleep(0)
            return task

        loop = asyncio.new_event_loop()
        responder.behaviour = silent
        task = loop.run_until_complete(leave())
        loop.close()
        connection.close()
        responder.behaviour = faithful

        async def ask_again() -> int:
            async with connection:
                return (await connection.get_tracking()).stratum

        assert asyncio.run(ask_again()) == 3
        # Close the coroutine, as happens when a task is dropped, but without asyncio's complaint about that.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        coroutine = task.get_coro()
        assert coroutine is not None
        coroutine.close()
        assert responder.client_files() == []


def test_a_connection_that_is_closed_as_the_response_comes_sends_no_further_request(
    run: Run[Any], responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call has been woken, but has not gone on yet."""
    connection = aio.ChronyConnection(responder.address, timeout=None)
    wake = aio._wake

    def wake_and_close(*arguments: Any) -> None:
        wake(*arguments)
        connection.close()

    async def ask() -> None:
        await connection.open()
        monkeypatch.setattr(aio, "_wake", wake_and_close)
        with pytest.raises(pychrony.ChronyConnectionError, match="closed"):
            await connection.get_sources()

    run(ask())
    assert len(responder.requests) == 1


def test_without_a_running_loop_a_call_is_a_runtime_error(responder: Responder) -> None:
    call = aio.get_tracking(responder.address)
    with pytest.raises(RuntimeError):
        call.send(None)
    assert responder.client_files() == []


FORKED = """
import asyncio, json, os, signal, sys, warnings
from pychrony import aio

warnings.filterwarnings("error", category=ResourceWarning)
signal.alarm(100)

def in_child(work):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = repr(work())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said
"""


def test_after_a_fork_in_mid_call_the_parent_goes_on_and_the_child_asks_for_itself(
    server: Chronyd, transport: str
) -> None:
    with Responder(transport=transport) as responder:
        gate = Gate(responder)
        process = child.start(
            f"HELD, OTHER = {responder.address!r}, {address_of(server, transport)!r}"
            + FORKED
            + textwrap.dedent("""
            def work():
                async def theirs():
                    try:
                        return (await connection.get_tracking()).stratum
                    finally:
                        connection.close()
                async def own():
                    return (await aio.get_tracking(OTHER)).stratum
                return asyncio.run(theirs()), asyncio.run(own())

            async def main():
                global connection
                async with aio.ChronyConnection(HELD, timeout=100) as connection:
                    call = asyncio.ensure_future(connection.get_tracking())
                    print("begun", flush=True)
                    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
                    print(in_child(work), flush=True)
                    print((await call).stratum)
                    print((await connection.get_tracking()).stratum)

            asyncio.run(main())
            """)
        )
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        responder.wait_for_requests()
        process.stdin.write("\n")
        process.stdin.flush()
        responder.wait_for_requests(2)
        gate.open()
        out, err = process.communicate(timeout=DEADLINE)
    assert (out, process.returncode) == ("(3, 8)\n3\n3\n", 0), err
    assert "ResourceWarning" not in err


def test_the_functions_are_those_of_the_module() -> None:
    names = {*GETTERS, "get_report", "check_health", "ChronyConnection", "IntervalClock"}
    assert set(aio.__all__) == names
    for name in names:
        assert getattr(aio, name).__doc__
    connections = {name for name in vars(aio.ChronyConnection) if not name.startswith("_")}
    assert {name for name in dir(pychrony.ChronyConnection) if name[0] != "_"} == connections
