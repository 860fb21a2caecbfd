//! ChronyConnection: the same questions on one session, shared between threads, survived by forks.

use std::ffi::{CStr, c_int, c_ulong, c_void};
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use pyo3_ffi as ffi;

use super::abi;
use super::errors;
use super::functions::{Whom, raw_records, records, report_name};
use super::methods::Method;
use super::module::State;
use super::object::{Detached, Owned, Result, Table, boolean, check_signals, entry, none, path, runtime_error, signed};
use crate::chrony::address::Address;
use crate::chrony::client::Client;
use crate::chrony::error::{Error, INHERITED};
use crate::chrony::library::{Library, generation};
use crate::chrony::session::{Patience, Session};
use crate::reports::REPORTS;
use crate::reports::enums::TRANSPORT;

type Object = *mut ffi::PyObject;
type Answer<T> = std::result::Result<T, Error>;

const OUTSIDE: Error = Error::Misuse("the connection is not open: use it within a with statement");
const REENTERED: Error = Error::Misuse(
    "the connection is in the middle of a call of this very thread: a signal handler or finalizer cannot use it",
);
const CLOSING: Error = Error::Misuse("the connection is being closed: a call on it has not ended yet");
const OPEN_ALREADY: Error = Error::Misuse("the connection is open already");

/// A connection, as threads share it and children inherit it.
struct Connection {
    /// Set by `__init__`, once.
    whom: OnceLock<Whom>,
    /// A `Box<Shared>`: replaced only by the first use in a child process.
    shared: AtomicPtr<Shared>,
}

/// What the threads of one process share. The mutex is held for moments only, never while waiting for chronyd or for the
/// GIL: a call takes the client out, so that it has it alone, and brings it back.
struct Shared {
    /// The generation of the process.
    process: u32,
    turn: Mutex<Turn>,
    turn_ended: Condvar,
}

enum Turn {
    Closed,
    Open(Box<Client>),
    /// A thread has taken the client out. `closing`: nobody wants it back.
    Taken {
        thread: c_ulong,
        closing: bool,
        /// Whether another thread waits for its turn.
        awaited: bool,
    },
    /// It was open in the parent of this process.
    Inherited,
}

impl Shared {
    fn new(turn: Turn) -> Box<Self> {
        Box::new(Self { process: generation(), turn: Mutex::new(turn), turn_ended: Condvar::new() })
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        // No code that holds the mutex can panic midway through a change.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a child process makes of its parent's: a thread that is not there may hold the mutex, or have the client.
    /// The child's copy of the descriptor is closed with the client; the parent's socket file stays.
    fn inherit(&self) -> Box<Self> {
        let turn = match self.turn.try_lock().as_deref_mut() {
            Ok(Turn::Closed) => Turn::Closed,
            Ok(turn) => {
                *turn = Turn::Inherited; // and so the client is dropped
                Turn::Inherited
            }
            Err(_) => Turn::Inherited,
        };
        Self::new(turn)
    }
}

impl Connection {
    fn new() -> Self {
        let shared = AtomicPtr::new(Box::into_raw(Shared::new(Turn::Closed)));
        Self { whom: OnceLock::new(), shared }
    }

    /// What this process's threads share.
    fn shared(&self) -> &Shared {
        let current = self.shared.load(Ordering::Acquire);
        // SAFETY: a Box made a raw pointer, which lives as long as the connection: a parent's, once replaced, is left
        // alone for ever.
        let shared = unsafe { &*current };
        if shared.process == generation() {
            return shared;
        }
        let inherited = Box::into_raw(shared.inherit());
        match self.shared.compare_exchange(current, inherited, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: as above.
            Ok(_) => unsafe { &*inherited },
            Err(other) => {
                // SAFETY: nobody else has seen ours; another thread's is as above.
                unsafe {
                    drop(Box::from_raw(inherited));
                    &*other
                }
            }
        }
    }

    fn whom(&self) -> &Whom {
        self.whom.get_or_init(Whom::default) // a subclass need not call __init__
    }

