//! libchrony's functions. This is the one file that calls them.
//!
//! Each method says which state beyond its session the function behind it touches, according to libchrony 0.2's `client.c`,
//! `message.c` and `socket.c`. Most touch none. What matters is one static buffer for text, `buf` in `message.c`: whatever
//! looks at a field of type address writes it, and that is not only the function that returns the text. The lock over that
//! buffer (lock.rs) is taken in here, and nowhere else.

use std::ffi::{CStr, c_char, c_double, c_int};
use std::io;
use std::ptr::{self, NonNull};
use std::rc::Rc;

use libloading::os::unix::Library as Handle;

use super::fork::Process;
use super::lock;

/// libchrony's `chrony_session`: only ever a pointer to us.
#[repr(C)]
struct Opaque {
    _fields: [u8; 0],
}

/// Declares the function table: each function once, by its name without the prefix `chrony_`.
macro_rules! functions {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions of libchrony we call. Enumerations and `bool` are as the C ABI passes them.
        pub struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        /// A function's name, its arguments and its result.
        #[cfg(test)]
        const DECLARED: &[(&str, &[&str], &str)] =
            &[$((stringify!($name), &[$(stringify!($argument)),*], concat!($(stringify!($result))?))),*];

        impl Functions {
            /// Looks every function up; the first that is missing is named.
            pub fn look_up(handle: &Handle) -> std::result::Result<Self, &'static str> {
                Ok(Self {
                    $($name: {
                        const SYMBOL: &str = concat!("chrony_", stringify!($name));
                        // SAFETY: the type is the one libchrony's header gives the function: a test below compares it with
                        // abi.c, which the compiler checks where the header is installed.
                        *unsafe { handle.get(SYMBOL.as_bytes()) }.map_err(|_| SYMBOL)?
                    },)*
                })
            }
        }
    };
}

functions! {
    open_socket(*const c_char) -> c_int;
    close_socket(c_int);
    init_session(*mut *mut Opaque, c_int) -> c_int;
    deinit_session(*mut Opaque);
    needs_response(*mut Opaque) -> bool;
    process_response(*mut Opaque) -> c_int;
    get_number_supported_reports() -> c_int;
    get_report_name(c_int) -> *const c_char;
    request_report_number_records(*mut Opaque, *const c_char) -> c_int;
    get_report_number_records(*mut Opaque) -> c_int;
    request_record(*mut Opaque, *const c_char, c_int) -> c_int;
    get_record_number_fields(*mut Opaque) -> c_int;
    get_field_name(*mut Opaque, c_int) -> *const c_char;
    get_field_index(*mut Opaque, *const c_char) -> c_int;
    get_field_type(*mut Opaque, c_int) -> c_int;
    get_field_uinteger(*mut Opaque, c_int) -> u64;
    get_field_integer(*mut Opaque, c_int) -> i64;
    get_field_float(*mut Opaque, c_int) -> c_double;
    get_field_timespec(*mut Opaque, c_int); // returns a struct timespec, which only abi.c can take
    get_field_string(*mut Opaque, c_int) -> *const c_char;
}

unsafe extern "C" {
    fn pychrony_field_timespec(
        get: unsafe extern "C" fn(*mut Opaque, c_int),
        session: *mut Opaque,
        field: c_int,
        seconds: *mut i64,
        nanoseconds: *mut i64,
    );
}

impl Functions {
    /// The names of the reports that the library knows. Reads constant data.
    pub fn reports(&self) -> Vec<&'static CStr> {
        // SAFETY: the function takes nothing.
        let count = unsafe { (self.get_number_supported_reports)() };
        (0..count)
            .filter_map(|report| {
                // SAFETY: the function takes any number, and returns NULL or text that lives as long as the library:
                // for ever, since it is never unloaded.
                let name = unsafe { (self.get_report_name)(report) };
                // SAFETY: as above; the pointer was just found not to be NULL.
                (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })
            })
            .collect()
    }
}

