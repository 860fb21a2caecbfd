"""The command metrics: prints them once, or writes them to a file for node_exporter's textfile collector."""

from __future__ import annotations

import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..command import Command
from .arguments import add_collectors, selected, without_client


class Metrics(Command):
    name = "metrics"
    about = "print chronyd's reports once, in the text format of Prometheus"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_collectors(parser)
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="write this file instead, atomically: DIRECTORY/chrony.prom for node_exporter's textfile collector",
        )

    def run(self, options: Namespace) -> int:
        """0: the metrics were written, even if they say that chronyd is down; 1: not written; 2: a malformed address."""
        try:
            from prometheus_client import CollectorRegistry, generate_latest

            from .collector import BuildInfo, ChronyCollector, chronyd_at
        except ModuleNotFoundError as error:
            return without_client(error)
        try:
            ask = chronyd_at(options.address, options.timeout)
        except ValueError as error:
            complain(str(error))
            return 2
        registry = CollectorRegistry()
        registry.register(ChronyCollector(ask, selected(options), complain))
        registry.register(BuildInfo())
        text = generate_latest(registry)
        ask.close()
        try:
            if options.output:
                replace(Path(options.output), text)
            else:
                sys.stdout.buffer.write(text)
                sys.stdout.buffer.flush()
        except OSError as error:
            complain(f"cannot write the metrics: {error}")
            return 1
        return 0


def replace(path: Path, text: bytes) -> None:
    """Write a file so that a reader finds the whole old or the whole new one, even after a crash; everybody may read it.

    The temporary file's name does not end in .prom, so node_exporter does not read it.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def complain(message: str) -> None:
    print(f"pychrony metrics: {message}", file=sys.stderr)
