//! A report's table → a PyStructSequence type; a record → an instance.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::rc::Rc;

use pyo3_ffi as ffi;

use super::enums;
use super::method::{self, Method, Parameters, Property};
use super::object::{
    Owned, Raised, Result, boolean, dictionary, entry, float, list, none, reads, signed, string, tuple, type_error,
    unsigned, value_error,
};
use super::state::{State, get_or_make};
use crate::chrony::client::{RawRow, Row};
use crate::chrony::record::{Field, Kind, Value};
use crate::reports::{Derived, Predicate, REPORTS, Report, each_report};

type Object = *mut ffi::PyObject;

/// The type of a report's records.
pub fn class(state: &State, report: usize) -> Result<&Owned> {
    get_or_make(&state.records[report], || new_class(report))
}

/// Makes the type, with its methods and `_fields`.
fn new_class(index: usize) -> Result<Owned> {
    let report = REPORTS[index];
    let fields = report.query.fields;
    let mut members: Vec<_> = fields
        .iter()
        .map(|field| ffi::PyStructSequence_Field { name: field.name.as_ptr(), doc: field.doc.as_ptr() })
        .collect();
    members.push(ffi::PyStructSequence_Field { name: ptr::null(), doc: ptr::null() });
    let mut description = ffi::PyStructSequence_Desc {
        name: report.record.name.as_ptr(),
        doc: report.record.doc.as_ptr(),
        fields: members.as_mut_ptr(),
        n_in_sequence: report.items().len() as c_int,
    };
    // SAFETY: the names and docstrings are static, as the type requires; the arrays are copied.
    let class = unsafe { Owned::new(ffi::PyStructSequence_NewType(&mut description).cast()) }?;
    class.set_attribute(c"_fields", &tuple(report.items().iter().map(name))?)?;
    class.set_attribute(c"__new__", &method::bound_function(&CONSTRUCTORS[index], &class)?)?;
    method::add_all(&class, METHODS[index])?;
    method::add_all(&class, PREDICATES[index])?;
    method::add_properties(&class, DERIVED[index])?;
    Ok(class)
}

fn name(field: &Field) -> Result<Owned> {
    string(&field.name.to_string_lossy())
}

/// Makes a record from values in the order of the report's fields.
pub fn instance(state: &State, report: usize, row: &Row) -> Result<Owned> {
    let class = class(state, report)?;
    // SAFETY: the class is one that `new_class` made.
    let record = unsafe { Owned::new(ffi::PyStructSequence_New(class.as_ptr().cast())) }?;
    // Two fields may have the text of one address.
    let mut last_text: Option<(&Rc<str>, Owned)> = None;
    for (index, (field, value)) in REPORTS[report].query.fields.iter().zip(row).enumerate() {
        let value = match (value, &last_text) {
            (Value::Text(text), Some((known, string))) if Rc::ptr_eq(text, known) => string.share(),
            (Value::Text(text), _) => {
                let string = string(text)?;
                last_text.insert((text, string)).1.share()
            }
            (value, _) => object(state, field, value)?,
        };
        // SAFETY: the record is new and not shared yet, and has this field; the value is stolen.
        unsafe { ffi::PyStructSequence_SetItem(record.as_ptr(), index as ffi::Py_ssize_t, value.into_ptr()) };
    }
    Ok(record)
}

/// Raw records as a list of dictionaries under libchrony's own names.
pub fn raw_instances(rows: &[RawRow]) -> Result<Owned> {
    list(rows.iter().map(|row| dictionary(row.iter().map(|(name, value)| (&**name, plain(value))))))
}

