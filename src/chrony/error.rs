//! Everything that can go wrong.

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

/// What went wrong in one step of a conversation. The client adds the report and the address: see [`Error`].
#[derive(Debug)]
pub enum Fault {
    /// A system call failed: this address cannot be reached.
    System { code: Code, errno: i32 },
    /// The time is up. `ignored` datagrams came that libchrony did not take for an answer to the request.
    Silence { ignored: u32 },
    /// A request that must not be sent again was not answered soon, or could not be sent: what it is part of begins anew.
    Unanswered,
    /// chronyd answered, but not with a report.
    Answer(Code),
    /// libchrony itself failed.
    Library(Box<LibraryError>),
    /// A field of the record is not what it must be.
    Field(Box<FieldError>),
    /// This process has the session from its parent, by a fork: the answer would be the parent's.
    Inherited,
}

pub const INHERITED: Error = Error::Misuse(
    "the connection was opened by the parent of this process, before a fork: open one of its own in this process",
);

/// A function of libchrony's that failed, with its number for the error.
#[derive(Debug)]
pub struct LibraryError {
    pub call: &'static str,
    pub number: c_int,
    pub errno: i32,
}

/// A field that is not what it must be.
#[derive(Debug)]
pub struct FieldError {
    pub field: &'static CStr,
    pub why: Flaw,
}

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
    pub address: Address,
    pub code: Code,
    pub errno: i32,
}

impl Attempt {
    fn is_denied(&self) -> bool {
        matches!(self.errno, libc::EACCES | libc::EPERM)
    }

    fn is_denied_the_unix_socket(&self) -> bool {
        self.is_denied() && self.is_on_unix_socket()
    }

    fn is_on_unix_socket(&self) -> bool {
        self.address.transport() == Transport::UnixSocket
    }

    /// Whether libchrony could not make its own socket beside chronyd's.
    fn has_no_room(&self) -> bool {
        self.is_on_unix_socket() && matches!(self.errno, libc::EROFS | libc::ENOSPC | libc::EDQUOT)
    }

    /// Whether the address cannot be reached because it lacks the interface to reach it through.
    fn lacks_interface(&self) -> bool {
        self.errno == libc::EINVAL && self.address.is_link_local()
    }

