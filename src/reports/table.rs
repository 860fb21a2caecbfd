//! The notation of the tables: names, docstrings and ranges are put together here from rows, at compile time.
//!
//! A row is `(name, libchrony's name, kind, [unit, range], chronyc's heading, meaning)`, and where not every record has the
//! field, its presence. Unit and range are left out where the kind says them already.

use crate::chrony::record::{Field, Kind, Presence};

/// Literals as text for C.
macro_rules! text {
    ($($part:literal),+) => {
        match std::ffi::CStr::from_bytes_with_nul(concat!($($part,)+ "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("text with a NUL character"),
        }
    };
}

/// Constant texts, one after the other.
macro_rules! joined {
    ($parts:expr) => {{
        const PARTS: &[&str] = &$parts;
        const BYTES: [u8; $crate::reports::table::length(PARTS)] = $crate::reports::table::join(PARTS);
        match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("parts of characters"),
        }
    }};
}

/// The same as text for C: the last part must be `"\0"`.
macro_rules! joined_for_c {
    ($parts:expr) => {{
        const TEXT: &str = $crate::reports::table::joined!($parts);
        match std::ffi::CStr::from_bytes_with_nul(TEXT.as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("text with a NUL character"),
        }
    }};
}

pub(crate) use joined;
#[cfg(not(test))]
pub(crate) use joined_for_c;

/// A whole report. See tracking.rs.
macro_rules! report {
    (
        name: $name:literal,
        shape: $shape:ident,
        on_command_port: $on_command_port:tt,
        getter: $getter:literal,
        returns: $returns:literal,
        about: $about:literal,
        record: $record:literal,
        doc: $doc:literal,
        columns: [$($column:literal),*],
        predicates: [$($predicate:expr),* $(,)?],
        $(derived: [$($derived:expr),* $(,)?],)?
        fields: [$($row:tt),* $(,)?] $(,)?
    ) => {
        pub static REPORT: $crate::reports::Report = $crate::reports::Report {
            query: $crate::chrony::client::Query {
                report: text!($name),
                shape: $crate::chrony::client::Shape::$shape,
                fields: FIELDS,
            },
            getter: getter!($getter, $about, $returns, $on_command_port),
            record: record_type!($record, $doc),
            about: $about,
            #[cfg(test)]
            on_command_port: $on_command_port,
            #[cfg(test)]
            columns: &[$($column),*],
            hidden: $crate::reports::table::number_of_times(FIELDS),
            predicates: &[$($predicate),*],
            derived: &[$($($derived),*)?],
        };

        const FIELDS: &[$crate::chrony::record::Field] = &[$(field! $row),*];
    };
}

/// A row, as a field.
macro_rules! field {
    ($name:literal, $source:literal, $kind:expr, [$($words:literal),*], $heading:literal, $meaning:literal) => {
        field!($name, $source, $kind, [$($words),*], $heading, $meaning, Always)
    };
    ($name:literal, $source:literal, $kind:expr, [], $heading:literal, $meaning:literal, $presence:expr) => {
        field!($name, $source, $kind, ["", ""], $heading, $meaning, $presence)
    };
    ($name:literal, $source:literal, $kind:expr, [$unit:literal], $heading:literal, $meaning:literal, $presence:expr) => {
        field!($name, $source, $kind, [$unit, ""], $heading, $meaning, $presence)
    };
    (
        $name:literal, $source:literal, $kind:expr, [$unit:literal, $range:literal], $heading:literal, $meaning:literal,
        $presence:expr
    ) => {{
        use $crate::chrony::record::{Kind, Presence, Presence::*};
        use $crate::reports::table;
        const KIND: Kind = $kind;
        const PRESENCE: Presence = $presence;
        const UNIT: &str = table::unit(&KIND, $unit);
        const RANGE: &str = joined!(table::range(&KIND, &PRESENCE, $range));
        $crate::chrony::record::Field {
            name: text!($name),
            source: text!($source),
            kind: KIND,
            presence: PRESENCE,
            #[cfg(test)]
            unit: UNIT,
            #[cfg(test)]
            range: RANGE,
            #[cfg(test)]
            heading: $heading,
            #[cfg(test)]
            meaning: $meaning,
            doc: joined_for_c!(table::docstring($meaning, UNIT, RANGE, $source)),
        }
    }};
}

/// A record type: its name and its docstring, before which Python puts the signature.
macro_rules! record_type {
    ($name:literal, $doc:literal) => {
        $crate::reports::RecordType {
            name: text!("pychrony.", $name),
            summary: text!($doc),
            doc: text!(
                $doc,
                "\n\nAn immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."
            ),
        }
    };
}

/// A method that returns a bool: its name, the fields it reads, the test, its docstring.
macro_rules! predicate {
    ($name:literal, $reads:expr, $test:expr, $doc:literal) => {
        $crate::reports::Predicate {
            name: text!($name),
            reads: $reads,
            parameter: None,
            test: $test,
            doc: text!($name, "($self, /)\n--\n\n", $doc),
        }
    };
    ($name:literal, ($parameter:literal = $default:literal), $reads:expr, $test:expr, $doc:literal) => {
        $crate::reports::Predicate {
            name: text!($name),
            reads: $reads,
            parameter: Some((text!($parameter), $default)),
            test: $test,
            doc: text!($name, "($self, /, ", $parameter, "=", $default, ")\n--\n\n", $doc),
        }
    };
}

