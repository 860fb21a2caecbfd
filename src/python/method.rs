//! Definitions of functions and methods, and the binding of their arguments to names.

use std::ffi::{CStr, c_int};
use std::ptr;

use pyo3_ffi as ffi;

use super::object::{Owned, Result, reads, type_error};

type Object = *mut ffi::PyObject;

/// A function with arguments: `self`, an array of arguments, how many of them are positional, the names of the others.
pub type FastFunction = unsafe extern "C" fn(Object, *const Object, ffi::Py_ssize_t, Object) -> Object;

/// METH_FASTCALL | METH_KEYWORDS. The limited API has the first from 3.10 on; CPython 3.9 documents it and supports it.
const FAST: c_int = 0x0080 | ffi::METH_KEYWORDS;

/// The definition of a function or method.
#[repr(transparent)]
pub struct Method(ffi::PyMethodDef);

// SAFETY: a definition holds pointers to constant text and to a function, and is never changed.
unsafe impl Sync for Method {}

impl Method {
    pub const fn without_arguments(
        name: &'static CStr,
        function: unsafe extern "C" fn(Object, Object) -> Object,
        doc: &'static CStr,
    ) -> Self {
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: doc.as_ptr(),
        })
    }

    pub const fn with_one_argument(
        name: &'static CStr,
        function: unsafe extern "C" fn(Object, Object) -> Object,
        doc: &'static CStr,
    ) -> Self {
        Self(ffi::PyMethodDef { ml_flags: ffi::METH_O, ..Self::without_arguments(name, function, doc).0 })
    }

    pub const fn with_arguments(name: &'static CStr, function: FastFunction, doc: &'static CStr) -> Self {
        // SAFETY: pointers to functions are of one size, and the flags tell the interpreter which type this one has.
        let function = unsafe { std::mem::transmute::<FastFunction, ffi::PyCFunctionWithKeywords>(function) };
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionWithKeywords: function },
            ml_flags: FAST,
            ml_doc: doc.as_ptr(),
        })
    }

    /// The entry that ends a table.
    pub const fn end() -> Self {
        Self(ffi::PyMethodDef::zeroed())
    }

    /// The same definition, for a larger table.
    pub const fn copy(&self) -> Self {
        Self(self.0)
    }

    const fn as_ptr(&self) -> *mut ffi::PyMethodDef {
        (&raw const self.0).cast_mut()
    }

    pub fn name(&self) -> Option<&'static CStr> {
        // SAFETY: static text, where it is not the end of a table.
        (!self.0.ml_name.is_null()).then(|| unsafe { CStr::from_ptr(self.0.ml_name) })
    }
}

/// Adds the methods of a table to a type that has been made, up to the table's end. Python itself makes these types (struct
/// sequences, the enumerations' metaclass), so there is no earlier opportunity.
pub fn add_all(class: &Owned, methods: &'static [Method]) -> Result<()> {
    for method in methods {
        let Some(name) = method.name() else { break };
        // SAFETY: a type and a static definition of one of its methods; the result is a new reference.
        let descriptor = unsafe { Owned::new(ffi::PyDescr_NewMethod(class.as_ptr().cast(), method.as_ptr())) }?;
        class.set_attribute(name, &descriptor)?;
    }
    Ok(())
}

/// The definition of an attribute that is computed.
#[repr(transparent)]
pub struct Property(ffi::PyGetSetDef);

// SAFETY: a definition holds pointers to constant text and to a function, and is never changed.
unsafe impl Sync for Property {}

impl Property {
    pub const fn new(name: &'static CStr, get: ffi::getter, doc: &'static CStr) -> Self {
        Self(ffi::PyGetSetDef {
            name: name.as_ptr(),
            get: Some(get),
            set: None,
            doc: doc.as_ptr(),
            closure: ptr::null_mut(),
        })
    }

    /// The entry that ends a table.
    pub const fn end() -> Self {
        Self(ffi::PyGetSetDef { name: ptr::null(), get: None, set: None, doc: ptr::null(), closure: ptr::null_mut() })
    }
}

/// Adds the properties of a table to a type that has been made, up to the table's end.
pub fn add_properties(class: &Owned, properties: &'static [Property]) -> Result<()> {
    for property in properties.iter().take_while(|property| !property.0.name.is_null()) {
        let definition = (&raw const property.0).cast_mut();
        // SAFETY: a type, and a static definition with a static name; the result is a new reference.
        let (descriptor, name) = unsafe {
            let descriptor = Owned::new(ffi::PyDescr_NewGetSet(class.as_ptr().cast(), definition))?;
            (descriptor, CStr::from_ptr(property.0.name))
        };
        class.set_attribute(name, &descriptor)?;
    }
    Ok(())
}

