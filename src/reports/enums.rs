//! The named numbers in reports and errors, of which Python's `enum` makes classes.

use crate::chrony::address::Transport;
use crate::chrony::error::Code;
use crate::chrony::record::Enumeration;

/// Every enumeration, in the order in which the module gets them.
pub static ENUMERATIONS: [&Enumeration; 13] = [
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
];

pub static LEAP_STATUS: Enumeration = Enumeration {
    name: c"LeapStatus",
    doc: c"Whether a leap second is due at the end of the UTC day; UNSYNC: the clock is not synchronised.",
    flags: false,
    members: &[(c"NORMAL", 0), (c"INSERT", 1), (c"DELETE", 2), (c"UNSYNC", 3)],
};

pub static SOURCE_STATE: Enumeration = Enumeration {
    name: c"SourceState",
    doc: c"What chronyd's selection made of a source: SELECTED is synchronised to, UNSELECTED is combined with it or could be.",
    flags: false,
    members: &[
        (c"SELECTED", 0),
        (c"NONSELECTABLE", 1),
        (c"FALSETICKER", 2),
        (c"JITTERY", 3),
        (c"UNSELECTED", 4),
        (c"SELECTABLE", 5),
    ],
};

pub static SOURCE_MODE: Enumeration = Enumeration {
    name: c"SourceMode",
    doc: c"What a source is: a server whose CLIENT we are, a PEER, or a reference clock.",
    flags: false,
    members: &[(c"CLIENT", 0), (c"PEER", 1), (c"REFCLOCK", 2)],
};

pub static SELECT_OPTIONS: Enumeration = Enumeration {
    name: c"SelectOptions",
    doc: c"A source's selection options (noselect, prefer, trust, require in chrony.conf).",
    flags: true,
    members: &[(c"NOSELECT", 0x1), (c"PREFER", 0x2), (c"TRUST", 0x4), (c"REQUIRE", 0x8)],
};

pub static SELECT_STATE: Enumeration = Enumeration {
    name: c"SelectState",
    doc: c"How far a source came in the selection; each number is the character that chronyc prints for it.",
    flags: false,
    members: &[
        (c"IGNORED", b'N' as u32),
        (c"NOT_SYNCHRONIZED", b's' as u32),
        (c"MISSING_SAMPLES", b'M' as u32),
        (c"UNACCEPTABLE_DISTANCE", b'd' as u32),
        (c"LARGE_DISTANCE", b'D' as u32),
        (c"JITTERY", b'~' as u32),
        (c"WAITING_FOR_OTHERS", b'w' as u32),
        (c"MISSING_SELECTABLE_SOURCES", b'W' as u32),
        (c"STALE", b'S' as u32),
        (c"ORPHAN", b'O' as u32),
        (c"NOT_TRUSTED", b'T' as u32),
        (c"NOT_PREFERRED", b'P' as u32),
        (c"WAITING_FOR_UPDATE", b'U' as u32),
        (c"FALSETICKER", b'x' as u32),
        (c"COMBINED", b'+' as u32),
        (c"BEST", b'*' as u32),
    ],
};

pub static AUTH_MODE: Enumeration = Enumeration {
    name: c"AuthMode",
    doc: c"Means by which an NTP source is authenticated.",
    flags: false,
    members: &[(c"NONE", 0), (c"SYMMETRIC_KEY", 1), (c"NTS", 2)],
};

pub static KEY_TYPE: Enumeration = Enumeration {
    name: c"KeyType",
    doc: c"Type of a key: hash, cipher or AEAD algorithm; NONE without a key.",
    flags: false,
    members: &[
        (c"NONE", 0),
        (c"MD5", 1),
        (c"SHA1", 2),
        (c"SHA256", 3),
        (c"SHA384", 4),
        (c"SHA512", 5),
        (c"SHA3_224", 6),
        (c"SHA3_256", 7),
        (c"SHA3_384", 8),
        (c"SHA3_512", 9),
        (c"TIGER", 10),
        (c"WHIRLPOOL", 11),
        (c"AES128", 13),
        (c"AES256", 14),
        (c"AEAD_AES_SIV_CMAC_256", 15),
        (c"AEAD_AES_128_GCM_SIV", 30),
    ],
};

