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
use crate::chrony::client::{Answer, Client};
use crate::chrony::error::{Error, Fault};
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
        Ask chronyd for any report that the libchrony in use knows, new ones included.\n\n\
        Returns a list of dictionaries, one for each record, with libchrony's own field names and types: integers,\n\
        floats, addresses as str or None, times as integers of nanoseconds since 1970. Values are not checked against\n\
        a range, except that a float is finite and a time lies between 1970 and 2262. Reserved fields are included. A record\n\
        without fields (of a reference clock, in the reports by address) is an empty dictionary. A report on something\n\
        that is not enabled (rtcdata, smoothing) is an empty list.\n\n\
        name: one of supported_reports().\n\
        address, timeout: as for get_tracking().\n\n\
        Raises ValueError for a name that libchrony does not know; otherwise what get_tracking() raises.",
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
        ask(state, &target, timeout, report, |asked| record_or_list(state, report, asked))
    })
}

/// What came back for a report, to be read while the thread is attached.
pub struct Asked<'a> {
    pub client: &'a mut Client,
    pub answer: Answer,
    pub call: &'a Call,
}

/// Asks for a report in a session of its own, without the GIL, and then reads the answer with the GIL.
pub fn ask<T>(
    state: &State,
    target: &Target,
    timeout: Option<Duration>,
    report: usize,
    read: impl FnOnce(Asked<'_>) -> Result<T>,
) -> Result<T> {
    in_session(
        state,
        target,
        timeout,
        async |client, call| client.report(&REPORTS[report].query, call).await,
        |client, answer, call| read(Asked { client, answer, call }),
    )
}

/// Opens a session, runs `ask` without the GIL and `read` with it, and closes the session.
fn in_session<A, T>(
    state: &State,
    target: &Target,
    timeout: Option<Duration>,
    ask: impl AsyncFnOnce(&mut Client, &Call) -> std::result::Result<A, Error>,
    read: impl FnOnce(&mut Client, A, &Call) -> Result<T>,
) -> Result<T> {
    let mut client = Client::new(state.library, target.candidates()?);
    let call = Call::new(timeout);
    let answer = {
        let mut detached = Detached::new();
        block_on(&call, &mut detached, ask(&mut client, &call))
    };
    let result = answer.map_err(|error| exceptions::raise(state, &error)).and_then(|answer| {
        check_signals()?; // one may have come with the answer
        read(&mut client, answer, &call)
    });
    close(client);
    result
}

/// Closes a client's session, without the GIL, because closing a Unix socket removes files.
fn close(client: Client) {
    let _detached = Detached::new();
    drop(client);
}

/// A fault in reading a record, or a Python exception.
enum Unread {
    Fault(Fault),
    Raised(Raised),
}

impl From<Raised> for Unread {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

/// What a report becomes: a record, a list of them, or None where it is about something that is not enabled.
pub fn record_or_list(state: &State, report: usize, asked: Asked<'_>) -> Result<Owned> {
    match asked.answer {
        Answer::NotEnabled => Ok(none()),
        Answer::Rows(rows) => structseq::instances(state, report, rows),
        Answer::Record => {
            let Some(record) = asked.client.record() else { return Err(runtime_error("the session is gone")) };
            match structseq::instance(state, report, |field| record.read(field).map_err(Unread::Fault)) {
                Ok(instance) => Ok(instance),
                Err(Unread::Raised(raised)) => Err(raised),
                Err(Unread::Fault(fault)) => {
                    let error = asked.client.reject_record(fault, &REPORTS[report].query, asked.call);
                    Err(exceptions::raise(state, &error))
                }
            }
        }
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
        in_session(
            state,
            &target,
            timeout,
            async |client, call| client.raw_report(&name, call).await,
            |_, rows, _| structseq::raw_instances(&rows),
        )
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
            runtime_error("this pychrony is built into the program: it has no folder with a header")
        })?;
        let os_path = import(c"os.path")?;
        let folder = os_path.attribute(c"dirname")?.call(&[&file])?;
        os_path.attribute(c"join")?.call(&[&folder, &string("include")?])
    })
}
