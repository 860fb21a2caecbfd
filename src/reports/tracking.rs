//! tracking: how good the system's clock is.

use super::enums::LEAP_STATUS;
use super::{Report, U32};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"tracking", shape: Shape::One, fields: &FIELDS },
    getter: getter!(
        "get_tracking",
        "a TrackingStatus",
        "Ask chronyd how good the system's clock is: offset, frequency error, stratum, error bounds, source."
    ),
    type_name: c"pychrony.TrackingStatus",
    type_doc: c"How good the system's clock is: chronyd's tracking report.\n\n\
        The clock's error is at most abs(offset) + root_dispersion + root_delay / 2 seconds, if the path to the\n\
        primary source is no worse than its worst asymmetry.",
    hidden: 1,
};

static FIELDS: [Field; 16] = [
    field!(
        "reference_id",
        "reference ID",
        Unsigned(U32),
        "0 to 0xffffffff",
        "ID of the source the clock is synchronised to: an IPv4 address, a hash of an IPv6 address, or four ASCII \
         characters; 0: not synchronised"
    ),
    field!(
        "reference_id_name",
        "address",
        Source,
        "str",
        "The source's address; without one the name that reference_id spells (\"GPS\"), else its bytes (\"127.127.1.1\" \
         is the local reference)"
    ),
    field!("reference_ip", "address", Address, "str or None", "The source's IP address; None where it has none"),
    field!(
        "stratum",
        "stratum",
        Unsigned(15),
        "0 to 15",
        "How many hops the clock is away from a reference clock, which is stratum 0; 0 also while not synchronised"
    ),
    field!("leap_status", "leap status", Enum(&LEAP_STATUS), "LeapStatus", "Whether a leap second is due"),
    field!(
        "ref_time",
        "reference time",
        Seconds,
        "seconds since 1970 (UTC), float; ref_time_ns is exact",
        "When the last measurement was processed"
    ),
    field!(
        "offset",
        "current correction",
        Offset,
        "seconds, finite; > 0: the system clock is slow of NTP time, < 0: fast",
        "How far the system clock still is from NTP time, while chronyd corrects it"
    ),
    field!(
        "last_offset",
        "last offset",
        Offset,
        "seconds, finite; > 0: the clock was fast of its sources, < 0: slow",
        "Offset estimated at the last update; mind that offset has the other sign"
    ),
    field!("rms_offset", "RMS offset", Measure, "seconds, 0 or more", "Long-term average of the offset's size"),
    field!(
        "frequency",
        "frequency offset",
        Offset,
        "ppm, finite; < 0: the clock would run slow, > 0: fast",
        "Rate at which the system clock would be wrong if chronyd did not correct it"
    ),
    field!(
        "residual_freq",
        "residual frequency",
        Offset,
        "ppm, finite; > 0: higher",
        "What the measurements of the selected source say the frequency should be changed by"
    ),
    field!("skew", "skew", Measure, "ppm, 0 or more", "Error bound of the frequency"),
    field!(
        "root_delay",
        "root delay",
        Measure,
        "seconds, 0 or more",
        "Network delay, there and back, to the stratum-1 computer"
    ),
    field!(
        "root_dispersion",
        "root dispersion",
        Measure,
        "seconds, 0 or more",
        "Dispersion accumulated on the way to the stratum-1 computer"
    ),
    field!(
        "update_interval",
        "last update interval",
        Measure,
        "seconds, 0 or more",
        "Time between the last two updates of the clock"
    ),
    field!(
        "ref_time_ns",
        "reference time",
        Nanoseconds,
        "nanoseconds since 1970 (UTC)",
        "When the last measurement was processed; an attribute, not an item"
    ),
];
