//! smoothing: how the time that chronyd serves is eased towards the clock's.

use super::enums::{LEAPONLY, SMOOTHING_FLAGS};
use crate::chrony::record::Condition;
use crate::chrony::record::Kind::*;

/// chronyd: smooth.c, SMT_GetSmoothingReport(): without ACTIVE, no update has come.
const NOT_ACTIVE: Condition = Condition { name: "not active", any: &[&[(c"flags", 0.0)], &[(c"flags", LEAPONLY as f64)]] };

report! {
    name: "smoothing",
    shape: OneIfEnabled,
    on_command_port: true,
    getter: "get_smoothing",
    returns: "a Smoothing, or None where smoothing is not enabled",
    about: "how the time served to clients differs from the clock's (the smoothtime directive)",
    record: "Smoothing",
    doc: "The smoothing of the time served to clients: chronyd's smoothing report.",
    columns: ["..."],
    predicates: [],
    fields: [
        ("flags", "flags", Enum(&SMOOTHING_FLAGS), [], "Active", "Whether smoothing is active, and for what"),
        ("offset", "offset", Offset, ["seconds", "> 0: clients are served a time ahead of the true one"], "Offset",
         "Offset applied to the time that is served"),
        ("freq_offset", "frequency offset", Offset, ["ppm", "< 0: the served time runs slow"], "Frequency",
         "Frequency offset of the time that is served"),
        ("wander", "wander", Offset, ["ppm per second", "< 0: the served time is slowing down"], "Wander",
         "Rate at which the frequency offset changes"),
        // chronyd: smooth.c, SMT_GetSmoothingReport() gives 0 for what would be below 0.
        ("last_update_ago", "last update ago", Measure, ["seconds"], "Last update", "Age of the last update", Unless(&NOT_ACTIVE, 0.0)),
        ("remaining_time", "remaining time", Measure, ["seconds"], "Remaining time",
         "Time until the smoothing is finished, if nothing further happens"),
    ],
}
