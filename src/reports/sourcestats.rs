//! sourcestats: the statistics of each source's drift and offset.

use super::{Report, U32};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"sourcestats", shape: Shape::PerSource, fields: &FIELDS },
    getter: getter!(
        "get_source_stats",
        "a list of SourceStats, empty without sources",
        "Ask chronyd how each source drifts, and how well it knows that."
    ),
    record: record_type!("SourceStats", "Statistics of one source: a record of chronyd's sourcestats report."),
    hidden: 0,
    predicates: &[predicate!(
        "has_sufficient_samples",
        ("minimum" = 4),
        &[c"samples"],
        |values| values[0] >= values[1],
        "Whether at least this many samples are in use."
    )],
};

static FIELDS: [Field; 10] = [
    field!("reference_id", "reference ID", Unsigned(U32), "", "0 to 0xffffffff", "The source's reference ID"),
    field!(
        "address",
        "address",
        Source,
        "",
        "str",
        "The source's address, as in Source.address; for a reference clock its name (\"GPS\")"
    ),
    // chronyd: sourcestats.c, MAX_SAMPLES is 64; a later one may keep more.
    field!("samples", "samples", Unsigned(U32), "count", "", "Samples in use"),
    field!(
        "runs",
        "runs",
        Unsigned(U32),
        "count",
        "",
        "Runs of residuals of one sign; few runs for the number of samples mean that a straight line fits badly"
    ),
    // chronyd: the samples are in order.
    field!("span", "span", Unsigned(U32), "seconds", "0 or more", "Time between the oldest and the newest sample"),
    // chronyd: sourcestats.c, MIN_STDDEV is 1e-9.
    field!("std_dev", "standard deviation", Measure, "seconds", "0 or more", "Standard deviation of the samples"),
    field!(
        "resid_freq",
        "residual frequency",
        Offset,
        "ppm",
        "finite; > 0: the system clock gains on the source",
        "Frequency of the system clock, as chronyd corrects it, relative to the source's"
    ),
    // chronyd: sourcestats.c, MIN_SKEW is 1e-6 ppm.
    field!("skew", "skew", Measure, "ppm", "0 or more", "Error bound of the frequency"),
    field!(
        "offset",
        "offset",
        Offset,
        "seconds",
        "finite; > 0: the system clock is fast of the source",
        "Estimated offset of the source"
    ),
    // chronyd: sourcestats.c, SST_DoSourcestatsReport() takes the age of the best sample with its sign, unlike elsewhere.
    field!(
        "offset_err",
        "offset error",
        Offset,
        "seconds",
        "finite, usually 0 or more",
        "Error bound of the offset; below 0 where somebody else set the clock back"
    ),
];
