//! Types of struct sequences: tuples whose items have names, and which may have further attributes that are no items.
//!
//! CPython makes such a type, but its objects depend on the type's attribute `n_fields`, which any code may set, and
//! `tuple.__new__()` can make them too short. So each type is made once more, with the layout, the attributes and the `repr()`
//! of CPython's, and with functions that know the number of its fields.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::hint::black_box;
use std::ptr;

use pyo3_ffi as ffi;

use super::abi;
use super::object::{Owned, Result, dictionary, string, tuple, type_error};

type Object = *mut ffi::PyObject;

/// What a type is made from.
pub struct Description<'a, F> {
    /// The name with the module's name before it.
    pub name: &'static CStr,
    pub doc: &'a CStr,
    /// The name and the docstring of each field.
    pub fields: F,
    /// How many of the fields, the first ones, are items of the tuple.
    pub items: usize,
    pub functions: Functions,
}

/// The functions of a type.
#[derive(Clone, Copy)]
pub struct Functions {
    new: ffi::newfunc,
    alloc: ffi::allocfunc,
    dealloc: ffi::destructor,
    free: ffi::freefunc,
}

impl Functions {
    /// `TYPE` is a number that no other type has. `alloc` must return what `alloc()` does, and `dealloc` call `release()`.
    pub const fn new<const TYPE: usize>(new: ffi::newfunc, alloc: ffi::allocfunc, dealloc: ffi::destructor) -> Self {
        Self { new, alloc, dealloc, free: free::<TYPE> }
    }
}

/// Makes a type, with what named tuples have. It cannot be subclassed.
pub fn new_type(
    description: Description<impl Iterator<Item = (&'static CStr, &'static CStr)> + Clone>,
) -> Result<Owned> {
    let Description { name, doc, fields, items, functions } = description;
    let model = new_model(name, fields.clone(), items)?;
    // SAFETY: a live heap type, whose slots hold what the numbers say. It lives until the end of this function.
    let (repr, members) = unsafe {
        let slot = |number| ffi::PyType_GetSlot(model.as_ptr().cast(), number);
        (slot(ffi::Py_tp_repr), of_objects(slot(ffi::Py_tp_members).cast(), items))
    };
    abi::set_beginning_of_items(members[0].offset);
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let mut slots = [
        slot(ffi::Py_tp_doc, doc.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_repr, repr),
        slot(ffi::Py_tp_members, members.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_new, functions.new as *mut c_void),
        slot(ffi::Py_tp_alloc, functions.alloc as *mut c_void),
        slot(ffi::Py_tp_dealloc, functions.dealloc as *mut c_void),
        slot(ffi::Py_tp_free, functions.free as *mut c_void),
        slot(0, ptr::null_mut()),
    ];
    // The sizes and all other functions are the tuple's.
    let mut specification = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: 0,
        itemsize: 0,
        flags: ffi::Py_TPFLAGS_DEFAULT as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: a specification that is read here: static text and functions, and members that are copied. The tuple's type is
    // always live.
    let class = unsafe {
        let bases = tuple([Ok(Owned::from_borrowed((&raw mut ffi::PyTuple_Type).cast()))].into_iter())?;
        Owned::new(ffi::PyType_FromSpecWithBases(&mut specification, bases.as_ptr()))
    }?;
    for attribute in [c"n_fields", c"n_sequence_fields", c"n_unnamed_fields"] {
        class.set_attribute(attribute, &model.attribute(attribute)?)?;
    }
    let names: Vec<_> = fields.take(items).map(|(name, _)| string(&name.to_string_lossy())).collect();
    let names = tuple(names.into_iter())?;
    class.set_attribute(c"_fields", &names)?;
    class.set_attribute(c"__match_args__", &names)?;
    class.set_attribute(c"_field_defaults", &dictionary(std::iter::empty())?)?;
    Ok(class)
}

/// CPython's own type with these fields.
fn new_model(
    name: &'static CStr,
    fields: impl Iterator<Item = (&'static CStr, &'static CStr)>,
    items: usize,
) -> Result<Owned> {
    let mut fields: Vec<_> =
        fields.map(|(name, doc)| ffi::PyStructSequence_Field { name: name.as_ptr(), doc: doc.as_ptr() }).collect();
    fields.push(ffi::PyStructSequence_Field { name: ptr::null(), doc: ptr::null() });
    let mut description = ffi::PyStructSequence_Desc {
        name: name.as_ptr(),
        doc: c"".as_ptr(), // the first releases of CPython 3.9 read it
        fields: fields.as_mut_ptr(),
        n_in_sequence: items as c_int,
    };
    // SAFETY: the names and docstrings are static, as the type requires; the arrays are copied.
    unsafe { Owned::new(ffi::PyStructSequence_NewType(&mut description).cast()) }
}

/// A type's members, as those that hold an object: CPython reads them faster than those that are None where they are NULL.
///
/// # Safety
/// The table must have this many members.
unsafe fn of_objects(members: *const ffi::PyMemberDef, number: usize) -> Vec<ffi::PyMemberDef> {
    // SAFETY: as the caller promises.
    let members = unsafe { std::slice::from_raw_parts(members, number) };
    let objects = members.iter().map(|member| ffi::PyMemberDef { type_code: ffi::Py_T_OBJECT_EX, ..*member });
    objects.chain([ffi::PyMemberDef::default()]).collect()
}

/// Makes an object. Its fields are NULL, and must be set before anything else gets to see it. The garbage collector does not
/// track it, as what it holds are numbers and text.
///
/// # Safety
/// The type must be one that `new_type()` made with this many fields and items.
pub unsafe fn new(class: *mut ffi::PyTypeObject, fields: usize, items: usize) -> Result<Owned> {
    // SAFETY: as the caller promises.
    unsafe { abi::new_struct_sequence(class, fields as ffi::Py_ssize_t, items as ffi::Py_ssize_t) }
}

/// `tp_dealloc`, for a type with this many fields.
///
/// # Safety
/// The object must be of such a type, and have no more references.
pub unsafe fn release(object: Object, fields: usize) {
    // SAFETY: the object has these fields, each NULL or a strong reference; it holds a reference to its type.
    unsafe {
        for index in 0..fields as ffi::Py_ssize_t {
            ffi::Py_DecRef(ffi::PyStructSequence_GetItem(object, index));
        }
        let class = ffi::Py_TYPE(object);
        ffi::PyObject_GC_Del(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// `tp_alloc`, for a type with this many fields and items. `tuple.__new__()` and libraries that fill tuples themselves call it:
/// what they make has all items or is not made. They set the items; the other fields stay NULL.
///
/// # Safety
/// As for `new()`.
pub unsafe fn alloc(
    class: *mut ffi::PyTypeObject,
    wanted: ffi::Py_ssize_t,
    fields: usize,
    items: usize,
) -> Result<Owned> {
    if wanted == items as ffi::Py_ssize_t {
        // SAFETY: as the caller promises.
        return unsafe { new(class, fields, items) };
    }
    // SAFETY: a live type.
    let name = unsafe { Owned::from_borrowed(class.cast()) }.attribute(c"__name__")?.to_text()?;
    Err(type_error(&format!("{name} has {items} items, not {wanted}")))
}

/// `tp_free`. CPython lets `__class__` be assigned only between types that have the same, so each type has its own. (The
/// compiler would make one function of all if the number were not used.)
unsafe extern "C" fn free<const TYPE: usize>(object: *mut c_void) {
    black_box(TYPE);
    // SAFETY: as its caller, the interpreter, promises.
    unsafe { ffi::PyObject_GC_Del(object) };
}
