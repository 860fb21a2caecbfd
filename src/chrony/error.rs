//! Everything that can go wrong.

use std::ffi::{CStr, c_int};
use std::fmt;
use std::io;
use std::time::Duration;

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
}

impl Code {
    /// libchrony's number, where it is one this version knows.
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

/// What went wrong in one step of a conversation. The client adds on what: see [`Error`].
#[derive(Debug)]
pub enum Fault {
    /// A system call failed: this address cannot be reached.
    System { code: Code, errno: i32 },
    /// The time is up. `ignored` datagrams came that libchrony took for no answer to the request.
    Silence { ignored: u32 },
    /// chronyd answered, but not with a report.
    Answer(Code),
    /// libchrony itself failed, with this number.
    Library { call: &'static str, number: c_int, errno: i32 },
    /// A field of the record is not what it must be.
    Field { field: &'static CStr, why: Box<Flaw> },
    /// The caller gave up waiting: a signal handler raised an exception.
    Interrupted,
    /// A signal handler forked, and this is the child: the answer is its parent's.
    Inherited,
}

pub const INHERITED: Error = Error::Misuse(
    "the connection was opened by the parent of this process, before a fork: open one of its own in this process",
);

/// What is wrong with a field.
#[derive(Debug)]
pub enum Flaw {
    Missing,
    Type { found: &'static str, expected: &'static str },
    Range { value: String, expected: String },
}

/// An address that was tried, and why it failed.
#[derive(Debug)]
pub struct Attempt {
    pub address: String,
    pub code: Code,
    pub errno: i32,
}

impl Attempt {
    fn is_denied(&self) -> bool {
        matches!(self.errno, libc::EACCES | libc::EPERM)
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.code {
            Code::SendFailed => "sending failed: ",
            Code::RecvFailed => "receiving failed: ",
            _ => "",
        };
        write!(f, "{}: {step}{}", self.address, reason(self.errno))
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
    #[error("invalid address {address:?}: {reason}")]
    Address { address: String, reason: &'static str },

    #[error("no report is named {name:?}; this libchrony knows {}", .known.join(", "))]
    UnknownName { name: String, known: Vec<String> },

    #[error("cannot reach chronyd. Tried {}. {}", list(attempts), advice(attempts))]
    Unreachable { attempts: Vec<Attempt> },

    #[error(
        "not allowed to ask chronyd. Tried {}. Only root and the user that chronyd runs as may use its \
         Unix socket; others can ask its command port, address 127.0.0.1 (cmdport, cmdallow in chrony.conf)",
        list(attempts)
    )]
    Denied { attempts: Vec<Attempt> },

    #[error(
        "chronyd at {address} does not give its {report} report to this client (UNAUTHORIZED). The command port serves only \
         some reports: ask through chronyd's Unix socket, as root or the user it runs as, or list the report under \
         opencommands in chrony.conf (chrony 4.7 or later)"
    )]
    Unauthorized { report: String, address: String },

    #[error(
        "chronyd at {address} gave no answer to the request for its {report} report within {} s{}. It may be stopped or \
         hung, or a firewall may drop the packets",
        .timeout.as_secs_f64(),
        ignored_text(*.ignored)
    )]
    Timeout { report: String, address: String, timeout: Duration, ignored: u32 },

    #[error("chronyd at {address} answered the request for its {report} report with {}", answer_text(*.code))]
    Answer { report: String, address: String, code: Code },

    #[error("the libchrony in use has no {report} report: it is older than this pychrony expects; update it")]
    UnknownReport { report: String },

    #[error("chronyd's {report} report, from {address}: field \"{}\" {why}", .field.to_string_lossy())]
    Field { report: String, address: String, field: &'static CStr, why: Flaw },

    #[error(
        "libchrony's chrony_{call} failed with error {number} for {address}{}",
        cause(*.errno)
    )]
    Library { address: String, call: &'static str, number: c_int, errno: i32 },

    #[error("interrupted by a signal handler")]
    Interrupted,

    #[error("{0}")]
    Misuse(&'static str),

    #[error(
        "another thread's call on this connection has not ended within {} s, so this call never had its turn",
        .timeout.as_secs_f64()
    )]
    Busy { timeout: Duration },
}

