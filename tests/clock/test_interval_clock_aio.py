"""The interval clock of pychrony.aio, and the one for tests."""

from __future__ import annotations

import asyncio
import copy
import pickle
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.chronyd import Chronyd

import pychrony
from pychrony import (
    ChronyClockError,
    ChronyTimeoutError,
    IntervalStatus,
    aio,
)
from pychrony.testing import FakeChronyd, FakeIntervalClock, make_source, make_tracking

SECOND = 1_000_000_000


def run(body: Callable[[aio.IntervalClock], Coroutine[Any, Any, None]], address: str) -> None:
    async def main() -> None:
        async with aio.ChronyConnection(address) as connection:
            await body(aio.IntervalClock(connection))

    asyncio.run(main())


def test_the_interval_contains_true_time(client: Chronyd) -> None:
    async def body(clock: aio.IntervalClock) -> None:
        with pytest.raises(ChronyClockError, match="no report"):
            clock.now()
        for _ in range(50):
            before = time.time_ns()
            interval = await clock.refresh()
            after = time.time_ns()
            assert interval.earliest <= after and before <= interval.latest
            assert interval.status is IntervalStatus.SYNCHRONIZED
            before = time.time_ns()
            interval = clock.now()
            assert interval.earliest <= time.time_ns() and before <= interval.latest
            assert clock.is_past(interval.earliest - SECOND) and clock.is_future(
                interval.latest + SECOND
            )

    run(body, client.socket)


def test_other_tasks_run_while_one_waits(client: Chronyd) -> None:
    async def body(clock: aio.IntervalClock) -> None:
        await clock.refresh()
        wanted = clock.now().latest + SECOND // 10
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        task = asyncio.ensure_future(tick())
        assert (await clock.wait_past(wanted)).earliest > wanted
        task.cancel()
        assert ticks > 1
        with pytest.raises(ChronyTimeoutError, match="certain"):
            await clock.wait_past(wanted + 1000 * SECOND, timeout=0.02)
        with pytest.raises(ChronyTimeoutError, match="certain"):
            await clock.wait_past(10**400, timeout=0.02)
        with pytest.raises(ValueError, match="timeout"):
            await clock.wait_past(wanted, timeout=0)

    run(body, client.socket)


def test_reports_are_checked_as_without_asyncio() -> None:
    source = make_source(address="192.0.2.1", state=pychrony.SourceState.SELECTED)
    with FakeChronyd(
        tracking=make_tracking(reference_ip="192.0.2.1", offset=0.0), sources=[source]
    ) as chronyd:

        async def body(clock: aio.IntervalClock) -> None:
            await clock.refresh()
            chronyd.tracking = make_tracking(reference_ip="192.0.2.1", offset=0.001)
            with pytest.raises(ChronyClockError, match="something other than chronyd") as caught:
                await clock.refresh()
            assert caught.value.status is IntervalStatus.DISRUPTED
            with pytest.raises(ChronyClockError):
                clock.now()

        run(body, chronyd.address)


def test_it_takes_a_local_connection_of_aio(client: Chronyd) -> None:
    for address in ("192.0.2.1", "[2001:db8::1]:323", "192.0.2.1:323", "2001:db8::1"):
        with pytest.raises(ValueError, match="another host"):
            aio.IntervalClock(aio.ChronyConnection(address))
    for address in ("127.0.0.1", "[::1]:323", "127.0.0.1:323", "::1", client.socket):
        aio.IntervalClock(aio.ChronyConnection(address))
    with pytest.raises(TypeError, match="ChronyConnection"):
        aio.IntervalClock(pychrony.ChronyConnection())  # type: ignore[arg-type]
    for make in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="copied"):
            make(aio.IntervalClock(aio.ChronyConnection()))


# The clock for tests.


def test_a_fake_clock_tells_what_the_test_sets() -> None:
    clock = FakeIntervalClock(1000, error_ns=10, offset_ns=3)
    assert clock.now() == (993, 1013, IntervalStatus.SYNCHRONIZED)
    assert clock.now().status is IntervalStatus.SYNCHRONIZED
    assert clock.is_past(992) and not clock.is_past(993)
    assert clock.is_future(1014) and not clock.is_future(1013)
    clock.advance(1e-6)
    assert clock.refresh().earliest == 1993
    assert clock.refreshes == 1


def test_a_fake_clock_waits_without_taking_time() -> None:
    clock = FakeIntervalClock(error_ns=5 * SECOND)
    wanted = clock.now().latest
    assert clock.wait_past(wanted).earliest == wanted + 1
    assert clock.waited_ns == 10 * SECOND + 1
    with pytest.raises(ChronyTimeoutError):
        clock.wait_past(clock.now().latest, timeout=1)


@pytest.mark.parametrize("status", [IntervalStatus.UNKNOWN, IntervalStatus.DISRUPTED])
def test_a_fake_clock_may_not_know_the_time(status: IntervalStatus) -> None:
    clock = FakeIntervalClock(status=status)
    for call in (clock.now, clock.refresh, lambda: clock.wait_past(0)):
        with pytest.raises(ChronyClockError) as caught:
            call()
        assert caught.value.status is status
    clock.status = IntervalStatus.FREE_RUNNING
    assert clock.now().status is IntervalStatus.FREE_RUNNING


def test_a_fake_clock_has_what_a_real_one_has() -> None:
    public = {name for name in dir(pychrony.IntervalClock) if not name.startswith("_")}
    assert public <= set(dir(FakeIntervalClock))
