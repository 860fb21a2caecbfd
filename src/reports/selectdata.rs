//! selectdata: why chronyd selected a source, or did not.

use super::enums::{LEAP_STATUS, SELECT_IGNORED, SELECT_OPTIONS, SELECT_STATE};
use super::U32;
use crate::chrony::record::Condition;
use crate::chrony::record::Kind::*;

/// chronyd: sources.c, SRC_ResetInstance() sets these to 0, and SRC_SelectSource() fills them in for a source that has a sample
/// and takes part in the selection. An interval is never empty, because the precision of the clocks widens it.
const NOT_COMPARED: Condition = Condition {
    name: "no sample, or the option noselect",
    any: &[&[(c"low limit", 0.0), (c"high limit", 0.0)], &[(c"state", SELECT_IGNORED as f64)]],
};

report! {
    name: "selectdata",
    shape: PerSource,
    on_command_port: false,
    getter: "get_select_data",
    returns: "a list of SelectData, empty without sources",
    about: "why each source was selected or not",
    record: "SelectData",
    doc: "One source in chronyd's source selection: a record of chronyd's selectdata report.",
    columns: ["S", "...", "Leap"],
    predicates: [],
    fields: [
        ("reference_id", "reference ID", Unsigned(U32), ["", "0 to 0xffffffff"], "", "The source's reference ID"),
        ("address", "address", Source, [], "Name/IP Address", "The source's address, as in Source.address"),
        // chronyd: sources.c, get_status_char().
        ("state", "state", Enum(&SELECT_STATE), [], "S", "How far the source got in the selection"),
        ("authentication", "authentication", Boolean, [], "Auth", "Whether the source is authenticated"),
        // chronyd: UNSYNC before the first sample.
        ("leap_status", "leap status", Enum(&LEAP_STATUS), [], "Leap", "Whether the source announces a leap second"),
        ("configured_options", "configured options", Enum(&SELECT_OPTIONS), [], "COpts",
         "Selection options in the configuration"),
        ("effective_options", "effective options", Enum(&SELECT_OPTIONS), [], "EOpts", "Selection options in force"),
        // chronyd: sources.c, SRC_GetSelectReport(): its age as of the last selection.
        ("last_sample_ago", "last sample ago", Age, ["seconds", "usually 0 or more"], "Last",
         "Age of the last sample at the last selection", Unless(&NOT_COMPARED, 0.0)),
        // chronyd: a ratio of distances, 1 at least while a source is selected.
        ("score", "score", Measure, ["ratio"], "Score",
         "Score against the selected source: a source with more than 10 takes its place", Unless(&NOT_COMPARED, 1.0)),
        ("low_limit", "low limit", Offset, ["seconds", "> 0: the system clock is fast of the source"], "Interval",
         "Lower end of the interval in which the clock's offset lies", Unless(&NOT_COMPARED, 0.0)),
        ("high_limit", "high limit", Offset, ["seconds", "> 0: the system clock is fast of the source"], "Interval",
         "Upper end of the interval in which the clock's offset lies", Unless(&NOT_COMPARED, 0.0)),
    ],
}
