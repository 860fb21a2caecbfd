"""The metrics once: on standard output, or in a file for node_exporter's textfile collector."""

from __future__ import annotations

import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from .collector import BuildInfo, ChronyCollector, SharedConnection
from .tables import Report


def run(arguments: Namespace, reports: Sequence[Report]) -> int:
    """0: the metrics are written, also where they say that chronyd is down; 1: not written; 2: a malformed address."""
    try:
        ask = SharedConnection(arguments.address, arguments.timeout)
    except ValueError as error:
        complain(str(error))
        return 2
    registry = CollectorRegistry()
    registry.register(ChronyCollector(ask, reports, complain))
    registry.register(BuildInfo())
    text = generate_latest(registry)
    ask.close()
    try:
        if arguments.output:
            replace(Path(arguments.output), text)
        else:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
    except OSError as error:
        complain(f"cannot write the metrics: {error}")
        return 1
    return 0


def replace(path: Path, text: bytes) -> None:
    """Write a file so that a reader finds the old or the new one, whole, even after a crash; everybody may read it.

    The temporary file does not end in .prom: node_exporter does not read it.
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
