//! A libchrony for tests, without chronyd, files and network. Its time stands still but for the waits of a call.
//!
//! Each test has a world of its own, as each runs in a thread of its own. A daemon is a closure: it is given what happens to it,
//! and says what comes of that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_double, c_int};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::pin::pin;
use std::ptr;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::super::library::Library;
use super::super::record::{Kind, Presence};
use super::super::wait::{Call, Event, Readiness};
use super::{Functions, Opaque};
use crate::reports::REPORTS;

/// What happens to a daemon.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// Its socket is opened.
    Open,
    /// It is asked for the number of a report's records (`None`), or for one of them.
    Request(&'a str, Option<c_int>),
}

/// What comes of it.
pub enum Output {
    /// The socket is open; the request has no response.
    Nothing,
    /// Opening or sending fails with this `errno`.
    Fails(c_int),
    /// Sending works, and receiving fails with this `errno`.
    ReceivingFails(c_int),
    /// Sending works, and libchrony makes this error of the response.
    Error(c_int),
    Count(c_int),
    Record(Vec<(CString, Content)>),
    /// The response comes after this time.
    After(Duration, Box<Output>),
}

/// A field's content.
#[derive(Clone)]
pub enum Content {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Time,
    Text(Option<CString>),
}

type Daemon = Box<dyn FnMut(Input<'_>) -> Output>;

struct World {
    start: Instant,
    now: Duration,
    daemons: HashMap<String, Daemon>,
    /// What happened, and when.
    log: Vec<(Duration, String)>,
    sockets: HashMap<c_int, Socket>,
}

struct Socket {
    _fd: OwnedFd,
    address: String,
    /// The responses on the way: when each arrives, to which request, and what it is.
    responses: Vec<(Duration, u32, Output)>,
}

struct Session {
    fd: c_int,
    /// The number of the request that was made last, and whether it waits for its response.
    request: u32,
    waits: bool,
    count: c_int,
    record: Vec<(CString, Content)>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World {
        start: Instant::now(),
        now: Duration::ZERO,
        daemons: HashMap::new(),
        log: Vec::new(),
        sockets: HashMap::new(),
    });
}

fn world<T>(body: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(body)
}

/// The time in the world of this test.
pub fn clock() -> Instant {
    world(|world| world.start + world.now)
}

/// The same, since its beginning.
pub fn now() -> Duration {
    world(|world| world.now)
}

/// Puts a daemon at an address. At others, opening fails with ENOENT.
pub fn daemon(address: &str, daemon: impl FnMut(Input<'_>) -> Output + 'static) {
    world(|world| world.daemons.insert(address.to_owned(), Box::new(daemon)));
}

/// What happened so far: "TIME ADDRESS WHAT", the time in seconds.
pub fn log() -> Vec<String> {
    world(|world| world.log.drain(..).map(|(at, what)| format!("{} {what}", at.as_secs_f64())).collect())
}

/// A call with this timeout, in the time of this world.
pub fn call(timeout: Option<f64>) -> Call {
    Call::with_clock(timeout.map(Duration::from_secs_f64), Duration::ZERO, clock)
}

/// Runs a call to its end: when it waits, time passes until there is something to receive, or it is late. One that would wait
/// for ever panics.
pub fn run<T>(call: &Call, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
        let wanted = call.wanted().unwrap();
        call.resume(world(|world| {
            let socket = &world.sockets[&wanted.fd];
            let until = wanted.until.map(|until| until - world.start);
            let ready = match wanted.readiness {
                Readiness::ToRead => socket.responses.iter().map(|&(at, ..)| at).min(),
                Readiness::ToWrite => Some(world.now + Duration::from_millis(100)), // the daemon takes a request
            };
            let (at, event) = match (ready, until) {
                (Some(ready), Some(until)) if until < ready => (until, Event::Late),
                (Some(ready), _) => (ready, Event::Ready),
                (None, Some(until)) => (until, Event::Late),
                (None, None) => panic!("waits for ever; so far: {:?}", world.log),
            };
            world.now = world.now.max(at);
            event
        }));
    }
}

/// A record of a report: all that libchrony's has, each field as small as it may be, but for those given.
pub fn record(report: &str, fields: &[(&CStr, Content)]) -> Output {
    let report = REPORTS.iter().find(|known| known.query.report.to_bytes() == report.as_bytes()).unwrap();
    let mut record: Vec<(CString, Content)> =
        fields.iter().map(|(name, content)| ((*name).to_owned(), content.clone())).collect();
    for field in report.query.fields {
        if matches!(field.presence, Presence::Sourcestats) || record.iter().any(|(name, _)| **name == *field.source) {
            continue;
        }
        let content = match field.kind {
            Kind::Signed(..) => Content::Signed(0),
            Kind::Offset | Kind::Measure => Content::Float(0.0),
            Kind::Seconds | Kind::Nanoseconds => Content::Time,
            Kind::Address | Kind::Source => Content::Text(None),
            Kind::Enum(enumeration) => Content::Unsigned(enumeration.members[0].value.into()),
            _ => Content::Unsigned(0),
        };
        record.push((field.source.to_owned(), content));
    }
    if !record.iter().any(|(name, _)| **name == *c"reference ID") {
        record.push((c"reference ID".to_owned(), Content::Unsigned(0)));
    }
    Output::Record(record)
}

