"""The subcommands exporter and metrics, as argparse needs them. prometheus-client is imported only when one runs."""

from __future__ import annotations

import argparse
import importlib
import ipaddress
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any, Callable

from .tables import REPORTS, Report

NAMES = [report.name for report in REPORTS]

# chrony_exporter's port in Prometheus's list of default ports.
LISTEN = "127.0.0.1:9123"

EXPORTER = "serve chronyd's reports to Prometheus"
METRICS = "print chronyd's reports once, in the text format of Prometheus"


def add_to(subparsers: argparse._SubParsersAction[ArgumentParser]) -> None:
    """Add the subcommands exporter and metrics. Each sets `run`: a function from the arguments to the exit status."""
    add_exporter_options(subparsers.add_parser("exporter", help=EXPORTER, description=EXPORTER))
    add_metrics_options(subparsers.add_parser("metrics", help=METRICS, description=METRICS))


def add_exporter_options(parser: ArgumentParser) -> None:
    add_common_options(parser, runner("server"))
    option = parser.add_argument
    option(
        "--listen",
        metavar="HOST:PORT",
        action="append",
        help=f"where to serve; :PORT is every address; repeatable (default: {LISTEN}; what systemd passes comes first)",
    )
    option(
        "--allow",
        metavar="NETWORK",
        action="append",
        default=[],
        type=ipaddress.ip_network,
        help="a network whose addresses /probe may ask, such as 192.0.2.0/24; repeatable (default: none)",
    )
    option("--certfile", metavar="FILE", help="serve HTTPS with this certificate chain (PEM)")
    option("--keyfile", metavar="FILE", help="its key, where the certificate's file has none")
    option("--client-cafile", metavar="FILE", help="ask for client certificates of this authority")
    option("--basic-auth-file", metavar="FILE", help="lines USER:PASSWORD; nobody else is served")


def add_metrics_options(parser: ArgumentParser) -> None:
    add_common_options(parser, runner("once"))
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write this file instead, atomically: FOLDER/chrony.prom for node_exporter's textfile collector",
    )


def add_common_options(parser: ArgumentParser, run: Callable[[Namespace], int]) -> None:
    option = parser.add_argument
    option(
        "--address",
        help="absolute path of chronyd's Unix socket, or an IP address with an optional port (default: chronyd's usual ones)",
    )
    option(
        "--timeout",
        type=float,
        default=3.0,
        metavar="SECONDS",
        help="for each report; the first that is not answered is the last that is asked for (default: %(default)g)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--collector",
        metavar="REPORT",
        action="append",
        choices=NAMES,
        help=f"ask for this report only; repeatable. One of {', '.join(NAMES)} (default: all)",
    )
    which.add_argument(
        "--no-collector",
        metavar="REPORT",
        action="append",
        choices=NAMES,
        default=[],
        help="do not ask for this report; repeatable",
    )
    parser.set_defaults(run=run)


def selected(arguments: Namespace) -> list[Report]:
    """The reports to ask for."""
    names = arguments.collector or NAMES
    return [
        each for each in REPORTS if each.name in names and each.name not in arguments.no_collector
    ]


def runner(module: str) -> Callable[[Namespace], int]:
    """A function that runs a module of this package; 2 where it cannot be imported for want of prometheus-client."""

    def run(arguments: Namespace) -> int:
        try:
            imported: Any = importlib.import_module(f".{module}", __package__)
        except ModuleNotFoundError as error:
            if error.name != "prometheus_client":
                raise
            print(
                "pychrony: this needs prometheus-client: pip install 'pychrony[exporter]'",
                file=sys.stderr,
            )
            return 2
        return int(imported.run(arguments, selected(arguments)))

    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """python -m pychrony.exporter"""
    parser = ArgumentParser(prog="python -m pychrony.exporter", description=EXPORTER)
    add_exporter_options(parser)
    given = parser.parse_args(arguments)
    return int(given.run(given))
