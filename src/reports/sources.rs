//! sources: the sources chronyd measures, and what it makes of them.

use super::enums::{SELECT_OPTIONS, SOURCE_MODE, SOURCE_STATE};
use super::{Report, U16};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"sources", shape: Shape::PerSource, fields: &FIELDS },
    getter: getter!(
        "get_sources",
        "a list of Source, empty without sources",
        "Ask chronyd which sources it has, and what it makes of each."
    ),
    type_name: c"pychrony.Source",
    type_doc: c"One source of time: a record of chronyd's sources report.",
    hidden: 0,
};

static FIELDS: [Field; 11] = [
    field!(
        "address",
        "address",
        Source,
        "str",
        "The source's IP address; for a reference clock its name (\"GPS\"); \"ID#...\" while its name is not resolved"
    ),
    field!(
        "poll",
        "poll",
        Signed(-32, 32),
        "log2 seconds, -32 to 32",
        "Interval between polls: 6 is 64 s, -2 is 0.25 s"
    ),
    field!("stratum", "stratum", Unsigned(16), "0 to 16", "The source's stratum; 0 where nothing is known yet"),
    field!("state", "state", Enum(&SOURCE_STATE), "SourceState", "What chronyd's selection made of the source"),
    field!("mode", "mode", Enum(&SOURCE_MODE), "SourceMode", "What kind of source it is"),
    field!(
        "flags",
        "flags",
        Enum(&SELECT_OPTIONS),
        "SelectOptions",
        "Selection options, as far as chronyd tells them here: get_select_data() has all"
    ),
    field!(
        "reachability",
        "reachability",
        Unsigned(U16),
        "bits, the lowest the latest; eight of them in use (0o377: all answered)",
        "Which of the last polls were answered"
    ),
    field!(
        "last_sample_ago",
        "last sample ago",
        Known,
        "seconds, 0 or more; None: never",
        "Age of the last good sample"
    ),
    field!(
        "orig_latest_meas",
        "original last sample offset",
        Offset,
        "seconds, finite; > 0: the system clock was fast of the source",
        "Offset of the last sample as it was measured"
    ),
    field!(
        "latest_meas",
        "adjusted last sample offset",
        Offset,
        "seconds, finite; > 0: the system clock is fast of the source",
        "Offset of the last sample, with the clock's corrections since applied"
    ),
    field!("latest_meas_err", "last sample error", Measure, "seconds, 0 or more", "Error bound of the last sample"),
];
