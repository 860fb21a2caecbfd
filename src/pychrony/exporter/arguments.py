"""What the commands exporter and metrics have in common: their options, and what they need.

Neither libchrony nor prometheus-client is imported for a command line, its help or a mistake in it.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tables import Report

# The names in tables.REPORTS.
COLLECTORS = [
    "tracking",
    "activity",
    "sources",
    "sourcestats",
    "rtcdata",
    "smoothing",
    "serverstats",
    "selectdata",
    "ntpdata",
    "authdata",
]


def add_collectors(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--collector",
        metavar="REPORT",
        action="append",
        choices=COLLECTORS,
        help=f"ask for this report only; repeatable. One of {', '.join(COLLECTORS)} (default: all)",
    )
    which.add_argument(
        "--no-collector",
        metavar="REPORT",
        action="append",
        choices=COLLECTORS,
        default=[],
        help="do not ask for this report; repeatable",
    )


def selected(options: Namespace) -> list[Report]:
    """The reports to ask for."""
    from .tables import REPORTS

    names = options.collector or COLLECTORS
    return [
        each for each in REPORTS if each.name in names and each.name not in options.no_collector
    ]


def without_client(error: ModuleNotFoundError) -> int:
    """The exit status where prometheus-client is not installed, after a line that says so. Another error goes on."""
    if error.name != "prometheus_client":
        raise error
    print(
        "pychrony: this needs prometheus-client (the extra pychrony[exporter]): pip install prometheus-client",
        file=sys.stderr,
    )
    return 2
