//! get_tracking and its siblings: a new session for each call, nothing is kept.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::time::Duration;

use pyo3_ffi as ffi;

use super::errors;
use super::methods::{Method, parse};
use super::module::State;
use super::object::{
    Detached, Owned, Raised, Result, bytes, check_signals, entry, import, list, none, runtime_error, string,
    type_error, value_error,
};
use super::structseq;
use crate::chrony::address::Address;
use crate::chrony::client::{Client, RawRow, Row};
use crate::chrony::error::Error;
use crate::chrony::session::Patience;
use crate::reports::{REPORTS, Report};

type Object = *mut ffi::PyObject;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

/// The module's functions.
pub static METHODS: [Method; 14] = [
    getter::<0>(),
    getter::<1>(),
    getter::<2>(),
    getter::<3>(),
    getter::<4>(),
    getter::<5>(),
    getter::<6>(),
    getter::<7>(),
    getter::<8>(),
    getter::<9>(),
    Method::with_keywords(
        c"get_report",
        get_report,
        c"get_report($module, /, name, address=None, *, timeout=3.0)\n--\n\n\
        Ask chronyd for any report that the libchrony in use knows, new ones included.\n\n\
        Returns a list of dictionaries, a record each, under libchrony's own field names and by its types: integers,\n\
        floats, addresses as str or None, times as integers of nanoseconds since 1970. Values are not checked against a\n\
        range, and reserved fields are among them. A record without fields (of a reference clock, in the reports by\n\
        address) is an empty dictionary.\n\n\
        name: one of supported_reports().\n\
        address, timeout: as for get_tracking().\n\n\
        Raises ValueError for a name that libchrony does not know; else as get_tracking() does.",
    ),
    Method::without_arguments(
        c"supported_reports",
        supported_reports,
        c"supported_reports($module, /)\n--\n\nThe names that get_report() takes: the reports of the libchrony in use.",
    ),
    Method::without_arguments(
        c"get_include",
        get_include,
        c"get_include($module, /)\n--\n\nThe folder of pychrony.h, the header for extensions in C.",
    ),
    Method::end(),
];

const fn getter<const REPORT: usize>() -> Method {
    let getter = &REPORTS[REPORT].getter;
    Method::with_keywords(getter.name, get::<REPORT>, getter.function_doc)
}

unsafe extern "C" fn get<const REPORT: usize>(module: Object, arguments: Object, keywords: Object) -> Object {
    entry(|| {
        let report = REPORTS[REPORT];
        let state = State::of(module)?;
        // SAFETY: the interpreter's arguments.
        let whom = unsafe { Whom::parse(arguments, keywords, report.getter.format) }?;
        let rows = whom.ask(state, |client, patience| client.report(&report.query, patience))?;
        records(state, REPORT, report, rows)
    })
}

/// What the rows of a report become, None where it is about something that is not enabled.
pub fn records(state: &State, index: usize, report: &'static Report, rows: Option<Vec<Row>>) -> Result<Owned> {
    rows.map_or_else(|| Ok(none()), |rows| structseq::records(state, &state.records[index], report, &rows))
}

/// What raw rows become.
pub fn raw_records(rows: &[RawRow]) -> Result<Owned> {
    list(rows.iter().map(structseq::raw_instance))
}

unsafe extern "C" fn get_report(module: Object, arguments: Object, keywords: Object) -> Object {
    entry(|| {
        let state = State::of(module)?;
        let names = [c"name".as_ptr(), c"address".as_ptr(), c"timeout".as_ptr(), ptr::null()];
        let mut name = ptr::null_mut();
        // SAFETY: the interpreter's arguments; three names, three `O`.
        let (name, whom) = unsafe {
            let whom = Whom::parse_after(arguments, keywords, c"O|O$O:get_report", &names, Some(&mut name))?;
            (report_name(name)?, whom)
        };
        let rows = whom.ask(state, |client, patience| client.raw_report(&name, patience))?;
        raw_records(&rows)
    })
}

/// A report's name as text.
///
/// # Safety
/// `name` must be a live object.
pub unsafe fn report_name(name: Object) -> Result<String> {
    // SAFETY: a live object.
    if unsafe { ffi::PyUnicode_Check(name) } == 0 {
        return Err(type_error("a report's name must be a str"));
    }
    // SAFETY: a live string; a new reference or NULL.
    let encoded = unsafe { Owned::new(ffi::PyUnicode_AsUTF8String(name)) }?;
    Ok(String::from_utf8_lossy(bytes(&encoded)?).into_owned())
}

unsafe extern "C" fn supported_reports(module: Object, _: Object) -> Object {
    entry(|| {
        let names = State::of(module)?.library.reports();
        list(names.into_iter().map(|name| string(&name.to_string_lossy())))
    })
}

