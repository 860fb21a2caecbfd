"""Draw the error bound, the offset and the frequency from a CSV file that `pychrony log` wrote.

Where there was no bound, or no answer from chronyd, nothing is drawn.

pip install matplotlib
python plot_clock.py FILE PICTURE
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterable
from datetime import datetime

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
from matplotlib import dates, pyplot  # noqa: E402


def usual(sizes: Iterable[float]) -> float:
    """A limit for an axis, which ignores the largest twentieth: the first samples would flatten all that follow."""
    ordered = sorted(size for size in sizes if not math.isnan(size))
    return 1.3 * ordered[int(0.95 * (len(ordered) - 1))] or 1.0


def main(path: str, picture: str) -> None:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def column(name: str, scale: float = 1.0) -> list[float]:
        # matplotlib interrupts lines and areas at NaN.
        return [
            float(row[name]) * scale if row["error_bound"] and row[name] else math.nan
            for row in rows
        ]

    bound, offset = column("error_bound", 1e6), column("offset", 1e6)
    frequency, skew = column("frequency"), column("skew")
    if all(map(math.isnan, bound)):
        sys.exit(f"{path} has no error bound yet")
    times = [datetime.fromisoformat(row["time"][:26]) for row in rows]

    figure, (upper, lower) = pyplot.subplots(
        2, sharex=True, figsize=(7, 5), layout="constrained", height_ratios=(3, 2)
    )
    upper.fill_between(
        times, [-each for each in bound], bound, color="tab:blue", alpha=0.2, label="error bound"
    )
    upper.plot(times, offset, color="tab:blue", label="offset (> 0: the clock is slow)")
    upper.axhline(0, color="grey", linewidth=0.8)
    limit = usual(bound)
    upper.set_ylim(-limit, limit)
    upper.set_ylabel("µs")
    upper.legend(fontsize="small")
    lower.fill_between(
        times,
        [middle - width for middle, width in zip(frequency, skew)],
        [middle + width for middle, width in zip(frequency, skew)],
        color="tab:orange",
        alpha=0.2,
        label="skew",
    )
    lower.plot(times, frequency, color="tab:orange", label="frequency (> 0: it runs fast)")
    limit = usual(abs(middle) + width for middle, width in zip(frequency, skew))
    lower.set_ylim(-limit, limit)
    lower.set_ylabel("ppm")
    lower.xaxis.set_major_formatter(dates.ConciseDateFormatter(lower.xaxis.get_major_locator()))
    lower.set_xlabel("UTC")
    lower.legend(fontsize="small")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
