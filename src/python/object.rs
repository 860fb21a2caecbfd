//! Owned references, the GIL, and the few other wrappers that keep `unsafe` small.

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};

use pyo3_ffi as ffi;

use crate::chrony::wait::Caller;

/// A Python exception is set: the thread's error indicator has the rest.
#[derive(Debug)]
pub struct Raised;

pub type Result<T> = std::result::Result<T, Raised>;

/// A strong reference. It is made and dropped only while the thread is attached to the interpreter (holds its GIL).
#[repr(transparent)]
pub struct Owned(NonNull<ffi::PyObject>);

impl Owned {
    /// Takes over the reference that a C function returned; NULL means that it raised.
    ///
    /// # Safety
    /// `new` must be NULL with an exception set, or a strong reference that nobody else will release.
    pub unsafe fn new(new: *mut ffi::PyObject) -> Result<Self> {
        NonNull::new(new).map(Self).ok_or(Raised)
    }

    /// Makes a strong reference from a borrowed one.
    ///
    /// # Safety
    /// `borrowed` must point to a live object.
    pub unsafe fn from_borrowed(borrowed: *mut ffi::PyObject) -> Self {
        // SAFETY: a live object (the caller's promise), so not NULL.
        unsafe {
            ffi::Py_INCREF(borrowed);
            Self(NonNull::new_unchecked(borrowed))
        }
    }

    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    pub fn is_none(&self) -> bool {
        // SAFETY: None is always live.
        self.as_ptr() == unsafe { ffi::Py_None() }
    }

    /// Gives the reference away: to the interpreter as a result, or to a function that steals it.
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        let pointer = self.0.as_ptr();
        std::mem::forget(self);
        pointer
    }

    pub fn attribute(&self, name: &CStr) -> Result<Self> {
        // SAFETY: a live object and text; the result is a new reference.
        unsafe { Self::new(ffi::PyObject_GetAttrString(self.as_ptr(), name.as_ptr())) }
    }

    pub fn set_attribute(&self, name: &CStr, value: &Self) -> Result<()> {
        // SAFETY: live objects and text; the value is not stolen.
        check(unsafe { ffi::PyObject_SetAttrString(self.as_ptr(), name.as_ptr(), value.as_ptr()) })
    }

    /// Calls it with positional arguments.
    pub fn call(&self, arguments: &[&Self]) -> Result<Self> {
        let arguments = tuple(arguments.iter().map(|argument| Ok(argument.share())))?;
        // SAFETY: live objects; the result is a new reference.
        unsafe { Self::new(ffi::PyObject_Call(self.as_ptr(), arguments.as_ptr(), ptr::null_mut())) }
    }

    /// The text of a string.
    pub fn to_text(&self) -> Result<String> {
        // SAFETY: a live object; a new reference, or NULL with an exception set.
        let encoded = unsafe { Self::new(ffi::PyUnicode_AsUTF8String(self.as_ptr())) }?;
        Ok(String::from_utf8_lossy(bytes(&encoded)?).into_owned())
    }

    /// Sets an item of a dictionary, by the method of its own type.
    pub fn set_item(&self, name: &CStr, value: &Self) -> Result<()> {
        // SAFETY: live objects and text; the value is not stolen.
        check(unsafe { ffi::PyMapping_SetItemString(self.as_ptr(), name.as_ptr(), value.as_ptr()) })
    }

    /// An item of a dictionary.
    pub fn item_named(&self, name: &CStr) -> Result<Self> {
        // SAFETY: a live object and text; a new reference or NULL.
        unsafe { Self::new(ffi::PyMapping_GetItemString(self.as_ptr(), name.as_ptr())) }
    }

    /// Puts all items of another dictionary into this one.
    pub fn update(&self, other: &Self) -> Result<()> {
        // SAFETY: live objects.
        check(unsafe { ffi::PyDict_Update(self.as_ptr(), other.as_ptr()) })
    }

    /// How many items a sequence has.
    pub fn length(&self) -> Result<ffi::Py_ssize_t> {
        // SAFETY: a live object.
        let length = unsafe { ffi::PySequence_Size(self.as_ptr()) };
        if length < 0 { Err(Raised) } else { Ok(length) }
    }

    /// An item of a sequence.
    pub fn item(&self, index: ffi::Py_ssize_t) -> Result<Self> {
        // SAFETY: a live object; a new reference or NULL.
        unsafe { Self::new(ffi::PySequence_GetItem(self.as_ptr(), index)) }
    }

    /// A further strong reference to the same object.
    pub fn share(&self) -> Self {
        // SAFETY: the object is live as long as `self` is.
        unsafe { Self::from_borrowed(self.as_ptr()) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and the thread is attached (see the type).
        unsafe { ffi::Py_DECREF(self.as_ptr()) };
    }
}