/// Adds a class method.
pub fn add_class_method(class: &Owned, method: &'static Method) -> Result<()> {
    let Some(name) = method.name() else { return Ok(()) };
    // SAFETY: as above.
    let descriptor = unsafe { Owned::new(ffi::PyDescr_NewClassMethod(class.as_ptr().cast(), method.as_ptr())) }?;
    class.set_attribute(name, &descriptor)
}

/// The parameters of a function, by name.
pub struct Parameters<const N: usize> {
    /// The function's name, for errors.
    pub function: &'static CStr,
    pub names: [&'static CStr; N],
    /// How many of them, from the first on, may be given by position, and how many must be given.
    pub positional: usize,
    pub required: usize,
}

impl<const N: usize> Parameters<N> {
    /// Binds the arguments of a `FastFunction`: borrowed references, NULL where none was given.
    ///
    /// # Safety
    /// The arguments must be those the interpreter passed.
    pub unsafe fn bind(
        &self,
        arguments: *const Object,
        positional: ffi::Py_ssize_t,
        keywords: Object,
    ) -> Result<[Object; N]> {
        let mut bound = [ptr::null_mut(); N];
        let positional = positional as usize;
        self.check_positional(positional)?;
        for (index, place) in bound.iter_mut().enumerate().take(positional) {
            // SAFETY: there are this many positional arguments.
            *place = unsafe { *arguments.add(index) };
        }
        if !keywords.is_null() {
            // SAFETY: a live tuple of strings, and as many arguments after the positional ones.
            unsafe {
                for index in 0..ffi::PyTuple_Size(keywords) {
                    let value = *arguments.add(positional + index as usize);
                    self.bind_keyword(&mut bound, ffi::PyTuple_GetItem(keywords, index), value)?;
                }
            }
        }
        self.check_required(bound)
    }

    /// Binds the arguments of a function that takes a tuple and a dictionary, which may be NULL.
    ///
    /// # Safety
    /// The arguments must be those the interpreter passed.
    pub unsafe fn bind_tuple(&self, arguments: Object, keywords: Object) -> Result<[Object; N]> {
        let mut bound = [ptr::null_mut(); N];
        // SAFETY: a live tuple, and a live dictionary that nothing changes meanwhile.
        unsafe {
            let positional = ffi::PyTuple_Size(arguments) as usize;
            self.check_positional(positional)?;
            for (index, place) in bound.iter_mut().enumerate().take(positional) {
                *place = ffi::PyTuple_GetItem(arguments, index as ffi::Py_ssize_t);
            }
            let (mut position, mut name, mut value) = (0, ptr::null_mut(), ptr::null_mut());
            while !keywords.is_null() && ffi::PyDict_Next(keywords, &mut position, &mut name, &mut value) != 0 {
                self.bind_keyword(&mut bound, name, value)?;
            }
        }
        self.check_required(bound)
    }

    fn check_positional(&self, given: usize) -> Result<()> {
        if given <= self.positional {
            return Ok(());
        }
        let plural = if self.positional == 1 { "" } else { "s" };
        Err(type_error(&format!(
            "{}() takes at most {} positional argument{plural} ({given} given)",
            self.function.to_string_lossy(),
            self.positional,
        )))
    }

    /// # Safety
    /// The name and the value must be live objects.
    unsafe fn bind_keyword(&self, bound: &mut [Object; N], name: Object, value: Object) -> Result<()> {
        for (known, place) in self.names.iter().zip(bound) {
            // SAFETY: a live object.
            if unsafe { reads(name, known) } {
                if !place.is_null() {
                    return Err(self.error("got multiple values for argument", &known.to_string_lossy()));
                }
                *place = value;
                return Ok(());
            }
        }
        // SAFETY: a live object.
        let name = unsafe { Owned::from_borrowed(name) };
        Err(self.error("got an unexpected keyword argument", &name.to_text()?))
    }

    fn check_required(&self, bound: [Object; N]) -> Result<[Object; N]> {
        match bound[..self.required].iter().position(|place| place.is_null()) {
            None => Ok(bound),
            Some(missing) => Err(self.error("missing required argument", &self.names[missing].to_string_lossy())),
        }
    }

    #[cold]
    fn error(&self, what: &str, name: &str) -> super::object::Raised {
        type_error(&format!("{}() {what} '{name}'", self.function.to_string_lossy()))
    }
}