/// Why a function of libchrony failed: its `chrony_err`, and `errno` as the function left it.
#[derive(Clone, Copy, Debug)]
pub struct Error {
    pub number: c_int,
    pub errno: i32,
}

type Result<T> = std::result::Result<T, Error>;

fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The result of a function that returns a `chrony_err`. To be called before anything else can change `errno`.
fn check(number: c_int) -> Result<()> {
    if number == 0 { Ok(()) } else { Err(Error { number, errno: errno() }) }
}

/// Why a session could not be opened.
#[derive(Clone, Copy, Debug)]
pub enum OpenError {
    /// There is no socket to this address.
    Socket { errno: i32 },
    /// `chrony_init_session()` failed.
    Session(Error),
}

/// A socket that libchrony opened: non-blocking, and closed on exec.
struct Socket {
    functions: &'static Functions,
    fd: c_int,
    /// The process that opened it.
    owner: Process,
}

impl Socket {
    /// Touches the file system: beside a Unix socket of chronyd's it makes two directories and a socket of its own.
    fn open(functions: &'static Functions, address: &CStr) -> std::result::Result<Self, OpenError> {
        // SAFETY: the address is text.
        let fd = unsafe { (functions.open_socket)(address.as_ptr()) };
        if fd < 0 {
            return Err(OpenError::Socket { errno: errno() });
        }
        let socket = Self { functions, fd, owner: Process::current() };
        // libchrony leaves the descriptor blocking and inheritable. A request to a daemon that does not read, and a
        // packet with a bad checksum, would hold us for ever in its send() and recv().
        let on: c_int = 1;
        // SAFETY: the descriptor is ours; FIONBIO reads one int.
        let set = unsafe { libc::ioctl(fd, libc::FIONBIO, &raw const on) == 0 && libc::ioctl(fd, libc::FIOCLEX) == 0 };
        if set { Ok(socket) } else { Err(OpenError::Socket { errno: errno() }) }
    }

    fn is_inherited(&self) -> bool {
        self.owner != Process::current()
    }
}

impl Drop for Socket {
    /// Touches the file system: libchrony removes its own socket and the two directories. Those belong to the parent if this
    /// process has the descriptor from a fork.
    fn drop(&mut self) {
        if self.is_inherited() {
            // SAFETY: the descriptor is this process's own copy, open, and used no more.
            unsafe { libc::close(self.fd) };
        } else {
            // SAFETY: the descriptor is ours, open, and used no more.
            unsafe { (self.functions.close_socket)(self.fd) };
        }
    }
}

/// A session of libchrony's on a socket of its own. One thread at a time may use it.
pub struct RawSession {
    functions: &'static Functions,
    session: NonNull<Opaque>,
    socket: Socket,
    /// Whether the request that was made last may have to look at an address, when it is made or when it is answered.
    by_address: bool,
}

// SAFETY: libchrony keeps a session's state within the session, but for the buffer that the lock below guards: so any one
// thread at a time may use it.
unsafe impl Send for RawSession {}

impl RawSession {
    /// Touches what `Socket::open()` touches, and opens /dev/urandom.
    pub fn open(functions: &'static Functions, address: &CStr) -> std::result::Result<Self, OpenError> {
        let socket = Socket::open(functions, address)?;
        let mut session = ptr::null_mut();
        // SAFETY: the pointer is ours to fill, and the descriptor is open for as long as the session is used.
        let number = unsafe { (functions.init_session)(&mut session, socket.fd) };
        check(number).map_err(OpenError::Session)?;
        let session = NonNull::new(session).ok_or(OpenError::Session(Error { number, errno: 0 }))?;
        Ok(Self { functions, session, socket, by_address: false })
    }

    /// The socket's descriptor.
    pub fn fd(&self) -> c_int {
        self.socket.fd
    }

    /// Whether another process opened it, and this one has it from a `fork()`: then the next response is for the other.
    pub fn is_inherited(&self) -> bool {
        self.socket.is_inherited()
    }

