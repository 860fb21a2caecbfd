//! Typed, checked reads of the fields of a record.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int};
use std::fmt;
use std::net::Ipv4Addr;
use std::ptr;
use std::rc::Rc;

use super::error::{FieldError, FieldErrorKind, RequestError};
use super::raw::RawSession;

/// A field of a report: our name, libchrony's name, type and range.
pub struct Field {
    pub name: &'static CStr,
    /// libchrony's name for it.
    pub source: &'static CStr,
    pub kind: Kind,
    pub presence: Presence,
    /// Its unit, and its range in words.
    #[cfg(test)]
    pub unit: &'static str,
    #[cfg(test)]
    pub range: &'static str,
    /// chronyc's heading for it; empty where chronyc does not print it.
    #[cfg(test)]
    pub heading: &'static str,
    #[cfg(test)]
    pub meaning: &'static str,
    /// Its docstring: meaning, unit, sign, range.
    pub doc: &'static CStr,
}

/// Whether a record has a field's value.
#[derive(Clone, Copy)]
pub enum Presence {
    Always,
    /// Only newer chronyds send it: None where it is missing.
    Newer,
    /// It stands in the source's record of the sourcestats report, read before the record itself.
    Sourcestats,
    /// None under a condition, under which chronyd sends this placeholder.
    Unless(&'static Condition, f64),
}

/// A condition under which chronyd has not measured something, by other fields of the same record.
pub struct Condition {
    /// A name for docstrings: "no sample".
    pub name: &'static str,
    /// It holds if in one of these lists each field, by libchrony's name, has this value.
    pub any: &'static [&'static [(&'static CStr, f64)]],
}

/// A field's type and range.
pub enum Kind {
    /// An unsigned integer of at most this.
    Unsigned(u64),
    /// An unsigned integer, where 4294967295 means "never" or "not known": None.
    UnsignedOrNone,
    /// An age in seconds, where 4294967295 means "never": None. chronyd sends an age below 0 as an unsigned number of 32 bits.
    Age,
    /// A signed integer in this range.
    Signed(i64, i64),
    /// A finite number of either sign.
    Offset,
    /// A finite number ≥ 0.
    Measure,
    /// A time since 1970: seconds as a float.
    Seconds,
    /// The same time: nanoseconds as an integer.
    Nanoseconds,
    /// An unsigned integer that is 0 or 1.
    Boolean,
    /// One of an enumeration's values, or flags of which it names the known ones.
    Enum(&'static Enumeration),
    /// The text of an address: None where there is none.
    Address,
    /// The source's address; without one (a reference clock, a local reference) the name its reference ID spells.
    Source,
}

impl Field {
    /// Whether it may be None.
    pub fn is_optional(&self) -> bool {
        matches!(self.presence, Presence::Newer | Presence::Unless(..))
            || matches!(self.kind, Kind::UnsignedOrNone | Kind::Age | Kind::Address)
    }
}

/// A set of named numbers, from which Python's `enum` makes a class.
pub struct Enumeration {
    pub name: &'static CStr,
    pub doc: &'static CStr,
    pub growth: Growth,
    pub members: &'static [Member],
}

/// What values an enumeration may have besides its members.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// None: any other is an error.
    Closed,
    /// Others, which a newer chronyd or libchrony may have.
    Open,
    /// Combinations of the members, unknown bits included.
    Flags,
}

/// A named number.
pub struct Member {
    pub name: &'static CStr,
    pub value: u32,
    /// The character or word that chronyc prints for it, where it has one.
    pub symbol: Option<&'static CStr>,
    /// A character that chronyc prints in place of the word.
    pub letter: Option<&'static CStr>,
    pub doc: &'static CStr,
}

impl Enumeration {
    pub fn has(&self, value: u64) -> bool {
        self.members.iter().any(|member| u64::from(member.value) == value)
    }
}

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Missing,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// An address.
    Text(Rc<str>),
    /// The name of a reference clock, which others may have too.
    Name(Rc<str>),
}

/// libchrony's types of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
enum FieldType {
    None = 0,
    Unsigned = 1,
    Signed = 2,
    Float = 3,
    Timespec = 4,
    String = 5,
}

impl FieldType {
    const ALL: [Self; 6] = [Self::None, Self::Unsigned, Self::Signed, Self::Float, Self::Timespec, Self::String];