/// A number that follows from a record's fields: its name, its unit, the fields it reads, the formula, what it means.
macro_rules! derived {
    ($name:literal, $unit:literal, $reads:expr, $compute:expr, $meaning:literal) => {
        $crate::reports::Derived {
            name: text!($name),
            unit: $unit,
            reads: $reads,
            compute: $compute,
            meaning: $meaning,
            doc: text!($meaning, " [", $unit, "]"),
        }
    };
}

/// The function and the method that get a report: their name, the report's subject, what they return.
macro_rules! getter {
    ($name:literal, $about:literal, $returns:literal, true) => {
        getter!(@ $name, $about, $returns, "")
    };
    ($name:literal, $about:literal, $returns:literal, false) => {
        getter!(@ $name, $about, $returns, " By default, the command port does not serve this report.")
    };
    (@ $name:literal, $about:literal, $returns:literal, $note:literal) => {
        $crate::reports::Getter {
            name: text!($name),
            function_doc: text!(
                $name,
                "($module, /, address=None, *, timeout=3.0)\n--\n\nAsk chronyd ",
                $about,
                ".",
                $note,
                "\n\nReturns ",
                $returns,
                ". A session is opened for the call and closed after it.\n\n",
                "address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).\n",
                "    None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of\n",
                "    /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.\n",
                "    An address that is given is the only one tried.\n",
                "timeout: seconds for the whole call, more than 0; None waits for ever.\n\n",
                "Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,\n",
                "ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;\n",
                "ValueError (invalid address or timeout), TypeError."
            ),
            method_doc: text!(
                $name,
                "($self, /)\n--\n\nAsk chronyd ",
                $about,
                ".",
                $note,
                "\n\nReturns ",
                $returns,
                ". Raises what pychrony.",
                $name,
                "() raises, and ChronyConnectionError if the connection is closed."
            ),
        }
    };
}

/// A field's unit: the kind's, or the one that its row gives.
pub const fn unit(kind: &Kind, given: &'static str) -> &'static str {
    match kind {
        Kind::Seconds => "seconds since 1970 (UTC)",
        Kind::Nanoseconds => "nanoseconds since 1970 (UTC)",
        _ => given,
    }
}

/// A field's range, in parts: that of its kind, what its row adds, and when it is None.
pub const fn range(kind: &Kind, presence: &Presence, given: &'static str) -> [&'static str; 5] {
    let of_kind = match kind {
        Kind::Offset => "finite",
        Kind::Measure => "0 or more",
        Kind::Seconds => "float; ref_time_ns has it in nanoseconds",
        Kind::Boolean => "bool",
        Kind::Enum(enumeration) => match enumeration.name.to_str() {
            Ok(name) => name,
            Err(_) => panic!("a name that is not UTF-8"),
        },
        Kind::Address | Kind::Source => "str",
        _ => "",
    };
    let is_empty = of_kind.is_empty() && given.is_empty();
    let none = match (kind, presence) {
        (Kind::Address, _) => [" or None", ""],
        (_, Presence::Newer) => [if is_empty { "or None" } else { ", or None" }, ""],
        (_, Presence::Unless(condition, _)) => [if is_empty { "None: " } else { "; None: " }, condition.name],
        _ => ["", ""],
    };
    [of_kind, if of_kind.is_empty() || given.is_empty() { "" } else { "; " }, given, none[0], none[1]]
}

/// A field's docstring, in parts.
pub const fn docstring(
    meaning: &'static str,
    unit: &'static str,
    range: &'static str,
    source: &'static str,
) -> [&'static str; 9] {
    let comma = if unit.is_empty() || range.is_empty() { "" } else { ", " };
    let semicolon = if unit.is_empty() && range.is_empty() { "" } else { "; " };
    [meaning, " [", unit, comma, range, semicolon, "libchrony: ", source, "]\0"]
}

/// How many of a table's fields, the last ones, are times in nanoseconds: attributes only, and no items of the tuple.
pub const fn number_of_times(fields: &[Field]) -> usize {
    let mut number = 0;
    while number < fields.len() && matches!(fields[fields.len() - 1 - number].kind, Kind::Nanoseconds) {
        number += 1;
    }
    number
}

pub const fn length(parts: &[&str]) -> usize {
    let (mut length, mut index) = (0, 0);
    while index < parts.len() {
        length += parts[index].len();
        index += 1;
    }
    length
}

pub const fn join<const LENGTH: usize>(parts: &[&str]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let (mut length, mut index) = (0, 0);
    while index < parts.len() {
        let part = parts[index].as_bytes();
        let mut at = 0;
        while at < part.len() {
            bytes[length] = part[at];
            (length, at) = (length + 1, at + 1);
        }
        index += 1;
    }
    bytes
}
