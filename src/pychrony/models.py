"""The records and enumerations under the name of a module, for code that was written for PyPI's pychrony 2.x."""

from __future__ import annotations

from pychrony import (
    LeapStatus,
    RTCData,
    Source,
    SourceMode,
    SourceState,
    SourceStats,
    TrackingStatus,
    Transport,
)

__all__ = [
    "LeapStatus",
    "RTCData",
    "Source",
    "SourceMode",
    "SourceState",
    "SourceStats",
    "TrackingStatus",
    "Transport",
]
