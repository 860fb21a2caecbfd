//! The enumerations, made by Python's own `enum` module.
//!
//! A number that is not a member becomes one on demand: in an open enumeration it is named `UNKNOWN_<n>`, in flags after
//! the members it combines. Only its users keep such a member. The `enum` module would keep every combination for ever,
//! and memory would grow with what a daemon sends.

use std::ffi::CString;

use pyo3_ffi as ffi;

use super::method::{self, Method};
use super::object::{
    Owned, Raised, Result, dictionary, entry, import, list, none, runtime_error, string, tuple, unsigned,
};
use super::state::{EnumClass, State, get_or_make};
use crate::chrony::record::{Enumeration, Growth};
use crate::reports::enums::ENUMERATIONS;

type Object = *mut ffi::PyObject;

/// The class of a table.
pub fn class<'a>(state: &'a State, table: &'static Enumeration) -> Result<&'a EnumClass> {
    let index = ENUMERATIONS.iter().position(|known| std::ptr::eq(*known, table)).unwrap_or(0); // it is one of them
    get_or_make(&state.enumerations[index], || new_class(state, table))
}

/// The member of this value.
pub fn member(state: &State, table: &'static Enumeration, value: u64) -> Result<Owned> {
    let known = class(state, table)?;
    match known.members.iter().find(|(member, _)| *member == value) {
        Some((_, member)) => Ok(member.share()),
        None if table.growth == Growth::Flags => {
            let members = table.members.iter().map(|member| (member.name.to_string_lossy(), u64::from(member.value)));
            new_member(&known.class, value, &name_of_flags(members, value))
        }
        None => new_member(&known.class, value, &name_of_unknown(value)),
    }
}

/// Makes the class. With this table and these arguments, the `enum` module fails only if it is no longer available: its
/// names are gone when Python shuts down, and a process may have given up the right to read the file.
fn new_class(state: &State, table: &'static Enumeration) -> Result<EnumClass> {
    make_class(state, table).map_err(|raised| {
        // SAFETY: exception types; an exception is set, and is looked at.
        let is_gone = unsafe {
            [ffi::PyExc_ImportError, ffi::PyExc_TypeError, ffi::PyExc_AttributeError, ffi::PyExc_NameError]
                .into_iter()
                .any(|kind| ffi::PyErr_ExceptionMatches(kind) != 0)
        };
        if is_gone {
            runtime_error(
                "the types of the result can no longer be created: the interpreter is shutting down, or this process may no \
                 longer read Python's enum module (import it before giving up rights)",
            )
        } else {
            raised
        }
    })
}

/// As a `class` statement does: `class NAME(enum.IntEnum, metaclass=_EnumType)`.
fn make_class(state: &State, table: &'static Enumeration) -> Result<EnumClass> {
    let enums = import(c"enum")?;
    let base = enums.attribute(if table.growth == Growth::Flags { c"IntFlag" } else { c"IntEnum" })?;
    let metaclass = get_or_make(&state.enum_type, || make_metaclass(&enums))?;
    let (name, bases) = (string(&table.name.to_string_lossy())?, tuple([Ok(base)].into_iter())?);
    let namespace = metaclass.attribute(c"__prepare__")?.call(&[&name, &bases])?;
    namespace.set_item(c"__module__", &string("pychrony")?)?;
    namespace.set_item(c"__doc__", &string(&table.doc.to_string_lossy())?)?;
    for member in table.members {
        namespace.set_item(member.name, &unsigned(u64::from(member.value))?)?;
    }
    let class = metaclass.call(&[&name, &bases, &namespace])?;
    let mut members = Vec::with_capacity(table.members.len() + 1);
    match table.growth {
        Growth::Closed => {}
        Growth::Open => method::add_class_method(&class, &MISSING_MEMBER)?,
        Growth::Flags => {
            members.push((0, class.call(&[&unsigned(0)?])?)); // for flags, 0 is a member too
            method::add_class_method(&class, &MISSING_FLAGS)?;
        }
    }
    if table.growth != Growth::Closed {
        method::add_all(&class, &MEMBER_METHODS)?;
    }
    for member in table.members {
        members.push((u64::from(member.value), class.attribute(member.name)?));
    }
    Ok(EnumClass { class, members })
}

/// The type of our classes: `enum.EnumMeta`, except for what `dir()` lists.
fn make_metaclass(enums: &Owned) -> Result<Owned> {
    // SAFETY: always live.
    let class = unsafe { Owned::from_borrowed((&raw mut ffi::PyType_Type).cast()) };
    let bases = tuple([enums.attribute(c"EnumMeta")].into_iter())?;
    let namespace = dictionary([(c"__module__", string("pychrony"))].into_iter())?;
    let metaclass = class.call(&[&string("_EnumType")?, &bases, &namespace])?;
    method::add_all(&metaclass, &METACLASS_METHODS)?;
    Ok(metaclass)
}

static METACLASS_METHODS: [Method; 2] = [
    Method::without_arguments(
        c"__dir__",
        dir,
        c"__dir__($self, /)\n--\n\nThe members without the methods of int, as on CPython 3.9 and 3.10, so that help() stays short.",
    ),
    Method::end(),
];

unsafe extern "C" fn dir(class: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: a live class.
        let members = unsafe { Owned::from_borrowed(class) }.attribute(c"_member_names_")?;
        let of_classes = ["__class__", "__doc__", "__members__", "__module__"].map(string);
        let members = (0..members.length()?).map(|index| members.item(index));
        list(of_classes.into_iter().chain(members).collect::<Vec<_>>().into_iter())
    })
}

