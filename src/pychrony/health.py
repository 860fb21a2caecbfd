"""May this computer's clock be trusted? One verdict from chronyd's tracking and sources reports.

    from pychrony import health

    verdict = health.check(health.Limits(max_error=0.001))
    if not verdict.ok:
        raise SystemExit(str(verdict))

check() asks chronyd; assess() judges reports that are already there. A chronyd that gives no answer is a verdict too, not an
exception. Each reason is a Finding with a stable code; CODES lists them.
"""

from __future__ import annotations

import os
import time
from enum import IntEnum

import pychrony

from . import _durations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from dataclasses import dataclass
    from os import PathLike
    from typing import Any, Callable, Union

    from pychrony import ChronyConnection, ChronyError, Source, TrackingStatus

    Address = Union[str, PathLike[str], None]
else:
    from ._dataclass import dataclass

__all__ = ["CODES", "Cached", "Finding", "Level", "Limits", "Verdict", "assess", "check"]

# Each finding's code, the levels it can have, and what it means.
CODES: dict[str, tuple[str, str]] = {
    "unsynchronised": ("CRITICAL", "chronyd is not synchronised to any source"),
    "local-reference": (
        "CRITICAL",
        "chronyd follows no source, only its local reference: its own clock",
    ),
    "leap-second-now": (
        "CRITICAL",
        "a leap second is being inserted or deleted: the clock may be a second off for a moment",
    ),
    "no-selected-source": (
        "WARNING",
        "no source is selected: the clock runs on from its last measurement. The error has no bound then; chronyd's own "
        "estimate and the age of the last measurement are compared with the limits, and are CRITICAL above them",
    ),
    "no-error-bound": (
        "WARNING",
        "a source is selected, but it is not (yet) the one that the clock was last set by, or its last sample is from the "
        "future, so that the error has no bound",
    ),
    "error-bound": ("CRITICAL or WARNING", "the error bound is above max_error or warn_error"),
    "error-estimate": (
        "CRITICAL or WARNING",
        "there is no error bound, and chronyd's own estimate, |offset| + root distance, is above max_error or warn_error",
    ),
    "clock-set-back": (
        "CRITICAL or WARNING",
        "the last measurement lies in the future by more than max_error or warn_error: something other than chronyd has "
        "set the clock back",
    ),
    "old-measurement": (
        "WARNING, or CRITICAL without a selected source",
        "the last measurement is older than max_age",
    ),
    "stratum": ("WARNING", "the clock's stratum is above max_stratum"),
    "few-sources": ("WARNING", "fewer sources than min_sources can be selected"),
    "wrong-source": ("CRITICAL", "the selected source is not the one that source names"),
    "falsetickers": ("OK", "chronyd found sources that disagree with the majority"),
    "leap-second-pending": (
        "OK",
        "a leap second will be inserted or deleted at the end of the day",
    ),
    "unreachable": ("CRITICAL", "chronyd cannot be reached (ChronyConnectionError)"),
    "timeout": ("CRITICAL", "chronyd does not answer in time (ChronyTimeoutError)"),
    "forbidden": ("UNKNOWN", "this process may not ask chronyd (ChronyPermissionError)"),
    "invalid-data": ("UNKNOWN", "chronyd's answer is invalid (ChronyDataError)"),
    "version": ("UNKNOWN", "chronyd and libchrony do not fit together (ChronyVersionError)"),
    "library": (
        "UNKNOWN",
        "libchrony failed or is missing (ChronyLibraryError, or another ChronyError)",
    ),
}

# Exception: the code of its finding. A class stands before those that it derives from.
_ERRORS = (
    ("ChronyTimeoutError", "timeout"),
    ("ChronyConnectionError", "unreachable"),
    ("ChronyPermissionError", "forbidden"),
    ("ChronyDataError", "invalid-data"),
    ("ChronyVersionError", "version"),
    ("ChronyError", "library"),
)