    /// Opens a session at the first address that lets it.
    fn open(&self, library: &'static Library, patience: &mut Patience<'_>) -> Answer<()> {
        let shared = self.shared();
        let is_closed = |turn: &Turn| match turn {
            Turn::Closed => Ok(()),
            Turn::Inherited => Err(INHERITED),
            Turn::Taken { closing: true, .. } => Err(CLOSING),
            Turn::Open(_) | Turn::Taken { .. } => Err(OPEN_ALREADY),
        };
        is_closed(&shared.turn())?;
        let mut client = Box::new(Client::new(library, self.whom().address.clone()));
        client.open(patience)?;
        let mut turn = shared.turn();
        is_closed(&turn)?;
        *turn = Turn::Open(client);
        Ok(())
    }

    /// Has the client ask, alone.
    fn ask<T>(
        &self,
        patience: &mut Patience<'_>,
        ask: impl FnOnce(&mut Client, &mut Patience<'_>) -> Answer<T>,
    ) -> Answer<T> {
        let mut client = self.take(patience)?;
        let answer = ask(&mut client, patience);
        let left_over = self.bring_back(client);
        drop(left_over); // closes the socket, without the mutex
        answer
    }

    /// Takes the client out, once no other thread has it.
    fn take(&self, patience: &mut Patience<'_>) -> Answer<Box<Client>> {
        let thread = this_thread();
        let mut shared = self.shared();
        let mut turn = shared.turn();
        loop {
            match &mut *turn {
                Turn::Closed | Turn::Taken { closing: true, .. } => return Err(OUTSIDE),
                Turn::Inherited => return Err(INHERITED),
                Turn::Taken { thread: other, .. } if *other == thread => return Err(REENTERED),
                Turn::Taken { awaited, .. } => *awaited = true,
                Turn::Open(_) => {
                    let taken = Turn::Taken { thread, closing: false, awaited: false };
                    if let Turn::Open(client) = std::mem::replace(&mut *turn, taken) {
                        return Ok(client);
                    }
                }
            }
            let Some(pause) = patience.pause() else {
                return Err(Error::Busy { timeout: patience.timeout() });
            };
            let (guard, waited) = shared.turn_ended.wait_timeout(turn, pause).unwrap_or_else(PoisonError::into_inner);
            turn = guard;
            if waited.timed_out() {
                drop(turn);
                patience.ask().map_err(|_| Error::Interrupted)?;
                shared = self.shared(); // a signal handler may have forked
                turn = shared.turn();
            }
        }
    }

    /// Brings the client back; hands it out again where the connection was closed meanwhile, or this is a child.
    fn bring_back(&self, client: Box<Client>) -> Option<Box<Client>> {
        let shared = self.shared();
        let mut turn = shared.turn();
        let Turn::Taken { closing, awaited, .. } = *turn else { return Some(client) };
        let left_over = if closing {
            *turn = Turn::Closed;
            Some(client)
        } else {
            *turn = Turn::Open(client);
            None
        };
        drop(turn);
        if awaited {
            shared.turn_ended.notify_all();
        }
        left_over
    }

    /// Closes it, at once or when the call that has the client has ended. Hands out what is to be dropped.
    fn close(&self) -> Turn {
        let mut turn = self.shared().turn();
        match &mut *turn {
            Turn::Taken { closing, .. } => {
                *closing = true;
                Turn::Closed
            }
            _ => std::mem::replace(&mut *turn, Turn::Closed),
        }
    }

    fn is_closed(&self) -> bool {
        matches!(*self.shared().turn(), Turn::Closed | Turn::Taken { closing: true, .. })
    }

    /// Something about the session in use; None while there is none, or a call has it.
    fn about_session<T>(&self, about: impl FnOnce(&Session) -> T) -> Option<T> {
        match &*self.shared().turn() {
            Turn::Open(client) => client.session().map(about),
            _ => None,
        }
    }

    /// Whether dropping it now is an oversight: it is open, and this process opened it.
    fn is_unclosed(&mut self) -> bool {
        // SAFETY: a Box made a raw pointer; nobody else has it any more, as the connection is borrowed mutably.
        let shared = unsafe { &mut **self.shared.get_mut() };
        shared.process == generation()
            && matches!(shared.turn.get_mut().unwrap_or_else(PoisonError::into_inner), Turn::Open(_))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: a Box made a raw pointer, which nobody else has any more.
        drop(unsafe { Box::from_raw(*self.shared.get_mut()) });
    }
}

// pyo3-ffi 0.28 lacks it.
unsafe extern "C" {
    fn PyThread_get_thread_ident() -> c_ulong;
}

fn this_thread() -> c_ulong {
    // SAFETY: needs no GIL.
    unsafe { PyThread_get_thread_ident() }
}

/// What an object holds of ours.
struct Instance {
    /// The module, a strong reference: it keeps the state alive. Only `tp_clear` and `tp_dealloc` take it away.
    module: Object,
    connection: ManuallyDrop<Connection>,
}

impl Instance {
    /// # Safety
    /// `object` must be a ChronyConnection, of which the interpreter has the memory.
    unsafe fn place(object: Object) -> *mut Self {
        // SAFETY: as the caller promises.
        unsafe { abi::data(object, SPECIFICATION.as_ptr()) }
    }

