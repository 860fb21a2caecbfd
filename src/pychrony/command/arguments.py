"""The command line: the single parser from which help, manual page and completion are made.

Options and commands are tables. An option may stand before or after the command it belongs to.
"""

from __future__ import annotations

import argparse
import os
import sys

from . import durations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any, NoReturn

WATCH_INTERVAL = 2.0

# chronyd's reports, and what each is about. The names are chronyc's.
REPORTS = {
    "tracking": "how good the system's clock is: offset, frequency, stratum, error bounds (the default)",
    "sources": "which sources chronyd has, and what it makes of each",
    "sourcestats": "how each source drifts, and how well chronyd knows that",
    "selectdata": "why chronyd selected each source, or did not (*)",
    "ntpdata": "the last valid measurement of each NTP source (*)",
    "authdata": "how each NTP source is authenticated (*)",
    "activity": "how many NTP sources are online and offline",
    "serverstats": "how many requests chronyd received and dropped as a server (*)",
    "rtcdata": "how the hardware's real-time clock drifts",
    "smoothing": "how the time that chronyd serves differs from the clock's",
}

DESCRIPTION = """\
Ask chronyd, the NTP daemon, how good the system's clock is.
Without a command: its tracking report.
"""

EPILOG = """\
examples:
  pychrony                          how good is the clock?
  pychrony sources -v               the sources, with each column explained
  pychrony --json | jq .offset      one number for a script
  pychrony sources --watch          the sources, asked again every 2 s
  pychrony check --critical 10ms    for Nagios, Icinga and the like
  pychrony wait --max-error 50ms    before a program that needs the time
  pychrony doctor                   what is wrong, and what to do about it

(*) chronyd gives these reports over its Unix socket only, to root and to its
own user, unless opencommands in its configuration (chrony 4.7) says otherwise.

exit status:
  0  it was done
  1  the clock is not synchronised, or not good enough; of wait and doctor only
  2  the command line is wrong
  3  chronyd could not be asked, or the output could not be written
  check has that of a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN

environment:
  PYCHRONY_ADDRESS    an address to ask in place of the usual ones
  PYCHRONY_LIBCHRONY  the path of libchrony
  NO_COLOR            if not empty: no colours
"""


def duration(text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive_duration(text: str) -> float:
    value = duration(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no count: write 0, 1, 2 ...")
    return int(text)


# Option: its flags, its default, and how argparse reads it. The key is the name of the attribute; where one attribute has
# two meanings, the name is the part of the key before the dot.
OPTIONS: dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]] = {
    "address": (
        ("-a", "--address"),
        None,
        {
            "metavar": "ADDRESS",
            "help": "the chronyd to ask: path of its Unix socket, or an IP address or host name with an optional port "
            "(default: the one in the environment variable PYCHRONY_ADDRESS, else the first that can be reached of "
            "/run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323)",
        },
    ),
    "timeout": (
        ("-t", "--timeout"),
        3.0,
        {
            "metavar": "SECONDS",
            "type": positive_duration,
            "help": "how long to wait for each answer (default: 3)",
        },
    ),
    "json": (
        ("--json",),
        False,
        {"action": "store_true", "help": "write JSON: all fields, numbers unrounded"},
    ),
    "csv": (
        ("--csv",),
        False,
        {"action": "store_true", "help": "write CSV, with a line of headings"},
    ),
    "watch": (
        ("--watch",),
        None,
        {
            "metavar": "SECONDS",
            "nargs": "?",
            "const": WATCH_INTERVAL,
            "type": positive_duration,
            "help": "ask again at this interval, until Ctrl-C (default: 2); with --json, write a line for each round",
        },
    ),
    "verbose.legend": (
        ("-v", "--verbose"),
        False,
        {"action": "store_true", "help": "explain each column"},
    ),
    "verbose.sources": (
        ("-v", "--verbose"),
        False,
        {"action": "store_true", "help": "add the sources, on lines of their own"},
    ),
    "name": (
        ("name",),
        None,
        {
            "metavar": "NAME",
            "help": "a report, by libchrony's name; an unknown name prints the list",
        },
    ),
    "warning": (
        ("-w", "--warning"),
        None,
        {
            "metavar": "DURATION",
            "type": duration,
            "help": "WARNING when the clock may be more wrong than this (default: 100ms)",
        },
    ),
    "critical": (
        ("-c", "--critical"),
        None,
        {
            "metavar": "DURATION",
            "type": duration,
            "help": "CRITICAL when the clock may be more wrong than this (default: 500ms)",
        },
    ),
    "max_age": (
        ("--max-age",),
        8192.0,
        {
            "metavar": "DURATION",
            "type": duration,
            "help": "WARNING when the last measurement is older (default: 8192s, eight polls at chronyd's longest "
            "usual interval)",
        },
    ),
    "max_stratum": (
        ("--max-stratum",),
        15,
        {
            "metavar": "STRATUM",
            "type": count,
            "help": "WARNING when the clock's stratum is higher (default: 15)",
        },
    ),
    "min_sources": (
        ("--min-sources",),
        1,
        {
            "metavar": "COUNT",
            "type": count,
            "help": "WARNING when fewer sources are reachable (default: 1)",
        },
    ),
    "max_error": (
        ("--max-error",),
        None,
        {
            "metavar": "DURATION",
            "type": positive_duration,
            "help": "wait also until the clock cannot be more wrong than this",
        },
    ),
    "limit": (
        ("--for",),
        None,
        {
            "metavar": "SECONDS",
            "type": positive_duration,
            "help": "give up after this long, with exit status 1 (default: never)",
        },
    ),
}

