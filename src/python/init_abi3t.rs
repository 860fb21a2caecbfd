//! The counterpart of `init_abi3.rs` for the stable ABI of free-threaded CPythons, from 3.15 on.

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

use super::abi::{ABI, NAME};
use super::module::{DOC, METHODS, STATE_SIZE, clear, exec, free, traverse};
use super::object::Table;

const fn constant<T>(slot: c_int, value: *const T) -> ffi::PySlot {
    ffi::PySlot_STATIC_DATA(slot, value.cast_mut().cast())
}

const fn function(slot: c_int, value: *mut c_void) -> ffi::PySlot {
    // SAFETY: every value below is a function.
    unsafe { ffi::PySlot_FUNC(slot, value) }
}

static SLOTS: Table<ffi::PySlot, 13> = Table([
    constant(ffi::Py_mod_abi, &raw const ABI),
    constant(ffi::Py_mod_token, &raw const ABI),
    constant(ffi::Py_mod_name, NAME),
    constant(ffi::Py_mod_doc, DOC.as_ptr()),
    constant(ffi::Py_mod_methods, METHODS.as_ptr()),
    ffi::PySlot_SIZE(ffi::Py_mod_state_size, STATE_SIZE),
    function(ffi::Py_mod_state_traverse, traverse as *mut c_void),
    function(ffi::Py_mod_state_clear, clear as *mut c_void),
    function(ffi::Py_mod_state_free, free as *mut c_void),
    function(ffi::Py_mod_exec, exec as *mut c_void),
    ffi::PySlot_DATA(ffi::Py_mod_multiple_interpreters, ffi::Py_MOD_PER_INTERPRETER_GIL_SUPPORTED),
    ffi::PySlot_DATA(ffi::Py_mod_gil, ffi::Py_MOD_GIL_NOT_USED),
    ffi::PySlot_END(),
]);

/// The export hook, by which `import` finds the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyModExport_pychrony() -> *mut ffi::PySlot {
    SLOTS.as_ptr()
}
