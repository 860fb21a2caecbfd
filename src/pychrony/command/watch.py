"""--watch: a report again and again, each drawn over the last one on a terminal."""

from __future__ import annotations

import sys
import time

import pychrony

from . import complain, one_line, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import NoReturn

    from .reports import Query

LONGEST = 1e8  # seconds that one call of sleep() may be given


def run(options: Namespace, command: Query) -> NoReturn:
    """Show the report until Ctrl-C. If chronyd does not answer, say so and ask again: it may be restarted."""
    for_programs = options.json or options.csv
    draws = terminal.has_escapes(sys.stdout) and not for_programs
    first = True
    while True:
        try:
            text = command.show(options, first or draws)
        except pychrony.ChronyError as error:
            if for_programs:
                print(command.failed_round(options, error), flush=True)
            elif draws:
                draw(f"{title(command, options)}\n\n{command.outage(options, error)}")
            else:
                complain(f"pychrony: {one_line(error)}")
        else:
            if draws:
                draw(f"{title(command, options)}\n\n{text}")
            elif text:
                print(text if first or for_programs else f"\n{text}", flush=True)
            first = False
        time.sleep(min(options.watch, LONGEST))


def title(command: Query, options: Namespace) -> str:
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    what = f"chronyd's {command.name}" if command.name else "pychrony"
    return f"{what}, every {options.watch:g} s (Ctrl-C ends)  {now}"


def draw(text: str) -> None:
    """Draw over what was drawn before, and only as many lines as fit, so that the terminal does not scroll."""
    lines = fitting(text.split("\n"), terminal.height() - 1)
    # Starts at the top left; the rest of each line, and of the screen, is cleared.
    sys.stdout.write("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")
    sys.stdout.flush()


def fitting(lines: list[str], room: int) -> list[str]:
    """The lines that fit into so many of the terminal; in place of the others, a line that says how many they are."""
    if sum(map(terminal.lines_taken, lines)) <= room:
        return lines
    shown: list[str] = []
    for line in lines:
        room -= terminal.lines_taken(line)
        if room < 1:
            break
        shown.append(line)
    hidden = len(lines) - len(shown)
    return [*shown, f"... {hidden} more line{'s' if hidden > 1 else ''}"]