    /// # Safety
    /// `object` must be a live ChronyConnection.
    unsafe fn of<'a>(object: Object) -> (&'a Connection, Result<&'a State>) {
        // SAFETY: as the caller promises; the instance lives during the call that it was passed to.
        unsafe {
            let instance = Self::place(object);
            (&(*instance).connection, State::of((*instance).module))
        }
    }
}

/// Makes the type. Its attribute `_module` leads from the type to the module's state.
pub fn new_type(module: &Owned) -> Result<Owned> {
    // SAFETY: a specification whose names, docstrings, functions and tables are static.
    let class = unsafe { Owned::new(ffi::PyType_FromSpec(SPECIFICATION.as_ptr())) }?;
    class.set_attribute(c"_module", module)?;
    Ok(class)
}

static SPECIFICATION: Table<ffi::PyType_Spec, 1> = Table([ffi::PyType_Spec {
    name: c"pychrony.ChronyConnection".as_ptr(),
    basicsize: abi::basic_size::<Instance>(),
    itemsize: 0,
    flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE | ffi::Py_TPFLAGS_HAVE_GC) as std::ffi::c_uint,
    slots: SLOTS.as_ptr(),
}]);

static SLOTS: Table<ffi::PyType_Slot, 10> = Table([
    ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: DOC.as_ptr().cast_mut().cast() },
    ffi::PyType_Slot { slot: ffi::Py_tp_new, pfunc: new as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_init, pfunc: init as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_dealloc, pfunc: dealloc as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_traverse, pfunc: traverse as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_clear, pfunc: clear as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: METHODS.as_ptr().cast_mut().cast() },
    ffi::PyType_Slot { slot: ffi::Py_tp_getset, pfunc: GETSET.as_ptr().cast() },
    abi::TOKEN_SLOT,
    ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
]);

const DOC: &CStr = c"ChronyConnection(address=None, *, timeout=3.0)\n--\n\n\
    A connection to chronyd, for programs that ask more than once:\n\n\
        with ChronyConnection() as connection:\n\
            status = connection.get_tracking()\n\n\
    address: as for get_tracking(). timeout: seconds for each call, its turn among the threads included.\n\n\
    It opens on entering the with statement, and closes on leaving it. After an error it is usable for the next call,\n\
    which opens a new socket; so it does when chronyd was restarted. Threads may share it: their calls take turns. A\n\
    child process after fork() may not: a call there is a RuntimeError.";

