//! The module: per-module state, and what it is filled with.

use std::ffi::{CStr, c_int, c_void};

use pyo3_ffi as ffi;

use super::abi;
use super::capi;
use super::connection;
use super::enums::EnumType;
use super::errors::{self, Exceptions};
use super::object::{Owned, Result, entry, path, runtime_error, string};
use super::structseq;
use crate::chrony::library::Library;
use crate::chrony::record::Enumeration;
use crate::reports::REPORTS;
use crate::reports::enums::ENUMERATIONS;

type Object = *mut ffi::PyObject;

/// What a module object owns: each interpreter has its own.
pub struct State {
    pub library: &'static Library,
    pub exceptions: Exceptions,
    enumerations: Vec<EnumType>,
    /// The types of the reports' records, in the order of REPORTS.
    pub records: Vec<Owned>,
    connection: Owned,
}

/// How the state lies in the memory that the interpreter keeps for it: all zeros, as it comes, are None.
type Place = Option<Box<State>>;

impl State {
    /// The state of a module.
    pub fn of<'a>(module: Object) -> Result<&'a Self> {
        if !module.is_null() {
            // SAFETY: a live module of ours, whose memory for the state is NULL or a Place. What calls us holds the module.
            let place = unsafe { ffi::PyModule_GetState(module).cast::<Place>().as_ref() };
            if let Some(Some(state)) = place {
                return Ok(state);
            }
        }
        Err(runtime_error("the pychrony module was torn down"))
    }

    /// The state of an object that should be a module of ours: in `sys.modules` may stand anything.
    pub fn of_checked<'a>(module: Object) -> Result<&'a Self> {
        // SAFETY: a live object.
        if unsafe { abi::is_ours(module) } {
            return Self::of(module);
        }
        // SAFETY: only clears the thread's error indicator.
        unsafe { ffi::PyErr_Clear() };
        Err(runtime_error("this is not pychrony's module, but another in its place"))
    }

    fn new(module: &Owned) -> Result<Self> {
        Ok(Self {
            library: Library::get().map_err(|error| errors::raise_load_error(&error))?,
            exceptions: Exceptions::new()?,
            enumerations: EnumType::new_all(&ENUMERATIONS)?,
            records: REPORTS.iter().map(|report| structseq::new_type(report)).collect::<Result<_>>()?,
            connection: connection::new_type(module)?,
        })
    }

    pub fn enumeration(&self, table: &'static Enumeration) -> Result<&EnumType> {
        self.enumerations.iter().find(|known| known.is_of(table)).ok_or_else(|| runtime_error("no such enumeration"))
    }

    /// Its types by their names, with or without the module's name before them.
    fn types(&self) -> impl Iterator<Item = (&'static CStr, &Owned)> {
        let enumerations = ENUMERATIONS.iter().zip(&self.enumerations).map(|(table, it)| (table.name, &it.class));
        let records = REPORTS.iter().zip(&self.records).map(|(report, class)| (report.type_name, class));
        let connection = [(c"pychrony.ChronyConnection", &self.connection)];
        self.exceptions.named().chain(enumerations).chain(records).chain(connection)
    }

    fn references(&self) -> impl Iterator<Item = &Owned> {
        let exceptions = self.exceptions.named().map(|(_, class)| class);
        let enumerations = self.enumerations.iter().flat_map(EnumType::references);
        exceptions.chain(enumerations).chain(&self.records).chain([&self.connection])
    }
}

/// A type's name in the module.
fn short_name(name: &'static CStr) -> &'static CStr {
    let bytes = name.to_bytes_with_nul();
    let start = bytes.iter().position(|&byte| byte == b'.').map_or(0, |dot| dot + 1);
    CStr::from_bytes_with_nul(&bytes[start..]).unwrap_or(name)
}

pub const NAME: &CStr = c"pychrony";

pub const DOC: &CStr = c"Ask chronyd, the NTP daemon, how good the system's clock is.\n\n\
    >>> import pychrony\n\
    >>> status = pychrony.get_tracking()\n\
    >>> status.is_synchronized(), status.stratum, status.offset\n\
    (True, 3, -1.2345e-05)\n\n\
    get_tracking()        the clock: offset, frequency error, stratum, error bounds\n\
    get_sources()         its sources, and what chronyd makes of each\n\
    get_source_stats()    how each source drifts\n\
    get_select_data()     why a source was selected or not\n\
    get_ntp_data()        the last measurement of each NTP source\n\
    get_auth_data()       how each NTP source is authenticated\n\
    get_activity()        how many sources are online\n\
    get_server_stats()    what chronyd did as a server\n\
    get_rtc_data()        the real-time clock, where it is tracked\n\
    get_smoothing()       the smoothing of served time, where it is enabled\n\
    get_report(name)      any report libchrony knows, under its own names\n\
    ChronyConnection      the same questions on one session\n\n\
    Each takes an address (None: chronyd's usual ones) and a timeout in seconds, and returns immutable named tuples whose\n\
    fields say what they mean: help(pychrony.TrackingStatus). Times are UTC; offsets are seconds, frequencies ppm.\n\
    Every failure to get a report is a ChronyError that says what was tried and what can be done.";

/// The size of the memory that the interpreter keeps for the state.
pub const STATE_SIZE: ffi::Py_ssize_t = size_of::<Place>() as ffi::Py_ssize_t;

pub unsafe extern "C" fn exec(module: Object) -> c_int {
    entry(|| {
        // SAFETY: the interpreter's new module, with zeroed memory for its state.
        let (module, place) =
            unsafe { (Owned::from_borrowed(module), &mut *ffi::PyModule_GetState(module).cast::<Place>()) };
        let state = place.insert(Box::new(State::new(&module)?));
        for (name, class) in state.types() {
            module.set_attribute(short_name(name), class)?;
        }
        module.set_attribute(c"_C_API", &capi::new_capsule()?)?;
        module.set_attribute(c"libchrony_path", &path(state.library.path())?)?;
        module.set_attribute(c"__version__", &string(env!("CARGO_PKG_VERSION"))?)
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
