"""The Allan deviation of the clock, from the rows of `pychrony log`.

    python allan_deviation.py clock.csv

The phase is the offset of the system clock: `offset`, with its sign turned, because pychrony's is positive while the clock is
slow. It is the phase of the clock as chronyd steers it. That of the free-running oscillator is the integral of `frequency`.
"""

import csv
import math
import statistics
import sys
from datetime import datetime


def allan_deviation(phase, interval, factor):
    """The overlapping Allan deviation at factor * interval seconds of phase samples in seconds, None where one is missing."""
    tau = factor * interval
    triples = zip(phase, phase[factor:], phase[2 * factor :])
    second = [
        after - 2 * at + before for before, at, after in triples if None not in (before, at, after)
    ]
    return (
        math.sqrt(sum(value**2 for value in second) / (2 * tau**2 * len(second)))
        if second
        else None
    )


def evenly(times, values):
    """The usual interval between the times, and the values at that interval, None where one is missing."""
    steps = [(after - before).total_seconds() for before, after in zip(times, times[1:])]
    interval = statistics.median(steps)
    phase = values[:1]
    for step, value in zip(steps, values[1:]):
        phase += [None] * (round(step / interval) - 1) + [value]
    return interval, phase


if __name__ == "__main__":
    with open(sys.argv[1], newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["offset"]]
    if len(rows) < 3:
        sys.exit(f"{sys.argv[1]} has too few rows with an offset")
    # Microseconds are all that datetime keeps.
    times = [datetime.fromisoformat(row["time"][:26] + "+00:00") for row in rows]
    interval, phase = evenly(times, [-float(row["offset"]) for row in rows])
    factor = 1
    while 2 * factor < len(phase):
        deviation = allan_deviation(phase, interval, factor)
        if deviation is not None:
            print(f"{factor * interval:10.1f} s  {deviation:.3e}")
        factor *= 2