    fn is_exhausted(&self) -> bool {
        matches!(self.errno, libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS)
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
    #[error("no report is named {name:?}; this libchrony knows {}", .known.join(", "))]
    UnknownName { name: String, known: Vec<String> },

    #[error("cannot reach chronyd. Tried {}. {}", list(attempts), advice(attempts))]
    Unreachable { attempts: Vec<Attempt> },

    #[error("not allowed to ask chronyd. Tried {}. {}", list(attempts), permission_advice(attempts))]
    Denied { attempts: Vec<Attempt> },

    #[error(
        "chronyd at {address} does not give its {report} report to this client (UNAUTHORIZED). The command port serves only \
         some reports: ask through chronyd's Unix socket, as root or the user it runs as, or list the report under \
         opencommands in chrony.conf (chrony 4.7 or later)"
    )]
    Unauthorized { report: String, address: Address },

    #[error(
        "chronyd at {address} gave no answer to the request for its {report} report within {} s{}. {}{}",
        .timeout.as_secs_f64(),
        ignored_text(*.ignored),
        silence_advice(address),
        earlier_text(.earlier)
    )]
    Timeout { report: String, address: Address, timeout: Duration, ignored: u32, earlier: Vec<Attempt> },

    #[error("chronyd at {address} answered the request for its {report} report with {}", answer_text(*.code))]
    Answer { report: String, address: Address, code: Code },

    #[error("the libchrony in use has no {report} report: it is older than this pychrony expects; update it")]
    UnknownReport { report: String },

    #[error("chronyd's {report} report, from {address}: field \"{}\" {}", .error.field.to_string_lossy(), .error.why)]
    Field { report: String, address: Address, error: Box<FieldError> },

    #[error(
        "libchrony's chrony_{} failed with error {} for {address}{}",
        .error.call, .error.number, cause(.error.errno)
    )]
    Library { address: Address, error: Box<LibraryError> },

    #[error("interrupted by a signal handler")]
    Interrupted,

    #[error("{0}")]
    Misuse(&'static str),

    #[error(
        "another thread's call on this connection has not ended within {} s, so this call never had its turn",
        .timeout.as_secs_f64()
    )]
    Busy { timeout: Duration },

    #[error("the connection was closed while this call was under way: another thread called close()")]
    Closed,
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
    /// The errors of the addresses tried, as one error: one of permission if any of them was.
    pub fn from_attempts(attempts: Vec<Attempt>) -> Self {
        if attempts.iter().any(Attempt::is_denied) { Self::Denied { attempts } } else { Self::Unreachable { attempts } }
    }

    /// The attempt that the error is named after: the first, or the first that was denied.
    fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Unreachable { attempts } => attempts.first(),
            Self::Denied { attempts } => attempts.iter().find(|attempt| attempt.is_denied()),
            _ => None,
        }
    }

    /// The number the error is known by, where it has one.
    pub fn code(&self) -> Option<c_int> {
        let code = match self {
            Self::Unreachable { .. } | Self::Denied { .. } => self.attempt()?.code,
            Self::Unauthorized { .. } => Code::Unauthorized,
            Self::Timeout { .. } | Self::Busy { .. } => Code::Timeout,
            Self::Closed => Code::Closed,
            Self::Answer { code, .. } => *code,
            Self::UnknownReport { .. } => Code::UnknownReport,
            Self::Field { error, .. } => match error.why {
                Flaw::Missing => Code::FieldMissing,
                Flaw::Type { .. } => Code::FieldType,
                Flaw::Range { .. } => Code::FieldRange,
            },
            Self::Library { error, .. } => return Some(error.number),
            Self::UnknownName { .. } | Self::Interrupted | Self::Misuse(_) => return None,
        };
        Some(code as c_int)
    }

    /// The system's error number, if it gave one; if several addresses were tried, that of the one the error is named after.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Unreachable { .. } | Self::Denied { .. } => Some(self.attempt()?.errno),
            Self::Library { error, .. } if error.errno != 0 => Some(error.errno),
            _ => None,
        }
    }
}

fn list(attempts: &[Attempt]) -> String {
    let each: Vec<String> = attempts.iter().map(Attempt::to_string).collect();
    each.join("; ")
}

fn advice(attempts: &[Attempt]) -> &'static str {
    if attempts.iter().all(Attempt::is_exhausted) {
        "This process, or the system, has run out of something that a socket needs"
    } else if attempts.iter().any(Attempt::has_no_room) {
        "libchrony cannot make its own socket beside chronyd's: that directory is read-only or full. Make it \
         writable and give it room, or ask chronyd's command port, address 127.0.0.1"
    } else if attempts.iter().any(Attempt::lacks_interface) {
        "A link-local address leads nowhere without the name of an interface (fe80::1%eth0), which libchrony does not take: \
         use another address of that host"
    } else {
        "Is chronyd running, and does it listen there (bindcmdaddress, cmdport in chrony.conf)?"
    }
}

fn permission_advice(attempts: &[Attempt]) -> String {
    let reason = denial_reason(attempts);
    if attempts.iter().any(Attempt::is_denied_the_unix_socket) {
        format!("{reason}; others can ask its command port, address 127.0.0.1 (cmdport, cmdallow in chrony.conf)")
    } else {
        reason.to_owned()
    }
}

fn denial_reason(attempts: &[Attempt]) -> &'static str {
    if attempts.iter().any(Attempt::is_denied_the_unix_socket) {
        "Only root and the user that chronyd runs as may use its Unix socket"
    } else {
        "The system does not let this process send there: a firewall's rule forbids it, or the address is a broadcast address"
    }
}

