//! Everything that can go wrong.

mod advice;

use std::ffi::{CStr, c_int};
use std::fmt;
use std::io;
use std::time::Duration;

use super::address::{Address, Transport};

/// The numbers errors are known by: libchrony's own as they are, ours from 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    NoMemory = 1,
    NoRandom = 2,
    UnknownReport = 3,
    RandomFailed = 4,
    SendFailed = 5,
    RecvFailed = 6,
    InvalidArgument = 7,
    UnexpectedCall = 8,
    Unauthorized = 9,
    Disabled = 10,
    UnexpectedStatus = 11,
    OldServer = 12,
    NewServer = 13,
    InvalidResponse = 14,
    OpenFailed = 100,
    Timeout = 101,
    FieldMissing = 102,
    FieldType = 103,
    FieldRange = 104,
    Closed = 105,
    Busy = 106,
}

impl Code {
    /// The code of libchrony's number, if this version knows it.
    pub fn from_libchrony(number: c_int) -> Option<Self> {
        use Code::*;
        [
            NoMemory,
            NoRandom,
            UnknownReport,
            RandomFailed,
            SendFailed,
            RecvFailed,
            InvalidArgument,
            UnexpectedCall,
            Unauthorized,
            Disabled,
            UnexpectedStatus,
            OldServer,
            NewServer,
            InvalidResponse,
        ]
        .into_iter()
        .find(|&code| code as c_int == number)
    }
}

/// What went wrong with one request. The client adds the report and the address: see [`Error`].
#[derive(Debug)]
pub enum RequestError {
    /// A system call failed: this address cannot be reached.
    System { code: Code, errno: i32 },
    /// No response came in the time that the address was given. `ignored` datagrams came that libchrony did not take for one.
    Silent { ignored: u32 },
    /// What had received a request cannot be sent another: chronyd was stopped, and may have been started again.
    Gone,
    /// This process has the session from its parent, by a fork: the response would be the parent's.
    Inherited,
    /// A request that must not be sent again got no response, or could not be sent: what it is part of starts again.
    NotRepeatable,
    /// chronyd responded, but not with a report.
    Response(Code),
    /// libchrony itself failed.
    Library(Box<LibraryError>),
    /// A field of the record is not what it must be.
    Field(Box<FieldError>),
}

/// A function of libchrony's that failed, with its number for the error.
#[derive(Debug)]
pub struct LibraryError {
    pub call: &'static str,
    pub number: c_int,
    pub errno: i32,
}

impl LibraryError {
    fn is_about_random(&self) -> bool {
        [Code::NoRandom, Code::RandomFailed].iter().any(|&code| code as c_int == self.number)
    }
}

/// A field that is not what it must be.
#[derive(Debug)]
pub struct FieldError {
    pub field: &'static CStr,
    pub kind: FieldErrorKind,
}

#[derive(Debug)]
pub enum FieldErrorKind {
    Missing,
    Type { found: &'static str, expected: &'static str },
    Range { value: String, expected: String },
}

/// An address that was tried, and why it gave no report.
#[derive(Debug)]
pub struct Attempt {
    pub address: Address,
    pub failure: Failure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    System {
        code: Code,
        errno: i32,
    },
    Silent {
        ignored: u32,
    },
    /// chronyd does not give the report to this client.
    Unauthorized,
}

impl Attempt {
    pub fn errno(&self) -> Option<i32> {
        match self.failure {
            Failure::System { errno, .. } => Some(errno),
            _ => None,
        }
    }

    pub fn is_silent(&self) -> bool {
        matches!(self.failure, Failure::Silent { .. })
    }

    pub fn is_denied(&self) -> bool {
        matches!(self.errno(), Some(libc::EACCES | libc::EPERM))
    }

    pub fn is_on_unix_socket(&self) -> bool {
        self.address.transport() == Transport::UnixSocket
    }

    fn code(&self) -> Code {
        match self.failure {
            Failure::System { code, .. } => code,
            Failure::Silent { .. } => Code::Timeout,
            Failure::Unauthorized => Code::Unauthorized,
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.address)?;
        match self.failure {
            Failure::System { code: Code::SendFailed, errno } => write!(f, "sending failed: {}", reason(errno)),
            Failure::System { code: Code::RecvFailed, errno } => write!(f, "receiving failed: {}", reason(errno)),
            Failure::System { errno, .. } => f.write_str(&reason(errno)),
            Failure::Silent { ignored } => write!(f, "no response{}", ignored_text(ignored)),
            Failure::Unauthorized => f.write_str("UNAUTHORIZED"),
        }
    }
}

