"""One connection in many threads: one call at a time is under way, each with the response to its own request."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from support import child
from support.chronyd import Chronyd
from support.reach import address_of
from support.responder import Request, Responder, faithful, sample, silent
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony import ChronyConnection, ErrorCode

THREADS = 8


def in_threads(
    work: Callable[[int], None], number: int = THREADS, *, begin: bool = True
) -> list[BaseException]:
    """Do the work in so many threads at once; returns what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(number)

    def run(index: int) -> None:
        try:
            if begin:
                start.wait(DEADLINE)
            work(index)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * DEADLINE)
        assert not thread.is_alive(), "a call hangs"
    return raised


# Whole answers.


def numbered(request: Request) -> list[bytes]:
    """Each answer has a number of its own, which is in every field."""
    number = request.number
    if request.report == "tracking":
        return [
            request.answer(
                {
                    "reference ID": number,
                    "reference time": (number, number),
                    "last offset": float(number),
                    "last update interval": float(number),
                }
            )
        ]
    if request.report == "activity":
        return [
            request.answer(
                {
                    name: number
                    for name in ["online sources", "offline sources", "unresolved sources"]
                }
            )
        ]
    if request.report == "sources":
        return [
            request.answer(
                {
                    "last sample ago": number,
                    "original last sample offset": float(number),
                    "last sample error": float(number),
                }
            )
        ]
    return [request.answer()]


def test_eight_threads_on_one_connection_get_whole_answers(transport: str) -> None:
    """In thousands of calls, none gets an answer that was meant for another."""
    seen: list[int] = []
    sources = [sample("sources", address=f"192.0.2.{number}") for number in range(1, 4)]

    def work(index: int) -> None:
        for round_ in range(400):
            if (index + round_) % 3 == 0:
                tracking = connection.get_tracking()
                number = tracking.reference_id
                assert tracking.ref_time_ns == number * 1_000_000_001
                assert tracking.last_offset == tracking.update_interval == number
                seen.append(number)
            elif (index + round_) % 3 == 1:
                activity = connection.get_activity()
                assert activity.online == activity.offline == activity.unresolved
                seen.append(activity.online)
            else:
                listed = connection.get_sources()
                assert [source.address for source in listed] == [
                    "192.0.2.1",
                    "192.0.2.2",
                    "192.0.2.3",
                ]
                for source in listed:
                    assert source.orig_latest_meas == source.latest_meas_err
                    assert source.last_sample_ago == source.orig_latest_meas
                    seen.append(int(source.latest_meas_err))

    with (
        Responder(numbered, transport=transport, reports={"sources": sources}) as responder,
        ChronyConnection(responder.address, timeout=DEADLINE) as connection,
    ):
        assert in_threads(work) == []
        assert len({request.peer for request in responder.requests}) == 1
        assert responder.failure is None
    assert len(seen) == len(set(seen)) > THREADS * 400


def test_eight_threads_on_one_connection_to_a_real_chronyd(client: Chronyd, transport: str) -> None:
    def work(index: int) -> None:
        for round_ in range(250):
            if (index + round_) % 4 == 0:
                tracking = connection.get_tracking()
                assert (tracking.stratum, tracking.reference_ip) == (9, "127.0.0.1")
            elif (index + round_) % 4 == 1:
                (source,) = connection.get_sources()
                assert (source.address, source.stratum, source.poll) == ("127.0.0.1", 8, -2)
            elif (index + round_) % 4 == 2:
                (stats,) = connection.get_source_stats()
                assert (stats.reference_id, stats.address) == (0x7F000001, "127.0.0.1")
            else:
                assert connection.get_activity() == (1, 0, 0, 0, 0)

    with ChronyConnection(address_of(client, transport), timeout=DEADLINE) as connection:
        assert in_threads(work) == []
    assert client.client_files() == []


def test_the_functions_in_eight_threads_share_nothing(client: Chronyd, client6: Chronyd) -> None:
    """But all addresses go through libchrony's one static buffer."""
    daemons = [(client, "127.0.0.1"), (client6, "::1")]

    def work(index: int) -> None:
        daemon, address = daemons[index % 2]
        for _ in range(100):
            assert pychrony.get_tracking(daemon.socket).reference_ip == address
            (source,) = pychrony.get_sources(daemon.udp)
            assert source.address == address

    assert in_threads(work) == []
    assert client.client_files() == client6.client_files() == []


