"""The Allan deviation of the clock, from the rows of `pychrony log`.

    python allan_deviation.py clock.csv

The phase is the offset of the system clock: `offset`, with its sign turned, because pychrony's is positive while the clock is
slow. It is the phase of the clock as chronyd steers it. That of the free-running oscillator is the integral of `frequency`.
"""

import csv
import math
import sys
from datetime import datetime


def allan_deviation(phase, interval, factor):
    """The overlapping Allan deviation at factor * interval seconds of phase samples in seconds."""
    tau = factor * interval
    second = [
        phase[index + 2 * factor] - 2 * phase[index + factor] + phase[index]
        for index in range(len(phase) - 2 * factor)
    ]
    return math.sqrt(sum(value**2 for value in second) / (2 * tau**2 * len(second)))


if __name__ == "__main__":
    with open(sys.argv[1], newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["offset"]]
    # Microseconds are all that datetime keeps.
    times = [datetime.fromisoformat(row["time"][:26] + "+00:00") for row in rows]
    phase = [-float(row["offset"]) for row in rows]
    interval = (times[-1] - times[0]).total_seconds() / (len(times) - 1)
    factor = 1
    while 2 * factor < len(phase):
        print(f"{factor * interval:10.1f} s  {allan_deviation(phase, interval, factor):.3e}")
        factor *= 2