_COMMON = ("address", "timeout")
_REPORT = (*_COMMON, "json", "csv", "watch", "verbose.legend")

# Command: what it is for, its options, its module, and what its own help adds.
COMMANDS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    **{name: (about, _REPORT, "reports", "") for name, about in REPORTS.items()},
    "report": (
        "any report that libchrony knows, under libchrony's own names",
        (*_COMMON, "json", "csv", "watch", "name"),
        "reports",
        "",
    ),
    "check": (
        "may the clock be trusted? For monitoring: a line with performance data, and an exit status",
        (
            *_COMMON,
            "warning",
            "critical",
            "max_age",
            "max_stratum",
            "min_sources",
            "verbose.sources",
        ),
        "check",
        "A monitoring plugin. The clock's greatest possible error, abs(offset) + root dispersion + root delay / 2, is "
        "compared with --warning and --critical. Also CRITICAL: the clock is not synchronised, chronyd follows only its "
        "local reference, chronyd does not answer. UNKNOWN: a wrong command line, no permission, no libchrony. Durations "
        "are written 100us, 5ms, 1.5s, 2min, or as they are printed: '5 ms'.",
    ),
    "wait": (
        "wait until the clock is synchronised",
        (*_COMMON, "max_error", "limit"),
        "wait",
        "Returns with status 0 as soon as the clock is synchronised to a source (not to the local reference only). "
        "chronyd may be started later. It asks once a second.",
    ),
    "doctor": (
        "what is wrong, step by step, and what to do about it",
        (*_COMMON, "json"),
        "doctor",
        "Works without libchrony too. With --json it is what a support ticket needs.",
    ),
}


# Commands of other subpackages, each with its module. The module has add_arguments(commands), which adds the command's
# parser, gives it options (add_options() for those of the table) and names the command by set_defaults(command=...,
# module=..., parser=...); and run(options), which returns the exit status. It must be importable without libchrony, because
# the manual page is made where there is none.
OTHERS: dict[str, str] = {
    "exporter": "pychrony.exporter.serve",
    "metrics": "pychrony.exporter.once",
}


class Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal. To find the width, argparse would import shutil for each option that is added."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class Wrapped(Help):
    """For a description that is one paragraph."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return argparse.HelpFormatter._fill_text(self, text, width, indent)


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size().columns or 80
    except (OSError, ValueError):
        return 80


class Parser(argparse.ArgumentParser):
    """Ends the process with the exit status that the command has for a wrong command line."""

    monitoring = False  # whether the command is `check`

    def error(self, message: str) -> NoReturn:
        if self.monitoring:
            from .check import plain

            print(f"CLOCK UNKNOWN: {plain(message)}")
            raise SystemExit(3)
        print(f"pychrony: {message}\nTry '{self.prog} --help'.", file=sys.stderr)
        raise SystemExit(2)


class Version(argparse.Action):
    """Prints the versions, and which libchrony is in use; it works without libchrony too."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import pychrony

        version = getattr(pychrony, "__version__", None)
        libchrony = getattr(pychrony, "libchrony_path", "cannot be loaded: see pychrony doctor")
        if version is None:
            import importlib.metadata

            version = importlib.metadata.version("pychrony")
        print(f"pychrony {version}\nlibchrony: {libchrony}\nPython: {sys.version.split()[0]}")
        parser.exit()


def add_options(parser: argparse.ArgumentParser, options: tuple[str, ...]) -> None:
    """Give a parser options of the table. An option that is not used sets no attribute: parse() adds the defaults."""
    for key in options:
        flags, _, settings = OPTIONS[key]
        named: dict[str, Any] = dict(settings)
        if flags[0].startswith("-"):
            named["dest"] = key.partition(".")[0]
        parser.add_argument(*flags, default=argparse.SUPPRESS, **named)


def build(names: Collection[str] = (*COMMANDS, *OTHERS)) -> Parser:
    """The parser, with all commands or only some of them, because each takes time to add."""
    parser = Parser(
        prog="pychrony",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument(
        "-V",
        "--version",
        action=Version,
        nargs=0,
        help="print the versions, and which libchrony is in use",
    )
    add_options(parser, _REPORT)
    parser.set_defaults(command="tracking", module="pychrony.command.reports", parser=parser)
    if not names:
        return parser
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="pychrony")
    for name, (about, options, module, more) in COMMANDS.items():
        if name in names:
            command = commands.add_parser(
                name,
                help=about,
                description=f"{about[0].upper()}{about[1:]}. {more}".strip(),
                formatter_class=Wrapped,
                allow_abbrev=False,
            )
            add_options(command, options)
            command.set_defaults(command=name, module=f"pychrony.command.{module}", parser=command)
    for name, module in OTHERS.items():
        if name in names:
            __import__(module, fromlist=["add_arguments"]).add_arguments(commands)
    return parser


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for. Ends the process for help, for the version, and for a wrong command line."""
    Parser.monitoring = "check" in arguments
    every = (*COMMANDS, *OTHERS)
    helps = "-h" in arguments or "--help" in arguments
    parser = build(every if helps else [name for name in every if name in arguments])
    options, unknown = parser.parse_known_args(_with_interval(arguments))
    command: Parser = options.parser
    hint = ""
    if unknown and ("/" in unknown[0] or ":" in unknown[0] or unknown[0].count(".") > 1):
        hint = "; an address is given with --address"
    if command is parser and unknown and not unknown[0].startswith("-"):
        command.error(
            f"there is no command {unknown[0]!r}" + (hint or f"; there are {', '.join(every)}")
        )
    if unknown:
        command.error(
            f"there is no option {unknown[0]!r}"
            if unknown[0].startswith("-")
            else f"unexpected argument {unknown[0]!r}: {options.command} takes no such argument{hint}"
        )
    _only_its_own(options, command)
    for key, (_, default, _) in OPTIONS.items():
        name = key.partition(".")[0]
        if not hasattr(options, name):
            setattr(options, name, default)
    if options.json and options.csv:
        command.error("--json and --csv exclude each other")
    return options


def _with_interval(arguments: Sequence[str]) -> list[str]:
    """Give --watch its default interval if it has none, so that the command's name is not taken for the interval."""
    given = list(arguments)
    for index, argument in enumerate(given):
        following = given[index + 1 : index + 2]
        if argument == "--watch" and (not following or following[0] in (*COMMANDS, *OTHERS)):
            given[index] = f"--watch={WATCH_INTERVAL}"
    return given


def _only_its_own(options: argparse.Namespace, command: Parser) -> None:
    """Refuse an option that stands before a command which does not have it."""
    known = {action.dest for action in command._actions}
    for key, (flags, _, _) in OPTIONS.items():
        name = key.partition(".")[0]
        if hasattr(options, name) and name not in known:
            command.error(f"{options.command} takes no {flags[-1]}")
