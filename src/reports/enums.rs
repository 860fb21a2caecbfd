//! The named numbers in reports and errors, from which Python's `enum` makes classes.

use std::ffi::CStr;

use crate::chrony::address::Transport;
use crate::chrony::error::Code;
use crate::chrony::record::{Enumeration, Growth, Member};

/// Every enumeration, in the order in which the module has them.
pub static ENUMERATIONS: [&Enumeration; 14] = [
    &LEAP_STATUS,
    &SOURCE_STATE,
    &SOURCE_MODE,
    &SELECT_OPTIONS,
    &SELECT_STATE,
    &AUTH_MODE,
    &KEY_TYPE,
    &NTP_MODE,
    &NTP_FLAGS,
    &TIMESTAMPING,
    &SMOOTHING_FLAGS,
    &TRANSPORT,
    &ERROR_CODE,
    &INTERVAL_STATUS,
];

const fn member(name: &'static CStr, value: u32, doc: &'static CStr) -> Member {
    Member { name, value, symbol: None, letter: None, doc }
}

/// A member for which chronyc prints something of its own.
const fn shown(name: &'static CStr, value: u32, symbol: &'static CStr, doc: &'static CStr) -> Member {
    Member { name, value, symbol: Some(symbol), letter: None, doc }
}

/// A member for which chronyc prints a word in some reports and a character in others.
const fn spelt(
    name: &'static CStr,
    value: u32,
    symbol: &'static CStr,
    letter: &'static CStr,
    doc: &'static CStr,
) -> Member {
    Member { name, value, symbol: Some(symbol), letter: Some(letter), doc }
}

pub const LEAP_INSERT: u32 = 1;
pub const LEAP_DELETE: u32 = 2;

/// Two bits of an NTP packet: it cannot grow.
pub static LEAP_STATUS: Enumeration = Enumeration {
    name: c"LeapStatus",
    doc: c"Whether a leap second is due at the end of the UTC day; UNSYNC: the clock is not synchronised.",
    growth: Growth::Closed,
    members: &[
        spelt(c"NORMAL", 0, c"Normal", c"N", c"no leap second is due"),
        spelt(c"INSERT", LEAP_INSERT, c"Insert second", c"+", c"a second is inserted at the end of the day"),
        spelt(c"DELETE", LEAP_DELETE, c"Delete second", c"-", c"a second is deleted at the end of the day"),
        spelt(c"UNSYNC", 3, c"Not synchronised", c"?", c"not synchronised, or in the middle of a leap second"),
    ],
};

pub const SOURCE_SELECTED: u32 = 0;

pub static SOURCE_STATE: Enumeration = Enumeration {
    name: c"SourceState",
    doc: c"Result of chronyd's selection for a source.",
    growth: Growth::Open,
    members: &[
        shown(c"SELECTED", SOURCE_SELECTED, c"*", c"the clock is synchronised to it"),
        shown(c"NONSELECTABLE", 1, c"?", c"it cannot be used: unreachable, not synchronised, or not measured enough"),
        shown(c"FALSETICKER", 2, c"x", c"it disagrees with the majority of the sources"),
        shown(c"JITTERY", 3, c"~", c"its measurements vary too much"),
        shown(c"UNSELECTED", 4, c"+", c"it is good, and combined with the selected source"),
        shown(c"SELECTABLE", 5, c"-", c"it is good, but not combined with the selected source"),
    ],
};

pub static SOURCE_MODE: Enumeration = Enumeration {
    name: c"SourceMode",
    doc: c"Type of a source.",
    growth: Growth::Open,
    members: &[
        shown(c"CLIENT", 0, c"^", c"a server that chronyd is a client of"),
        shown(c"PEER", 1, c"=", c"a peer"),
        shown(c"REFCLOCK", 2, c"#", c"a reference clock of this machine"),
    ],
};

