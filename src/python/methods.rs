//! The methods of the result types.

use std::ffi::{CStr, c_char, c_int, c_longlong};
use std::ptr;

use pyo3_ffi as ffi;

use super::object::{Owned, Raised, Result, boolean, check, entry};

type Object = *mut ffi::PyObject;

/// Adds a method to a type that has been made. The types with methods of ours are of Python's making (struct sequences,
/// exceptions), which leaves no earlier occasion.
pub fn add(class: &Owned, method: &'static Method) -> Result<()> {
    // SAFETY: a type and a static definition of one of its methods; the result is a new reference.
    let descriptor = unsafe { Owned::new(ffi::PyDescr_NewMethod(class.as_ptr().cast(), method.as_ptr())) }?;
    // SAFETY: the definition's name is static text.
    class.set_attribute(unsafe { CStr::from_ptr((*method.as_ptr()).ml_name) }, &descriptor)
}

/// A method's definition.
#[repr(transparent)]
pub struct Method(ffi::PyMethodDef);

// SAFETY: a definition holds pointers to constant text and to a function, and is never changed.
unsafe impl Sync for Method {}

impl Method {
    pub const fn without_arguments(
        name: &'static CStr,
        function: unsafe extern "C" fn(Object, Object) -> Object,
        doc: &'static CStr,
    ) -> Self {
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: doc.as_ptr(),
        })
    }

    pub const fn with_one_argument(
        name: &'static CStr,
        function: unsafe extern "C" fn(Object, Object) -> Object,
        doc: &'static CStr,
    ) -> Self {
        Self(ffi::PyMethodDef { ml_flags: ffi::METH_O, ..Self::without_arguments(name, function, doc).0 })
    }

    pub const fn with_keywords(
        name: &'static CStr,
        function: unsafe extern "C" fn(Object, Object, Object) -> Object,
        doc: &'static CStr,
    ) -> Self {
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionWithKeywords: function },
            ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            ml_doc: doc.as_ptr(),
        })
    }

    /// The end of a table of methods.
    pub const fn end() -> Self {
        Self(ffi::PyMethodDef::zeroed())
    }

    const fn as_ptr(&self) -> *mut ffi::PyMethodDef {
        (&raw const self.0).cast_mut()
    }
}

/// Parses the arguments of a call into `targets`, each of them a borrowed reference, or unchanged where it was not given.
///
/// # Safety
/// `arguments` and `keywords` must be those the interpreter passed, `format` one with as many `O` as there are names and
/// targets (3 at most), and `names` must end with NULL.
pub unsafe fn parse(
    arguments: Object,
    keywords: Object,
    format: &CStr,
    names: &[*const c_char],
    targets: [*mut Object; 3],
) -> Result<()> {
    let [first, second, third] = targets;
    let names = names.as_ptr().cast_mut();
    // SAFETY: as the caller promises; targets beyond the format's are not used.
    let parsed = unsafe {
        ffi::PyArg_ParseTupleAndKeywords(arguments, keywords, format.as_ptr(), names.cast(), first, second, third)
    };
    if parsed != 0 { Ok(()) } else { Err(Raised) }
}

pub static ASDICT: Method = Method::without_arguments(
    c"_asdict",
    asdict,
    c"_asdict($self, /)\n--\n\nThe fields named in _fields as a new dictionary.",
);

/// The methods of a type, by its name.
pub fn of(type_name: &CStr) -> &'static [Method] {
    static TRACKING: [Method; 2] = [
        Method::without_arguments(
            c"is_synchronized",
            is_synchronized,
            c"is_synchronized($self, /)\n--\n\nWhether the clock is synchronised: to a source, with a known leap status.",
        ),
        Method::without_arguments(
            c"is_leap_pending",
            is_leap_pending,
            c"is_leap_pending($self, /)\n--\n\nWhether a leap second is inserted or deleted at the end of the day.",
        ),
    ];
    static SOURCE: [Method; 2] = [
        Method::without_arguments(
            c"is_reachable",
            is_reachable,
            c"is_reachable($self, /)\n--\n\nWhether any of the last eight polls was answered.",
        ),
        Method::without_arguments(
            c"is_selected",
            is_selected,
            c"is_selected($self, /)\n--\n\nWhether the clock is synchronised to this source (state is SELECTED).",
        ),
    ];
    static SOURCE_STATS: [Method; 1] = [Method::with_keywords(
        c"has_sufficient_samples",
        has_sufficient_samples,
        c"has_sufficient_samples($self, /, minimum=4)\n--\n\nWhether at least so many samples are in use.",
    )];
    static RTC_DATA: [Method; 1] = [Method::without_arguments(
        c"is_calibrated",
        is_calibrated,
        c"is_calibrated($self, /)\n--\n\nWhether there is any comparison to go by (samples > 0).",
    )];
    match type_name.to_bytes() {
        b"pychrony.TrackingStatus" => &TRACKING,
        b"pychrony.Source" => &SOURCE,
        b"pychrony.SourceStats" => &SOURCE_STATS,
        b"pychrony.RTCData" => &RTC_DATA,
        _ => &[],
    }
}

