//! selectdata: why chronyd selected a source, or did not.

use super::enums::{LEAP_STATUS, SELECT_OPTIONS, SELECT_STATE};
use super::{Report, U32};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"selectdata", shape: Shape::PerSource, fields: &FIELDS },
    getter: getter!(
        "get_select_data",
        "a list of SelectData, empty without sources",
        "Ask chronyd why it selected each source, or did not. By default, the command port does not serve this report."
    ),
    record: record_type!(
        "SelectData",
        "What chronyd's source selection knows of one source: a record of chronyd's selectdata report."
    ),
    hidden: 0,
    predicates: &[],
};

static FIELDS: [Field; 11] = [
    field!("reference_id", "reference ID", Unsigned(U32), "", "0 to 0xffffffff", "The source's reference ID"),
    field!("address", "address", Source, "", "str", "The source's address, as in Source.address"),
    // chronyd: sources.c, get_status_char().
    field!("state", "state", Enum(&SELECT_STATE), "", "SelectState", "How far the source got in the selection"),
    field!("authentication", "authentication", Boolean, "", "bool", "Whether the source is authenticated"),
    // chronyd: UNSYNC before the first sample.
    field!(
        "leap_status",
        "leap status",
        Enum(&LEAP_STATUS),
        "",
        "LeapStatus",
        "Whether the source announces a leap second"
    ),
    field!(
        "configured_options",
        "configured options",
        Enum(&SELECT_OPTIONS),
        "",
        "SelectOptions",
        "Selection options in the configuration"
    ),
    field!(
        "effective_options",
        "effective options",
        Enum(&SELECT_OPTIONS),
        "",
        "SelectOptions",
        "Selection options in force"
    ),
    // chronyd: sources.c, SRC_GetSelectReport(): its age as of the last selection.
    field!(
        "last_sample_ago",
        "last sample ago",
        Age,
        "seconds",
        "usually 0 or more; None: never",
        "Age of the last sample at the last selection; 0 also before the first sample, and with noselect"
    ),
    // chronyd: a ratio of distances, 1 at least while a source is selected.
    field!(
        "score",
        "score",
        Measure,
        "ratio",
        "0 or more",
        "Score against the selected source: a source with more than 10 takes its place"
    ),
    field!(
        "low_limit",
        "low limit",
        Offset,
        "seconds",
        "finite; > 0: the system clock is fast of the source",
        "Lower end of the interval in which the clock's offset lies"
    ),
    field!(
        "high_limit",
        "high limit",
        Offset,
        "seconds",
        "finite; > 0: the system clock is fast of the source",
        "Upper end of the interval in which the clock's offset lies"
    ),
];
