//! A report's table → a PyStructSequence type; a record → an instance.

use std::ffi::{CStr, CString, c_void};
use std::ops::Range;
use std::rc::Rc;

use pyo3_ffi as ffi;

use super::enums;
use super::fields::{Fields, number, to_nanoseconds};
use super::method::{self, Method, Parameters, Property};
use super::object::{
    Owned, Raised, Result, boolean, dictionary, entry, float, list, none, signed, string, tuple, type_error, unsigned,
};
use super::sequence::{self, Description, Functions};
use super::state::{State, get_or_make};
use crate::chrony::client::{RawRow, Row};
use crate::chrony::record::{Field, Kind, Value};
use crate::reports::{Derived, Predicate, REPORTS, Report, each_report};

type Object = *mut ffi::PyObject;

/// The type of a report's records.
pub fn class(state: &State, report: usize) -> Result<&Owned> {
    get_or_make(&state.records[report], || new_class(state, report))
}

/// Makes the type, as `typing.NamedTuple` makes one of the report's items.
fn new_class(state: &State, index: usize) -> Result<Owned> {
    let report = REPORTS[index];
    let class = sequence::new_type(Description {
        name: report.record.name,
        doc: &docstring(report),
        fields: report.query.fields.iter().map(|field| (field.name, field.doc)),
        items: report.items().len(),
        functions: FUNCTIONS[index],
    })?;
    let types = report.items().iter().map(|field| (field.name, type_of(state, field)));
    class.set_attribute(c"__annotations__", &dictionary(types)?)?;
    method::add_class_method(&class, &MAKE[index])?;
    method::add_all(&class, METHODS[index])?;
    method::add_all(&class, PREDICATES[index])?;
    method::add_properties(&class, OTHERS[index])?;
    method::add_properties(&class, DERIVED[index])?;
    Ok(class)
}

/// The type's docstring with its signature.
fn docstring(report: &Report) -> CString {
    let names: Vec<_> = report.query.fields.iter().map(|field| field.name.to_string_lossy()).collect();
    let (items, others) = names.split_at(report.items().len());
    let others: String = others.iter().map(|name| format!(", {name}=None")).collect();
    let star = if others.is_empty() { "" } else { ", *" };
    let (_, name) = report.record.name.to_str().unwrap_or_default().rsplit_once('.').unwrap_or_default();
    let doc = report.record.doc.to_string_lossy();
    CString::new(format!("{name}({}{star}{others})\n--\n\n{doc}", items.join(", "))).unwrap_or_default()
}

/// The type of a field's values, for annotations.
fn type_of(state: &State, field: &Field) -> Result<Owned> {
    let builtin = match &field.kind {
        Kind::Unsigned(_) | Kind::UnsignedOrNone | Kind::Age | Kind::Signed(..) | Kind::Nanoseconds => {
            &raw mut ffi::PyLong_Type
        }
        Kind::Offset | Kind::Measure | Kind::Seconds => &raw mut ffi::PyFloat_Type,
        Kind::Boolean => &raw mut ffi::PyBool_Type,
        Kind::Address | Kind::Source => &raw mut ffi::PyUnicode_Type,
        Kind::Enum(table) => enums::class(state, table)?.class.as_ptr().cast(),
    };
    // SAFETY: always live, or as long as the state.
    let class = unsafe { Owned::from_borrowed(builtin.cast()) };
    if field.is_optional() { or_none(&class) } else { Ok(class) }
}

/// `class | None`. CPython 3.9 has no such type: there it is an expression that makes it of `typing`, which is not imported for
/// this alone.
fn or_none(class: &Owned) -> Result<Owned> {
    // SAFETY: live objects; a new reference, or NULL with an exception set, which is looked at.
    unsafe {
        let union = Owned::new(ffi::PyNumber_Or(class.as_ptr(), ffi::Py_None()));
        if union.is_ok() || ffi::PyErr_ExceptionMatches(ffi::PyExc_TypeError) == 0 {
            return union;
        }
        ffi::PyErr_Clear();
    }
    let (module, name) = (class.attribute(c"__module__")?.to_text()?, class.attribute(c"__name__")?.to_text()?);
    string(&format!("__import__('typing').Optional[__import__('{module}').{name}]"))
}

static FUNCTIONS: [Functions; REPORTS.len()] = each_report!(functions);

const fn functions<const REPORT: usize>() -> Functions {
    Functions::new::<REPORT>(new::<REPORT>, alloc::<REPORT>, dealloc::<REPORT>)
}

unsafe extern "C" fn alloc<const REPORT: usize>(class: *mut ffi::PyTypeObject, items: ffi::Py_ssize_t) -> Object {
    let report = REPORTS[REPORT];
    // SAFETY: the type of the report's records, which has no subclasses.
    entry(|| unsafe { sequence::alloc(class, items, report.query.fields.len(), report.items().len()) })
}

unsafe extern "C" fn dealloc<const REPORT: usize>(record: Object) {
    // SAFETY: a record of this report, which is being deallocated.
    unsafe { sequence::release(record, REPORTS[REPORT].query.fields.len()) };
}

