//! A report's table → a PyStructSequence type; a record → an instance.

use std::ptr;

use pyo3_ffi as ffi;

use super::methods::{self, ASDICT};
use super::module::State;
use super::object::{Owned, Result, boolean, dictionary, float, list, none, signed, string, tuple, unsigned};
use crate::chrony::client::{RawRow, Row, Shape};
use crate::chrony::record::{Field, Kind, Value};
use crate::reports::Report;

/// Makes the type of a report's records, with its methods and `_fields`.
pub fn new_type(report: &'static Report) -> Result<Owned> {
    let fields = report.query.fields;
    let mut members: Vec<_> = fields
        .iter()
        .map(|field| ffi::PyStructSequence_Field { name: field.name.as_ptr(), doc: field.doc.as_ptr() })
        .collect();
    members.push(ffi::PyStructSequence_Field { name: ptr::null(), doc: ptr::null() });
    let mut description = ffi::PyStructSequence_Desc {
        name: report.type_name.as_ptr(),
        doc: report.type_doc.as_ptr(),
        fields: members.as_mut_ptr(),
        n_in_sequence: (fields.len() - report.hidden) as std::ffi::c_int,
    };
    // SAFETY: the names and docstrings are static, as the type requires; the arrays are copied.
    let class = unsafe { Owned::new(ffi::PyStructSequence_NewType(&mut description).cast()) }?;
    class.set_attribute(c"_fields", &tuple(visible(report).map(|field| string(&field.name.to_string_lossy())))?)?;
    methods::add(&class, &ASDICT)?;
    for method in methods::of(report.type_name) {
        methods::add(&class, method)?;
    }
    Ok(class)
}

/// The fields that are items of the tuple.
pub fn visible(report: &'static Report) -> impl ExactSizeIterator<Item = &'static Field> {
    let fields = report.query.fields;
    fields[..fields.len() - report.hidden].iter()
}

/// Makes an instance of the type of a report's records.
pub fn instance(state: &State, class: &Owned, report: &'static Report, row: &Row) -> Result<Owned> {
    // SAFETY: the class is one that `new_type` made.
    let record = unsafe { Owned::new(ffi::PyStructSequence_New(class.as_ptr().cast())) }?;
    for (index, (field, value)) in report.query.fields.iter().zip(row).enumerate() {
        let value = object(state, field, value)?;
        // SAFETY: the record is new and not shared yet, and has this field; the value is stolen.
        unsafe { ffi::PyStructSequence_SetItem(record.as_ptr(), index as ffi::Py_ssize_t, value.into_ptr()) };
    }
    Ok(record)
}

/// A raw record as a dictionary under libchrony's own names.
pub fn raw_instance(row: &RawRow) -> Result<Owned> {
    dictionary(row.iter().map(|(name, value)| (&**name, plain(value))))
}

/// What a report's records become: a list, or the one record itself.
pub fn records(state: &State, class: &Owned, report: &'static Report, rows: &[Row]) -> Result<Owned> {
    match (report.query.shape, rows) {
        (Shape::One | Shape::OneIfEnabled, [row]) => instance(state, class, report, row),
        _ => list(rows.iter().map(|row| instance(state, class, report, row))),
    }
}

fn object(state: &State, field: &Field, value: &Value) -> Result<Owned> {
    match (&field.kind, value) {
        (Kind::Enum(table), Value::Unsigned(value)) => state.enumeration(table)?.member(*value),
        _ => plain(value),
    }
}

fn plain(value: &Value) -> Result<Owned> {
    match value {
        Value::Missing => Ok(none()),
        Value::Boolean(value) => Ok(boolean(*value)),
        Value::Unsigned(value) => unsigned(*value),
        Value::Signed(value) => signed(*value),
        Value::Float(value) => float(*value),
        Value::Text(text) => string(text),
    }
}
