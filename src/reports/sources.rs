//! sources: the sources that chronyd measures, and the result of its selection.

use super::enums::{SELECT_OPTIONS, SOURCE_MODE, SOURCE_SELECTED, SOURCE_STATE};
use super::{NEVER, U16};
use crate::chrony::record::Condition;
use crate::chrony::record::Kind::*;

/// chronyd: sourcestats.c, SST_DoSourceReport(): without a sample these are 0, and the age is "never".
const NO_SAMPLE: Condition = Condition { name: "no sample", any: &[&[(c"last sample ago", NEVER)]] };

report! {
    name: "sources",
    shape: PerSource,
    on_command_port: true,
    getter: "get_sources",
    returns: "a list of Source, empty without sources",
    about: "which time sources there are, and which of them are selected",
    record: "Source",
    doc: "One time source: a record of chronyd's sources report.",
    columns: ["M", "S", "Name/IP address", "Stratum", "..."],
    predicates: [
        predicate!(
            "is_reachable",
            &[c"reachability"],
            |values| values[0] > 0,
            "Whether one of the last eight polls brought a valid response from a synchronised server, or a sample of a reference clock. \
            A server that responds without being synchronised itself does not count."
        ),
        predicate!(
            "is_selected",
            &[c"state"],
            |values| values[0] == SOURCE_SELECTED.into(),
            "Whether the clock is synchronised to this source (state is SELECTED)."
        ),
    ],
    fields: [
        ("address", "address", Source, [], "Name/IP address",
         "The source's IP address; for a reference clock its name (\"GPS\"); \"ID#...\" while its name is not resolved"),
        // chronyd: -7 to 24 for servers (ntp.h); the `poll` of a refclock is not checked before 4.7 (conf.c), and cut to 16 bits.
        ("poll", "poll", Signed(-32768, 32767), ["log2 seconds", "usually -7 to 24"], "Poll",
         "Interval between polls: 6 is 64 s, -2 is 0.25 s"),
        // chronyd: 1 to 15 from packets; `chronyc minstratum` is not checked (ntp_core.c, NCR_ModifyMinstratum()).
        ("stratum", "stratum", Unsigned(U16), ["", "usually 0 to 15"], "Stratum", "The source's stratum", Unless(&NO_SAMPLE, 0.0)),
        ("state", "state", Enum(&SOURCE_STATE), [], "S", "Result of the selection for the source"),
        ("mode", "mode", Enum(&SOURCE_MODE), [], "M", "What kind of source it is"),
        ("flags", "flags", Enum(&SELECT_OPTIONS), [], "",
         "Selection options; chronyd from 4.0 on sends none here: see get_select_data()"),
        // chronyd: sources.c, SOURCE_REACH_BITS is 8. ntp_core.c, process_response() counts a valid response of a synchronised server
        // (synced_packet), refclock.c, poll_timeout() a sample.
        ("reachability", "reachability", Unsigned(0xff), ["bits", "0 to 0o377, the lowest bit the latest"], "Reach",
         "Which of the last eight polls brought a valid response from a synchronised server, or a sample of a reference clock"),
        // chronyd: sourcestats.c, SST_DoSourceReport().
        ("last_sample_ago", "last sample ago", Age, ["seconds", "usually 0 or more; None: never"], "LastRx",
         "Age of the last good sample; below 0 for a moment after another program has set the clock back"),
        ("orig_latest_meas", "original last sample offset", Offset, ["seconds", "> 0: the system clock was fast of the source"], "Last sample",
         "Offset of the last sample as it was measured", Unless(&NO_SAMPLE, 0.0)),
        ("latest_meas", "adjusted last sample offset", Offset, ["seconds", "> 0: the system clock is fast of the source"], "Last sample",
         "Offset of the last sample, with the clock's corrections since applied", Unless(&NO_SAMPLE, 0.0)),
        // chronyd: half the root delay plus the root dispersion.
        ("latest_meas_err", "last sample error", Measure, ["seconds"], "Last sample",
         "Error bound of the last sample", Unless(&NO_SAMPLE, 0.0)),
    ],
}
