"""Made-up reports, and a chronyd that answers them, for the tests of programs that use pychrony.

The factories return records with the given fields, for any test framework:

    from pychrony.testing import make_tracking
    assert not is_healthy(make_tracking(reference_id=0))

FakeChronyd answers with such records through the real libchrony and the real extension, so that the code under test runs
unchanged, without chronyd and without root:

    with FakeChronyd(tracking=make_tracking(offset=0.5)) as chronyd:
        assert not is_healthy(pychrony.get_tracking())

pytest finds fixtures without configuration: fake_chronyd, and the records tracking_status, source, source_stats, rtc_data.
"""

from .clock import FakeIntervalClock
from .fake import FakeChronyd, Request
from .records import (
    ACTIVITY_DEFAULTS,
    AUTHDATA_DEFAULTS,
    NTPDATA_DEFAULTS,
    RTCDATA_DEFAULTS,
    SELECTDATA_DEFAULTS,
    SERVERSTATS_DEFAULTS,
    SMOOTHING_DEFAULTS,
    SOURCE_DEFAULTS,
    SOURCESTATS_DEFAULTS,
    TRACKING_DEFAULTS,
    make_activity,
    make_auth_data,
    make_ntp_data,
    make_rtc_data,
    make_select_data,
    make_server_stats,
    make_smoothing,
    make_source,
    make_source_stats,
    make_tracking,
)

__all__ = [
    "ACTIVITY_DEFAULTS",
    "AUTHDATA_DEFAULTS",
    "NTPDATA_DEFAULTS",
    "RTCDATA_DEFAULTS",
    "SELECTDATA_DEFAULTS",
    "SERVERSTATS_DEFAULTS",
    "SMOOTHING_DEFAULTS",
    "SOURCESTATS_DEFAULTS",
    "SOURCE_DEFAULTS",
    "TRACKING_DEFAULTS",
    "FakeChronyd",
    "FakeIntervalClock",
    "Request",
    "make_activity",
    "make_auth_data",
    "make_ntp_data",
    "make_rtc_data",
    "make_select_data",
    "make_server_stats",
    "make_smoothing",
    "make_source",
    "make_source_stats",
    "make_tracking",
]
