//! The fields of a record that Python code makes.

use std::ptr;

use pyo3_ffi as ffi;

use super::object::{Owned, Raised, Result, float, none, reads, signed, type_error, value_error};
use crate::chrony::record::{Field, Kind};
use crate::reports::Report;

type Object = *mut ffi::PyObject;

/// The fields of a record that is being made: None where none was given yet.
pub struct Fields {
    pub report: &'static Report,
    values: Vec<Option<Owned>>,
}

impl Fields {
    fn new(report: &'static Report) -> Self {
        Self { report, values: report.query.fields.iter().map(|_| None).collect() }
    }

    /// Fields by position and by keyword; or a sequence of all items, and perhaps a dictionary of other fields, as struct
    /// sequences take them and pickles have them. (No report has so few items that one could be taken for the other.)
    ///
    /// # Safety
    /// The arguments must be a live tuple, and a live dictionary or NULL.
    pub unsafe fn of_arguments(report: &'static Report, arguments: Object, keywords: Object) -> Result<Self> {
        // SAFETY: as the caller promises.
        unsafe {
            let mut fields = Self::new(report);
            let arguments = Owned::from_borrowed(arguments);
            let given = arguments.length()? as usize;
            let has_keywords = !keywords.is_null() && ffi::PyDict_Size(keywords) > 0;
            if !has_keywords && (given == 1 || given == 2 && is_dictionary_or_none(&arguments.item(1)?)) {
                fields.fill_from_sequence(&arguments.item(0)?, report.query.fields.len())?;
                if given == 2 && arguments.item(1)?.as_ptr() != ffi::Py_None() {
                    fields.fill_from_dictionary(arguments.item(1)?.as_ptr())?;
                }
                return Ok(fields);
            }
            let items = report.items().len();
            if given > items {
                return Err(fields.error(&format!("takes {items} values by position, not {given}"), ""));
            }
            for (index, value) in fields.values.iter_mut().enumerate().take(given) {
                *value = Some(arguments.item(index as ffi::Py_ssize_t)?);
            }
            if has_keywords {
                fields.fill_from_dictionary(keywords)?;
            }
            Ok(fields)
        }
    }

    /// Exactly the items.
    pub fn of_items(report: &'static Report, items: &Owned) -> Result<Self> {
        let mut fields = Self::new(report);
        fields.fill_from_sequence(items, report.items().len())?;
        Ok(fields)
    }

    /// # Safety
    /// The keywords must be those the interpreter passed, and the arguments their values.
    pub unsafe fn of_keywords(report: &'static Report, arguments: *const Object, keywords: Object) -> Result<Self> {
        let mut fields = Self::new(report);
        if !keywords.is_null() {
            // SAFETY: a live tuple of strings, and as many arguments.
            unsafe {
                for index in 0..ffi::PyTuple_Size(keywords) {
                    let value = Owned::from_borrowed(*arguments.add(index as usize));
                    fields.set(ffi::PyTuple_GetItem(keywords, index), value)?;
                }
            }
        }
        Ok(fields)
    }

    /// Adds the values of a record where none was given.
    pub fn fill_from(&mut self, value: impl Fn(usize) -> Result<Owned>) -> Result<()> {
        // If one half of a time was given, the other half follows from it.
        self.complete_times()?;
        for (index, place) in self.values.iter_mut().enumerate() {
            if place.is_none() {
                *place = Some(value(index)?);
            }
        }
        Ok(())
    }

    /// From a sequence of at least the items and at most this many values.
    fn fill_from_sequence(&mut self, sequence: &Owned, most: usize) -> Result<()> {
        // SAFETY: a live object; a new reference or NULL.
        let sequence = unsafe { Owned::new(ffi::PySequence_Tuple(sequence.as_ptr())) }?;
        let (given, items) = (sequence.length()? as usize, self.report.items().len());
        if !(items..=most).contains(&given) {
            let most = if items == most { String::new() } else { format!(" to {most}") };
            return Err(self.error(&format!("takes a sequence of {items}{most} values, not of {given}"), ""));
        }
        for (index, value) in self.values.iter_mut().enumerate().take(given) {
            *value = Some(sequence.item(index as ffi::Py_ssize_t)?);
        }
        Ok(())
    }

    /// # Safety
    /// The dictionary must be a live object.
    unsafe fn fill_from_dictionary(&mut self, dictionary: Object) -> Result<()> {
        // SAFETY: a live dictionary; a copy of it, which no other code sees, keeps the names and values that are borrowed.
        unsafe {
            let copy = Owned::new(ffi::PyDict_Copy(dictionary))?;
            let (mut position, mut name, mut value) = (0, ptr::null_mut(), ptr::null_mut());
            while ffi::PyDict_Next(copy.as_ptr(), &mut position, &mut name, &mut value) != 0 {
                self.set(name, Owned::from_borrowed(value))?;
            }
        }
        Ok(())
    }

