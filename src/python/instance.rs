//! Objects with data of ours: what each of their types needs to make, visit and free them.

use std::ffi::{CStr, c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr;

use pyo3_ffi as ffi;

use super::abi;
use super::object::{Owned, Result, entry};
use super::state::State;

type Object = *mut ffi::PyObject;

/// The data of a type's objects.
pub trait Data: Sized {
    /// The data of an object that is being made.
    fn new() -> Self;

    /// The object is being freed.
    fn finish(&mut self) {}

    /// An object that the data refers to, for the garbage collector.
    fn reference(&self) -> Option<Object> {
        None
    }

    /// What the type was made from.
    fn specification() -> *mut ffi::PyType_Spec;
}

/// Our part of an object.
pub struct Instance<T> {
    /// The module, a strong reference: it keeps the state alive. Only `tp_clear` and `tp_dealloc` take it away.
    module: Object,
    data: ManuallyDrop<T>,
}

/// The type's attribute that leads to the module. No class statement can define one of this name.
const MODULE: &CStr = c"_pychrony.module";

/// Makes a type, whose objects will lead to the module's state.
///
/// # Safety
/// The specification's names, docstrings, functions and tables must be static, and its size and functions those of `T`.
pub unsafe fn new_type<T: Data>(module: &Owned) -> Result<Owned> {
    // SAFETY: as the caller promises.
    let class = unsafe { Owned::new(ffi::PyType_FromSpec(T::specification())) }?;
    class.set_attribute(MODULE, module)?;
    Ok(class)
}

/// What a specification says of the size of the objects.
pub const fn basic_size<T>() -> c_int {
    abi::basic_size::<Instance<T>>()
}

/// # Safety
/// `object` must be of a type with this data, and in memory that the interpreter allocated.
unsafe fn place<T: Data>(object: Object) -> *mut Instance<T> {
    // SAFETY: as the caller promises.
    unsafe { abi::data(object, T::specification()) }
}

/// An object's data, and the state of its module.
///
/// # Safety
/// `object` must be a live object of a type with this data.
pub unsafe fn parts<'a, T: Data>(object: Object) -> (&'a T, Result<&'a State>) {
    // SAFETY: as the caller promises; the instance lives during the call that it was passed to.
    unsafe {
        let instance = place::<T>(object);
        (&(*instance).data, State::of((*instance).module))
    }
}

/// `tp_new`: the arguments are for `__init__`.
pub unsafe extern "C" fn new<T: Data>(class: *mut ffi::PyTypeObject, _: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: a live type, so an object.
        let module = unsafe { Owned::from_borrowed(class.cast()) }.attribute(MODULE)?;
        State::of_checked(module.as_ptr())?; // setattr() takes any name
        // SAFETY: a heap type, whose `tp_alloc` returns a zeroed instance that holds a reference to the type. The garbage
        // collector sees it from now on, but no code runs before it is complete.
        unsafe {
            let allocate: ffi::allocfunc = std::mem::transmute(ffi::PyType_GetSlot(class, ffi::Py_tp_alloc));
            let object = Owned::new(allocate(class, 0))?;
            let instance = place::<T>(object.as_ptr());
            (&raw mut (*instance).data).write(ManuallyDrop::new(T::new()));
            (*instance).module = module.into_ptr();
            Ok(object)
        }
    })
}

/// `tp_dealloc`.
pub unsafe extern "C" fn dealloc<T: Data>(object: Object) {
    let freed = entry(|| {
        // SAFETY: the object is being deallocated: nobody else has it, and it is dropped just once.
        unsafe {
            ffi::PyObject_GC_UnTrack(object.cast());
            let instance = place::<T>(object);
            let mut data = ManuallyDrop::take(&mut (*instance).data);
            data.finish();
            drop(data);
            ffi::Py_XDECREF((*instance).module);
            let class = ffi::Py_TYPE(object);
            let free: ffi::freefunc = std::mem::transmute(ffi::PyType_GetSlot(class, ffi::Py_tp_free));
            free(object.cast());
            ffi::Py_DECREF(class.cast());
        }
        Ok(())
    });
    debug_assert_eq!(freed, 0);
}

/// `tp_traverse`.
pub unsafe extern "C" fn traverse<T: Data>(object: Object, visit: ffi::visitproc, argument: *mut c_void) -> c_int {
    // SAFETY: a live instance: its type (a heap type) and the module are what it refers to.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let instance = abi::data_during_gc::<Instance<T>>(object, T::specification());
        let module = (*instance).module;
        // Without a module it is not complete yet, or torn down already.
        let reference = if module.is_null() { None } else { (*instance).data.reference() };
        for referred in [class.cast(), module].into_iter().chain(reference).filter(|referred| !referred.is_null()) {
            let stop = visit(referred, argument);
            if stop != 0 {
                return stop;
            }
        }
        0
    }
}

/// `tp_clear`.
pub unsafe extern "C" fn clear<T: Data>(object: Object) -> c_int {
    // SAFETY: a live instance; the reference is taken away before it is released.
    unsafe {
        let module = ptr::replace(&raw mut (*place::<T>(object)).module, ptr::null_mut());
        ffi::Py_XDECREF(module);
    }
    0
}
