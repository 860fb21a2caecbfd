//! One conversation with chronyd: open, request, wait, receive, close.
//!
//! Sending and receiving never block. The waiting between them is the caller's: see wait.rs.

use std::ffi::{CStr, c_int};
use std::time::{Duration, Instant};

use super::address::{Address, Transport};
use super::error::{Code, Fault, LibraryError};
use super::library::Library;
use super::raw::{Failure, OpenFailure, RawSession};
use super::wait::{Call, Event, Readiness};

/// How long the first request on UDP may stay unanswered before it is sent again; then twice as long, and so on. libchrony
/// gives a resent request a new number and takes no late answer to an earlier one, so a slow chronyd must be given time.
pub const FIRST_RESEND: Duration = Duration::from_secs(1);

/// What is asked of chronyd.
#[derive(Clone, Copy)]
pub enum Request<'a> {
    /// How many records a report has.
    Count(&'a CStr),
    /// One of its records.
    Record(&'a CStr, c_int),
    /// The record of the source whose sourcestats were just received, asked for by its address. It is asked for once, and on
    /// UDP given this much time: a second time, libchrony would ask for an address anew, and that may be another source's
    /// by then.
    SameSource(&'a CStr, c_int, Duration),
}

/// How an exchange has gone so far.
struct Progress {
    has_waited: bool,
    /// How many datagrams came that libchrony took for no answer, or for an answer that is not the last.
    ignored: u32,
}

impl Request<'_> {
    /// A fault if it must not be sent again.
    fn check_repeatable(self) -> Result<(), Fault> {
        if matches!(self, Self::SameSource(..)) { Err(Fault::Unanswered) } else { Ok(()) }
    }
}

/// A session on a socket of its own. A session in which anything failed, a timeout included, must not be used again:
/// libchrony may still be busy with the request that failed (see docs/libchrony-notes.md). So a request takes the session,
/// and gives it back only with the answer.
pub struct Session {
    raw: RawSession,
    transport: Transport,
}

impl Session {
    pub fn open(library: &'static Library, address: &Address) -> Result<Self, Fault> {
        match RawSession::open(&library.functions, address.as_c_str()) {
            Ok(raw) => Ok(Self { raw, transport: address.transport() }),
            Err(OpenFailure::Socket { errno }) => Err(Fault::System { code: Code::OpenFailed, errno }),
            Err(OpenFailure::Session(failure)) => Err(library_failed("init_session", failure)),
        }
    }

    /// The count or the record that the last request brought.
    pub fn raw(&self) -> &RawSession {
        &self.raw
    }

    /// Asks, and waits for the answer. The session comes back with it; false says that what was asked for is not enabled.
    pub async fn exchange(mut self: Box<Self>, request: Request<'_>, call: &Call) -> Result<(Box<Self>, bool), Fault> {
        if self.raw.is_inherited() {
            return Err(Fault::Inherited);
        }
        let mut progress = Progress { has_waited: false, ignored: 0 };
        let mut resend_after = FIRST_RESEND;
        loop {
            if !self.send(request)? {
                self.wait(Readiness::ToWrite, None, &mut progress, call).await?;
                request.check_repeatable()?;
                continue;
            }
            // A Unix socket loses no datagrams.
            let resend_at = match (self.transport, request) {
                (Transport::UnixSocket, _) => None,
                (Transport::CommandPort, Request::SameSource(_, _, resend_after)) => Some(call.now() + resend_after),
                (Transport::CommandPort, _) => Some(call.now() + resend_after),
            };
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
                    Err(Fault::Answer(Code::Disabled)) if !self.raw.is_by_address() => return Ok((self, false)),
                    Err(fault) => return Err(fault),
                }
                // libchrony ignores a datagram that is not for the request, and may answer one with a further request (by an
                // address that it asked of sourcestats): either way, a response is still needed.
                progress.ignored += 1;
            }
            request.check_repeatable()?;
        }
    }

    /// Waits; it is a fault if the deadline has passed.
    async fn wait(
        &self,
        readiness: Readiness,
        until: Option<Instant>,
        progress: &mut Progress,
        call: &Call,
    ) -> Result<Event, Fault> {
        let silence = |progress: &Progress| Fault::Silence { ignored: progress.ignored };
        // While the socket is always ready, as in a flood of datagrams, no wait ends by its deadline.
        if progress.has_waited && call.is_late() {
            return Err(silence(progress));
        }
        progress.has_waited = true;
        let event = call.wait(self.raw.fd(), readiness, until).await;
        if self.raw.is_inherited() {
            return Err(Fault::Inherited); // a signal handler forked: the answer is for the parent, whose socket this is
        }
        if event == Event::Late && call.is_late() { Err(silence(progress)) } else { Ok(event) }
    }

    /// Sends a request; false where the socket is full. The count of a report of one record needs no request.
    fn send(&mut self, request: Request<'_>) -> Result<bool, Fault> {
        let (call, sent) = match request {
            Request::Count(report) => ("request_report_number_records", self.raw.request_count(report)),
            Request::Record(report, record) | Request::SameSource(report, record, _) => {
                ("request_record", self.raw.request_record(report, record))
            }
        };
        is_done(call, sent)
    }

    /// Takes a response, if there is one: the datagram that made the socket ready may have had a bad checksum. False if a
    /// further request must follow the response, and the socket is full.
    fn receive(&mut self) -> Result<bool, Fault> {
        let received = self.raw.process_response();
        let is_send = received.is_err_and(|failure| failure.number == Code::SendFailed as c_int);
        Ok(is_done("process_response", received)? || !is_send)
    }
}

/// What a function's result means; false where the socket was not ready.
fn is_done(call: &'static str, result: Result<(), Failure>) -> Result<bool, Fault> {
    let Err(failure) = result else { return Ok(true) };
    match Code::from_libchrony(failure.number) {
        Some(code @ (Code::SendFailed | Code::RecvFailed)) => match failure.errno {
            libc::EAGAIN | libc::EINTR => Ok(false),
            errno => Err(Fault::System { code, errno }),
        },
        Some(
            code @ (Code::Unauthorized
            | Code::Disabled
            | Code::UnexpectedStatus
            | Code::OldServer
            | Code::NewServer
            | Code::InvalidResponse
            | Code::UnknownReport),
        ) => Err(Fault::Answer(code)),
        _ => Err(library_failed(call, failure)),
    }
}

/// libchrony itself failed. `errno` has to do with it only if one of its system calls failed too.
fn library_failed(call: &'static str, failure: Failure) -> Fault {
    let errno = match Code::from_libchrony(failure.number) {
        Some(Code::NoMemory) => libc::ENOMEM,
        Some(Code::NoRandom | Code::RandomFailed) => failure.errno,
        _ => 0,
    };
    Fault::Library(Box::new(LibraryError { call, number: failure.number, errno }))
}