fn silence_advice(address: &Address) -> &'static str {
    match address.transport() {
        Transport::UnixSocket => "It may be stopped or hung",
        Transport::CommandPort if address.is_local() => "It may be stopped or hung, or a firewall may drop the packets",
        Transport::CommandPort => {
            "It may be stopped or hung, it may not let this host ask (bindcmdaddress, cmdallow in its chrony.conf), or a \
             firewall may drop the packets"
        }
    }
}

/// Which addresses were tried before the silent one, if any were.
fn earlier_text(earlier: &[Attempt]) -> String {
    match earlier {
        [] => String::new(),
        _ if earlier.iter().any(Attempt::is_denied) => {
            format!(". Tried before: {}. {}", list(earlier), denial_reason(earlier))
        }
        _ => format!(". Tried before: {}", list(earlier)),
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

    fn attempt(address: &str, errno: i32) -> Attempt {
        Attempt { address: Address::parse(address.as_bytes()).unwrap(), code: Code::OpenFailed, errno }
    }

    #[test]
    fn being_forbidden_the_unix_socket_is_what_counts_where_no_address_answers() {
        let attempts = [attempt("127.0.0.1", libc::ECONNREFUSED), attempt("/run/x.sock", libc::EACCES)];
        let error = Error::from_attempts(attempts.into());
        assert!(matches!(error, Error::Denied { .. }));
        assert_eq!(error.errno(), Some(libc::EACCES));
        assert!(error.to_string().contains("user that chronyd runs as"), "{error}");
    }

    #[test]
    fn being_forbidden_to_send_is_not_about_the_unix_socket() {
        let error = Error::from_attempts(vec![attempt("192.0.2.255", libc::EACCES)]);
        assert!(matches!(error, Error::Denied { .. }));
        assert!(error.to_string().contains("firewall"), "{error}");
        assert!(!error.to_string().contains("Unix socket"), "{error}");
    }

    #[test]
    fn a_directory_without_room_for_libchronys_socket_is_said_to_be_one() {
        for errno in [libc::EROFS, libc::ENOSPC] {
            let error = Error::from_attempts(vec![attempt("/run/x.sock", errno), attempt("::1", libc::ECONNREFUSED)]);
            assert!(error.to_string().contains("read-only or full"), "{error}");
        }
    }

    #[test]
    fn a_link_local_address_is_said_to_lack_its_interface() {
        let error = Error::from_attempts(vec![attempt("fe80::1", libc::EINVAL)]);
        assert!(error.to_string().contains("interface (fe80::1%eth0)"), "{error}");
        let error = Error::from_attempts(vec![attempt("2001:db8::1", libc::EINVAL)]);
        assert!(!error.to_string().contains("interface"), "{error}");
    }

    #[test]
    fn the_advice_on_silence_follows_from_where_it_was_met() {
        let advice = |address: &str| silence_advice(&Address::parse(address.as_bytes()).unwrap());
        assert!(advice("192.0.2.1").contains("cmdallow"));
        assert!(!advice("127.0.0.1").contains("cmdallow"));
        assert!(!advice("/run/x.sock").contains("firewall"));
    }

    #[test]
    fn of_a_silent_address_it_is_said_why_those_before_it_failed() {
        let timeout = |earlier| Error::Timeout {
            report: "tracking".to_owned(),
            address: Address::parse(b"127.0.0.1").unwrap(),
            timeout: Duration::from_secs(1),
            ignored: 0,
            earlier,
        };
        assert!(!timeout(vec![]).to_string().contains("before"));
        let error = timeout(vec![attempt("/run/x.sock", libc::EACCES)]);
        assert!(error.to_string().contains("Tried before: /run/x.sock: Permission denied. Only root"), "{error}");
        // It was the command port that did not answer: whoever reads this need not be sent there.
        assert!(error.to_string().ends_with("may use its Unix socket"), "{error}");
        assert_eq!(error.errno(), None);
    }

    #[test]
    fn libchronys_numbers_keep_their_meaning() {
        assert_eq!(Code::from_libchrony(9), Some(Code::Unauthorized));
        assert_eq!(Code::from_libchrony(100), None);
        assert_eq!(Code::from_libchrony(0), None);
    }
}
