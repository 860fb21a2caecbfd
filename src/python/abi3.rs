//! What the compiler must know of the interpreter's own structs: how to tell a module of ours, and where our part of an object
//! lies. `abi3t.rs` does the same for the free-threaded stable ABI, which shows no struct.

use std::ffi::{c_char, c_int};
use std::sync::atomic::{AtomicIsize, Ordering};

use pyo3_ffi as ffi;
/// Finds a module's state for the garbage collector.
pub use pyo3_ffi::PyModule_GetState as state_during_gc;

use super::object::{Owned, Result};

type Object = *mut ffi::PyObject;

/// The module's name, by whose address a definition of ours is recognised. It is a static, because a literal may be in a
/// library more than once.
pub const NAME: *const c_char = (&raw const TEXT).cast();
static TEXT: [u8; 9] = *b"pychrony\0";

/// Whether an object is a module of ours. If not, an exception may be set.
///
/// # Safety
/// `module` must be a live object.
pub unsafe fn is_ours(module: Object) -> bool {
    // SAFETY: a live object; NULL where it is no module, with an exception set, or one without definition. A definition lives
    // as long as its module.
    unsafe {
        let definition = ffi::PyModule_GetDef(module);
        !definition.is_null() && (*definition).m_name == NAME
    }
}

/// An object with data of ours.
#[repr(C)]
struct Layout<T> {
    head: ffi::PyObject,
    data: T,
}

/// What a type's specification says of the size of its objects.
pub const fn basic_size<T>() -> c_int {
    size_of::<Layout<T>>() as c_int
}

/// No slot: the data is found without the type.
pub const TOKEN_SLOT: ffi::PyType_Slot = ffi::PyType_Slot { slot: 0, pfunc: std::ptr::null_mut() };

/// Our data in an object of a type that was made from this specification.
///
/// # Safety
/// `object` must be a live object of that type, or of a type that inherits from it, with data of this kind.
pub unsafe fn data<T>(object: Object, _: *mut ffi::PyType_Spec) -> *mut T {
    // SAFETY: the object has this layout (the caller's promise).
    unsafe { &raw mut (*object.cast::<Layout<T>>()).data }
}

/// The same for the garbage collector.
pub use data as data_during_gc;

/// Where a tuple's items begin. From CPython 3.14 on, its hash stands before them, and is −1 until it is known.
static ITEMS_BEGIN: AtomicIsize = AtomicIsize::new(size_of::<ffi::PyVarObject>() as isize);

/// Where the items of struct sequences begin, which one of their types tells.
pub fn set_beginning_of_items(offset: ffi::Py_ssize_t) {
    ITEMS_BEGIN.store(offset, Ordering::Relaxed);
}

/// Makes a struct sequence, whose fields are NULL: see sequence.rs.
///
/// # Safety
/// `class` must be a type of struct sequences with this many fields, of which the first are items.
pub unsafe fn new_struct_sequence(
    class: *mut ffi::PyTypeObject,
    fields: ffi::Py_ssize_t,
    items: ffi::Py_ssize_t,
) -> Result<Owned> {
    // SAFETY: the type is a tuple's, so the object has room for all fields, zeroed. The collector has not seen it yet. Its size
    // is that of its items. A type was made, so that it is known whether there is a hash before them.
    unsafe {
        let object = Owned::new(ffi::PyType_GenericAlloc(class, fields))?;
        ffi::PyObject_GC_UnTrack(object.as_ptr().cast());
        let head = object.as_ptr().cast::<ffi::PyVarObject>();
        (*head).ob_size = items;
        if ITEMS_BEGIN.load(Ordering::Relaxed) > size_of::<ffi::PyVarObject>() as isize {
            *head.add(1).cast::<ffi::Py_hash_t>() = -1;
        }
        Ok(object)
    }
}
