"""`pychrony guard`: runs while the clock is good, and ends as soon as it is not. The opposite of `pychrony wait`."""

from __future__ import annotations

from . import COMMON, NO_ANSWER, Command, clock, complain
from .arguments import positive_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from ..health import Verdict

INTERVAL = 1.0
NOT_GOOD = 2


class Guard(Command):
    name = "guard"
    about = "run while the clock is good, and end as soon as it is not"
    description = (
        "For OnFailure= of a systemd unit. Prints why, and ends with status 2, within one interval after the clock can no "
        "longer be trusted: because of its error, because chronyd is gone, or because of another limit that is given. A "
        "warning alone, as when one source replaces another, does not end it. Status 3: no permission to ask chronyd."
    )
    options = COMMON

    def add_arguments(self, parser: ArgumentParser) -> None:
        clock.add_limits(parser)
        parser.add_argument(
            "--interval",
            metavar="SECONDS",
            type=positive_duration,
            default=INTERVAL,
            help="how soon to notice (default: 1). chronyd is asked twice per interval, and has half of it for each response",
        )

    def run(self, options: Namespace) -> int:
        limits = clock.limits(options)
        # Asked twice in the interval, a chronyd that stops answering right after an answer is noticed within it too.
        beat = options.interval / 2
        said = None
        for _ in clock.beats(beat):
            verdict = clock.judge(options, limits, min(options.timeout, beat))
            if not clock.is_good(verdict, options):
                complain(f"pychrony: {verdict}")
                return NO_ANSWER if verdict.level.name == "UNKNOWN" else NOT_GOOD
            if said != (said := what(verdict)):
                print(verdict, flush=True)
        raise AssertionError("the beat ended")


def what(verdict: Verdict) -> tuple[str, ...]:
    """What makes a verdict another one, and worth a line: not each number."""
    return tuple(finding.code for finding in verdict.findings)
