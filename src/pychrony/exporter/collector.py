"""Asks chronyd at each scrape, and gives the result as metrics."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import pychrony
from pychrony import ErrorCode

from ..command import asking
from .tables import REPORTS, Report

# Calls one of pychrony's getters, given its name.
Ask = Callable[[str], Any]

# These codes mean that chronyd gave no answer. A refusal is an answer, and so is a report that is wrong.
UNREACHED = {
    ErrorCode.OPEN_FAILED,
    ErrorCode.SEND_FAILED,
    ErrorCode.RECV_FAILED,
    ErrorCode.TIMEOUT,
}


class SharedConnection:
    """One connection to one chronyd for all scrapes, which may come from several threads and take turns.

    The first call opens it. Later calls open a new socket if chronyd was restarted. ValueError: a malformed address.
    """

    def __init__(self, address: str | None, timeout: float) -> None:
        self.connection = asking.connect(address, timeout)

    def __call__(self, getter: str) -> Any:
        if self.connection.closed:
            try:
                self.connection.open()
            except RuntimeError:
                pass  # another thread has just opened it
        return getattr(self.connection, getter)()

    def close(self) -> None:
        self.connection.close()


class Host:
    """One chronyd by its host's name, with a new connection for each call.

    Once one of the host's addresses has answered, the scrapes keep to it, so that all reports are of one chronyd. The name
    is resolved again after a call that was not answered.
    """

    def __init__(self, name: str, timeout: float) -> None:
        self.name = name
        self.timeout = timeout
        self.address: str | None = None

    def __call__(self, getter: str) -> Any:
        try:
            answer, self.address = asking.ask(
                self.address or self.name,
                self.timeout,
                lambda connection: (getattr(connection, getter)(), connection.address),
            )
        except pychrony.ChronyError as error:
            if error.error_code in UNREACHED:
                self.address = None
            raise
        return answer

    def close(self) -> None:
        """Nothing to do: no connection outlives its call."""


def chronyd_at(address: str | None, timeout: float) -> SharedConnection | Host:
    """What asks the chronyd at an address in the form that the command takes. ValueError: the address is malformed."""
    if address is None or asking.host_and_port(address)[0] is None:
        return SharedConnection(address, timeout)
    return Host(address, timeout)


class ChronyCollector(Collector):
    """The metrics of one chronyd, from some of its reports.

    ask: asks chronyd. complain: is told of an error, unless the report ended in the same error last time (None: nobody is).
    """

    def __init__(
        self,
        ask: Ask,
        reports: Sequence[Report] = REPORTS,
        complain: Callable[[str], object] | None = None,
    ) -> None:
        self.ask = ask
        self.reports = reports
        self.complain = complain
        self.errors: dict[str, str] = {}

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "chrony_up",
            "Whether chronyd answered, even if with a refusal. chrony_synchronized says whether its clock is right.",
        )
        success = GaugeMetricFamily(
            "chrony_scrape_collector_success",
            "Whether chronyd gave the report, or said that it is not enabled.",
            labels=["collector"],
        )
        error = GaugeMetricFamily(
            "chrony_scrape_collector_error_info",
            "Why a collector did not succeed: the name of pychrony's error code.",
            labels=["collector", "error"],
        )
        lasted = GaugeMetricFamily(
            "chrony_scrape_collector_duration_seconds",
            "How long the collector took.",
            labels=["collector"],
        )
        total = GaugeMetricFamily(
            "chrony_scrape_duration_seconds", "How long all the collectors took."
        )
        began = time.perf_counter()
        answered = False
        unreached: pychrony.ChronyError | None = None
        for report in self.reports:
            start = time.perf_counter()
            failed = unreached
            if failed is None:
                try:
                    yield from families(report, self.ask(report.getter))
                except pychrony.ChronyError as caught:
                    failed = caught
                    # A chronyd that does not answer one report would not answer the next: the scrape would take too long.
                    unreached = caught if caught.error_code in UNREACHED else None
                answered = answered or unreached is None
                self._tell(report, failed)
            lasted.add_metric([report.name], time.perf_counter() - start)
            success.add_metric([report.name], float(failed is None))
            if failed is not None:
                error.add_metric([report.name, code_name(failed)], 1)
        up.add_metric([], float(answered))
        total.add_metric([], time.perf_counter() - began)
        yield from (up, success, *([error] if error.samples else []), lasted, total)

    def _tell(self, report: Report, error: pychrony.ChronyError | None) -> None:
        """Report an error once, not at every scrape."""
        if error is None:
            self.errors.pop(report.name, None)
        elif self.errors.get(report.name) != str(error):
            self.errors[report.name] = str(error)
            if self.complain is not None:
                self.complain(f"{report.name}: {error}")


def families(report: Report, result: Any) -> Iterator[Metric]:
    """The metrics of a report, in the order of its table. The result is a list, a single record or None."""
    records = result if isinstance(result, list) else [] if result is None else [result]
    by_labels: dict[tuple[str, ...], Any] = {}
    for record in records:
        labels = tuple(text(record) for text in report.labels.values())
        # A source without an address yet is counted in chrony_activity_sources. Two reference clocks may share a name.
        if not labels or not labels[0].startswith("ID#"):
            by_labels.setdefault(labels, record)
    found: dict[str, Metric] = {}
    for metric in report.metrics:
        for labels, record in by_labels.items():
            value = metric.of(record)
            if value is None:
                continue
            if metric.name not in found:
                family = CounterMetricFamily if metric.counter else GaugeMetricFamily
                found[metric.name] = family(
                    metric.name, report.help(metric), labels=report.label_names(metric)
                )
            found[metric.name].add_metric(  # type: ignore[attr-defined]
                [*labels, *(text(record) for text in metric.labels.values())], value
            )
    return iter(found.values())


def code_name(error: pychrony.ChronyError) -> str:
    return getattr(error.error_code, "name", type(error).__name__)


class BuildInfo(Collector):
    """Which software answers: this pychrony, and the libchrony it loaded. libchrony does not tell its version."""

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily(
            "pychrony_build_info",
            "The versions of pychrony and Python, and the file of libchrony in use.",
            labels=["version", "python_version", "libchrony"],
        )
        python = ".".join(map(str, sys.version_info[:3]))
        libchrony = os.path.realpath(pychrony.libchrony_path)
        info.add_metric([pychrony.__version__, python, libchrony], 1)
        return [info]
