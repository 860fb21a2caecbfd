"""The commands of `pychrony`, and python -m pychrony, which is the same command, run by this interpreter.

Where libchrony is missing, Python itself fails to import the package before this file is reached, and says why in one
line. The installed command `pychrony` does more in that case: its help, its version and `pychrony doctor` still work.
"""

from __future__ import annotations

import sys
from functools import partial

from pychrony._reports import REPORTS
from pychrony.command import Command, program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Callable


def _overview() -> Command:
    from pychrony.command.overview import Overview

    return Overview()


def _report(name: str) -> Command:
    from pychrony.command.reports import Report

    return Report(name)


def _any_report() -> Command:
    from pychrony.command.reports import AnyReport

    return AnyReport()


def _check() -> Command:
    from pychrony.command.check import Check

    return Check()


def _wait() -> Command:
    from pychrony.command.wait import Wait

    return Wait()


def _guard() -> Command:
    from pychrony.command.guard import Guard

    return Guard()


def _log() -> Command:
    from pychrony.command.log import Log

    return Log()


def _doctor() -> Command:
    from pychrony.command.doctor import Doctor

    return Doctor()


def _exporter() -> Command:
    from pychrony.exporter.exporter_command import Exporter

    return Exporter()


def _metrics() -> Command:
    from pychrony.exporter.metrics_command import Metrics

    return Metrics()


# Each imports its command's module when it is called. The names are in the order of `pychrony --help`.
COMMANDS: dict[str, Callable[[], Command]] = {
    "": _overview,
    **{name: partial(_report, name) for name in REPORTS},
    "report": _any_report,
    "check": _check,
    "wait": _wait,
    "guard": _guard,
    "log": _log,
    "doctor": _doctor,
    "exporter": _exporter,
    "metrics": _metrics,
}


def main(arguments: Sequence[str] | None = None, missing: ImportError | None = None) -> int:
    """Run the command, and return its exit status. `missing` says why pychrony could not be loaded, if so."""
    return program.main(COMMANDS, sys.argv[1:] if arguments is None else arguments, missing)


if __name__ == "__main__":
    sys.exit(main())
