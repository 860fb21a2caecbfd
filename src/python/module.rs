//! The module: what it is filled with, when it is imported and when a name is first asked for.

use std::ffi::{CStr, c_int, c_void};

use pyo3_ffi as ffi;

use super::abi;
use super::async_client;
use super::capi;
use super::connection;
use super::enums;
use super::exceptions;
use super::functions::{FUNCTIONS, GETTERS};
use super::interval_clock;
use super::method::Method;
use super::object::{Owned, Raised, Result, dictionary, entry, list, path, reads, string};
use super::state::{Place, State};
use super::structseq;
use super::time_interval;
use crate::chrony::library::Library;
use crate::reports::enums::ENUMERATIONS;
use crate::reports::table::joined_for_c;
use crate::reports::{GETTER_LINES, REPORTS};

type Object = *mut ffi::PyObject;

pub const DOC: &CStr = joined_for_c!([
    "Ask chronyd, the NTP daemon, how good the system's clock is.\n\n\
    >>> import pychrony\n\
    >>> status = pychrony.get_tracking()\n\
    >>> status.is_synchronized(), status.stratum, status.offset\n\
    (True, 3, -1.2345e-05)\n\n\
    Functions that ask chronyd for a report:\n\n",
    GETTER_LINES,
    "get_report(name)      any report libchrony knows, under its own names\n\n\
    Each takes an address and a timeout in seconds. Without an address, it uses the one in the environment variable\n\
    PYCHRONY_ADDRESS, or else the first of chronyd's usual addresses that can be reached. ChronyConnection has the same\n\
    functions as methods, for programs that ask more than once.\n\n\
    Records are immutable named tuples, and each field is documented: help(pychrony.TrackingStatus). Those of get_report()\n\
    are dictionaries. Times are UTC, offsets are seconds, frequencies are ppm. None stands for what chronyd has not measured.\n\
    Any failure to get a report raises a ChronyError, whose message says what was tried and what can be done.\n\n\
    error_bound() computes from two reports how wrong the clock may be. pychrony.aio has the functions as coroutines for\n\
    asyncio, and pychrony.testing has a fake chronyd for tests.\0",
]);

/// The size of the memory that the interpreter keeps for the state.
pub const STATE_SIZE: ffi::Py_ssize_t = size_of::<Place>() as ffi::Py_ssize_t;

/// All the module's functions: those that ask, the others, and those that make types when they are first asked for.
pub static METHODS: [Method; GETTERS.len() + FUNCTIONS.len() + 3] = {
    let mut methods = [const { Method::end() }; GETTERS.len() + FUNCTIONS.len() + 3];
    let mut index = 0;
    while index < GETTERS.len() {
        methods[index] = GETTERS[index].copy();
        index += 1;
    }
    while index < GETTERS.len() + FUNCTIONS.len() {
        methods[index] = FUNCTIONS[index - GETTERS.len()].copy();
        index += 1;
    }
    methods[index] = Method::with_one_argument(
        c"__getattr__",
        get_attribute,
        c"__getattr__($module, name, /)\n--\n\nMake a type when it is first asked for.",
    );
    methods[index + 1] = Method::without_arguments(
        c"__dir__",
        directory,
        c"__dir__($module, /)\n--\n\nAll names, whether what they name was made yet or not.",
    );
    methods
};

pub unsafe extern "C" fn exec(module: Object) -> c_int {
    entry(|| {
        let library = Library::get().map_err(|error| exceptions::raise_load_error(&error))?;
        // SAFETY: the interpreter's new module, with zeroed memory for its state.
        let (module, place) =
            unsafe { (Owned::from_borrowed(module), &mut *ffi::PyModule_GetState(module).cast::<Place>()) };
        place.replace(Box::new(State::new(library)));
        module.set_attribute(c"libchrony_path", &path(library.path())?)?;
        module.set_attribute(c"__version__", &string(env!("CARGO_PKG_VERSION"))?)
    })
}

/// The names of the types, with the module's name before them, each with what makes it.
fn types() -> impl Iterator<Item = (&'static CStr, Maker)> {
    let records = REPORTS.iter().enumerate().map(|(index, report)| (report.record.name, Maker::Record(index)));
    let enumerations = ENUMERATIONS.iter().enumerate().map(|(index, table)| (table.name, Maker::Enumeration(index)));
    let exceptions = exceptions::names().enumerate().map(|(index, name)| (name, Maker::Exception(index)));
    let others = [
        (connection::NAME, Maker::Connection),
        (interval_clock::NAME, Maker::IntervalClock),
        (time_interval::NAME, Maker::TimeInterval),
    ];
    records.chain(others).chain(enumerations).chain(exceptions)
}