class Level(IntEnum):
    """How bad a finding is. The numbers are the exit statuses of monitoring plugins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def require_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not value >= 0:
        raise ValueError(f"{name} must be 0 or more, not {value!r}")


@dataclass(frozen=True)
class Limits:
    """The limits within which a clock is trusted. A value that equals its limit is within it.

    max_error: CRITICAL if the error bound is above this, in seconds.
    warn_error: WARNING if the error bound is above this, in seconds.
    max_age: WARNING if the last measurement is older, in seconds; CRITICAL if no source is selected. The default is eight
        polls at chronyd's longest usual interval.
    max_stratum: WARNING if the clock's stratum is higher.
    min_sources: WARNING if chronyd could select fewer sources.
    source: the address of the source that must be selected, or a reference clock's name; a tuple if one of several must be.
    max_drift_ppm, extra_error: passed to pychrony.error_bound().
    """

    max_error: float = 0.5
    warn_error: float = 0.1
    max_age: float = 8192
    max_stratum: int = 15
    min_sources: int = 1
    source: str | tuple[str, ...] | None = None
    max_drift_ppm: float = 15
    extra_error: float = 0

    def __post_init__(self) -> None:
        for name in ("max_error", "warn_error", "max_age", "max_drift_ppm", "extra_error"):
            require_number(name, getattr(self, name))
        for name in ("max_stratum", "min_sources"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an int, not {type(value).__name__}")
            if value < 0:
                raise ValueError(f"{name} must be 0 or more, not {value!r}")
        if not all(isinstance(name, str) for name in self.wanted):
            raise TypeError("source must be a str, a tuple of str, or None")
        if self.source is not None and not (self.wanted and all(self.wanted)):
            raise ValueError("source must not be empty")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The sources of which one must be selected; empty if it does not matter."""
        if self.source is None:
            return ()
        return self.source if isinstance(self.source, tuple) else (self.source,)


@dataclass(frozen=True)
class Finding:
    """One reason for a verdict. `code` is stable and listed in CODES; `words` are for people and may change."""

    level: Level
    code: str
    words: str

    def __str__(self) -> str:
        return f"{self.level.name}: {self.words}"

    def to_dict(self) -> dict[str, Any]:
        return {"level": self.level.name, "code": self.code, "words": self.words}


@dataclass(frozen=True)
class Verdict:
    """Whether the clock may be trusted, and why. str() is one sentence.

    level: the worst level of the findings; OK without any.
    findings: a tuple of Finding, the worst first. Those of level OK are notes.
    error_bound: what pychrony.error_bound() returned: how many seconds the clock may be off; None if there is no bound.
    tracking, sources: the reports that were judged; None and () if chronyd gave no answer.
    error: the ChronyError, if chronyd gave no answer.
    time: when this was found, in seconds since 1970 by the system clock.
    """

    level: Level
    findings: tuple[Finding, ...]
    error_bound: float | None
    tracking: TrackingStatus | None
    sources: tuple[Source, ...]
    error: ChronyError | None
    time: float

    @property
    def ok(self) -> bool:
        """Whether the clock may be trusted: no finding is CRITICAL or UNKNOWN."""
        return self.level < Level.CRITICAL

    @property
    def age(self) -> float | None:
        """Seconds since the last measurement; None if chronyd is not synchronised."""
        if self.tracking is None or not self.tracking.is_synchronized():
            return None
        return max(0.0, _age(self.tracking, self.time))

    @property
    def selected(self) -> Source | None:
        """The source that chronyd has selected, if any."""
        return _selected(self.sources)

    @property
    def usable(self) -> int:
        """How many sources chronyd could select."""
        return sum(map(is_usable, self.sources))

    @property
    def summary(self) -> str:
        """The sentence without the level."""
        bad = [finding.words for finding in self.findings if finding.level > Level.OK]
        notes = [finding.words for finding in self.findings if finding.level == Level.OK]
        if self.tracking is None or not self.tracking.is_synchronized():
            return "; ".join(bad + notes)
        state = f"synchronised to {_one_line(self.tracking.reference_id_name)}, stratum {self.tracking.stratum}"
        if not any(finding.code == "few-sources" for finding in self.findings):
            state += f", {count_of_usable(self.sources)}"
        if self.error_bound is not None and not any(
            finding.code == "error-bound" for finding in self.findings
        ):
            state = f"at most {_durations.text(self.error_bound)} off, {state}"
        if bad:
            return f"{'; '.join(bad + notes)} ({state})"
        return "; ".join([state, *notes])

    def __str__(self) -> str:
        return f"{self.level.name}: {self.summary}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        error = None
        if self.error is not None:
            error = {
                "type": type(self.error).__name__,
                "code": getattr(self.error.error_code, "name", self.error.error_code),
                "message": str(self.error),
            }
        return {
            "time": self.time,
            "level": self.level.name,
            "ok": self.ok,
            "summary": self.summary,
            "findings": [finding.to_dict() for finding in self.findings],
            "error_bound": self.error_bound,
            "age": self.age,
            "usable_sources": self.usable,
            "tracking": None if self.tracking is None else self.tracking.to_dict(),
            "sources": [source.to_dict() for source in self.sources],
            "error": error,
        }


