//! smoothing: how the time that chronyd serves is eased towards the clock's.

use super::Report;
use super::enums::SMOOTHING_FLAGS;
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"smoothing", shape: Shape::OneIfEnabled, fields: &FIELDS },
    getter: getter!(
        "get_smoothing",
        "a Smoothing, or None where smoothing is not enabled",
        "Ask chronyd how the time it serves differs from the clock's (the smoothtime directive)."
    ),
    record: record_type!("Smoothing", "The smoothing of the time served to clients: chronyd's smoothing report."),
    hidden: 0,
    predicates: &[],
};

static FIELDS: [Field; 6] = [
    field!("flags", "flags", Enum(&SMOOTHING_FLAGS), "", "SmoothingFlags", "Whether it is at work, and on what"),
    field!(
        "offset",
        "offset",
        Offset,
        "seconds",
        "finite; > 0: clients are served a time ahead of the true one",
        "Offset applied to the time that is served"
    ),
    field!(
        "freq_offset",
        "frequency offset",
        Offset,
        "ppm",
        "finite; < 0: the served time runs slow",
        "Frequency offset of the time that is served"
    ),
    field!(
        "wander",
        "wander",
        Offset,
        "ppm per second",
        "finite; < 0: the served time is slowing down",
        "Rate at which the frequency offset changes"
    ),
    // chronyd: smooth.c, SMT_GetSmoothingReport() gives 0 for what would be below 0.
    field!("last_update_ago", "last update ago", Measure, "seconds", "0 or more", "Age of the last update"),
    field!(
        "remaining_time",
        "remaining time",
        Measure,
        "seconds",
        "0 or more",
        "Time until the smoothing is done, if nothing further happens"
    ),
];
