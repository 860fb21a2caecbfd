//! The module: its definition, per-module state, and what it is filled with.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_int, c_void};

use pyo3_ffi as ffi;

use super::capi;
use super::connection;
use super::enums::EnumType;
use super::errors::{self, Exceptions};
use super::functions;
use super::object::{Owned, Result, Table, entry, path, runtime_error, string};
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
        // SAFETY: a live object; NULL where it is no module, with an exception set, or one without definition.
        let definition = unsafe { ffi::PyModule_GetDef(module) };
        let ours = [&DEFINITION, &DEFINITION_3_12, &DEFINITION_3_13];
        if ours.iter().any(|known| known.0.get() == definition) {
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

const DOC: &CStr = c"Ask chronyd, the NTP daemon, how good the system's clock is.\n\n\
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

/// The definition: one for each set of slots that an interpreter may understand.
#[repr(transparent)]
struct Definition(UnsafeCell<ffi::PyModuleDef>);

// SAFETY: only the interpreter changes a definition, when it first sees it, under its own lock.
unsafe impl Sync for Definition {}

impl Definition {
    const fn new(slots: *mut ffi::PyModuleDef_Slot) -> Self {
        Self(UnsafeCell::new(ffi::PyModuleDef {
            m_base: ffi::PyModuleDef_HEAD_INIT,
            m_name: c"pychrony".as_ptr(),
            m_doc: DOC.as_ptr(),
            m_size: size_of::<Place>() as ffi::Py_ssize_t,
            m_methods: functions::METHODS.as_ptr().cast_mut().cast(),
            m_slots: slots,
            m_traverse: Some(traverse),
            m_clear: Some(clear),
            m_free: Some(free),
        }))
    }
}

// The slots by number: at compile time we are a Python 3.9, which does not know the later two.
const MULTIPLE_INTERPRETERS: c_int = 3;
const GIL: c_int = 4;

const EXEC_SLOT: ffi::PyModuleDef_Slot = ffi::PyModuleDef_Slot { slot: ffi::Py_mod_exec, value: exec as *mut c_void };
/// Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
const OWN_GIL_SLOT: ffi::PyModuleDef_Slot =
    ffi::PyModuleDef_Slot { slot: MULTIPLE_INTERPRETERS, value: std::ptr::without_provenance_mut(2) };
/// Py_MOD_GIL_NOT_USED
const NO_GIL_SLOT: ffi::PyModuleDef_Slot =
    ffi::PyModuleDef_Slot { slot: GIL, value: std::ptr::without_provenance_mut(1) };
const END_SLOT: ffi::PyModuleDef_Slot = ffi::PyModuleDef_Slot { slot: 0, value: std::ptr::null_mut() };

static SLOTS: Table<ffi::PyModuleDef_Slot, 2> = Table([EXEC_SLOT, END_SLOT]);
static SLOTS_3_12: Table<ffi::PyModuleDef_Slot, 3> = Table([EXEC_SLOT, OWN_GIL_SLOT, END_SLOT]);
static SLOTS_3_13: Table<ffi::PyModuleDef_Slot, 4> = Table([EXEC_SLOT, OWN_GIL_SLOT, NO_GIL_SLOT, END_SLOT]);

static DEFINITION: Definition = Definition::new(SLOTS.as_ptr());
static DEFINITION_3_12: Definition = Definition::new(SLOTS_3_12.as_ptr());
static DEFINITION_3_13: Definition = Definition::new(SLOTS_3_13.as_ptr());

/// The init function, by which `import` finds the module and a program that embeds Python adds it to the inittab.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_pychrony() -> Object {
    let definition = match minor_version() {
        ..12 => &DEFINITION,
        12 => &DEFINITION_3_12,
        13.. => &DEFINITION_3_13,
    };
    // SAFETY: a static definition.
    unsafe { ffi::PyModuleDef_Init(definition.0.get()) }
}

/// The running Python's minor version: the one we were compiled for may be older.
fn minor_version() -> u32 {
    // SAFETY: constant text such as "3.13.0 (main, ...".
    let version = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) }.to_string_lossy();
    version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0)
}

unsafe extern "C" fn exec(module: Object) -> c_int {
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

unsafe extern "C" fn traverse(module: Object, visit: ffi::visitproc, argument: *mut c_void) -> c_int {
    // SAFETY: a live module of ours; the garbage collector runs no other code of ours meanwhile.
    let place = unsafe { ffi::PyModule_GetState(module).cast::<Place>().as_ref() };
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

unsafe extern "C" fn clear(module: Object) -> c_int {
    // SAFETY: a live module of ours. The state is taken out before its references are released, which may run other code.
    if let Some(place) = unsafe { ffi::PyModule_GetState(module).cast::<Place>().as_mut() } {
        drop(place.take());
    }
    0
}

unsafe extern "C" fn free(module: *mut c_void) {
    // SAFETY: the module is being deallocated.
    unsafe { clear(module.cast()) };
}
