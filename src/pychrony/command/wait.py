"""`pychrony wait`: wait until the clock can be used. For scripts, and for systemd units that need the time."""

from __future__ import annotations

import sys
import time

from .. import _durations as durations
from .. import health
from . import DONE, NOT_SYNCHRONISED, Command, clock, terminal
from .arguments import count, positive_duration

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
        "chronyd need not be running yet. It is asked once a second."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        option = parser.add_argument
        option(
            "--max-error",
            metavar="DURATION",
            type=positive_duration,
            help="also wait until the clock cannot be off by more than this",
        )
        option(
            "--max-stratum",
            metavar="STRATUM",
            type=count,
            help="also wait until the clock's stratum is not higher than this",
        )
        clock.add_source(parser)
        option(
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
                verdict = look(options, min(options.timeout, max(round(left, 2), LEAST)))
                if is_reached(verdict, options):
                    progress.clear()
                    print(verdict.summary)
                    return DONE
                left = end - time.monotonic()
                if left <= 0:
                    progress.clear()
                    limit = durations.text(options.limit)
                    print(f"pychrony: gave up after {limit}: {state(verdict)}", file=sys.stderr)
                    return NOT_SYNCHRONISED
                progress.show(state(verdict))
                time.sleep(min(INTERVAL, left))
        finally:
            progress.clear()


def look(options: Namespace, timeout: float) -> health.Verdict:
    """The verdict. Errors that waiting cannot mend (no permission, a chronyd of another version) are raised.

    If chronyd is not there, it may yet be started.
    """
    import pychrony

    limits = clock.limits(options, max_error=float("inf"), warn_error=float("inf"))
    verdict = clock.judge(options, limits, timeout)
    if verdict.error is not None and not isinstance(verdict.error, pychrony.ChronyConnectionError):
        raise verdict.error
    return verdict


def is_reached(verdict: health.Verdict, options: Namespace) -> bool:
    """Whether the clock is as good as was asked for. A limit of the error is not kept where the error has no bound."""
    bounded = options.max_error is None or verdict.error_bound is not None
    return bounded and clock.is_good(verdict, options)


def state(verdict: health.Verdict) -> str:
    return f"no response yet: {verdict.summary}" if verdict.error is not None else verdict.summary


class Progress:
    """Shows the state on one line of the terminal, which is overwritten each time; without a terminal, shows nothing."""

    def __init__(self, begin: float) -> None:
        self.begin = begin
        self.draws = terminal.has_escapes(sys.stderr)
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
