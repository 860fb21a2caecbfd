//! Finds libchrony, loads it once per process, and holds its functions in one table.

use std::cell::UnsafeCell;
use std::ffi::{CStr, OsStr, OsString, c_char, c_double, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};

/// libchrony's `chrony_session`: only ever a pointer to us.
#[repr(C)]
pub struct RawSession {
    _opaque: [u8; 0],
}

/// Declares the function table: each function once, by its name without the prefix `chrony_`.
macro_rules! functions {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions of libchrony we call. Enumerations and `bool` are as the C ABI passes them.
        pub(super) struct Functions {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Looks every function up; the first that is missing is named.
            fn look_up(handle: &Handle) -> Result<Self, &'static str> {
                Ok(Self {
                    $($name: {
                        const SYMBOL: &str = concat!("chrony_", stringify!($name));
                        // SAFETY: the type is the one libchrony's header gives the function; abi.c has the compiler
                        // check that where the header is installed.
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
    init_session(*mut *mut RawSession, c_int) -> c_int;
    deinit_session(*mut RawSession);
    needs_response(*mut RawSession) -> bool;
    process_response(*mut RawSession) -> c_int;
    get_number_supported_reports() -> c_int;
    get_report_name(c_int) -> *const c_char;
    request_report_number_records(*mut RawSession, *const c_char) -> c_int;
    get_report_number_records(*mut RawSession) -> c_int;
    request_record(*mut RawSession, *const c_char, c_int) -> c_int;
    get_record_number_fields(*mut RawSession) -> c_int;
    get_field_name(*mut RawSession, c_int) -> *const c_char;
    get_field_index(*mut RawSession, *const c_char) -> c_int;
    get_field_type(*mut RawSession, c_int) -> c_int;
    get_field_uinteger(*mut RawSession, c_int) -> u64;
    get_field_integer(*mut RawSession, c_int) -> i64;
    get_field_float(*mut RawSession, c_int) -> c_double;
    get_field_timespec(*mut RawSession, c_int); // returns a struct timespec, which only abi.c can take
    get_field_string(*mut RawSession, c_int) -> *const c_char;
}

unsafe extern "C" {
    fn pychrony_field_timespec(
        get: unsafe extern "C" fn(*mut RawSession, c_int),
        session: *mut RawSession,
        field: c_int,
        seconds: *mut i64,
        nanoseconds: *mut i64,
    );
    fn secure_getenv(name: *const c_char) -> *const c_char;
    fn dlinfo(handle: *mut c_void, request: c_int, info: *mut c_void) -> c_int;
}

/// The loaded libchrony.
pub struct Library {
    pub(super) functions: Functions,
    path: Box<[u8]>,
    _handle: Handle,
}

/// Why libchrony could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "cannot load libchrony, the library through which pychrony asks chronyd. Tried {}. \
         Fedora 42+: dnf install libchrony. RHEL 9 and its kin: the same, from EPEL. Elsewhere (Debian, Ubuntu, Alpine, \
         Arch) no package has it: install a wheel of pychrony that brings one, or build it from chrony-project.org's \
         source and run ldconfig, or set PYCHRONY_LIBCHRONY to the path of libchrony.so.0",
        tried.join("; ")
    )]
    NotFound { tried: Vec<String> },
    #[error(
        "cannot load the libchrony of this system. Tried {}. Repair it (Fedora 42+, RHEL 9 and its kin with EPEL: \
         dnf reinstall libchrony; Debian and others: build it anew and run ldconfig) or remove it; or set \
         PYCHRONY_LIBCHRONY to the path of another{}",
        tried.join("; "),
        such_as(bundled)
    )]
    Broken { tried: Vec<String>, bundled: Option<String> },
    #[error(
        "cannot load libchrony from PYCHRONY_LIBCHRONY={path} ({reason}). Set it to the path of libchrony.so.0, or unset \
         it to let the dynamic linker search"
    )]
    Forced { path: String, reason: String },
    #[error(
        "{path} is not a libchrony this pychrony can use: it has no function {function}. \
         Install a current libchrony, or set PYCHRONY_LIBCHRONY to the path of one{}",
        such_as(bundled)
    )]
    Incompatible { path: String, function: &'static str, bundled: Option<String> },
}

impl LoadError {
    /// The file at fault, where one is known.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::NotFound { .. } | Self::Broken { .. } => None,
            Self::Forced { path, .. } | Self::Incompatible { path, .. } => Some(path),
        }
    }
}

/// Names the libchrony that a wheel brought, for the end of a sentence that tells to choose one.
fn such_as(bundled: &Option<String>) -> String {
    bundled.as_ref().map_or_else(String::new, |path| format!(", such as the one that came with pychrony, {path}"))
}

