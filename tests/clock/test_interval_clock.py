"""IntervalClock: real chronyds whose truth is this machine's clock, and what chronyds say that cannot be believed.

The arithmetic and the guards are tested in src/clock, with numbers in and out.
"""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, cast

import pytest
from support import child
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.waiting import wait_for

import pychrony
from pychrony import (
    ChronyClockError,
    ChronyConnection,
    ChronyConnectionError,
    ChronyTimeoutError,
    IntervalClock,
    IntervalStatus,
    TimeInterval,
    aio,
)
from pychrony.testing import FakeChronyd, make_source, make_tracking

SECOND = 1_000_000_000


@pytest.fixture
def connection(client: Chronyd) -> Iterator[ChronyConnection]:
    with ChronyConnection(client.socket) as opened:
        yield opened


@pytest.fixture
def clock(connection: ChronyConnection) -> IntervalClock:
    return IntervalClock(connection)


def check_truth(clock: IntervalClock, refresh: bool = False) -> TimeInterval:
    """The interval has a time in common with what this machine's clock shows around it."""
    before = time.time_ns()
    interval = clock.refresh() if refresh else clock.now()
    after = time.time_ns()
    assert interval.earliest <= after and before <= interval.latest
    return interval


# What it tells.


@pytest.mark.parametrize("name", ["client", "client6"])
def test_the_interval_contains_true_time(name: str, request: pytest.FixtureRequest) -> None:
    with ChronyConnection(request.getfixturevalue(name).socket) as connection:
        clock = IntervalClock(connection)
        for count in range(2000):
            interval = check_truth(clock, refresh=count % 20 == 0)
            assert interval.status is IntervalStatus.SYNCHRONIZED
            assert 0 < interval.width < SECOND


@pytest.mark.parametrize("name, ahead", [("refclock", 0.3), ("refclock_behind", -0.3)])
def test_a_reference_clock_is_believed_however_wrong_it_is(
    name: str, ahead: float, request: pytest.FixtureRequest
) -> None:
    with ChronyConnection(request.getfixturevalue(name).socket) as connection:
        before = time.time_ns()
        interval = IntervalClock(connection).now()
        after = time.time_ns()
    assert interval.earliest <= after + ahead * SECOND
    assert before + ahead * SECOND <= interval.latest


def test_the_first_call_asks_and_later_ones_do_not(client: Chronyd) -> None:
    connection = ChronyConnection(client.socket)
    with connection:
        clock = IntervalClock(connection)
        first = clock.now()
    assert connection.closed
    assert clock.now().earliest > first.earliest
    assert not clock.is_past(first.latest + SECOND)


def test_a_report_that_is_too_old_is_replaced(client: Chronyd) -> None:
    with ChronyConnection(client.socket) as connection:
        clock = IntervalClock(connection)
        clock.refresh()
    clock.now(max_age=1000)
    clock.now(max_age=None)
    with pytest.raises(ChronyConnectionError):
        clock.now(max_age=0)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf")])
def test_a_greatest_age_is_a_size(clock: IntervalClock, wrong: float) -> None:
    with pytest.raises(ValueError, match="max_age"):
        clock.now(wrong)


def test_a_report_may_be_used_for_as_long_as_the_signature_says(client: Chronyd) -> None:
    void_after = inspect.signature(aio.IntervalClock).parameters["void_after"].default
    tracking, sources = pychrony.get_tracking(client.socket), pychrony.get_sources(client.socket)
    for age, is_over in ((void_after - 10, False), (void_after + 10, True)):
        clock = IntervalClock(cast(Any, None))
        raw, real, uncertainty, slept = clock._reading()
        then = (raw - int(age * SECOND), real, uncertainty, slept)
        with pytest.raises(ChronyClockError, match="s old") if is_over else nullcontext():
            clock._accept(tracking, then, sources, then, tracking, then)
            clock.now()


