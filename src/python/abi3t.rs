//! The counterpart of `abi3.rs` for the stable ABI of free-threaded CPythons, from 3.15 on: the interpreter's own structs,
//! which differ with and without a GIL, are unknown here.

use std::ffi::{c_int, c_void};
use std::ptr;

use pyo3_ffi as ffi;
pub use pyo3_ffi::PyModule_GetState_DuringGC as state_during_gc;

use super::functions;
use super::module::{DOC, NAME, STATE_SIZE, clear, exec, free, traverse};
use super::object::Table;

type Object = *mut ffi::PyObject;

/// What it is compiled for. Its address is also the module's token.
static ABI: ffi::PyABIInfo = ffi::_PyABIInfo_DEFAULT;

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
    constant(ffi::Py_mod_name, NAME.as_ptr()),
    constant(ffi::Py_mod_doc, DOC.as_ptr()),
    constant(ffi::Py_mod_methods, functions::METHODS.as_ptr()),
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

pub unsafe fn is_ours(module: Object) -> bool {
    let mut token = ptr::null_mut();
    // SAFETY: a live object (the caller's promise); the token stays NULL where it is no module or has none.
    unsafe { ffi::PyModule_GetToken(module, &mut token) };
    token.cast_const() == (&raw const ABI).cast()
}

/// A size below zero is that of the data alone.
pub const fn basic_size<T>() -> c_int {
    -(size_of::<T>() as c_int)
}

/// Its specification is the type's token: what Py_TP_USE_SPEC, which is NULL, stands for.
pub const TOKEN_SLOT: ffi::PyType_Slot = ffi::PyType_Slot { slot: ffi::Py_tp_token, pfunc: ptr::null_mut() };

pub unsafe fn data<T>(object: Object, specification: *mut ffi::PyType_Spec) -> *mut T {
    let mut class = ptr::null_mut();
    // SAFETY: a live object, one of whose types was made of the specification (the caller's promise) and so has this token.
    // The reference to that type is given back: the object keeps it alive.
    unsafe {
        ffi::PyType_GetBaseByToken(ffi::Py_TYPE(object), specification.cast(), &mut class);
        let data = ffi::PyObject_GetTypeData(object, class);
        ffi::Py_DECREF(class.cast());
        data.cast()
    }
}

pub unsafe fn data_during_gc<T>(object: Object, specification: *mut ffi::PyType_Spec) -> *mut T {
    let mut class = ptr::null_mut();
    // SAFETY: as above, but the reference is borrowed, as nobody may count references meanwhile.
    unsafe {
        ffi::PyType_GetBaseByToken_DuringGC(ffi::Py_TYPE(object), specification.cast(), &mut class);
        ffi::PyObject_GetTypeData_DuringGC(object, class).cast()
    }
}