/// What the attempts at all the addresses say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// There is no chronyd at these addresses, or they cannot be reached.
    Unreachable,
    /// The system does not let this process ask.
    Denied,
    /// A request was not refused, and no response came.
    Silent,
    /// chronyd does not give the report to this client.
    Unauthorized,
}

impl Class {
    /// | an attempt ended with …                                               | class        |
    /// |-----------------------------------------------------------------------|--------------|
    /// | chronyd's response UNAUTHORIZED                                       | Unauthorized |
    /// | no response                                                           | Silent       |
    /// | denial of a command port                                              | Denied       |
    /// | failure of a command port, as where nobody listens, whatever the Unix | Unreachable  |
    /// | socket gave: its directory outlives chronyd                           |              |
    /// | denial of a Unix socket                                               | Denied       |
    /// | failure of a Unix socket                                              | Unreachable  |
    ///
    /// The first row that is true of any attempt counts.
    pub fn of(attempts: &[Attempt]) -> Self {
        let any = |is: fn(&Attempt) -> bool| attempts.iter().any(is);
        if any(|it| it.failure == Failure::Unauthorized) {
            Self::Unauthorized
        } else if any(Attempt::is_silent) {
            Self::Silent
        } else if any(|it| it.is_denied() && !it.is_on_unix_socket()) {
            Self::Denied
        } else if any(|it| !it.is_on_unix_socket()) {
            Self::Unreachable
        } else if any(Attempt::is_denied) {
            Self::Denied
        } else {
            Self::Unreachable
        }
    }

    /// Whether an attempt is of this class, so that the error may be named after it.
    fn has(self, attempt: &Attempt) -> bool {
        match self {
            Self::Unreachable => !attempt.is_denied(),
            Self::Denied => attempt.is_denied(),
            Self::Silent => attempt.is_silent(),
            Self::Unauthorized => attempt.failure == Failure::Unauthorized,
        }
    }
}

/// The system's words for the cause of an error, where it gave one.
fn cause(errno: i32) -> String {
    if errno == 0 { String::new() } else { format!(": {}", reason(errno)) }
}

/// The system's words for an error number.
fn reason(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.strip_suffix(&format!(" (os error {errno})")).unwrap_or(&text).to_owned()
}

/// An error as the user of the library meets it: what was tried, on what, what came back, what can be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no report is named {name:?}; this libchrony knows {}", .known.join(", "))]
    UnknownName { name: String, known: Vec<String> },

    #[error("{}", attempts_text(*.class, .report, *.timeout, .attempts, .advice))]
    Attempts { class: Class, report: String, timeout: Duration, attempts: Vec<Attempt>, advice: String },

    #[error("chronyd at {address} responded to the request for its {report} report with {}", response_text(*.code))]
    Response { report: String, address: Address, code: Code },

    #[error("the libchrony in use has no {report} report: it is older than this pychrony expects; update it")]
    UnknownReport { report: String },

    #[error("chronyd's {report} report, from {address}: field \"{}\" {}", .error.field.to_string_lossy(), .error.kind)]
    Field { report: String, address: Address, error: Box<FieldError> },

    #[error(
        "libchrony needs /dev/urandom, which this process cannot read{}. In a chroot or a container, provide it; a program \
         that drops privileges must keep access to it",
        cause(.error.errno)
    )]
    Random { error: Box<LibraryError> },

    #[error("libchrony's chrony_{} failed with error {} for {address}{}", .error.call, .error.number, cause(.error.errno))]
    Library { address: Address, error: Box<LibraryError> },

    #[error("interrupted by a signal handler")]
    Interrupted,

    #[error(
        "this thread is already in a call on this connection: a signal handler or finalizer cannot use it until that call ends"
    )]
    Reentered,

    #[error("timed out after {} s waiting for another thread's call on this connection", .timeout.as_secs_f64())]
    Busy { timeout: Duration },

    #[error("the connection is closed: open() opens it again")]
    Closed,

    #[error("the connection was closed while this call was under way: another thread called close()")]
    ClosedMeanwhile,
}

impl fmt::Display for FieldErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "is missing; this pychrony does not match this chronyd or libchrony"),
            Self::Type { found, expected } => {
                write!(f, "is of type {found}, expected {expected}; this pychrony does not match this libchrony")
            }
            Self::Range { value, expected } => write!(f, "is {value}, expected {expected}"),
        }
    }
}