type GetTimespec = unsafe extern "C" fn(*mut Opaque, c_int) -> libc::timespec;

/// A library of these functions.
pub fn library() -> &'static Library {
    Box::leak(Box::new(Library::of_functions(Functions {
        open_socket,
        close_socket,
        init_session,
        deinit_session,
        needs_response,
        process_response,
        get_number_supported_reports,
        get_report_name,
        request_report_number_records,
        get_report_number_records,
        request_record,
        get_record_number_fields,
        get_field_name,
        get_field_index,
        get_field_type,
        get_field_uinteger,
        get_field_integer,
        get_field_float,
        // SAFETY: abi.c calls it by its type in C, which is this one's.
        get_field_timespec: unsafe {
            mem::transmute::<GetTimespec, unsafe extern "C" fn(*mut Opaque, c_int)>(get_field_timespec)
        },
        get_field_string,
    })))
}

const SEND_FAILED: c_int = 5;
const RECV_FAILED: c_int = 6;

fn set_errno(errno: c_int) {
    // SAFETY: this thread's own number.
    unsafe { *libc::__errno_location() = errno };
}

fn happens(address: &str, input: Input<'_>) -> Output {
    // The daemon may look at the time, so the world is not borrowed meanwhile.
    let daemon = world(|world| {
        let what = match input {
            Input::Open => format!("{address} open"),
            Input::Request(report, None) => format!("{address} {report}"),
            Input::Request(report, Some(record)) => format!("{address} {report} {record}"),
        };
        world.log.push((world.now, what));
        world.daemons.remove(address)
    });
    let Some(mut daemon) = daemon else { return Output::Fails(libc::ENOENT) };
    let output = daemon(input);
    world(|world| world.daemons.insert(address.to_owned(), daemon));
    output
}

/// # Safety
/// The pointer must be to text.
unsafe fn text(text: *const c_char) -> &'static str {
    // SAFETY: as the caller promises; it is used within the call only.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap()
}

/// # Safety
/// The pointer must be one that `init_session` made.
unsafe fn session(session: *mut Opaque) -> &'static mut Session {
    // SAFETY: as the caller promises; it is used within the call only.
    unsafe { &mut *session.cast() }
}

unsafe extern "C" fn open_socket(address: *const c_char) -> c_int {
    // SAFETY: the caller's text.
    let address = unsafe { text(address) };
    if let Output::Fails(errno) = happens(address, Input::Open) {
        set_errno(errno);
        return -1;
    }
    let fd = OwnedFd::from(UnixDatagram::unbound().unwrap());
    let number = fd.as_raw_fd();
    let socket = Socket { _fd: fd, address: address.to_owned(), responses: Vec::new() };
    world(|world| world.sockets.insert(number, socket));
    number
}

unsafe extern "C" fn close_socket(fd: c_int) {
    world(|world| world.sockets.remove(&fd));
}

unsafe extern "C" fn init_session(place: *mut *mut Opaque, fd: c_int) -> c_int {
    let session = Session { fd, request: 0, waits: false, count: 0, record: Vec::new() };
    // SAFETY: the caller's pointer.
    unsafe { *place = Box::into_raw(Box::new(session)).cast() };
    0
}

unsafe extern "C" fn deinit_session(session: *mut Opaque) {
    // SAFETY: `init_session` made it, and it is used no more.
    drop(unsafe { Box::from_raw(session.cast::<Session>()) });
}

unsafe extern "C" fn needs_response(s: *mut Opaque) -> bool {
    // SAFETY: a live session.
    unsafe { session(s) }.waits
}

fn send(session: &mut Session, report: &str, record: Option<c_int>) -> c_int {
    session.request += 1;
    session.waits = false;
    let address = world(|world| world.sockets[&session.fd].address.clone());
    let mut output = happens(&address, Input::Request(report, record));
    let mut at = now();
    if let Output::Fails(errno) = output {
        set_errno(errno);
        return SEND_FAILED;
    }
    session.waits = true;
    if let Output::After(delay, later) = output {
        (at, output) = (at + delay, *later);
    }
    if !matches!(output, Output::Nothing) {
        let response = (at, session.request, output);
        world(|world| world.sockets.get_mut(&session.fd).unwrap().responses.push(response));
    }
    0
}

unsafe extern "C" fn request_report_number_records(s: *mut Opaque, report: *const c_char) -> c_int {
    // SAFETY: a live session and text.
    unsafe { send(session(s), text(report), None) }
}

unsafe extern "C" fn request_record(s: *mut Opaque, report: *const c_char, record: c_int) -> c_int {
    // SAFETY: a live session and text.
    unsafe { send(session(s), text(report), Some(record)) }
}