static METHODS: [Method; 16] = [
    Method::without_arguments(
        c"__enter__",
        enter,
        c"__enter__($self, /)\n--\n\nOpen the connection. Raises as get_tracking() does; RuntimeError where it is open.",
    ),
    Method::with_keywords(c"__exit__", exit, c"__exit__($self, /, *args)\n--\n\nClose the connection."),
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
    Method::with_one_argument(
        c"get_report",
        get_report,
        c"get_report($self, name, /)\n--\n\nAsk for any report by libchrony's name: see pychrony.get_report().",
    ),
    Method::without_arguments(
        c"close",
        close,
        c"close($self, /)\n--\n\nClose the connection. Twice is fine. A call that another thread is making ends first.",
    ),
    Method::without_arguments(
        c"fileno",
        fileno,
        c"fileno($self, /)\n--\n\n\
        The socket's file descriptor; -1 while there is none (after an error, until the next call) or a call uses it.\n\n\
        Raises RuntimeError where the connection is not open.",
    ),
    Method::end(),
];

static GETSET: Table<ffi::PyGetSetDef, 4> = Table([
    attribute(
        c"address",
        address,
        c"The address in use; while none is, the one that was given (None: the default addresses).",
    ),
    attribute(c"transport", transport, c"The Transport in use, or the one the given address implies; None if unknown."),
    attribute(c"closed", closed, c"Whether the connection is not open: before it was entered, or after close()."),
    ffi::PyGetSetDef { name: ptr::null(), get: None, set: None, doc: ptr::null(), closure: ptr::null_mut() },
]);

const fn attribute(name: &'static CStr, get: ffi::getter, doc: &'static CStr) -> ffi::PyGetSetDef {
    ffi::PyGetSetDef { name: name.as_ptr(), get: Some(get), set: None, doc: doc.as_ptr(), closure: ptr::null_mut() }
}

const fn getter<const REPORT: usize>() -> Method {
    let getter = &REPORTS[REPORT].getter;
    Method::without_arguments(getter.name, get::<REPORT>, getter.method_doc)
}

/// Makes an instance; the arguments are `__init__`'s.
unsafe extern "C" fn new(class: *mut ffi::PyTypeObject, _: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: a live type, so an object.
        let module = unsafe { Owned::from_borrowed(class.cast()) }.attribute(c"_module")?;
        State::of_checked(module.as_ptr())?; // anybody may set a class attribute
        // SAFETY: a heap type, whose `tp_alloc` returns a zeroed instance that holds a reference to the type. The garbage
        // collector sees it from now on, but no code runs before it is complete.
        unsafe {
            let allocate: ffi::allocfunc = std::mem::transmute(ffi::PyType_GetSlot(class, ffi::Py_tp_alloc));
            let object = Owned::new(allocate(class, 0))?;
            let instance = Instance::place(object.as_ptr());
            (&raw mut (*instance).connection).write(ManuallyDrop::new(Connection::new()));
            (*instance).module = module.into_ptr();
            Ok(object)
        }
    })
}

unsafe extern "C" fn init(object: Object, arguments: Object, keywords: Object) -> c_int {
    entry(|| {
        // SAFETY: the object being initialised, and the interpreter's arguments.
        let ((connection, _), whom) =
            unsafe { (Instance::of(object), Whom::parse(arguments, keywords, c"|O$O:ChronyConnection")?) };
        connection.whom.set(whom).map_err(|_| runtime_error("the connection is initialised already"))
    })
}

unsafe extern "C" fn dealloc(object: Object) {
    let warned = entry(|| {
        // SAFETY: the object is being deallocated: nobody else has it, and it is dropped just once.
        unsafe {
            ffi::PyObject_GC_UnTrack(object.cast());
            let instance = Instance::place(object);
            let mut connection = ManuallyDrop::take(&mut (*instance).connection);
            if connection.is_unclosed() {
                warn_unclosed();
            }
            drop(connection);
            ffi::Py_XDECREF((*instance).module);
            let class = ffi::Py_TYPE(object);
            let free: ffi::freefunc = std::mem::transmute(ffi::PyType_GetSlot(class, ffi::Py_tp_free));
            free(object.cast());
            ffi::Py_DECREF(class.cast());
        }
        Ok(())
    });
    debug_assert_eq!(warned, 0);
}

/// Warns of a connection that was dropped without being closed, whatever exception may be on its way.
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

