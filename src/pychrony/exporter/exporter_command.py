"""The command exporter: its options; server.py does the rest."""

from __future__ import annotations

import ipaddress
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..command import DONE, Command, UsageError
from .arguments import add_collectors, check_collectors, selected, without_client

# chrony_exporter's port in Prometheus's list of default ports.
LISTEN = "127.0.0.1:9123"


# In the directory examples beside this file.
FILES = (
    "grafana-dashboard.json",
    "prometheus.yml",
    "pychrony-exporter.service",
    "rules.yml",
)


class Exporter(Command):
    name = "exporter"
    about = "serve chronyd's reports to Prometheus"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_collectors(parser)
        option = parser.add_argument
        option(
            "--print",
            metavar="FILE",
            choices=FILES,
            dest="file",
            help=f"print a file that goes with the exporter, and exit. One of {', '.join(FILES)}",
        )
        option(
            "--listen",
            metavar="HOST:PORT",
            action="append",
            help=f"where to serve; :PORT is every address; repeatable (default: {LISTEN}); ignored if systemd passes sockets",
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
        option("--keyfile", metavar="FILE", help="the certificate's key, if its file has none")
        option(
            "--client-cafile",
            metavar="FILE",
            help="require client certificates of this authority (PEM)",
        )
        option(
            "--basic-auth-file",
            metavar="FILE",
            help="require basic authentication with an account from FILE, whose lines are USER:PASSWORD",
        )

    def check(self, options: Namespace) -> None:
        check_collectors(options)
        for given, name in (
            (options.keyfile, "--keyfile"),
            (options.client_cafile, "--client-cafile"),
        ):
            if given is not None and options.certfile is None:
                raise UsageError(f"{name} needs --certfile: without it, HTTPS is not served")

    def run(self, options: Namespace) -> int:
        """Serve until SIGTERM or SIGINT."""
        if options.file is not None:
            print((Path(__file__).parent / "examples" / options.file).read_text(), end="")
            return DONE
        try:
            from . import server
        except ModuleNotFoundError as error:
            return without_client(error)
        return server.run(options, options.listen or [LISTEN], selected(options))
