//! The lock over libchrony's static buffer. All the copies of this module in a process share it, as they share libchrony: one
//! installed and one vendored by another package, for example.
//!
//! A copy finds the lock of another one by its symbol. Python loads modules so that the dynamic linker hides their symbols from
//! each other, so each copy first makes its own visible; the one that the linker then finds is the same for all of them.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// A lock that any version of this project can use: the number's meaning belongs to the symbol's name.
#[repr(transparent)]
pub struct Lock(AtomicU32);

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and a thread may wait for it.
const AWAITED: u32 = 2;

const NAME: &CStr = c"pychrony_libchrony_lock_1";

/// This copy's own lock. The symbol has the name above.
#[unsafe(export_name = "pychrony_libchrony_lock_1")]
static OWN: Lock = Lock(AtomicU32::new(FREE));

/// The lock that is used: this copy's, or another's.
static SHARED: AtomicPtr<Lock> = AtomicPtr::new((&raw const OWN).cast_mut());

impl Lock {
    fn lock(&self) {
        if self.0.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_err() {
            self.wait();
        }
    }

    #[cold]
    fn wait(&self) {
        while self.0.swap(AWAITED, Ordering::Acquire) != FREE {
            // SAFETY: the lock's own number; the thread sleeps only while it is AWAITED.
            unsafe { libc::syscall(libc::SYS_futex, &self.0, WAIT, AWAITED, ptr::null::<c_void>()) };
        }
    }

    fn unlock(&self) {
        if self.0.swap(FREE, Ordering::Release) == AWAITED {
            // SAFETY: the lock's own number; it wakes one thread.
            unsafe { libc::syscall(libc::SYS_futex, &self.0, WAKE, 1) };
        }
    }
}

const WAIT: c_int = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
const WAKE: c_int = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;

fn shared() -> &'static Lock {
    // SAFETY: a static of this copy, or of another one, which is never unloaded.
    unsafe { &*SHARED.load(Ordering::Relaxed) }
}

/// The lock, held until this is dropped.
pub struct Guard(&'static Lock);

/// Takes the lock. It is held for a function's call and the copy of the text, never while waiting.
pub fn lock() -> Guard {
    let lock = shared();
    lock.lock();
    Guard(lock)
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// From now on, the lock is that of all copies, and is taken before each `fork()` and released after it on both sides, so that
/// no child inherits it from a thread that it does not have. To be called once, before the lock is used.
pub fn share() {
    extern "C" fn take() {
        shared().lock();
    }
    extern "C" fn release() {
        shared().unlock();
    }
    let own = place_of(take as *const c_void);
    // SAFETY: text, or NULL; the library that is opened again is never closed.
    let found = unsafe {
        if !own.dli_fname.is_null() {
            libc::dlopen(own.dli_fname, libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_GLOBAL);
        }
        libc::dlsym(libc::RTLD_DEFAULT, NAME.as_ptr())
    };
    if !found.is_null() {
        SHARED.store(found.cast(), Ordering::Relaxed);
    }
    // Its owner alone keeps it across forks. That is told by the file: the linker may take the name `OWN` for another copy's.
    if place_of(shared() as *const Lock as *const c_void).dli_fbase != own.dli_fbase {
        return;
    }
    // SAFETY: the functions take nothing, and stay loaded as long as the process.
    let status = unsafe { libc::pthread_atfork(Some(take), Some(release), Some(release)) };
    assert_eq!(status, 0, "no memory for pthread_atfork()");
}

/// The library that code or data belongs to; all NULL if that is not known.
fn place_of(address: *const c_void) -> libc::Dl_info {
    let mut info = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: any address may be asked about; `info` is ours to fill.
    unsafe { libc::dladdr(address, &mut info) };
    info
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn threads_hold_it_one_at_a_time() {
        struct Counter(std::cell::UnsafeCell<u32>);
        // SAFETY: the lock is held where it is used.
        unsafe impl Sync for Counter {}
        static LOCK: Lock = Lock(AtomicU32::new(FREE));
        static COUNTER: Counter = Counter(std::cell::UnsafeCell::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..10_000 {
                        LOCK.lock();
                        // SAFETY: the lock is held.
                        unsafe { *COUNTER.0.get() += 1 };
                        if round % 100 == 0 {
                            thread::yield_now(); // so that others find it held
                        }
                        LOCK.unlock();
                    }
                });
            }
        });
        // SAFETY: the threads have ended.
        assert_eq!(unsafe { *COUNTER.0.get() }, 40_000);
        assert_eq!(LOCK.0.load(Ordering::Relaxed), FREE);
    }
}
