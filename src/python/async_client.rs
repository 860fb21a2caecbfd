//! _Client: what pychrony.aio drives. It asks, and says what to wait for instead of waiting.

use std::ffi::{CStr, c_int, c_void};
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pyo3_ffi as ffi;

use super::abi;
use super::arguments::{Target, parse_timeout, report_name};
use super::exceptions;
use super::functions::record_or_list;
use super::instance::{self, Data, parts};
use super::method::{Method, Parameters};
use super::object::{
    Owned, Result, Table, boolean, entry, float, none, path, runtime_error, signed, tuple, value_error,
};
use super::state::{State, get_or_make};
use super::structseq;
use crate::chrony::client::{Client, RawRow, Response};
use crate::chrony::error::Error;
use crate::chrony::wait::{Call, Event, Readiness};
use crate::reports::REPORTS;

type Object = *mut ffi::PyObject;

/// Where to ask, and how far that has got. One thread at a time drives it: an attempt by another one is an error.
struct AsyncClient(Mutex<Inner>);

struct Inner {
    target: Target,
    /// Between calls.
    client: Option<Client>,
    /// During one.
    pending: Option<Pending>,
}

/// A call that is under way: the future has the client, and gives it back with the result.
struct Pending {
    future: Pin<Box<dyn Future<Output = (Client, CallResult)>>>,
    call: Rc<Call>,
}

// SAFETY: everything that refers to the call is in here, the future included, and one thread at a time has it.
unsafe impl Send for Pending {}

type CallResult = std::result::Result<Reply, Error>;

/// What a call brings.
enum Reply {
    Opened,
    Report(usize, Response),
    RawReport(Vec<RawRow>),
}

/// What a call asks for.
enum Ask {
    Open,
    Report(usize),
    RawReport(String),
}

impl Pending {
    fn new(mut client: Client, ask: Ask, call: Call) -> Self {
        let call = Rc::new(call);
        let shared = Rc::clone(&call);
        let future = async move {
            let result = match ask {
                Ask::Open => client.open(&shared).await.map(|()| Reply::Opened),
                Ask::Report(report) => {
                    let response = client.report(&REPORTS[report].query, &shared).await;
                    response.map(|response| Reply::Report(report, response))
                }
                Ask::RawReport(name) => client.raw_report(&name, &shared).await.map(Reply::RawReport),
            };
            (client, result)
        };
        Self { future: Box::pin(future), call }
    }

    fn poll(&mut self) -> Poll<(Client, CallResult)> {
        self.future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }
}

impl Inner {
    /// Advances the call as far as possible: returns what to wait for, as a tuple, or else what was asked for.
    fn advance(&mut self, state: &State) -> Result<Owned> {
        let Some(pending) = &mut self.pending else { return Err(runtime_error("no request is under way")) };
        let Poll::Ready((client, result)) = pending.poll() else { return self.wanted() };
        self.pending = None;
        self.client = Some(client);
        match result {
            Ok(Reply::Opened) => Ok(none()),
            Ok(Reply::Report(report, response)) => record_or_list(state, report, &response),
            Ok(Reply::RawReport(rows)) => structseq::raw_instances(&rows),
            Err(error) => Err(exceptions::raise(state, &error)),
        }
    }

    /// What the call waits for: a descriptor, whether to write to it, and for how many seconds at most, or None.
    fn wanted(&self) -> Result<Owned> {
        let wanted = self.pending.as_ref().and_then(|pending| pending.call.wanted());
        let Some(wanted) = wanted else { return Err(runtime_error("nothing to wait for")) };
        let delay = wanted.until.map(|until| until.saturating_duration_since(Instant::now()).as_secs_f64());
        tuple(
            [
                signed(wanted.fd.into()),
                Ok(boolean(wanted.readiness == Readiness::ToWrite)),
                delay.map_or_else(|| Ok(none()), float),
            ]
            .into_iter(),
        )
    }
}

impl Data for AsyncClient {
    fn new() -> Self {
        Self(Mutex::new(Inner { target: Target(None), client: None, pending: None }))
    }

    fn specification() -> *mut ffi::PyType_Spec {
        SPECIFICATION.as_ptr()
    }
}

