//! Which process this is: forks are counted, so that a child knows what it inherited from its parent.

use std::sync::atomic::{AtomicU32, Ordering};

/// How often this process's ancestors have forked since `count_forks()`.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Tells a process from its parent, without the system call that its process ID would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    pub fn current() -> Self {
        Self(FORKS.load(Ordering::Relaxed))
    }

    pub fn number(self) -> u32 {
        self.0
    }
}

/// Makes every child count the `fork()` that it came from. To be called once, before a process is compared with another.
pub fn count_forks() {
    extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the function takes nothing, and stays loaded as long as the process.
    let status = unsafe { libc::pthread_atfork(None, None, Some(count)) };
    assert_eq!(status, 0, "no memory for pthread_atfork()");
}
