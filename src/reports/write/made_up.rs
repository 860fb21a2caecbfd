//! holdover: a report that no chronyd has, to show what a further one takes: this file, and its name in reports/mod.rs.

use crate::chrony::record::Condition;
use crate::chrony::record::Kind::*;

const NO_SAMPLES: Condition = Condition { name: "no samples", any: &[&[(c"samples", 0.0)]] };

report! {
    name: "holdover",
    shape: PerSource,
    on_command_port: true,
    getter: "get_holdover",
    returns: "a list of Holdover, empty without sources",
    about: "how long each source would do without measurements",
    record: "Holdover",
    doc: "The holdover of one source: a record of chronyd's holdover report.",
    columns: ["..."],
    predicates: [],
    fields: [
        ("address", "address", Source, [], "Name/IP address", "The source's address"),
        ("samples", "samples", Unsigned(64), ["count"], "NP", "Samples in use"),
        ("drift", "drift", Measure, ["ppm"], "Drift", "Greatest drift seen", Unless(&NO_SAMPLES, 2.5)),
    ],
}
