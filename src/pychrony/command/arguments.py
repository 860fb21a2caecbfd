"""The command line: the options that commands share, and the parsers from which help, manual page and completion are made.

An option may stand before or after its command: what stands before is handed to the command's own parser too.
"""

from __future__ import annotations

import argparse
import os
import re
import sys

from .. import _durations as durations
from . import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from typing import Any, NoReturn

    from . import Command, Commands

WATCH_INTERVAL = 2.0

# Those of the module socket, which is not imported for this.
AF_INET, AF_INET6 = 2, 10

DESCRIPTION = """\
Ask chronyd, the NTP daemon, how good the system's clock is.
Without a command: may the clock be trusted, and what are its sources?
"""

EXAMPLES = """\
examples:
  pychrony                          may the clock be trusted?
  pychrony sources -v               the sources, with each column explained
  pychrony --json | jq .offset      one number for a script
  pychrony --watch                  the verdict and the sources, asked again every 2 s
  pychrony check --critical 10ms    for Nagios, Icinga and the like
  pychrony wait --max-error 50ms    before a program that needs the time
  pychrony doctor                   what is wrong, and what to do about it
"""

NOTE = """\
(*) chronyd gives these reports over its Unix socket only, to root and to its
own user, unless opencommands in its configuration (chrony 4.7) says otherwise.
"""

RARE = """\
exit status:
  0  success
  1  the clock is not synchronised, or not good enough (wait and doctor only)
  2  invalid command line; for guard also: the clock is no longer good
  3  chronyd could not be asked, or the output could not be written
  check exits as a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
  (also after --help); metrics exits with 0 if chronyd cannot be asked, since
  the metrics show it

environment:
  PYCHRONY_ADDRESS    the address to use instead of the usual ones
  PYCHRONY_LIBCHRONY  the path of libchrony
  NO_COLOR            if not empty, turns colours off
"""

EPILOG = "\n".join([EXAMPLES, NOTE, RARE])


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
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number: write 0, 1, 2 ...")
    return int(text)


# The options that commands share: the flags of each, and how argparse reads it. The key is the attribute's name.
OPTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "address": (
        ("-a", "--address"),
        {
            "metavar": "ADDRESS",
            "help": "socket path, IP address or host name of the chronyd; a port may follow an address or a name "
            "(default: the one in the environment variable PYCHRONY_ADDRESS, else the first that can be reached of "
            "/run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323)",
        },
    ),
    "timeout": (
        ("-t", "--timeout"),
        {
            "metavar": "SECONDS",
            "type": positive_duration,
            "default": 3.0,
            "help": "how long to wait for each response (default: 3)",
        },
    ),
    "ipv4": (
        ("-4",),
        {
            "dest": "family",
            "action": "store_const",
            "const": AF_INET,
            "default": 0,
            "help": "resolve a host name to IPv4 addresses only",
        },
    ),
    "ipv6": (
        ("-6",),
        {
            "dest": "family",
            "action": "store_const",
            "const": AF_INET6,
            "default": 0,
            "help": "resolve a host name to IPv6 addresses only",
        },
    ),
    "json": (
        ("--json",),
        {"action": "store_true", "help": "write JSON: all fields, numbers unrounded"},
    ),
    "csv": (
        ("--csv",),
        {"action": "store_true", "help": "write CSV, with a line of headings"},
    ),
    "watch": (
        ("--watch",),
        {
            "metavar": "SECONDS",
            "nargs": "?",
            "const": WATCH_INTERVAL,
            "type": positive_duration,
            "help": "ask again at this interval, until Ctrl-C (default: 2); with --json, write a line for each round",
        },
    ),
    "legend": (
        ("-v", "--verbose"),
        {"action": "store_true", "help": "explain each column"},
    ),
}


class Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal. To find the width, argparse would import shutil for each option that is added."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class Wrapped(Help):
    """For a description that is one paragraph; text of several lines is left as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
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
    """Raises UsageError for a wrong command line."""

    help_status = DONE

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """After the help or the version."""
        sys.exit(self.help_status)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def print_help(self, file: Any = None) -> None:
        """On standard output; nowhere if it is closed, for argparse would take standard error then."""
        print(self.format_help(), end="", file=file)


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


def add_options(parser: argparse.ArgumentParser, options: Sequence[str]) -> None:
    """Give a parser options of the table."""
    for key in options:
        flags, settings = OPTIONS[key]
        parser.add_argument(*flags, **{"dest": key, **settings})


def parser_of(command: Command, name: str) -> Parser:
    """The parser of one command. Under no name, it has what every other command lacks."""
    parser = Parser(**_settings(command, name))
    parser.help_status = command.help_status
    _fill(parser, command, name)
    return parser


def short_help(commands: Commands) -> str:
    """The help without a command, on one screen: of each command and each option the first words."""
    made = {name: make() for name, make in commands.items()}
    pairs = [(name, command.about) for name, command in made.items() if name]
    options = [
        (action, action.help or "")
        for action in parser_of(made[""], "")._actions
        if action.dest != "help"
    ]
    return "\n".join(
        [
            "usage: pychrony [OPTION]... [COMMAND] [OPTION]...\n",
            DESCRIPTION,
            "commands:",
            *_listed(pairs),
            "\noptions:",
            *_listed([(_invocation(action), help) for action, help in options]),
            "\n(*) over chronyd's Unix socket only, for root and chronyd's own user",
            "pychrony COMMAND --help has the rest: options, exit status, environment.\n",
        ]
    )


def _listed(pairs: Sequence[tuple[str, str]]) -> list[str]:
    from .text import wrapped

    size = max(len(name) for name, _ in pairs)
    lines = []
    for name, about in pairs:
        words = re.split(": |[;(]", about)[0].strip()
        star = " (*)" if about.endswith(" (*)") else ""
        lines += wrapped(f"  {name:<{size}}  {words}{star}", _columns(), " " * (size + 4))
    return lines


def _invocation(action: argparse.Action) -> str:
    value = "" if action.metavar is None else f" {action.metavar}"
    return ", ".join(action.option_strings) + (f" [{value[1:]}]" if action.nargs == "?" else value)


def whole_parser(commands: Commands) -> Parser:
    """The parser of all commands: for the manual page, the completion and the documentation."""
    default = commands[""]()
    parser = Parser(
        prog="pychrony",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=Help,
        allow_abbrev=False,
    )
    _fill(parser, default, "")
    listed = parser.add_subparsers(title="commands", metavar="COMMAND", prog="pychrony")
    for name, make in commands.items():
        if name:
            command = make()
            settings = {**_settings(command, name), "help": command.about}
            _fill(listed.add_parser(name, **settings), command, name)
    return parser


def _settings(command: Command, name: str) -> dict[str, Any]:
    about = f"{command.about[:1].upper()}{command.about[1:]}. {command.description}".strip()
    return {
        "prog": f"pychrony {name}".strip(),
        "description": about,
        "epilog": RARE,
        "formatter_class": Wrapped,
        "allow_abbrev": False,
    }


def _fill(parser: argparse.ArgumentParser, command: Command, name: str) -> None:
    if not name:
        parser.add_argument(
            "-V",
            "--version",
            action=Version,
            nargs=0,
            help="print the versions, and which libchrony is in use",
        )
    add_options(parser, command.options)
    command.add_arguments(parser)


def split(commands: Commands, line: Sequence[str]) -> tuple[str, list[str]]:
    """The name of the command in a line, "" if there is none, and the other arguments.

    The command is the first argument that is not an option or an option's value.
    """
    before: list[str] = []
    position = 0
    while position < len(line):
        argument = line[position]
        following = line[position + 1 : position + 2]
        if argument in ("-h", "--help", "-V", "--version"):
            break
        if not argument.startswith("-"):
            if argument and argument in commands:
                return argument, before + _with_interval(line[position + 1 :], commands)
            raise UsageError(_unknown_command(argument, commands))
        position += 1
        if argument == "--":
            continue
        before.append(argument)
        if following and _takes_value(argument, following[0], commands):
            before.append(following[0])
            position += 1
        elif argument == "--watch":
            before[-1] = f"--watch={WATCH_INTERVAL}"
    return "", before + list(line[position:])


def _takes_value(argument: str, following: str, commands: Container[str]) -> bool:
    """Whether the argument after an option that stands before the command is the option's value."""
    for flags, settings in OPTIONS.values():
        if argument in flags or _ends_in(argument, flags[0]):
            if settings.get("nargs") == "?":
                return not following.startswith("-") and following not in commands
            return "action" not in settings
    # An option of the command itself: a word that is not a command can only be its value.
    return not following.startswith("-") and following not in commands and "=" not in argument


def _ends_in(argument: str, flag: str) -> bool:
    """Whether short options that are written together (-vt) end in this one."""
    return not argument.startswith("--") and len(argument) > 2 and argument[-1:] == flag[1:]


def _with_interval(given: Sequence[str], commands: Container[str]) -> list[str]:
    """Give --watch its default interval if it has none, so that NAME of `report --watch NAME` is not taken for it."""
    line = list(given)
    for index, argument in enumerate(line):
        if argument == "--watch" and line[index + 1 : index + 2] and line[index + 1] in commands:
            line[index] = f"--watch={WATCH_INTERVAL}"
    return line


def _unknown_command(word: str, commands: Commands) -> str:
    hint = _hint(word) or f" (choose from {', '.join(filter(None, commands))})"
    return f"unknown command {word!r}{hint}"


def _hint(word: str) -> str:
    is_address = "/" in word or ":" in word or word.count(".") > 1
    return "; an address is given with --address" if is_address else ""


def parse(command: Command, name: str, line: Sequence[str]) -> argparse.Namespace:
    """What was asked for. UsageError: a wrong command line. Ends the process for the command's help and the version."""
    options, unknown = parser_of(command, name).parse_known_args(line)
    unknown = [argument for argument in unknown if argument != "--"]
    if unknown and unknown[0].startswith("-"):
        raise UsageError(f"unknown option {unknown[0].partition('=')[0]!r}")
    if unknown:
        raise UsageError(f"unexpected argument {unknown[0]!r}{_hint(unknown[0])}")
    command.check(options)
    return options
