//! The capsule behind include/pychrony.h: the reports as C structs, by the layout that the tables give them.

use std::ffi::{CStr, c_char, c_double, c_int, c_void};
use std::ptr;

use pyo3_ffi as ffi;

use super::arguments::{Target, duration};
use super::clock_reports::{CRecord, SOURCES, TRACKING};
use super::error_bound::checked_size;
use super::functions;
use super::object::{Entry, Owned, Result, entry, import};
use super::state::State;
use crate::chrony::client::{Response, Row, Shape};
use crate::chrony::record::Value;
use crate::clock::bound::Allowance;
use crate::clock::reports::{Source, Tracking};
use crate::reports::layout::{TEXT, no_number, size_of_field, size_of_record};
use crate::reports::{REPORTS, Report, each_report};

/// `PyChrony_Table`: the header gives its functions their types.
#[repr(C)]
struct Interface {
    abi_version: u32,
    size: u32,
    functions: [*const c_void; REPORTS.len()],
    error_bound: ErrorBound,
}

type ErrorBound =
    unsafe extern "C" fn(*const u8, *const u8, ffi::Py_ssize_t, c_double, c_double, *mut c_double) -> c_int;

// SAFETY: pointers to functions, never changed.
unsafe impl Sync for Interface {}

static INTERFACE: Interface =
    Interface { abi_version: 1, size: size_of::<Interface>() as u32, functions: each_report!(function), error_bound };

/// `PYCHRONY_FOREVER`.
const FOREVER: c_double = -1.0;

const fn function<const REPORT: usize>() -> *const c_void {
    match REPORTS[REPORT].query.shape {
        Shape::One | Shape::OneIfEnabled => get_one::<REPORT> as *const c_void,
        Shape::PerSource | Shape::PerAddress => get_list::<REPORT> as *const c_void,
    }
}

/// The capsule, for the module's `_C_API`.
pub fn new_capsule() -> Result<Owned> {
    let table = (&raw const INTERFACE).cast_mut().cast();
    // SAFETY: a static table and a static name; a new reference or NULL.
    unsafe { Owned::new(ffi::PyCapsule_New(table, c"pychrony._C_API".as_ptr(), None)) }
}

/// What the C functions return: a status or a count; −1 says that an exception is set.
struct Status<T>(T);

impl Entry for Status<c_int> {
    type Raw = c_int;
    const RAISED: c_int = -1;
    fn into_raw(self) -> c_int {
        self.0
    }
}

impl Entry for Status<ffi::Py_ssize_t> {
    type Raw = ffi::Py_ssize_t;
    const RAISED: ffi::Py_ssize_t = -1;
    fn into_raw(self) -> ffi::Py_ssize_t {
        self.0
    }
}

unsafe extern "C" fn get_one<const REPORT: usize>(address: *const c_char, timeout: c_double, record: *mut u8) -> c_int {
    entry(|| {
        // SAFETY: as the header asks of the caller.
        let Response::Record(row) = unsafe { ask(REPORT, address, timeout) }? else { return Ok(Status(1)) };
        // SAFETY: the caller's record is of the report's type.
        unsafe { write(REPORTS[REPORT], &row, record) };
        Ok(Status(0))
    })
}

unsafe extern "C" fn get_list<const REPORT: usize>(
    address: *const c_char,
    timeout: c_double,
    records: *mut *mut c_void,
) -> ffi::Py_ssize_t {
    entry(|| {
        let report = REPORTS[REPORT];
        // SAFETY: as the header asks of the caller.
        let Response::List(rows) = unsafe { ask(REPORT, address, timeout) }? else { return Ok(Status(0)) };
        let size = size_of_record(report);
        let mut array = ptr::null_mut();
        if !rows.is_empty() {
            // SAFETY: the thread is attached.
            array = unsafe { ffi::PyMem_Malloc(rows.len() * size) };
            if array.is_null() {
                // SAFETY: as above; it always returns NULL, with MemoryError set.
                unsafe { Owned::new(ffi::PyErr_NoMemory()) }?;
            }
        }
        for (index, row) in rows.iter().enumerate() {
            // SAFETY: the array has room for all the records.
            unsafe { write(report, row, array.cast::<u8>().add(index * size)) };
        }
        // SAFETY: the caller's pointer.
        unsafe { *records = array };
        Ok(Status(rows.len() as ffi::Py_ssize_t))
    })
}

unsafe extern "C" fn error_bound(
    tracking: *const u8,
    sources: *const u8,
    count: ffi::Py_ssize_t,
    max_drift: c_double,
    extra_error: c_double,
    bound: *mut c_double,
) -> c_int {
    entry(|| {
        let allowance = Allowance {
            max_drift: checked_size(max_drift, "max_drift_ppm")?,
            extra_error: checked_size(extra_error, "extra_error")?,
        };
        let size = size_of_record(REPORTS[SOURCES]);
        // SAFETY: the caller's record, and an array of this many.
        let (tracking, sources) = unsafe {
            let source = |index| Source::read(&CRecord::new(SOURCES, sources.add(index * size)));
            let sources: Result<Vec<_>> = (0..count.max(0) as usize).map(source).collect();
            (Tracking::read(&CRecord::new(TRACKING, tracking))?, sources?)
        };
        let Some(found) = super::error_bound::bound(&tracking, &sources, &allowance)? else { return Ok(Status(1)) };
        // SAFETY: the caller's pointer.
        unsafe { *bound = found };
        Ok(Status(0))
    })
}

/// Asks for a report.
///
/// # Safety
/// The thread must be attached, and `address` be NULL or text.
#[inline(never)] // so that the functions of each report do not repeat it
unsafe fn ask(report: usize, address: *const c_char, timeout: c_double) -> Result<Response> {
    // An extension's pointer serves all interpreters: the state, with the exception types, is this interpreter's.
    let module = import(c"pychrony")?;
    let state = State::of_checked(module.as_ptr())?;
    let target = if address.is_null() {
        Target(None)
    } else {
        // SAFETY: text, as the caller promises.
        Target::of(unsafe { CStr::from_ptr(address) }.to_bytes())?
    };
    let timeout = if timeout == FOREVER { None } else { duration(timeout)? };
    functions::ask(state, &target, timeout, report)
}

/// Writes a record in the layout that C uses.
///
/// # Safety
/// `record` must have room for the report's record.
unsafe fn write(report: &Report, row: &Row, mut record: *mut u8) {
    for (field, value) in report.query.fields.iter().zip(row) {
        let size = size_of_field(&field.kind);
        let mut bytes = [0; TEXT];
        match value {
            Value::Text(text) | Value::Name(text) => {
                let text = &text.as_bytes()[..text.len().min(TEXT - 1)];
                bytes[..text.len()].copy_from_slice(text);
            }
            Value::Missing if size == TEXT => {}
            Value::Missing => bytes[..8].copy_from_slice(&no_number(&field.kind)),
            Value::Boolean(value) => bytes[..8].copy_from_slice(&u64::from(*value).to_ne_bytes()),
            Value::Unsigned(value) => bytes[..8].copy_from_slice(&value.to_ne_bytes()),
            Value::Signed(value) => bytes[..8].copy_from_slice(&value.to_ne_bytes()),
            Value::Float(value) => bytes[..8].copy_from_slice(&value.to_ne_bytes()),
        }
        // SAFETY: the record has this field next, of this size, which is at most TEXT.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), record, size);
            record = record.add(size);
        }
    }
}
