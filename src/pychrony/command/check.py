"""`pychrony check`: may the clock be trusted? A plugin for Nagios, Icinga, Naemon and the like.

It prints one line of status and performance data and sets the exit status, by the Monitoring Plugins Development
Guidelines. CRITICAL is a clock that must not be trusted now; WARNING is what will hurt later; UNKNOWN is a check that could
not be made.
"""

from __future__ import annotations

from .. import _durations as durations
from .. import health
from . import COMMON, Command, UsageError, clock, one_line, ranges
from .arguments import Version
from .ranges import Range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    import pychrony
    from pychrony.health import Finding, Verdict


class Check(Command):
    name = "check"
    about = "may the clock be trusted? A plugin for monitoring systems"
    description = (
        "The clock's error bound (pychrony.error_bound()) is compared with --warning and --critical. "
        "Also CRITICAL: the clock is not synchronised, chronyd follows only its local reference, chronyd does not respond. "
        "UNKNOWN: a wrong command line, no permission, no libchrony. A RANGE is that of the Monitoring Plugins guidelines: "
        "10 (no more), 10: (no less), 10:20, @10:20 (not from 10 to 20). Durations are written 100us, 5ms, 1.5s, 2min, or "
        "as they are printed: '5 ms'."
    )
    options = COMMON
    # The guidelines demand it: a service whose command is wrong in this way must not look well.
    help_status = int(health.Level.UNKNOWN)
    json = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        option = parser.add_argument
        option("-H", "--hostname", dest="address", metavar="ADDRESS", help="the same as --address")
        option(
            "-V",
            "--version",
            action=Version,
            nargs=0,
            help="print the versions, and which libchrony is in use",
        )
        option(
            "-w",
            "--warning",
            metavar="RANGE",
            type=ranges.of_durations,
            help="WARNING if the clock may be off by more than this (default: 100ms)",
        )
        option(
            "-c",
            "--critical",
            metavar="RANGE",
            type=ranges.of_durations,
            help="CRITICAL if the clock may be off by more than this (default: 500ms)",
        )
        option(
            "--max-age",
            metavar="RANGE",
            type=ranges.of_durations,
            default=Range(high=clock.DEFAULT.max_age),
            help="WARNING if the last measurement is older (default: 8192s, eight polls at chronyd's longest "
            "usual interval); CRITICAL if no source is selected then",
        )
        option(
            "--max-stratum",
            metavar="RANGE",
            type=ranges.of_numbers,
            default=Range(high=clock.DEFAULT.max_stratum),
            help="WARNING if the clock's stratum is higher (default: 15)",
        )
        option(
            "--min-sources",
            metavar="COUNT",
            type=at_least,
            default=Range(low=clock.DEFAULT.min_sources),
            help="WARNING if chronyd could select fewer sources (default: 1); may be a range",
        )
        option(
            "--answered",
            metavar="RANGE",
            type=ranges.of_numbers,
            help="WARNING if the share of the sources' last eight polls that were answered is not in this range, in "
            "percent (75: for at least 75)",
        )
        option(
            "--falsetickers",
            metavar="RANGE",
            type=ranges.of_numbers,
            help="WARNING if more sources than this are falsetickers (0: if any is)",
        )
        option("--leap", action="store_true", help="WARNING if a leap second is pending")
        clock.add_source(parser)
        option(
            "--json", action="store_true", help="write the verdict as JSON, not as plugin output"
        )
        option(
            "-v",
            "--verbose",
            action="store_true",
            help="add the sources, one per line",
        )

    def check(self, options: Namespace) -> None:
        set_error_limits(options)
        self.json = options.json

    def run(self, options: Namespace) -> int:
        verdict = clock.judge(options, limits(options), options.timeout)
        if verdict.tracking is not None:
            verdict = health.with_findings(verdict, list(conditions(verdict, options)))
        if self.json:
            return print_json(verdict)
        data = performance(verdict, options)
        print(f"CLOCK {verdict.level.name}: {plain(verdict.summary)}{' | ' if data else ''}{data}")
        if options.verbose and verdict.sources:
            from . import text

            print("\n".join(text.report("sources", list(verdict.sources))))
        return int(verdict.level)

    def usage_error(self, error: UsageError) -> int:
        print(f"CLOCK UNKNOWN: {plain(error)}")
        return int(health.Level.UNKNOWN)

    def failed(self, error: Exception) -> int:
        """libchrony is missing."""
        if self.json:
            return print_json(health.unknown(one_line(error)))
        print(f"CLOCK UNKNOWN: {plain(error)}")
        return int(health.Level.UNKNOWN)


def at_least(text: str) -> Range:
    """A count, which is the least that is good; or a range."""
    given = ranges.of_numbers(text)
    return given if ":" in text or "@" in text else Range(low=given.high)


def plain(text: object) -> str:
    """On one line, without the character that begins the performance data."""
    return one_line(text).replace("|", "/")


def print_json(verdict: Verdict) -> int:
    import json

    print(json.dumps(verdict.to_dict()))
    return int(verdict.level)