/// Makes a record without values.
///
/// # Safety
/// The class must be the type of the report's records, and the fields must all be set before anything else sees the record.
unsafe fn new_record(class: *mut ffi::PyTypeObject, report: &Report) -> Result<Owned> {
    // SAFETY: the type was made with these numbers.
    unsafe { sequence::new(class, report.query.fields.len(), report.items().len()) }
}

/// Makes a record from values in the order of the report's fields.
pub fn instance(state: &State, report: usize, row: &Row) -> Result<Owned> {
    let class = class(state, report)?;
    // SAFETY: the class is the one that `new_class` made of this report. If a value cannot be made, the record is dropped here.
    let record = unsafe { new_record(class.as_ptr().cast(), REPORTS[report]) }?;
    // Two fields may have the text of one address.
    let mut last_text: Option<(&Rc<str>, Owned)> = None;
    for (index, (field, value)) in REPORTS[report].query.fields.iter().zip(row).enumerate() {
        let value = match (value, &last_text) {
            (Value::Text(text) | Value::Name(text), Some((known, string))) if Rc::ptr_eq(text, known) => string.share(),
            (Value::Text(text) | Value::Name(text), _) => {
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
        Value::Text(text) | Value::Name(text) => string(text),
    }
}

// What users do with records.

static MAKE: [Method; REPORTS.len()] = each_report!(make_method);

const fn make_method<const REPORT: usize>() -> Method {
    Method::with_one_argument(
        c"_make",
        make_from_items::<REPORT>,
        c"_make($type, iterable, /)\n--\n\nA new record from a sequence or iterator of its items.",
    )
}

static METHODS: [&[Method]; REPORTS.len()] = each_report!(methods);

const fn methods<const REPORT: usize>() -> &'static [Method] {
    &const {
        [
            Method::without_arguments(
                c"_asdict",
                as_dictionary::<REPORT>,
                c"_asdict($self, /)\n--\n\nThe fields named in _fields as a new dictionary.",
            ),
            Method::without_arguments(
                c"to_dict",
                to_dictionary::<REPORT>,
                c"to_dict($self, /)\n--\n\n\
                  The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list\n\
                  of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized.",
            ),
            Method::without_arguments(
                c"__rich_repr__",
                items::<REPORT>,
                c"__rich_repr__($self, /)\n--\n\nThe fields named in _fields as a list of names and values, for rich.",
            ),
            Method::with_arguments(
                c"_replace",
                replace::<REPORT>,
                c"_replace($self, /, **fields)\n--\n\nA new record with these fields replaced.",
            ),
            Method::with_arguments(
                c"__replace__",
                replace::<REPORT>,
                c"__replace__($self, /, **fields)\n--\n\nThe same, for copy.replace().",
            ),
            Method::without_arguments(
                c"__reduce__",
                reduce::<REPORT>,
                c"__reduce__($self, /)\n--\n\nThe type, and the items and the other fields from which it makes the record again.",
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
    class: *mut ffi::PyTypeObject,
    arguments: Object,
    keywords: Object,
) -> Object {
    // SAFETY: the interpreter's arguments: it checked that the class is the one that has this function.
    unsafe { make(REPORTS[REPORT], class, arguments, keywords) }
}

/// # Safety
/// The arguments must be those the interpreter passed to `tp_new` of the type of the report's records.
#[inline(never)] // like every other function that all reports share: see connection.rs
unsafe fn make(report: &'static Report, class: *mut ffi::PyTypeObject, arguments: Object, keywords: Object) -> Object {
    // SAFETY: as the caller promises.
    entry(|| unsafe { record(class, Fields::of_arguments(report, arguments, keywords)?) })
}

unsafe extern "C" fn make_from_items<const REPORT: usize>(class: Object, items: Object) -> Object {
    // SAFETY: the type of the report's records, which has no subclasses, and the argument, live during the call.
    entry(|| unsafe {
        let fields = Fields::of_items(REPORTS[REPORT], &Owned::from_borrowed(items))?;
        record(class.cast(), fields)
    })
}

/// Makes a record of given fields.
///
/// # Safety
/// The class must be the type of the records of the fields' report.
unsafe fn record(class: *mut ffi::PyTypeObject, fields: Fields) -> Result<Owned> {
    let report = fields.report;
    let values = fields.complete()?;
    // SAFETY: as the caller promises; the fields, of which there is a value for each, are set here and steal the values.
    unsafe {
        let record = new_record(class, report)?;
        for (index, value) in values.into_iter().enumerate() {
            ffi::PyStructSequence_SetItem(record.as_ptr(), index as ffi::Py_ssize_t, value.into_ptr());
        }
        Ok(record)
    }
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
        // SAFETY: the interpreter's arguments; it checked that the record is of the type that has the method.
        unsafe {
            let mut fields = Fields::of_keywords(report, arguments, keywords)?;
            fields.fill_from(|index| field(report, record, index))?;
            self::record(ffi::Py_TYPE(record), fields)
        }
    })
}

/// A field of a record.
///
/// # Safety
/// The record must be one of the report.
unsafe fn field(report: &Report, record: Object, index: usize) -> Result<Owned> {
    // SAFETY: the record has all the report's fields; each is NULL or live as long as the record.
    let get = |index| unsafe { ffi::PyStructSequence_GetItem(record, index as ffi::Py_ssize_t) };
    let value = get(index);
    if !value.is_null() {
        // SAFETY: as above.
        return Ok(unsafe { Owned::from_borrowed(value) });
    }
    // A library that fills tuples itself made the record: it set the items alone.
    match report.items().iter().position(|known| matches!(known.kind, Kind::Seconds)) {
        // SAFETY: as above.
        Some(seconds) => to_nanoseconds(&unsafe { Owned::from_borrowed(get(seconds)) }),
        None => Ok(none()),
    }
}

/// The fields that are no items, as properties. No report has more than one.
static OTHERS: [&[Property]; REPORTS.len()] = each_report!(others);

const fn others<const REPORT: usize>() -> &'static [Property] {
    const {
        assert!(REPORTS[REPORT].hidden <= 1);
    }
    if REPORTS[REPORT].hidden == 0 {
        return &[];
    }
    &const { [other_property::<REPORT>()] }
}

const fn other_property<const REPORT: usize>() -> Property {
    let fields = REPORTS[REPORT].query.fields;
    let field = &fields[fields.len() - 1];
    Property::new(field.name, get_last::<REPORT>, field.doc)
}

unsafe extern "C" fn get_last<const REPORT: usize>(record: Object, _: *mut c_void) -> Object {
    let report = REPORTS[REPORT];
    // SAFETY: the interpreter checked that the record is of the type that has the property.
    entry(|| unsafe { field(report, record, report.query.fields.len() - 1) })
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
        Ok(boolean(is_true(predicate, &record, parameter)?))
    })
}

