//! One client for many threads, which use it one at a time; a child of `fork()` gets one of its own.
//!
//! ```text
//!           take()                  close()
//!   Ready <--------> Busy      Ready -------> Closed
//!        end of call   |         ^               |
//!              close() |         +---------------+
//!                      v            open()  ^
//!                   Closing ----------------+
//!                           end of call
//! ```
//!
//! The client is made by the first call that takes it. In a child, whatever was not closed is `Ready` without a client.

use std::ffi::c_int;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::Error;
use super::fork::Process;
use super::wait::{Call, Caller, TICK};

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
    /// No thread has it. It is not there before the first call, and boxed, because each call takes it out and brings it back.
    Ready(Option<Box<T>>),
    /// A thread has taken it out.
    Busy {
        thread: libc::pthread_t,
        /// The descriptor that the thread waits for now.
        waiting_for: Option<c_int>,
        /// Whether another thread waits for it.
        awaited: bool,
    },
    /// The same, and the client is dropped at the end of the call.
    Closing {
        thread: libc::pthread_t,
    },
    Closed,
}

/// Whether what is closed is an error, or opened again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum IfClosed {
    Fail,
    Open,
}

impl<T> Inner<T> {
    fn new(state: State<T>) -> Box<Self> {
        Box::new(Self { process: Process::current(), state: Mutex::new(state), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code that holds the mutex can panic midway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a child process makes of its parent's. A thread that the child does not have may hold the mutex, or the client. The
    /// child's copy of the descriptor is closed with the client; the parent's socket file stays.
    ///
    /// If another thread had the mutex at the fork, or has it in the child now, it cannot be known whether the connection was
    /// closed. Then it is not.
    fn inherit(&self) -> Box<Self> {
        let state = match self.state.try_lock().as_deref_mut() {
            Ok(State::Closed | State::Closing { .. }) => State::Closed,
            Ok(state) => {
                *state = State::Ready(None); // which drops the client
                State::Ready(None)
            }
            Err(_) => State::Ready(None),
        };
        Self::new(state)
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { inner: AtomicPtr::new(Box::into_raw(Inner::new(State::Ready(None)))) }
    }
}

impl<T> Shared<T> {
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

    /// Takes the client out, once no other thread has it. It is made if there is none.
    pub fn take(
        &self,
        call: &Call,
        caller: &mut impl Caller,
        if_closed: IfClosed,
        make: impl FnOnce() -> T,
    ) -> Result<Taken<'_, T>, Error> {
        // SAFETY: it takes nothing.
        let thread = unsafe { libc::pthread_self() };
        let mut inner = self.inner();
        let mut state = inner.lock();
        let mut has_waited = false;
        loop {
            match &mut *state {
                State::Busy { thread: other, .. } | State::Closing { thread: other } if *other == thread => {
                    return Err(Error::Reentered);
                }
                State::Closed | State::Closing { .. } if if_closed == IfClosed::Fail => {
                    return Err(if has_waited { Error::ClosedMeanwhile } else { Error::Closed });
                }
                State::Closed | State::Ready(_) => {
                    let busy = State::Busy { thread, waiting_for: None, awaited: false };
                    let before = mem::replace(&mut *state, busy);
                    drop(state);
                    let client = match before {
                        State::Ready(Some(client)) => client,
                        _ => Box::new(make()),
                    };
                    return Ok(Taken { shared: self, client: Some(client) });
                }
                State::Busy { awaited, .. } => *awaited = true,
                State::Closing { .. } => {}
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

    /// Brings the client back. It is dropped if the connection was closed in the meantime, or if a child has made another.
    fn bring_back(&self, client: Box<T>) {
        let inner = self.inner();
        let mut state = inner.lock();
        let mut left_over = None;
        let awaited = match &*state {
            &State::Busy { awaited, .. } => {
                *state = State::Ready(Some(client));
                awaited
            }
            State::Ready(None) => {
                *state = State::Ready(Some(client)); // a signal handler forked, and this is the child
                false
            }
            State::Closing { .. } => {
                *state = State::Closed;
                left_over = Some(client);
                true
            }
            State::Ready(Some(_)) | State::Closed => {
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
            State::Closing { .. } => return Err(Error::ClosedMeanwhile),
            _ => {} // in a child: the session itself knows
        }
        Ok(())
    }

    /// It waits no longer.
    pub fn end_wait(&self) -> Result<(), Error> {
        match &mut *self.inner().lock() {
            State::Busy { waiting_for, .. } => *waiting_for = None,
            State::Closing { .. } => return Err(Error::ClosedMeanwhile),
            _ => {}
        }
        Ok(())
    }

    /// Closes it. A call that is under way in another thread ends; if it is waiting, its wait ends at once.
    pub fn close(&self) {
        let inner = self.inner();
        let mut state = inner.lock();
        let closed = match *state {
            State::Closing { .. } => return,
            State::Busy { waiting_for, thread, .. } => {
                if let Some(fd) = waiting_for {
                    // SAFETY: the descriptor is open: the thread that waits for it takes the lock before it goes on. A socket
                    // that is shut down is ready to read, so the wait ends.
                    unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
                }
                mem::replace(&mut *state, State::Closing { thread })
            }
            _ => mem::replace(&mut *state, State::Closed),
        };
        drop(state);
        inner.changed.notify_all();
        drop(closed);
    }

    pub fn is_closed(&self) -> bool {
        matches!(*self.inner().lock(), State::Closed | State::Closing { .. })
    }

    /// Something about the client; None while there is no client, or while a call has it.
    pub fn about<R>(&self, about: impl FnOnce(&T) -> Option<R>) -> Option<R> {
        match &*self.inner().lock() {
            State::Ready(Some(client)) => about(client),
            _ => None,
        }
    }

    /// Whether dropping it now is an oversight: this process has something open in it.
    pub fn is_unclosed(&mut self, is_open: impl FnOnce(&T) -> bool) -> bool {
        // SAFETY: a Box turned into a raw pointer; nobody else has it any more, as `self` is borrowed mutably.
        let inner = unsafe { &mut **self.inner.get_mut() };
        let state = inner.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        inner.process == Process::current() && matches!(state, State::Ready(Some(client)) if is_open(client))
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: a Box turned into a raw pointer, which nobody else has any more.
        drop(unsafe { Box::from_raw(*self.inner.get_mut()) });
    }
}

/// The client, taken out by one thread, which brings it back by dropping this.
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

    fn short_call() -> Call {
        Call::new(Some(Duration::from_millis(100)))
    }

    fn take<T: Default>(shared: &Shared<T>) -> Result<Taken<'_, T>, Error> {
        shared.take(&short_call(), &mut Patient, IfClosed::Fail, T::default)
    }

    fn open<T: Default>(shared: &Shared<T>) -> Result<Taken<'_, T>, Error> {
        shared.take(&short_call(), &mut Patient, IfClosed::Open, T::default)
    }

    /// Counts how often it is dropped.
    struct Dropped<'a>(&'a AtomicU32);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn threads_have_it_one_at_a_time() {
        let shared = Shared::<u32>::default();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let call = Call::new(None);
                        let mut counter = shared.take(&call, &mut Patient, IfClosed::Fail, || 0).unwrap();
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
    fn a_thread_that_waits_too_long_for_another_gets_an_error() {
        let shared = Shared::<()>::default();
        let _taken = take(&shared).unwrap();
        let waited = thread::scope(|scope| scope.spawn(|| take(&shared).map(drop)).join().unwrap());
        assert!(matches!(waited, Err(Error::Busy { .. })));
    }

    #[test]
    fn a_thread_that_has_it_already_gets_an_error_even_while_it_is_being_closed() {
        let shared = Shared::<()>::default();
        let _taken = take(&shared).unwrap();
        assert!(matches!(take(&shared), Err(Error::Reentered)));
        assert!(matches!(open(&shared), Err(Error::Reentered)));
        shared.close();
        assert!(matches!(take(&shared), Err(Error::Reentered)));
        assert!(matches!(open(&shared), Err(Error::Reentered)));
    }

    #[test]
    fn what_is_closed_can_be_opened_again() {
        let shared = Shared::<u32>::default();
        *take(&shared).unwrap() = 7;
        assert_eq!(*open(&shared).unwrap(), 7);
        shared.close();
        assert!(shared.is_closed());
        assert!(matches!(take(&shared), Err(Error::Closed)));
        assert_eq!(*open(&shared).unwrap(), 0);
        assert!(!shared.is_closed());
        assert_eq!(*take(&shared).unwrap(), 0);
    }

    #[test]
    fn what_is_closed_in_the_middle_of_a_call_is_dropped_at_its_end_once() {
        let drops = AtomicU32::new(0);
        let shared = Shared::default();
        let take = |if_closed| shared.take(&short_call(), &mut Patient, if_closed, || Dropped(&drops));
        let taken = take(IfClosed::Fail).unwrap();
        shared.close();
        assert!(shared.is_closed());
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(taken);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        drop(take(IfClosed::Open).unwrap());
        shared.close();
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn opening_waits_for_the_end_of_a_call_that_was_closed() {
        let shared = Shared::<u32>::default();
        let mut taken = take(&shared).unwrap();
        *taken = 7;
        shared.close();
        let opened = thread::scope(|scope| {
            let (started, has_started) = mpsc::channel();
            let shared = &shared;
            let opening = scope.spawn(move || {
                let call = Call::new(None);
                started.send(()).unwrap();
                shared.take(&call, &mut Patient, IfClosed::Open, || 1).map(|taken| *taken)
            });
            has_started.recv().unwrap();
            drop(taken);
            opening.join().unwrap()
        });
        assert_eq!(opened.unwrap(), 1);
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
        let shared = Shared::default();
        let (began, is_waiting) = mpsc::channel();
        let result = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let call = Call::new(None);
                let mut caller = Waiter(&shared, began);
                let socket = shared.take(&call, &mut caller, IfClosed::Fail, || socket).unwrap();
                block_on(&call, &mut caller, async {
                    call.wait(socket.as_raw_fd(), Readiness::ToRead, None).await;
                    Ok(())
                })
            });
            is_waiting.recv().unwrap();
            shared.close();
            waiting.join().unwrap()
        });
        assert!(matches!(result, Err(Error::ClosedMeanwhile)));
    }

