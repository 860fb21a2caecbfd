"""`pychrony check`: may the clock be trusted? A plugin for Nagios, Icinga, Naemon and the like.

It prints one line of status and performance data and sets the exit status, by the Monitoring Plugins Development
Guidelines. CRITICAL is a clock that must not be trusted now; WARNING is what will hurt later; UNKNOWN is a check that could
not be made.
"""

from __future__ import annotations

import time

from .. import _durations as durations
from . import COMMON, Command, UsageError, clock, one_line
from .arguments import count, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    import pychrony

OK, WARNING, CRITICAL, UNKNOWN = range(4)
STATUS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")

# The default limits: of the greatest error and of the last measurement's age, in seconds. docs/command.md gives the reasons.
WARNING_ERROR = 0.1
CRITICAL_ERROR = 0.5
MAX_AGE = 8192.0
MAX_STRATUM = 15
MIN_SOURCES = 1


class Check(Command):
    name = "check"
    about = (
        "may the clock be trusted? For monitoring: a line with performance data, and an exit status"
    )
    description = (
        "A monitoring plugin. The clock's greatest possible error, abs(offset) + root dispersion + root delay / 2, is "
        "compared with --warning and --critical. Also CRITICAL: the clock is not synchronised, chronyd follows only its "
        "local reference, chronyd does not answer. UNKNOWN: a wrong command line, no permission, no libchrony. Durations "
        "are written 100us, 5ms, 1.5s, 2min, or as they are printed: '5 ms'."
    )
    options = COMMON

    def add_arguments(self, parser: ArgumentParser) -> None:
        option = parser.add_argument
        option(
            "-w",
            "--warning",
            metavar="DURATION",
            type=duration,
            help="WARNING when the clock may be more wrong than this (default: 100ms)",
        )
        option(
            "-c",
            "--critical",
            metavar="DURATION",
            type=duration,
            help="CRITICAL when the clock may be more wrong than this (default: 500ms)",
        )
        option(
            "--max-age",
            metavar="DURATION",
            type=duration,
            default=MAX_AGE,
            help="WARNING when the last measurement is older (default: 8192s, eight polls at chronyd's longest "
            "usual interval)",
        )
        option(
            "--max-stratum",
            metavar="STRATUM",
            type=count,
            default=MAX_STRATUM,
            help="WARNING when the clock's stratum is higher (default: 15)",
        )
        option(
            "--min-sources",
            metavar="COUNT",
            type=count,
            default=MIN_SOURCES,
            help="WARNING when fewer sources are reachable (default: 1)",
        )
        option(
            "-v",
            "--verbose",
            action="store_true",
            help="add the sources, on lines of their own",
        )

    def check(self, options: Namespace) -> None:
        set_error_limits(options)

    def run(self, options: Namespace) -> int:
        from . import asking

        status, sources = asking.ask(
            options.address,
            options.timeout,
            lambda connection: (connection.get_tracking(), connection.get_sources()),
        )
        now = time.time()
        findings = assess(status, sources, options, now)
        worst = max((level for level, _ in findings), default=OK)
        said = "; ".join(words for _, words in findings) or in_words(status)
        if findings and status.is_synchronized():
            # The error is not reported twice.
            too_large = clock.greatest_error(status) > options.warning
            said += f" ({follows(status) if too_large else in_words(status)})"
        data = " ".join(performance(status, sources, options, now))
        print(f"CLOCK {STATUS[worst]}: {said} | {data}")
        if options.verbose:
            from . import text

            print("\n".join(text.report("sources", sources)))
        return worst

    def usage_error(self, error: UsageError) -> int:
        print(f"CLOCK UNKNOWN: {plain(error)}")
        return UNKNOWN

    def failed(self, error: Exception) -> int:
        """The line and status for a check without an answer.

        The guidelines keep UNKNOWN for what goes wrong within a plugin; a service that does not answer is CRITICAL.
        """
        import pychrony

        unreachable = isinstance(error, getattr(pychrony, "ChronyConnectionError", ()))
        level = CRITICAL if unreachable else UNKNOWN
        print(f"CLOCK {STATUS[level]}: {plain(error)}")
        return level