/// The names the dynamic linker is asked for, in this order, unless PYCHRONY_LIBCHRONY names a file.
const NAMES: [&str; 2] = ["libchrony.so.0", "libchrony.so"];

/// The file in the package's folder that a wheel may bring. It is tried when the system has none.
const BUNDLED: &str = "libchrony.so.0";

static LIBRARY: OnceLock<Library> = OnceLock::new();

impl Library {
    /// The library: loaded at the first call, and at each further one until that has succeeded.
    pub fn get() -> Result<&'static Self, LoadError> {
        if let Some(library) = LIBRARY.get() {
            return Ok(library);
        }
        let library = Self::load()?;
        // Another interpreter of this process may have been quicker; its library is the same.
        Ok(LIBRARY.get_or_init(|| {
            survive_forks();
            library
        }))
    }

    /// PYCHRONY_LIBCHRONY alone, or the first that loads: the system's, or else the one in the package's folder. A
    /// libchrony of the system that is there and of no use is an error: whoever installed it means to use it.
    fn load() -> Result<Self, LoadError> {
        if let Some(path) = forced_path() {
            let handle = open(&path)
                .map_err(|reason| LoadError::Forced { path: path.to_string_lossy().into_owned(), reason })?;
            return Self::from_handle(handle, &path);
        }
        let (mut tried, mut broken) = (Vec::new(), false);
        for name in NAMES {
            match open(OsStr::new(name)) {
                Ok(handle) => return Self::from_handle(handle, OsStr::new(name)),
                Err(reason) => {
                    broken |= !says_not_found(&reason, name);
                    tried.push(reason); // which names the library
                }
            }
        }
        if broken {
            return Err(LoadError::Broken { tried, bundled: bundled_file() });
        }
        let Some(path) = bundled_path() else {
            return Err(LoadError::NotFound { tried });
        };
        match open(&path) {
            Ok(handle) => Self::from_handle(handle, &path),
            Err(reason) => {
                tried.push(reason);
                Err(LoadError::NotFound { tried })
            }
        }
    }

    fn from_handle(handle: Handle, name: &OsStr) -> Result<Self, LoadError> {
        let (handle, path) = path_of(handle);
        let path = path.unwrap_or_else(|| name.as_bytes().into());
        let functions = Functions::look_up(&handle).map_err(|function| {
            let path = String::from_utf8_lossy(&path).into_owned();
            let bundled = bundled_file().filter(|file| *file != path);
            LoadError::Incompatible { path, function, bundled }
        })?;
        Ok(Self { functions, path, _handle: handle })
    }

    /// The file the dynamic linker took the library from.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The names of the reports this libchrony knows.
    pub fn reports(&self) -> Vec<&'static CStr> {
        // SAFETY: the function takes nothing and reads constant data.
        let count = unsafe { (self.functions.get_number_supported_reports)() };
        (0..count)
            .filter_map(|report| {
                // SAFETY: the function takes any number, and returns NULL or text that lives as long as the library:
                // for ever, since it is never unloaded.
                let name = unsafe { (self.functions.get_report_name)(report) };
                // SAFETY: as above; the pointer was just found not to be NULL.
                (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })
            })
            .collect()
    }

    /// A field's time as seconds and nanoseconds.
    ///
    /// # Safety
    /// `session` must be a live session of this library.
    pub(super) unsafe fn timespec(&self, session: *mut RawSession, field: c_int) -> (i64, i64) {
        let (mut seconds, mut nanoseconds) = (0, 0);
        // SAFETY: abi.c calls the function by its C type with the caller's session, and writes the two integers.
        unsafe {
            pychrony_field_timespec(self.functions.get_field_timespec, session, field, &mut seconds, &mut nanoseconds);
        }
        (seconds, nanoseconds)
    }

    /// A field's text, copied out of libchrony's one static buffer.
    ///
    /// # Safety
    /// `session` must be a live session of this library.
    pub(super) unsafe fn string(&self, session: *mut RawSession, field: c_int) -> Option<Box<str>> {
        let _alone = StringLock::take();
        // SAFETY: the session is live (the caller's promise), and any field number is allowed.
        let text = unsafe { (self.functions.get_field_string)(session, field) };
        // SAFETY: not NULL, so it is text in the static buffer, which nobody else writes while the lock is held.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into())
    }
}

