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
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony import ChronyConnection, IntervalClock, SourceState

# Seconds; the even path takes 5 ms each way.
QUIET = 0.0062
# chrony's name of the state in which a source is combined with the selected one.
COMBINED = SourceState.UNSELECTED


def is_combining(sources: list[pychrony.Source]) -> bool:
    """Whether the clock follows the even path, and the others are combined with it."""
    states = {source.address: source.state for source in sources}
    even = states.pop("127.0.0.11")
    return even is SourceState.SELECTED and set(states.values()) == {COMBINED}


@pytest.fixture(scope="module")
def combining(server: Chronyd) -> Iterator[Chronyd]:
    """One path of 5 ms each way, three of 25 ms on the way back alone."""
    with ExitStack() as stack:
        even = stack.enter_context(Path("127.0.0.11", server.ntp_port, there=0.005, back=0.005))
        uneven = [
            stack.enter_context(Path(f"127.0.0.{number}", server.ntp_port, there=0, back=0.025))
            for number in (12, 13, 14)
        ]
        # By default, a source is combined up to three times the distance of the best. The uneven paths are at 2.5 times, and on a
        # busy machine they may be beyond that for minutes: a wider limit combines the same sources then too.
        lines = [*(path.source for path in (even, *uneven)), "combinelimit 10"]
        with Chronyd(lines) as daemon:
            daemon.wait_synchronised()

            wait_for(
                "chronyd combines its sources",
                lambda: is_combining(pychrony.get_sources(daemon.socket)),
                pause=lambda _: time.sleep(0.2),
            )
            yield daemon


def test_the_manuals_interval_misses_the_truth_and_the_last_samples_does_not(
    combining: Chronyd,
) -> None:
    misses = asks = 0
    end = time.monotonic() + DEADLINE
    with ChronyConnection(combining.socket) as connection:
        clock = IntervalClock(connection)
        # While chronyd has few samples of each path, their noise may hide what is wrong with its combination.
        while asks < 20 or misses < 10:
            assert time.monotonic() < end, f"{misses} of {asks}"
            before = connection.get_tracking()
            sources = connection.get_sources()
            tracking = connection.get_tracking()
            # On a busy machine the paths take longer than they should.
            is_quiet = tracking.root_distance < QUIET
            if before.ref_time_ns == tracking.ref_time_ns and is_combining(sources) and is_quiet:
                asks += 1
                # chronyd touches no clock: how far the system clock is from the truth is known, it is right.
                misses += abs(tracking.offset) > tracking.root_distance
            earliest = time.time_ns()
            interval = clock.refresh()
            latest = time.time_ns()
            assert interval.earliest <= latest and earliest <= interval.latest, interval
            earliest = time.time_ns()
            interval = clock.now()
            latest = time.time_ns()
            assert interval.earliest <= latest and earliest <= interval.latest, interval
            time.sleep(0.05)
