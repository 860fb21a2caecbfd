//! TimeInterval: between which two instants true time lies.

use std::ffi::{CStr, c_void};

use pyo3_ffi as ffi;

use super::enums;
use super::method::{self, Method, Parameters, Property};
use super::object::{
    Owned, Raised, Result, boolean, dictionary, entry, import, signed, tuple, type_error, unsigned, value_error,
};
use super::sequence::{self, Description, Functions};
use super::state::{State, get_or_make};
use crate::clock::interval::{Interval, Nanoseconds};
use crate::reports::REPORTS;
use crate::reports::enums::{INTERVAL_FREE_RUNNING, INTERVAL_STATUS, INTERVAL_SYNCHRONIZED};

type Object = *mut ffi::PyObject;

/// The type's name, with the module's name before it.
pub const NAME: &CStr = c"pychrony.TimeInterval";

const DOC: &CStr = c"TimeInterval(earliest, latest, status)\n--\n\n\
    Two instants between which true time lies, as an IntervalClock gives them, in whole nanoseconds since 1970 (UTC).";

const FIELDS: [(&CStr, &CStr); 3] = [
    (c"earliest", c"True time is at least this [nanoseconds since 1970 (UTC)]"),
    (c"latest", c"True time is at most this [nanoseconds since 1970 (UTC)]"),
    (c"status", c"How fresh the interval's report was [IntervalStatus: SYNCHRONIZED or FREE_RUNNING]"),
];

/// The type.
pub fn class(state: &State) -> Result<&Owned> {
    get_or_make(&state.time_interval, || new_class(state))
}

fn new_class(state: &State) -> Result<Owned> {
    let class = sequence::new_type(Description {
        name: NAME,
        doc: DOC,
        fields: FIELDS.into_iter(),
        items: FIELDS.len(),
        functions: Functions::new::<TYPE>(new, alloc, dealloc),
    })?;
    // SAFETY: always live.
    let integer = unsafe { Owned::from_borrowed((&raw mut ffi::PyLong_Type).cast()) };
    let status = enums::class(state, &INTERVAL_STATUS)?.class.share();
    let types = [(FIELDS[0].0, integer.share()), (FIELDS[1].0, integer), (FIELDS[2].0, status)];
    class.set_attribute(c"__annotations__", &dictionary(types.into_iter().map(|(name, class)| (name, Ok(class))))?)?;
    method::add_class_method(&class, &MAKE)?;
    method::add_all(&class, &METHODS)?;
    method::add_properties(&class, &PROPERTIES)?;
    Ok(class)
}

/// No report's number.
const TYPE: usize = REPORTS.len();

static MAKE: Method = Method::with_one_argument(
    c"_make",
    make,
    c"_make($type, iterable, /)\n--\n\nA new interval from a sequence or iterator of its items.",
);

static METHODS: [Method; 8] = [
    Method::with_one_argument(
        c"before",
        before,
        c"before($self, other, /)\n--\n\nWhether this is certainly earlier than the other TimeInterval: latest < other.earliest.",
    ),
    Method::with_one_argument(
        c"after",
        after,
        c"after($self, other, /)\n--\n\nWhether this is certainly later than the other TimeInterval: earliest > other.latest.",
    ),
    Method::without_arguments(
        c"_asdict",
        as_dictionary,
        c"_asdict($self, /)\n--\n\nThe fields named in _fields as a new dictionary.",
    ),
    Method::without_arguments(
        c"to_dict",
        to_dictionary,
        c"to_dict($self, /)\n--\n\nA dictionary ready for JSON, with the status by name, and the width.",
    ),
    Method::with_arguments(
        c"_replace",
        replace,
        c"_replace($self, /, **fields)\n--\n\nA new interval with these fields replaced.",
    ),
    Method::with_arguments(
        c"__replace__",
        replace,
        c"__replace__($self, /, **fields)\n--\n\nThe same, for copy.replace().",
    ),
    Method::without_arguments(
        c"__reduce__",
        reduce,
        c"__reduce__($self, /)\n--\n\nThe type, and the items from which it makes the interval again.",
    ),
    Method::end(),
];

