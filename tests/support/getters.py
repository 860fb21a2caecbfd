"""The functions that get a report, which are methods of a connection too."""

from __future__ import annotations

GETTERS = [
    "get_tracking",
    "get_sources",
    "get_source_stats",
    "get_rtc_data",
    "get_smoothing",
    "get_activity",
    "get_server_stats",
    "get_ntp_data",
    "get_auth_data",
    "get_select_data",
]
