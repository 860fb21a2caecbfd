//! Finds libchrony and loads it, once per process.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::OnceLock;

use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};

use super::raw::{self, Functions};
use super::{environment, fork};

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
         Fedora 42+: dnf install libchrony. RHEL 9 and its kin: the same, from EPEL. Elsewhere (Debian, Ubuntu, Alpine, \
         Arch) no package has it: build it from chrony-project.org's source and run ldconfig, or set PYCHRONY_LIBCHRONY \
         to the path of libchrony.so.0",
        tried.join("; ")
    )]
    NotFound { tried: Vec<String> },
    #[error(
        "cannot load libchrony from PYCHRONY_LIBCHRONY={path} ({reason}). Set it to the path of libchrony.so.0, or unset \
         it to let the dynamic linker search"
    )]
    Forced { path: String, reason: String },
    #[error(
        "{path} is not a libchrony this pychrony can use: it has no function {function}. \
         Install a current libchrony, or set PYCHRONY_LIBCHRONY to the path of one"
    )]
    Incompatible { path: String, function: &'static str },
}

impl LoadError {
    /// The file at fault, where one is known.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::NotFound { .. } => None,
            Self::Forced { path, .. } | Self::Incompatible { path, .. } => Some(path),
        }
    }
}

/// The names the dynamic linker is asked for, in this order, unless PYCHRONY_LIBCHRONY names a file.
const NAMES: [&str; 2] = ["libchrony.so.0", "libchrony.so"];

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
            fork::count_forks();
            raw::keep_lock_across_forks();
            library
        }))
    }

    fn load() -> Result<Self, LoadError> {
        if let Some(path) = environment::variable(c"PYCHRONY_LIBCHRONY") {
            let named = path.to_string_lossy().into_owned();
            let handle = open(&path).map_err(|reason| LoadError::Forced { path: named, reason })?;
            return Self::from_handle(handle, &path);
        }
        let mut tried = Vec::new();
        for name in NAMES {
            match open(OsStr::new(name)) {
                Ok(handle) => return Self::from_handle(handle, OsStr::new(name)),
                Err(reason) => tried.push(reason), // which names the library
            }
        }
        Err(LoadError::NotFound { tried })
    }

    fn from_handle(handle: Handle, name: &OsStr) -> Result<Self, LoadError> {
        let functions = Functions::look_up(&handle)
            .map_err(|function| LoadError::Incompatible { path: name.to_string_lossy().into_owned(), function })?;
        let path = path_of(&functions).unwrap_or_else(|| name.as_bytes().into());
        Ok(Self { functions, path, _handle: handle })
    }

    /// The file the dynamic linker took the library from.
    pub fn path(&self) -> &[u8] {
        &self.path
    }
}

fn open(name: &OsStr) -> Result<Handle, String> {
    // SAFETY: loading runs the library's initialisers; that is what the user or the distribution asked for.
    unsafe { Handle::open(Some(name), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| error.to_string())
}

fn path_of(functions: &Functions) -> Option<Box<[u8]>> {
    let mut info = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: any address may be asked about; `info` is ours to fill.
    let found = unsafe { libc::dladdr(functions.any(), &mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the linker's own copy of the path, which lives as long as the library is loaded.
    Some(unsafe { CStr::from_ptr(info.dli_fname) }.to_bytes().into())
}