static PROPERTIES: [Property; 2] = [
    Property::new(c"width", width, c"latest - earliest [nanoseconds]: twice the greatest error of the middle"),
    Property::end(),
];

/// An interval as an object.
#[inline(always)]
pub fn instance(state: &State, interval: &Interval) -> Result<Owned> {
    let status = if interval.is_stale { INTERVAL_FREE_RUNNING } else { INTERVAL_SYNCHRONIZED };
    let values =
        [signed(interval.earliest)?, signed(interval.latest)?, enums::member(state, &INTERVAL_STATUS, status.into())?];
    record(class(state)?, values)
}

#[inline(always)]
fn record(class: &Owned, values: [Owned; FIELDS.len()]) -> Result<Owned> {
    // SAFETY: a type that `new_class()` made with these numbers.
    let record = unsafe { sequence::new(class.as_ptr().cast(), FIELDS.len(), FIELDS.len()) }?;
    for (index, value) in values.into_iter().enumerate() {
        // SAFETY: the record is new and not shared yet, and has this field; the value is stolen.
        unsafe { ffi::PyStructSequence_SetItem(record.as_ptr(), index as ffi::Py_ssize_t, value.into_ptr()) };
    }
    Ok(record)
}

unsafe extern "C" fn alloc(class: *mut ffi::PyTypeObject, items: ffi::Py_ssize_t) -> Object {
    // SAFETY: the type, which was made with these numbers.
    entry(|| unsafe { sequence::alloc(class, items, FIELDS.len(), FIELDS.len()) })
}

unsafe extern "C" fn dealloc(record: Object) {
    // SAFETY: an interval, which is being deallocated.
    unsafe { sequence::release(record, FIELDS.len()) };
}

/// Both ends of an interval: whoever made it, they are integers of 64 bits.
fn ends(record: &Owned) -> Result<(Nanoseconds, Nanoseconds)> {
    Ok((integer(&record.item(0)?)?, integer(&record.item(1)?)?))
}

fn integer(value: &Owned) -> Result<Nanoseconds> {
    // SAFETY: a live object; −1 may also say that an exception is set, which is only looked at.
    unsafe {
        let number = ffi::PyLong_AsLongLong(value.as_ptr());
        if number == -1 && !ffi::PyErr_Occurred().is_null() { Err(Raised) } else { Ok(number) }
    }
}

/// Both ends of two intervals, of which the second must be one.
fn both(record: Object, other: Object) -> Result<[(Nanoseconds, Nanoseconds); 2]> {
    // SAFETY: live during the call.
    let (record, other) = unsafe {
        if ffi::Py_TYPE(record) != ffi::Py_TYPE(other) {
            return Err(type_error("a TimeInterval can only be compared with another TimeInterval"));
        }
        (Owned::from_borrowed(record), Owned::from_borrowed(other))
    };
    Ok([ends(&record)?, ends(&other)?])
}

unsafe extern "C" fn before(record: Object, other: Object) -> Object {
    entry(|| {
        let [(_, latest), (earliest, _)] = both(record, other)?;
        Ok(boolean(latest < earliest))
    })
}

unsafe extern "C" fn after(record: Object, other: Object) -> Object {
    entry(|| {
        let [(earliest, _), (_, latest)] = both(record, other)?;
        Ok(boolean(earliest > latest))
    })
}

unsafe extern "C" fn width(record: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the record is live during the call.
        let (earliest, latest) = ends(&unsafe { Owned::from_borrowed(record) })?;
        unsigned(latest.abs_diff(earliest))
    })
}

/// Its fields, with their names.
fn fields(record: &Owned) -> Result<[(&'static CStr, Owned); 3]> {
    let [(earliest, _), (latest, _), (status, _)] = FIELDS;
    Ok([(earliest, record.item(0)?), (latest, record.item(1)?), (status, record.item(2)?)])
}

unsafe extern "C" fn as_dictionary(record: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the record is live during the call.
        let fields = fields(&unsafe { Owned::from_borrowed(record) })?;
        dictionary(fields.into_iter().map(|(name, value)| (name, Ok(value))))
    })
}

