"""An interval clock whose time the test sets."""

from __future__ import annotations

from typing import final

from pychrony import ChronyClockError, ChronyTimeoutError, ErrorCode, IntervalStatus, TimeInterval


@final
class FakeIntervalClock:
    """A pychrony.IntervalClock for tests: true time, the error and the status are what the test sets, and waiting takes no time.

        clock = FakeIntervalClock(error_ns=5_000_000)
        commit(clock)                       # waits out the uncertainty, at once
        assert clock.waited_ns >= 10_000_000

    time_ns: true time, in nanoseconds since 1970. error_ns: half the width of the intervals. offset_ns: how far their middle is
    ahead of true time; an honest clock's is no more than error_ns. status: what the intervals say, or UNKNOWN or DISRUPTED,
    which is raised. All are attributes too; advance() makes time pass.
    """

    def __init__(
        self,
        time_ns: int = 1_800_000_000_000_000_000,
        *,
        error_ns: int = 1_000_000,
        offset_ns: int = 0,
        status: IntervalStatus = IntervalStatus.SYNCHRONIZED,
    ) -> None:
        self.time_ns = time_ns
        self.error_ns = error_ns
        self.offset_ns = offset_ns
        self.status = status
        self.waited_ns = 0
        self.refreshes = 0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time_ns += round(seconds * 1_000_000_000)

    def refresh(self) -> TimeInterval:
        """Count it, and return the interval."""
        self.refreshes += 1
        return self.now()

    def now(self, max_age: float | None = None) -> TimeInterval:
        """The interval; a ChronyClockError if the status is UNKNOWN or DISRUPTED."""
        if self.status in (IntervalStatus.UNKNOWN, IntervalStatus.DISRUPTED):
            error = ChronyClockError(f"the fake clock's status is {self.status.name}")
            error.status = self.status
            raise error
        middle = self.time_ns + self.offset_ns
        return TimeInterval(middle - self.error_ns, middle + self.error_ns, self.status)

    def is_past(self, time_ns: int, /) -> bool:
        """Whether this time is certainly past."""
        return self.now().earliest > time_ns

    def is_future(self, time_ns: int, /) -> bool:
        """Whether this time is certainly in the future."""
        return self.now().latest < time_ns

    def wait_past(self, time_ns: int, timeout: float | None = None) -> TimeInterval:
        """Let as much time pass as the wait takes; a ChronyTimeoutError if that is more than the timeout."""
        missing = max(0, time_ns + 1 - self.now().earliest)
        if timeout is not None and missing > timeout * 1_000_000_000:
            self.advance(timeout)
            self.waited_ns += round(timeout * 1_000_000_000)
            raise ChronyTimeoutError(
                f"timed out after {timeout} s waiting for {time_ns} ns since 1970 to be past for certain",
                ErrorCode.TIMEOUT,
            )
        self.time_ns += missing
        self.waited_ns += missing
        return self.now()
