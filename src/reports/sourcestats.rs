//! sourcestats: the statistics of each source's drift and offset.

use super::U32;
use crate::chrony::record::Condition;
use crate::chrony::record::Kind::*;

/// chronyd: sourcestats.c, SST_DoSourcestatsReport().
const NO_SAMPLES: Condition = Condition { name: "no samples", any: &[&[(c"samples", 0.0)]] };
/// chronyd: sourcestats.c, SST_DoNewRegression() sets the number of runs to 0 where the regression fails, which needs three
/// samples, and some numbers to the worst case. Else there is one run at least (regress.c, n_runs_from_residuals()).
const NO_REGRESSION: Condition = Condition {
    name: "no regression",
    any: &[&[(c"runs", 0.0)], &[(c"samples", 0.0)], &[(c"samples", 1.0)], &[(c"samples", 2.0)]],
};

report! {
    name: "sourcestats",
    shape: PerSource,
    on_command_port: true,
    getter: "get_source_stats",
    returns: "a list of SourceStats, empty without sources",
    about: "what drift rate and offset were estimated for each source",
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
         "Runs of residuals of one sign; few runs for the number of samples mean that a straight line does not fit them well"),
        // chronyd: the samples are in order.
        ("span", "span", Unsigned(U32), ["seconds", "0 or more"], "Span",
         "Time between the oldest and the newest sample"),
        // chronyd: sourcestats.c, MIN_STDDEV is 1e-9.
        ("std_dev", "standard deviation", Measure, ["seconds"], "Std Dev", "Standard deviation of the samples", Unless(&NO_REGRESSION, 4.0)),
        ("resid_freq", "residual frequency", Offset, ["ppm", "> 0: the system clock gains on the source"], "Frequency",
         "Frequency of the system clock, as chronyd corrects it, relative to the source's", Unless(&NO_REGRESSION, 0.0)),
        // chronyd: sourcestats.c, MIN_SKEW is 1e-6 ppm.
        ("skew", "skew", Measure, ["ppm"], "Freq Skew", "Error bound of the frequency", Unless(&NO_REGRESSION, 2000.0)),
        ("offset", "offset", Offset, ["seconds", "> 0: the system clock is fast of the source"], "Offset",
         "Estimated offset of the source", Unless(&NO_SAMPLES, 0.0)),
        // chronyd: sourcestats.c, SST_DoSourcestatsReport() takes the age of the best sample with its sign, unlike elsewhere.
        ("offset_err", "offset error", Offset, ["seconds", "usually 0 or more"], "",
         "Error bound of the offset, with 4 s added while there is no regression; below 0 for a moment after another program has set the clock back", Unless(&NO_SAMPLES, 0.0)),
    ],
}