#[derive(Clone, Copy)]
enum Maker {
    Record(usize),
    Enumeration(usize),
    Exception(usize),
    Connection,
    IntervalClock,
    TimeInterval,
}

impl Maker {
    fn make<'a>(self, state: &'a State, module: &Owned) -> Result<&'a Owned> {
        match self {
            Self::Record(index) => structseq::class(state, index),
            Self::Enumeration(index) => Ok(&enums::class(state, ENUMERATIONS[index])?.class),
            Self::Exception(index) => exceptions::class(state, index),
            Self::Connection => connection::class(state, module),
            Self::IntervalClock => interval_clock::class(state, module),
            Self::TimeInterval => time_interval::class(state),
        }
    }
}

/// A type's name in the module.
fn short_name(name: &'static CStr) -> &'static CStr {
    let short = name.to_bytes_with_nul().strip_prefix(b"pychrony.");
    short.and_then(|short| CStr::from_bytes_with_nul(short).ok()).unwrap_or(name)
}

/// The names that `from pychrony import *` takes.
fn public_names() -> Result<Owned> {
    let functions = GETTERS.iter().chain(&FUNCTIONS).filter_map(Method::name);
    let names = types().map(|(name, _)| short_name(name)).chain(functions).chain([c"libchrony_path"]);
    list(names.map(|name| path(name.to_bytes())).collect::<Vec<_>>().into_iter())
}

unsafe extern "C" fn get_attribute(module: Object, name: Object) -> Object {
    entry(|| {
        // SAFETY: live during the call.
        let (module, name) = unsafe { (Owned::from_borrowed(module), Owned::from_borrowed(name)) };
        // SAFETY: a live object.
        let is = |known: &CStr| unsafe { reads(name.as_ptr(), known) };
        let state = || State::of(module.as_ptr());
        let made = if is(c"__all__") {
            public_names()?
        } else if is(c"_C_API") {
            capi::new_capsule()?
        } else if is(c"_Client") {
            async_client::class(state()?, &module)?.share()
        } else if let Some((_, maker)) = types().find(|(name, _)| is(short_name(name))) {
            maker.make(state()?, &module)?.share()
        } else {
            let message = c"module 'pychrony' has no attribute %R";
            // SAFETY: an exception type, and the live object that the format takes.
            unsafe { ffi::PyErr_Format(ffi::PyExc_AttributeError, message.as_ptr(), name.as_ptr()) };
            return Err(Raised);
        };
        // The next time it is found at once.
        // SAFETY: live objects, which are not stolen.
        let status = unsafe { ffi::PyObject_SetAttr(module.as_ptr(), name.as_ptr(), made.as_ptr()) };
        if status < 0 { Err(Raised) } else { Ok(made) }
    })
}

unsafe extern "C" fn directory(module: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: a live module; its dictionary is borrowed.
        let names = unsafe {
            let names = dictionary(std::iter::empty())?;
            names.update(&Owned::from_borrowed(ffi::PyModule_GetDict(module)))?;
            names
        };
        for (name, _) in types() {
            let name = path(short_name(name).to_bytes())?;
            // SAFETY: a live dictionary and a live object, which is not stolen.
            let status = unsafe { ffi::PyDict_SetItem(names.as_ptr(), name.as_ptr(), name.as_ptr()) };
            super::object::check(status)?;
        }
        // SAFETY: a live dictionary; a new reference or NULL.
        unsafe { Owned::new(ffi::PyDict_Keys(names.as_ptr())) }
    })
}

pub unsafe extern "C" fn traverse(module: Object, visit: ffi::visitproc, argument: *mut c_void) -> c_int {
    // SAFETY: a live module of ours; the garbage collector runs no other code of ours meanwhile.
    let place = unsafe { abi::state_during_gc(module).cast::<Place>().as_ref() };
    let Some(Some(state)) = place else { return 0 };
    for reference in state.references() {
        // SAFETY: the collector's own function, and a live object that we own a reference to.
        let stop = unsafe { visit(reference.as_ptr(), argument) };
        if stop != 0 {
            return stop;
        }
    }
    0
}

pub unsafe extern "C" fn clear(module: Object) -> c_int {
    // SAFETY: a live module of ours. The state is taken out before its references are released, which may run other code.
    if let Some(place) = unsafe { ffi::PyModule_GetState(module).cast::<Place>().as_mut() } {
        drop(place.take());
    }
    0
}

pub unsafe extern "C" fn free(module: *mut c_void) {
    // SAFETY: the module is being deallocated.
    unsafe { clear(module.cast()) };
}