def test_what_the_user_allows_makes_it_wider(connection: ChronyConnection) -> None:
    usual = IntervalClock(connection).refresh().width
    extra = IntervalClock(connection, extra_error_ns=10 * SECOND).refresh().width
    assert extra - usual == pytest.approx(20 * SECOND, rel=0.01)
    drift = IntervalClock(connection, max_drift_ppm=1e5).refresh().width
    # For the second that the sample's age is rounded by, at least.
    assert 0.19 * SECOND < drift - usual < 2 * SECOND


def test_an_error_of_centuries_makes_every_time_uncertain(connection: ChronyConnection) -> None:
    clock = IntervalClock(connection, extra_error_ns=1e300)
    assert clock.refresh().width > 2**63 and int(repr(clock).split()[1]) > 2**63
    assert not clock.is_past(0) and not clock.is_future(2**62)
    with pytest.raises(ChronyTimeoutError):
        clock.wait_past(10**30, timeout=1e-3)


def test_past_and_future_are_certain(clock: IntervalClock) -> None:
    interval = clock.now()
    # A chronyd that has just begun may be so unsure of the rate that the interval widens faster than time passes.
    earlier = interval.earliest - SECOND
    assert clock.is_past(earlier) and not clock.is_future(earlier)
    assert not clock.is_past(interval.latest + SECOND) and not clock.is_future(interval.latest - 1)
    later = interval.latest + 100 * SECOND
    assert clock.is_future(later) and not clock.is_past(later)
    assert clock.is_future(10**30) and not clock.is_past(10**30)
    assert clock.is_past(-(10**30)) and not clock.is_future(-(10**30))
    for wrong in (1.5, "1", None):
        with pytest.raises(TypeError):
            clock.is_past(wrong)  # type: ignore[arg-type]


# Waiting.


def test_wait_past_returns_when_the_time_is_certainly_past(clock: IntervalClock) -> None:
    for ahead in (-SECOND, 0, 2_000_000, 50_000_000):
        wanted = clock.now().latest + ahead
        interval = clock.wait_past(wanted)
        assert interval.earliest > wanted
        assert clock.is_past(wanted)


def test_wait_past_sleeps_meanwhile(clock: IntervalClock) -> None:
    wanted = clock.now().latest + SECOND // 2
    before = time.thread_time_ns()
    clock.wait_past(wanted)
    assert time.thread_time_ns() - before < SECOND // 10


def test_wait_past_lets_other_threads_run(clock: IntervalClock) -> None:
    ran = threading.Event()
    thread = threading.Timer(0.05, ran.set)
    wanted = clock.now().latest + SECOND // 2
    thread.start()
    clock.wait_past(wanted)
    assert ran.is_set()
    thread.join()


def test_wait_past_has_a_timeout(clock: IntervalClock) -> None:
    wanted = clock.now().latest + 1000 * SECOND
    with pytest.raises(ChronyTimeoutError, match="certain") as caught:
        clock.wait_past(wanted, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    with pytest.raises(ValueError, match="timeout"):
        clock.wait_past(wanted, timeout=0)
    assert clock.wait_past(0, timeout=1e-9).earliest > 0


def test_a_signal_handler_runs_while_it_waits_and_may_end_it(clock: IntervalClock) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupted):
            clock.wait_past(clock.now().latest + 100 * SECOND)
    finally:
        signal.signal(signal.SIGALRM, old)


# What it does not tell.


def test_a_void_report_gives_no_time_until_the_next(connection: ChronyConnection) -> None:
    clock = IntervalClock(connection, void_after=0.05)
    wanted = clock.now().latest + 100 * SECOND
    with pytest.raises(ChronyClockError, match="old") as caught:
        clock.wait_past(wanted)
    assert caught.value.status is IntervalStatus.UNKNOWN
    assert caught.value.error_code is None
    with pytest.raises(ChronyClockError):
        clock.now()
    assert "old" in repr(clock)
    assert clock.refresh().width > 0