    #[test]
    fn a_thread_that_waits_for_another_gets_an_error_when_it_is_closed() {
        let shared = Shared::<()>::default();
        let taken = take(&shared).unwrap();
        let result = thread::scope(|scope| {
            let waiting = scope.spawn(|| shared.take(&Call::new(None), &mut Patient, IfClosed::Fail, || ()).map(drop));
            while !matches!(*shared.inner().lock(), State::Busy { awaited: true, .. }) {
                thread::yield_now();
            }
            shared.close();
            waiting.join().unwrap()
        });
        drop(taken);
        assert!(matches!(result, Err(Error::ClosedMeanwhile)));
    }

    #[test]
    fn it_is_unclosed_while_something_is_open_in_it() {
        let mut shared = Shared::<u32>::default();
        assert!(!shared.is_unclosed(|_| true));
        drop(take(&shared).unwrap());
        assert!(shared.is_unclosed(|_| true));
        assert!(!shared.is_unclosed(|_| false));
        shared.close();
        assert!(!shared.is_unclosed(|_| true));
    }

    #[test]
    fn a_child_has_one_of_its_own_unless_it_was_closed() {
        count_forks();
        let (ready, busy, closed) = (Shared::<u32>::default(), Shared::<u32>::default(), Shared::<u32>::default());
        *take(&ready).unwrap() = 7;
        let taken = take(&busy).unwrap();
        closed.close();
        // SAFETY: the child calls nothing that another thread of the parent may have locked, and ends without clean-up.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let is_new = |shared: &Shared<u32>| take(shared).is_ok_and(|taken| *taken == 0);
            let mut right = is_new(&ready) && is_new(&busy) && matches!(take(&closed), Err(Error::Closed));
            drop(taken); // as after a signal handler that forked
            right &= take(&busy).is_ok() && open(&closed).is_ok();
            // SAFETY: it takes a number.
            unsafe { libc::_exit(i32::from(!right)) };
        }
        let mut status = 0;
        // SAFETY: our own child, and an integer of ours.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!(*take(&ready).unwrap(), 7);
        drop(taken);
    }
}
