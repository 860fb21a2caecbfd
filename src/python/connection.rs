//! ChronyConnection: the same reports on one session, which threads share; a child of `fork()` opens another.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use pyo3_ffi as ffi;

use super::abi;
use super::arguments::{DEFAULT_TIMEOUT, Target, parameters, parse_timeout, report_name};
use super::enums;
use super::exceptions;
use super::functions::record_or_list;
use super::instance::{self, Data, parts};
use super::method::Method;
use super::object::{
    Detached, Owned, Result, Table, boolean, check_signals, entry, none, path, runtime_error, signed, string,
};
use super::state::{State, get_or_make};
use super::structseq;
use crate::chrony::address::{Address, Candidates};
use crate::chrony::client::Client;
use crate::chrony::error::Error;
use crate::chrony::shared::{IfClosed, Shared};
use crate::chrony::wait::{Call, Caller, block_on};
use crate::reports::enums::TRANSPORT;
use crate::reports::{REPORTS, each_report};

type Object = *mut ffi::PyObject;

/// A connection: its options, set once by `__init__`, and the client that threads share.
struct Connection {
    options: OnceLock<Options>,
    client: Shared<Client>,
}

struct Options {
    target: Target,
    timeout: Option<Duration>,
    /// The addresses to ask, from the first call on.
    candidates: OnceLock<Candidates>,
}

impl Options {
    fn new(target: Target, timeout: Option<Duration>) -> Self {
        Self { target, timeout, candidates: OnceLock::new() }
    }

    fn candidates(&self) -> Result<&Candidates> {
        get_or_make(&self.candidates, || self.target.candidates())
    }
}

impl Connection {
    fn options(&self) -> &Options {
        // A subclass need not call __init__.
        self.options.get_or_init(|| Options::new(Target(None), Some(DEFAULT_TIMEOUT)))
    }

    /// The address in use, or the one that was given.
    fn address(&self) -> Option<Address> {
        let in_use = self.client.about(|client| client.address().cloned());
        in_use.or_else(|| self.options().target.0.clone())
    }
}

/// A call on a connection: while it waits, another thread may close the connection.
struct Connected<'a> {
    detached: Detached,
    client: &'a Shared<Client>,
}

impl<'a> Connected<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self { detached: Detached::new(), client: &connection.client }
    }
}

impl Caller for Connected<'_> {
    fn handle_signals(&mut self) -> bool {
        self.detached.handle_signals()
    }

    fn begin_wait(&mut self, fd: c_int) -> std::result::Result<(), Error> {
        self.client.begin_wait(fd)
    }

    fn end_wait(&mut self) -> std::result::Result<(), Error> {
        self.client.end_wait()
    }
}

/// Takes the client out, runs `body` on it and brings it back, all without the GIL.
fn run<T>(
    connection: &Connection,
    state: &State,
    if_closed: IfClosed,
    body: impl AsyncFnOnce(&mut Client, &Call) -> std::result::Result<T, Error>,
) -> Result<T> {
    let options = connection.options();
    let candidates = options.candidates()?;
    let call = Call::new(options.timeout);
    let result = {
        let mut caller = Connected::new(connection);
        let make = || Client::new(state.library, candidates.clone());
        let taken = connection.client.take(&call, &mut caller, if_closed, make);
        taken.and_then(|mut client| block_on(&call, &mut caller, body(&mut client, &call)))
    };
    let response = result.map_err(|error| exceptions::raise(state, &error))?;
    check_signals()?; // one may have come with the response; a handler may use the connection
    Ok(response)
}

/// Whether an object is a connection.
pub fn is_one(state: &State, object: &Owned) -> Result<bool> {
    let Some(class) = state.connection.get() else { return Ok(false) };
    // SAFETY: live objects; −1 says that an exception is set.
    let status = unsafe { ffi::PyObject_IsInstance(object.as_ptr(), class.as_ptr()) };
    super::object::check(status)?;
    // SAFETY: a live type and a live object: what a class says of its instances does not count.
    Ok(status > 0 && unsafe { ffi::PyType_IsSubtype(ffi::Py_TYPE(object.as_ptr()), class.as_ptr().cast()) } != 0)
}

/// The address that a connection was given.
///
/// # Safety
/// `object` must be a live connection.
pub unsafe fn given_address<'a>(object: Object) -> Option<&'a Address> {
    // SAFETY: as the caller promises.
    let (connection, _) = unsafe { parts::<Connection>(object) };
    connection.options().target.0.as_ref()
}

/// Asks on a connection, for another object that has it.
///
/// # Safety
/// `object` must be a live connection.
pub unsafe fn ask_on<T>(
    object: Object,
    body: impl AsyncFnOnce(&mut Client, &Call) -> std::result::Result<T, Error>,
) -> Result<T> {
    // SAFETY: as the caller promises.
    let (connection, state) = unsafe { parts::<Connection>(object) };
    run(connection, state?, IfClosed::Fail, body)
}

impl Data for Connection {
    fn new() -> Self {
        Self { options: OnceLock::new(), client: Shared::default() }
    }

    fn finish(&mut self) {
        if self.client.is_unclosed(|client| client.fd().is_some()) {
            warn_unclosed();
        }
    }