@pytest.mark.parametrize("name", ["unsynchronised", "server"])
def test_a_chronyd_without_a_source_gives_no_interval(
    name: str, request: pytest.FixtureRequest
) -> None:
    with ChronyConnection(request.getfixturevalue(name).socket) as connection:
        clock = IntervalClock(connection)
        for call in (clock.refresh, clock.now):
            with pytest.raises(ChronyClockError, match="synchronised|local reference") as caught:
                call()
            assert caught.value.status is IntervalStatus.UNKNOWN


def a_source(**fields: Any) -> pychrony.Source:
    return make_source(address="192.0.2.1", state=pychrony.SourceState.SELECTED, **fields)


def a_tracking(**fields: Any) -> pychrony.TrackingStatus:
    return make_tracking(reference_ip="192.0.2.1", **fields)


def test_a_clock_that_somebody_else_set_is_disrupted() -> None:
    with FakeChronyd(tracking=a_tracking(offset=0.0), sources=[a_source()]) as chronyd:
        with ChronyConnection(chronyd.address) as connection:
            clock = IntervalClock(connection, void_after=3600)
            clock.refresh()
            # The clock has moved against chronyd's, but chronyd has not updated it.
            chronyd.tracking = a_tracking(offset=0.001)
            for call in (clock.refresh, clock.now, clock.refresh):
                with pytest.raises(
                    ChronyClockError, match="something other than chronyd"
                ) as caught:
                    call()
                assert caught.value.status is IntervalStatus.DISRUPTED
            assert pickle.loads(pickle.dumps(caught.value)).status is IntervalStatus.DISRUPTED


def test_a_failed_refresh_keeps_the_old_report() -> None:
    with FakeChronyd(tracking=a_tracking(), sources=[a_source()]) as chronyd:
        with ChronyConnection(chronyd.address) as connection:
            clock = IntervalClock(connection)
            first = clock.refresh()
            chronyd.sources = []
            with pytest.raises(ChronyClockError, match="selected no source"):
                clock.refresh()
            later = clock.now()
            assert later.earliest > first.earliest
            assert later.width >= first.width


def test_a_sample_older_than_eight_polls_makes_it_run_free() -> None:
    with FakeChronyd(
        tracking=a_tracking(), sources=[a_source(poll=0, last_sample_ago=20)]
    ) as chronyd:
        with ChronyConnection(chronyd.address) as connection:
            clock = IntervalClock(connection)
            assert clock.refresh().status is IntervalStatus.FREE_RUNNING
            chronyd.sources = [a_source(poll=2, last_sample_ago=20)]
            assert clock.refresh().status is IntervalStatus.SYNCHRONIZED


# Real daemons in trouble.


def test_a_chronyd_that_is_killed_or_frozen_leaves_an_interval_that_widens(server: Chronyd) -> None:
    with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
        daemon.wait_synchronised()
        with ChronyConnection(daemon.socket, timeout=1) as connection:
            clock = IntervalClock(connection, max_drift_ppm=1000)
            width = check_truth(clock).width
            daemon.stop()
            with pytest.raises(ChronyTimeoutError):
                clock.refresh()
            frozen = check_truth(clock)
            assert frozen.width > width
            daemon.cont()
            wait_for("a refresh after the pause", lambda: is_refreshed(clock))
            check_truth(clock)
            daemon.kill()
            with pytest.raises(ChronyConnectionError):
                clock.refresh()
            assert check_truth(clock).status is IntervalStatus.SYNCHRONIZED


def is_refreshed(clock: IntervalClock) -> bool:
    try:
        clock.refresh()
    except (ChronyConnectionError, ChronyClockError):
        return False
    return True


def test_a_restarted_chronyd_is_believed_again(server: Chronyd) -> None:
    with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
        daemon.wait_synchronised()
        with ChronyConnection(daemon.socket, timeout=1.0) as connection:
            clock = IntervalClock(connection)
            check_truth(clock, refresh=True)
            daemon.restart()
            wait_for("a refresh after the restart", lambda: is_refreshed(clock))
            check_truth(clock)


