"""What is special about a terminal: colours, its size, and drawing over what was drawn."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

COLOURS = {"good": "32", "bad": "31", "doubtful": "33", "heading": "1"}


def is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def has_escapes(stream: TextIO | None) -> bool:
    """Whether escape sequences may be written to the stream."""
    return is_terminal(stream) and os.environ.get("TERM", "dumb") != "dumb"


def room() -> int | None:
    """The columns of standard output if it is a terminal, else None: a line may be as long as it is."""
    return width() if is_terminal(sys.stdout) else None


def has_colours() -> bool:
    """Whether standard output is a terminal and colours are wanted on it (https://no-color.org)."""
    return has_escapes(sys.stdout) and not os.environ.get("NO_COLOR")


def coloured(text: str, colour: str) -> str:
    code = COLOURS.get(colour)
    return f"\x1b[{code}m{text}\x1b[0m" if code and has_colours() else text


def width(stream: TextIO | None = None) -> int:
    """The columns of the terminal, by default that of standard output; 80 if there is none or its size is unknown."""
    try:
        return os.get_terminal_size((stream or sys.stdout).fileno()).columns or 80
    except (AttributeError, OSError, ValueError):
        return 80


def height() -> int:
    """The lines of the terminal of standard output; 24 if there is none or its size is unknown."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or 24
    except (AttributeError, OSError, ValueError):
        return 24


def lines_taken(line: str) -> int:
    """How many lines of the terminal a line takes up; colours take no room."""
    import re

    return max(1, -(-len(re.sub(r"\x1b\[[0-9;]*m", "", line)) // width()))