def test_an_error_in_one_thread_is_that_threads_alone(responder: Responder) -> None:
    """Every call of half the threads is answered with an impossible value."""
    responder.reports["activity"][0]["online sources"] = 3
    responder.reports["tracking"][0]["stratum"] = 99

    def work(index: int) -> None:
        for _ in range(100):
            if index % 2:
                assert connection.get_activity().online == 3
            else:
                with pytest.raises(pychrony.ChronyDataError, match="stratum"):
                    connection.get_tracking()

    with ChronyConnection(responder.address, timeout=DEADLINE) as connection:
        assert in_threads(work) == []
    assert responder.client_files() == []


@pytest.mark.parametrize("attempt", range(10))
def test_opened_in_many_threads_at_once_it_is_opened_once(
    responder: Responder, attempt: int
) -> None:
    sockets: set[int] = set()
    connection = ChronyConnection(responder.address, timeout=DEADLINE)

    def work(index: int) -> None:
        connection.open()
        sockets.add(connection.fileno())

    assert in_threads(work) == []
    assert len(sockets - {-1}) == 1  # -1: another thread's call had it
    assert connection.get_tracking().stratum == 3
    connection.close()
    assert responder.client_files() == []


def test_closing_and_entering_while_others_ask_causes_nothing_worse_than_errors(
    responder: Responder,
) -> None:
    connection = ChronyConnection(responder.address, timeout=DEADLINE)
    ended = threading.Event()
    answers: list[int] = []

    def work(index: int) -> None:
        if index == 0:
            for _ in range(40):
                try:
                    with connection:
                        for _ in range(5):
                            answers.append(connection.get_tracking().stratum)
                except pychrony.ChronyConnectionError:
                    pass  # another thread closed it
            ended.set()
            return
        while not ended.is_set():
            try:
                answers.append(connection.get_tracking().stratum)
            except RuntimeError:
                pass
            except pychrony.ChronyConnectionError as error:
                assert_says_closed(error)

    assert in_threads(work) == []
    assert set(answers) == {3}
    connection.close()
    wait_for("nothing is left", lambda: connection.closed and responder.client_files() == [])


# While another thread is in a call.


class Held:
    """A connection on which another thread is in a call, until it is let go."""

    def __init__(self, transport: str, timeout: float | None = DEADLINE) -> None:
        self.go = threading.Event()
        self.answers: list[Any] = []
        self.responder = Responder(self._when_told, transport=transport)
        self.timeout = timeout

    def _when_told(self, request: Request) -> list[bytes]:
        self.go.wait(DEADLINE)
        return [request.answer()]

    def _ask(self) -> None:
        try:
            self.answers.append(self.connection.get_tracking().stratum)
        except BaseException as error:
            self.answers.append(error)

    def start(self) -> None:
        self.responder.__enter__()
        self.connection = ChronyConnection(self.responder.address, timeout=self.timeout).__enter__()
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()
        # While a call has the session, nobody else can see its descriptor.
        wait_for("the call is under way", lambda: self.connection.fileno() == -1)

    def end(self) -> None:
        self.let_go()
        self.connection.close()
        self.responder.__exit__(None, None, None)

    def let_go(self) -> None:
        self.go.set()
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()


@contextlib.contextmanager
def holding(transport: str, timeout: float | None = DEADLINE) -> Iterator[Held]:
    made = Held(transport, timeout)
    made.start()
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def held(transport: str) -> Iterator[Held]:
    with holding(transport) as made:
        yield made


def test_its_attributes_wait_for_no_call(held: Held) -> None:
    assert held.connection.closed is False
    assert held.connection.address == held.responder.address
    assert isinstance(held.connection.transport, pychrony.Transport)
    assert held.connection.fileno() == -1
    held.let_go()
    assert held.answers == [3]
    assert held.connection.fileno() >= 0


def assert_says_closed(error: Any) -> None:
    assert type(error) is pychrony.ChronyConnectionError
    assert error.error_code is pychrony.ErrorCode.CLOSED
    assert "closed" in error.message


def test_the_error_of_a_call_that_close_ends_names_the_reason(transport: str) -> None:
    """chronyd says nothing, and the call has no timeout, so only close() can end it."""
    with holding(transport, timeout=None) as held:
        held.connection.close()
        assert held.connection.closed
        held.thread.join(DEADLINE)
        assert not held.thread.is_alive()
        (error,) = held.answers
        assert_says_closed(error)
        for use in [held.connection.get_tracking, held.connection.fileno]:
            with pytest.raises(pychrony.ChronyConnectionError, match="closed"):
                use()
        held.connection.close()
        assert held.responder.client_files() == []