_DEFAULT = Limits()
TRIES = 3  # how often the reports are read again because chronyd updated its clock meanwhile


def assess(
    tracking: TrackingStatus,
    sources: Iterable[Source],
    limits: Limits = _DEFAULT,
    *,
    now: float | None = None,
) -> Verdict:
    """Judge reports. No I/O: `now` is the system clock's time when they were made, by default that of the call."""
    require(limits)
    now = time.time() if now is None else now
    sources = tuple(sources)
    bound = None
    reason = _unsynchronised(tracking, sources)
    if reason is not None:
        findings = [reason]
    else:
        bound = pychrony.error_bound(
            tracking,
            list(sources),
            max_drift_ppm=limits.max_drift_ppm,
            extra_error=limits.extra_error,
        )
        findings = [
            *_about_error(tracking, sources, bound, limits),
            *_about_age(tracking, sources, limits, now),
            *_about_sources(tracking, sources, limits),
        ]
    findings += _notes(tracking, sources)
    return _verdict(findings, now, bound, tracking, sources)


def check(
    limits: Limits = _DEFAULT, address: Address = None, *, timeout: float | None = 3.0
) -> Verdict:
    """Ask chronyd, and judge the clock by its answers. If chronyd cannot be asked, that is a finding, and not a ChronyError.

    address and timeout are those of ChronyConnection; the timeout applies to each request. ValueError and TypeError are
    raised for invalid arguments.
    """
    require(limits)
    try:
        with pychrony.ChronyConnection(address, timeout=timeout) as connection:
            tracking, sources = ask(connection)
    except pychrony.ChronyError as error:
        return failed(error)
    return assess(tracking, sources, limits)


def ask(connection: ChronyConnection) -> tuple[TrackingStatus, list[Source]]:
    """The two reports of one state of chronyd: it did not update its clock in between."""
    before = connection.get_tracking()
    for _ in range(TRIES):
        sources = connection.get_sources()
        tracking = connection.get_tracking()
        if is_same_update(before, tracking):
            break
        before = tracking
    return tracking, sources


# What chronyd sets when it updates its clock. The offset changes all the time.
UPDATED = ("ref_time_ns", "reference_id", "leap_status", "frequency", "residual_freq", "skew")


def is_same_update(one: TrackingStatus, other: TrackingStatus) -> bool:
    """Whether chronyd did not update its clock between two reports: the rule of pychrony.IntervalClock (guards.rs, agree())."""
    return all(getattr(one, name) == getattr(other, name) for name in UPDATED)


def failed(error: ChronyError) -> Verdict:
    """The verdict where chronyd gave no answer."""
    code = next(code for name, code in _ERRORS if isinstance(error, getattr(pychrony, name)))
    # Without its traceback, which would keep the caller's variables as long as the verdict.
    error.__traceback__ = None
    finding = Finding(Level[CODES[code][0]], code, _one_line(error))
    return _verdict([finding], time.time(), error=error)


def unknown(words: str) -> Verdict:
    """The verdict where chronyd cannot be asked at all, because libchrony is missing."""
    return _verdict([Finding(Level.UNKNOWN, "library", words)], time.time())