    fn specification() -> *mut ffi::PyType_Spec {
        SPECIFICATION.as_ptr()
    }
}

/// The type's name, with the module's name before it.
pub const NAME: &CStr = c"pychrony.ChronyConnection";

/// The type.
pub fn class<'a>(state: &'a State, module: &Owned) -> Result<&'a Owned> {
    // SAFETY: all that the specification names is static, and of connections.
    get_or_make(&state.connection, || unsafe { instance::new_type::<Connection>(module) })
}

static SPECIFICATION: Table<ffi::PyType_Spec, 1> = Table([ffi::PyType_Spec {
    name: NAME.as_ptr(),
    basicsize: instance::basic_size::<Connection>(),
    itemsize: 0,
    flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE | ffi::Py_TPFLAGS_HAVE_GC) as std::ffi::c_uint,
    slots: SLOTS.as_ptr(),
}]);

static SLOTS: Table<ffi::PyType_Slot, 11> = Table([
    ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: DOC.as_ptr().cast_mut().cast() },
    ffi::PyType_Slot { slot: ffi::Py_tp_new, pfunc: instance::new::<Connection> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_init, pfunc: init as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_dealloc, pfunc: instance::dealloc::<Connection> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_traverse, pfunc: instance::traverse::<Connection> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_clear, pfunc: instance::clear::<Connection> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_repr, pfunc: repr as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: METHODS.as_ptr().cast_mut().cast() },
    ffi::PyType_Slot { slot: ffi::Py_tp_getset, pfunc: GETSET.as_ptr().cast() },
    abi::TOKEN_SLOT,
    ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
]);

const DOC: &CStr = c"ChronyConnection(address=None, *, timeout=3.0)\n--\n\n\
    A connection to chronyd, for programs that ask more than once:\n\n\
    \x20   with ChronyConnection() as connection:\n\
    \x20       status = connection.get_tracking()\n\n\
    address: as for get_tracking(); PYCHRONY_ADDRESS is read once. timeout: seconds for each call, including the wait for\n\
    other threads' calls.\n\n\
    It opens automatically when it is used: the first time, after an error, after a restart of chronyd, and in a\n\
    child process after fork(). The with statement, or open(), opens it at once, and raises where chronyd cannot be reached;\n\
    leaving it, or close(), closes it: a call then raises ChronyConnectionError (CLOSED). Threads may share it: one call at a\n\
    time is under way.";

static METHODS: [Method; REPORTS.len() + 7] = {
    const END: usize = REPORTS.len();
    let mut methods = [const { Method::end() }; REPORTS.len() + 7];
    let getters: [Method; REPORTS.len()] = each_report!(getter);
    let mut index = 0;
    while index < END {
        methods[index] = getters[index].copy();
        index += 1;
    }
    methods[END] = Method::with_one_argument(
        c"get_report",
        get_report,
        c"get_report($self, name, /)\n--\n\nAsk for any report by libchrony's name: see pychrony.get_report().",
    );
    methods[END + 1] = Method::without_arguments(
        c"open",
        open,
        c"open($self, /)\n--\n\n\
        Open the connection now, if it is not open, and also if it was closed. Raises what get_tracking() raises where that\n\
        fails; the next call tries again.",
    );
    methods[END + 2] = Method::without_arguments(
        c"close",
        close,
        c"close($self, /)\n--\n\n\
        Close the connection. Closing it twice is fine. A call that another thread is making ends with a ChronyConnectionError.",
    );
    methods[END + 3] = Method::without_arguments(
        c"fileno",
        fileno,
        c"fileno($self, /)\n--\n\n\
        The socket's file descriptor; -1 while there is none (before the first call, and after an error until the next) or\n\
        while a call uses it.\n\n\
        Raises ChronyConnectionError if the connection is closed.",
    );
    methods[END + 4] = Method::without_arguments(
        c"__enter__",
        enter,
        c"__enter__($self, /)\n--\n\nOpen the connection, as open() does.",
    );
    methods[END + 5] =
        Method::with_arguments(c"__exit__", exit, c"__exit__($self, /, *args)\n--\n\nClose the connection.");
    methods
};

static GETSET: Table<ffi::PyGetSetDef, 4> = Table([
    attribute(
        c"address",
        address,
        c"The address in use, or else the one that was given (None: the default addresses).",
    ),
    attribute(c"transport", transport, c"The Transport in use, or the one the given address implies; None if unknown."),
    attribute(c"closed", closed, c"Whether the connection was closed, and not opened again."),
    ffi::PyGetSetDef { name: ptr::null(), get: None, set: None, doc: ptr::null(), closure: ptr::null_mut() },
]);

const fn attribute(name: &'static CStr, get: ffi::getter, doc: &'static CStr) -> ffi::PyGetSetDef {
    ffi::PyGetSetDef { name: name.as_ptr(), get: Some(get), set: None, doc: doc.as_ptr(), closure: ptr::null_mut() }
}

const fn getter<const REPORT: usize>() -> Method {
    let getter = &REPORTS[REPORT].getter;
    Method::without_arguments(getter.name, get::<REPORT>, getter.method_doc)
}