def plain(text: object) -> str:
    """On one line, without the character that begins the performance data."""
    return one_line(text).replace("|", "/")


def set_error_limits(options: Namespace) -> None:
    """Fill in the defaults; if only one limit is given and the other's default contradicts it, that default is moved."""
    if options.warning is None:
        options.warning = min(
            WARNING_ERROR, CRITICAL_ERROR if options.critical is None else options.critical
        )
    if options.critical is None:
        options.critical = max(CRITICAL_ERROR, options.warning)
    if options.warning > options.critical:
        raise UsageError("--warning must not be above --critical")


def default_limits() -> Namespace:
    from argparse import Namespace

    return Namespace(
        warning=WARNING_ERROR,
        critical=CRITICAL_ERROR,
        max_age=MAX_AGE,
        max_stratum=MAX_STRATUM,
        min_sources=MIN_SOURCES,
    )


def assess(
    status: pychrony.TrackingStatus, sources: list[pychrony.Source], limits: Namespace, now: float
) -> list[tuple[int, str]]:
    """What is wrong with the clock: the level and the words of each finding. Empty if all is well."""
    if not status.is_synchronized():
        return [(CRITICAL, f"{clock.in_words(status)}; {clock.count_of_reachable(sources)}")]
    findings = []
    error = clock.greatest_error(status)
    for level, limit in ((CRITICAL, limits.critical), (WARNING, limits.warning)):
        if error > limit:
            findings.append(
                (level, f"may be {durations.text(error)} wrong, more than {durations.text(limit)}")
            )
            break
    age = measurement_age(status, now)
    if age > limits.max_age:
        words = f"the last measurement is {durations.text(age)} old, more than {durations.text(limits.max_age)}"
        findings.append((WARNING, words))
    if status.stratum > limits.max_stratum:
        findings.append((WARNING, f"stratum {status.stratum} is above {limits.max_stratum}"))
    if clock.reachable(sources) < limits.min_sources:
        words = f"{clock.count_of_reachable(sources)}, fewer than {limits.min_sources}"
        findings.append((WARNING, words))
    return findings


def in_words(status: pychrony.TrackingStatus) -> str:
    """The clock, in a line."""
    error = durations.text(clock.greatest_error(status))
    return f"at most {error} wrong, {follows(status)}"


def follows(status: pychrony.TrackingStatus) -> str:
    """What the clock is synchronised to."""
    return plain(f"{clock.in_words(status)}, stratum {status.stratum}")


def measurement_age(status: pychrony.TrackingStatus, now: float) -> float:
    """Seconds since the last measurement; not negative even if the clock was set back."""
    return max(0.0, now - status.ref_time)


def performance(
    status: pychrony.TrackingStatus, sources: list[pychrony.Source], limits: Namespace, now: float
) -> list[str]:
    """Performance data: label=value[unit];warning;critical;minimum;maximum. Numbers in it may not have exponents."""
    counts = f"{clock.reachable(sources)};{limits.min_sources}:;;0;{len(sources)}"
    if not status.is_synchronized():
        # The numbers of a clock without a source mean nothing.
        return [f"reachable={counts}"]

    def seconds(label: str, value: float, rest: str = ";;;") -> str:
        return f"{label}={decimal(value)}s{rest}"

    error_limits = f";{decimal(limits.warning)};{decimal(limits.critical)};0;"
    return [
        seconds("error", clock.greatest_error(status), error_limits),
        seconds("offset", status.offset),
        seconds("root_delay", status.root_delay, ";;;0;"),
        seconds("root_dispersion", status.root_dispersion, ";;;0;"),
        f"frequency={decimal(status.frequency)};;;;",
        f"stratum={status.stratum};{limits.max_stratum};;0;16",
        seconds("age", measurement_age(status, now), f";{decimal(limits.max_age)};;0;"),
        f"reachable={counts}",
    ]


def decimal(value: float) -> str:
    """Nine decimal places, without trailing zeros."""
    return f"{value:.9f}".rstrip("0").rstrip(".")