/// Runs the signal handlers that are due.
pub fn check_signals() -> Result<()> {
    // SAFETY: the thread is attached.
    check(unsafe { ffi::PyErr_CheckSignals() })
}

/// Turns a C function's status into a result.
pub fn check(status: std::ffi::c_int) -> Result<()> {
    if status < 0 { Err(Raised) } else { Ok(()) }
}

pub fn none() -> Owned {
    // SAFETY: None is always live.
    unsafe { Owned::from_borrowed(ffi::Py_None()) }
}

pub fn boolean(value: bool) -> Owned {
    // SAFETY: True and False are always live.
    unsafe { Owned::from_borrowed(if value { ffi::Py_True() } else { ffi::Py_False() }) }
}

pub fn unsigned(value: u64) -> Result<Owned> {
    // SAFETY: a new reference, or NULL with an exception set.
    unsafe { Owned::new(ffi::PyLong_FromUnsignedLongLong(value)) }
}

pub fn signed(value: i64) -> Result<Owned> {
    // SAFETY: a new reference, or NULL with an exception set.
    unsafe { Owned::new(ffi::PyLong_FromLongLong(value)) }
}

pub fn float(value: f64) -> Result<Owned> {
    // SAFETY: a new reference, or NULL with an exception set.
    unsafe { Owned::new(ffi::PyFloat_FromDouble(value)) }
}

pub fn string(text: &str) -> Result<Owned> {
    // SAFETY: UTF-8 of that length (no text of ours nears the limit of isize); a new reference or NULL.
    unsafe { Owned::new(ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t)) }
}

/// A string of file-system bytes, as `os.fsdecode` makes it.
pub fn path(bytes: &[u8]) -> Result<Owned> {
    // SAFETY: bytes of that length; a new reference or NULL.
    unsafe { Owned::new(ffi::PyUnicode_DecodeFSDefaultAndSize(bytes.as_ptr().cast(), bytes.len() as ffi::Py_ssize_t)) }
}

/// Whether an object is a string that reads like this ASCII text.
///
/// # Safety
/// The object must be live.
pub unsafe fn reads(object: *mut ffi::PyObject, text: &CStr) -> bool {
    // SAFETY: the function takes a string, as the check before it says, and ASCII text.
    unsafe { ffi::PyUnicode_Check(object) != 0 && ffi::PyUnicode_CompareWithASCIIString(object, text.as_ptr()) == 0 }
}

/// The contents of a bytes object.
pub fn bytes(object: &Owned) -> Result<&[u8]> {
    let (mut start, mut length) = (ptr::null_mut(), 0);
    // SAFETY: a live object; the function checks that it is a bytes object.
    check(unsafe { ffi::PyBytes_AsStringAndSize(object.as_ptr(), &mut start, &mut length) })?;
    // SAFETY: the contents have this length and live, unchanged, as long as the object.
    Ok(unsafe { std::slice::from_raw_parts(start.cast(), length as usize) })
}

pub fn tuple(items: impl ExactSizeIterator<Item = Result<Owned>>) -> Result<Owned> {
    // SAFETY: a new reference or NULL.
    let tuple = unsafe { Owned::new(ffi::PyTuple_New(items.len() as ffi::Py_ssize_t)) }?;
    for (index, item) in items.enumerate() {
        // SAFETY: the tuple is new and not shared yet, and has room for the item, which it steals.
        check(unsafe { ffi::PyTuple_SetItem(tuple.as_ptr(), index as ffi::Py_ssize_t, item?.into_ptr()) })?;
    }
    Ok(tuple)
}

pub fn list(items: impl ExactSizeIterator<Item = Result<Owned>>) -> Result<Owned> {
    // SAFETY: a new reference or NULL.
    let list = unsafe { Owned::new(ffi::PyList_New(items.len() as ffi::Py_ssize_t)) }?;
    for (index, item) in items.enumerate() {
        // SAFETY: the list is new and not shared yet, and has room for the item, which it steals.
        check(unsafe { ffi::PyList_SetItem(list.as_ptr(), index as ffi::Py_ssize_t, item?.into_ptr()) })?;
    }
    Ok(list)
}

/// A dictionary of these names and values.
pub fn dictionary<'n>(items: impl Iterator<Item = (&'n CStr, Result<Owned>)>) -> Result<Owned> {
    // SAFETY: a new reference or NULL.
    let dictionary = unsafe { Owned::new(ffi::PyDict_New()) }?;
    for (name, value) in items {
        dictionary.set_item(name, &value?)?;
    }
    Ok(dictionary)
}

