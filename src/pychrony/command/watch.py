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

    from .reports import Shown


def run(options: Namespace, command: Shown) -> NoReturn:
    """Show the report until Ctrl-C. If chronyd does not answer, say so and ask again: it may be restarted meanwhile."""
    draws = terminal.is_terminal(sys.stdout) and not (options.json or options.csv)
    first = True
    while True:
        try:
            text = command.show(options, first or draws)
        except pychrony.ChronyError as error:
            say(f"pychrony: {one_line(error)}", draws)
        else:
            if draws:
                draw(f"{title(command, options)}\n\n{text}")
            else:
                separator = "" if first or options.json or options.csv else "\n"
                print(f"{separator}{text}" if text else "", flush=True)
            first = False
        time.sleep(options.watch)


def title(command: Shown, options: Namespace) -> str:
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    return f"chronyd's {command.name}, every {options.watch:g} s (Ctrl-C ends)  {now}"


def say(message: str, draws: bool) -> None:
    if draws:
        draw(message)
    else:
        complain(message)


def draw(text: str) -> None:
    """Draw over what was drawn before, and only as many lines as fit, so that the terminal does not scroll."""
    room = terminal.height() - 1
    lines: list[str] = []
    for line in text.split("\n"):
        taken = terminal.lines_taken(line)
        if taken > room:
            break
        room -= taken
        lines.append(line)
    # Starts at the top left; the rest of each line, and of the screen, is cleared.
    sys.stdout.write("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")
    sys.stdout.flush()
