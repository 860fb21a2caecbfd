//! Records as the clock's rules read them: those of chronyd's reports, those of Python, and those of C.

use std::ffi::CStr;
use std::rc::Rc;

use pyo3_ffi as ffi;

use super::object::{Owned, Raised, Result, type_error};
use super::state::State;
use super::structseq;
use crate::chrony::client::Row;
use crate::chrony::record::Value;
use crate::clock::reports::{NoBound, Record, Source};
use crate::reports::layout::{TEXT, no_number, offset_of_field};
use crate::reports::{Place, REPORTS, Report};

/// The places of the two reports.
pub const TRACKING: usize = Place::tracking as usize;
pub const SOURCES: usize = Place::sources as usize;

/// A record that is a Python object: people make some too, with any values they like.
pub struct PythonRecord<'a> {
    report: &'static Report,
    object: &'a Owned,
}

impl<'a> PythonRecord<'a> {
    /// A TypeError if the object is no record of this report.
    pub fn new(state: &State, report: usize, object: &'a Owned) -> Result<Self> {
        // SAFETY: a live object.
        let is_record = unsafe { ffi::Py_TYPE(object.as_ptr()).cast() } == structseq::class(state, report)?.as_ptr();
        let report = REPORTS[report];
        if is_record {
            return Ok(Self { report, object });
        }
        let wanted = report.record.name.to_string_lossy();
        Err(type_error(&format!("expected a {wanted}, not {}", type_name(object)?)))
    }

    /// A field's value; None for None.
    fn value(&self, field: &'static CStr) -> Result<Option<Owned>> {
        let value = self.object.attribute(field)?;
        // SAFETY: None is always live.
        Ok((value.as_ptr() != unsafe { ffi::Py_None() }).then_some(value))
    }

    fn wrong(&self, field: &CStr, expected: &str, found: &str) -> Raised {
        let (record, field) = (self.report.record.name.to_string_lossy(), field.to_string_lossy());
        let record = record.trim_start_matches("pychrony.");
        type_error(&format!("{record}.{field} must be {expected}, not {found}"))
    }
}

fn type_name(object: &Owned) -> Result<String> {
    // SAFETY: a live object, whose type is an object too.
    let class = unsafe { Owned::from_borrowed(ffi::Py_TYPE(object.as_ptr()).cast()) };
    class.attribute(c"__name__")?.to_text()
}

impl Record for PythonRecord<'_> {
    type Error = Raised;

    fn number(&self, field: &'static CStr) -> Result<Option<f64>> {
        let Some(value) = self.value(field)? else { return Ok(None) };
        // SAFETY: a live object; −1.0 may also say that an exception is set, which is looked at, and replaced if it says that
        // the object is no number.
        unsafe {
            let number = ffi::PyFloat_AsDouble(value.as_ptr());
            if number != -1.0 || ffi::PyErr_Occurred().is_null() {
                return Ok(Some(number));
            }
            if ffi::PyErr_ExceptionMatches(ffi::PyExc_TypeError) == 0 {
                return Err(Raised);
            }
            ffi::PyErr_Clear();
        }
        Err(self.wrong(field, "a number", &type_name(&value)?))
    }

    fn integer(&self, field: &'static CStr) -> Result<Option<i64>> {
        let Some(value) = self.value(field)? else { return Ok(None) };
        let mut overflow = 0;
        // SAFETY: a live object; the function takes an int, as the check before it says.
        let (is_int, number) = unsafe {
            let is_int = ffi::PyLong_Check(value.as_ptr()) != 0;
            (is_int, if is_int { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &mut overflow) } else { 0 })
        };
        match overflow {
            _ if !is_int => Err(self.wrong(field, "an int", &type_name(&value)?)),
            0 => Ok(Some(number)),
            1.. => Ok(Some(i64::MAX)),
            _ => Ok(Some(i64::MIN)),
        }
    }

    fn text(&self, field: &'static CStr) -> Result<Option<Rc<str>>> {
        let Some(value) = self.value(field)? else { return Ok(None) };
        // SAFETY: a live object.
        if unsafe { ffi::PyUnicode_Check(value.as_ptr()) } == 0 {
            return Err(self.wrong(field, "a str", &type_name(&value)?));
        }
        value.to_text().map(|text| Some(text.into()))
    }

    fn missing(&self, field: &'static CStr) -> Raised {
        let expected = if matches!(field.to_bytes(), b"address" | b"reference_id_name") { "a str" } else { "a number" };
        self.wrong(field, expected, "None")
    }
}