    /// Sets a field by its name, once.
    ///
    /// # Safety
    /// The name must be a live object.
    unsafe fn set(&mut self, name: Object, value: Owned) -> Result<()> {
        // SAFETY: a live object.
        let is_name = |field: &Field| unsafe { reads(name, field.name) };
        match self.report.query.fields.iter().position(is_name) {
            Some(index) if self.values[index].is_none() => {
                self.values[index] = Some(value);
                Ok(())
            }
            found => {
                let what = if found.is_some() { "got this field twice:" } else { "has no field" };
                // SAFETY: a live object; a new reference or NULL.
                let text = unsafe { Owned::new(ffi::PyObject_Str(name)) }?.to_text()?;
                Err(self.error(what, &format!(" '{text}'")))
            }
        }
    }

    #[cold]
    fn error(&self, what: &str, names: &str) -> Raised {
        let name = self.report.record.name.to_string_lossy();
        type_error(&format!("{} {what}{names}", name.trim_start_matches("pychrony.")))
    }

    /// A time is there twice, as seconds and as nanoseconds. If one is missing, it follows from the other; both must agree.
    fn complete_times(&mut self) -> Result<()> {
        let place = |kind: fn(&Kind) -> bool| self.report.query.fields.iter().position(|field| kind(&field.kind));
        let (Some(seconds), Some(nanoseconds)) =
            (place(|kind| matches!(kind, Kind::Seconds)), place(|kind| matches!(kind, Kind::Nanoseconds)))
        else {
            return Ok(());
        };
        let may_be_none = self.report.query.fields[seconds].is_optional();
        let is_none = |time: &Owned| may_be_none && time.is_none();
        match (&self.values[seconds], &self.values[nanoseconds]) {
            (Some(time), None) | (None, Some(time)) if is_none(time) => {
                (self.values[seconds], self.values[nanoseconds]) = (Some(none()), Some(none()));
            }
            (Some(time), None) => self.values[nanoseconds] = Some(to_nanoseconds(time)?),
            (None, Some(time)) => self.values[seconds] = Some(to_seconds(time)?),
            (Some(time), Some(exact)) if is_none(time) && is_none(exact) => {}
            (Some(time), Some(exact)) if is_none(time) || is_none(exact) || !is_same_time(time, exact)? => {
                return Err(value_error("ref_time and ref_time_ns contradict each other: give one of them"));
            }
            _ => {}
        }
        Ok(())
    }

    /// All values, in the order of the report's fields. An item must have been given; another field is None by default.
    pub fn complete(mut self) -> Result<Vec<Owned>> {
        self.complete_times()?;
        let missing = self.report.items().iter().zip(&self.values).filter(|(_, value)| value.is_none());
        let missing: Vec<_> = missing.map(|(field, _)| format!("'{}'", field.name.to_string_lossy())).collect();
        if !missing.is_empty() {
            let what = if missing.len() == 1 { "lacks the field" } else { "lacks the fields" };
            return Err(self.error(what, &format!(" {}", missing.join(", "))));
        }
        Ok(self.values.into_iter().map(|value| value.unwrap_or_else(none)).collect())
    }
}

fn is_dictionary_or_none(object: &Owned) -> bool {
    // SAFETY: a live object; None is always live.
    unsafe { ffi::PyDict_Check(object.as_ptr()) != 0 || object.as_ptr() == ffi::Py_None() }
}

/// How far a float of seconds may be from the nanoseconds of the same time, for a time up to 2262.
const PRECISION: f64 = 2e-6;

pub fn number(value: &Owned) -> Result<f64> {
    // SAFETY: a live object; −1.0 may also say that an exception is set, which is only looked at.
    unsafe {
        let number = ffi::PyFloat_AsDouble(value.as_ptr());
        if number == -1.0 && !ffi::PyErr_Occurred().is_null() { Err(Raised) } else { Ok(number) }
    }
}

pub fn to_nanoseconds(seconds: &Owned) -> Result<Owned> {
    let seconds = number(seconds)?;
    let whole = seconds.floor();
    // An integer of 64 bits must hold it in nanoseconds.
    let end = (i64::MAX / 1_000_000_000) as f64;
    if !(0.0..end).contains(&whole) {
        return Err(value_error("ref_time must be a number of seconds since 1970, of a time up to 2262-04-11"));
    }
    signed(whole as i64 * 1_000_000_000 + ((seconds - whole) * 1e9).round() as i64)
}

fn to_seconds(nanoseconds: &Owned) -> Result<Owned> {
    let mut overflow = 0;
    // SAFETY: a live object; −1 may also say that an exception is set, which is only looked at.
    let nanoseconds = unsafe {
        let number = ffi::PyLong_AsLongLongAndOverflow(nanoseconds.as_ptr(), &mut overflow);
        if number == -1 && !ffi::PyErr_Occurred().is_null() {
            return Err(Raised);
        }
        number
    };
    if overflow != 0 || nanoseconds < 0 {
        return Err(value_error("ref_time_ns must be a number of nanoseconds since 1970, of a time up to 2262-04-11"));
    }
    float((nanoseconds / 1_000_000_000) as f64 + (nanoseconds % 1_000_000_000) as f64 / 1e9)
}

fn is_same_time(seconds: &Owned, nanoseconds: &Owned) -> Result<bool> {
    Ok((number(seconds)? - number(&to_seconds(nanoseconds)?)?).abs() <= PRECISION)
}
