//! What a call waits for, and the waiting itself where it is done by `poll()`.
//!
//! A call is a future. It never blocks: when it needs the socket to become ready, it says so in its [`Call`] and is pending.
//! Whoever drives it then waits, in `poll()` ([`block_on`]) or in an event loop, notes in the same place how the waiting
//! ended, and polls it again. No waker is needed: there is one thing to wait for at a time.

use std::cell::Cell;
use std::ffi::{c_int, c_short};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::error::Error;
use super::fork::Process;

/// How long one `poll()` lasts at most: a signal may have come just before it began, and its handler must run.
pub const TICK: Duration = Duration::from_secs(1);
/// After this many waits, which in a flood of datagrams that are no answer all end at once, signal handlers run too.
const FLOOD: u32 = 256;

/// What to wait for: that the socket is ready, or that this time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub fd: c_int,
    pub readiness: Readiness,
    pub until: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    ToRead,
    ToWrite,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Ready,
    Late,
}

/// One call: its deadline, and the place where its future and what drives it meet.
pub struct Call {
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    clock: fn() -> Instant,
    /// The time that was looked up for a wait, until that wait begins.
    now: Cell<Option<Instant>>,
    wanted: Cell<Option<Wanted>>,
    event: Cell<Option<Event>>,
}

impl Call {
    /// A call that may take this long from now, or for ever.
    pub fn new(timeout: Option<Duration>) -> Self {
        Self::begun(timeout, Duration::ZERO)
    }

    /// A call that began this long ago, and has waited for another one since.
    pub fn begun(timeout: Option<Duration>, ago: Duration) -> Self {
        Self::with_clock(timeout, ago, Instant::now)
    }

    /// A call whose time is this clock's: tests have one of their own.
    pub fn with_clock(timeout: Option<Duration>, ago: Duration, clock: fn() -> Instant) -> Self {
        // A deadline that the clock cannot express is never reached.
        let deadline = timeout.and_then(|timeout| clock().checked_add(timeout.saturating_sub(ago)));
        Self { timeout, deadline, clock, now: Cell::new(None), wanted: Cell::new(None), event: Cell::new(None) }
    }

    /// How long it was allowed to take at the start.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::MAX)
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time now, for a wait that begins at once: it need not look at the clock again.
    pub fn now(&self) -> Instant {
        let now = (self.clock)();
        self.now.set(Some(now));
        now
    }