impl Error {
    /// The failures of all the addresses, as one error. The timeout is that of the whole call.
    pub fn from_attempts(report: &str, timeout: Duration, attempts: Vec<Attempt>) -> Self {
        let class = Class::of(&attempts);
        let advice = advice::advice(class, &attempts, &advice::Surroundings::of(&attempts));
        Self::Attempts { class, report: report.to_owned(), timeout, attempts, advice }
    }

    /// libchrony's own failure.
    pub fn from_library(address: Address, error: Box<LibraryError>) -> Self {
        if error.is_about_random() { Self::Random { error } } else { Self::Library { address, error } }
    }

    /// The attempt that the error is named after: the first of its class.
    fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Attempts { class, attempts, .. } => attempts.iter().find(|attempt| class.has(attempt)),
            _ => None,
        }
    }

    /// The number the error is known by, where it has one.
    pub fn code(&self) -> Option<c_int> {
        let code = match self {
            Self::Attempts { .. } => self.attempt()?.code(),
            Self::Busy { .. } => Code::Timeout,
            Self::Closed | Self::ClosedMeanwhile => Code::Closed,
            Self::Reentered => Code::Busy,
            Self::Response { code, .. } => *code,
            Self::UnknownReport { .. } => Code::UnknownReport,
            Self::Field { error, .. } => match error.kind {
                FieldErrorKind::Missing => Code::FieldMissing,
                FieldErrorKind::Type { .. } => Code::FieldType,
                FieldErrorKind::Range { .. } => Code::FieldRange,
            },
            Self::Library { error, .. } | Self::Random { error } => return Some(error.number),
            Self::UnknownName { .. } | Self::Interrupted => return None,
        };
        Some(code as c_int)
    }

    /// The system's error number, if it gave one; if several addresses were tried, that of the one the error is named after.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Attempts { .. } => self.attempt()?.errno(),
            Self::Library { error, .. } | Self::Random { error } if error.errno != 0 => Some(error.errno),
            _ => None,
        }
    }
}

fn attempts_text(class: Class, report: &str, timeout: Duration, attempts: &[Attempt], advice: &str) -> String {
    let tried = attempts.iter().map(Attempt::to_string).collect::<Vec<_>>().join("; ");
    let seconds = timeout.as_secs_f64();
    match (class, attempts) {
        (Class::Unreachable, _) => format!("cannot reach chronyd. Tried {tried}. {advice}"),
        (Class::Denied, _) => format!("not allowed to ask chronyd. Tried {tried}. {advice}"),
        (Class::Silent, [Attempt { address, failure: Failure::Silent { ignored } }]) => format!(
            "chronyd at {address} did not respond to the request for its {report} report within {seconds} s{}. {advice}",
            ignored_text(*ignored)
        ),
        (Class::Silent, _) => {
            format!(
                "no chronyd responded to the request for its {report} report within {seconds} s. Tried {tried}. {advice}"
            )
        }
        (Class::Unauthorized, _) => {
            let at = attempts.iter().find(|attempt| class.has(attempt)).map(|attempt| &attempt.address);
            let at = at.map(|address| format!(" at {address}")).unwrap_or_default();
            let others = if attempts.len() > 1 { format!(". Tried {tried}") } else { String::new() };
            format!("chronyd{at} does not give its {report} report to this client (UNAUTHORIZED){others}. {advice}")
        }
    }
}

fn ignored_text(ignored: u32) -> String {
    match ignored {
        0 => String::new(),
        _ => format!(" (datagrams received that did not complete a response: {ignored})"),
    }
}

