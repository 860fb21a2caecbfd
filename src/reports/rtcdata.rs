//! rtcdata: the real-time clock, where chronyd tracks it.

use super::{U16, U32};
use crate::chrony::record::Condition;
use crate::chrony::record::Kind::*;

/// chronyd: rtc_linux.c, RTC_Linux_GetReport(): the coefficients are 0 until the first regression.
const NO_REGRESSION: Condition = Condition { name: "no regression yet", any: &[&[(c"reference time", 0.0)]] };

report! {
    name: "rtcdata",
    shape: OneIfEnabled,
    on_command_port: true,
    getter: "get_rtc_data",
    returns: "an RTCData, or None where chronyd does not track the real-time clock",
    about: "how the hardware's real-time clock drifts",
    record: "RTCData",
    doc: "The real-time clock compared with the system clock: chronyd's rtcdata report.",
    columns: ["..."],
    predicates: [predicate!(
        "is_calibrated",
        &[c"samples"],
        |values| values[0] > 0,
        "Whether the real-time clock has been compared at all (samples > 0)."
    )],
    fields: [
        // chronyd: rtc_linux.c, RTC_Linux_GetReport().
        ("ref_time", "reference time", Seconds, [], "RTC ref time (UTC)",
         "When the real-time clock was last compared", Unless(&NO_REGRESSION, 0.0)),
        ("samples", "samples", Unsigned(U16), ["count"], "Number of samples", "Comparisons in use"),
        ("runs", "runs", Unsigned(U16), ["count"], "Number of runs", "Runs of residuals of one sign"),
        ("span", "span", Unsigned(U32), ["seconds", "0 or more"], "Sample span period", "Time the comparisons cover"),
        ("offset", "offset", Offset, ["seconds", "> 0: the real-time clock is fast"], "RTC is fast by",
         "Estimated offset of the real-time clock", Unless(&NO_REGRESSION, 0.0)),
        ("freq_offset", "frequency offset", Offset, ["ppm", "> 0: the real-time clock gains time"], "RTC gains time at",
         "Rate at which the real-time clock drifts", Unless(&NO_REGRESSION, 0.0)),
        ("ref_time_ns", "reference time", Nanoseconds, [], "RTC ref time (UTC)",
         "When the real-time clock was last compared; an attribute, not an item", Unless(&NO_REGRESSION, 0.0)),
    ],
}