    pub fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| (self.clock)() >= deadline)
    }

    /// Waits until the socket is ready, this time has come, or the deadline has passed.
    pub async fn wait(&self, fd: c_int, readiness: Readiness, until: Option<Instant>) -> Event {
        let until = match (until, self.deadline) {
            (Some(until), Some(deadline)) => Some(until.min(deadline)),
            (until, deadline) => until.or(deadline),
        };
        self.wanted.set(Some(Wanted { fd, readiness, until }));
        poll_fn(|_| self.event.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// What the pending future waits for.
    pub fn wanted(&self) -> Option<Wanted> {
        self.wanted.get()
    }

    /// Tells the pending future how the wait ended.
    pub fn resume(&self, event: Event) {
        self.wanted.set(None);
        self.event.set(Some(event));
    }
}

/// What the caller of [`block_on`] does besides waiting.
pub trait Caller {
    /// Runs signal handlers; false when one raised an exception, which ends the call.
    fn handle_signals(&mut self) -> bool;

    /// The wait for this descriptor begins; an error ends the call instead.
    fn begin_wait(&mut self, _fd: c_int) -> Result<(), Error> {
        Ok(())
    }

    /// The wait has ended; an error ends the call.
    fn end_wait(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Drives a call by `poll()`.
pub fn block_on<T>(
    call: &Call,
    caller: &mut impl Caller,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut waits = 0;
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
        let Some(wanted) = call.wanted() else { unreachable!("a call is pending only in Call::wait()") };
        caller.begin_wait(wanted.fd)?;
        let event = wait(wanted, call.now.take(), caller);
        let ended = caller.end_wait();
        // What a signal handler raised comes first, even where it closed the connection too.
        let event = event?;
        ended?;
        call.resume(event);
        waits += 1;
        if waits % FLOOD == 0 && !caller.handle_signals() {
            return Err(Error::Interrupted);
        }
    }
}

fn wait(wanted: Wanted, mut now: Option<Instant>, caller: &mut impl Caller) -> Result<Event, Error> {
    let process = Process::current();
    loop {
        let pause = match wanted.until {
            None => TICK,
            Some(until) => match until.saturating_duration_since(now.take().unwrap_or_else(Instant::now)) {
                // The socket may have become ready while signal handlers ran.
                Duration::ZERO if poll(wanted, 0) > 0 => return Ok(Event::Ready),
                Duration::ZERO => return Ok(Event::Late),
                left => left.min(TICK),
            },
        };
        match poll(wanted, pause.as_millis() as c_int + 1) {
            1.. => return Ok(Event::Ready),
            // Anything but a signal is reported by the receiving or sending that follows.
            -1 if io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) => return Ok(Event::Ready),
            _ => {
                if !caller.handle_signals() {
                    return Err(Error::Interrupted);
                }
                // A signal handler forked. The answer is for the parent, and the session in this child will say so.
                if Process::current() != process {
                    return Ok(Event::Ready);
                }
            }
        }
    }
}

fn poll(wanted: Wanted, milliseconds: c_int) -> c_int {
    let events: c_short = match wanted.readiness {
        Readiness::ToRead => libc::POLLIN,
        Readiness::ToWrite => libc::POLLOUT,
    };
    let mut ready = libc::pollfd { fd: wanted.fd, events, revents: 0 };
    // SAFETY: one pollfd, which is ours.
    unsafe { libc::poll(&mut ready, 1, milliseconds) }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    /// Counts the times that signals are handled, and ends the call after `most` of them.
    struct Counter {
        signals: u32,
        most: u32,
    }

    impl Caller for Counter {
        fn handle_signals(&mut self) -> bool {
            self.signals += 1;
            self.signals <= self.most
        }
    }

    async fn read_bytes(call: &Call, socket: &UnixDatagram, count: usize) -> Result<usize, Error> {
        for received in 0..count {
            if call.wait(socket.as_raw_fd(), Readiness::ToRead, None).await == Event::Late {
                return Ok(received);
            }
            socket.recv(&mut [0]).unwrap();
        }
        Ok(count)
    }

    fn pair_with(messages: usize) -> (UnixDatagram, UnixDatagram) {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        for _ in 0..messages {
            theirs.send(b"x").unwrap();
        }
        (ours, theirs)
    }

    #[test]
    fn a_call_goes_on_when_its_socket_is_ready() {
        let (socket, _other) = pair_with(3);
        let call = Call::new(None);
        let mut caller = Counter { signals: 0, most: 0 };
        assert_eq!(block_on(&call, &mut caller, read_bytes(&call, &socket, 3)).unwrap(), 3);
    }

    #[test]
    fn a_call_is_told_when_its_deadline_has_passed() {
        let (socket, _other) = pair_with(1);
        let call = Call::new(Some(Duration::from_millis(20)));
        let mut caller = Counter { signals: 0, most: u32::MAX };
        assert_eq!(block_on(&call, &mut caller, read_bytes(&call, &socket, 2)).unwrap(), 1);
        assert!(call.is_late());
    }

    #[test]
    fn signals_are_handled_in_a_flood() {
        let (socket, other) = pair_with(0);
        let call = Call::new(None);
        let mut caller = Counter { signals: 0, most: 2 };
        let flood = async {
            loop {
                other.send(b"x").unwrap();
                read_bytes(&call, &socket, 1).await?;
            }
            #[allow(unreachable_code)]
            Ok::<(), Error>(())
        };
        assert!(matches!(block_on(&call, &mut caller, flood), Err(Error::Interrupted)));
        assert_eq!(caller.signals, 3);
    }

    #[test]
    fn the_earlier_of_two_times_ends_a_wait() {
        let call = Call::new(Some(Duration::from_secs(3600)));
        let soon = Instant::now();
        let mut wait = pin!(call.wait(0, Readiness::ToRead, Some(soon)));
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(call.wanted().unwrap().until, Some(soon));
    }
}
