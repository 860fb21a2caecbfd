"""Asks chronyd and judges the clock: what check, wait, guard and log share."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError

from .. import health
from . import one_line
from .arguments import count, duration, positive_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from pychrony import Source

DEFAULT = health.Limits()


def add_limits(parser: ArgumentParser) -> None:
    """The options from which limits() makes Limits."""
    option = parser.add_argument
    option(
        "--max-error",
        metavar="DURATION",
        type=positive_duration,
        help="the clock must not be off by more than this (default: 500ms)",
    )
    option(
        "--max-age",
        metavar="DURATION",
        type=duration,
        help="the last measurement must not be older (default: 8192s, eight polls at chronyd's longest usual interval)",
    )
    option(
        "--max-stratum",
        metavar="STRATUM",
        type=count,
        help="the clock's stratum must not be higher (default: 15)",
    )
    option(
        "--min-sources",
        metavar="COUNT",
        type=count,
        help="chronyd must be able to select at least this many sources (default: 1)",
    )
    add_source(parser)


def add_source(parser: ArgumentParser) -> None:
    """--source, and what the error bound assumes."""
    parser.add_argument(
        "--drift",
        dest="max_drift_ppm",
        metavar="PPM",
        type=ppm,
        default=DEFAULT.max_drift_ppm,
        help="how much the oscillator's rate may change between two measurements (default: 15). The error bound grows by so "
        "many microseconds in a second",
    )
    parser.add_argument(
        "--source",
        metavar="NAME",
        type=name,
        help="this must be the selected source: an IP address, a host name, or a reference clock's name (PPS)",
    )


def ppm(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of ppm: write 15, or 0.5")
    return value


def name(text: str) -> str:
    if not text:
        raise ArgumentTypeError("a name must not be empty")
    return text


# Option: the finding that shows that what was asked for is not so, though it alone does not make a clock untrusted.
REQUIRED = {
    "max_age": "old-measurement",
    "max_stratum": "stratum",
    "min_sources": "few-sources",
}


def limits(options: Namespace, **defaults: float) -> health.Limits:
    """The limits that are given, and for others these defaults, or else those of Limits."""
    given = {
        name: value
        for name in (
            "max_error",
            "max_age",
            "max_stratum",
            "min_sources",
            "source",
            "max_drift_ppm",
        )
        if (value := getattr(options, name, None)) is not None
    }
    return health.Limits(**{**defaults, **given})


def is_good(verdict: health.Verdict, options: Namespace) -> bool:
    """Whether the clock may be trusted, and keeps each limit that was given."""
    required = {code for name, code in REQUIRED.items() if getattr(options, name, None) is not None}
    return verdict.ok and not required & {finding.code for finding in verdict.findings}


def judge(options: Namespace, limits: health.Limits, timeout: float) -> health.Verdict:
    """Ask the chronyd that the options name. If it cannot be asked, the verdict says so."""
    import pychrony

    from . import asking

    try:
        tracking, sources = asking.ask(options.address, timeout, health.ask, options.family)
    except pychrony.ChronyError as error:
        return health.failed(error)
    verdict = health.assess(tracking, sources, limits)
    if any(finding.code == "wrong-source" for finding in verdict.findings):
        return _by_host(verdict, limits, timeout)
    return verdict


def _by_host(verdict: health.Verdict, limits: health.Limits, timeout: float) -> health.Verdict:
    """The verdict if the source's name is that of a host, whose addresses are looked up only now."""
    import pychrony

    from . import asking

    (host,) = limits.wanted
    assert verdict.tracking is not None
    if asking.host_and_port(host)[0] is None or host in (
        source.address for source in verdict.sources
    ):
        return verdict
    try:
        addresses = asking.look_up(host, timeout)
    except pychrony.ChronyError as error:
        unknown = [
            health.Finding(finding.level, finding.code, f"{finding.words}; {one_line(error)}")
            for finding in verdict.findings
            if finding.code == "wrong-source"
        ]
        return health.with_findings(verdict, unknown)
    limits = health.Limits(**{**vars(limits), "source": (host, *addresses)})
    return health.assess(verdict.tracking, verdict.sources, limits, now=verdict.time)


def reachable(sources: list[Source]) -> int:
    """How many sources answered any of the last eight polls."""
    return sum(source.is_reachable() for source in sources)


def beats(interval: float, count: int | None = None) -> Iterator[None]:
    """Once at each multiple of the interval since the start, by the monotonic clock. What was missed is left out."""
    begin = time.monotonic()
    number = given = 0
    while given != count:
        yield
        given += 1
        if given == count:
            break
        passed = time.monotonic() - begin
        number = max(number + 1, -int(-passed // interval))
        time.sleep(max(0.0, begin + number * interval - time.monotonic()))
