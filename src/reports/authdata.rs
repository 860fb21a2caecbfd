//! authdata: how each NTP source is authenticated.

use super::enums::{AUTH_MODE, KEY_TYPE};
use super::{U16, U32};
use crate::chrony::record::Kind::*;

report! {
    name: "authdata",
    shape: PerAddress,
    on_command_port: false,
    getter: "get_auth_data",
    returns: "a list of AuthData, without the reference clocks",
    about: "how each NTP source is authenticated",
    record: "AuthData",
    doc: "How one NTP source is authenticated: a record of chronyd's authdata report.",
    columns: ["Name/IP address", "Mode", "KeyID", "Type", "KLen", "Last", "Atmp", "NAK", "..."],
    predicates: [],
    fields: [
        ("address", "address", Source, [], "Name/IP address",
         "The source's address, as in Source.address", Sourcestats),
        ("mode", "mode", Enum(&AUTH_MODE), [], "Mode", "Means of authentication"),
        // chronyd: nts_ntp_client.c and keys.c; 0 without a key.
        ("key_type", "key type", Enum(&KEY_TYPE), [], "Type", "Type of the key"),
        ("key_id", "key ID", Unsigned(U32), ["", "0 to 0xffffffff"], "KeyID", "ID of the key"),
        ("key_length", "key length", Unsigned(U16), ["bits"], "KLen", "Length of the key"),
        ("key_establishment_attempts", "key establishment attempts", Unsigned(U16), ["count"], "Atmp",
         "NTS key establishments tried since the last that succeeded"),
        ("last_key_establishment_ago", "last key establishment ago", UnsignedOrNone, ["seconds", "0 or more; None: never"], "Last",
         "Age of the last NTS key establishment that succeeded"),
        // chronyd: NTS_MAX_COOKIES is 8, NKE_MAX_COOKIE_LENGTH 256; a later one may have more.
        ("cookies", "cookies", Unsigned(U16), ["count"], "Cook", "NTS cookies available"),
        ("cookie_length", "cookie length", Unsigned(U16), ["bytes"], "CLen", "Length of an NTS cookie"),
        ("nak", "NAK", Boolean, [], "NAK",
         "Whether the server refused the last request because it lacked the keys (NTS NAK)"),
    ],
}