pub static SELECT_OPTIONS: Enumeration = Enumeration {
    name: c"SelectOptions",
    doc: c"A source's selection options (noselect, prefer, trust, require in chrony.conf).",
    growth: Growth::Flags,
    members: &[
        shown(c"NOSELECT", 0x1, c"N", c"it is never selected"),
        shown(c"PREFER", 0x2, c"P", c"it is preferred to sources without this option"),
        shown(c"TRUST", 0x4, c"T", c"it is assumed to be right, and overrides sources that disagree"),
        shown(c"REQUIRE", 0x8, c"R", c"one source with this option must be selectable"),
    ],
};

pub const SELECT_IGNORED: u32 = b'N' as u32;

pub static SELECT_STATE: Enumeration = Enumeration {
    name: c"SelectState",
    doc: c"How far a source got in the selection; each number is the character that chronyc prints for it.",
    growth: Growth::Open,
    members: &[
        shown(c"IGNORED", SELECT_IGNORED, c"N", c"it has the option noselect"),
        shown(c"NOT_SYNCHRONIZED", b's' as u32, c"s", c"it reports that it is not synchronised"),
        shown(c"MISSING_SAMPLES", b'M' as u32, c"M", c"it has not been measured often enough"),
        shown(
            c"UNACCEPTABLE_STRATUM",
            b'r' as u32,
            c"r",
            c"its stratum is too low or too high (chronyd 4.9 and later)",
        ),
        shown(c"UNACCEPTABLE_DISTANCE", b'd' as u32, c"d", c"its root distance is above maxdistance"),
        shown(c"LARGE_DISTANCE", b'D' as u32, c"D", c"its root distance is too large for it to be combined"),
        shown(c"JITTERY", b'~' as u32, c"~", c"its measurements vary too much"),
        shown(c"WAITING_FOR_OTHERS", b'w' as u32, c"w", c"others have not been measured often enough"),
        shown(c"MISSING_SELECTABLE_SOURCES", b'W' as u32, c"W", c"too few sources are selectable, or no required one"),
        shown(c"STALE", b'S' as u32, c"S", c"it is unreachable, and its samples are older than others'"),
        shown(c"ORPHAN", b'O' as u32, c"O", c"its stratum is that of an orphan"),
        shown(c"NOT_TRUSTED", b'T' as u32, c"T", c"it disagrees with the trusted sources"),
        shown(c"NOT_PREFERRED", b'P' as u32, c"P", c"others are preferred"),
        shown(c"WAITING_FOR_UPDATE", b'U' as u32, c"U", c"the selection waits for a new measurement"),
        shown(c"FALSETICKER", b'x' as u32, c"x", c"it disagrees with the majority of the sources"),
        shown(c"OUTLIER", b'L' as u32, c"L", c"it is an outlier (reserved: not used by any chronyd up to 4.9)"),
        shown(c"COMBINED", b'+' as u32, c"+", c"it is combined with the best source"),
        shown(c"BEST", b'*' as u32, c"*", c"it is selected"),
    ],
};

pub static AUTH_MODE: Enumeration = Enumeration {
    name: c"AuthMode",
    doc: c"How an NTP source is authenticated.",
    growth: Growth::Open,
    members: &[
        shown(c"NONE", 0, c"-", c"not authenticated"),
        shown(c"SYMMETRIC_KEY", 1, c"SK", c"by a symmetric key"),
        shown(c"NTS", 2, c"NTS", c"by Network Time Security"),
    ],
};