class Cached:
    """check(), called at most once in the given number of seconds: for a web service's probe.

        trusted = health.Cached(health.Limits(max_error=0.01), seconds=1.0)

        def healthz():
            verdict = trusted()
            return (200 if verdict.ok else 503), str(verdict)

    Threads may share it: one of them asks, and the others get the last verdict meanwhile.
    """

    def __init__(
        self,
        limits: Limits = _DEFAULT,
        address: Address = None,
        *,
        timeout: float | None = 1.0,
        seconds: float = 1.0,
    ) -> None:
        require(limits)
        require_number("seconds", seconds)
        pychrony.ChronyConnection(address, timeout=timeout)  # raises if they are malformed
        self._ask: Callable[[], Verdict] = lambda: check(limits, address, timeout=timeout)
        self._seconds = seconds
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        import threading  # takes a millisecond that `pychrony check` need not spend

        self._lock = threading.Lock()
        self._last: tuple[Verdict, float] | None = None  # and until when it holds

    def __call__(self) -> Verdict:
        """The last verdict, or a new one if that is too old."""
        if self._process != os.getpid():
            self._reset()  # after fork(), a thread that this process does not have may hold the lock
        last = self._last
        if last is not None and time.monotonic() < last[1]:
            return last[0]
        if not self._lock.acquire(blocking=last is None):
            assert last is not None
            return last[0]
        try:
            last = self._last
            if last is None or time.monotonic() >= last[1]:
                self._last = last = (self._ask(), time.monotonic() + self._seconds)
            return last[0]
        finally:
            self._lock.release()


def require(limits: object) -> None:
    if not isinstance(limits, Limits):
        raise TypeError(f"limits must be a Limits, not {type(limits).__name__}")


# What is judged.


def is_usable(source: Source) -> bool:
    """Whether chronyd could select the source: it is the selected one, combined with it, or selectable."""
    return source.state.name in ("SELECTED", "UNSELECTED", "SELECTABLE") and not is_slot(source)


def is_slot(source: Source) -> bool:
    """Whether this is a name that is not resolved, or a spare slot of a pool: no source yet."""
    return is_unresolved(source.address) and source.mode.name != "REFCLOCK"


def is_unresolved(address: str) -> bool:
    """Whether this stands for the address of an NTP source that has none yet. A reference clock may have such a name."""
    return address.startswith("ID#")


def resolved(sources: Iterable[Source]) -> list[Source]:
    """The sources without the slots."""
    return [source for source in sources if not is_slot(source)]


POLLS = 8  # that the reach register remembers


def answered(source: Source) -> int:
    """How many of the last eight polls were answered."""
    return bin(source.reachability & 0xFF).count("1")


def count_of_usable(sources: Iterable[Source]) -> str:
    """For people: 2 of 4 sources usable."""
    sources = tuple(sources)
    real = resolved(sources)
    if not real:
        return "no source has an address yet" if sources else "chronyd has no sources"
    return f"{sum(map(is_usable, sources))} of {len(real)} sources usable"


def _unsynchronised(tracking: TrackingStatus, sources: tuple[Source, ...]) -> Finding | None:
    count = count_of_usable(sources)
    if tracking.is_local_reference():
        words = f"not synchronised: chronyd follows no source, only its local reference; {count}"
        return Finding(Level.CRITICAL, "local-reference", words)
    if not tracking.is_synchronized():
        return Finding(Level.CRITICAL, "unsynchronised", f"not synchronised; {count}")
    if tracking.leap_status.name == "UNSYNC":
        # chronyd: reference.c, REF_GetReferenceParams(): synchronised, but leap_in_progress.
        words = "a leap second is being inserted or deleted"
        return Finding(Level.CRITICAL, "leap-second-now", words)
    return None


def _about_error(
    tracking: TrackingStatus, sources: tuple[Source, ...], bound: float | None, limits: Limits
) -> list[Finding]:
    if bound is not None:
        return _exceeded("error-bound", bound, limits, "may be {} off, more than {}")
    estimate = abs(tracking.offset) + tracking.root_distance
    selected = _selected(sources)
    so = f"the error has no bound (chronyd's own estimate is {_durations.text(estimate)})"
    if selected is None:
        words = f"no source is selected, the clock runs on from its last measurement; {so}"
        finding = Finding(Level.WARNING, "no-selected-source", words)
    else:
        why = f"the selected source {_one_line(selected.address)} is not yet the one that the clock was last set by"
        if selected.last_sample_ago is not None and selected.last_sample_ago < 0:
            why = "the selected source's last sample is from the future: the clock was set back, but not by chronyd"
        finding = Finding(Level.WARNING, "no-error-bound", f"{why}; {so}")
    said = "may be {} off by chronyd's own estimate, more than {}"
    return [*_exceeded("error-estimate", estimate, limits, said), finding]


