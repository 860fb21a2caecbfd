//! What a module object owns: plain data, each piece made at its first use by the file that knows how.

use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::abi;
use super::object::{Owned, Result, runtime_error};
use crate::chrony::library::Library;
use crate::reports::REPORTS;
use crate::reports::enums::ENUMERATIONS;

type Object = *mut ffi::PyObject;

/// How many exception types there are: see exceptions.rs.
pub const EXCEPTIONS: usize = 8;

/// The state of a module: each interpreter has its own.
pub struct State {
    pub library: &'static Library,
    pub exceptions: [OnceLock<Owned>; EXCEPTIONS],
    /// The type of the enumerations.
    pub enum_type: OnceLock<Owned>,
    pub enumerations: [OnceLock<EnumClass>; ENUMERATIONS.len()],
    /// The types of the reports' records, in the order of REPORTS.
    pub records: [OnceLock<Owned>; REPORTS.len()],
    pub connection: OnceLock<Owned>,
    pub async_client: OnceLock<Owned>,
    pub interval_clock: OnceLock<Owned>,
    pub time_interval: OnceLock<Owned>,
}

/// A class that the `enum` module made, with its members and their values at hand.
pub struct EnumClass {
    pub class: Owned,
    pub members: Vec<(u64, Owned)>,
}

/// How the state lies in the memory that the interpreter keeps for it: that memory starts as all zeros, which is None.
pub type Place = Option<Box<State>>;

impl State {
    pub fn new(library: &'static Library) -> Self {
        Self {
            library,
            exceptions: [const { OnceLock::new() }; EXCEPTIONS],
            enum_type: OnceLock::new(),
            enumerations: [const { OnceLock::new() }; ENUMERATIONS.len()],
            records: [const { OnceLock::new() }; REPORTS.len()],
            connection: OnceLock::new(),
            async_client: OnceLock::new(),
            interval_clock: OnceLock::new(),
            time_interval: OnceLock::new(),
        }
    }

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

    /// The state of an object that should be a module of ours: `sys.modules` may hold anything.
    pub fn of_checked<'a>(module: Object) -> Result<&'a Self> {
        // SAFETY: a live object.
        if unsafe { abi::is_ours(module) } {
            return Self::of(module);
        }
        // SAFETY: only clears the thread's error indicator.
        unsafe { ffi::PyErr_Clear() };
        Err(runtime_error("sys.modules[\"pychrony\"] is another module"))
    }

    /// All it refers to, for the garbage collector.
    pub fn references(&self) -> impl Iterator<Item = &Owned> {
        let enumerations = self.enumerations.iter().filter_map(OnceLock::get);
        let enumerations =
            enumerations.flat_map(|it| std::iter::once(&it.class).chain(it.members.iter().map(|(_, member)| member)));
        let others = [&self.enum_type, &self.connection, &self.async_client, &self.interval_clock, &self.time_interval];
        let types = self.exceptions.iter().chain(&self.records).chain(others);
        types.filter_map(OnceLock::get).chain(enumerations)
    }
}

/// What a place of the state holds, made now if this is its first use. If several threads make it, the first one's
/// stays.
pub fn get_or_make<T>(place: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(made) = place.get() {
        return Ok(made);
    }
    let made = make()?;
    Ok(place.get_or_init(|| made))
}