    /// Asks how many records a report has. Touches the socket and the session's stream of random numbers.
    ///
    /// If a record was asked for by address and not answered, the answer to this request makes libchrony ask for it again
    /// (`follow_report` in `client.c`): a session in which anything failed must not be used again.
    pub fn request_count(&mut self, report: &CStr) -> Result<()> {
        // SAFETY: the session is live, and the report's name is text.
        check(unsafe { (self.functions.request_report_number_records)(self.session.as_ptr(), report.as_ptr()) })
    }

    /// Asks for a record. Touches the socket and the stream of random numbers, and also the buffer if the report is asked
    /// for by the source's address, which it takes from the record of sourcestats that was received last.
    pub fn request_record(&mut self, report: &CStr, record: c_int) -> Result<()> {
        self.by_address = is_by_address(report);
        let _lock = self.by_address.then(lock::lock);
        // SAFETY: the session is live, the report's name is text, and any number of a record is allowed. The buffer is locked
        // where it is written.
        check(unsafe { (self.functions.request_record)(self.session.as_ptr(), report.as_ptr(), record) })
    }

    /// Whether the request that was made last may be by address.
    pub fn is_by_address(&self) -> bool {
        self.by_address
    }

    /// Whether the request that was made last still waits for its response. Touches the session only.
    pub fn needs_response(&self) -> bool {
        // SAFETY: the session is live.
        unsafe { (self.functions.needs_response)(self.session.as_ptr()) }
    }

    /// Takes a response from the socket, without waiting for one. Touches the socket; and if the answer was an address to
    /// ask by, what `request_record()` touches.
    pub fn process_response(&mut self) -> Result<()> {
        let _lock = self.by_address.then(lock::lock);
        // SAFETY: the session is live, and its socket does not block. The buffer is locked where it is written.
        check(unsafe { (self.functions.process_response)(self.session.as_ptr()) })
    }

    /// The number of records of the report whose count was asked for last. Touches the session only.
    pub fn number_of_records(&self) -> c_int {
        // SAFETY: the session is live.
        unsafe { (self.functions.get_report_number_records)(self.session.as_ptr()) }
    }

    /// The number of fields of the record that was received last. Touches the session only.
    pub fn number_of_fields(&self) -> c_int {
        // SAFETY: the session is live.
        unsafe { (self.functions.get_record_number_fields)(self.session.as_ptr()) }
    }

