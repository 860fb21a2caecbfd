"""`pychrony log`: a record of how well the clock was kept, row by row, and a summary of such records."""

from __future__ import annotations

import time

from .. import health
from . import COMMON, DONE, NO_ANSWER, Command, UsageError, clock, complain, one_line
from .arguments import count, positive_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

INTERVAL = 10.0

# The columns. Seconds and ppm, as in the reports; times are UTC with nanoseconds.
COLUMNS = (
    "time",
    "verdict",
    "error_bound",
    "offset",
    "root_delay",
    "root_dispersion",
    "frequency",
    "skew",
    "stratum",
    "source",
    "last_measurement",
    "findings",
    "reason",
)


class Log(Command):
    name = "log"
    about = "record how well the clock is kept, row by row"
    description = (
        "Writes a row at each interval, by the monotonic clock: the time, the verdict, the error bound, chronyd's numbers, and "
        "the time of the last measurement. Where chronyd did not respond, the row says why. Rows are appended to a "
        "file whole; SIGHUP makes it reopen the file (for logrotate). With --summary it reads such files and prints for each day "
        "(UTC) the number of rows, the gaps, the greatest error bound and how much of the time it was within --max-error."
    )
    options = COMMON

    def add_arguments(self, parser: ArgumentParser) -> None:
        option = parser.add_argument
        option(
            "-o",
            "--output",
            metavar="FILE",
            help="append to this file (default: write to standard output)",
        )
        option(
            "--json", action="store_true", help="write JSON: a line for each row; a list of days"
        )
        option("--csv", action="store_true", help="write CSV, with a line of headings (default)")
        option(
            "--interval",
            metavar="SECONDS",
            type=positive_duration,
            help="how often (default: 10; with --summary, the median time between the rows)",
        )
        option(
            "--count", metavar="ROWS", type=count, help="end after this many rows (default: never)"
        )
        clock.add_limits(parser)
        option(
            "--summary",
            action="store_true",
            help="read the logs that are named, and summarise each day",
        )
        option(
            "files",
            metavar="FILE",
            nargs="*",
            help="with --summary: a log, which may be compressed (.gz)",
        )

    def check(self, options: Namespace) -> None:
        if options.json and options.csv:
            raise UsageError("--json and --csv cannot be combined")
        if options.summary and options.output:
            raise UsageError("--summary and --output cannot be combined")
        if options.summary and not options.files:
            raise UsageError("--summary needs files: write pychrony log --summary FILE")
        if options.files and not options.summary:
            file = options.files[0]
            raise UsageError(
                f"unexpected argument {file!r}: write --output {file} to append to it, or --summary {file} to read it"
            )

    def run(self, options: Namespace) -> int:
        if options.summary:
            from . import log_summary

            return log_summary.run(options)
        from .log_file import LogFile, StandardOutput, Unwritable

        limits, interval = clock.limits(options), options.interval or INTERVAL
        try:
            output = (
                LogFile(options.output, header(options))
                if options.output
                else StandardOutput(header(options))
            )
        except Unwritable as error:
            complain(f"pychrony: {options.output or 'standard output'}: {error.strerror}")
            return NO_ANSWER
        for _ in clock.beats(interval, options.count):
            # Half of the interval, so that a chronyd that does not answer costs no row.
            verdict = clock.judge(options, limits, min(options.timeout, interval / 2))
            output.write(encode(row(verdict, time.time_ns()), options.json))
        return NO_ANSWER if output.lost else DONE


def header(options: Namespace) -> str:
    return "" if options.json else ",".join(COLUMNS) + "\n"


def row(verdict: health.Verdict, now: int) -> dict[str, Any]:
    bad = [finding for finding in verdict.findings if finding.level > health.Level.OK]
    values: dict[str, Any] = dict.fromkeys(COLUMNS)
    values["time"] = utc(now)
    values["verdict"] = verdict.level.name
    values["error_bound"] = verdict.error_bound
    values["findings"] = " ".join(finding.code for finding in verdict.findings) or None
    values["reason"] = one_line("; ".join(finding.words for finding in bad)) or None
    status = verdict.tracking
    if status is not None:
        values["frequency"] = status.frequency
    # The other numbers of a clock without a source are zeros, or old.
    if status is not None and status.is_synchronized():
        for name in ("offset", "root_delay", "root_dispersion", "skew", "stratum"):
            values[name] = getattr(status, name)
        values["source"] = one_line(status.reference_id_name)
        values["last_measurement"] = utc(status.ref_time_ns)
    return values


def utc(nanoseconds: int) -> str:
    """2026-11-26T22:00:00.123456789Z"""
    seconds, part = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{part:09d}Z"


def encode(values: dict[str, Any], as_json: bool) -> str:
    if as_json:
        import json

        return json.dumps(values) + "\n"
    import csv
    import io

    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(
        [
            "" if value is None else repr(value) if isinstance(value, float) else value
            for value in values.values()
        ]
    )
    return line.getvalue()
