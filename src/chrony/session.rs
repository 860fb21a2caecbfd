//! One conversation with chronyd: open, request, wait with a deadline, receive, close.
//!
//! Sending, waiting and receiving are steps of their own, so that something else than `poll()` can do the waiting.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_short};
use std::io;
use std::ptr;
use std::time::{Duration, Instant};

use super::address::{Address, Transport};
use super::error::{Code, Fault};
use super::library::{Library, RawSession, generation};

/// How long a wait goes on before the caller is asked whether to go on: a signal may have come just before it began.
const TICK: Duration = Duration::from_secs(1);
/// After so many datagrams that are no answer the caller is asked too.
const FLOOD: u32 = 256;
/// How long the first request on UDP stays unanswered before it is sent again. Then twice as long, and so on: libchrony
/// numbers requests anew and takes no late answer to an earlier one, so a slow chronyd must be given the time.
const FIRST_RESEND: Duration = Duration::from_secs(1);

/// How long the caller will wait, and what it does meanwhile.
pub struct Patience<'a> {
    timeout: Option<Duration>,
    until: Option<Instant>,
    /// Whether to go on; asked when a signal arrives, at each tick, and in a flood of datagrams.
    go_on: &'a mut dyn FnMut() -> bool,
}

impl<'a> Patience<'a> {
    /// Patience for so long from now, or for ever.
    pub fn new(timeout: Option<Duration>, go_on: &'a mut dyn FnMut() -> bool) -> Self {
        // A deadline that the clock cannot express is never reached.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { timeout, until, go_on }
    }

    /// How long it was at the start.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::MAX)
    }

    /// How long to wait before the caller is asked again; None when the time is up.
    pub fn pause(&self) -> Option<Duration> {
        let Some(until) = self.until else { return Some(TICK) };
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| left.min(TICK))
    }

    /// Asks the caller whether to go on.
    pub fn ask(&mut self) -> Result<(), Fault> {
        if (self.go_on)() { Ok(()) } else { Err(Fault::Interrupted) }
    }
}