    fn from_libchrony(number: c_int) -> Option<Self> {
        Self::ALL.into_iter().find(|&known| known as c_int == number)
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unsigned => "unsigned integer",
            Self::Signed => "signed integer",
            Self::Float => "float",
            Self::Timespec => "time",
            Self::String => "address",
        }
    }
}

/// "never" in a count of seconds, "not known" in another.
const UNKNOWN: u64 = 0xffff_ffff;
/// chronyds without 64-bit time send this for a time's high half: there is none.
const NO_HIGH_HALF: i64 = 0x7fff_ffff;
/// The last second whose nanoseconds fit in 64 bits: in the year 2262.
const LAST_SECOND: i64 = i64::MAX / 1_000_000_000 - 1;
const REFERENCE_ID: &CStr = c"reference ID";

type NamedAddress = (&'static CStr, Option<Rc<str>>);

/// The record that a session received last.
pub struct Record<'a> {
    raw: &'a RawSession,
    /// The index after that of the field found last. The tables are mostly in libchrony's order, so the next field is looked
    /// for there first, since libchrony compares every name up to the one it is asked for.
    next: Cell<c_int>,
    /// The address that was read last, and its field: making text of one is expensive, and a table may have two rows for it.
    address: RefCell<Option<NamedAddress>>,
    /// The time that was read last, and its field: it has two rows too.
    time: Cell<Option<(&'static CStr, i64, i64)>>,
    /// The condition that was checked last, and whether it holds: several fields depend on the same one.
    condition: Cell<Option<(&'static Condition, bool)>>,
}

impl<'a> Record<'a> {
    pub fn of(raw: &'a RawSession) -> Self {
        Self { raw, next: Cell::new(0), address: RefCell::new(None), time: Cell::new(None), condition: Cell::new(None) }
    }

    /// How many fields it has: none, if a report has no record for a source (the reports by address, for a reference
    /// clock).
    pub fn number_of_fields(&self) -> c_int {
        self.raw.number_of_fields()
    }

    /// Reads fields by their rows in a table.
    pub fn read(&self, fields: &[Field], row: &mut Vec<Value>) -> Result<(), RequestError> {
        for field in fields {
            row.push(self.read_field(field)?);
        }
        Ok(())
    }

    #[inline(always)] // it is called once, for each field of a record
    fn read_field(&self, field: &Field) -> Result<Value, RequestError> {
        match field.presence {
            Presence::Newer if self.index(field.source).is_none() => return Ok(Value::Missing),
            Presence::Unless(condition, _) if self.holds(condition)? => return Ok(Value::Missing),
            _ => {}
        }
        let name = field.source;
        match field.kind {
            Kind::Unsigned(max) => self.unsigned_up_to(name, max).map(Value::Unsigned),
            Kind::UnsignedOrNone => Ok(match self.unsigned_up_to(name, UNKNOWN)? {
                UNKNOWN => Value::Missing,
                seconds => Value::Unsigned(seconds),
            }),
            Kind::Age => Ok(match self.unsigned_up_to(name, UNKNOWN)? {
                UNKNOWN => Value::Missing,
                seconds => Value::Signed(i64::from(seconds as u32 as i32)),
            }),
            Kind::Signed(min, max) => match self.signed(name)? {
                value if (min..=max).contains(&value) => Ok(Value::Signed(value)),
                value => Err(range(name, value, format!("{min} to {max}"))),
            },
            Kind::Offset => self.float(name, f64::NEG_INFINITY).map(Value::Float),
            Kind::Measure => self.float(name, 0.0).map(Value::Float),
            Kind::Seconds => self.time(name).map(|(s, ns)| Value::Float(s as f64 + ns as f64 / 1e9)),
            Kind::Nanoseconds => self.time(name).map(|(s, ns)| Value::Signed(s * 1_000_000_000 + ns)),
            Kind::Boolean => self.unsigned_up_to(name, 1).map(|value| Value::Boolean(value == 1)),
            Kind::Enum(enumeration) => {
                let value = self.unsigned_up_to(name, u64::from(u32::MAX))?;
                if enumeration.growth != Growth::Closed || enumeration.has(value) {
                    Ok(Value::Unsigned(value))
                } else {
                    Err(range(name, value, format!("a {}", enumeration.name.to_string_lossy())))
                }
            }
            Kind::Address => Ok(match self.address(name)? {
                Some(address) if !is_placeholder(&address) => Value::Text(address),
                _ => Value::Missing,
            }),
            Kind::Source => self.source(name),
        }
    }

    /// Whether a condition holds.
    fn holds(&self, condition: &'static Condition) -> Result<bool, RequestError> {
        if let Some((known, holds)) = self.condition.get() {
            if ptr::eq(known, condition) {
                return Ok(holds);
            }
        }
        let has = |&(field, value): &(&'static CStr, f64)| Ok(self.number(field)? == value);
        let mut holds = false;
        for fields in condition.any {
            holds = holds || fields.iter().try_fold(true, |all, field| Ok(all && has(field)?))?;
        }
        self.condition.set(Some((condition, holds)));
        Ok(holds)
    }

    /// A field's number, whatever its type; a time's seconds.
    fn number(&self, name: &'static CStr) -> Result<f64, RequestError> {
        let index = self.raw.field_index(name).ok_or_else(|| missing(name))?;
        match FieldType::from_libchrony(self.raw.field_type(index)) {
            Some(FieldType::Unsigned) => Ok(self.raw.field_unsigned(index) as f64),
            Some(FieldType::Float) => Ok(self.raw.field_float(index)),
            Some(FieldType::Timespec) => Ok(self.raw.field_time(index).0 as f64),
            _ => Err(mistyped(name, self.raw.field_type(index), FieldType::Unsigned)),
        }
    }

    /// All its fields that hold something, with libchrony's own names and types.
    pub fn read_all(&self) -> Result<Vec<(Box<CStr>, Value)>, RequestError> {
        let mut fields = Vec::new();
        for index in 0..self.number_of_fields() {
            let Some(name) = self.raw.field_name(index) else { continue };
            let value = match FieldType::from_libchrony(self.raw.field_type(index)) {
                Some(FieldType::Unsigned) => Value::Unsigned(self.raw.field_unsigned(index)),
                Some(FieldType::Signed) => Value::Signed(self.signed_at(index)),
                Some(FieldType::Float) => Value::Float(self.float_at(name, index, f64::NEG_INFINITY)?),
                Some(FieldType::Timespec) => {
                    let (seconds, nanoseconds) = self.time_at(name, index)?;
                    Value::Signed(seconds * 1_000_000_000 + nanoseconds)
                }
                Some(FieldType::String) => self.address_at(name, index)?.map_or(Value::Missing, Value::Text),
                Some(FieldType::None) | None => continue,
            };
            fields.push((name.into(), value));
        }
        Ok(fields)
    }

    #[inline(always)] // it runs for each field, and the build is for size
    fn index(&self, name: &CStr) -> Option<c_int> {
        let next = self.next.get();
        let index = if self.raw.is_named(next, name) { next } else { self.raw.field_index(name)? };
        self.next.set(index + 1);
        Some(index)
    }

    /// The index of a field that must be there and of this type: libchrony reads a field of another type as zero.
    #[inline(always)] // it runs for each field, and the build is for size
    fn expect(&self, name: &'static CStr, expected: FieldType) -> Result<c_int, RequestError> {
        let index = self.index(name).ok_or_else(|| missing(name))?;
        let number = self.raw.field_type(index);
        if number == expected as c_int { Ok(index) } else { Err(mistyped(name, number, expected)) }
    }

    fn unsigned_up_to(&self, name: &'static CStr, max: u64) -> Result<u64, RequestError> {
        match self.raw.field_unsigned(self.expect(name, FieldType::Unsigned)?) {
            value if value <= max => Ok(value),
            value => Err(range(name, value, format!("0 to {max}"))),
        }
    }

    fn signed(&self, name: &'static CStr) -> Result<i64, RequestError> {
        Ok(self.signed_at(self.expect(name, FieldType::Signed)?))
    }

    /// libchrony does not extend the sign of 16-bit fields: −2 arrives as 65534.
    fn signed_at(&self, index: c_int) -> i64 {
        match self.raw.field_signed(index) {
            value @ 0x8000..=0xffff => value - 0x1_0000,
            value => value,
        }
    }

    #[inline(always)] // it runs for each field, and the build is for size
    fn float(&self, name: &'static CStr, min: f64) -> Result<f64, RequestError> {
        self.float_at(name, self.expect(name, FieldType::Float)?, min)
    }

    #[inline(always)] // it runs for each field, and the build is for size
    fn float_at(&self, name: &'static CStr, index: c_int, min: f64) -> Result<f64, RequestError> {
        let value = self.raw.field_float(index);
        if value.is_finite() && value >= min {
            return Ok(value);
        }
        let expected = if min == 0.0 { "a finite number, 0 or more" } else { "a finite number" };
        Err(range(name, value, expected.to_owned()))
    }

    fn time(&self, name: &'static CStr) -> Result<(i64, i64), RequestError> {
        match self.time.get() {
            Some((known, seconds, nanoseconds)) if known == name => Ok((seconds, nanoseconds)),
            _ => {
                let (seconds, nanoseconds) = self.time_at(name, self.expect(name, FieldType::Timespec)?)?;
                self.time.set(Some((name, seconds, nanoseconds)));
                Ok((seconds, nanoseconds))
            }
        }
    }

    fn time_at(&self, name: &'static CStr, index: c_int) -> Result<(i64, i64), RequestError> {
        let (mut seconds, nanoseconds) = self.raw.field_time(index);
        if seconds >> 32 == NO_HIGH_HALF {
            seconds &= 0xffff_ffff;
        }
        if !(0..=LAST_SECOND).contains(&seconds) {
            return Err(range(name, format!("{seconds} s"), format!("0 s to {LAST_SECOND} s")));
        }
        if !(0..1_000_000_000).contains(&nanoseconds) {
            return Err(range(name, format!("{nanoseconds} ns"), "0 ns to 999999999 ns".to_owned()));
        }
        Ok((seconds, nanoseconds))
    }

    fn address(&self, name: &'static CStr) -> Result<Option<Rc<str>>, RequestError> {
        if let Some((known, address)) = &*self.address.borrow() {
            if *known == name {
                return Ok(address.clone());
            }
        }
        let address = self.address_at(name, self.expect(name, FieldType::String)?)?;
        self.address.replace(Some((name, address.clone())));
        Ok(address)
    }

    fn address_at(&self, name: &'static CStr, index: c_int) -> Result<Option<Rc<str>>, RequestError> {
        match self.raw.field_text(index) {
            // What libchrony makes of an address family it does not know.
            Some(text) if &*text == "?" => Err(range(name, "of an unknown family", "an IP address".to_owned())),
            text => Ok(text),
        }
    }

    /// The address of the source a record is about, else the name its reference ID spells.
    fn source(&self, name: &'static CStr) -> Result<Value, RequestError> {
        // In the sources report, the record of a reference clock has a reference ID in place of an address.
        match self.address(name) {
            Ok(Some(address)) => return Ok(Value::Text(address)),
            Err(RequestError::Field(error)) if matches!(error.kind, FieldErrorKind::Missing) => {}
            Err(error) => return Err(error),
            Ok(None) => {}
        }
        let id = self.unsigned_up_to(REFERENCE_ID, u64::from(u32::MAX))?;
        Ok(Value::Name(name_of(id as u32)))
    }
}

#[cold]
fn missing(field: &'static CStr) -> RequestError {
    RequestError::Field(Box::new(FieldError { field, kind: FieldErrorKind::Missing }))
}

#[cold]
fn mistyped(field: &'static CStr, number: c_int, expected: FieldType) -> RequestError {
    let found = FieldType::from_libchrony(number).map_or("unknown", FieldType::name);
    RequestError::Field(Box::new(FieldError { field, kind: FieldErrorKind::Type { found, expected: expected.name() } }))
}

#[cold]
fn range(field: &'static CStr, value: impl fmt::Display, expected: String) -> RequestError {
    RequestError::Field(Box::new(FieldError {
        field,
        kind: FieldErrorKind::Range { value: value.to_string(), expected },
    }))
}

/// Whether this is the ID that libchrony formats in place of an address while chronyd has not resolved the source's name.
fn is_placeholder(address: &str) -> bool {
    address.starts_with("ID#")
}

/// A reference ID as text: the ASCII name it spells ("GPS"), else its bytes with dots.
fn name_of(id: u32) -> Rc<str> {
    let bytes = id.to_be_bytes();
    let length = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    match std::str::from_utf8(&bytes[..length]) {
        Ok(name) if length > 0 && name.bytes().all(|byte| byte.is_ascii_graphic()) => name.into(),
        _ => Ipv4Addr::from(id).to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_id_that_spells_a_name_is_read_as_the_name() {
        assert_eq!(&*name_of(0x4750_5300), "GPS");
        assert_eq!(&*name_of(0x5050_5331), "PPS1");
    }

    #[test]
    fn a_reference_id_that_spells_none_is_read_as_bytes() {
        assert_eq!(&*name_of(0), "0.0.0.0");
        assert_eq!(&*name_of(0x7f7f_0101), "127.127.1.1");
        assert_eq!(&*name_of(0x4700_5300), "71.0.83.0");
        assert_eq!(&*name_of(0x4720_5300), "71.32.83.0");
    }
}
