//! The exception types; an error → the exception raised.

use std::ffi::CStr;
use std::ptr;

use pyo3_ffi as ffi;

use super::methods::{self, Method};
use super::module::State;
use super::object::{
    Entry, Owned, Raised, Result, check, entry, none, runtime_error, signed, string, tuple, value_error,
};
use crate::chrony::error::{Code, Error};
use crate::chrony::library::LoadError;
use crate::reports::enums::ERROR_CODE;

/// The exception types, in the order of `TYPES`.
pub struct Exceptions(Vec<Owned>);

/// A type's place in `TYPES`.
#[derive(Clone, Copy)]
enum Kind {
    Error,
    Connection,
    Timeout,
    Permission,
    Data,
    Version,
    Library,
}

struct Type {
    name: &'static CStr,
    doc: &'static CStr,
    /// Its base among these types, which stand before it.
    base: Option<Kind>,
    /// The exception of Python's that it also is.
    builtin: fn() -> *mut ffi::PyObject,
}

static TYPES: [Type; 7] = [
    Type {
        name: c"pychrony.ChronyError",
        doc: c"ChronyError(message, error_code=None)\n\n\
            The base of all pychrony's exceptions.\n\n\
            message: what was tried, on what, what came back, what can be done.\n\
            error_code: an ErrorCode, or None.\n\
            errno: the system's error number, where it gave one, else None.",
        base: None,
        // SAFETY: always live.
        builtin: || unsafe { ffi::PyExc_Exception },
    },
    Type {
        name: c"pychrony.ChronyConnectionError",
        doc: c"chronyd cannot be reached: the message names every address tried, and why it failed.\n\n\
            error_code: OPEN_FAILED, SEND_FAILED or RECV_FAILED, and errno, of the first address tried.",
        base: Some(Kind::Error),
        // SAFETY: always live.
        builtin: || unsafe { ffi::PyExc_ConnectionError },
    },
    Type {
        name: c"pychrony.ChronyTimeoutError",
        doc: c"chronyd was reached, or at least not refused, but did not answer in time. error_code: TIMEOUT.",
        base: Some(Kind::Connection),
        // SAFETY: always live.
        builtin: || unsafe { ffi::PyExc_TimeoutError },
    },
    Type {
        name: c"pychrony.ChronyPermissionError",
        doc: c"Not allowed: the system forbids the use of chronyd's Unix socket (errno EACCES or EPERM), or chronyd does\n\
            not give this report to this client (error_code UNAUTHORIZED).",
        base: Some(Kind::Error),
        // SAFETY: always live.
        builtin: || unsafe { ffi::PyExc_PermissionError },
    },
    Type {
        name: c"pychrony.ChronyDataError",
        doc: c"What chronyd sent is no valid report: a field is missing, of another type or out of its range (error_code\n\
            FIELD_MISSING, FIELD_TYPE, FIELD_RANGE), or the response is invalid (INVALID_RESPONSE, UNEXPECTED_STATUS,\n\
            DISABLED).",
        base: Some(Kind::Error),
        // SAFETY: always live.
        builtin: || unsafe { ffi::PyExc_ValueError },
    },
    Type {
        name: c"pychrony.ChronyVersionError",
        doc: c"chronyd is too old (error_code OLD_SERVER) or too new (NEW_SERVER) for this libchrony, or libchrony lacks the\n\
            report (UNKNOWN_REPORT).",
        base: Some(Kind::Error),
        // SAFETY: always live.
        builtin: || unsafe { ffi::PyExc_Exception },
    },
    Type {
        name: c"pychrony.ChronyLibraryError",
        doc: c"libchrony itself failed: error_code is its code, errno the system's reason where there is one.",
        base: Some(Kind::Error),
        // SAFETY: always live.
        builtin: || unsafe { ffi::PyExc_Exception },
    },
];

static INIT: Method =
    Method::with_keywords(c"__init__", init, c"__init__($self, /, message, error_code=None)\n--\n\nInitialize self.");

