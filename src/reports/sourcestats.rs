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
    type_name: c"pychrony.SourceStats",
    type_doc: c"Statistics of one source: a record of chronyd's sourcestats report.",
    hidden: 0,
};

static FIELDS: [Field; 10] = [
    field!("reference_id", "reference ID", Unsigned(U32), "0 to 0xffffffff", "The source's reference ID"),
    field!(
        "address",
        "address",
        Source,
        "str",
        "The source's address, as Source.address has it; for a reference clock its name (\"GPS\")"
    ),
    field!("samples", "samples", Unsigned(U32), "count", "Samples in use"),
    field!(
        "runs",
        "runs",
        Unsigned(U32),
        "count",
        "Runs of residuals of one sign; few for the samples mean that a straight line fits badly"
    ),
    field!("span", "span", Unsigned(U32), "seconds, 0 or more", "Time between the oldest and the newest sample"),
    field!("std_dev", "standard deviation", Measure, "seconds, 0 or more", "Standard deviation of the samples"),
    field!(
        "resid_freq",
        "residual frequency",
        Offset,
        "ppm, finite",
        "The source's frequency against the system clock's as it is corrected"
    ),
    field!("skew", "skew", Measure, "ppm, 0 or more", "Error bound of the frequency"),
    field!(
        "offset",
        "offset",
        Offset,
        "seconds, finite; > 0: the system clock is fast of the source",
        "Estimated offset of the source"
    ),
    field!("offset_err", "offset error", Measure, "seconds, 0 or more", "Error bound of the offset"),
];