unsafe extern "C" fn init(object: Object, arguments: Object, keywords: Object) -> c_int {
    entry(|| {
        // SAFETY: the object being initialised, and the interpreter's arguments.
        let ((connection, _), options) = unsafe {
            let [address, timeout] = parameters(c"ChronyConnection").bind_tuple(arguments, keywords)?;
            let options = Options::new(Target::parse(address)?, parse_timeout(timeout)?);
            (parts::<Connection>(object), options)
        };
        connection.options.set(options).map_err(|_| runtime_error("the connection is initialised already"))
    })
}

/// Warns of a connection that was dropped without being closed, and keeps the exception that is set, if there is one.
#[allow(deprecated)] // What replaces PyErr_Fetch and PyErr_Restore came with Python 3.12.
fn warn_unclosed() {
    let (mut kind, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the thread is attached; the three references are fetched, and given back.
    unsafe {
        ffi::PyErr_Fetch(&mut kind, &mut value, &mut traceback);
        let message = c"unclosed pychrony.ChronyConnection: use it in a with statement, or close() it";
        if ffi::PyErr_WarnEx(ffi::PyExc_ResourceWarning, message.as_ptr(), 1) < 0 {
            ffi::PyErr_WriteUnraisable(ptr::null_mut()); // warnings are errors here, but nobody could catch it
        }
        ffi::PyErr_Restore(kind, value, traceback);
    }
}

unsafe extern "C" fn get<const REPORT: usize>(object: Object, _: Object) -> Object {
    // SAFETY: as for `ask()`.
    unsafe { ask(object, REPORT) }
}

/// What the methods that ask for a report have in common: all but the report's number. It is compiled once, not ten times.
///
/// # Safety
/// `object` must be the object that the method was called on.
#[inline(never)]
unsafe fn ask(object: Object, report: usize) -> Object {
    entry(|| {
        // SAFETY: as the caller promises.
        let (connection, state) = unsafe { parts::<Connection>(object) };
        let (state, query) = (state?, &REPORTS[report].query);
        let response = run(connection, state, IfClosed::Fail, async |client, call| client.report(query, call).await)?;
        record_or_list(state, report, &response)
    })
}

unsafe extern "C" fn get_report(object: Object, name: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on, and its argument.
        let ((connection, state), name) = unsafe { (parts::<Connection>(object), report_name(name)?) };
        let ask = async |client: &mut Client, call: &Call| client.raw_report(&name, call).await;
        let rows = run(connection, state?, IfClosed::Fail, ask)?;
        structseq::raw_instances(&rows)
    })
}

unsafe extern "C" fn open(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (connection, state) = unsafe { parts::<Connection>(object) };
        run(connection, state?, IfClosed::Open, async |client, call| client.open(call).await)?;
        Ok(none())
    })
}

unsafe extern "C" fn enter(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on; the first is a new reference or NULL.
        unsafe {
            Owned::new(open(object, ptr::null_mut()))?;
            Ok(Owned::from_borrowed(object))
        }
    })
}

unsafe extern "C" fn exit(object: Object, _: *const Object, _: ffi::Py_ssize_t, _: Object) -> Object {
    // SAFETY: the object that the method was called on.
    unsafe { close(object, ptr::null_mut()) }
}

unsafe extern "C" fn close(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (connection, _) = unsafe { parts::<Connection>(object) };
        let detached = Detached::new();
        connection.client.close();
        drop(detached);
        Ok(none())
    })
}

unsafe extern "C" fn fileno(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (connection, state) = unsafe { parts::<Connection>(object) };
        if connection.client.is_closed() {
            return Err(exceptions::raise(state?, &Error::Closed));
        }
        signed(i64::from(connection.client.about(Client::fd).unwrap_or(-1)))
    })
}

unsafe extern "C" fn address(object: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the object whose attribute is asked for.
        let (connection, _) = unsafe { parts::<Connection>(object) };
        connection.address().map_or_else(|| Ok(none()), |address| path(address.as_c_str().to_bytes()))
    })
}

unsafe extern "C" fn transport(object: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the object whose attribute is asked for.
        let (connection, state) = unsafe { parts::<Connection>(object) };
        match connection.address() {
            Some(address) => enums::member(state?, &TRANSPORT, address.transport() as u64),
            None => Ok(none()),
        }
    })
}

unsafe extern "C" fn closed(object: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the object whose attribute is asked for.
        let (connection, _) = unsafe { parts::<Connection>(object) };
        Ok(boolean(connection.client.is_closed()))
    })
}

unsafe extern "C" fn repr(object: Object) -> Object {
    entry(|| {
        // SAFETY: the object that is to be shown, whose type is an object too.
        let ((connection, _), class) =
            unsafe { (parts::<Connection>(object), Owned::from_borrowed(ffi::Py_TYPE(object).cast())) };
        let address = connection.address().map_or("default addresses".to_owned(), |address| address.to_string());
        let state = if connection.client.is_closed() { " closed" } else { "" };
        string(&format!("<{} {address}{state}>", class.attribute(c"__qualname__")?.to_text()?))
    })
}
