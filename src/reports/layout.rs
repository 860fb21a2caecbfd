//! How a report's record lies in memory for C: a struct with a member for each field, in the table's order.
//!
//! Numbers take 8 bytes, text takes 64: so no member needs padding, and offsets are sums. write/header.rs writes
//! the header that C programs read, and the assertions with which the compiler checks the header against these rules.

use super::Report;
use crate::chrony::record::Kind;

/// The bytes of a text with its NUL: an IPv6 address has 46 at most.
pub const TEXT: usize = 64;
const NUMBER: usize = 8;

/// The bytes a field takes.
pub const fn size_of_field(kind: &Kind) -> usize {
    match kind {
        Kind::Address | Kind::Source => TEXT,
        _ => NUMBER,
    }
}

/// The bytes a record takes.
pub const fn size_of_record(report: &Report) -> usize {
    let mut size = 0;
    let mut index = 0;
    while index < report.query.fields.len() {
        size += size_of_field(&report.query.fields[index].kind);
        index += 1;
    }
    size
}