/// A record that is a C struct.
pub struct CRecord {
    report: &'static Report,
    record: *const u8,
}

impl CRecord {
    /// # Safety
    /// `record` must point to a struct of this report, which stays as long as this is used.
    pub unsafe fn new(report: usize, record: *const u8) -> Self {
        Self { report: REPORTS[report], record }
    }

    /// A number's bytes.
    fn bytes(&self, field: &CStr) -> [u8; 8] {
        let offset = offset_of_field(self.report, field);
        // SAFETY: the struct has this field at this place, and it is a number: see `Tracking::read` and `Source::read`.
        unsafe { self.record.add(offset).cast::<[u8; 8]>().read() }
    }
}

impl Record for CRecord {
    type Error = Raised;

    fn number(&self, field: &'static CStr) -> Result<Option<f64>> {
        Ok(Some(f64::from_ne_bytes(self.bytes(field))).filter(|number| !number.is_nan()))
    }

    fn integer(&self, field: &'static CStr) -> Result<Option<i64>> {
        let bytes = self.bytes(field);
        // What is no number depends on the field: the bytes of an unsigned one's are -1 in a signed one.
        let known = self.report.query.fields.iter().find(|known| known.name == field);
        let is_missing = known.is_none_or(|known| bytes == no_number(&known.kind));
        Ok((!is_missing).then(|| i64::from_ne_bytes(bytes)))
    }

    fn text(&self, field: &'static CStr) -> Result<Option<Rc<str>>> {
        let offset = offset_of_field(self.report, field);
        // SAFETY: the struct has this field at this place, of this size.
        let bytes = unsafe { self.record.add(offset).cast::<[u8; TEXT]>().read() };
        let text = CStr::from_bytes_until_nul(&bytes).map_or(&bytes[..], CStr::to_bytes);
        Ok((!text.is_empty()).then(|| String::from_utf8_lossy(text).into()))
    }

    fn missing(&self, field: &'static CStr) -> Raised {
        super::object::value_error(&format!("the record has no {}", field.to_string_lossy()))
    }
}

/// A record as chronyd sent it.
pub struct RowRecord<'a> {
    report: &'static Report,
    row: &'a Row,
}

impl<'a> RowRecord<'a> {
    pub fn new(report: usize, row: &'a Row) -> Self {
        Self { report: REPORTS[report], row }
    }

    fn value(&self, name: &CStr) -> &Value {
        let index = self.report.query.fields.iter().position(|field| field.name == name);
        index.and_then(|index| self.row.get(index)).unwrap_or(&Value::Missing)
    }
}

fn invalid(field: &'static CStr) -> NoBound {
    NoBound::Invalid(field.to_str().unwrap_or_default())
}

impl Record for RowRecord<'_> {
    type Error = NoBound;

    fn number(&self, field: &'static CStr) -> std::result::Result<Option<f64>, NoBound> {
        match self.value(field) {
            Value::Float(number) => Ok(Some(*number)),
            Value::Missing => Ok(None),
            _ => Err(invalid(field)),
        }
    }

    fn integer(&self, field: &'static CStr) -> std::result::Result<Option<i64>, NoBound> {
        match self.value(field) {
            Value::Signed(number) => Ok(Some(*number)),
            Value::Unsigned(number) => Ok(Some(i64::try_from(*number).unwrap_or(i64::MAX))),
            Value::Missing => Ok(None),
            _ => Err(invalid(field)),
        }
    }

    fn text(&self, field: &'static CStr) -> std::result::Result<Option<Rc<str>>, NoBound> {
        match self.value(field) {
            Value::Text(text) | Value::Name(text) => Ok(Some(Rc::clone(text))),
            Value::Missing => Ok(None),
            _ => Err(invalid(field)),
        }
    }

    fn missing(&self, field: &'static CStr) -> NoBound {
        invalid(field)
    }
}

/// The records of the sources, in any iterable.
pub fn read_sources(state: &State, sources: &Owned) -> Result<Vec<Source>> {
    // SAFETY: a live object; a new reference or NULL.
    let sources = unsafe { Owned::new(ffi::PySequence_Tuple(sources.as_ptr())) }?;
    let mut read = Vec::new();
    for index in 0..sources.length()? {
        read.push(Source::read(&PythonRecord::new(state, SOURCES, &sources.item(index)?)?)?);
    }
    Ok(read)
}