impl AsyncClient {
    fn lock(&self) -> Result<MutexGuard<'_, Inner>> {
        match self.0.try_lock() {
            Ok(inner) => Ok(inner),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(runtime_error("another thread uses this client")),
        }
    }

    /// Asks, and advances as far as possible.
    fn ask(&self, state: &State, ask: Ask, call: Call) -> Result<Owned> {
        let mut inner = self.lock()?;
        if inner.pending.is_some() {
            return Err(runtime_error("this client is in the middle of a call"));
        }
        let client = match inner.client.take() {
            Some(client) => client,
            None => Client::new(state.library, inner.target.candidates()?),
        };
        inner.pending = Some(Pending::new(client, ask, call));
        inner.advance(state)
    }
}

/// The type's name, with the module's name before it.
pub const NAME: &CStr = c"pychrony._Client";

/// The type.
pub fn class<'a>(state: &'a State, module: &Owned) -> Result<&'a Owned> {
    // SAFETY: all that the specification names is static, and of these clients.
    get_or_make(&state.async_client, || unsafe { instance::new_type::<AsyncClient>(module) })
}

static SPECIFICATION: Table<ffi::PyType_Spec, 1> = Table([ffi::PyType_Spec {
    name: NAME.as_ptr(),
    basicsize: instance::basic_size::<AsyncClient>(),
    itemsize: 0,
    flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC) as std::ffi::c_uint,
    slots: SLOTS.as_ptr(),
}]);

static SLOTS: Table<ffi::PyType_Slot, 10> = Table([
    ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: DOC.as_ptr().cast_mut().cast() },
    ffi::PyType_Slot { slot: ffi::Py_tp_new, pfunc: instance::new::<AsyncClient> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_init, pfunc: init as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_dealloc, pfunc: instance::dealloc::<AsyncClient> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_traverse, pfunc: instance::traverse::<AsyncClient> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_clear, pfunc: instance::clear::<AsyncClient> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: METHODS.as_ptr().cast_mut().cast() },
    ffi::PyType_Slot { slot: ffi::Py_tp_getset, pfunc: GETSET.as_ptr().cast() },
    abi::TOKEN_SLOT,
    ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
]);

const DOC: &CStr = c"_Client(address=None)\n--\n\n\
    Asks chronyd, and never waits: for pychrony.aio.\n\n\
    ask(), ask_raw(), open() and resume() return what was asked for, or a plain tuple that says what to wait for before\n\
    resume(): a file descriptor, whether to write to it (or read from it), and for how many seconds at most (or None).";

static METHODS: [Method; 8] = [
    Method::with_arguments(
        c"ask",
        ask,
        c"ask($self, report, timeout, waited=0.0, /)\n--\n\n\
          Ask for a report by libchrony's name, as its own function does. waited: seconds of the timeout that are over already.",
    ),
    Method::with_arguments(
        c"ask_raw",
        ask_raw,
        c"ask_raw($self, report, timeout, waited=0.0, /)\n--\n\n\
          Ask for a report, as get_report() does. waited: seconds of the timeout that are over already.",
    ),
    Method::with_one_argument(c"open", open, c"open($self, timeout, /)\n--\n\nOpen a session, and ask nothing yet."),
    Method::with_one_argument(
        c"resume",
        resume,
        c"resume($self, ready, /)\n--\n\nGo on: the descriptor is ready (True), or it is too late (False).",
    ),
    Method::without_arguments(
        c"close",
        close,
        c"close($self, /)\n--\n\nGive up what is under way, and close the session.",
    ),
    Method::without_arguments(
        c"cancel",
        cancel,
        c"cancel($self, /)\n--\n\nGive up what is under way, together with its session.",
    ),
    Method::without_arguments(c"fileno", fileno, c"fileno($self, /)\n--\n\nThe socket's file descriptor, or -1."),
    Method::end(),
];

static GETSET: Table<ffi::PyGetSetDef, 2> = Table([
    ffi::PyGetSetDef {
        name: c"address".as_ptr(),
        get: Some(address),
        set: None,
        doc: c"The address in use, or else the one that was given, or None.".as_ptr(),
        closure: ptr::null_mut(),
    },
    ffi::PyGetSetDef { name: ptr::null(), get: None, set: None, doc: ptr::null(), closure: ptr::null_mut() },
]);