fn object(state: &State, field: &Field, value: &Value) -> Result<Owned> {
    match (&field.kind, value) {
        (Kind::Enum(table), Value::Unsigned(value)) => enums::member(state, table, *value),
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

// What users do with records.

/// Each report's `__new__`. Python's own has the garbage collector track what it makes, which CPython 3.9 to 3.12 do not
/// survive at exit: such a record may outlive what its type needs to free it. Python's own takes no keywords either.
static CONSTRUCTORS: [Method; REPORTS.len()] = each_report!(constructor);

const fn constructor<const REPORT: usize>() -> Method {
    Method::with_arguments(c"__new__", new::<REPORT>, c"Create and return a new object.")
}

static METHODS: [&[Method]; REPORTS.len()] = each_report!(methods);

const fn methods<const REPORT: usize>() -> &'static [Method] {
    &const {
        [
            Method::without_arguments(
                c"_asdict",
                as_dictionary,
                c"_asdict($self, /)\n--\n\nThe fields named in _fields as a new dictionary.",
            ),
            Method::with_arguments(
                c"_replace",
                replace::<REPORT>,
                c"_replace($self, /, **fields)\n--\n\nA new record, with these fields in place of its own.",
            ),
            Method::with_arguments(
                c"__replace__",
                replace::<REPORT>,
                c"__replace__($self, /, **fields)\n--\n\nThe same, for copy.replace().",
            ),
        ]
    }
}

/// Each report's predicates. No report has more than three.
static PREDICATES: [&[Method]; REPORTS.len()] = each_report!(predicates);

const fn predicates<const REPORT: usize>() -> &'static [Method] {
    const {
        assert!(REPORTS[REPORT].predicates.len() <= 3);
    }
    &const { [predicate_method::<REPORT, 0>(), predicate_method::<REPORT, 1>(), predicate_method::<REPORT, 2>()] }
}

const fn predicate_method<const REPORT: usize, const NUMBER: usize>() -> Method {
    let predicates = REPORTS[REPORT].predicates;
    if NUMBER >= predicates.len() {
        return Method::end();
    }
    Method::with_arguments(predicates[NUMBER].name, predicate::<REPORT, NUMBER>, predicates[NUMBER].doc)
}

/// Each report's derived values. No report has more than one.
static DERIVED: [&[Property]; REPORTS.len()] = each_report!(derived);

const fn derived<const REPORT: usize>() -> &'static [Property] {
    const {
        assert!(REPORTS[REPORT].derived.len() <= 1);
    }
    &const { [derived_property::<REPORT, 0>(), Property::end()] }
}

const fn derived_property<const REPORT: usize, const NUMBER: usize>() -> Property {
    let derived = REPORTS[REPORT].derived;
    if NUMBER >= derived.len() {
        return Property::end();
    }
    Property::new(derived[NUMBER].name, get_derived::<REPORT, NUMBER>, derived[NUMBER].doc)
}

unsafe extern "C" fn get_derived<const REPORT: usize, const NUMBER: usize>(record: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the record is live during the call.
        let record = unsafe { Owned::from_borrowed(record) };
        derived_value(&REPORTS[REPORT].derived[NUMBER], &record)
    })
}

/// What follows from a record's fields; None if one of them is None.
fn derived_value(derived: &Derived, record: &Owned) -> Result<Owned> {
    let mut values = Vec::with_capacity(derived.reads.len());
    for field in derived.reads {
        let value = record.attribute(field)?;
        // SAFETY: None is always live.
        if value.as_ptr() == unsafe { ffi::Py_None() } {
            return Ok(none());
        }
        values.push(number(&value)?);
    }
    float((derived.compute)(&values))
}

unsafe extern "C" fn new<const REPORT: usize>(
    class: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    // SAFETY: the class that the function is bound to, and the interpreter's arguments.
    unsafe { make(REPORTS[REPORT], class, arguments, positional, keywords) }
}

/// # Safety
/// The arguments must be those the interpreter passed to the report's `__new__`.
#[inline(never)] // like every other function that all reports share: see connection.rs
unsafe fn make(
    report: &'static Report,
    class: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    entry(|| {
        // SAFETY: the class that the function is bound to, and the interpreter's arguments, of which the first must be it.
        unsafe {
            if positional == 0 || *arguments != class {
                return Err(type_error("__new__() takes the type of the record as its first argument"));
            }
            let fields = Fields::of_arguments(report, arguments.add(1), positional - 1, keywords)?;
            fields.into_record(class.cast())
        }
    })
}

unsafe extern "C" fn replace<const REPORT: usize>(
    record: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    // SAFETY: the record that the method was called on, and the interpreter's arguments.
    unsafe { make_from(REPORTS[REPORT], record, arguments, positional, keywords) }
}

/// # Safety
/// The arguments must be those the interpreter passed to a method of the report's records.
#[inline(never)]
unsafe fn make_from(
    report: &'static Report,
    record: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    entry(|| {
        if positional > 0 {
            return Err(type_error("_replace() takes fields by keyword only"));
        }
        // SAFETY: the record is live during the call; the interpreter's arguments.
        let (record, mut fields) = unsafe {
            let fields = Fields::of_keywords(report, arguments, keywords)?;
            (Owned::from_borrowed(record), fields)
        };
        // If one half of a time is replaced, the other half follows from it.
        fields.complete_times()?;
        for (field, value) in report.query.fields.iter().zip(&mut fields.values) {
            if value.is_none() {
                *value = Some(record.attribute(field.name)?);
            }
        }
        // SAFETY: a live record; the interpreter checked that it is of the type that has the method.
        unsafe { fields.into_record(ffi::Py_TYPE(record.as_ptr())) }
    })
}