unsafe extern "C" fn get_include(module: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the module is live during the call; a new reference or NULL.
        let file = unsafe { Owned::new(ffi::PyModule_GetFilenameObject(module)) }.map_err(|Raised| {
            runtime_error("this pychrony is built into the program: it has no folder with a header")
        })?;
        let os_path = import(c"os.path")?;
        let folder = os_path.attribute(c"dirname")?.call(&[&file])?;
        os_path.attribute(c"join")?.call(&[&folder, &string("include")?])
    })
}

/// Whom to ask, and how long to wait: the arguments that all functions share.
pub struct Whom {
    pub address: Option<Address>,
    pub timeout: Option<Duration>,
}

impl Default for Whom {
    fn default() -> Self {
        Self { address: None, timeout: Some(DEFAULT_TIMEOUT) }
    }
}

impl Whom {
    /// # Safety
    /// The arguments must be those the interpreter passed, and the format have two `O`.
    pub unsafe fn parse(arguments: Object, keywords: Object, format: &CStr) -> Result<Self> {
        let names = [c"address".as_ptr(), c"timeout".as_ptr(), ptr::null()];
        // SAFETY: as the caller promises.
        unsafe { Self::parse_after(arguments, keywords, format, &names, None) }
    }

    /// # Safety
    /// The arguments must be those the interpreter passed, and the format and the names fit: one more `O`, if `first` is
    /// given.
    unsafe fn parse_after(
        arguments: Object,
        keywords: Object,
        format: &CStr,
        names: &[*const c_char],
        first: Option<&mut Object>,
    ) -> Result<Self> {
        let (mut address, mut timeout) = (ptr::null_mut(), ptr::null_mut());
        let targets = match first {
            None => [&raw mut address, &raw mut timeout, ptr::null_mut()],
            Some(first) => [&raw mut *first, &raw mut address, &raw mut timeout],
        };
        // SAFETY: as the caller promises; the references are borrowed from the arguments, or NULL.
        unsafe {
            parse(arguments, keywords, format, names, targets)?;
            Ok(Self { address: parse_address(address)?, timeout: parse_timeout(timeout)? })
        }
    }

    /// Asks, without the GIL, in a session of its own.
    pub fn ask<T>(
        self,
        state: &State,
        ask: impl FnOnce(&mut Client, &mut Patience<'_>) -> std::result::Result<T, Error>,
    ) -> Result<T> {
        let answer = {
            let mut detached = Detached::new();
            let mut go_on = || detached.handle_signals();
            let mut patience = Patience::new(self.timeout, &mut go_on);
            let mut client = Client::new(state.library, self.address);
            let answer = ask(&mut client, &mut patience);
            drop(client);
            answer
        };
        let answer = answer.map_err(|error| errors::raise(state, &error))?;
        check_signals()?; // one may have come with the answer
        Ok(answer)
    }
}

fn is_missing(object: Object) -> bool {
    // SAFETY: None is always live.
    object.is_null() || object == unsafe { ffi::Py_None() }
}

/// # Safety
/// `object` must be NULL or live.
unsafe fn parse_address(object: Object) -> Result<Option<Address>> {
    if is_missing(object) {
        return Ok(None);
    }
    // SAFETY: a live object; the results are new references or NULL.
    let encoded = unsafe {
        let path = Owned::new(ffi::PyOS_FSPath(object))?;
        if ffi::PyUnicode_Check(path.as_ptr()) == 0 {
            return Err(type_error("address must be a str, an os.PathLike of str, or None"));
        }
        Owned::new(ffi::PyUnicode_EncodeFSDefault(path.as_ptr()))?
    };
    Address::parse(bytes(&encoded)?).map(Some).map_err(|error| value_error(&error.to_string()))
}

/// # Safety
/// `object` must be NULL or live.
unsafe fn parse_timeout(object: Object) -> Result<Option<Duration>> {
    if object.is_null() {
        return Ok(Some(DEFAULT_TIMEOUT));
    }
    if is_missing(object) {
        return Ok(None);
    }
    // SAFETY: a live object; −1.0 may also say that an exception is set.
    let seconds = unsafe { ffi::PyFloat_AsDouble(object) };
    // SAFETY: only looks at and clears the thread's error indicator.
    unsafe {
        if seconds == -1.0 && !ffi::PyErr_Occurred().is_null() {
            if ffi::PyErr_ExceptionMatches(ffi::PyExc_OverflowError) == 0 {
                return Err(Raised);
            }
            ffi::PyErr_Clear();
        }
    }
    duration(seconds)
}

/// A timeout of so many seconds. Longer than a Duration can be is for ever; shorter than a nanosecond is one.
pub fn duration(seconds: f64) -> Result<Option<Duration>> {
    if !(seconds > 0.0 && seconds.is_finite()) {
        return Err(value_error("timeout must be a finite number of seconds greater than 0, or None to wait for ever"));
    }
    Ok(Duration::try_from_secs_f64(seconds).ok().map(|timeout| timeout.max(Duration::from_nanos(1))))
}