unsafe extern "C" fn to_dictionary(record: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the record is live during the call.
        let record = unsafe { Owned::from_borrowed(record) };
        let [earliest, latest, (name, status)] = fields(&record)?;
        let (begin, end) = ends(&record)?;
        let values = [earliest, latest, (name, status.attribute(c"name")?), (c"width", unsigned(end.abs_diff(begin))?)];
        dictionary(values.into_iter().map(|(name, value)| (name, Ok(value))))
    })
}

unsafe extern "C" fn reduce(record: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the record is live during the call, and so is its type.
        let (record, class) =
            unsafe { (Owned::from_borrowed(record), Owned::from_borrowed(ffi::Py_TYPE(record).cast())) };
        let items = tuple(fields(&record)?.into_iter().map(|(_, value)| Ok(value)))?;
        tuple([Ok(class), Ok(items)].into_iter())
    })
}

unsafe extern "C" fn replace(
    record: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    const PARAMETERS: Parameters<3> =
        Parameters { function: c"_replace", positional: 0, required: 0, ..PARAMETERS_OF_NEW };
    entry(|| {
        // SAFETY: the record that the method was called on, live during the call, its type, and the interpreter's arguments.
        let (old, class, given) = unsafe {
            let given = PARAMETERS.bind(arguments, positional, keywords)?;
            let given = given.map(|value| (!value.is_null()).then(|| Owned::from_borrowed(value)));
            (Owned::from_borrowed(record), Owned::from_borrowed(ffi::Py_TYPE(record).cast()), given)
        };
        let [(_, earliest), (_, latest), (_, status)] = fields(&old)?;
        let [new_earliest, new_latest, new_status] = given;
        let values = [new_earliest.unwrap_or(earliest), new_latest.unwrap_or(latest), new_status.unwrap_or(status)];
        self::record(&class, checked(values)?)
    })
}

const PARAMETERS_OF_NEW: Parameters<3> =
    Parameters { function: c"TimeInterval", names: [c"earliest", c"latest", c"status"], positional: 3, required: 3 };

unsafe extern "C" fn new(class: *mut ffi::PyTypeObject, arguments: Object, keywords: Object) -> Object {
    entry(|| {
        // SAFETY: the interpreter's arguments; a live type, which is an object.
        let (class, values) = unsafe {
            let class = Owned::from_borrowed(class.cast());
            let has_keywords = !keywords.is_null() && ffi::PyDict_Size(keywords) > 0;
            let values = if ffi::PyTuple_Size(arguments) == 1 && !has_keywords {
                items(&Owned::from_borrowed(ffi::PyTuple_GetItem(arguments, 0)))?
            } else {
                PARAMETERS_OF_NEW.bind_tuple(arguments, keywords)?.map(|value| Owned::from_borrowed(value))
            };
            (class, values)
        };
        record(&class, checked(values)?)
    })
}

unsafe extern "C" fn make(class: Object, iterable: Object) -> Object {
    entry(|| {
        // SAFETY: the type, which has no subclasses, and the argument, live during the call.
        let (class, iterable) = unsafe { (Owned::from_borrowed(class), Owned::from_borrowed(iterable)) };
        record(&class, checked(items(&iterable)?)?)
    })
}

/// The three values in an iterable.
fn items(iterable: &Owned) -> Result<[Owned; 3]> {
    // SAFETY: a live object; a new reference or NULL.
    let values = unsafe { Owned::new(ffi::PySequence_Tuple(iterable.as_ptr())) }?;
    match values.length()? {
        3 => Ok([values.item(0)?, values.item(1)?, values.item(2)?]),
        given => Err(type_error(&format!("a TimeInterval has 3 items, not {given}"))),
    }
}

fn checked([earliest, latest, status]: [Owned; 3]) -> Result<[Owned; 3]> {
    for value in [&earliest, &latest] {
        // SAFETY: a live object.
        if unsafe { ffi::PyLong_Check(value.as_ptr()) } == 0 {
            return Err(type_error("earliest and latest must be integers of nanoseconds since 1970"));
        }
    }
    if integer(&earliest)? > integer(&latest)? {
        return Err(value_error("earliest must not be later than latest"));
    }
    let status = import(c"pychrony")?.attribute(c"IntervalStatus")?.call(&[&status])?;
    Ok([earliest, latest, status])
}