unsafe extern "C" fn traverse(object: Object, visit: ffi::visitproc, argument: *mut c_void) -> c_int {
    // SAFETY: a live instance: its type (a heap type) and the module are what it refers to.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let module = (*abi::data_during_gc::<Instance>(object, SPECIFICATION.as_ptr())).module;
        match visit(class.cast(), argument) {
            0 if !module.is_null() => visit(module, argument),
            stop => stop,
        }
    }
}

unsafe extern "C" fn clear(object: Object) -> c_int {
    // SAFETY: a live instance; the reference is taken away before it is released.
    unsafe {
        let module = ptr::replace(&raw mut (*Instance::place(object)).module, ptr::null_mut());
        ffi::Py_XDECREF(module);
    }
    0
}

/// Runs the body without the GIL, within the connection's timeout.
fn detached<T>(connection: &Connection, state: &State, body: impl FnOnce(&mut Patience<'_>) -> Answer<T>) -> Result<T> {
    let answer = {
        let mut detached = Detached::new();
        let mut go_on = || detached.handle_signals();
        body(&mut Patience::new(connection.whom().timeout, &mut go_on))
    };
    answer.map_err(|error| errors::raise(state, &error))
}

unsafe extern "C" fn get<const REPORT: usize>(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (connection, state) = unsafe { Instance::of(object) };
        let (state, report) = (state?, REPORTS[REPORT]);
        let rows = detached(connection, state, |patience| {
            connection.ask(patience, |client, patience| client.report(&report.query, patience))
        })?;
        check_signals()?; // one may have come with the answer
        records(state, REPORT, report, rows)
    })
}

unsafe extern "C" fn get_report(object: Object, name: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on, and its argument.
        let ((connection, state), name) = unsafe { (Instance::of(object), report_name(name)?) };
        let rows = detached(connection, state?, |patience| {
            connection.ask(patience, |client, patience| client.raw_report(&name, patience))
        })?;
        check_signals()?;
        raw_records(&rows)
    })
}

unsafe extern "C" fn enter(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (connection, state) = unsafe { Instance::of(object) };
        let state = state?;
        detached(connection, state, |patience| connection.open(state.library, patience))?;
        // SAFETY: as above.
        Ok(unsafe { Owned::from_borrowed(object) })
    })
}

unsafe extern "C" fn exit(object: Object, _: Object, _: Object) -> Object {
    // SAFETY: the object that the method was called on.
    unsafe { close(object, ptr::null_mut()) }
}

unsafe extern "C" fn close(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (connection, _) = unsafe { Instance::of(object) };
        let detached = Detached::new();
        drop(connection.close());
        drop(detached);
        Ok(none())
    })
}

unsafe extern "C" fn fileno(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (connection, state) = unsafe { Instance::of(object) };
        if connection.is_closed() {
            return Err(errors::raise(state?, &OUTSIDE));
        }
        signed(i64::from(connection.about_session(Session::fd).unwrap_or(-1)))
    })
}

/// The address in use, or the one that was given.
fn current_address(connection: &Connection) -> Option<Address> {
    connection.about_session(|session| session.address().clone()).or_else(|| connection.whom().address.clone())
}

unsafe extern "C" fn address(object: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the object whose attribute is asked for.
        let (connection, _) = unsafe { Instance::of(object) };
        current_address(connection).map_or_else(|| Ok(none()), |address| path(address.as_c_str().to_bytes()))
    })
}

unsafe extern "C" fn transport(object: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the object whose attribute is asked for.
        let (connection, state) = unsafe { Instance::of(object) };
        match current_address(connection) {
            Some(address) => state?.enumeration(&TRANSPORT)?.member(address.transport() as u64),
            None => Ok(none()),
        }
    })
}

unsafe extern "C" fn closed(object: Object, _: *mut c_void) -> Object {
    entry(|| {
        // SAFETY: the object whose attribute is asked for.
        let (connection, _) = unsafe { Instance::of(object) };
        Ok(boolean(connection.is_closed()))
    })
}
