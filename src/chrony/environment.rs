//! The environment, which a process with raised privileges does not obey.

use std::ffi::{CStr, OsStr, OsString, c_char};
use std::os::unix::ffi::OsStrExt;

unsafe extern "C" {
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// Whether the process runs with raised privileges, as `secure_getenv()` sees it.
pub fn has_raised_privileges() -> bool {
    // SAFETY: it takes a number.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// A variable's value as C has it; None if it is unset or empty, or if the process runs with raised privileges. For what is
/// read once, at import: a thread that changes the environment at that very moment does what no C library allows.
pub fn variable(name: &CStr) -> Option<OsString> {
    // SAFETY: the name is text; the result is NULL or text, copied at once.
    let value = unsafe { secure_getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: as above.
    let value = OsStr::from_bytes(unsafe { CStr::from_ptr(value) }.to_bytes());
    (!value.is_empty()).then(|| value.to_owned())
}
