//! One session with chronyd: open, request, wait, receive, close.
//!
//! Sending and receiving never block. The waiting between them is the caller's: see wait.rs.

use std::ffi::{CStr, c_int};
use std::time::{Duration, Instant};

use super::address::{Address, Transport};
use super::error::{Code, LibraryError, RequestError};
use super::library::Library;
use super::raw::{self, OpenError, RawSession};
use super::wait::{Call, Event, Readiness};

/// How long the first request may stay without response before it is sent again; then twice as long, and so on. libchrony gives
/// a resent request a new number and takes no late response to an earlier one, so a slow chronyd must be given time.
///
/// UDP loses packets. A Unix socket loses what a chronyd had not read when it was stopped, and the kernel does not tell: only the
/// next request fails.
pub const FIRST_RESEND: Duration = Duration::from_secs(1);

/// What is asked of chronyd.
#[derive(Clone, Copy)]
pub enum Request<'a> {
    /// How many records a report has.
    Count(&'a CStr),
    /// One of its records.
    Record(&'a CStr, c_int),
    /// The record of the source whose sourcestats were just received, asked for by its address. It is asked for once, and
    /// given this much time: a second time, libchrony would ask for an address again, and that may be another source's by then.
    SameSource(&'a CStr, c_int, Duration),
}

/// How an exchange has gone so far.
struct Progress {
    has_waited: bool,
    /// When the exchange ends without response, if that is before the call's deadline.
    give_up_at: Option<Instant>,
    /// How many datagrams came that libchrony took for no response, or for one that is not the last.
    ignored: u32,
}

impl Request<'_> {
    fn check_repeatable(self) -> Result<(), RequestError> {
        if matches!(self, Self::SameSource(..)) { Err(RequestError::NotRepeatable) } else { Ok(()) }
    }
}

/// A session on a socket of its own. A session in which anything failed, a timeout included, must not be used again:
/// libchrony may still be busy with the request that failed (see docs/libchrony-notes.md). So a request takes the session,
/// and gives it back only with the response.
pub struct Session {
    raw: RawSession,
    transport: Transport,
    has_sent: bool,
}

impl Session {
    pub fn open(library: &'static Library, address: &Address) -> Result<Self, RequestError> {
        match RawSession::open(&library.functions, address.as_c_str()) {
            Ok(raw) => Ok(Self { raw, transport: address.transport(), has_sent: false }),
            Err(OpenError::Socket { errno }) if is_random_missing() => {
                Err(library_failed("open_socket", raw::Error { number: Code::NoRandom as c_int, errno }))
            }
            Err(OpenError::Socket { errno }) => Err(RequestError::System { code: Code::OpenFailed, errno }),
            Err(OpenError::Session(error)) => Err(library_failed("init_session", error)),
        }
    }

    /// The count or the record that the last request brought.
    pub fn raw(&self) -> &RawSession {
        &self.raw
    }

    /// Sends a request, and waits for the response: as long as the call may take, or only for a part of it. The session comes
    /// back with the response; false says that what was asked for is not enabled.
    pub async fn exchange(
        mut self: Box<Self>,
        request: Request<'_>,
        part: Option<Duration>,
        call: &Call,
    ) -> Result<(Box<Self>, bool), RequestError> {
        if self.raw.is_inherited() {
            return Err(RequestError::Inherited);
        }
        let mut now = call.now();
        let give_up_at = part.and_then(|part| now.checked_add(part));
        let mut progress = Progress { has_waited: false, give_up_at, ignored: 0 };
        let mut resend_after = FIRST_RESEND;
        loop {
            if !self.send(request)? {
                self.wait(Readiness::ToWrite, None, &mut progress, call).await?;
                request.check_repeatable()?;
                now = call.now();
                continue;
            }
            let resend_at = now.checked_add(match request {
                Request::SameSource(_, _, resend_after) => resend_after,
                _ => resend_after,
            });
            loop {
                if !self.raw.needs_response() {
                    return Ok((self, true));
                }
                if self.wait(Readiness::ToRead, resend_at, &mut progress, call).await? == Event::Late {
                    resend_after = resend_after.saturating_mul(2);
                    break;
                }
                match self.receive() {
                    Ok(true) => {}
                    Ok(false) => {
                        self.wait(Readiness::ToWrite, None, &mut progress, call).await?;
                        break;
                    }
                    // If libchrony asked for an address first, it is still busy with that.
                    Err(RequestError::Response(Code::Disabled)) if !self.raw.is_by_address() => {
                        return Ok((self, false));
                    }
                    Err(error) => return Err(error),
                }
                // libchrony ignores a datagram that is not for the request, and may follow one up with a further request (by an
                // address that it asked of sourcestats): either way, a response is still needed.
                progress.ignored += 1;
            }
            request.check_repeatable()?;
            now = call.now();
        }
    }

    /// Waits; it is an error if the time for the exchange is over.
    async fn wait(
        &self,
        readiness: Readiness,
        until: Option<Instant>,
        progress: &mut Progress,
        call: &Call,
    ) -> Result<Event, RequestError> {
        let is_over = |progress: &Progress| call.is_late() || progress.give_up_at.is_some_and(|at| call.now() >= at);
        // While the socket is always ready, as in a flood of datagrams, no wait ends by its deadline.
        if progress.has_waited && is_over(progress) {
            return Err(RequestError::Silent { ignored: progress.ignored });
        }
        progress.has_waited = true;
        let until = match (until, progress.give_up_at) {
            (Some(until), Some(at)) => Some(until.min(at)),
            (until, at) => until.or(at),
        };
        let event = call.wait(self.raw.fd(), readiness, until).await;
        if self.raw.is_inherited() {
            return Err(RequestError::Inherited); // a signal handler forked: the response is for the parent, whose socket this is
        }
        if event == Event::Late && is_over(progress) {
            return Err(RequestError::Silent { ignored: progress.ignored });
        }
        Ok(event)
    }

    /// Sends a request; false where the socket is full. The count of a report of one record needs no request.
    fn send(&mut self, request: Request<'_>) -> Result<bool, RequestError> {
        let (call, sent) = match request {
            Request::Count(report) => ("request_report_number_records", self.raw.request_count(report)),
            Request::Record(report, record) | Request::SameSource(report, record, _) => {
                ("request_record", self.raw.request_record(report, record))
            }
        };
        match is_done(call, sent) {
            Err(error) => Err(self.or_gone(error)),
            sent => {
                self.has_sent = true;
                sent
            }
        }
    }

    /// A chronyd whose Unix socket took requests before, and takes none now, is gone.
    fn or_gone(&self, error: RequestError) -> RequestError {
        match error {
            RequestError::System { code: Code::SendFailed, errno: libc::ECONNREFUSED }
                if self.has_sent && self.transport == Transport::UnixSocket =>
            {
                RequestError::Gone
            }
            error => error,
        }
    }

    /// Takes a response, if there is one: the datagram that made the socket ready may have had a bad checksum. False if a
    /// further request must follow the response, and the socket is full.
    fn receive(&mut self) -> Result<bool, RequestError> {
        let received = self.raw.process_response();
        let is_send = received.is_err_and(|error| error.number == Code::SendFailed as c_int);
        Ok(is_done("process_response", received).map_err(|error| self.or_gone(error))? || !is_send)
    }
}

/// What a function's result means; false where the socket was not ready.
fn is_done(call: &'static str, result: Result<(), raw::Error>) -> Result<bool, RequestError> {
    let Err(error) = result else { return Ok(true) };
    match Code::from_libchrony(error.number) {
        Some(code @ (Code::SendFailed | Code::RecvFailed)) => match error.errno {
            libc::EAGAIN | libc::EINTR => Ok(false),
            errno => Err(RequestError::System { code, errno }),
        },
        Some(
            code @ (Code::Unauthorized
            | Code::Disabled
            | Code::UnexpectedStatus
            | Code::OldServer
            | Code::NewServer
            | Code::InvalidResponse
            | Code::UnknownReport),
        ) => Err(RequestError::Response(code)),
        _ => Err(library_failed(call, error)),
    }
}

/// libchrony itself failed. `errno` has to do with it only if one of its system calls failed too.
fn library_failed(call: &'static str, error: raw::Error) -> RequestError {
    let errno = match Code::from_libchrony(error.number) {
        Some(Code::NoMemory) => libc::ENOMEM,
        Some(Code::NoRandom | Code::RandomFailed) => error.errno,
        _ => 0,
    };
    RequestError::Library(Box::new(LibraryError { call, number: error.number, errno }))
}

/// Whether libchrony lacks the random numbers that it needs for a Unix socket's name and for each request.
fn is_random_missing() -> bool {
    // SAFETY: text and a number.
    unsafe { libc::access(c"/dev/urandom".as_ptr(), libc::R_OK) != 0 }
}
