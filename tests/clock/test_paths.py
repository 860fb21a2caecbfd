"""A real chronyd that combines servers on paths of known asymmetry: this machine's clock, which all of them serve, is the truth.

The interval by chrony's manual does not contain it; that of the last sample does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support.chronyd import Chronyd
from support.delay import Path
from support.waiting import wait_for

import pychrony
from pychrony import ChronyConnection, IntervalClock, SourceState

SECOND = 1_000_000_000
# chrony's name of the state in which a source is combined with the selected one.
COMBINED = SourceState.UNSELECTED


@pytest.fixture(scope="module")
def combining(server: Chronyd) -> Iterator[Chronyd]:
    """One path of 5 ms each way, three of 25 ms on the way back alone."""
    with ExitStack() as stack:
        even = stack.enter_context(Path("127.0.0.11", server.ntp_port, there=0.005, back=0.005))
        uneven = [
            stack.enter_context(Path(f"127.0.0.{number}", server.ntp_port, there=0, back=0.025))
            for number in (12, 13, 14)
        ]
        lines = [path.source for path in (even, *uneven)]
        with Chronyd(lines) as daemon:
            daemon.wait_synchronised()

            def is_combining() -> bool:
                states = [source.state for source in pychrony.get_sources(daemon.socket)]
                return states.count(SourceState.SELECTED) == 1 and states.count(COMBINED) == 3

            wait_for("chronyd combines its sources", is_combining, pause=lambda _: time.sleep(0.5))
            yield daemon


def test_the_manuals_interval_misses_the_truth_and_the_last_samples_does_not(
    combining: Chronyd,
) -> None:
    misses = asks = 0
    bounds: list[float | None] = []
    end = time.monotonic() + 6
    with ChronyConnection(combining.socket) as connection:
        clock = IntervalClock(connection)
        while time.monotonic() < end:
            before = connection.get_tracking()
            sources = connection.get_sources()
            tracking = connection.get_tracking()
            if before.ref_time_ns == tracking.ref_time_ns:
                asks += 1
                # chronyd touches no clock: how far the system clock is from the truth is known, it is right.
                misses += abs(tracking.offset) > tracking.root_distance
                bounds.append(pychrony.error_bound(tracking, sources))
            earliest = time.time_ns()
            interval = clock.refresh()
            latest = time.time_ns()
            assert interval.earliest <= latest and earliest <= interval.latest, interval
            earliest = time.time_ns()
            interval = clock.now()
            latest = time.time_ns()
            assert interval.earliest <= latest and earliest <= interval.latest, interval
            time.sleep(0.05)
    assert asks > 20
    # The bound is one of the system clock: as wide as chronyd's own correction is wrong, at least.
    assert all(bound is not None and bound < 0.1 for bound in bounds)
    assert misses > asks / 2, f"{misses} of {asks}"
