//! Finds libchrony and loads it, once per process.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;

use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};

use super::raw::Functions;
use super::{environment, fork, lock};

unsafe extern "C" {
    fn dlinfo(handle: *mut c_void, request: c_int, info: *mut c_void) -> c_int;
}

/// The loaded libchrony.
pub struct Library {
    pub functions: Functions,
    path: Box<[u8]>,
    _handle: Handle,
}

/// Why libchrony could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "cannot load libchrony, the library through which pychrony asks chronyd. Tried {}. \
         Fedora 42+: dnf install libchrony. RHEL 9 and its derivatives: the same, from EPEL. Debian, Ubuntu, Alpine and \
         Arch have no package of it: install a pychrony wheel that includes it, or build it from the source at \
         chrony-project.org and run ldconfig, or set PYCHRONY_LIBCHRONY to the path of libchrony.so.0",
        tried.join("; ")
    )]
    NotFound { tried: Vec<String> },
    #[error(
        "cannot load the libchrony of this system. Tried {}. Repair it (Fedora 42+, RHEL 9 and its derivatives with EPEL: \
         dnf reinstall libchrony; Debian and others: rebuild it and run ldconfig) or remove it; or set \
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
        "{path} is not a libchrony that this pychrony can use: it has no function {function}. \
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

/// Names the libchrony that a wheel brought, for the end of a sentence that tells the user to choose one.
fn such_as(bundled: &Option<String>) -> String {
    bundled.as_ref().map_or_else(String::new, |path| format!(", such as the one that came with pychrony, {path}"))
}

/// The names the dynamic linker is asked for, in this order, unless PYCHRONY_LIBCHRONY names a file.
const NAMES: [&str; 2] = ["libchrony.so.0", "libchrony.so"];

/// The file in the package's directory that a wheel may bring. It is tried when the system has none.
const BUNDLED: &str = "libchrony.so.0";

static LIBRARY: OnceLock<Library> = OnceLock::new();

impl Library {
    /// The library. The first call loads it; as long as that fails, each further call tries again.
    pub fn get() -> Result<&'static Self, LoadError> {
        if let Some(library) = LIBRARY.get() {
            return Ok(library);
        }
        let library = Self::load()?;
        // Another interpreter of this process may have been quicker; its library is the same.
        Ok(LIBRARY.get_or_init(|| {
            fork::count_forks();
            lock::share();
            library
        }))
    }

    /// The file that PYCHRONY_LIBCHRONY names, or else the first that is found.
    fn load() -> Result<Self, LoadError> {
        let (handle, name) = match environment::variable(c"PYCHRONY_LIBCHRONY") {
            Some(path) => {
                let forced = |reason| LoadError::Forced { path: path.to_string_lossy().into_owned(), reason };
                (open(&path).map_err(forced)?, path)
            }
            None => search()?,
        };
        Self::from_handle(handle, &name)
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

    /// A library with these functions, for tests.
    #[cfg(test)]
    pub fn of_functions(functions: Functions) -> Self {
        Self { functions, path: Box::default(), _handle: Handle::this() }
    }

    /// The file the dynamic linker took the library from.
    pub fn path(&self) -> &[u8] {
        &self.path
    }
}

/// The system's libchrony, or else the one in the package's directory, with the name by which it was found. A libchrony of the
/// system that is there but of no use is an error: whoever installed it means to use it.
fn search() -> Result<(Handle, OsString), LoadError> {
    let (mut tried, mut broken) = (Vec::new(), false);
    for name in NAMES {
        match open(OsStr::new(name)) {
            Ok(handle) => return Ok((handle, name.into())),
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
        Ok(handle) => Ok((handle, path)),
        Err(reason) => {
            tried.push(reason);
            Err(LoadError::NotFound { tried })
        }
    }
}

#[inline] // Where it is called, it is on pages of code that an import needs anyway.
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