pub static NTP_MODE: Enumeration = Enumeration {
    name: c"NTPMode",
    doc: c"NTP mode of a response; NONE before the first.",
    flags: false,
    members: &[(c"NONE", 0), (c"ACTIVE_SYMMETRIC", 1), (c"PASSIVE_SYMMETRIC", 2), (c"SERVER", 4)],
};

pub static NTP_FLAGS: Enumeration = Enumeration {
    name: c"NTPFlags",
    doc: c"Tests that a response passed (chronyc's manual says which is which), and whether it was interleaved and authenticated.",
    flags: true,
    members: &[
        (c"TEST1", 0x200),
        (c"TEST2", 0x100),
        (c"TEST3", 0x80),
        (c"TEST5", 0x40),
        (c"TEST6", 0x20),
        (c"TEST7", 0x10),
        (c"TEST_A", 0x8),
        // libchrony calls these two testC and testB; chronyd and chronyc have them in this order.
        (c"TEST_B", 0x4),
        (c"TEST_C", 0x2),
        (c"TEST_D", 0x1),
        (c"INTERLEAVED", 0x4000),
        (c"AUTHENTICATED", 0x8000),
    ],
};

pub static TIMESTAMPING: Enumeration = Enumeration {
    name: c"Timestamping",
    doc: c"What took a timestamp, in rising precision (NONE: nothing yet); each number is the character that chronyc prints for it.",
    flags: false,
    members: &[(c"NONE", 0), (c"DAEMON", b'D' as u32), (c"KERNEL", b'K' as u32), (c"HARDWARE", b'H' as u32)],
};

pub static SMOOTHING_FLAGS: Enumeration = Enumeration {
    name: c"SmoothingFlags",
    doc: c"Whether smoothing is ACTIVE, and whether it smooths leap seconds only.",
    flags: true,
    members: &[(c"ACTIVE", 0x1), (c"LEAPONLY", 0x2)],
};

pub static TRANSPORT: Enumeration = Enumeration {
    name: c"Transport",
    doc: c"How chronyd is reached: its Unix socket (root and its own user only, all reports) or its UDP command port.",
    flags: false,
    members: &[(c"UNIX_SOCKET", Transport::UnixSocket as u32), (c"COMMAND_PORT", Transport::CommandPort as u32)],
};

pub static ERROR_CODE: Enumeration = Enumeration {
    name: c"ErrorCode",
    doc: c"What went wrong, in ChronyError.error_code: libchrony's own codes from 1, pychrony's from 100.",
    flags: false,
    members: &[
        (c"NO_MEMORY", Code::NoMemory as u32),
        (c"NO_RANDOM", Code::NoRandom as u32),
        (c"UNKNOWN_REPORT", Code::UnknownReport as u32),
        (c"RANDOM_FAILED", Code::RandomFailed as u32),
        (c"SEND_FAILED", Code::SendFailed as u32),
        (c"RECV_FAILED", Code::RecvFailed as u32),
        (c"INVALID_ARGUMENT", Code::InvalidArgument as u32),
        (c"UNEXPECTED_CALL", Code::UnexpectedCall as u32),
        (c"UNAUTHORIZED", Code::Unauthorized as u32),
        (c"DISABLED", Code::Disabled as u32),
        (c"UNEXPECTED_STATUS", Code::UnexpectedStatus as u32),
        (c"OLD_SERVER", Code::OldServer as u32),
        (c"NEW_SERVER", Code::NewServer as u32),
        (c"INVALID_RESPONSE", Code::InvalidResponse as u32),
        (c"OPEN_FAILED", Code::OpenFailed as u32),
        (c"TIMEOUT", Code::Timeout as u32),
        (c"FIELD_MISSING", Code::FieldMissing as u32),
        (c"FIELD_TYPE", Code::FieldType as u32),
        (c"FIELD_RANGE", Code::FieldRange as u32),
    ],
};