pub static KEY_TYPE: Enumeration = Enumeration {
    name: c"KeyType",
    doc: c"Type of a key: hash, cipher or AEAD algorithm.",
    growth: Growth::Open,
    members: &[
        member(c"NONE", 0, c"no key"),
        member(c"MD5", 1, c"hash"),
        member(c"SHA1", 2, c"hash"),
        member(c"SHA256", 3, c"hash"),
        member(c"SHA384", 4, c"hash"),
        member(c"SHA512", 5, c"hash"),
        member(c"SHA3_224", 6, c"hash"),
        member(c"SHA3_256", 7, c"hash"),
        member(c"SHA3_384", 8, c"hash"),
        member(c"SHA3_512", 9, c"hash"),
        member(c"TIGER", 10, c"hash"),
        member(c"WHIRLPOOL", 11, c"hash"),
        member(c"AES128", 13, c"cipher (CMAC)"),
        member(c"AES256", 14, c"cipher (CMAC)"),
        member(c"AEAD_AES_SIV_CMAC_256", 15, c"AEAD algorithm, of NTS"),
        member(c"AEAD_AES_128_GCM_SIV", 30, c"AEAD algorithm, of NTS (chronyd 4.4 and later)"),
    ],
};

pub static NTP_MODE: Enumeration = Enumeration {
    name: c"NTPMode",
    doc: c"NTP mode of a response.",
    growth: Growth::Open,
    members: &[
        shown(c"NONE", 0, c"Invalid", c"there has been no valid response yet"),
        shown(c"ACTIVE_SYMMETRIC", 1, c"Symmetric active", c"from a peer that polls"),
        shown(c"PASSIVE_SYMMETRIC", 2, c"Symmetric passive", c"from a peer that is polled"),
        shown(c"SERVER", 4, c"Server", c"from a server"),
    ],
};

pub static NTP_FLAGS: Enumeration = Enumeration {
    name: c"NTPFlags",
    doc: c"Tests that a response passed (described in chronyc's manual), and whether it was interleaved and authenticated.",
    growth: Growth::Flags,
    members: &[
        member(c"TEST1", 0x200, c"not a duplicate"),
        member(c"TEST2", 0x100, c"a response to our request"),
        member(c"TEST3", 0x80, c"with valid timestamps"),
        member(c"TEST5", 0x40, c"authenticated, where it must be"),
        member(c"TEST6", 0x20, c"the server is synchronised, and its stratum is valid"),
        member(c"TEST7", 0x10, c"the server's root delay and dispersion are acceptable"),
        member(c"TEST_A", 0x8, c"its delay is within the limits of the configuration"),
        // libchrony calls these two testC and testB; chronyd and chronyc have them in this order.
        member(c"TEST_B", 0x4, c"its delay is low enough relative to the least delay measured"),
        member(c"TEST_C", 0x2, c"its delay is low enough relative to the delays' deviation"),
        member(c"TEST_D", 0x1, c"it does not create a synchronisation loop"),
        member(c"INTERLEAVED", 0x4000, c"the response was interleaved"),
        member(c"AUTHENTICATED", 0x8000, c"the source is authenticated"),
    ],
};

pub static TIMESTAMPING: Enumeration = Enumeration {
    name: c"Timestamping",
    doc: c"What took a timestamp; each number is the character that chronyd sends.",
    growth: Growth::Open,
    members: &[
        shown(c"NONE", 0, c"Invalid", c"there has been no valid response yet"),
        shown(c"DAEMON", b'D' as u32, c"Daemon", c"chronyd itself"),
        shown(c"KERNEL", b'K' as u32, c"Kernel", c"the kernel: more exact"),
        shown(c"HARDWARE", b'H' as u32, c"Hardware", c"the network interface: the most exact"),
    ],
};

pub const LEAPONLY: u32 = 0x2;

pub static SMOOTHING_FLAGS: Enumeration = Enumeration {
    name: c"SmoothingFlags",
    doc: c"Whether the time served to clients is smoothed, and for what.",
    growth: Growth::Flags,
    members: &[
        member(c"ACTIVE", 0x1, c"the served time differs from the clock's"),
        member(c"LEAPONLY", LEAPONLY, c"only leap seconds are smoothed"),
    ],
};

pub static TRANSPORT: Enumeration = Enumeration {
    name: c"Transport",
    doc: c"How chronyd is reached.",
    growth: Growth::Closed,
    members: &[
        member(
            c"UNIX_SOCKET",
            Transport::UnixSocket as u32,
            c"by its Unix socket: all reports, for root and its own user only",
        ),
        member(c"COMMAND_PORT", Transport::CommandPort as u32, c"by its UDP command port: some of the reports"),
    ],
};

