//! sourcestats: the statistics of each source's drift and offset.

use super::U32;
use crate::chrony::record::Kind::*;

report! {
    name: "sourcestats",
    shape: PerSource,
    on_command_port: true,
    getter: "get_source_stats",
    returns: "a list of SourceStats, empty without sources",
    about: "how each source drifts, and how well that is known",
    record: "SourceStats",
    doc: "Statistics of one source: a record of chronyd's sourcestats report.",
    columns: ["...", "Std Dev"],
    predicates: [predicate!(
        "has_sufficient_samples",
        ("minimum" = 4),
        &[c"samples"],
        |values| values[0] >= values[1],
        "Whether at least this many samples are in use."
    )],
    fields: [
        ("reference_id", "reference ID", Unsigned(U32), ["", "0 to 0xffffffff"], "", "The source's reference ID"),
        ("address", "address", Source, [], "Name/IP Address",
         "The source's address, as in Source.address; for a reference clock its name (\"GPS\")"),
        // chronyd: sourcestats.c, MAX_SAMPLES is 64; a later one may keep more.
        ("samples", "samples", Unsigned(U32), ["count"], "NP", "Samples in use"),
        ("runs", "runs", Unsigned(U32), ["count"], "NR",
         "Runs of residuals of one sign; few runs for the number of samples mean that a straight line fits badly"),
        // chronyd: the samples are in order.
        ("span", "span", Unsigned(U32), ["seconds", "0 or more"], "Span",
         "Time between the oldest and the newest sample"),
        // chronyd: sourcestats.c, MIN_STDDEV is 1e-9.
        ("std_dev", "standard deviation", Measure, ["seconds"], "Std Dev", "Standard deviation of the samples"),
        ("resid_freq", "residual frequency", Offset, ["ppm", "> 0: the system clock gains on the source"], "Frequency",
         "Frequency of the system clock, as chronyd corrects it, relative to the source's"),
        // chronyd: sourcestats.c, MIN_SKEW is 1e-6 ppm.
        ("skew", "skew", Measure, ["ppm"], "Freq Skew", "Error bound of the frequency"),
        ("offset", "offset", Offset, ["seconds", "> 0: the system clock is fast of the source"], "Offset",
         "Estimated offset of the source"),
        // chronyd: sourcestats.c, SST_DoSourcestatsReport() takes the age of the best sample with its sign, unlike elsewhere.
        ("offset_err", "offset error", Offset, ["seconds", "usually 0 or more"], "",
         "Error bound of the offset; below 0 where somebody else set the clock back"),
    ],
}