    /// A field's name: constant data.
    pub fn field_name(&self, field: c_int) -> Option<&'static CStr> {
        // SAFETY: the session is live, and any number of a field is allowed.
        let name = unsafe { (self.functions.get_field_name)(self.session.as_ptr(), field) };
        // SAFETY: not NULL, so it is constant text of the library's, which is never unloaded.
        (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })
    }

    /// Whether this is a field's name, which is constant data.
    pub fn is_named(&self, field: c_int, name: &CStr) -> bool {
        // SAFETY: the session is live, and any number of a field is allowed; what is found is NULL or text.
        unsafe {
            let found = (self.functions.get_field_name)(self.session.as_ptr(), field);
            !found.is_null() && libc::strcmp(found, name.as_ptr()) == 0
        }
    }

    /// The number of the field of this name. Touches the session, and reads constant data.
    pub fn field_index(&self, name: &CStr) -> Option<c_int> {
        // SAFETY: the session is live, and the name is text.
        let field = unsafe { (self.functions.get_field_index)(self.session.as_ptr(), name.as_ptr()) };
        (field >= 0).then_some(field)
    }

    /// libchrony's number of a field's type. Touches the session, and reads constant data.
    pub fn field_type(&self, field: c_int) -> c_int {
        // SAFETY: the session is live, and any number of a field is allowed.
        unsafe { (self.functions.get_field_type)(self.session.as_ptr(), field) }
    }

    /// Touches the session only. 0 where the field is of another type.
    pub fn field_unsigned(&self, field: c_int) -> u64 {
        // SAFETY: the session is live, and any number of a field is allowed.
        unsafe { (self.functions.get_field_uinteger)(self.session.as_ptr(), field) }
    }

    /// Touches the session only. 0 where the field is of another type. A field of 16 bits arrives without its sign.
    pub fn field_signed(&self, field: c_int) -> i64 {
        // SAFETY: the session is live, and any number of a field is allowed.
        unsafe { (self.functions.get_field_integer)(self.session.as_ptr(), field) }
    }

    /// Touches the session only. 0 where the field is of another type.
    pub fn field_float(&self, field: c_int) -> f64 {
        // SAFETY: the session is live, and any number of a field is allowed.
        unsafe { (self.functions.get_field_float)(self.session.as_ptr(), field) }
    }

    /// A field's time as seconds and nanoseconds. Touches the session only. 0 where it is of another type.
    pub fn field_time(&self, field: c_int) -> (i64, i64) {
        let (mut seconds, mut nanoseconds) = (0, 0);
        // SAFETY: abi.c calls the function by its C type with the live session, and writes the two integers.
        unsafe {
            pychrony_field_timespec(
                self.functions.get_field_timespec,
                self.session.as_ptr(),
                field,
                &mut seconds,
                &mut nanoseconds,
            );
        }
        (seconds, nanoseconds)
    }

    /// A field's address as text, which is copied out of the buffer; None where there is none.
    pub fn field_text(&self, field: c_int) -> Option<Rc<str>> {
        let _lock = lock::lock();
        // SAFETY: the session is live, any number of a field is allowed, and the buffer that is written is locked.
        let text = unsafe { (self.functions.get_field_string)(self.session.as_ptr(), field) };
        if text.is_null() {
            return None;
        }
        // SAFETY: not NULL, so it is text in the buffer, which nobody else writes while it is locked.
        let text = unsafe { CStr::from_ptr(text) };
        Some(text.to_str().map_or_else(|_| text.to_string_lossy().into(), Rc::from))
    }
}

impl Drop for RawSession {
    /// Touches the session, and closes /dev/urandom.
    fn drop(&mut self) {
        // SAFETY: the session is live and used no more. Its socket is closed after it.
        unsafe { (self.functions.deinit_session)(self.session.as_ptr()) };
    }
}

/// Whether a report's records may be asked for by the source's address. It is asked for each report, also for one that no
/// table describes: any that is not known to be asked for by number takes the lock, which is safe. A test of the tables
/// holds the list to them.
pub fn is_by_address(report: &CStr) -> bool {
    const BY_INDEX: [&CStr; 8] =
        [c"tracking", c"sources", c"sourcestats", c"selectdata", c"activity", c"serverstats", c"rtcdata", c"smoothing"];
    !BY_INDEX.contains(&report)
}

/// A libchrony for tests.
#[cfg(test)]
pub mod fake;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_declared_as_the_compiler_checks_them_in_abi_c() {
        // Enumerations are int in the C ABI, and only C can name what chrony_get_field_timespec() returns.
        let c_type = |rust: &str| match rust.replace(' ', "").as_str() {
            "*mut*mutOpaque" => "chrony_session **",
            "*mutOpaque" => "chrony_session *",
            "*constc_char" => "const char *",
            "c_int" => "int",
            "c_double" => "double",
            "u64" => "uint64_t",
            "i64" => "int64_t",
            "bool" => "bool",
            other => panic!("no C type is known for {other}"),
        };
        let checked = include_str!("abi.c").replace("chrony_err(", "int(").replace("chrony_field_type(", "int(");
        for &(name, arguments, result) in DECLARED {
            let result = match (name, result) {
                ("get_field_timespec", _) => "struct timespec",
                (_, "") => "void",
                _ => c_type(result),
            };
            let arguments: Vec<_> = arguments.iter().map(|argument| c_type(argument)).collect();
            let arguments = if arguments.is_empty() { "void".to_owned() } else { arguments.join(", ") };
            let declaration = format!("DECLARED(chrony_{name}, {result}({arguments}));");
            assert!(checked.contains(&declaration), "{declaration}");
        }
        assert_eq!(checked.matches("DECLARED(chrony_").count(), DECLARED.len());
    }
}
