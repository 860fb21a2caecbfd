"""The scrapes of /metrics: the chronyd of --address is asked once for all that come at the same time."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Callable

from prometheus_client.core import Metric

import pychrony
from pychrony import health

from ..command import asking
from .collector import ChronyCollector
from .metrics import Report
from .target import UNREACHED, Target

# Seconds in which a call ends after its connection was closed.
ENDING = 5.0


@dataclass(frozen=True)
class Scrape:
    """What a scrape found.

    verdict: None if a report that it needs is switched off. address: where chronyd answered; None if it did not.
    complete: whether there was time for all reports. took: how many seconds it took.
    """

    metrics: list[Metric]
    verdict: health.Verdict | None
    address: str | None
    complete: bool
    took: float


class Scrapes:
    """Asks one chronyd for its metrics. ValueError: the address is malformed.

    A slow chronyd would be slower still if each scrape asked it. So a scrape that comes while chronyd is being asked waits
    for the result of that, and has the same metrics.

    failed: called with a report's name and its error, unless it failed with the same error the last time.
    """

    def __init__(
        self,
        address: str | None,
        timeout: float,
        reports: Sequence[Report],
        failed: Callable[[str, pychrony.ChronyError], object],
        family: int = 0,
    ) -> None:
        self.address = asking.in_force(address)
        self.family = family
        self.is_name = bool(self.address and asking.host_and_port(self.address)[0])
        if not self.is_name:
            asking.connect(self.address, timeout)  # refuses a malformed address; opens nothing
        self.timeout = timeout
        self.reports = reports
        self.failed = failed
        self._errors: dict[str, str] = {}
        self._known: Sequence[str | None] = ()  # where the host with that name answered last
        self._lock = threading.Lock()
        self._target: Target | None = None
        self._running: Future[Scrape] | None = None
        self._ended = False

    def __call__(self, deadline: float) -> Scrape:
        """Ask chronyd, until the deadline (by time.monotonic()). TimeoutError: another scrape takes too long."""
        while True:
            with self._lock:
                if self._ended:
                    raise TimeoutError("the exporter is shutting down")
                running = self._running
                if running is None:
                    target = self._target = Target(self._addresses, deadline, self.timeout)
                    result = self._running = Future()
            if running is None:
                return self._ask(target, result)
            try:
                left = min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)
                scrape = running.result(left)
            except concurrent.futures.TimeoutError as error:
                raise TimeoutError("no time is left: another scrape is still running") from error
            # One that had less time, and not enough, may have stopped early. Asking again takes at least as long.
            if scrape.complete or deadline - time.monotonic() <= scrape.took:
                return scrape

    def _ask(self, target: Target, result: Future[Scrape]) -> Scrape:
        began = time.monotonic()
        collector = ChronyCollector(target, self.reports, self._note)
        try:
            metrics = list(collector.collect())
        except BaseException as error:
            self._finish(target)
            result.set_exception(error)
            raise
        ended = time.monotonic()
        address = target.addresses[0] if len(target.addresses) == 1 else None
        complete = ended < target.deadline
        scrape = Scrape(metrics, collector.verdict, address, complete, ended - began)
        self._finish(target)
        result.set_result(scrape)
        return scrape

    def _finish(self, target: Target) -> None:
        target.close()
        with self._lock:
            self._target = self._running = None

    def _addresses(self, timeout: float) -> Sequence[str | None]:
        return self._known or asking.candidates(self.address, timeout, self.family)

    def _note(self, report: str, error: pychrony.ChronyError | None) -> None:
        if self.is_name:
            unreached = error is not None and error.error_code in UNREACHED
            self._known = () if unreached or self._target is None else self._target.addresses
        if error is None:
            self._errors.pop(report, None)
        elif self._errors.get(report) != str(error):
            self._errors[report] = str(error)
            self.failed(report, error)

    @property
    def busy(self) -> bool:
        """Whether chronyd is being asked."""
        return self._running is not None

    def close(self) -> None:
        """End the scrape that is running, so that its connection leaves no files beside chronyd's socket."""
        with self._lock:
            self._ended = True
            target, running = self._target, self._running
        if target is not None and running is not None:
            target.close()
            concurrent.futures.wait([running], ENDING)
