//! sources: the sources chronyd measures, and what it makes of them.

use super::enums::{SELECT_OPTIONS, SOURCE_MODE, SOURCE_SELECTED, SOURCE_STATE};
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
    record: record_type!("Source", "One source of time: a record of chronyd's sources report."),
    hidden: 0,
    predicates: &[
        predicate!(
            "is_reachable",
            &[c"reachability"],
            |values| values[0] > 0,
            "Whether any of the last eight polls was answered."
        ),
        predicate!(
            "is_selected",
            &[c"state"],
            |values| values[0] == SOURCE_SELECTED.into(),
            "Whether the clock is synchronised to this source (state is SELECTED)."
        ),
    ],
};

static FIELDS: [Field; 11] = [
    field!(
        "address",
        "address",
        Source,
        "",
        "str",
        "The source's IP address; for a reference clock its name (\"GPS\"); \"ID#...\" while its name is not resolved"
    ),
    // chronyd: -7 to 24 for servers (ntp.h); the `poll` of a refclock is not checked before 4.7 (conf.c), and cut to 16 bits.
    field!(
        "poll",
        "poll",
        Signed(-32768, 32767),
        "log2 seconds",
        "usually -7 to 24",
        "Interval between polls: 6 is 64 s, -2 is 0.25 s"
    ),
    // chronyd: 1 to 15 from packets; `chronyc minstratum` is not checked (ntp_core.c, NCR_ModifyMinstratum()).
    field!("stratum", "stratum", Unsigned(U16), "", "usually 0 to 15", "The source's stratum; 0 without samples"),
    field!("state", "state", Enum(&SOURCE_STATE), "", "SourceState", "What chronyd's selection made of the source"),
    field!("mode", "mode", Enum(&SOURCE_MODE), "", "SourceMode", "What kind of source it is"),
    field!(
        "flags",
        "flags",
        Enum(&SELECT_OPTIONS),
        "",
        "SelectOptions",
        "Selection options; chronyd from 4.0 on sends none here: see get_select_data()"
    ),
    // chronyd: sources.c, SOURCE_REACH_BITS is 8.
    field!(
        "reachability",
        "reachability",
        Unsigned(0xff),
        "bits",
        "0 to 0o377 (all answered), the lowest bit the latest",
        "Which of the last polls were answered"
    ),
    // chronyd: sourcestats.c, SST_DoSourceReport().
    field!(
        "last_sample_ago",
        "last sample ago",
        Age,
        "seconds",
        "usually 0 or more; None: never",
        "Age of the last good sample; below 0 for a moment where somebody else set the clock back"
    ),
    field!(
        "orig_latest_meas",
        "original last sample offset",
        Offset,
        "seconds",
        "finite; > 0: the system clock was fast of the source",
        "Offset of the last sample as it was measured"
    ),
    field!(
        "latest_meas",
        "adjusted last sample offset",
        Offset,
        "seconds",
        "finite; > 0: the system clock is fast of the source",
        "Offset of the last sample, with the clock's corrections since applied"
    ),
    // chronyd: half the root delay plus the root dispersion.
    field!("latest_meas_err", "last sample error", Measure, "seconds", "0 or more", "Error bound of the last sample"),
];
