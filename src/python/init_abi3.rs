//! The module's definition, and PyInit_pychrony. `init_abi3t.rs` is the same for the free-threaded stable ABI.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_int, c_void};

use pyo3_ffi as ffi;

use super::abi::NAME;
use super::module::{DOC, METHODS, STATE_SIZE, clear, exec, free, traverse};
use super::object::Table;

type Object = *mut ffi::PyObject;

/// The definition: one for each set of slots that an interpreter may understand.
#[repr(transparent)]
struct Definition(UnsafeCell<ffi::PyModuleDef>);

// SAFETY: only the interpreter changes a definition, when it first sees it, under its own lock.
unsafe impl Sync for Definition {}

impl Definition {
    const fn new(slots: *mut ffi::PyModuleDef_Slot) -> Self {
        Self(UnsafeCell::new(ffi::PyModuleDef {
            m_base: ffi::PyModuleDef_HEAD_INIT,
            m_name: NAME,
            m_doc: DOC.as_ptr(),
            m_size: STATE_SIZE,
            m_methods: METHODS.as_ptr().cast_mut().cast(),
            m_slots: slots,
            m_traverse: Some(traverse),
            m_clear: Some(clear),
            m_free: Some(free),
        }))
    }
}

// The slots by number: we are compiled for Python 3.9, which does not know the later two.
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
