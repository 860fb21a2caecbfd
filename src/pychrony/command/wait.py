"""`pychrony wait`: wait until the clock can be used. For scripts, and for systemd units that need the time."""

from __future__ import annotations

import sys
import time

from .. import _durations as durations
from . import DONE, NOT_SYNCHRONISED, Command, clock, one_line, terminal
from .arguments import positive_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

INTERVAL = 1.0
LEAST = 0.5  # seconds: even the last try must not take a busy machine's chronyd for a silent one


class Wait(Command):
    name = "wait"
    about = "wait until the clock is synchronised"
    description = (
        "Returns with status 0 as soon as the clock is synchronised to a source (not to the local reference only). "
        "chronyd may be started later. It asks once a second."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--max-error",
            metavar="DURATION",
            type=positive_duration,
            help="wait also until the clock cannot be more wrong than this",
        )
        parser.add_argument(
            "--for",
            dest="limit",
            metavar="SECONDS",
            type=positive_duration,
            help="give up after this long, with exit status 1 (default: never)",
        )

    def run(self, options: Namespace) -> int:
        begin = time.monotonic()
        end = float("inf") if options.limit is None else begin + options.limit
        progress = Progress(begin)
        try:
            while True:
                left = end - time.monotonic()
                # In whole hundredths, because the timeout appears in the message about a silent chronyd.
                reached, state = look(options, min(options.timeout, max(round(left, 2), LEAST)))
                if reached:
                    progress.clear()
                    print(state)
                    return DONE
                left = end - time.monotonic()
                if left <= 0:
                    progress.clear()
                    limit = durations.text(options.limit)
                    print(f"pychrony: gave up after {limit}: {state}", file=sys.stderr)
                    return NOT_SYNCHRONISED
                progress.show(state)
                time.sleep(min(INTERVAL, left))
        finally:
            progress.clear()


def look(options: Namespace, timeout: float) -> tuple[bool, str]:
    """Whether the clock is as good as was asked for; and its state, in words.

    If chronyd is not there, it may yet be started. Errors that waiting cannot mend (no permission at any address, a
    chronyd of another version) are raised.
    """
    import pychrony

    from . import asking

    try:
        status, sources = asking.ask(
            options.address,
            timeout,
            lambda connection: (connection.get_tracking(), connection.get_sources()),
        )
    except pychrony.ChronyConnectionError as error:
        return False, f"no answer yet: {one_line(error)}"
    if not status.is_synchronized():
        return False, f"{clock.in_words(status)}; {clock.count_of_reachable(sources)}"
    error_bound = clock.greatest_error(status)
    words = f"{clock.in_words(status)}, at most {durations.text(error_bound)} wrong"
    if options.max_error is not None and error_bound > options.max_error:
        limit = durations.text(options.max_error)
        return False, f"{words}, which is still above {limit}; {clock.count_of_reachable(sources)}"
    return True, words


class Progress:
    """Shows the state on one line of the terminal, which is overwritten each time; without a terminal, shows nothing."""

    def __init__(self, begin: float) -> None:
        self.begin = begin
        self.draws = terminal.is_terminal(sys.stderr)
        self.drawn = False

    def show(self, state: str) -> None:
        if self.draws:
            line = f"waiting, {time.monotonic() - self.begin:.0f} s: {state}"
            self.write(line[: terminal.width(sys.stderr) - 1])
            self.drawn = True

    def clear(self) -> None:
        if self.drawn:
            self.write("")
            self.drawn = False

    def write(self, line: str) -> None:
        sys.stderr.write(f"\r{line}\x1b[K")
        sys.stderr.flush()