def test_closing_ends_the_calls_that_wait_for_another_one(transport: str) -> None:
    begun = threading.Semaphore(0)
    raised: list[Any] = []

    def ask() -> None:
        begun.release()
        with pytest.raises(pychrony.ChronyConnectionError) as caught:
            held.connection.get_tracking()
        raised.append(caught.value)

    with holding(transport, timeout=None) as held:
        threads = [threading.Thread(target=ask) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for _ in threads:
            begun.acquire()
        wait_for("all wait in the call", lambda: waits_in_the_kernel(threads))
        held.connection.close()
        for thread in [*threads, held.thread]:
            thread.join(DEADLINE)
        for error in [*raised, *held.answers]:
            assert_says_closed(error)
        assert len(raised) == THREADS
        assert held.responder.client_files() == []


def waits_in_the_kernel(threads: list[threading.Thread]) -> bool:
    """Whether each of them sleeps: a thread that has begun to ask sleeps nowhere but in the call."""
    stats = [Path(f"/proc/self/task/{thread.native_id}/stat").read_text() for thread in threads]
    return all(stat.rpartition(")")[2].split()[0] == "S" for stat in stats)


def test_after_close_it_can_be_entered_again_once_the_call_has_ended(held: Held) -> None:
    held.connection.close()
    held.let_go()
    with held.connection:
        assert held.connection.get_tracking().stratum == 3


def test_a_call_begins_when_the_one_before_it_has_ended(held: Held) -> None:
    seen: list[int] = []

    def work(index: int) -> None:
        if index == 0:
            held.go.set()
        else:
            seen.append(held.connection.get_tracking().stratum)

    assert in_threads(work) == []
    assert seen == [3] * (THREADS - 1)


def test_the_last_reference_dropped_by_the_call_itself_closes_it(transport: str) -> None:
    """The thread in the call holds the only reference left to the connection."""
    with holding(transport) as held:
        held.connection = ChronyConnection("127.0.0.1:9")
        with pytest.warns(ResourceWarning):
            held.let_go()
        assert held.responder.client_files() == []
    assert held.answers == [3]


# Timeouts.


def test_calls_that_wait_for_another_one_time_out_too(stopped: Chronyd, transport: str) -> None:
    """One thread is in the call and waits for chronyd, the others wait for that thread, and all of them in vain."""

    def work(index: int) -> None:
        started = time.monotonic()
        with pytest.raises(pychrony.ChronyTimeoutError) as caught:
            connection.get_tracking()
        assert time.monotonic() - started >= 0.3
        assert caught.value.error_code is ErrorCode.TIMEOUT
        assert isinstance(caught.value, TimeoutError)
        assert "0.3 s" in caught.value.message

    with ChronyConnection(address_of(stopped, transport), timeout=0.3) as connection:
        assert in_threads(work) == []
        stopped.cont()
        wait_for("chronyd goes on", lambda: stopped.chronyc("activity"))
        assert connection.get_tracking().stratum == 8
    assert stopped.client_files() == []


# What a signal (SIGUSR1) makes the thread do that handles signals.
todo: list[Callable[[], None]] = []


@pytest.fixture
def handled() -> Iterator[list[Callable[[], None]]]:
    """A list of functions: what is put into it is called by the handler of the next signal."""

    def handler(number: int, frame: Any) -> None:
        while todo:
            todo.pop(0)()

    before = signal.signal(signal.SIGUSR1, handler)
    yield todo
    signal.signal(signal.SIGUSR1, before)
    todo.clear()


def interrupt() -> None:
    """Send signals to the thread that handles them until it has handled one: a signal may come just before it waits."""
    while todo:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        threading.Event().wait(0.01)


def signalling(request: Request) -> list[bytes]:
    """The first request is not answered, but sends a signal."""
    if request.number == 0:
        interrupt()
        return []
    return [request.answer()]


def test_a_call_that_never_begins_is_a_timeout_with_that_reason(
    transport: str, handled: list[Callable[[], None]]
) -> None:
    """A signal handler holds up the call under way for longer than the other threads wait."""
    told: list[BaseException] = []

    def wait_in_vain() -> None:
        def work(index: int) -> None:
            with pytest.raises(pychrony.ChronyTimeoutError) as caught:
                connection.get_tracking()
            told.append(caught.value)

        told.extend(in_threads(work, 2))
        responder.behaviour = lambda request: [request.answer()]

    handled.append(wait_in_vain)
    with (
        Responder(signalling, transport=transport) as responder,
        ChronyConnection(responder.address, timeout=0.3) as connection,
    ):
        with pytest.raises(pychrony.ChronyTimeoutError):
            connection.get_tracking()
        assert [type(error) for error in told] == [pychrony.ChronyTimeoutError] * 2
        for error in told:
            assert isinstance(error, pychrony.ChronyError)
            assert error.error_code is ErrorCode.TIMEOUT
            assert "another thread" in error.message
            assert "0.3 s" in error.message
        assert len(responder.requests) == 1
        assert connection.get_tracking().stratum == 3


def test_ctrl_c_ends_the_wait_for_another_call(handled: list[Callable[[], None]]) -> None:
    """This thread waits for another one's call when a signal's handler raises."""

    class Alarm(Exception):
        pass

    def ring() -> None:
        raise Alarm

    with holding("udp") as held:
        handled.append(ring)
        timer = threading.Timer(0.2, interrupt)
        timer.start()
        with pytest.raises(Alarm):
            held.connection.get_tracking()
        timer.join()
        held.let_go()
        assert held.answers == [3]
        assert held.connection.get_tracking().stratum == 3


def test_a_signal_handler_cannot_use_the_connection_in_whose_call_it_runs(
    transport: str, handled: list[Callable[[], None]]
) -> None:
    told: list[Any] = []

    def ask_again() -> None:
        with pytest.raises(pychrony.ChronyConnectionError, match="signal handler") as caught:
            connection.get_activity()
        told.append(caught.value.error_code)
        told.append(pychrony.get_tracking(responder.address).stratum)

    def behaviour(request: Request) -> list[bytes]:
        if request.number == 0:
            interrupt()
            first.append(request)
            return []
        # The handler's question in a session of its own; then the call goes on.
        return_to = first[0]
        responder.send(return_to.answer(), return_to.peer)
        return [request.answer({"stratum": 5})]

    first: list[Request] = []
    handled.append(ask_again)
    with (
        Responder(behaviour, transport=transport) as responder,
        ChronyConnection(responder.address, timeout=DEADLINE) as connection,
    ):
        assert connection.get_tracking().stratum == 3
        assert told == [pychrony.ErrorCode.BUSY, 5]
        responder.behaviour = faithful
        assert connection.get_activity().online == 3


def test_a_signal_handler_may_close_the_connection_in_whose_call_it_runs(
    transport: str, handled: list[Callable[[], None]]
) -> None:
    def close() -> None:
        connection.close()
        assert connection.closed

    def behaviour(request: Request) -> list[bytes]:
        interrupt()
        return []

    handled.append(close)
    with (
        Responder(behaviour, transport=transport) as responder,
        ChronyConnection(responder.address, timeout=DEADLINE) as connection,
    ):
        with pytest.raises(pychrony.ChronyConnectionError) as caught:
            connection.get_tracking()
        assert caught.value.error_code is pychrony.ErrorCode.CLOSED
        assert connection.closed
        with pytest.raises(pychrony.ChronyConnectionError):
            connection.get_tracking()
        assert responder.client_files() == []


def test_what_a_signal_handler_raises_ends_the_call_and_leaves_it_usable(
    transport: str, handled: list[Callable[[], None]]
) -> None:
    class Alarm(Exception):
        pass

    def ring() -> None:
        raise Alarm

    handled.append(ring)
    with (
        Responder(signalling, transport=transport) as responder,
        ChronyConnection(responder.address, timeout=DEADLINE) as connection,
    ):
        with pytest.raises(Alarm):
            connection.get_tracking()
        assert not connection.closed
        assert connection.get_tracking().stratum == 3


def test_a_silent_daemon_does_not_block_other_threads(responder: Responder) -> None:
    """The GIL is free while a call waits, and while others wait for that call."""
    responder.behaviour = silent
    counted = 0
    ended = threading.Event()

    def count() -> None:
        nonlocal counted
        while not ended.is_set():
            counted += 1

    counter = threading.Thread(target=count)
    counter.start()
    with ChronyConnection(responder.address, timeout=0.5) as connection:

        def work(index: int) -> None:
            with pytest.raises(pychrony.ChronyTimeoutError):
                connection.get_tracking()

        before = counted
        assert in_threads(work, 3) == []
        assert counted > before + 10_000
    ended.set()
    counter.join()


def test_what_a_signal_handler_raises_comes_before_the_closing_that_it_did(transport: str) -> None:
    with Responder(silent, transport=transport) as daemon:
        out = child.check(
            f"""
            import os, signal, sys, threading, pychrony

            connection = pychrony.ChronyConnection({daemon.address!r}, timeout=None)
            connection.open()

            def handler(number, frame):
                connection.close()
                raise LookupError("from the handler")

            signal.signal(signal.SIGUSR1, handler)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            try:
                connection.get_tracking()
            except LookupError as error:
                print(error)
            """
        )
    assert out == "from the handler\n"
