//! tracking: how good the system's clock is.

use super::enums::{LEAP_DELETE, LEAP_INSERT, LEAP_STATUS};
use super::U32;
use crate::chrony::record::Kind::*;

report! {
    name: "tracking",
    shape: One,
    on_command_port: true,
    getter: "get_tracking",
    returns: "a TrackingStatus",
    about: "how good the system's clock is: offset, frequency error, stratum, error bounds, source",
    record: "TrackingStatus",
    doc: "How good the system's clock is: chronyd's tracking report.\n\n\
        error_bound() says how wrong the clock may be, from this report and the sources. abs(offset) + root_distance, the\n\
        formula of chrony's manual, is a bound only where one source counts and nobody else sets the clock.",
    columns: ["...", "Leap status"],
    predicates: [
        // chronyc: client.c, process_cmd_waitsync(). An address means a source, whatever the ID, which may be a hash.
        predicate!(
            "is_synchronized",
            &[c"reference_id", c"reference_ip"],
            |values| values[1] != 0 || !matches!(values[0], NO_REFERENCE | LOCAL_REFERENCE),
            "Whether the clock is synchronised to a source, as for chronyc waitsync: the local reference does not count."
        ),
        predicate!(
            "is_local_reference",
            &[c"reference_id", c"reference_ip"],
            |values| values[1] == 0 && values[0] == LOCAL_REFERENCE,
            "Whether chronyd serves its own clock without a source (the local directive): its time is unverified."
        ),
        predicate!(
            "is_leap_pending",
            &[c"leap_status"],
            |values| values[0] == LEAP_INSERT.into() || values[0] == LEAP_DELETE.into(),
            "Whether a leap second is inserted or deleted at the end of the day."
        ),
    ],
    derived: [derived!(
        "root_distance",
        "seconds",
        &[c"root_delay", c"root_dispersion"],
        |values| values[0] / 2.0 + values[1],
        "Root delay / 2 + root dispersion (RFC 5905): how far the time of the source that the clock follows may be from true time. With abs(offset) it is no bound of the clock's error where several sources are combined: see error_bound()"
    )],
    fields: [
        // chronyd: reference.c, REF_GetTrackingReport(), as all that follows here. Any 32 bits: the source's address or a hash of it.
        ("reference_id", "reference ID", Unsigned(U32), ["", "0 to 0xffffffff"], "Reference ID",
         "ID of the source the clock is synchronised to: an IPv4 address, a hash of an IPv6 address, or four ASCII characters; 0: not synchronised"),
        ("reference_id_name", "address", Source, [], "Reference ID",
         "The source's address; without one the name that reference_id spells (\"GPS\"), else its bytes (\"127.127.1.1\" is the local reference)"),
        ("reference_ip", "address", Address, [], "Reference ID", "The source's IP address; None where it has none"),
        // chronyd: reference.c, REF_SetReference() adds 1 to the source's: 15 at most (ntp_core.c), 16 where `chronyc minstratum`
        // made it so.
        ("stratum", "stratum", Unsigned(17), ["", "0 to 17"], "Stratum",
         "Number of hops from a reference clock, which is stratum 0; 0 while not synchronised, 16 for a client of a stratum-15 server"),
        // chronyd: ntp.h, NTP_Leap has two bits. A clock in the middle of a leap second says 3 for a moment.
        ("leap_status", "leap status", Enum(&LEAP_STATUS), [], "Leap status",
         "Whether a leap second is due; UNSYNC: not synchronised, or in the middle of a leap second"),
        // chronyd: reference.c, REF_SetReference() takes off a random number below one second, so that NTP clients do not learn when it
        // received a response. util.c, UTI_IsTimeOffsetSane() keeps samples within 136 years from about 1970 on; 0 while not synchronised.
        ("ref_time", "reference time", Seconds, [], "Ref time (UTC)", "When the last measurement was processed, less a random part of a second (chronyd hides the exact time); 0 while not synchronised"),
        ("offset", "current correction", Offset, ["seconds", "> 0: the system clock is slow of NTP time, < 0: fast"], "System time",
         "Difference between the system clock and NTP time that chronyd is still correcting"),
        ("last_offset", "last offset", Offset, ["seconds", "> 0: the clock was fast of its sources, < 0: slow"], "Last offset",
         "Offset estimated at the last update; it has the opposite sign of offset"),
        // chronyd: a square root.
        ("rms_offset", "RMS offset", Measure, ["seconds"], "RMS offset", "Long-term average of the offset (root mean square)"),
        ("frequency", "frequency offset", Offset, ["ppm", "< 0: the clock would run slow, > 0: fast"], "Frequency",
         "Rate at which the system clock would drift if chronyd did not correct it"),
        ("residual_freq", "residual frequency", Offset, ["ppm", "> 0: higher"], "Residual freq",
         "Difference between the frequency that the selected source's measurements indicate and the one in use; 0 while not synchronised"),
        // chronyd: a sum of sizes.
        ("skew", "skew", Measure, ["ppm"], "Skew", "Error bound of the frequency; 0 while not synchronised"),
        // chronyd: unsigned in the packet (util.c, UTI_Ntp32ToDouble()), and the peer delay is no less than the precision.
        ("root_delay", "root delay", Measure, ["seconds"], "Root delay",
         "Round-trip network delay to the stratum-1 computer; while not synchronised 1, or 0 with the local reference"),
        // chronyd: reference.c, get_root_dispersion() takes the absolute value of the age.
        ("root_dispersion", "root dispersion", Measure, ["seconds"], "Root dispersion",
         "Dispersion accumulated on the way to the stratum-1 computer; while not synchronised 1, or 0 with the local reference"),
        // chronyd: a difference of monotonic times.
        ("update_interval", "last update interval", Measure, ["seconds"], "Update interval",
         "Time between the last two updates of the clock"),
        ("ref_time_ns", "reference time", Nanoseconds, [], "Ref time (UTC)",
         "When the last measurement was processed, less a random part of a second; an attribute, not an item"),
    ],
}


/// The ID while not synchronised, and that of the local reference.
const NO_REFERENCE: i64 = 0;
const LOCAL_REFERENCE: i64 = 0x7f7f_0101;
