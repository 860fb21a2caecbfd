"""What the commands exporter and metrics have in common: their options, and what they need.

Neither libchrony nor prometheus-client is imported for a command line, its help or a mistake in it.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from .._reports import REPORTS
from ..command import NO_ANSWER, UsageError, complain

if TYPE_CHECKING:
    from .metrics import Report


def add_collectors(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--collector",
        metavar="REPORT",
        action="append",
        choices=list(REPORTS),
        help=f"ask for this report only; repeatable. One of {', '.join(REPORTS)} (default: all)",
    )
    which.add_argument(
        "--no-collector",
        metavar="REPORT",
        action="append",
        choices=list(REPORTS),
        default=[],
        help="do not ask for this report; repeatable",
    )


def check_collectors(options: Namespace) -> None:
    if not REPORTS.keys() - options.no_collector:
        raise UsageError("--no-collector leaves out all reports")


def selected(options: Namespace) -> list[Report]:
    """The reports to ask for."""
    from . import metrics

    names = options.collector or REPORTS.keys() - options.no_collector
    return [report for report in metrics.REPORTS if report.name in names]


def without_client(error: ModuleNotFoundError) -> int:
    """The exit status where prometheus-client is not installed, after a line that says so. Another error goes on."""
    if error.name != "prometheus_client":
        raise error
    complain(
        "pychrony: this needs prometheus-client (the extra pychrony[exporter]): pip install prometheus-client"
    )
    return NO_ANSWER
