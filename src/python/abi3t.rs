//! The counterpart of `abi3.rs` for the stable ABI of free-threaded CPythons, from 3.15 on: the interpreter's own structs,
//! which differ with and without a GIL, are unknown here.

use std::ffi::{c_char, c_int};
use std::ptr;

use pyo3_ffi as ffi;
pub use pyo3_ffi::PyModule_GetState_DuringGC as state_during_gc;

use super::object::{Owned, Result, runtime_error};

type Object = *mut ffi::PyObject;

pub const NAME: *const c_char = c"pychrony".as_ptr();

/// What it is compiled for. Its address is also the module's token.
pub static ABI: ffi::PyABIInfo = ffi::_PyABIInfo_DEFAULT;

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

/// The type's token is its specification, which is what Py_TP_USE_SPEC, a NULL, stands for.
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

/// Only `abi3.rs` needs to know.
pub fn set_beginning_of_items(_: ffi::Py_ssize_t) {}

/// CPython alone can make one here, and takes the numbers from the type's attributes, which any code may set.
pub unsafe fn new_struct_sequence(
    class: *mut ffi::PyTypeObject,
    fields: ffi::Py_ssize_t,
    items: ffi::Py_ssize_t,
) -> Result<Owned> {
    // SAFETY: a live type of struct sequences (the caller's promise); new references or NULL.
    unsafe {
        let number = |name| Ok(ffi::PyLong_AsSsize_t(Owned::from_borrowed(class.cast()).attribute(name)?.as_ptr()));
        if (number(c"n_fields")?, number(c"n_sequence_fields")?) != (fields, items) {
            ffi::PyErr_Clear();
            return Err(runtime_error("n_fields or n_sequence_fields of a type of pychrony was changed"));
        }
        Owned::new(ffi::PyStructSequence_New(class))
    }
}
