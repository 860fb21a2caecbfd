"""The command metrics: prints them once, or writes them to a file for node_exporter's textfile collector."""

from __future__ import annotations

import errno
import math
import os
import stat
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..command import DONE, NO_ANSWER, USAGE, Command, complain
from .arguments import add_collectors, check_collectors, selected, without_client


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

    def check(self, options: Namespace) -> None:
        check_collectors(options)

    def run(self, options: Namespace) -> int:
        """Succeeds if the metrics were written, even if they say that chronyd is down."""
        try:
            from prometheus_client import CollectorRegistry, generate_latest

            from .collector import BuildInfo, Collected
            from .scrapes import Scrapes
        except ModuleNotFoundError as error:
            return without_client(error)
        try:
            scrapes = Scrapes(
                options.address,
                options.timeout,
                selected(options),
                lambda report, error: say(f"{report}: {error}"),
                options.family,
            )
        except ValueError as error:
            say(str(error))
            return USAGE
        registry = CollectorRegistry()
        registry.register(Collected(scrapes(math.inf).metrics))
        registry.register(BuildInfo())
        text = generate_latest(registry)
        try:
            if options.output:
                write(Path(options.output), text)
            elif sys.stdout is None:
                raise OSError(errno.EBADF, "standard output is closed")
            else:
                sys.stdout.buffer.write(text)
                sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            say(f"cannot write the metrics: {error}")
            return NO_ANSWER
        return DONE


def write(path: Path, text: bytes) -> None:
    """Write a file, which need not be there. Only a regular file is replaced: not a device, a pipe or a symbolic link."""
    try:
        regular = stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        regular = True
    if regular:
        replace(path, text)
    else:
        path.write_bytes(text)


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


def say(message: str) -> None:
    complain(f"pychrony metrics: {message}")