fn is_true(predicate: &Predicate, record: &Owned, parameter: Option<i64>) -> Result<bool> {
    let mut values = Vec::with_capacity(predicate.reads.len() + 1);
    for field in predicate.reads {
        values.push(read(record, field)?);
    }
    values.extend(parameter);
    Ok((predicate.test)(&values))
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

unsafe extern "C" fn as_dictionary<const REPORT: usize>(record: Object, _: Object) -> Object {
    // SAFETY: the interpreter checked that the record is of the type that has the method.
    entry(|| unsafe { named(REPORTS[REPORT], record, 0..REPORTS[REPORT].items().len()) })
}

unsafe extern "C" fn reduce<const REPORT: usize>(record: Object, _: Object) -> Object {
    entry(|| {
        let report = REPORTS[REPORT];
        let (fields, items) = (report.query.fields.len(), report.items().len());
        // SAFETY: as above; the type is borrowed from the record.
        unsafe {
            let class = Owned::from_borrowed(ffi::Py_TYPE(record).cast());
            let values = tuple((0..items).map(|index| field(report, record, index)))?;
            let others = named(report, record, items..fields)?;
            tuple([Ok(class), tuple([Ok(values), Ok(others)].into_iter())].into_iter())
        }
    })
}

/// A dictionary of some of a record's fields.
///
/// # Safety
/// The record must be one of the report, and have fields with these indexes.
#[inline(never)]
unsafe fn named(report: &Report, record: Object, indexes: Range<usize>) -> Result<Owned> {
    dictionary(indexes.map(|index| {
        // SAFETY: as the caller promises.
        (report.query.fields[index].name, unsafe { field(report, record, index) })
    }))
}

unsafe extern "C" fn items<const REPORT: usize>(record: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: as above; a new reference or NULL.
        unsafe {
            let fields = named(REPORTS[REPORT], record, 0..REPORTS[REPORT].items().len())?;
            Owned::new(ffi::PyDict_Items(fields.as_ptr()))
        }
    })
}

unsafe extern "C" fn to_dictionary<const REPORT: usize>(record: Object, _: Object) -> Object {
    // SAFETY: as above.
    entry(|| unsafe { plain_dictionary(REPORTS[REPORT], record) })
}

/// # Safety
/// The record must be one of the report.
#[inline(never)]
unsafe fn plain_dictionary(report: &Report, record: Object) -> Result<Owned> {
    // SAFETY: as the caller promises.
    let (values, record) =
        unsafe { (named(report, record, 0..report.query.fields.len())?, Owned::from_borrowed(record)) };
    for known in report.query.fields {
        if let Kind::Enum(table) = &known.kind {
            values.set_item(known.name, &enums::in_words(table, values.item_named(known.name)?)?)?;
        }
    }
    for derived in report.derived {
        values.set_item(derived.name, &derived_value(derived, &record)?)?;
    }
    for predicate in report.predicates.iter().filter(|predicate| predicate.parameter.is_none()) {
        values.set_item(predicate.name, &boolean(is_true(predicate, &record, None)?))?;
    }
    Ok(values)
}
