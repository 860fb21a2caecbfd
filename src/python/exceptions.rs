//! The exception types, and which of them is raised for an error.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr;

use pyo3_ffi as ffi;

use super::enums;
use super::method::{Method, Parameters};
use super::object::{Entry, Owned, Raised, Result, dictionary, entry, none, signed, string, tuple, value_error};
use super::state::{EXCEPTIONS, State, get_or_make};
use crate::chrony::error::{Class, Code, Error};
use crate::chrony::library::LoadError;
use crate::reports::enums::{ERROR_CODE, INTERVAL_DISRUPTED, INTERVAL_STATUS, INTERVAL_UNKNOWN};

/// A type's place in `TYPES`.
#[derive(Clone, Copy)]
pub enum Exception {
    Error,
    Connection,
    Timeout,
    Permission,
    Data,
    Version,
    Library,
    Clock,
}

/// What a type is made of.
struct Specification {
    name: &'static CStr,
    doc: &'static CStr,
    /// Its base among these types, which comes before it.
    base: Option<Exception>,
    /// Where CPython keeps the exception of its own that it also inherits from.
    builtin: fn() -> *const *mut ffi::PyObject,
}

static TYPES: [Specification; EXCEPTIONS] = [
    Specification {
        name: c"pychrony.ChronyError",
        doc: c"ChronyError(message, error_code=None)\n--\n\n\
            The base of all pychrony's exceptions.\n\n\
            message: what was tried, at which address, what came back, and what can be done.\n\
            error_code: an ErrorCode, or None.\n\
            errno: the system's error number, where it gave one, else None.",
        base: None,
        builtin: || &raw const ffi::PyExc_Exception,
    },
    Specification {
        name: c"pychrony.ChronyConnectionError",
        doc: c"chronyd cannot be reached: the message names every address tried, and why it failed.\n\n\
            error_code: OPEN_FAILED, SEND_FAILED or RECV_FAILED, and errno, of the first address that could not be reached;\n\
            CLOSED if the connection was closed; BUSY if it is in use by a call that cannot be waited for.",
        base: Some(Exception::Error),
        builtin: || &raw const ffi::PyExc_ConnectionError,
    },
    Specification {
        name: c"pychrony.ChronyTimeoutError",
        doc: c"No response in time: the request was sent, or at least not refused, and no response came; or another thread's call\n\
              on the same connection did not end in time. error_code: TIMEOUT.",
        base: Some(Exception::Connection),
        builtin: || &raw const ffi::PyExc_TimeoutError,
    },
    Specification {
        name: c"pychrony.ChronyPermissionError",
        doc: c"Not allowed: the system forbids the use of chronyd's Unix socket, or sending to its command port (errno\n\
            EACCES or EPERM), or chronyd does not give this report to this client (error_code UNAUTHORIZED).",
        base: Some(Exception::Error),
        builtin: || &raw const ffi::PyExc_PermissionError,
    },
    Specification {
        name: c"pychrony.ChronyDataError",
        doc: c"What chronyd sent is not a valid report: a field is missing, of the wrong type or out of its range (error_code\n\
            FIELD_MISSING, FIELD_TYPE, FIELD_RANGE), or the response is invalid (INVALID_RESPONSE, UNEXPECTED_STATUS,\n\
            DISABLED).",
        base: Some(Exception::Error),
        builtin: || &raw const ffi::PyExc_ValueError,
    },
    Specification {
        name: c"pychrony.ChronyVersionError",
        doc: c"chronyd is too old (error_code OLD_SERVER) or too new (NEW_SERVER) for this libchrony, or libchrony lacks the\n\
            report (UNKNOWN_REPORT).",
        base: Some(Exception::Error),
        builtin: || &raw const ffi::PyExc_Exception,
    },
    Specification {
        name: c"pychrony.ChronyLibraryError",
        doc: c"libchrony itself failed: error_code is its code, errno the system's reason where there is one.",
        base: Some(Exception::Error),
        builtin: || &raw const ffi::PyExc_Exception,
    },
    Specification {
        name: c"pychrony.ChronyClockError",
        doc: c"An interval clock cannot give an interval.\n\n\
            status: IntervalStatus.DISRUPTED if something other than chronyd has set the clock, or chronyd contradicts itself,\n\
            until the report from before that can no longer be used; UNKNOWN otherwise.",
        base: Some(Exception::Error),
        builtin: || &raw const ffi::PyExc_Exception,
    },
];