unsafe extern "C" fn init(object: Object, arguments: Object, keywords: Object) -> c_int {
    const PARAMETERS: Parameters<1> =
        Parameters { function: c"_Client", names: [c"address"], positional: 1, required: 0 };
    entry(|| {
        // SAFETY: the object being initialised, and the interpreter's arguments.
        let ((this, _), target) = unsafe {
            let [address] = PARAMETERS.bind_tuple(arguments, keywords)?;
            (parts::<AsyncClient>(object), Target::parse(address)?)
        };
        this.lock()?.target = target;
        Ok(())
    })
}

/// A report's name, and a call with the timeout that was given, of which some seconds may be over.
///
/// # Safety
/// The arguments must be those the interpreter passed.
unsafe fn report_and_call(
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Result<(String, Call)> {
    const PARAMETERS: Parameters<3> =
        Parameters { function: c"ask", names: [c"report", c"timeout", c"waited"], positional: 3, required: 2 };
    // SAFETY: as the caller promises.
    unsafe {
        let [report, timeout, waited] = PARAMETERS.bind(arguments, positional, keywords)?;
        let waited = if waited.is_null() { 0.0 } else { ffi::PyFloat_AsDouble(waited) };
        // An error gives −1.0 as well.
        let waited =
            Duration::try_from_secs_f64(waited).map_err(|_| value_error("waited must be seconds, 0 or more"))?;
        Ok((report_name(report)?, Call::begun(parse_timeout(timeout)?, waited)))
    }
}

unsafe extern "C" fn ask(
    object: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on, and the interpreter's arguments.
        let ((this, state), (name, call)) =
            unsafe { (parts::<AsyncClient>(object), report_and_call(arguments, positional, keywords)?) };
        let report = REPORTS.iter().position(|known| known.query.report.to_bytes() == name.as_bytes());
        let report = report.ok_or_else(|| value_error("no such report"))?;
        this.ask(state?, Ask::Report(report), call)
    })
}

unsafe extern "C" fn ask_raw(
    object: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on, and the interpreter's arguments.
        let ((this, state), (name, call)) =
            unsafe { (parts::<AsyncClient>(object), report_and_call(arguments, positional, keywords)?) };
        this.ask(state?, Ask::RawReport(name), call)
    })
}

unsafe extern "C" fn open(object: Object, timeout: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on, and its argument.
        let ((this, state), timeout) = unsafe { (parts::<AsyncClient>(object), parse_timeout(timeout)?) };
        this.ask(state?, Ask::Open, Call::new(timeout))
    })
}

unsafe extern "C" fn resume(object: Object, ready: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on; and a live argument, of which −1 says that an exception is set.
        let ((this, state), ready) = unsafe { (parts::<AsyncClient>(object), ffi::PyObject_IsTrue(ready)) };
        super::object::check(ready)?;
        let mut inner = this.lock()?;
        if let Some(pending) = &inner.pending {
            // An event loop's timer may be early by its clock's resolution.
            let is_early = |until: Instant| Instant::now() < until;
            if ready == 0 && pending.call.wanted().and_then(|wanted| wanted.until).is_some_and(is_early) {
                return inner.wanted();
            }
            pending.call.resume(if ready != 0 { Event::Ready } else { Event::Late });
        }
        inner.advance(state?)
    })
}

unsafe extern "C" fn cancel(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (this, _) = unsafe { parts::<AsyncClient>(object) };
        this.lock()?.pending = None;
        Ok(none())
    })
}

unsafe extern "C" fn close(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (this, _) = unsafe { parts::<AsyncClient>(object) };
        let mut inner = this.lock()?;
        inner.pending = None;
        inner.client = None;
        Ok(none())
    })
}

unsafe extern "C" fn fileno(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (this, _) = unsafe { parts::<AsyncClient>(object) };
        let inner = this.lock()?;
        signed(inner.client.as_ref().and_then(Client::fd).unwrap_or(-1).into())
    })
}

unsafe extern "C" fn address(object: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the object whose attribute is asked for.
        let (this, _) = unsafe { parts::<AsyncClient>(object) };
        let inner = this.lock()?;
        let in_use = inner.client.as_ref().and_then(Client::address).or(inner.target.0.as_ref());
        in_use.map_or_else(|| Ok(none()), |address| path(address.as_c_str().to_bytes()))
    })
}
