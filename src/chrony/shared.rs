//! One client for many threads, which use it in turns; the children of `fork()` must not use it.
//!
//! ```text
//!            open()               take()
//!   Closed ----------> Idle <-----------------> Busy
//!     ^                  |       end of call      | close()
//!     |     close()      |                        v
//!     +------------------+      end of call    Closing
//!     +-------------------------------------------+
//! ```
//!
//! In a child, whatever was open in the parent is `Inherited`: dropped there, and closed for good.

use std::ffi::c_int;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{Error, INHERITED};
use super::fork::Process;
use super::wait::{Call, Caller, TICK};

const NOT_OPEN: Error =
    Error::Misuse("the connection is not open: use it within a with statement, or call open() first");
const REENTERED: Error = Error::Misuse(
    "the connection is in the middle of a call of this very thread: a signal handler or finalizer cannot use it",
);
const CLOSING: Error = Error::Misuse("the connection is being closed: a call on it has not ended yet");
const OPEN_ALREADY: Error = Error::Misuse("the connection is open already");

/// Something that threads share, one at a time.
pub struct Shared<T> {
    /// A `Box<Inner<T>>`: replaced only by the first use in a child process.
    inner: AtomicPtr<Inner<T>>,
}

/// What the threads of one process share. The mutex is held for moments only, never while waiting for chronyd or for the
/// GIL: a call takes the client out, so that no other call has it, and brings it back.
struct Inner<T> {
    process: Process,
    state: Mutex<State<T>>,
    changed: Condvar,
}

enum State<T> {
    Closed,
    /// Boxed, because each call takes it out and brings it back.
    Idle(Box<T>),
    /// A thread has taken it out.
    Busy {
        thread: libc::pthread_t,
        /// The descriptor that the thread waits for now.
        waiting_for: Option<c_int>,
        /// Whether another thread waits for its turn.
        awaited: bool,
    },
    /// A thread has taken it out, and the client is dropped at the end of its call.
    Closing,
    /// It was open in the parent of this process.
    Inherited,
}

impl<T> Inner<T> {
    fn new(state: State<T>) -> Box<Self> {
        Box::new(Self { process: Process::current(), state: Mutex::new(state), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code that holds the mutex can panic midway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a child process makes of its parent's: a thread that the child does not have may hold the mutex, or the client.
    /// The child's copy of the descriptor is closed with the client; the parent's socket file stays.
    ///
    /// If two threads of the child get here at once, one may find the mutex held by the other, and take a closed connection for
    /// an inherited one. The error then asks for a connection of the child's own, which is right in that case too.
    fn inherit(&self) -> Box<Self> {
        let state = match self.state.try_lock().as_deref_mut() {
            Ok(State::Closed) => State::Closed,
            Ok(state) => {
                *state = State::Inherited; // which drops the client
                State::Inherited
            }
            Err(_) => State::Inherited,
        };
        Self::new(state)
    }
}

impl<T> Shared<T> {
    /// Closed, at first.
    pub fn closed() -> Self {
        Self { inner: AtomicPtr::new(Box::into_raw(Inner::new(State::Closed))) }
    }

    /// What this process's threads share.
    fn inner(&self) -> &Inner<T> {
        let current = self.inner.load(Ordering::Acquire);
        // SAFETY: a Box turned into a raw pointer, which lives as long as `self`: the parent's, once replaced, is never
        // freed.
        let inner = unsafe { &*current };
        if inner.process == Process::current() {
            return inner;
        }
        let inherited = Box::into_raw(inner.inherit());
        match self.inner.compare_exchange(current, inherited, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: as above.
            Ok(_) => unsafe { &*inherited },
            Err(other) => {
                // SAFETY: nobody else has seen ours; another thread's is as above.
                unsafe {
                    drop(Box::from_raw(inherited));
                    &*other
                }
            }
        }
    }

    /// Makes it idle, with what `open` makes. Nothing is opened if it is open already.
    pub fn open(&self, open: impl FnOnce() -> Result<T, Error>) -> Result<(), Error> {
        fn check<T>(state: &State<T>) -> Result<(), Error> {
            match state {
                State::Closed => Ok(()),
                State::Inherited => Err(INHERITED),
                State::Closing => Err(CLOSING),
                State::Idle(_) | State::Busy { .. } => Err(OPEN_ALREADY),
            }
        }
        let inner = self.inner();
        check(&inner.lock())?;
        let opened = open()?;
        let mut state = inner.lock();
        check(&state)?; // another thread may have been quicker
        *state = State::Idle(Box::new(opened));
        Ok(())
    }

    /// Takes the client out, once no other thread has it.
    pub fn take(&self, call: &Call, caller: &mut impl Caller) -> Result<Taken<'_, T>, Error> {
        // SAFETY: it takes nothing.
        let thread = unsafe { libc::pthread_self() };
        let mut inner = self.inner();
        let mut state = inner.lock();
        let mut has_waited = false;
        loop {
            match &mut *state {
                State::Closed | State::Closing => return Err(if has_waited { Error::Closed } else { NOT_OPEN }),
                State::Inherited => return Err(INHERITED),
                State::Busy { thread: other, .. } if *other == thread => return Err(REENTERED),
                State::Busy { awaited, .. } => *awaited = true,
                State::Idle(_) => {
                    let busy = State::Busy { thread, waiting_for: None, awaited: false };
                    if let State::Idle(client) = mem::replace(&mut *state, busy) {
                        return Ok(Taken { shared: self, client: Some(client) });
                    }
                }
            }
            has_waited = true;
            let left = call.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(Error::Busy { timeout: call.timeout() });
            }
            let pause = left.map_or(TICK, |left| left.min(TICK));
            let (guard, waited) = inner.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner);
            state = guard;
            if waited.timed_out() {
                drop(state);
                if !caller.handle_signals() {
                    return Err(Error::Interrupted);
                }
                inner = self.inner(); // a signal handler may have forked
                state = inner.lock();
            }
        }
    }