fn response_text(code: Code) -> &'static str {
    match code {
        Code::Disabled => "\"not enabled\" (DISABLED)",
        Code::OldServer => "\"invalid command\" (OLD_SERVER): this chronyd is too old for this report",
        Code::NewServer => {
            "a packet that this libchrony does not understand (NEW_SERVER): this chronyd is newer; update libchrony"
        }
        Code::InvalidResponse => "a packet that is too short (INVALID_RESPONSE)",
        _ => "a status that this libchrony does not expect (UNEXPECTED_STATUS)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKET: &str = "/run/x/chronyd.sock";
    const PORT: &str = "127.0.0.1";

    fn failed(address: &str, errno: i32) -> Attempt {
        attempt(address, Failure::System { code: Code::OpenFailed, errno })
    }

    fn silent(address: &str) -> Attempt {
        attempt(address, Failure::Silent { ignored: 0 })
    }

    fn attempt(address: &str, failure: Failure) -> Attempt {
        Attempt { address: Address::parse(address.as_bytes()).unwrap(), failure }
    }

    fn class(attempts: Vec<Attempt>) -> (Class, Option<c_int>, Option<i32>) {
        let error = Error::from_attempts("tracking", Duration::from_secs(3), attempts);
        let Error::Attempts { class, .. } = error else { unreachable!() };
        (class, error.code(), error.errno())
    }

    const OPEN_FAILED: Option<c_int> = Some(Code::OpenFailed as c_int);
    const TIMEOUT: Option<c_int> = Some(Code::Timeout as c_int);

    #[test]
    fn a_denied_socket_and_a_port_where_nobody_listens_mean_that_there_is_no_chronyd() {
        let attempts = || vec![failed(SOCKET, libc::EACCES), failed(PORT, libc::ECONNREFUSED)];
        assert_eq!(class(attempts()), (Class::Unreachable, OPEN_FAILED, Some(libc::ECONNREFUSED)));
        let mut reversed = attempts();
        reversed.reverse();
        assert_eq!(class(reversed), (Class::Unreachable, OPEN_FAILED, Some(libc::ECONNREFUSED)));
    }

    #[test]
    fn a_denied_socket_and_a_port_that_cannot_be_reached_mean_that_there_is_no_chronyd() {
        for errno in [libc::ENETUNREACH, libc::EADDRNOTAVAIL, libc::EAFNOSUPPORT] {
            let attempts = vec![failed(SOCKET, libc::EACCES), failed(PORT, errno)];
            assert_eq!(class(attempts), (Class::Unreachable, OPEN_FAILED, Some(errno)));
        }
    }

    #[test]
    fn only_denied_sockets_are_a_denial() {
        assert_eq!(class(vec![failed(SOCKET, libc::EACCES)]), (Class::Denied, OPEN_FAILED, Some(libc::EACCES)));
        let attempts = vec![failed("/run/y/chronyd.sock", libc::ENOENT), failed(SOCKET, libc::EPERM)];
        assert_eq!(class(attempts), (Class::Denied, OPEN_FAILED, Some(libc::EPERM)));
    }

    #[test]
    fn a_denied_port_is_a_denial_whatever_the_other_addresses_give() {
        for other in [libc::ENOENT, libc::EACCES, libc::ECONNREFUSED] {
            let attempts = vec![failed(SOCKET, other), failed(PORT, libc::EPERM), failed("::1", libc::ECONNREFUSED)];
            assert_eq!(class(attempts).0, Class::Denied);
        }
    }

    #[test]
    fn silence_anywhere_is_a_timeout_unless_chronyd_refused_the_report_elsewhere() {
        for errno in [libc::EACCES, libc::ENOENT, libc::ECONNREFUSED] {
            assert_eq!(class(vec![failed(SOCKET, errno), silent(PORT)]), (Class::Silent, TIMEOUT, None));
            assert_eq!(class(vec![silent(SOCKET), failed(PORT, errno)]), (Class::Silent, TIMEOUT, None));
        }
        let attempts = vec![silent(SOCKET), attempt(PORT, Failure::Unauthorized)];
        assert_eq!(class(attempts), (Class::Unauthorized, Some(Code::Unauthorized as c_int), None));
    }

    #[test]
    fn addresses_where_nothing_is_are_unreachable() {
        let attempts = vec![failed(SOCKET, libc::ENOENT), failed(PORT, libc::ECONNREFUSED)];
        assert_eq!(class(attempts), (Class::Unreachable, OPEN_FAILED, Some(libc::ENOENT)));
        assert_eq!(class(vec![failed(SOCKET, libc::ECONNREFUSED)]).0, Class::Unreachable);
        assert_eq!(class(vec![failed(SOCKET, libc::EROFS)]).0, Class::Unreachable);
    }

    #[test]
    fn each_address_is_told_with_what_happened_there() {
        let attempts = vec![silent(SOCKET), failed(PORT, libc::ECONNREFUSED), silent("::1")];
        let text = Error::from_attempts("tracking", Duration::from_secs(3), attempts).to_string();
        for part in
            ["within 3 s", "/run/x/chronyd.sock: no response", "127.0.0.1: Connection refused", "::1: no response"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_missing_source_of_random_numbers_is_named() {
        let number = Code::NoRandom as c_int;
        let error = LibraryError { call: "open_socket", number, errno: libc::ENOENT };
        let error = Error::from_library(Address::parse(SOCKET.as_bytes()).unwrap(), Box::new(error));
        assert_eq!((error.code(), error.errno()), (Some(number), Some(libc::ENOENT)));
        assert!(error.to_string().contains("/dev/urandom"), "{error}");
    }
}
