"""Asks chronyd during a scrape, and makes metrics of its responses."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import pychrony
from pychrony import health

from .metrics import REPORTS, Report
from .target import UNREACHED

# Calls one of pychrony's getters, given its name.
Ask = Callable[[str], Any]


class ChronyCollector(Collector):
    """The metrics of one chronyd, from some of its reports.

    ask: asks chronyd. failed: called for each report with its error, or with None if it succeeded.
    verdict: after collect(), whether the clock may be trusted; None if a report that this needs is not to be asked for.
    """

    def __init__(
        self,
        ask: Ask,
        reports: Sequence[Report] = REPORTS,
        failed: Callable[[str, pychrony.ChronyError | None], object] | None = None,
    ) -> None:
        self.ask = ask
        self.reports = reports
        self.failed = failed
        self.verdict: health.Verdict | None = None

    def collect(self) -> Iterator[Metric]:
        collectors = Collectors()
        results: dict[str, Any] = {}
        unreached: pychrony.ChronyError | None = None
        for report in self.reports:
            start = time.perf_counter()
            error = unreached
            if error is None:
                try:
                    results[report.name] = self.ask(report.getter)
                    yield from families(report, results[report.name])
                except pychrony.ChronyError as caught:
                    error = caught
                    # A chronyd that does not answer one report would not answer the next: the scrape would take too long.
                    unreached = caught if caught.error_code in UNREACHED else None
                collectors.answered = collectors.answered or unreached is None
                if self.failed is not None:
                    self.failed(report.name, error)
            if error is not None:
                results[report.name] = error
            collectors.add(report.name, time.perf_counter() - start, error)
        self.verdict = judge(results, self.ask)
        if self.verdict is not None:
            yield from health_metrics(self.verdict)
        yield from collectors.metrics()


class Collectors:
    """The metrics of the scrape itself."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.answered = False
        self.success = GaugeMetricFamily(
            "chrony_scrape_collector_success",
            "Whether chronyd sent the report, or replied that it is not enabled.",
            labels=["collector"],
        )
        self.error = GaugeMetricFamily(
            "chrony_scrape_collector_error_info",
            "Why a collector did not succeed: the name of pychrony's error code.",
            labels=["collector", "error"],
        )
        self.duration = GaugeMetricFamily(
            "chrony_scrape_collector_duration_seconds",
            "How long the collector took.",
            labels=["collector"],
        )

    def add(self, name: str, seconds: float, error: pychrony.ChronyError | None) -> None:
        self.duration.add_metric([name], seconds)
        self.success.add_metric([name], float(error is None))
        if error is not None:
            self.error.add_metric([name, code_name(error)], 1)

    def metrics(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "chrony_up",
            "Whether chronyd responded, even with a refusal. chrony_health_level tells whether its clock may be trusted.",
            float(self.answered),
        )
        yield self.success
        if self.error.samples:
            yield self.error
        yield self.duration
        yield GaugeMetricFamily(
            "chrony_scrape_duration_seconds",
            "How long all the collectors took.",
            time.perf_counter() - self.began,
        )


class Again:
    """Has the reports that were asked for already, and asks for those that are needed again."""

    def __init__(self, results: dict[str, Any], ask: Ask) -> None:
        self.results = results
        self.ask = ask

    def get_tracking(self) -> Any:
        return (
            self.results.pop("tracking") if "tracking" in self.results else self.ask("get_tracking")
        )

    def get_sources(self) -> Any:
        return self.results.pop("sources") if "sources" in self.results else self.ask("get_sources")


def judge(results: Mapping[str, Any], ask: Ask) -> health.Verdict | None:
    """The verdict on the clock, from the results of the reports, each of which may be an error; None without the reports."""
    if not results.keys() >= {"tracking", "sources"}:
        return None
    for name in ("tracking", "sources"):
        if isinstance(results[name], pychrony.ChronyError):
            return health.failed(results[name])
    try:
        # chronyd may have updated its clock between the two reports.
        return health.assess(*health.ask(Again(dict(results), ask)))  # type: ignore[arg-type]
    except pychrony.ChronyError as error:
        return health.failed(error)


def health_metrics(verdict: health.Verdict) -> Iterator[Metric]:
    if verdict.error_bound is not None:
        yield GaugeMetricFamily(
            "chrony_error_bound_seconds",
            "How far the clock may be off, by the last sample of the selected source: pychrony.error_bound().",
            verdict.error_bound,
        )
    yield GaugeMetricFamily(
        "chrony_health_level",
        "Whether the clock may be trusted, by pychrony.health: 0 OK, 1 warning, 2 critical, 3 unknown.",
        verdict.level,
    )
    finding = GaugeMetricFamily(
        "chrony_health_finding",
        "Whether pychrony.health found this (see its CODES) with its default limits.",
        labels=["code"],
    )
    found = {each.code for each in verdict.findings}
    for code in health.CODES:
        finding.add_metric([code], float(code in found))
    yield finding


def families(report: Report, result: Any) -> Iterator[Metric]:
    """The metrics of a report, in the order of its table. The result is a list, a single record or None."""
    records = result if isinstance(result, list) else [] if result is None else [result]
    # A list that changed while it was read may have a source twice, and Prometheus would refuse all samples then.
    by_labels = dict(report.identify(records))
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


class Collected(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self.metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self.metrics


class BuildInfo(Collector):
    """The software in use: this pychrony, and the libchrony it loaded, which does not report its version."""

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