/// An integer attribute of a record: users may make records too, of whatever they like.
fn integer(record: Object, name: &CStr) -> Result<c_longlong> {
    // SAFETY: a live object and text; a new reference or NULL.
    let value = unsafe { Owned::new(ffi::PyObject_GetAttrString(record, name.as_ptr())) }?;
    // SAFETY: a live object; −1 may also say that an exception is set.
    let number = unsafe { ffi::PyLong_AsLongLong(value.as_ptr()) };
    // SAFETY: only looks at the thread's error indicator.
    if number == -1 && !unsafe { ffi::PyErr_Occurred() }.is_null() { Err(Raised) } else { Ok(number) }
}

const INSERT: c_longlong = 1;
const DELETE: c_longlong = 2;
const UNSYNC: c_longlong = 3;
const UNSYNCHRONIZED_STRATUM: c_longlong = 16;
const SELECTED: c_longlong = 0;

/// Defines a method without arguments that answers with a bool.
macro_rules! predicate {
    ($name:ident, |$record:ident| $answer:expr) => {
        unsafe extern "C" fn $name($record: Object, _: Object) -> Object {
            entry(|| Ok(boolean($answer)))
        }
    };
}

predicate!(is_synchronized, |record| integer(record, c"reference_id")? != 0
    && integer(record, c"leap_status")? != UNSYNC
    && integer(record, c"stratum")? < UNSYNCHRONIZED_STRATUM);
predicate!(is_leap_pending, |record| matches!(integer(record, c"leap_status")?, INSERT | DELETE));
predicate!(is_reachable, |record| integer(record, c"reachability")? > 0);
predicate!(is_selected, |record| integer(record, c"state")? == SELECTED);
predicate!(is_calibrated, |record| integer(record, c"samples")? > 0);

unsafe extern "C" fn has_sufficient_samples(record: Object, arguments: Object, keywords: Object) -> Object {
    entry(|| {
        let mut minimum: c_int = 4;
        let names = [c"minimum".as_ptr(), ptr::null()];
        // SAFETY: the interpreter's arguments; the format has one `i`, for one name and one int.
        let parsed = unsafe {
            ffi::PyArg_ParseTupleAndKeywords(
                arguments,
                keywords,
                c"|i:has_sufficient_samples".as_ptr(),
                names.as_ptr().cast_mut().cast(),
                &raw mut minimum,
            )
        };
        if parsed == 0 {
            return Err(Raised);
        }
        Ok(boolean(integer(record, c"samples")? >= c_longlong::from(minimum)))
    })
}

unsafe extern "C" fn asdict(record: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the record is live during the call.
        let record = unsafe { Owned::from_borrowed(record) };
        let fields = record.attribute(c"_fields")?;
        // SAFETY: a new reference or NULL.
        let dictionary = unsafe { Owned::new(ffi::PyDict_New()) }?;
        // SAFETY: a live object; −1 with an exception set where it is no tuple (anybody may set _fields).
        let count = unsafe { ffi::PyTuple_Size(fields.as_ptr()) };
        check(count.signum() as c_int)?;
        for index in 0..count {
            // SAFETY: the index is below the tuple's size; the name is borrowed from the tuple, which `fields` keeps alive and
            // nobody can change; the value is a new reference or NULL.
            unsafe {
                let name = ffi::PyTuple_GetItem(fields.as_ptr(), index);
                let value = Owned::new(ffi::PyObject_GetAttr(record.as_ptr(), name))?;
                check(ffi::PyDict_SetItem(dictionary.as_ptr(), name, value.as_ptr()))?;
            }
        }
        Ok(dictionary)
    })
}