static MEMBER_METHODS: [Method; 2] = [
    Method::with_one_argument(
        c"__reduce_ex__",
        reduce_ex,
        c"__reduce_ex__($self, protocol, /)\n--\n\n\
          Pickle by value. CPython 3.11.0 to 3.11.3 does it by name, and the class has no name for a member made on demand.",
    ),
    Method::end(),
];

unsafe extern "C" fn reduce_ex(member: Object, _protocol: Object) -> Object {
    entry(|| {
        // No attribute is looked up: CPython's cache of lookups would keep the name of each.
        // SAFETY: the member that the method was called on, which is an int; its type is borrowed from it.
        let (class, value) =
            unsafe { (Owned::from_borrowed(ffi::Py_TYPE(member).cast()), Owned::new(ffi::PyNumber_Long(member))) };
        tuple([Ok(class), tuple([value].into_iter())].into_iter())
    })
}

fn name_of_unknown(value: u64) -> String {
    format!("UNKNOWN_{value}")
}

/// The names of the flags of a combination, and the number of those without a name.
fn names_of_flags(members: impl Iterator<Item = (impl Into<String>, u64)>, value: u64) -> Vec<String> {
    let mut unknown = value;
    let mut names = Vec::new();
    for (name, member) in members {
        if member != 0 && value & member == member {
            names.push(name.into());
            unknown &= !member;
        }
    }
    if unknown != 0 {
        names.push(unknown.to_string());
    }
    names
}

/// The name that Python 3.11 and later give to a combination.
fn name_of_flags(members: impl Iterator<Item = (impl Into<String>, u64)>, value: u64) -> String {
    names_of_flags(members, value).join("|")
}

/// A value in words: the name of a member, or the names of flags as a list. What is no value of the enumeration stays as it is.
pub fn in_words(table: &Enumeration, value: Owned) -> Result<Owned> {
    let Some(number) = number(value.as_ptr(), false)? else { return Ok(value) };
    let mut members = table.members.iter().map(|member| (member.name.to_string_lossy(), u64::from(member.value)));
    if table.growth == Growth::Flags {
        return list(names_of_flags(members, number).iter().map(|name| string(name)));
    }
    match members.find(|(_, member)| *member == number) {
        Some((name, _)) => string(&name),
        None if table.growth == Growth::Open => string(&name_of_unknown(number)),
        None => Ok(value),
    }
}

fn new_member(class: &Owned, value: u64, name: &str) -> Result<Owned> {
    let number = unsigned(value)?;
    // SAFETY: always live.
    let integer = unsafe { Owned::from_borrowed((&raw mut ffi::PyLong_Type).cast()) };
    let member = integer.attribute(c"__new__")?.call(&[class, &number])?;
    member.set_attribute(c"_value_", &number)?;
    member.set_attribute(c"_name_", &string(name)?)?;
    Ok(member)
}

static MISSING_MEMBER: Method = Method::with_one_argument(
    c"_missing_",
    missing_member,
    c"_missing_($cls, value, /)\n--\n\nThe member that stands for a number of a newer chronyd.",
);
static MISSING_FLAGS: Method = Method::with_one_argument(
    c"_missing_",
    missing_flags,
    c"_missing_($cls, value, /)\n--\n\nThe member that stands for a combination of flags.",
);

/// The number as 32 bits; None for what cannot be an enumeration's number, for which the caller returns Python's None.
fn number(value: Object, negative: bool) -> Result<Option<u64>> {
    // SAFETY: a live object.
    if unsafe { ffi::PyLong_Check(value) } == 0 {
        return Ok(None);
    }
    // SAFETY: a live integer; −1 may also say that an exception is set, which is looked at and cleared.
    let number = unsafe {
        let number = ffi::PyLong_AsLongLong(value);
        if number == -1 && !ffi::PyErr_Occurred().is_null() {
            if ffi::PyErr_ExceptionMatches(ffi::PyExc_OverflowError) == 0 {
                return Err(Raised);
            }
            ffi::PyErr_Clear();
            return Ok(None);
        }
        number
    };
    if negative && number < 0 {
        return Ok(Some(u64::from(number as u32))); // the complement of flags
    }
    Ok(u32::try_from(number).ok().map(u64::from))
}

unsafe extern "C" fn missing_member(class: Object, value: Object) -> Object {
    entry(|| match number(value, false)? {
        // SAFETY: a live class.
        Some(number) => new_member(&unsafe { Owned::from_borrowed(class) }, number, &name_of_unknown(number)),
        None => Ok(none()),
    })
}

unsafe extern "C" fn missing_flags(class: Object, value: Object) -> Object {
    entry(|| {
        let Some(number) = number(value, true)? else { return Ok(none()) };
        // SAFETY: a live class.
        let class = unsafe { Owned::from_borrowed(class) };
        let names = class.attribute(c"_member_names_")?;
        let mut members = Vec::new();
        for index in 0..names.length()? {
            let name = names.item(index)?.to_text()?;
            let name_in_c = CString::new(&*name).map_err(|_| runtime_error("a member's name has a NUL character"))?;
            let member = class.attribute(&name_in_c)?;
            let Some(value) = self::number(member.as_ptr(), false)? else { continue };
            members.push((name, value));
        }
        new_member(&class, number, &name_of_flags(members.into_iter(), number))
    })
}
