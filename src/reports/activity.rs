//! activity: how many sources are online.

use super::U32;
use crate::chrony::record::Kind::*;

report! {
    name: "activity",
    shape: One,
    on_command_port: true,
    getter: "get_activity",
    returns: "an Activity",
    about: "how many NTP sources are online and offline",
    record: "Activity",
    doc: "How many NTP sources are in which state: chronyd's activity report.",
    columns: ["..."],
    predicates: [],
    fields: [
        // chronyd: ntp_sources.c, NSR_GetActivityReport(): counts of sources.
        ("online", "online sources", Unsigned(U32), ["count"], "sources online", "Sources that are polled"),
        ("offline", "offline sources", Unsigned(U32), ["count"], "sources offline",
         "Sources that are not polled at present"),
        ("burst_online", "burst online-return sources", Unsigned(U32), ["count"], "sources doing burst (return to online)",
         "Sources in a burst of polls, online after it"),
        ("burst_offline", "burst offline-return sources", Unsigned(U32), ["count"], "sources doing burst (return to offline)",
         "Sources in a burst of polls, offline after it"),
        ("unresolved", "unresolved sources", Unsigned(U32), ["count"], "sources with unknown address",
         "Sources whose name is not resolved yet"),
    ],
}
