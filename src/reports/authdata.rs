//! authdata: how each NTP source is authenticated.

use super::enums::{AUTH_MODE, KEY_TYPE};
use super::{Report, U16, U32};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"authdata", shape: Shape::PerAddress, fields: &FIELDS },
    getter: getter!(
        "get_auth_data",
        "a list of AuthData, without the reference clocks",
        "Ask chronyd how each NTP source is authenticated. By default, the command port does not serve this report."
    ),
    record: record_type!("AuthData", "How one NTP source is authenticated: a record of chronyd's authdata report."),
    hidden: 0,
    predicates: &[],
};

static FIELDS: [Field; 10] = [
    field!("address", "address", Source, "", "str", "The source's address, as in Source.address", Sourcestats),
    field!("mode", "mode", Enum(&AUTH_MODE), "", "AuthMode", "Means of authentication"),
    // chronyd: nts_ntp_client.c and keys.c; 0 without a key.
    field!("key_type", "key type", Enum(&KEY_TYPE), "", "KeyType", "Type of the key"),
    field!("key_id", "key ID", Unsigned(U32), "", "0 to 0xffffffff", "ID of the key"),
    field!("key_length", "key length", Unsigned(U16), "bits", "", "Length of the key"),
    field!(
        "key_establishment_attempts",
        "key establishment attempts",
        Unsigned(U16),
        "count",
        "",
        "NTS key establishments tried since the last that succeeded"
    ),
    field!(
        "last_key_establishment_ago",
        "last key establishment ago",
        UnsignedOrNone,
        "seconds",
        "0 or more; None: never",
        "Age of the last NTS key establishment that succeeded"
    ),
    // chronyd: NTS_MAX_COOKIES is 8, NKE_MAX_COOKIE_LENGTH 256; a later one may have more.
    field!("cookies", "cookies", Unsigned(U16), "count", "", "NTS cookies in stock"),
    field!("cookie_length", "cookie length", Unsigned(U16), "bytes", "", "Length of an NTS cookie"),
    field!(
        "nak",
        "NAK",
        Boolean,
        "",
        "bool",
        "Whether the server refused the last request because it lacked the keys (NTS NAK)"
    ),
];
