//! get_tracking and its siblings: each call opens a new session and keeps nothing.

use std::time::Duration;

use pyo3_ffi as ffi;

use super::arguments::{Target, parameters, parse_timeout, report_name};
use super::error_bound;
use super::exceptions;
use super::method::{Method, Parameters};
use super::object::{Detached, Owned, Raised, Result, check_signals, entry, import, list, none, runtime_error, string};
use super::state::State;
use super::structseq;
use crate::chrony::client::{Client, Response};
use crate::chrony::error::Error;
use crate::chrony::wait::{Call, block_on};
use crate::reports::{REPORTS, each_report};

type Object = *mut ffi::PyObject;

/// The functions that ask for one report each.
pub static GETTERS: [Method; REPORTS.len()] = each_report!(getter);

const fn getter<const REPORT: usize>() -> Method {
    let getter = &REPORTS[REPORT].getter;
    Method::with_arguments(getter.name, get::<REPORT>, getter.function_doc)
}

/// The others.
pub static FUNCTIONS: [Method; 4] = [
    error_bound::METHOD.copy(),
    Method::with_arguments(
        c"get_report",
        get_report,
        c"get_report($module, /, name, address=None, *, timeout=3.0)\n--\n\n\
        Ask chronyd for any report that the libchrony in use supports, including newer ones than this pychrony knows.\n\n\
        Returns a list of dictionaries, one for each record, with libchrony's own field names and types: integers,\n\
        floats, addresses as str or None, times as integers of nanoseconds since 1970. Values are not checked against\n\
        a range, except that a float is finite and a time lies between 1970 and 2262. Reserved fields are included. A record\n\
        without fields (of a reference clock, in the reports by address) is an empty dictionary. A report on something\n\
        that is not enabled (rtcdata, smoothing) is an empty list.\n\n\
        name: one of supported_reports().\n\
        address, timeout: as for get_tracking().\n\n\
        Raises ValueError for a name that libchrony does not know, and what get_tracking() raises.",
    ),
    Method::without_arguments(
        c"supported_reports",
        supported_reports,
        c"supported_reports($module, /)\n--\n\nThe names that get_report() accepts: the reports that the libchrony in use supports.",
    ),
    Method::without_arguments(
        c"get_include",
        get_include,
        c"get_include($module, /)\n--\n\nThe directory that contains pychrony.h, the header for extensions in C.",
    ),
];

unsafe extern "C" fn get<const REPORT: usize>(
    module: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    // SAFETY: the interpreter's arguments.
    unsafe { get_record_or_list(REPORT, module, arguments, positional, keywords) }
}

/// What the functions that ask for a report have in common: all but the report's number. It is compiled once, not ten times.
///
/// # Safety
/// The arguments must be those the interpreter passed.
#[inline(never)]
unsafe fn get_record_or_list(
    report: usize,
    module: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    entry(|| {
        let state = State::of(module)?;
        // SAFETY: as the caller promises.
        let (target, timeout) = unsafe {
            let [address, timeout] = parameters(REPORTS[report].getter.name).bind(arguments, positional, keywords)?;
            (Target::parse(address)?, parse_timeout(timeout)?)
        };
        let response = ask(state, &target, timeout, report)?;
        record_or_list(state, report, &response)
    })
}

/// Requests a report in a new session.
pub fn ask(state: &State, target: &Target, timeout: Option<Duration>, report: usize) -> Result<Response> {
    in_session(state, target, timeout, async |client, call| client.report(&REPORTS[report].query, call).await)
}

/// Opens a session, asks, and closes the session, all without the GIL.
fn in_session<T>(
    state: &State,
    target: &Target,
    timeout: Option<Duration>,
    ask: impl AsyncFnOnce(&mut Client, &Call) -> std::result::Result<T, Error>,
) -> Result<T> {
    let candidates = target.candidates()?;
    let response = {
        let mut detached = Detached::new();
        let mut client = Client::new(state.library, candidates);
        let call = Call::new(timeout);
        block_on(&call, &mut detached, ask(&mut client, &call))
    };
    let response = response.map_err(|error| exceptions::raise(state, &error))?;
    check_signals()?; // one may have come with the response
    Ok(response)
}

/// What a response becomes: a record, a list of them, or None where the report is about something that is not enabled.
pub fn record_or_list(state: &State, report: usize, response: &Response) -> Result<Owned> {
    match response {
        Response::NotEnabled => Ok(none()),
        Response::Record(row) => structseq::instance(state, report, row),
        Response::List(rows) => list(rows.iter().map(|row| structseq::instance(state, report, row))),
    }
}

unsafe extern "C" fn get_report(
    module: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    const PARAMETERS: Parameters<3> =
        Parameters { function: c"get_report", names: [c"name", c"address", c"timeout"], positional: 2, required: 1 };
    entry(|| {
        let state = State::of(module)?;
        // SAFETY: the interpreter's arguments.
        let (name, target, timeout) = unsafe {
            let [name, address, timeout] = PARAMETERS.bind(arguments, positional, keywords)?;
            (report_name(name)?, Target::parse(address)?, parse_timeout(timeout)?)
        };
        let rows = in_session(state, &target, timeout, async |client, call| client.raw_report(&name, call).await)?;
        structseq::raw_instances(&rows)
    })
}

unsafe extern "C" fn supported_reports(module: Object, _: Object) -> Object {
    entry(|| {
        let names = State::of(module)?.library.functions.reports();
        list(names.into_iter().map(|name| string(&name.to_string_lossy())))
    })
}

unsafe extern "C" fn get_include(module: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the module is live during the call; a new reference or NULL.
        let file = unsafe { Owned::new(ffi::PyModule_GetFilenameObject(module)) }.map_err(|Raised| {
            runtime_error("this pychrony is built into the program: it has no directory with a header")
        })?;
        let os_path = import(c"os.path")?;
        let directory = os_path.attribute(c"dirname")?.call(&[&file])?;
        os_path.attribute(c"join")?.call(&[&directory, &string("include")?])
    })
}