pub static ERROR_CODE: Enumeration = Enumeration {
    name: c"ErrorCode",
    doc: c"What went wrong, in ChronyError.error_code: libchrony's own codes from 1, pychrony's from 100.",
    growth: Growth::Open,
    members: &[
        member(c"NO_MEMORY", Code::NoMemory as u32, c"libchrony could not allocate memory"),
        member(c"NO_RANDOM", Code::NoRandom as u32, c"/dev/urandom could not be opened"),
        member(c"UNKNOWN_REPORT", Code::UnknownReport as u32, c"libchrony does not know the report"),
        member(c"RANDOM_FAILED", Code::RandomFailed as u32, c"/dev/urandom could not be read"),
        member(c"SEND_FAILED", Code::SendFailed as u32, c"the request could not be sent"),
        member(c"RECV_FAILED", Code::RecvFailed as u32, c"the response could not be received"),
        member(c"INVALID_ARGUMENT", Code::InvalidArgument as u32, c"libchrony was given an invalid argument"),
        member(c"UNEXPECTED_CALL", Code::UnexpectedCall as u32, c"libchrony was called at the wrong time"),
        member(c"UNAUTHORIZED", Code::Unauthorized as u32, c"chronyd does not give this client the report"),
        member(c"DISABLED", Code::Disabled as u32, c"what the report is about is not enabled"),
        member(c"UNEXPECTED_STATUS", Code::UnexpectedStatus as u32, c"chronyd responded with an unexpected status"),
        member(c"OLD_SERVER", Code::OldServer as u32, c"chronyd is too old"),
        member(c"NEW_SERVER", Code::NewServer as u32, c"chronyd is too new for this libchrony"),
        member(c"INVALID_RESPONSE", Code::InvalidResponse as u32, c"the response is too short"),
        member(c"OPEN_FAILED", Code::OpenFailed as u32, c"no socket could be opened to this address"),
        member(c"TIMEOUT", Code::Timeout as u32, c"no response in time"),
        member(c"FIELD_MISSING", Code::FieldMissing as u32, c"a field is missing"),
        member(c"FIELD_TYPE", Code::FieldType as u32, c"a field is of the wrong type"),
        member(c"FIELD_RANGE", Code::FieldRange as u32, c"a field is out of its range"),
        member(c"CLOSED", Code::Closed as u32, c"the connection was closed, before the call or during it"),
        member(
            c"BUSY",
            Code::Busy as u32,
            c"the connection is in use by a call of the same thread, or of another event loop",
        ),
    ],
};

pub const INTERVAL_UNKNOWN: u32 = 0;
pub const INTERVAL_SYNCHRONIZED: u32 = 1;
pub const INTERVAL_FREE_RUNNING: u32 = 2;
pub const INTERVAL_DISRUPTED: u32 = 3;

pub static INTERVAL_STATUS: Enumeration = Enumeration {
    name: c"IntervalStatus",
    doc: c"What an interval clock knows about the time. The numbers are those of ClockBound.",
    growth: Growth::Closed,
    members: &[
        member(c"UNKNOWN", INTERVAL_UNKNOWN, c"there is no usable report (raised as a ChronyClockError)"),
        member(c"SYNCHRONIZED", INTERVAL_SYNCHRONIZED, c"the interval is from a recent report on a recent sample"),
        member(
            c"FREE_RUNNING",
            INTERVAL_FREE_RUNNING,
            c"the interval is valid, but its report is more than 16 s old, or the last sample was older than 8 polls",
        ),
        member(
            c"DISRUPTED",
            INTERVAL_DISRUPTED,
            c"something else has set the clock, or chronyd contradicts itself (raised as a ChronyClockError)",
        ),
    ],
};