/// The fields of a record that is being made: None where none was given.
struct Fields {
    report: &'static Report,
    values: Vec<Option<Owned>>,
}

impl Fields {
    /// A sequence and a dictionary, as struct sequences take them and pickles give them; or all by keyword.
    ///
    /// # Safety
    /// The arguments must be those the interpreter passed, after the class.
    unsafe fn of_arguments(
        report: &'static Report,
        arguments: *const Object,
        positional: ffi::Py_ssize_t,
        keywords: Object,
    ) -> Result<Self> {
        // SAFETY: as the caller promises.
        unsafe {
            if positional == 0 {
                return Self::of_keywords(report, arguments, keywords);
            }
            let mut fields = Self { report, values: Vec::new() };
            if positional > 2 || (!keywords.is_null() && ffi::PyTuple_Size(keywords) > 0) {
                return Err(fields.error("takes a sequence and a dictionary, or fields by keyword", ""));
            }
            fields.fill_from_sequence(&Owned::from_borrowed(*arguments))?;
            if positional == 2 && *arguments.add(1) != ffi::Py_None() {
                fields.fill_from_dictionary(*arguments.add(1))?;
            }
            Ok(fields)
        }
    }

    /// # Safety
    /// The keywords must be those the interpreter passed, and the arguments their values.
    unsafe fn of_keywords(report: &'static Report, arguments: *const Object, keywords: Object) -> Result<Self> {
        let mut fields = Self { report, values: report.query.fields.iter().map(|_| None).collect() };
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

    fn fill_from_sequence(&mut self, sequence: &Owned) -> Result<()> {
        // SAFETY: a live object; a new reference or NULL.
        let sequence = unsafe { Owned::new(ffi::PySequence_Tuple(sequence.as_ptr())) }?;
        let (given, items, all) =
            (sequence.length()? as usize, self.report.items().len(), self.report.query.fields.len());
        if !(items..=all).contains(&given) {
            let most = if items == all { String::new() } else { format!(" to {all}") };
            return Err(self.error(&format!("takes a sequence of {items}{most} values, not of {given}"), ""));
        }
        for index in 0..all {
            let value = if index < given { Some(sequence.item(index as ffi::Py_ssize_t)?) } else { None };
            self.values.push(value);
        }
        Ok(())
    }

    /// # Safety
    /// The dictionary must be a live object.
    unsafe fn fill_from_dictionary(&mut self, dictionary: Object) -> Result<()> {
        // SAFETY: a live object; a copy of it, which nobody else has, keeps the names and values that are borrowed.
        unsafe {
            if ffi::PyDict_Check(dictionary) == 0 {
                return Err(self.error("takes a dictionary as its second argument", ""));
            }
            let copy = Owned::new(ffi::PyDict_Copy(dictionary))?;
            let dictionary = copy.as_ptr();
            let (mut position, mut name, mut value) = (0, ptr::null_mut(), ptr::null_mut());
            while ffi::PyDict_Next(dictionary, &mut position, &mut name, &mut value) != 0 {
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
        match (&self.values[seconds], &self.values[nanoseconds]) {
            (Some(time), None) => self.values[nanoseconds] = Some(to_nanoseconds(time)?),
            (None, Some(time)) => self.values[seconds] = Some(to_seconds(time)?),
            (Some(time), Some(exact)) if !is_same_time(time, exact)? => {
                return Err(value_error("ref_time and ref_time_ns contradict each other: give one of them"));
            }
            _ => {}
        }
        Ok(())
    }

    /// # Safety
    /// The class must be the type of the report's records.
    unsafe fn into_record(mut self, class: *mut ffi::PyTypeObject) -> Result<Owned> {
        self.complete_times()?;
        let items = self.report.items();
        let missing = items.iter().zip(&self.values).filter(|(_, value)| value.is_none());
        let missing: Vec<_> = missing.map(|(field, _)| format!("'{}'", field.name.to_string_lossy())).collect();
        if !missing.is_empty() {
            let what = if missing.len() == 1 { "lacks the field" } else { "lacks the fields" };
            return Err(self.error(what, &format!(" {}", missing.join(", "))));
        }
        // SAFETY: the class is a struct sequence with these fields (the caller's promise).
        let record = unsafe { Owned::new(ffi::PyStructSequence_New(class)) }?;
        for (index, value) in self.values.into_iter().enumerate() {
            let value = value.unwrap_or_else(none);
            // SAFETY: the record is new and not shared yet, and has this field; the value is stolen.
            unsafe { ffi::PyStructSequence_SetItem(record.as_ptr(), index as ffi::Py_ssize_t, value.into_ptr()) };
        }
        Ok(record)
    }
}

/// How far a float of seconds may be from the nanoseconds of the same time, for a time up to 2262.
const PRECISION: f64 = 2e-6;

fn number(value: &Owned) -> Result<f64> {
    // SAFETY: a live object; −1.0 may also say that an exception is set, which is only looked at.
    unsafe {
        let number = ffi::PyFloat_AsDouble(value.as_ptr());
        if number == -1.0 && !ffi::PyErr_Occurred().is_null() { Err(Raised) } else { Ok(number) }
    }
}

fn to_nanoseconds(seconds: &Owned) -> Result<Owned> {
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

unsafe extern "C" fn predicate<const REPORT: usize, const NUMBER: usize>(
    record: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    // SAFETY: the record that the method was called on, and the interpreter's arguments.
    unsafe { answer(&REPORTS[REPORT].predicates[NUMBER], record, arguments, positional, keywords) }
}

/// # Safety
/// The arguments must be those the interpreter passed to the predicate's method.
#[inline(never)]
unsafe fn answer(
    predicate: &Predicate,
    record: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    entry(|| {
        // SAFETY: the interpreter's arguments; the record is live during the call.
        let (parameter, record) =
            unsafe { (parameter(predicate, arguments, positional, keywords)?, Owned::from_borrowed(record)) };
        let mut values = Vec::with_capacity(predicate.reads.len() + 1);
        for field in predicate.reads {
            values.push(read(&record, field)?);
        }
        values.extend(parameter);
        Ok(boolean((predicate.test)(&values)))
    })
}

/// The parameter of a predicate that has one.
///
/// # Safety
/// The arguments must be those the interpreter passed.
unsafe fn parameter(
    predicate: &Predicate,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Result<Option<i64>> {
    let Some((name, default)) = predicate.parameter else {
        let none: Parameters<0> = Parameters { function: predicate.name, names: [], positional: 0, required: 0 };
        // SAFETY: as the caller promises.
        return unsafe { none.bind(arguments, positional, keywords) }.map(|_| None);
    };
    let one = Parameters { function: predicate.name, names: [name], positional: 1, required: 0 };
    // SAFETY: as the caller promises; −1 may also say that an exception is set, which is only looked at.
    unsafe {
        let [value] = one.bind(arguments, positional, keywords)?;
        if value.is_null() {
            return Ok(Some(default));
        }
        let number = ffi::PyLong_AsLongLong(value);
        if number == -1 && !ffi::PyErr_Occurred().is_null() { Err(Raised) } else { Ok(Some(number)) }
    }
}

/// A field of a record as a predicate reads it: users may make records too, with any values they like.
fn read(record: &Owned, field: &CStr) -> Result<i64> {
    let value = record.attribute(field)?;
    // SAFETY: a live object; −1 may also say that an exception is set, which is only looked at.
    unsafe {
        if value.as_ptr() == ffi::Py_None() {
            return Ok(0);
        }
        if ffi::PyUnicode_Check(value.as_ptr()) != 0 {
            return Ok(1);
        }
        let number = ffi::PyLong_AsLongLong(value.as_ptr());
        if number == -1 && !ffi::PyErr_Occurred().is_null() { Err(Raised) } else { Ok(number) }
    }
}

unsafe extern "C" fn as_dictionary(record: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the record is live during the call.
        let record = unsafe { Owned::from_borrowed(record) };
        let fields = record.attribute(c"_fields")?;
        let dictionary = dictionary(std::iter::empty())?;
        for index in 0..fields.length()? {
            let name = fields.item(index)?;
            // SAFETY: live objects; a new reference or NULL. The value is not stolen.
            unsafe {
                let value = Owned::new(ffi::PyObject_GetAttr(record.as_ptr(), name.as_ptr()))?;
                if ffi::PyDict_SetItem(dictionary.as_ptr(), name.as_ptr(), value.as_ptr()) < 0 {
                    return Err(Raised);
                }
            }
        }
        Ok(dictionary)
    })
}
