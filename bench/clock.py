"""Measures the interval clock: now() against time.time_ns(), a bare C function and clockbound, refresh() against its requests.

    python bench/clock.py ADDRESS DIRECTORY ROUNDS   # DIRECTORY has bare_clocks.so, and PyPI's clockbound

It prints JSON. bench/run.py calls measure(), which starts it with the interpreter that has pychrony.
"""

from __future__ import annotations

import json
import statistics
import struct
import subprocess
import sys
import sysconfig
import threading
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confidence

HERE = Path(__file__).resolve().parent
THREADS = 8
# Seconds between refreshes.
INTERVALS = (1, 16, 64, 256)
MAX_DRIFT_PPM = 15.0

# Plain Python, which asks for CPython 3.13 and runs on earlier ones.
CLOCKBOUND = "clockbound==0.3.0"
BASE, OURS, PEER = "time.time_ns()", "IntervalClock.now()", "PyPI's clockbound: now()"


def measure(python: Path, address: str, rounds: int) -> dict[str, Any]:
    """What main() prints in an interpreter that has pychrony."""
    import parts

    directory = parts.CACHE / "clock"
    parts._compile(
        directory / "bare_clocks.so",
        ["bare_clocks"],
        "-shared",
        "-fPIC",
        f"-I{sysconfig.get_path('include')}",
    )
    parts.install(directory, CLOCKBOUND)
    command = [str(python), str(HERE / "clock.py"), address, str(directory), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    for call in result["calls"].values():
        call["ratio"] = confidence.independent(call.pop("ratios"))
    return result


def each(calls: dict[str, Callable[[], object]], rounds: int, number: int) -> dict[str, Any]:
    """Nanoseconds of each call: the least and the median of the rounds; and its ratios to the first call within the rounds."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(timeit.timeit(call, number=number) / number * 1e9)
    base = next(iter(times.values()))
    return {
        name: {
            "least": min(own),
            "median": statistics.median(own),
            "ratios": [one / other for one, other in zip(own, base)],
        }
        for name, own in times.items()
    }


def write_segment(path: Path) -> None:
    """What ClockBound's daemon shares with its clients (version 2), for a clock that is synchronised for the next hour."""
    now, synchronised = int(time.clock_gettime(time.CLOCK_MONOTONIC)), 1
    as_of, void_after, bound, drift = (now, 0), (now + 3600, 0), 1_000_000, 50_000
    path.write_bytes(
        struct.pack(
            "=3I2H6Q2IH6x",
            *(0x414D5A4E, 0x43420200, 88, 2, 2, *as_of, *void_after, bound, 0),
            *(drift, synchronised, 0),
        )
    )


def together(call: Callable[[], object], number: int) -> float:
    """Nanoseconds per call and thread, when several threads call at once."""
    start = threading.Barrier(THREADS + 1)

    def run() -> None:
        start.wait()
        for _ in range(number):
            call()

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - began) / number / THREADS * 1e9


def main() -> None:
    import bare_clocks
    import clockbound

    import pychrony

    address, directory, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    write_segment(directory / "shm0")
    peer = clockbound.Clockbound(str(directory / "shm0"))
    with pychrony.ChronyConnection(address) as connection:
        clock = pychrony.IntervalClock(connection)
        source = next(source for source in connection.get_sources() if source.is_selected())
        tracking = connection.get_tracking()
        clock.refresh()

        def requests() -> None:
            connection.get_tracking()
            connection.get_sources()
            connection.get_tracking()

        calls: dict[str, Callable[[], object]] = {
            BASE: time.time_ns,
            "a bare C function": bare_clocks.now,
            OURS: clock.now,
            PEER: peer.now,
        }
        result = {
            "calls": each(calls, rounds, 20_000),
            "refresh": each(
                {"the three requests": requests, "IntervalClock.refresh()": clock.refresh},
                rounds,
                50,
            ),
            "threads": {name: together(call, 20_000) for name, call in calls.items()},
            # By the rule, for the source that was asked: the error of its sample, and what the age of report and sample adds.
            "half-width": {
                str(interval): (source.latest_meas_err or 0.0)
                + (interval + 2**source.poll + 1)
                * (tracking.skew + abs(tracking.residual_freq) + MAX_DRIFT_PPM)
                * 1e-6
                for interval in INTERVALS
            },
            "poll": 2**source.poll,
        }
    print(json.dumps(result))


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[2])
    main()