/// PYCHRONY_LIBCHRONY, unless it is unset, empty, or the process runs with raised privileges.
fn forced_path() -> Option<OsString> {
    // SAFETY: the name is text; the result is NULL or text, copied before any other code can change the environment.
    let value = unsafe { secure_getenv(c"PYCHRONY_LIBCHRONY".as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: as above.
    let path = OsStr::from_bytes(unsafe { CStr::from_ptr(value) }.to_bytes());
    (!path.is_empty()).then(|| path.to_owned())
}

fn open(name: &OsStr) -> Result<Handle, String> {
    // SAFETY: loading runs the library's initialisers; that is what the user or the distribution asked for.
    unsafe { Handle::open(Some(name), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| error.to_string())
}

/// Whether the linker's message says that it found no file of that name, and not that the file it found, or a library that
/// file needs, is of no use. glibc's is "NAME: cannot open shared object file: " and musl's "Error loading shared library
/// NAME: ", each followed by the system's word for ENOENT.
fn says_not_found(message: &str, name: &str) -> bool {
    // SAFETY: any number is allowed; the text is the C library's, and the language does not change between two lines.
    let missing = unsafe { CStr::from_ptr(libc::strerror(libc::ENOENT)) }.to_string_lossy();
    message.contains(&format!("{name}: ")) && message.ends_with(&*missing)
}

/// What the dynamic linker keeps of a library: the first members of its `struct link_map`, in glibc and musl alike.
#[repr(C)]
struct LinkMap {
    address: usize,
    name: *const c_char,
}

/// `RTLD_DI_LINKMAP` of <dlfcn.h>.
const LINK_MAP: c_int = 2;

/// The library again, and the file the dynamic linker took it from.
fn path_of(handle: Handle) -> (Handle, Option<Box<[u8]>>) {
    let raw = handle.into_raw();
    let mut map: *const LinkMap = ptr::null();
    // SAFETY: `raw` is a library that is loaded, and the request has a pointer to its link map written to `map`.
    let status = unsafe { dlinfo(raw, LINK_MAP, (&raw mut map).cast()) };
    // SAFETY: the linker's own record and text, which live as long as the library is loaded.
    let path = (status == 0).then(|| unsafe { CStr::from_ptr((*map).name) }.to_bytes().into());
    // SAFETY: `raw` was just taken out of one.
    (unsafe { Handle::from_raw(raw) }, path)
}

/// Where a wheel puts its libchrony: beside the file of this module. A program that the module is linked into has none.
fn bundled_path() -> Option<OsString> {
    let mut info = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: any address may be asked about; `info` is ours to fill.
    let found = unsafe { libc::dladdr(bundled_path as *const c_void, &mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the linker's own copy of the path, which lives as long as this code is loaded.
    let module = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(info.dli_fname) }.to_bytes()));
    module.file_name()?.as_bytes().starts_with(b"__init__.").then(|| module.with_file_name(BUNDLED).into_os_string())
}

/// The same as text, where there is such a file.
fn bundled_file() -> Option<String> {
    bundled_path().filter(|path| Path::new(path).exists()).map(|path| path.to_string_lossy().into_owned())
}

/// The lock around libchrony's static string buffer.
struct StringLock;

struct Mutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: the mutex is reached only through pthread_mutex_lock and pthread_mutex_unlock.
unsafe impl Sync for Mutex {}

static STRING_MUTEX: Mutex = Mutex(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER));

impl StringLock {
    fn take() -> Self {
        // SAFETY: called with no lock held by this thread, which never nests them.
        unsafe { lock_strings() };
        Self
    }
}

impl Drop for StringLock {
    fn drop(&mut self) {
        // SAFETY: `take` locked it, in this thread.
        unsafe { unlock_strings() };
    }
}

/// How often this process's ancestors have forked since the library was loaded.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Tells a process from its parent, without the system call that its number costs.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Has each `fork()` counted in the child, and the lock of the strings taken before it and released after it on both sides,
/// so that no child inherits the lock from a thread that it does not have.
fn survive_forks() {
    // SAFETY: the functions take nothing and stay loaded as long as the process.
    let status = unsafe { libc::pthread_atfork(Some(lock_strings), Some(unlock_strings), Some(be_a_child)) };
    assert_eq!(status, 0, "no memory for pthread_atfork()");
}

unsafe extern "C" fn be_a_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    // SAFETY: this thread forked from the one that locked it.
    unsafe { unlock_strings() };
}

unsafe extern "C" fn lock_strings() {
    // SAFETY: a statically initialised mutex that is never destroyed.
    unsafe { libc::pthread_mutex_lock(STRING_MUTEX.0.get()) };
}

unsafe extern "C" fn unlock_strings() {
    // SAFETY: this thread locked it, or forked from the thread that did.
    unsafe { libc::pthread_mutex_unlock(STRING_MUTEX.0.get()) };
}