impl fmt::Display for Flaw {
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
    /// The errors of the addresses tried, as one.
    pub fn from_attempts(attempts: Vec<Attempt>) -> Self {
        if attempts.iter().all(Attempt::is_denied) { Self::Denied { attempts } } else { Self::Unreachable { attempts } }
    }

    /// The number the error is known by, where it has one.
    pub fn code(&self) -> Option<c_int> {
        let code = match self {
            Self::Unreachable { attempts } | Self::Denied { attempts } => attempts.first()?.code,
            Self::Unauthorized { .. } => Code::Unauthorized,
            Self::Timeout { .. } | Self::Busy { .. } => Code::Timeout,
            Self::Answer { code, .. } => *code,
            Self::UnknownReport { .. } => Code::UnknownReport,
            Self::Field { why, .. } => match why {
                Flaw::Missing => Code::FieldMissing,
                Flaw::Type { .. } => Code::FieldType,
                Flaw::Range { .. } => Code::FieldRange,
            },
            Self::Library { number, .. } => return Some(*number),
            Self::Address { .. } | Self::UnknownName { .. } | Self::Interrupted | Self::Misuse(_) => return None,
        };
        Some(code as c_int)
    }

    /// The system's error number, where it gave one; of several addresses tried, the first one's.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Unreachable { attempts } | Self::Denied { attempts } => Some(attempts.first()?.errno),
            Self::Library { errno, .. } if *errno != 0 => Some(*errno),
            _ => None,
        }
    }
}

fn list(attempts: &[Attempt]) -> String {
    let each: Vec<String> = attempts.iter().map(Attempt::to_string).collect();
    each.join("; ")
}

fn advice(attempts: &[Attempt]) -> &'static str {
    let exhausted =
        |attempt: &Attempt| matches!(attempt.errno, libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS);
    if attempts.iter().all(exhausted) {
        "This process, or the system, has run out of what a socket takes"
    } else {
        "Is chronyd running, and does it listen there (bindcmdaddress, cmdport in chrony.conf)?"
    }
}

fn ignored_text(ignored: u32) -> String {
    match ignored {
        0 => String::new(),
        _ => format!(" (datagrams that came and did not complete an answer: {ignored})"),
    }
}

fn answer_text(code: Code) -> &'static str {
    match code {
        Code::Disabled => "\"not enabled\" (DISABLED)",
        Code::OldServer => "\"invalid command\" (OLD_SERVER): this chronyd is too old to have it",
        Code::NewServer => {
            "a packet that this libchrony does not understand (NEW_SERVER): this chronyd is newer; update libchrony"
        }
        Code::InvalidResponse => "a packet too short to be one (INVALID_RESPONSE)",
        _ => "a status that this libchrony does not expect (UNEXPECTED_STATUS)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(errno: i32) -> Attempt {
        Attempt { address: "/run/x.sock".to_owned(), code: Code::OpenFailed, errno }
    }

    #[test]
    fn being_forbidden_everywhere_is_a_matter_of_rights() {
        let error = Error::from_attempts(vec![attempt(libc::EACCES), attempt(libc::EPERM)]);
        assert!(matches!(error, Error::Denied { .. }));
        assert_eq!(error.errno(), Some(libc::EACCES));
    }

    #[test]
    fn being_forbidden_here_and_refused_there_is_not() {
        let error = Error::from_attempts(vec![attempt(libc::EACCES), attempt(libc::ENOENT)]);
        assert!(matches!(error, Error::Unreachable { .. }));
    }

    #[test]
    fn libchronys_numbers_keep_their_meaning() {
        assert_eq!(Code::from_libchrony(9), Some(Code::Unauthorized));
        assert_eq!(Code::from_libchrony(100), None);
        assert_eq!(Code::from_libchrony(0), None);
    }
}