/// What is asked of chronyd.
#[derive(Clone, Copy)]
pub enum Request<'a> {
    /// How many records a report has.
    Count(&'a CStr),
    /// One of its records.
    Record(&'a CStr, c_int),
}

/// How a step ended.
enum Step {
    Done,
    /// The socket takes no more at present: the request must be made again.
    Full,
}

/// A socket of libchrony's, never blocking, not inherited by programs we start.
struct Socket {
    library: &'static Library,
    fd: c_int,
    /// The process that opened it: only that one may remove its file.
    owner: u32,
}

impl Socket {
    fn open(library: &'static Library, address: &Address) -> Result<Self, Fault> {
        // SAFETY: the address is text.
        let fd = unsafe { (library.functions.open_socket)(address.as_c_str().as_ptr()) };
        if fd < 0 {
            return Err(system(Code::OpenFailed));
        }
        let socket = Self { library, fd, owner: generation() };
        // libchrony leaves the descriptor blocking and inheritable. A request to a daemon that does not read, and a
        // packet with a bad checksum, would hold us for ever in its send() and recv().
        let on: c_int = 1;
        // SAFETY: the descriptor is ours; FIONBIO reads one int.
        let set = unsafe { libc::ioctl(fd, libc::FIONBIO, &raw const on) == 0 && libc::ioctl(fd, libc::FIOCLEX) == 0 };
        if set { Ok(socket) } else { Err(system(Code::OpenFailed)) }
    }

    /// Whether another process opened it, and this one has it from a `fork()`.
    fn is_inherited(&self) -> bool {
        self.owner != generation()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.is_inherited() {
            // The file in chronyd's directory belongs to the parent.
            // SAFETY: the descriptor is this process's own copy, open, and used no more.
            unsafe { libc::close(self.fd) };
        } else {
            // SAFETY: the descriptor is ours, open, and used no more.
            unsafe { (self.library.functions.close_socket)(self.fd) };
        }
    }
}

/// The system's last error, as the fault of a step.
fn system(code: Code) -> Fault {
    Fault::System { code, errno: errno() }
}

fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// A session of libchrony's on a socket of its own.
pub struct Session {
    pub(super) library: &'static Library,
    pub(super) raw: *mut RawSession,
    socket: Socket,
    transport: Transport,
    address: Address,
    ignored: Cell<u32>,
}

// SAFETY: libchrony keeps a session's state within the session (but for one static buffer, which library.rs guards), so
// any one thread at a time may use it.
unsafe impl Send for Session {}

impl Session {
    pub fn open(library: &'static Library, address: &Address) -> Result<Self, Fault> {
        let socket = Socket::open(library, address)?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is ours to fill, and the descriptor is open for as long as the session is used.
        let number = unsafe { (library.functions.init_session)(&mut raw, socket.fd) };
        if number != 0 || raw.is_null() {
            return Err(library_failed("init_session", number, errno()));
        }
        let (transport, address, ignored) = (address.transport(), address.clone(), Cell::new(0));
        Ok(Self { library, raw, socket, transport, address, ignored })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The socket's descriptor.
    pub fn fd(&self) -> c_int {
        self.socket.fd
    }

    /// Asks, and returns when the answer is here: `Record` then reads its fields.
    pub fn exchange(&mut self, request: Request<'_>, patience: &mut Patience<'_>) -> Result<(), Fault> {
        self.ignored.set(0);
        let mut resend_after = FIRST_RESEND;
        loop {
            let mut step = self.send(request)?;
            let resend_at = Instant::now() + resend_after;
            while matches!(step, Step::Done) {
                if !self.needs_response() {
                    return Ok(());
                }
                if self.wait(libc::POLLIN, patience)? {
                    step = self.receive()?;
                } else if self.may_resend() && Instant::now() >= resend_at {
                    resend_after *= 2;
                    break;
                }
            }
            if matches!(step, Step::Full) {
                while !self.wait(libc::POLLOUT, patience)? {}
            }
        }
    }

    /// Whether a request may be lost, as a datagram may, and no response is here after all: one may have come while signal
    /// handlers ran. A Unix socket loses none.
    fn may_resend(&self) -> bool {
        self.transport == Transport::CommandPort && self.poll(libc::POLLIN, 0) == 0
    }

    /// Sends a request. A one-record report's count needs none: then no response is needed either.
    fn send(&mut self, request: Request<'_>) -> Result<Step, Fault> {
        let functions = &self.library.functions;
        // SAFETY: the session is live, and the report's name is text.
        let (call, number) = unsafe {
            match request {
                Request::Count(report) => (
                    "request_report_number_records",
                    (functions.request_report_number_records)(self.raw, report.as_ptr()),
                ),
                Request::Record(report, record) => {
                    ("request_record", (functions.request_record)(self.raw, report.as_ptr(), record))
                }
            }
        };
        outcome(call, number)
    }

    /// Whether the request that was made last still waits for its response.
    fn needs_response(&self) -> bool {
        // SAFETY: the session is live.
        unsafe { (self.library.functions.needs_response)(self.raw) }
    }

    /// Waits until the socket is ready (true) or a tick has passed (false); the time being up is a fault.
    fn wait(&self, events: c_short, patience: &mut Patience<'_>) -> Result<bool, Fault> {
        let Some(pause) = patience.pause() else {
            return Err(Fault::Silence { ignored: self.ignored.get() });
        };
        // In a flood of datagrams that are no answer, no wait is long enough for a signal to interrupt it.
        let is_flooded = self.ignored.get() % FLOOD == FLOOD - 1;
        match self.poll(events, pause.as_millis() as c_int + 1) {
            1.. if !is_flooded => Ok(true),
            -1 if errno() != libc::EINTR => Err(system(Code::RecvFailed)),
            ready => {
                patience.ask()?;
                // A signal handler may have forked: the answer is for the parent, whose socket this is.
                if self.socket.is_inherited() { Err(Fault::Inherited) } else { Ok(ready > 0) }
            }
        }
    }

    fn poll(&self, events: c_short, milliseconds: c_int) -> c_int {
        let mut ready = libc::pollfd { fd: self.socket.fd, events, revents: 0 };
        // SAFETY: one pollfd, which is ours.
        unsafe { libc::poll(&mut ready, 1, milliseconds) }
    }

    /// Takes a response from the socket. libchrony ignores one that is not for the request, and may answer one with a
    /// further request (an address asked of sourcestats): either way a response is needed still.
    fn receive(&mut self) -> Result<Step, Fault> {
        // SAFETY: the session is live; the socket does not block.
        let number = unsafe { (self.library.functions.process_response)(self.raw) };
        match outcome("process_response", number) {
            Ok(Step::Done) if self.needs_response() => {
                self.ignored.set(self.ignored.get().wrapping_add(1));
                Ok(Step::Done)
            }
            // The datagram that made the socket readable was not there after all (a bad checksum).
            Err(Fault::System { code: Code::RecvFailed, errno: libc::EAGAIN | libc::EINTR }) => Ok(Step::Done),
            other => other,
        }
    }

    /// How many records the report has whose count was asked for last.
    pub fn number_of_records(&self) -> c_int {
        // SAFETY: the session is live.
        unsafe { (self.library.functions.get_report_number_records)(self.raw) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the session is live and used no more. Its socket is closed after it.
        unsafe { (self.library.functions.deinit_session)(self.raw) };
    }
}

/// What a number returned by libchrony means. Must come right after the call: it reads `errno`.
fn outcome(call: &'static str, number: c_int) -> Result<Step, Fault> {
    if number == 0 {
        return Ok(Step::Done);
    }
    let errno = errno();
    Err(match Code::from_libchrony(number) {
        Some(Code::SendFailed) if matches!(errno, libc::EAGAIN | libc::EINTR) => return Ok(Step::Full),
        Some(code @ (Code::SendFailed | Code::RecvFailed)) => Fault::System { code, errno },
        Some(
            code @ (Code::Unauthorized
            | Code::Disabled
            | Code::UnexpectedStatus
            | Code::OldServer
            | Code::NewServer
            | Code::InvalidResponse
            | Code::UnknownReport),
        ) => Fault::Answer(code),
        _ => library_failed(call, number, errno),
    })
}

/// libchrony itself failed. Only where a system call of its failed too has `errno` to do with it.
fn library_failed(call: &'static str, number: c_int, errno: i32) -> Fault {
    let errno = match Code::from_libchrony(number) {
        Some(Code::NoMemory) => libc::ENOMEM,
        Some(Code::NoRandom | Code::RandomFailed) => errno,
        _ => 0,
    };
    Fault::Library { call, number, errno }
}