    /// Brings the client back. It is dropped if the connection was closed meanwhile, or if this is a child.
    fn bring_back(&self, client: Box<T>) {
        let inner = self.inner();
        let mut state = inner.lock();
        let mut left_over = None;
        let awaited = match *state {
            State::Busy { awaited, .. } => {
                *state = State::Idle(client);
                awaited
            }
            State::Closing => {
                *state = State::Closed;
                left_over = Some(client);
                false
            }
            _ => {
                left_over = Some(client);
                false
            }
        };
        drop(state);
        if awaited {
            inner.changed.notify_all();
        }
        drop(left_over);
    }

    /// The thread that has the client waits for this descriptor from now on. An error says that it was closed.
    pub fn begin_wait(&self, fd: c_int) -> Result<(), Error> {
        match &mut *self.inner().lock() {
            State::Busy { waiting_for, .. } => *waiting_for = Some(fd),
            State::Closing => return Err(Error::Closed),
            _ => {} // in a child: the session itself knows
        }
        Ok(())
    }

    /// It waits no longer.
    pub fn end_wait(&self) -> Result<(), Error> {
        match &mut *self.inner().lock() {
            State::Busy { waiting_for, .. } => *waiting_for = None,
            State::Closing => return Err(Error::Closed),
            _ => {}
        }
        Ok(())
    }

    /// Closes it. A call that is under way in another thread ends; if it is waiting, its wait ends at once.
    pub fn close(&self) {
        let inner = self.inner();
        let mut state = inner.lock();
        let closed = match *state {
            State::Closing => return,
            State::Busy { waiting_for, .. } => {
                if let Some(fd) = waiting_for {
                    // SAFETY: the descriptor is open: the thread that waits for it takes the lock before it goes on. A socket
                    // that is shut down is ready to read, so the wait ends.
                    unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
                }
                mem::replace(&mut *state, State::Closing)
            }
            _ => mem::replace(&mut *state, State::Closed),
        };
        drop(state);
        inner.changed.notify_all();
        drop(closed);
    }

    /// The error that a call would give, if it is closed.
    pub fn check_open(&self) -> Result<(), Error> {
        if self.is_closed() { Err(NOT_OPEN) } else { Ok(()) }
    }

    pub fn is_closed(&self) -> bool {
        matches!(*self.inner().lock(), State::Closed | State::Closing)
    }

    /// Something about the client; None while there is no client, or while a call has it.
    pub fn about<R>(&self, about: impl FnOnce(&T) -> Option<R>) -> Option<R> {
        match &*self.inner().lock() {
            State::Idle(client) => about(client),
            _ => None,
        }
    }

    /// Whether dropping it now is an oversight: it is open, and this process opened it.
    pub fn is_unclosed(&mut self) -> bool {
        // SAFETY: a Box turned into a raw pointer; nobody else has it any more, as `self` is borrowed mutably.
        let inner = unsafe { &mut **self.inner.get_mut() };
        inner.process == Process::current()
            && matches!(inner.state.get_mut().unwrap_or_else(PoisonError::into_inner), State::Idle(_))
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: a Box turned into a raw pointer, which nobody else has any more.
        drop(unsafe { Box::from_raw(*self.inner.get_mut()) });
    }
}