def set_error_limits(options: Namespace) -> None:
    """Fill in the defaults; if only one limit is given and the other's default contradicts it, that default is moved."""
    warning, critical = options.warning, options.critical
    default = clock.DEFAULT
    if warning is None:
        high = (
            critical.high if critical is not None and critical.is_maximum() else default.warn_error
        )
        options.warning = Range(high=min(default.warn_error, high))
    if critical is None:
        high = warning.high if warning is not None and warning.is_maximum() else default.max_error
        options.critical = Range(high=max(default.max_error, high))
    if warning and critical and warning.is_maximum() and critical.is_maximum():
        if warning.high > critical.high:
            raise UsageError("--warning must not be above --critical")


def limits(options: Namespace) -> health.Limits:
    """What health can judge: the upper limits. conditions() judges the ranges that are more than that."""
    infinite = float("inf")

    def highest(range_: Range) -> float:
        return range_.high if range_.is_maximum() else infinite

    stratum = highest(options.max_stratum)
    sources = options.min_sources
    return health.Limits(
        max_error=highest(options.critical),
        warn_error=highest(options.warning),
        max_age=highest(options.max_age),
        max_stratum=255 if stratum == infinite else int(stratum),
        min_sources=-int(-sources.low // 1)
        if not sources.inverted and sources.high == infinite
        else 0,
        source=options.source,
        max_drift_ppm=options.max_drift_ppm,
    )


def conditions(verdict: Verdict, options: Namespace) -> Iterator[Finding]:
    """What health does not judge, or not by a range of two sides."""
    warning = health.Level.WARNING
    if verdict.error_bound is not None:
        for level, range_ in (
            (health.Level.CRITICAL, options.critical),
            (warning, options.warning),
        ):
            if not range_.allows(verdict.error_bound):
                words = f"may be {durations.text(verdict.error_bound)} off, {range_.words(durations.text)}"
                yield health.Finding(level, "error-bound", words)
                break
    for code, value, range_, words in measured(verdict, options):
        if value is not None and range_ is not None and not range_.allows(value):
            yield health.Finding(warning, code, words)
    if options.leap:
        for finding in verdict.findings:
            if finding.code == "leap-second-pending":
                yield health.Finding(warning, finding.code, finding.words)


def measured(
    verdict: Verdict, options: Namespace
) -> Iterator[tuple[str, float | None, Range | None, str]]:
    """Of each other condition: the finding's code, the value, the range that was given, the finding's words."""
    age, tracking = verdict.age, verdict.tracking
    assert tracking is not None
    if tracking.is_synchronized() and age is not None:
        if not options.max_age.is_maximum():
            words = f"the last measurement is {durations.text(age)} old, {options.max_age.words(durations.text)}"
            yield "old-measurement", age, options.max_age, words
        if not options.max_stratum.is_maximum():
            words = f"stratum {tracking.stratum} is {options.max_stratum.words(ranges.plain)}"
            yield "stratum", tracking.stratum, options.max_stratum, words
    count = health.count_of_usable(verdict.sources)
    if options.min_sources.inverted or options.min_sources.high < float("inf"):
        words = f"{count}, {options.min_sources.words(ranges.plain)}"
        yield "few-sources", verdict.usable, options.min_sources, words
    share = answered(verdict)
    if options.answered and share is not None:
        words = f"{ranges.plain(share)} % of the last polls were answered, {options.answered.words(ranges.plain)} %"
        yield "unanswered-polls", share, options.answered, words
    for finding in verdict.findings:
        if finding.code == "falsetickers":
            yield finding.code, falsetickers(verdict), options.falsetickers, finding.words


def falsetickers(verdict: Verdict) -> int:
    return sum(source.state.name == "FALSETICKER" for source in verdict.sources)


def answered(verdict: Verdict) -> float | None:
    """How many of the last eight polls of all sources were answered, in percent."""
    sources = health.resolved(verdict.sources)
    if not sources:
        return None
    return round(100 * sum(map(health.answered, sources)) / (health.POLLS * len(sources)), 2)


def performance(verdict: Verdict, options: Namespace) -> str:
    """Performance data: label=value[unit];warning;critical;minimum;maximum."""
    if verdict.tracking is None:
        return ""
    resolved = health.resolved(verdict.sources)
    share = answered(verdict)
    counts = [
        f"usable={verdict.usable};{options.min_sources};;0;{len(resolved)}",
        f"reachable={clock.reachable(resolved)};;;0;{len(resolved)}",
        f"falsetickers={falsetickers(verdict)};{options.falsetickers or ''};;0;{len(resolved)}",
    ]
    if share is not None:
        counts.append(f"answered={ranges.plain(share)}%;{options.answered or ''};;0;100")
    if not verdict.tracking.is_synchronized():
        # The numbers of a clock without a source mean nothing.
        return " ".join(counts)
    return " ".join([*numbers(verdict, verdict.tracking, options), *counts])


def numbers(verdict: Verdict, status: pychrony.TrackingStatus, options: Namespace) -> Iterator[str]:
    def seconds(label: str, value: float, rest: str = ";;;") -> str:
        return f"{label}={ranges.plain(value)}s{rest}"

    if verdict.error_bound is not None:
        yield seconds("error", verdict.error_bound, f";{options.warning};{options.critical};0;")
    yield seconds("offset", status.offset)
    yield seconds("root_delay", status.root_delay, ";;;0;")
    yield seconds("root_dispersion", status.root_dispersion, ";;;0;")
    yield f"frequency={ranges.plain(status.frequency)};;;;"
    yield f"stratum={status.stratum};{options.max_stratum};;0;16"
    yield seconds("age", verdict.age or 0.0, f";{options.max_age};;0;")