def _exceeded(code: str, error: float, limits: Limits, words: str) -> list[Finding]:
    for level, limit in ((Level.CRITICAL, limits.max_error), (Level.WARNING, limits.warn_error)):
        if error > limit:
            said = words.format(_durations.text(error), _durations.text(limit))
            return [Finding(level, code, said)]
    return []


def _about_age(
    tracking: TrackingStatus, sources: tuple[Source, ...], limits: Limits, now: float
) -> list[Finding]:
    age = _age(tracking, now)
    if age > limits.max_age:
        level = Level.CRITICAL if _selected(sources) is None else Level.WARNING
        words = f"the last measurement is {_durations.text(age)} old, more than {_durations.text(limits.max_age)}"
        return [Finding(level, "old-measurement", words)]
    # A measurement is never from the future: by so much, at least, the clock is behind.
    words = "the last measurement is {} in the future, more than {}: the clock was set back, but not by chronyd"
    return _exceeded("clock-set-back", -age, limits, words)


def _about_sources(
    tracking: TrackingStatus, sources: tuple[Source, ...], limits: Limits
) -> list[Finding]:
    findings = []
    selected = _selected(sources)
    wanted = limits.wanted
    if wanted and not (selected and any(_same(selected.address, name) for name in wanted)):
        name = "none" if selected is None else _one_line(selected.address)
        words = f"the selected source is {name}, not {' or '.join(map(_one_line, wanted))}"
        findings.append(Finding(Level.CRITICAL, "wrong-source", words))
    if tracking.stratum > limits.max_stratum:
        words = f"stratum {tracking.stratum} is above {limits.max_stratum}"
        findings.append(Finding(Level.WARNING, "stratum", words))
    if sum(map(is_usable, sources)) < limits.min_sources:
        words = f"{count_of_usable(sources)}, fewer than {limits.min_sources}"
        findings.append(Finding(Level.WARNING, "few-sources", words))
    return findings


def _notes(tracking: TrackingStatus, sources: tuple[Source, ...]) -> list[Finding]:
    findings = []
    false = [_one_line(each.address) for each in sources if each.state.name == "FALSETICKER"]
    if false:
        words = f"{len(false)} falseticker{'s' if len(false) > 1 else ''}: {', '.join(false)}"
        findings.append(Finding(Level.OK, "falsetickers", words))
    if tracking.is_leap_pending():
        what = "inserted" if tracking.leap_status.name == "INSERT" else "deleted"
        words = f"a leap second will be {what} at the end of the day"
        findings.append(Finding(Level.OK, "leap-second-pending", words))
    return findings


def _age(tracking: TrackingStatus, now: float) -> float:
    """Seconds since the last measurement. chronyd's times are those of its corrected clock, `now` is the system clock's."""
    return now + tracking.offset - tracking.ref_time


def _selected(sources: tuple[Source, ...]) -> Source | None:
    return next((source for source in sources if source.state.name == "SELECTED"), None)


def _same(address: str, name: str) -> bool:
    """Whether a source's address is this one, however an IPv6 address is written."""
    if address == name or ":" not in name:
        return address == name
    import socket

    try:
        return socket.inet_pton(socket.AF_INET6, address) == socket.inet_pton(socket.AF_INET6, name)
    except OSError:
        return False


# What becomes of it.


def with_findings(verdict: Verdict, findings: list[Finding]) -> Verdict:
    """The verdict with more findings, which replace those of the same codes."""
    codes = {finding.code for finding in findings}
    kept = [finding for finding in verdict.findings if finding.code not in codes]
    return _verdict(
        kept + findings,
        verdict.time,
        verdict.error_bound,
        verdict.tracking,
        verdict.sources,
        verdict.error,
    )


def _verdict(
    findings: list[Finding],
    now: float,
    bound: float | None = None,
    tracking: TrackingStatus | None = None,
    sources: tuple[Source, ...] = (),
    error: ChronyError | None = None,
) -> Verdict:
    findings = sorted(findings, key=lambda finding: -finding.level)
    level = findings[0].level if findings else Level.OK
    return Verdict(level, tuple(findings), bound, tracking, sources, error, now)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
