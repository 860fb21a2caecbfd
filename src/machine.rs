//! The machine's clocks, which are read without a system call where the kernel's vDSO has them.

use std::mem::MaybeUninit;

use crate::clock::guards::Kernel;
use crate::clock::interval::{Instant, Nanoseconds, Reading};

/// How often the raw clock and the system clock are read together at most, to have one reading without a pause in between.
const ATTEMPTS: u32 = 5;
/// A reading that took no longer than this had no pause.
const SHORT: Nanoseconds = 200;

fn read(clock: libc::clockid_t) -> Nanoseconds {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the kernel has had these clocks since Linux 2.6.39, so the call fills the structure.
    let time = unsafe {
        libc::clock_gettime(clock, time.as_mut_ptr());
        time.assume_init()
    };
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)] // some machines have 32 bits here
    (time.tv_sec as i64 * 1_000_000_000 + i64::from(time.tv_nsec))
}

/// For how long the machine has slept. The second clock is read after the first, so a pause makes this greater and never less.
fn slept() -> Nanoseconds {
    let monotonic = read(libc::CLOCK_MONOTONIC);
    read(libc::CLOCK_BOOTTIME) - monotonic
}

/// The raw clock now, and for how long the machine has slept until just after that.
#[inline]
pub fn instant() -> Instant {
    let raw = read(libc::CLOCK_MONOTONIC_RAW);
    Instant { raw, slept: slept() }
}

/// The same without the pause that may have come between the reading of the clocks, at a higher price.
pub fn exact_instant() -> Instant {
    Instant { raw: read(libc::CLOCK_MONOTONIC_RAW), slept: slept_exactly() }
}

/// As `slept()`, without the pauses that a single reading may have.
fn slept_exactly() -> Nanoseconds {
    (0..ATTEMPTS).map(|_| slept()).min().unwrap_or_default()
}

/// All the clocks, read together.
pub fn reading() -> Reading {
    let mut best: Option<Reading> = None;
    for _ in 0..ATTEMPTS {
        let before = read(libc::CLOCK_MONOTONIC_RAW);
        let real = read(libc::CLOCK_REALTIME);
        let after = read(libc::CLOCK_MONOTONIC_RAW);
        let uncertainty = (after - before) / 2 + 1;
        if best.is_none_or(|best| uncertainty < best.uncertainty) {
            best = Some(Reading { raw: before + (after - before) / 2, real, uncertainty, slept: 0 });
        }
        if uncertainty <= SHORT {
            break;
        }
    }
    let reading = best.unwrap_or_else(|| unreachable!("the clocks were read"));
    Reading { slept: slept_exactly(), ..reading }
}

/// What the kernel says of its clock; None if it is not known.
pub fn kernel() -> Option<Kernel> {
    /// NTP_PHASE_LIMIT, in microseconds: what setting the clock puts the error estimate to.
    const LIMIT: libc::c_long = 16_000_000;
    let mut state = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: no mode is set, so that the kernel only fills the structure.
    let state = unsafe {
        if libc::adjtimex(state.as_mut_ptr()) < 0 {
            return None;
        }
        state.assume_init()
    };
    let nominal_tick = 1_000_000 / 100; // USER_HZ is 100 on all machines of today
    Some(Kernel { is_reset: state.maxerror >= LIMIT, is_steered: state.freq != 0 || state.tick != nominal_tick })
}