static METHODS: [Method; 2] = [
    Method::without_arguments(c"__reduce__", reduce, c"__reduce__($self, /)\n--\n\nHelper for pickle."),
    Method::end(),
];

/// The types' names, each with the module's name before it.
pub fn names() -> impl Iterator<Item = &'static CStr> {
    TYPES.iter().map(|row| row.name)
}

/// A type, by its place in `TYPES`.
pub fn class(state: &State, index: usize) -> Result<&Owned> {
    get_or_make(&state.exceptions[index], || new_class(state, &TYPES[index]))
}

fn new_class(state: &State, row: &Specification) -> Result<Owned> {
    // SAFETY: a static of CPython, set before any module is loaded; what it points to is always live.
    let builtin = unsafe { Owned::from_borrowed(*(row.builtin)()) };
    let mut bases = Vec::with_capacity(2);
    if let Some(base) = row.base {
        bases.push(Ok(class(state, base as usize)?.share()));
    }
    if row.base.is_none() || (row.builtin)() != (TYPES[0].builtin)() {
        bases.push(Ok(builtin));
    }
    let bases = tuple(bases.into_iter())?;
    let mut slots = [
        ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: row.doc.as_ptr().cast_mut().cast() },
        ffi::PyType_Slot { slot: ffi::Py_tp_init, pfunc: init as *mut c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: METHODS.as_ptr().cast_mut().cast() },
        ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
    ];
    // The size, and how to free and visit an object, are the bases'.
    let mut specification = ffi::PyType_Spec {
        name: row.name.as_ptr(),
        basicsize: 0,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE) as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: a specification that is read here, of static text and functions, and a tuple of types; a new reference or NULL.
    unsafe { Owned::new(ffi::PyType_FromSpecWithBases(&mut specification, bases.as_ptr())) }
}

