//! rtcdata: the real-time clock, where chronyd tracks it.

use super::{Report, U16, U32};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"rtcdata", shape: Shape::OneIfEnabled, fields: &FIELDS },
    getter: getter!(
        "get_rtc_data",
        "an RTCData, or None where chronyd does not track the real-time clock",
        "Ask chronyd how the hardware's real-time clock drifts."
    ),
    record: record_type!("RTCData", "The real-time clock against the system clock: chronyd's rtcdata report."),
    hidden: 1,
    predicates: &[predicate!(
        "is_calibrated",
        &[c"samples"],
        |values| values[0] > 0,
        "Whether there is any comparison to go by (samples > 0)."
    )],
};

static FIELDS: [Field; 7] = [
    // chronyd: rtc_linux.c, RTC_Linux_GetReport().
    field!(
        "ref_time",
        "reference time",
        Seconds,
        "seconds since 1970 (UTC)",
        "float; ref_time_ns is exact",
        "When the real-time clock was last compared; 0 before the first comparison"
    ),
    field!("samples", "samples", Unsigned(U16), "count", "", "Comparisons in use"),
    field!("runs", "runs", Unsigned(U16), "count", "", "Runs of residuals of one sign"),
    field!("span", "span", Unsigned(U32), "seconds", "0 or more", "Time the comparisons cover"),
    field!(
        "offset",
        "offset",
        Offset,
        "seconds",
        "finite; > 0: the real-time clock is fast",
        "Estimated offset of the real-time clock"
    ),
    field!(
        "freq_offset",
        "frequency offset",
        Offset,
        "ppm",
        "finite; > 0: the real-time clock gains time",
        "Rate at which the real-time clock drifts"
    ),
    field!(
        "ref_time_ns",
        "reference time",
        Nanoseconds,
        "nanoseconds since 1970 (UTC)",
        "",
        "When the real-time clock was last compared; an attribute, not an item"
    ),
];