impl Exceptions {
    pub fn new() -> Result<Self> {
        let mut types = Vec::<Owned>::with_capacity(TYPES.len());
        for row in &TYPES {
            // SAFETY: always live.
            let builtin = unsafe { Owned::from_borrowed((row.builtin)()) };
            let bases = match row.base {
                None => tuple([Ok(builtin)].into_iter()),
                Some(base) if builtin.as_ptr() == (TYPES[0].builtin)() => {
                    tuple([Ok(types[base as usize].share())].into_iter())
                }
                Some(base) => tuple([Ok(types[base as usize].share()), Ok(builtin)].into_iter()),
            }?;
            // SAFETY: text and a tuple of types; a new reference or NULL.
            let class = unsafe {
                Owned::new(ffi::PyErr_NewExceptionWithDoc(
                    row.name.as_ptr(),
                    row.doc.as_ptr(),
                    bases.as_ptr(),
                    ptr::null_mut(),
                ))
            }?;
            if row.base.is_none() {
                methods::add(&class, &INIT)?;
            }
            types.push(class);
        }
        Ok(Self(types))
    }

    /// The types, each with its name in the module.
    pub fn named(&self) -> impl Iterator<Item = (&'static CStr, &Owned)> {
        TYPES.iter().map(|row| row.name).zip(&self.0)
    }
}

/// `__init__` of all the types. `args` is `(message,)`, and all else is in `__dict__`: so they can be copied and pickled.
unsafe extern "C" fn init(
    exception: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> <Owned as Entry>::Raw {
    entry(|| {
        let none = none();
        let (mut message, mut code) = (ptr::null_mut(), none.as_ptr());
        let names = [c"message".as_ptr(), c"error_code".as_ptr(), ptr::null()];
        // SAFETY: the interpreter's arguments; two names, two `O`.
        unsafe {
            methods::parse(
                arguments,
                keywords,
                c"O|O:ChronyError",
                &names,
                [&raw mut message, &raw mut code, ptr::null_mut()],
            )?;
        }
        // SAFETY: live during the call.
        let (exception, message, code) =
            unsafe { (Owned::from_borrowed(exception), Owned::from_borrowed(message), Owned::from_borrowed(code)) };
        exception.set_attribute(c"args", &tuple([Ok(message.share())].into_iter())?)?;
        exception.set_attribute(c"message", &message)?;
        exception.set_attribute(c"error_code", &code)?;
        set_errno(&exception, &none)?;
        Ok(none)
    })
}

/// Sets `errno`: OSErrors have a place of their own for it, which pickling forgets; `__dict__` it remembers.
fn set_errno(exception: &Owned, errno: &Owned) -> Result<()> {
    exception.set_attribute(c"errno", errno)?;
    let attributes = exception.attribute(c"__dict__")?;
    // SAFETY: a dictionary, text and a live object, which is not stolen.
    check(unsafe { ffi::PyDict_SetItemString(attributes.as_ptr(), c"errno".as_ptr(), errno.as_ptr()) })
}

/// Raises an error as the exception it is.
pub fn raise(state: &State, error: &Error) -> Raised {
    let kind = match error {
        Error::Interrupted => return Raised, // by a signal handler, which set its own
        Error::Address { .. } | Error::UnknownName { .. } => return value_error(&error.to_string()),
        Error::Misuse(_) => return runtime_error(&error.to_string()),
        Error::Unreachable { .. } => Kind::Connection,
        Error::Timeout { .. } | Error::Busy { .. } => Kind::Timeout,
        Error::Denied { .. } | Error::Unauthorized { .. } => Kind::Permission,
        Error::Answer { code: Code::OldServer | Code::NewServer, .. } | Error::UnknownReport { .. } => Kind::Version,
        Error::Answer { .. } | Error::Field { .. } => Kind::Data,
        Error::Library { .. } => Kind::Library,
    };
    let class = &state.exceptions.0[kind as usize];
    // Where that fails, for want of memory, another exception is set.
    if let Ok(exception) = exception(state, class, error) {
        // SAFETY: an exception type and an instance of it; neither is stolen.
        unsafe { ffi::PyErr_SetObject(class.as_ptr(), exception.as_ptr()) };
    }
    Raised
}

fn exception(state: &State, class: &Owned, error: &Error) -> Result<Owned> {
    let code = match error.code() {
        None => none(),
        Some(code) if ERROR_CODE.members.iter().any(|&(_, member)| i64::from(member) == i64::from(code)) => {
            state.enumeration(&ERROR_CODE)?.member(code as u64)?
        }
        Some(code) => signed(i64::from(code))?, // a newer libchrony's
    };
    let exception = class.call(&[&string(&error.to_string())?, &code])?;
    if let Some(errno) = error.errno() {
        set_errno(&exception, &signed(i64::from(errno))?)?;
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
