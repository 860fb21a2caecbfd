"""Made-up reports for the tests of programs that use pychrony.

Factories, for any test framework: each returns a plausible record of a synchronised clock, with the given fields in place
of the defaults.

    from pychrony.testing import make_tracking
    assert not is_healthy(make_tracking(stratum=16, reference_id=0))

pytest finds fixtures of the same records without configuration: tracking_status, source, source_stats, rtc_data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from pychrony import (
    LeapStatus,
    RTCData,
    SelectOptions,
    Source,
    SourceMode,
    SourceState,
    SourceStats,
    TrackingStatus,
)

Record = TypeVar("Record")

__all__ = [
    "RTCDATA_DEFAULTS",
    "SOURCESTATS_DEFAULTS",
    "SOURCE_DEFAULTS",
    "TRACKING_DEFAULTS",
    "make_rtc_data",
    "make_source",
    "make_source_stats",
    "make_tracking",
]

TRACKING_DEFAULTS: dict[str, Any] = {
    "reference_id": 0xC0000201,
    "reference_id_name": "192.0.2.1",
    "reference_ip": "192.0.2.1",
    "stratum": 3,
    "leap_status": LeapStatus.NORMAL,
    "ref_time": 1767225600.25,
    "offset": -1.5e-05,
    "last_offset": 2.5e-05,
    "rms_offset": 4e-05,
    "frequency": -7.25,
    "residual_freq": 0.002,
    "skew": 0.04,
    "root_delay": 0.012,
    "root_dispersion": 0.0008,
    "update_interval": 64.5,
}
SOURCE_DEFAULTS: dict[str, Any] = {
    "address": "192.0.2.1",
    "poll": 6,
    "stratum": 2,
    "state": SourceState.SELECTED,
    "mode": SourceMode.CLIENT,
    "flags": SelectOptions(0),
    "reachability": 0o377,
    "last_sample_ago": 21,
    "orig_latest_meas": 3e-05,
    "latest_meas": 2e-05,
    "latest_meas_err": 0.0061,
}
SOURCESTATS_DEFAULTS: dict[str, Any] = {
    "reference_id": 0xC0000201,
    "address": "192.0.2.1",
    "samples": 12,
    "runs": 7,
    "span": 710,
    "std_dev": 5e-05,
    "resid_freq": -0.003,
    "skew": 0.05,
    "offset": 1e-05,
    "offset_err": 6e-05,
}
RTCDATA_DEFAULTS: dict[str, Any] = {
    "ref_time": 1767225600.0,
    "samples": 9,
    "runs": 5,
    "span": 7200,
    "offset": 0.4,
    "freq_offset": -2.5,
}


def make_tracking(**fields: Any) -> TrackingStatus:
    """A TrackingStatus with these fields; by default of a clock synchronised to 192.0.2.1."""
    return _make(TrackingStatus, TRACKING_DEFAULTS, fields)


def make_source(**fields: Any) -> Source:
    """A Source with these fields; by default one that is selected and reachable."""
    return _make(Source, SOURCE_DEFAULTS, fields)


def make_source_stats(**fields: Any) -> SourceStats:
    """A SourceStats with these fields; by default one with enough samples."""
    return _make(SourceStats, SOURCESTATS_DEFAULTS, fields)


def make_rtc_data(**fields: Any) -> RTCData:
    """An RTCData with these fields; by default of a calibrated clock."""
    return _make(RTCData, RTCDATA_DEFAULTS, fields)


def _make(
    record: Callable[..., Record], defaults: Mapping[str, Any], fields: Mapping[str, Any]
) -> Record:
    """A record of these fields. Where it has a time, its nanoseconds follow from the seconds, unless they are given."""
    values = {**defaults, **fields}
    hidden = {}
    if "ref_time" in defaults:
        hidden["ref_time_ns"] = values.pop("ref_time_ns", round(values["ref_time"] * 1_000_000_000))
    unknown = sorted(values.keys() - defaults.keys())
    if unknown:
        raise TypeError(f"no such field: {', '.join(unknown)}")
    return record([values[name] for name in defaults], hidden)