def test_a_chronyd_that_loses_its_source_leaves_the_last_report() -> None:
    with Chronyd(LOCAL_SERVER, serve=True) as server:
        with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
            daemon.wait_synchronised()
            with ChronyConnection(daemon.socket) as connection:
                clock = IntervalClock(connection)
                check_truth(clock, refresh=True)
                server.kill()

                def is_stale() -> bool:
                    """No sample for eight polls; then no source is selected any more."""
                    before = time.time_ns()
                    try:
                        interval = clock.refresh()
                    except ChronyClockError:
                        return True
                    assert interval.earliest <= time.time_ns() and before <= interval.latest
                    return interval.status is IntervalStatus.FREE_RUNNING

                wait_for("the source is lost", is_stale)
                check_truth(clock)


# Whom it asks.


@pytest.mark.parametrize("address", ["192.0.2.1", "[2001:db8::1]:323"])
def test_the_address_of_another_host_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="another host"):
        IntervalClock(ChronyConnection(address))


def test_the_address_of_another_host_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # No address of the loopback, although it can be connected to without a network.
    monkeypatch.setenv("PYCHRONY_ADDRESS", "0.0.0.0")
    with ChronyConnection() as connection:
        with pytest.raises(ValueError, match="another host"):
            IntervalClock(connection).now()


@pytest.mark.parametrize("wrong", ["/run/chrony/chronyd.sock", 1, object(), ChronyConnection])
def test_it_takes_a_connection(wrong: Any) -> None:
    with pytest.raises(TypeError, match="ChronyConnection"):
        IntervalClock(wrong)
    with pytest.raises(TypeError):
        IntervalClock()  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["max_drift_ppm", "extra_error_ns", "void_after"])
def test_its_options_are_sizes(connection: ChronyConnection, name: str) -> None:
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=name):
            IntervalClock(connection, **{name: wrong})
    with pytest.raises(TypeError):
        IntervalClock(connection, **{name: "1"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="void_after"):
        IntervalClock(connection, void_after=0)


# An object among others.


def test_it_can_be_neither_copied_nor_pickled(clock: IntervalClock) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(clock, protocol)
    for make in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="copied"):
            make(clock)
    with pytest.raises(TypeError):
        type("Mine", (IntervalClock,), {})


def test_it_is_initialised_once(clock: IntervalClock, connection: ChronyConnection) -> None:
    with pytest.raises(RuntimeError, match="already"):
        clock.__init__(connection)  # type: ignore[misc]
    with pytest.raises(RuntimeError, match="not initialised"):
        IntervalClock.__new__(IntervalClock).refresh()


def test_a_cycle_through_its_connection_is_collected(client: Chronyd) -> None:
    class Mine(ChronyConnection):
        clock: IntervalClock

    connection = Mine(client.socket)
    connection.clock = IntervalClock(connection)
    gone = weakref.ref(connection) if hasattr(connection, "__weakref__") else None
    del connection
    before = len(gc.get_objects())
    gc.collect()
    assert gone is None or gone() is None
    assert len(gc.get_objects()) <= before