/// The client, in the hands of one thread, which brings it back by dropping this.
pub struct Taken<'a, T> {
    shared: &'a Shared<T>,
    /// None only while it is dropped.
    client: Option<Box<T>>,
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.client.as_ref().expect("it is there until it is dropped")
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.client.as_mut().expect("it is there until it is dropped")
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.shared.bring_back(client);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixDatagram;
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;
    use std::thread;

    use super::super::fork::count_forks;
    use super::super::wait::{Readiness, block_on};
    use super::*;

    struct Patient;

    impl Caller for Patient {
        fn handle_signals(&mut self) -> bool {
            true
        }
    }

    fn opened<T>(value: T) -> Shared<T> {
        let shared = Shared::closed();
        shared.open(|| Ok(value)).unwrap();
        shared
    }

    fn take<T>(shared: &Shared<T>) -> Result<Taken<'_, T>, Error> {
        shared.take(&Call::new(Some(Duration::from_millis(100))), &mut Patient)
    }

    /// Counts how often it is dropped.
    struct Dropped<'a>(&'a AtomicU32);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn threads_take_it_in_turns() {
        let shared = opened(0_u32);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let call = Call::new(None);
                        let mut counter = shared.take(&call, &mut Patient).unwrap();
                        let before = *counter;
                        thread::yield_now();
                        *counter = before + 1;
                    }
                });
            }
        });
        assert_eq!(*take(&shared).unwrap(), 8000);
    }

    #[test]
    fn a_turn_that_does_not_come_in_time_is_an_error() {
        let shared = opened(());
        let _taken = take(&shared).unwrap();
        let waited = thread::scope(|scope| scope.spawn(|| take(&shared).map(drop)).join().unwrap());
        assert!(matches!(waited, Err(Error::Busy { .. })));
    }

    #[test]
    fn the_same_thread_is_told_that_it_has_it_already() {
        let shared = opened(());
        let _taken = take(&shared).unwrap();
        assert!(matches!(take(&shared), Err(Error::Misuse(text)) if text.contains("this very thread")));
    }

    #[test]
    fn opening_twice_is_an_error_and_opens_nothing() {
        let shared = opened(());
        assert!(matches!(shared.open(|| unreachable!()), Err(Error::Misuse(_))));
    }

    #[test]
    fn what_is_closed_in_the_middle_of_a_call_is_dropped_at_its_end_once() {
        let drops = AtomicU32::new(0);
        let shared = opened(Dropped(&drops));
        let taken = take(&shared).unwrap();
        shared.close();
        assert!(shared.is_closed());
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        assert!(matches!(shared.open(|| unreachable!()), Err(Error::Misuse(text)) if text.contains("being closed")));
        drop(taken);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        shared.open(|| Ok(Dropped(&drops))).unwrap();
        shared.close();
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn closing_ends_a_wait_that_has_no_deadline() {
        struct Waiter<'a>(&'a Shared<UnixDatagram>, mpsc::Sender<()>);

        impl Caller for Waiter<'_> {
            fn handle_signals(&mut self) -> bool {
                true
            }

            fn begin_wait(&mut self, fd: c_int) -> Result<(), Error> {
                self.0.begin_wait(fd)?;
                self.1.send(()).unwrap();
                Ok(())
            }

            fn end_wait(&mut self) -> Result<(), Error> {
                self.0.end_wait()
            }
        }

        let (socket, _other) = UnixDatagram::pair().unwrap();
        let shared = opened(socket);
        let (began, is_waiting) = mpsc::channel();
        let result = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let call = Call::new(None);
                let mut caller = Waiter(&shared, began);
                let socket = shared.take(&call, &mut caller).unwrap();
                block_on(&call, &mut caller, async {
                    call.wait(socket.as_raw_fd(), Readiness::ToRead, None).await;
                    Ok(())
                })
            });
            is_waiting.recv().unwrap();
            shared.close();
            waiting.join().unwrap()
        });
        assert!(matches!(result, Err(Error::Closed)));
    }

    #[test]
    fn those_who_wait_for_their_turn_are_told_of_the_closing() {
        let shared = opened(());
        let taken = take(&shared).unwrap();
        let result = thread::scope(|scope| {
            let waiting = scope.spawn(|| shared.take(&Call::new(None), &mut Patient).map(drop));
            while !matches!(*shared.inner().lock(), State::Busy { awaited: true, .. }) {
                thread::yield_now();
            }
            shared.close();
            waiting.join().unwrap()
        });
        drop(taken);
        assert!(matches!(result, Err(Error::Closed)));
    }

    #[test]
    fn a_child_has_nothing_of_what_its_parent_opened() {
        count_forks();
        let (idle, busy, closed) = (opened(()), opened(()), Shared::<()>::closed());
        let _taken = take(&busy).unwrap();
        // SAFETY: the child calls nothing that another thread of the parent may have locked, and ends without clean-up.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let inherits =
                |shared: &Shared<()>| matches!(take(shared), Err(Error::Misuse(text)) if text.contains("fork"));
            let right = inherits(&idle) && inherits(&busy) && closed.open(|| Ok(())).is_ok();
            // SAFETY: it takes a number.
            unsafe { libc::_exit(i32::from(!right)) };
        }
        let mut status = 0;
        // SAFETY: our own child, and an integer of ours.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
        assert!(take(&idle).is_ok());
    }
}
