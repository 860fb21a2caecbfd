"""`pychrony log --summary`: what the rows of logs say about each day."""

from __future__ import annotations

import csv
import functools
import itertools
import json
import math
import sys
from datetime import date

from .. import _durations as durations
from . import DONE, NO_ANSWER, UsageError, clock, complain
from .log import COLUMNS, utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from typing import Any, NamedTuple

    class Row(NamedTuple):
        time: int  # nanoseconds since 1970
        bound: float | None

else:
    from collections import namedtuple

    Row = namedtuple("Row", "time bound")

SECOND = 1_000_000_000
DAY = 86400 * SECOND
# A row is missed if the next one comes later than this many intervals.
GAP = 1.5


class Day:
    """What the rows say about one day, in UTC."""

    def __init__(self, day: str) -> None:
        self.day = day
        self.rows = 0
        self.gaps = 0
        self.without_bound = 0
        self.greatest: float | None = None
        self.time = 0  # nanoseconds from the first row to the last, gaps included
        self.within = 0  # nanoseconds of it in which the bound was within the limit

    def to_dict(self, limit: float) -> dict[str, Any]:
        return {
            "day": self.day,
            "rows": self.rows,
            "gaps": self.gaps,
            "rows_without_bound": self.without_bound,
            "greatest_error_bound": self.greatest,
            "limit": limit,
            "seconds": self.time / SECOND,
            "seconds_within_limit": self.within / SECOND,
            "share_within_limit": self.within / self.time if self.time else None,
        }


def run(options: Namespace) -> int:
    paths = in_order(options.files)
    if not paths:
        complain("pychrony: there are no rows in these files")
        return NO_ANSWER
    limit = clock.limits(options).max_error
    interval = round(options.interval * SECOND) if options.interval else usual_interval(paths[0])
    days = summarise((row for path in paths for row in read(path)), limit, interval)
    show([day.to_dict(limit) for day in days], options)
    return DONE


def summarise(rows: Iterator[Row], limit: float, interval: int) -> list[Day]:
    """Each row stands for the time until the next one. What is longer than the interval is a gap.

    A row after which the clock was set back stands for no time: nobody knows how long it was.
    """
    days: dict[int, Day] = {}

    def of(number: int) -> Day:
        return days.setdefault(number, Day(utc(number * DAY)[:10]))

    for row, following in pairs(rows):
        day = of(row.time // DAY)
        day.rows += 1
        if row.bound is None:
            day.without_bound += 1
        elif day.greatest is None or row.bound > day.greatest:
            day.greatest = row.bound
        passed = interval if following is None else following.time - row.time
        is_gap = not 0 <= passed <= GAP * interval
        covered = max(0, min(passed, interval) if is_gap else passed)
        is_within = row.bound is not None and row.bound <= limit
        for number, time in by_day(row.time, row.time + covered):
            of(number).time += time
            of(number).within += time if is_within else 0
        if is_gap:
            missed = list(by_day(row.time + covered, row.time + passed)) or [(row.time // DAY, 0)]
            for number, time in missed:
                of(number).time += time
                of(number).gaps += 1
    return [days[number] for number in sorted(days)]


def by_day(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The days of a time, and how much of it is in each."""
    while begin < end:
        number = begin // DAY
        stop = min(end, (number + 1) * DAY)
        yield number, stop - begin
        begin = stop


def pairs(rows: Iterator[Row]) -> Iterator[tuple[Row, Row | None]]:
    """Each row and the one after it."""
    row = next(rows, None)
    while row is not None:
        following = next(rows, None)
        yield row, following
        row = following


def usual_interval(path: str) -> int:
    """The median of the time between two rows, of the first thousand."""
    rows = itertools.islice(read(path, quietly=True), 1000)
    passed = sorted(after.time - row.time for row, after in pairs(rows) if after is not None)
    return max(0, passed[len(passed) // 2]) if passed else 0


# Reading. Rows are not kept: the record of a year at one second has 31 million.


def in_order(paths: list[str]) -> list[str]:
    """The files that have rows, in the order of their first rows."""
    first = {path: next(read(path, quietly=True), None) for path in paths}
    return sorted((path for path in first if first[path]), key=lambda path: first[path] or ())


def read(path: str, quietly: bool = False) -> Iterator[Row]:
    header = ",".join(COLUMNS)
    try:
        for number, line in enumerate(lines_of(path), 1):
            try:
                if line.rstrip("\r\n") != header:
                    yield parse(line)
            except (ValueError, KeyError, TypeError):
                if not quietly:
                    complain(
                        f"pychrony: {path}, line {number} is not a complete row, and is skipped"
                    )
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path}: {reason}") from None


def lines_of(path: str) -> Iterator[str]:
    import gzip

    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", errors="replace", newline="\n") as file:
        yield from file


def parse(line: str) -> Row:
    if not line.endswith("\n"):
        raise ValueError("cut short")
    if line.startswith("{"):
        values = json.loads(line)
    else:
        (cells,) = csv.reader([line], strict=True)
        values = dict(zip(COLUMNS, cells))
        if len(cells) != len(COLUMNS):
            raise ValueError("another number of columns")
    given = values["error_bound"]
    bound = None if given in (None, "") else float(given)
    if bound is not None and not 0 <= bound < math.inf:
        raise ValueError("no error bound")
    return Row(nanoseconds(values["time"]), bound)


def nanoseconds(text: str) -> int:
    """The time that utc() wrote."""
    day, _, rest = text.partition("T")
    hours, minutes, seconds = rest.rstrip("Z").split(":")
    whole, _, part = seconds.partition(".")
    in_seconds = (int(hours) * 60 + int(minutes)) * 60 + int(whole)
    return days_since_1970(day) * DAY + in_seconds * SECOND + int(f"{part:0<9}")


@functools.lru_cache(maxsize=16)
def days_since_1970(day: str) -> int:
    return date.fromisoformat(day).toordinal() - date(1970, 1, 1).toordinal()


# Showing.


def show(days: list[dict[str, Any]], options: Namespace) -> None:
    if options.json:
        print(json.dumps(days, indent=2))
    elif options.csv:
        writer = csv.DictWriter(sys.stdout, list(days[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(days)
    else:
        limit = durations.text(days[0]["limit"])
        headings = ["Day (UTC)", "Rows", "Gaps", "No bound", "Greatest bound", f"Within {limit}"]
        lines = [headings, *(list(map(str, cells_of(day))) for day in days)]
        widths = [max(map(len, column)) for column in zip(*lines)]
        for line in lines:
            print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)))


def cells_of(day: dict[str, Any]) -> Iterator[object]:
    yield from (day["day"], day["rows"], day["gaps"], day["rows_without_bound"])
    greatest, share = day["greatest_error_bound"], day["share_within_limit"]
    yield "-" if greatest is None else durations.text(greatest)
    # Rounded down: 100 % is the whole of the time.
    yield "-" if share is None else f"{math.floor(share * 100_000) / 1000:.3f} %"
