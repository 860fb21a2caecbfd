//! The arguments that all functions share: where to ask, and how long to wait.

use std::borrow::Cow;
use std::ffi::CStr;
use std::time::Duration;

use pyo3_ffi as ffi;

use super::method::Parameters;
use super::object::{Owned, Raised, Result, bytes, imported, string, type_error, value_error};
use crate::chrony::address::{Address, Candidates, default_candidates};
use crate::chrony::environment::has_raised_privileges;

type Object = *mut ffi::PyObject;

/// The time for a whole call, if no timeout is given.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

/// The parameters of a function that asks for a report, by its name.
pub const fn parameters(function: &'static CStr) -> Parameters<2> {
    Parameters { function, names: [c"address", c"timeout"], positional: 1, required: 0 }
}

/// Where to ask: at the address that was given, if one was.
pub struct Target(pub Option<Address>);

impl Target {
    /// The argument `address`; NULL and None mean that none was given.
    ///
    /// # Safety
    /// `object` must be NULL or live.
    pub unsafe fn parse(object: Object) -> Result<Self> {
        if is_missing(object) {
            return Ok(Self(None));
        }
        // SAFETY: a live object; the results are new references or NULL.
        let encoded = unsafe {
            let path = Owned::new(ffi::PyOS_FSPath(object))?;
            if ffi::PyUnicode_Check(path.as_ptr()) == 0 {
                return Err(type_error("address must be a str, an os.PathLike of str, or None"));
            }
            Owned::new(ffi::PyUnicode_EncodeFSDefault(path.as_ptr()))?
        };
        Self::of(bytes(&encoded)?)
    }

    /// An address as text.
    pub fn of(text: &[u8]) -> Result<Self> {
        Address::parse(text).map(|address| Self(Some(address))).map_err(|error| value_error(&error.to_string()))
    }

    /// What to try.
    pub fn candidates(&self) -> Result<Candidates> {
        if let Some(address) = &self.0 {
            return Ok(Cow::Owned(vec![address.clone()]));
        }
        let variable = environment_variable()?;
        let variable = variable.as_ref().map(bytes).transpose()?;
        default_candidates(variable).map_err(|error| value_error(&error.to_string()))
    }
}

/// PYCHRONY_ADDRESS, if it is set and the process may obey the environment. It is read from Python's own
/// `os.environ`: another interpreter may change C's environment meanwhile, and without a GIL so may any thread.
fn environment_variable() -> Result<Option<Owned>> {
    if has_raised_privileges() {
        return Ok(None);
    }
    let Some(os) = imported(c"os")? else { return Ok(None) }; // Python is being started, or shut down
    let value = os.attribute(c"environ")?.attribute(c"get")?.call(&[&string("PYCHRONY_ADDRESS")?])?;
    // SAFETY: a live object; None is always live; a new reference or NULL, with an exception where it is no str.
    unsafe {
        if value.as_ptr() == ffi::Py_None() {
            return Ok(None);
        }
        Owned::new(ffi::PyUnicode_EncodeFSDefault(value.as_ptr())).map(Some)
    }
}

/// The argument `timeout`: NULL is the default, None is for ever.
///
/// # Safety
/// `object` must be NULL or live.
pub unsafe fn parse_timeout(object: Object) -> Result<Option<Duration>> {
    if object.is_null() {
        return Ok(Some(DEFAULT_TIMEOUT));
    }
    if is_missing(object) {
        return Ok(None);
    }
    // SAFETY: a live object; −1.0 may also say that an exception is set.
    let seconds = unsafe { ffi::PyFloat_AsDouble(object) };
    // SAFETY: only looks at and clears the thread's error indicator.
    unsafe {
        if seconds == -1.0 && !ffi::PyErr_Occurred().is_null() {
            if ffi::PyErr_ExceptionMatches(ffi::PyExc_OverflowError) == 0 {
                return Err(Raised);
            }
            ffi::PyErr_Clear();
        }
    }
    duration(seconds)
}

/// A timeout of this many seconds. One too long for a Duration is for ever; one shorter than a nanosecond is a nanosecond.
pub fn duration(seconds: f64) -> Result<Option<Duration>> {
    if !(seconds > 0.0 && seconds.is_finite()) {
        return Err(value_error("timeout must be a finite number of seconds greater than 0, or None to wait for ever"));
    }
    Ok(Duration::try_from_secs_f64(seconds).ok().map(|timeout| timeout.max(Duration::from_nanos(1))))
}

/// A report's name as text.
///
/// # Safety
/// `name` must be a live object.
pub unsafe fn report_name(name: Object) -> Result<String> {
    // SAFETY: a live object.
    unsafe {
        if ffi::PyUnicode_Check(name) == 0 {
            return Err(type_error("a report's name must be a str"));
        }
        Owned::from_borrowed(name).to_text()
    }
}

fn is_missing(object: Object) -> bool {
    // SAFETY: None is always live.
    object.is_null() || object == unsafe { ffi::Py_None() }
}
