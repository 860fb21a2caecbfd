"""Observable gauges of OpenTelemetry: chronyd is asked when the metrics are collected, and at no other time."""

from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Observation, get_meter

from pychrony import health

check = health.Cached(seconds=1.0)  # the gauges of one collection share one answer


def error_bound(options: CallbackOptions) -> Iterable[Observation]:
    bound = check().error_bound
    return [] if bound is None else [Observation(bound)]


def offset(options: CallbackOptions) -> Iterable[Observation]:
    tracking = check().tracking
    if tracking is None or not tracking.is_synchronized():
        return []  # without a source it is 0
    return [Observation(tracking.offset)]


def level(options: CallbackOptions) -> Iterable[Observation]:
    return [Observation(int(check().level))]


meter = get_meter("pychrony")
meter.create_observable_gauge("clock.error_bound", [error_bound], unit="s")
meter.create_observable_gauge("clock.offset", [offset], unit="s")
meter.create_observable_gauge("clock.health", [level], description="0 OK, 1 WARNING, 2 CRITICAL")