/// `__init__` of all the types.
unsafe extern "C" fn init(
    exception: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> c_int {
    const PARAMETERS: Parameters<2> =
        Parameters { function: c"ChronyError", names: [c"message", c"error_code"], positional: 2, required: 1 };
    entry(|| {
        let none = none();
        // SAFETY: the interpreter's arguments, live during the call.
        let (exception, message, code) = unsafe {
            let [message, code] = PARAMETERS.bind_tuple(arguments, keywords)?;
            let code = if code.is_null() { none.share() } else { Owned::from_borrowed(code) };
            (Owned::from_borrowed(exception), Owned::from_borrowed(message), code)
        };
        exception.set_attribute(c"args", &tuple([Ok(message.share())].into_iter())?)?;
        exception.set_attribute(c"message", &message)?;
        exception.set_attribute(c"error_code", &code)?;
        exception.set_attribute(c"errno", &none)
    })
}

/// `__reduce__` of all the types: the class, its arguments, and everything else, including `errno`, which an OSError keeps
/// outside of its `__dict__`.
unsafe extern "C" fn reduce(exception: *mut ffi::PyObject, _: *mut ffi::PyObject) -> <Owned as Entry>::Raw {
    entry(|| {
        // SAFETY: live during the call.
        let exception = unsafe { Owned::from_borrowed(exception) };
        let state = dictionary(std::iter::empty())?;
        state.update(&exception.attribute(c"__dict__")?)?;
        state.set_item(c"errno", &exception.attribute(c"errno")?)?;
        tuple([exception.attribute(c"__class__"), exception.attribute(c"args"), Ok(state)].into_iter())
    })
}

/// Raises the exception that belongs to an error.
pub fn raise(state: &State, error: &Error) -> Raised {
    let kind = match error {
        Error::Interrupted => return Raised, // by a signal handler, which set its own exception
        Error::UnknownName { .. } => return value_error(&error.to_string()),
        Error::Attempts { class, .. } => match class {
            Class::Unreachable => Exception::Connection,
            Class::Silent => Exception::Timeout,
            Class::Denied | Class::Unauthorized => Exception::Permission,
        },
        Error::Closed | Error::ClosedMeanwhile | Error::Reentered => Exception::Connection,
        Error::Busy { .. } => Exception::Timeout,
        Error::Response { code: Code::OldServer | Code::NewServer, .. } | Error::UnknownReport { .. } => {
            Exception::Version
        }
        Error::Response { .. } | Error::Field { .. } => Exception::Data,
        Error::Library { .. } | Error::Random { .. } => Exception::Library,
    };
    // If that fails, for lack of memory, another exception is set.
    let _ = class(state, kind as usize).and_then(|class| {
        let exception = exception(state, class, error)?;
        // SAFETY: an exception type and an instance of it; neither is stolen.
        unsafe { ffi::PyErr_SetObject(class.as_ptr(), exception.as_ptr()) };
        Ok(())
    });
    Raised
}

/// Raises a ChronyClockError.
pub fn raise_clock_error(state: &State, message: &str, is_disrupted: bool) -> Raised {
    let status = if is_disrupted { INTERVAL_DISRUPTED } else { INTERVAL_UNKNOWN };
    raise_plain(state, Exception::Clock, message, None, |exception| {
        exception.set_attribute(c"status", &enums::member(state, &INTERVAL_STATUS, status.into())?)
    })
}

/// Raises a ChronyTimeoutError that chronyd did not cause.
pub fn raise_timeout(state: &State, message: &str) -> Raised {
    raise_plain(state, Exception::Timeout, message, Some(Code::Timeout), |_| Ok(()))
}

fn raise_plain(
    state: &State,
    kind: Exception,
    message: &str,
    code: Option<Code>,
    complete: impl FnOnce(&Owned) -> Result<()>,
) -> Raised {
    let raise = || -> Result<()> {
        let class = class(state, kind as usize)?;
        let code = code.map_or_else(|| Ok(none()), |code| enums::member(state, &ERROR_CODE, code as u64))?;
        let exception = class.call(&[&string(message)?, &code])?;
        complete(&exception)?;
        // SAFETY: an exception type and an instance of it; neither is stolen.
        unsafe { ffi::PyErr_SetObject(class.as_ptr(), exception.as_ptr()) };
        Ok(())
    };
    let _ = raise(); // when it fails, for lack of memory, another exception is set
    Raised
}

fn exception(state: &State, class: &Owned, error: &Error) -> Result<Owned> {
    let code = match error.code() {
        None => none(),
        Some(code) => enums::member(state, &ERROR_CODE, code as u64)?,
    };
    let exception = class.call(&[&string(&error.to_string())?, &code])?;
    if let Some(errno) = error.errno() {
        exception.set_attribute(c"errno", &signed(i64::from(errno))?)?;
    }
    Ok(exception)
}

/// Raises the ImportError that says why libchrony could not be loaded.
pub fn raise_load_error(error: &LoadError) -> Raised {
    let raise = || -> Result<()> {
        let message = string(&error.to_string())?;
        let name = string("pychrony")?;
        let path = error.path().map_or_else(|| Ok(none()), string)?;
        // SAFETY: live objects, none of them stolen. The function returns NULL, always with an exception set.
        unsafe { ffi::PyErr_SetImportError(message.as_ptr(), name.as_ptr(), path.as_ptr()) };
        Ok(())
    };
    let _ = raise(); // when it fails, another exception is set
    Raised
}
