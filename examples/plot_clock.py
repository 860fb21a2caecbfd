"""Draw the clock's offset with its error bound, and its frequency, from the database that log_clock.py writes.

Where the clock was not synchronised, or chronyd did not answer, nothing is drawn.

pip install matplotlib
python plot_clock.py DATABASE PICTURE
"""

from __future__ import annotations

import math
import sqlite3
import sys
from collections.abc import Iterable

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

QUERY = """
SELECT time, synchronised, offset, root_delay, root_dispersion, frequency, skew
FROM clock ORDER BY time
"""
# matplotlib interrupts lines and areas at such values.
GAP = (math.nan,) * 5


def usual(sizes: Iterable[float]) -> float:
    """A limit for an axis, which ignores the largest twentieth: the first samples would flatten all that follow."""
    ordered = sorted(size for size in sizes if not math.isnan(size))
    return 1.3 * ordered[int(0.95 * (len(ordered) - 1))] or 1.0


def main(path: str, picture: str) -> None:
    database = sqlite3.connect(path)
    rows = database.execute(QUERY).fetchall()
    database.close()
    if not any(synchronised for _, synchronised, *_ in rows):
        sys.exit(f"{path} has no sample of a synchronised clock yet")
    times = [time for time, *_ in rows]
    offsets, delays, dispersions, frequencies, skews = zip(
        *(numbers if synchronised else GAP for _, synchronised, *numbers in rows)
    )
    seconds = [time - times[0] for time in times]
    offset_us = [offset * 1e6 for offset in offsets]
    # No server can be further away from the clock than this, if each of them is right.
    bound_us = [(delay / 2 + dispersion) * 1e6 for delay, dispersion in zip(delays, dispersions)]

    figure, (upper, lower) = pyplot.subplots(
        2, sharex=True, figsize=(7, 5), layout="constrained", height_ratios=(3, 2)
    )
    upper.fill_between(
        seconds,
        [offset - bound for offset, bound in zip(offset_us, bound_us)],
        [offset + bound for offset, bound in zip(offset_us, bound_us)],
        color="tab:blue",
        alpha=0.2,
        label="error bound: root dispersion + root delay / 2",
    )
    upper.plot(seconds, offset_us, color="tab:blue", label="offset (> 0: the clock is slow)")
    upper.axhline(0, color="grey", linewidth=0.8)
    limit = usual(abs(offset) + bound for offset, bound in zip(offset_us, bound_us))
    upper.set_ylim(-limit, limit)
    upper.set_ylabel("µs")
    upper.legend(fontsize="small")
    lower.fill_between(
        seconds,
        [frequency - skew for frequency, skew in zip(frequencies, skews)],
        [frequency + skew for frequency, skew in zip(frequencies, skews)],
        color="tab:orange",
        alpha=0.2,
        label="skew",
    )
    lower.plot(seconds, frequencies, color="tab:orange", label="frequency (> 0: it runs fast)")
    limit = usual(abs(frequency) + skew for frequency, skew in zip(frequencies, skews))
    lower.set_ylim(-limit, limit)
    lower.set_ylabel("ppm")
    lower.set_xlabel("seconds since the first sample")
    lower.legend(fontsize="small")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