def test_threads_share_it(client: Chronyd) -> None:
    with ChronyConnection(client.socket) as connection:
        clock = IntervalClock(connection)
        clock.refresh()
        stop = threading.Event()
        failures: list[BaseException] = []

        def run(refresh: bool) -> None:
            last = 0
            try:
                while not stop.is_set():
                    interval = check_truth(clock, refresh)
                    assert interval.latest >= last
                    last = interval.earliest
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=run, args=(number < 2,)) for number in range(6)]
        for thread in threads:
            thread.start()
        stop.wait(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []


def test_a_child_of_fork_does_not_use_its_parents_report(client: Chronyd) -> None:
    program = f"""
        import os, pychrony
        connection = pychrony.ChronyConnection({client.socket!r})
        connection.open()
        clock = pychrony.IntervalClock(connection)
        clock.refresh()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                assert "no report" in repr(clock), repr(clock)
                interval = clock.now()  # on a session of its own
                connection.close()
                code = 0 if interval.width > 0 else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, status
        assert "wide" in repr(clock)
        print(clock.refresh().width > 0)
        connection.close()
    """
    assert child.check(program).strip() == "True"


def test_a_child_in_another_time_namespace_does_not_use_its_parents_raw_clock(
    client: Chronyd,
) -> None:
    """There CLOCK_MONOTONIC_RAW is another: a report of the parent's would be wrong by the difference."""
    program = f"""
        import ctypes, os, time, pychrony
        with pychrony.ChronyConnection({client.socket!r}) as connection:
            clock = pychrony.IntervalClock(connection, void_after=1e9)
            clock.refresh()
            if ctypes.CDLL(None).unshare(0x80) != 0:  # CLONE_NEWTIME: of the children from now on
                print("not allowed")
                raise SystemExit
            with open("/proc/self/timens_offsets", "w") as offsets:
                offsets.write("monotonic 100000 0\\nboottime 100000 0\\n")
            pid = os.fork()
            if pid == 0:
                before = time.time_ns()
                interval = clock.now()
                after = time.time_ns()
                print(interval.earliest <= after and before <= interval.latest, flush=True)
                connection.close()
                os._exit(0)
            os.waitpid(pid, 0)
    """
    said = child.check(program).strip()
    if said == "not allowed":
        pytest.skip("only root may make a time namespace")
    assert said == "True"


# Intervals.

EARLY = TimeInterval(100, 200, IntervalStatus.SYNCHRONIZED)


def test_intervals_are_before_and_after_each_other_only_where_that_is_certain() -> None:
    touching = TimeInterval(200, 300, IntervalStatus.SYNCHRONIZED)
    late = TimeInterval(201, 300, IntervalStatus.FREE_RUNNING)
    assert EARLY.before(late) and late.after(EARLY)
    assert not EARLY.before(touching) and not touching.after(EARLY)
    assert not late.before(EARLY) and not EARLY.after(late)
    assert not EARLY.before(EARLY) and not EARLY.after(EARLY)
    assert EARLY.width == 100
    for wrong in (150, (100, 200, IntervalStatus.SYNCHRONIZED), None):
        with pytest.raises(TypeError):
            EARLY.before(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            EARLY.after(wrong)  # type: ignore[arg-type]


def test_an_interval_is_a_named_tuple() -> None:
    fields = {"earliest": 100, "latest": 200, "status": IntervalStatus.SYNCHRONIZED}
    assert TimeInterval(**fields) == EARLY == (100, 200, 1)  # type: ignore[arg-type]
    assert TimeInterval((100, 200, 1)) == TimeInterval._make([100, 200, 1]) == EARLY
    assert EARLY.status is IntervalStatus.SYNCHRONIZED
    assert TimeInterval(1, 2, 1).status is IntervalStatus.SYNCHRONIZED  # type: ignore[arg-type]
    assert EARLY._fields == tuple(fields) == EARLY.__match_args__
    assert EARLY._asdict() == fields
    assert EARLY.to_dict() == {**fields, "status": "SYNCHRONIZED", "width": 100}
    assert EARLY._replace(latest=300) == (100, 300, 1)
    assert copy.copy(EARLY) == copy.deepcopy(EARLY) == EARLY
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(EARLY, protocol)) == EARLY
    whole = TimeInterval(-(2**63), 2**63 - 1, IntervalStatus.SYNCHRONIZED)
    assert whole.width == whole.to_dict()["width"] == 2**64 - 1
    assert repr(EARLY).startswith("pychrony.TimeInterval(earliest=100, latest=200, status=")


@pytest.mark.parametrize(
    "arguments, error",
    [
        ((1, 2), TypeError),
        ((1, 2, 1, 1), TypeError),
        (((1, 2),), TypeError),
        ((1.0, 2, 1), TypeError),
        ((2, 1, 1), ValueError),
        ((1, 2, 7), ValueError),
        ((1, 2**63, 1), OverflowError),
        ((1,), TypeError),
        ((), TypeError),
    ],
)
def test_an_interval_has_two_ends_in_order_and_a_status(arguments: Any, error: type) -> None:
    with pytest.raises(error):
        TimeInterval(*arguments)