unsafe extern "C" fn process_response(s: *mut Opaque) -> c_int {
    // SAFETY: a live session.
    let session = unsafe { session(s) };
    let response = world(|world| {
        let now = world.now;
        let responses = &mut world.sockets.get_mut(&session.fd).unwrap().responses;
        let arrived = responses.iter().position(|&(at, ..)| at <= now);
        arrived.map(|index| responses.remove(index))
    });
    match response {
        None => {
            set_errno(libc::EAGAIN);
            return RECV_FAILED;
        }
        Some((_, _, Output::ReceivingFails(errno))) => {
            set_errno(errno);
            return RECV_FAILED;
        }
        Some((_, request, _)) if request != session.request => return 0,
        Some((_, _, Output::Error(number))) => {
            session.waits = false;
            return number;
        }
        Some((_, _, Output::Count(count))) => session.count = count,
        Some((_, _, Output::Record(record))) => session.record = record,
        Some(_) => panic!("that is no response"),
    }
    session.waits = false;
    0
}

unsafe extern "C" fn get_number_supported_reports() -> c_int {
    REPORTS.len() as c_int
}

unsafe extern "C" fn get_report_name(report: c_int) -> *const c_char {
    REPORTS.get(report as usize).map_or(ptr::null(), |report| report.query.report.as_ptr())
}

unsafe extern "C" fn get_report_number_records(s: *mut Opaque) -> c_int {
    // SAFETY: a live session.
    unsafe { session(s) }.count
}

unsafe extern "C" fn get_record_number_fields(s: *mut Opaque) -> c_int {
    // SAFETY: a live session.
    unsafe { session(s) }.record.len() as c_int
}

/// # Safety
/// The pointer must be one that `init_session` made.
unsafe fn field(s: *mut Opaque, field: c_int) -> Option<&'static (CString, Content)> {
    // SAFETY: as the caller promises.
    unsafe { session(s) }.record.get(field as usize)
}

unsafe extern "C" fn get_field_name(s: *mut Opaque, index: c_int) -> *const c_char {
    // SAFETY: a live session.
    unsafe { field(s, index) }.map_or(ptr::null(), |(name, _)| name.as_ptr())
}

unsafe extern "C" fn get_field_index(s: *mut Opaque, name: *const c_char) -> c_int {
    // SAFETY: a live session and text.
    let (session, name) = unsafe { (session(s), CStr::from_ptr(name)) };
    session.record.iter().position(|(known, _)| **known == *name).map_or(-1, |index| index as c_int)
}

unsafe extern "C" fn get_field_type(s: *mut Opaque, index: c_int) -> c_int {
    // SAFETY: a live session.
    match unsafe { field(s, index) } {
        None => 0,
        Some((_, Content::Unsigned(_))) => 1,
        Some((_, Content::Signed(_))) => 2,
        Some((_, Content::Float(_))) => 3,
        Some((_, Content::Time)) => 4,
        Some((_, Content::Text(_))) => 5,
    }
}

unsafe extern "C" fn get_field_uinteger(s: *mut Opaque, index: c_int) -> u64 {
    // SAFETY: a live session.
    if let Some((_, Content::Unsigned(value))) = unsafe { field(s, index) } { *value } else { 0 }
}

unsafe extern "C" fn get_field_integer(s: *mut Opaque, index: c_int) -> i64 {
    // SAFETY: a live session.
    if let Some((_, Content::Signed(value))) = unsafe { field(s, index) } { *value } else { 0 }
}

unsafe extern "C" fn get_field_float(s: *mut Opaque, index: c_int) -> c_double {
    // SAFETY: a live session.
    if let Some((_, Content::Float(value))) = unsafe { field(s, index) } { *value } else { 0.0 }
}

unsafe extern "C" fn get_field_timespec(_: *mut Opaque, _: c_int) -> libc::timespec {
    libc::timespec { tv_sec: 1_700_000_000, tv_nsec: 0 }
}

unsafe extern "C" fn get_field_string(s: *mut Opaque, index: c_int) -> *const c_char {
    // SAFETY: a live session.
    match unsafe { field(s, index) } {
        Some((_, Content::Text(Some(text)))) => text.as_ptr(),
        _ => ptr::null(),
    }
}

/// A daemon that responds to each request at once: activity, and sources, sourcestats and the reports by address of these
/// addresses.
pub fn healthy(addresses: &'static [&'static str]) -> impl FnMut(Input<'_>) -> Output {
    move |input| match input {
        Input::Open => Output::Nothing,
        Input::Request(_, None) => Output::Count(addresses.len() as c_int),
        Input::Request(report @ ("sources" | "sourcestats"), Some(index)) => match addresses.get(index as usize) {
            Some(address) => record(report, &[(c"address", address_field(address))]),
            None => Output::Error(UNEXPECTED_STATUS),
        },
        Input::Request(report, Some(_)) => record(report, &[]),
    }
}

/// The field `address` of a source.
pub fn address_field(address: &str) -> Content {
    Content::Text(Some(CString::new(address).unwrap()))
}

/// chrony_err.
pub const UNAUTHORIZED: c_int = 9;
pub const DISABLED: c_int = 10;
pub const UNEXPECTED_STATUS: c_int = 11;

#[test]
fn errno_is_what_the_system_library_reads() {
    set_errno(libc::ENOSPC);
    assert_eq!(io::Error::last_os_error().raw_os_error(), Some(libc::ENOSPC));
}
