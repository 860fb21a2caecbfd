//! Variables of the environment, which a process with raised privileges takes no orders from.

use std::ffi::{CStr, OsStr, OsString, c_char};
use std::os::unix::ffi::OsStrExt;

unsafe extern "C" {
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// A variable's value; None where it is unset or empty, or the process runs with raised privileges.
///
/// The caller holds the GIL, or is the only thread that runs: without it another thread may change the environment.
pub fn variable(name: &CStr) -> Option<OsString> {
    // SAFETY: the name is text; the result is NULL or text, copied before the caller lets other code run.
    let value = unsafe { secure_getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: as above.
    let value = OsStr::from_bytes(unsafe { CStr::from_ptr(value) }.to_bytes());
    (!value.is_empty()).then(|| value.to_owned())
}