/// Raises an exception of one of Python's own types.
///
/// # Safety
/// `kind` must be an exception type.
unsafe fn raise(kind: *mut ffi::PyObject, message: &str) -> Raised {
    if let Ok(message) = string(message) {
        // SAFETY: an exception type (the caller's promise) and a live string; neither is stolen.
        unsafe { ffi::PyErr_SetObject(kind, message.as_ptr()) };
    }
    Raised
}

pub fn value_error(message: &str) -> Raised {
    // SAFETY: an exception type.
    unsafe { raise(ffi::PyExc_ValueError, message) }
}

pub fn type_error(message: &str) -> Raised {
    // SAFETY: an exception type.
    unsafe { raise(ffi::PyExc_TypeError, message) }
}

pub fn runtime_error(message: &str) -> Raised {
    // SAFETY: an exception type.
    unsafe { raise(ffi::PyExc_RuntimeError, message) }
}

pub fn import(name: &CStr) -> Result<Owned> {
    // SAFETY: text; a new reference or NULL.
    unsafe { Owned::new(ffi::PyImport_ImportModule(name.as_ptr())) }
}

/// A module, if it was imported already.
pub fn imported(name: &CStr) -> Result<Option<Owned>> {
    let name = string(&name.to_string_lossy())?;
    // SAFETY: a live string; a new reference, or NULL with or without an exception.
    unsafe {
        let module = ffi::PyImport_GetModule(name.as_ptr());
        if module.is_null() && !ffi::PyErr_Occurred().is_null() {
            return Err(Raised);
        }
        Ok(Owned::new(module).ok())
    }
}

/// The way in from the interpreter: no panic gets past it.
pub fn entry<T: Entry>(body: impl FnOnce() -> Result<T>) -> T::Raw {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value.into_raw(),
        Ok(Err(Raised)) => {
            // CPython 3.11 to 3.13 fail without an exception if they have no memory for the name of a type.
            // SAFETY: the thread is attached.
            unsafe {
                if ffi::PyErr_Occurred().is_null() {
                    ffi::PyErr_NoMemory();
                }
            }
            T::RAISED
        }
        Err(_) => {
            const MESSAGE: *const c_char = c"pychrony panicked: this is a bug in pychrony".as_ptr();
            // SAFETY: the thread is attached: what detaches it attaches it again when it is dropped.
            unsafe { ffi::PyErr_SetString(ffi::PyExc_SystemError, MESSAGE) };
            T::RAISED
        }
    }
}

/// What an entry point hands to the interpreter.
pub trait Entry {
    type Raw;
    /// The value that says that an exception is set.
    const RAISED: Self::Raw;
    fn into_raw(self) -> Self::Raw;
}

impl Entry for Owned {
    type Raw = *mut ffi::PyObject;
    const RAISED: Self::Raw = ptr::null_mut();
    fn into_raw(self) -> Self::Raw {
        self.into_ptr()
    }
}

impl Entry for () {
    type Raw = std::ffi::c_int;
    const RAISED: Self::Raw = -1;
    fn into_raw(self) -> Self::Raw {
        0
    }
}

/// The thread is detached from the interpreter (does not hold its GIL) as long as this lives: other threads run in the meantime,
/// and nothing that belongs to Python may be touched.
pub struct Detached(*mut ffi::PyThreadState);

impl Detached {
    pub fn new() -> Self {
        // SAFETY: every entry point is called by an attached thread.
        Self(unsafe { ffi::PyEval_SaveThread() })
    }
}

impl Caller for Detached {
    /// Attaches for as long as it takes to run them.
    fn handle_signals(&mut self) -> bool {
        // SAFETY: the state is this thread's own, and detached; afterwards it is detached again.
        unsafe {
            ffi::PyEval_RestoreThread(self.0);
            let handled = ffi::PyErr_CheckSignals() == 0;
            self.0 = ffi::PyEval_SaveThread();
            handled
        }
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        // SAFETY: the state is this thread's own, and detached.
        unsafe { ffi::PyEval_RestoreThread(self.0) };
    }
}

/// A table of C structs that the interpreter reads, the last of them all zeros. It may be shared: nobody writes to it.
#[repr(transparent)]
pub struct Table<T, const N: usize>(pub [T; N]);

// SAFETY: the structs hold pointers to constant data and to functions, and are never changed.
unsafe impl<T, const N: usize> Sync for Table<T, N> {}

impl<T, const N: usize> Table<T, N> {
    pub const fn as_ptr(&self) -> *mut T {
        self.0.as_ptr().cast_mut()
    }
}
