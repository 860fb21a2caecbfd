"""Measures the interval clock: now() against time.time_ns() and a bare C function, refresh() against its requests, threads.

    python bench/clock.py ADDRESS DIRECTORY      # for the interpreter that runs this; DIRECTORY has bare_clocks.so

It prints JSON. bench/run.py calls measure(), which starts it with the interpreter that has pychrony.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import sysconfig
import threading
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
THREADS = 8
# Seconds between refreshes.
INTERVALS = (1, 16, 64, 256)
MAX_DRIFT_PPM = 15.0


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
    command = [str(python), str(HERE / "clock.py"), address, str(directory), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def each(call: Callable[[], object], rounds: int, number: int) -> dict[str, float]:
    """Nanoseconds of a call: the least and the median of the rounds."""
    times = [time / number * 1e9 for time in timeit.repeat(call, number=number, repeat=rounds)]
    return {"least": min(times), "median": statistics.median(times)}


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

    import pychrony

    address, rounds = sys.argv[1], int(sys.argv[3])
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
            "time.time_ns()": time.time_ns,
            "a bare C function": bare_clocks.now,
            "IntervalClock.now()": clock.now,
        }
        result = {
            "calls": {name: each(call, rounds, 20_000) for name, call in calls.items()},
            "refresh": {
                "the three requests": each(requests, rounds, 50),
                "IntervalClock.refresh()": each(clock.refresh, rounds, 50),
            },
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
