"""The command `pychrony`: what a person at a shell, a script or a monitoring system wants to know about the clock.

Each command is one object, an instance of a subclass of Command: its arguments, its run, and how it reports an error.
To add one, write the subclass in a file that says what it is, and name it in COMMANDS of pychrony/__main__.py. That
module knows all commands, those of other subpackages too; nothing here imports it. A command's module is imported for
its own command line and for the list of commands only, and must be importable without libchrony, because help, the manual
page and the completion are made where there is none: what needs libchrony or another package is imported in run().

    class Uptime(Command):
        name = "uptime"
        about = "how long chronyd has been running"          # its line in `pychrony --help`
        description = "Asks the operating system."           # added to that line in `pychrony uptime --help`
        options = (*COMMON, "json")                          # options of the table in arguments.py

        def add_arguments(self, parser):                     # further options
            parser.add_argument("--days", action="store_true", help="in days")

        def check(self, options):                            # raises UsageError for what cannot be combined
            ...

        def run(self, options):                              # returns the exit status
            ...

A ChronyError that run() raises goes to failed(), a UsageError to usage_error(). These two print the error and return
the exit status; the plugin `check` has its own.

The files: program runs a command; arguments has the parser and the options that commands share; asking has the address,
host names included. overview is `pychrony` alone; reports, tables, text and units show chronyd's reports; watch and
history repeat them. check, wait, guard and log judge the clock with clock and ranges. doctor finds causes with machine
(what is seen of this machine) and advice (what to do). terminal is about colours and sizes.

Only the standard library is used. What a command does not need is not imported, because a check may run every few
seconds.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from typing import Callable

    # Commands by their names, each made when it is needed; the one without a name runs where none is named.
    Commands = Mapping[str, Callable[[], "Command"]]

# Exit statuses. `check` has its own, those of the Monitoring Plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
DONE = 0
NOT_SYNCHRONISED = 1  # wait and doctor only; guard has another
USAGE = 2
# chronyd could not be asked, a library is missing, or the output could not be written.
NO_ANSWER = 3

# Options that every command has.
COMMON = ("address", "timeout", "ipv4", "ipv6")


class UsageError(ValueError):
    """The command line is wrong; the message says how."""


class Command:
    """One command of `pychrony`. The package's docstring explains the attributes and methods."""

    name: str = ""
    about: str = ""
    description: str = ""
    options: tuple[str, ...] = COMMON
    needs_libchrony: bool = True
    help_status: int = DONE  # the exit status after the help

    def add_arguments(self, parser: ArgumentParser) -> None:
        pass

    def check(self, options: Namespace) -> None:
        pass

    def run(self, options: Namespace) -> int:
        raise NotImplementedError

    def usage_error(self, error: UsageError) -> int:
        complain(
            f"pychrony: {one_line(error)}\nTry '{' '.join(['pychrony', self.name]).strip()} --help'."
        )
        return USAGE

    def failed(self, error: Exception) -> int:
        """There is no answer: chronyd cannot be asked, or libchrony is missing."""
        complain(f"pychrony: {one_line(error)}")
        return NO_ANSWER


def complain(message: str) -> None:
    """Print on standard error; nowhere if it is closed, for print() would take standard output then."""
    if sys.stderr is not None:
        print(message, file=sys.stderr, flush=True)


def one_line(error: object) -> str:
    return " ".join(str(error).split())
