//! activity: how many sources are online.

use super::{Report, U32};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"activity", shape: Shape::One, fields: &FIELDS },
    getter: getter!("get_activity", "an Activity", "Ask chronyd how many of its NTP sources are online and offline."),
    record: record_type!("Activity", "How many NTP sources are in which state: chronyd's activity report."),
    hidden: 0,
    predicates: &[],
};

static FIELDS: [Field; 5] = [
    // chronyd: ntp_sources.c, NSR_GetActivityReport(): counts of sources.
    field!("online", "online sources", Unsigned(U32), "count", "", "Sources that are polled"),
    field!("offline", "offline sources", Unsigned(U32), "count", "", "Sources that are not polled at present"),
    field!(
        "burst_online",
        "burst online-return sources",
        Unsigned(U32),
        "count",
        "",
        "Sources in a burst of polls, online after it"
    ),
    field!(
        "burst_offline",
        "burst offline-return sources",
        Unsigned(U32),
        "count",
        "",
        "Sources in a burst of polls, offline after it"
    ),
    field!("unresolved", "unresolved sources", Unsigned(U32), "count", "", "Sources whose name is not resolved yet"),
];
