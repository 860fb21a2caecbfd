//! The interval in which true time lies, projected on CLOCK_MONOTONIC_RAW from one report.
//!
//! The system clock may move by 8 % while chronyd slews it, and goes on if chronyd dies during that. The raw clock is touched by
//! nobody, and chronyd's corrected clock is linear in it: it is the raw clock, set right, less the frequency that chronyd
//! corrects.

use super::bound::{AGE_ROUNDING, Allowance};
use super::reports::{Leap, Sample, Tracking};

/// Nanoseconds: of a clock since its beginning, or of a difference.
pub type Nanoseconds = i64;

const SECOND: Nanoseconds = 1_000_000_000;
const DAY: Nanoseconds = 86_400 * SECOND;

/// How old a report may be before the clock counts as running free: a step of the clock by another program would not be noticed.
pub const FRESH: Nanoseconds = 16 * SECOND;
/// As many polls without a sample as chronyd's reachability register remembers.
const POLLS: f64 = 8.0;

/// The machine's clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// CLOCK_MONOTONIC_RAW.
    pub raw: Nanoseconds,
    /// CLOCK_REALTIME, which was read within `uncertainty` of the raw clock.
    pub real: Nanoseconds,
    pub uncertainty: Nanoseconds,
    /// For how long the machine has slept: CLOCK_BOOTTIME − CLOCK_MONOTONIC.
    pub slept: Nanoseconds,
}

impl Reading {
    /// How far the system clock is ahead of the raw one.
    pub fn lead(&self) -> Nanoseconds {
        self.real.saturating_sub(self.raw)
    }
}

/// The raw clock alone, for `Projection::at`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instant {
    pub raw: Nanoseconds,
    pub slept: Nanoseconds,
}

/// What one round of requests brought: a sample that belongs to `tracking`, and the clocks around both.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    pub tracking: Tracking,
    pub sample: Sample,
    /// Before the sources report was asked for.
    pub before_sources: Reading,
    /// Before and after the tracking report was.
    pub before: Reading,
    pub after: Reading,
}

/// Between which two instants true time lies: nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub earliest: Nanoseconds,
    pub latest: Nanoseconds,
    /// The report is old, or its last sample was.
    pub is_stale: bool,
}

/// Why a projection says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The report is this old.
    Void(Nanoseconds),
    /// The machine has slept since.
    Slept,
    /// A leap second is due, and the report is from before it.
    LeapSecond,
}

/// An interval as a function of the raw clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// When the report was made.
    pub origin: Nanoseconds,
    pub earliest: Nanoseconds,
    pub latest: Nanoseconds,
    /// By how much more than the raw clock each end moves, in seconds per second.
    pub earliest_rate: f64,
    pub latest_rate: f64,
    pub stale_at: Nanoseconds,
    pub void_at: Nanoseconds,
    /// After this time it says nothing.
    pub leap_at: Nanoseconds,
    pub slept: Nanoseconds,
}

/// A number of seconds as nanoseconds; one that 64 bits cannot hold is the nearest that they can.
fn nanoseconds(seconds: f64) -> Nanoseconds {
    (seconds * 1e9).round() as Nanoseconds
}

/// Away from zero, so that rounding makes no interval narrower.
fn size(seconds: f64) -> Nanoseconds {
    (seconds * 1e9).ceil() as Nanoseconds
}

impl Projection {
    pub fn new(round: &Round, allowance: &Allowance, void_after: Nanoseconds) -> Self {
        let (tracking, sample, before) = (&round.tracking, &round.sample, &round.before);
        let frequency = tracking.frequency * 1e-6;
        let rate = allowance.rate(tracking);
        let centre = before.real.saturating_add(nanoseconds(tracking.offset - sample.offset));
        // The sources report is the earlier one, so that the sample is older than it says.
        let since_sources = before.raw.saturating_sub(round.before_sources.raw) as f64 * 1e-9;
        let half = size(allowance.half_width(tracking, sample) + since_sources * rate);
        let half = half.saturating_add(round.reading_error());
        let earliest = centre.saturating_sub(half);
        let is_stale = sample.ago as f64 > POLLS * (sample.poll as f64).exp2() + AGE_ROUNDING;
        Self {
            origin: before.raw,
            earliest,
            latest: centre.saturating_add(half),
            earliest_rate: -frequency - rate,
            latest_rate: -frequency + rate,
            stale_at: if is_stale { before.raw } else { before.raw.saturating_add(FRESH) },
            void_at: before.raw.saturating_add(void_after),
            leap_at: match tracking.leap {
                Leap::Normal => Nanoseconds::MAX,
                // A second before the midnight (UTC) that comes next: the last second may be missing.
                _ => (earliest.div_euclid(DAY) + 1).saturating_mul(DAY) - SECOND - 1,
            },
            slept: before.slept,
        }
    }

    /// The interval now.
    #[inline(always)]
    pub fn at(&self, now: Instant) -> Result<Interval, Unusable> {
        if has_slept(self.slept, now.slept) {
            return Err(Unusable::Slept);
        }
        if now.raw > self.void_at {
            return Err(Unusable::Void(now.raw.saturating_sub(self.origin)));
        }
        let (earliest, latest) = self.ends(now.raw);
        if latest > self.leap_at {
            return Err(Unusable::LeapSecond);
        }
        Ok(Interval { earliest, latest, is_stale: now.raw > self.stale_at })
    }

    /// Both ends, whether they may be used or not.
    #[inline(always)]
    pub fn ends(&self, raw: Nanoseconds) -> (Nanoseconds, Nanoseconds) {
        let elapsed = raw.saturating_sub(self.origin);
        let end = |end: Nanoseconds, drift: f64| end.saturating_add(elapsed).saturating_add(drift as Nanoseconds);
        (
            end(self.earliest, (elapsed as f64 * self.earliest_rate).floor()),
            end(self.latest, (elapsed as f64 * self.latest_rate).ceil()),
        )
    }

    /// For how long, by the raw clock, this time is not certainly past yet: 0 if it is; None if it may never be.
    pub fn time_until_past(&self, time: Nanoseconds, raw: Nanoseconds) -> Option<Nanoseconds> {
        let missing = time.saturating_sub(self.ends(raw).0);
        if missing < 0 {
            return Some(0);
        }
        let speed = 1.0 + self.earliest_rate;
        (speed > 0.0).then(|| (missing.saturating_add(1) as f64 / speed).ceil() as Nanoseconds)
    }
}

/// No machine sleeps for less. What is compared was read from two clocks, one after the other, with a pause in between.
const SHORTEST_SLEEP: Nanoseconds = SECOND / 1000;

pub fn has_slept(before: Nanoseconds, now: Nanoseconds) -> bool {
    now.saturating_sub(before).saturating_abs() > SHORTEST_SLEEP
}

impl Round {
    /// When the last sample was taken, at the earliest, by the raw clock.
    pub fn sample_time(&self) -> Nanoseconds {
        let age = size(self.sample.ago as f64 + AGE_ROUNDING);
        self.before_sources.raw.saturating_sub(age)
    }

    /// chronyd read its clocks somewhere between our readings: how far the system clock has moved in between is not known.
    pub fn reading_error(&self) -> Nanoseconds {
        let moved = self.after.lead().saturating_sub(self.before.lead()).saturating_abs();
        let elapsed = self.after.raw.saturating_sub(self.before.raw) as f64;
        let drift = (elapsed * self.tracking.frequency.abs() * 1e-6).ceil() as Nanoseconds;
        moved.saturating_add(drift).saturating_add(self.before.uncertainty).saturating_add(ROUNDING)
    }
}

/// The centre is rounded to a nanosecond, and so are chronyd's times.
const ROUNDING: Nanoseconds = 2;

#[cfg(test)]
pub mod tests {
    use super::super::reports::tests::tracking;
    use super::*;

    pub const EXACT: Allowance = Allowance { max_drift: 0.0, extra_error: 0.0 };
    pub const HOUR: Nanoseconds = 3600 * SECOND;
    /// When the readings are: a morning in 2027.
    const RAW: Nanoseconds = 1000 * SECOND;
    const REAL: Nanoseconds = 1_800_000_000 * SECOND;

    pub fn reading() -> Reading {
        Reading { raw: RAW, real: REAL, uncertainty: 0, slept: 5 * SECOND }
    }

    /// A clock that is right, as chronyd knows.
    pub fn round() -> Round {
        Round {
            tracking: tracking(),
            sample: Sample { ago: 0, offset: 0.0, error: 0.0, poll: 6 },
            before_sources: reading(),
            before: reading(),
            after: reading(),
        }
    }

    pub fn later(reading: Reading, by: Nanoseconds) -> Reading {
        Reading { raw: reading.raw + by, real: reading.real + by, ..reading }
    }

    fn now(elapsed: Nanoseconds) -> Instant {
        Instant { raw: RAW + elapsed, slept: 5 * SECOND }
    }

    /// The interval after this time, by its centre's distance from the system clock of the reading, and its half-width.
    fn at(round: &Round, allowance: &Allowance, elapsed: Nanoseconds) -> (Nanoseconds, Nanoseconds) {
        let interval = Projection::new(round, allowance, HOUR).at(now(elapsed)).unwrap();
        let centre = interval.earliest + (interval.latest - interval.earliest) / 2;
        (centre - REAL - elapsed, (interval.latest - interval.earliest + 1) / 2 - ROUNDING)
    }

    #[track_caller]
    fn check(found: (Nanoseconds, Nanoseconds), centre: Nanoseconds, half: Nanoseconds) {
        let is_near = |found: Nanoseconds, expected: Nanoseconds| (found - expected).abs() <= 1;
        assert!(is_near(found.0, centre) && is_near(found.1, half), "{found:?} instead of {:?}", (centre, half));
    }

    #[test]
    fn a_clock_that_is_right_tells_the_time_of_the_system_clock() {
        check(at(&round(), &EXACT, 0), 0, 0);
        check(at(&round(), &EXACT, 10 * SECOND), 0, 0);
    }

    #[test]
    fn true_time_is_the_system_clock_plus_offset_minus_the_last_samples() {
        let mut it = round();
        it.tracking.offset = 3e-3; // the system clock is slow
        check(at(&it, &EXACT, 0), 3_000_000, 0);
        it.sample.offset = 1e-3; // and chronyd's is fast
        check(at(&it, &EXACT, 0), 2_000_000, 0);
    }

    #[test]
    fn a_raw_clock_that_gains_is_corrected() {
        let mut it = round();
        it.tracking.frequency = 40.0;
        check(at(&it, &EXACT, 0), 0, 0);
        check(at(&it, &EXACT, 10 * SECOND), -400_000, 0);
        it.tracking.frequency = -40.0;
        check(at(&it, &EXACT, 10 * SECOND), 400_000, 0);
    }

    #[test]
    fn the_width_grows_with_the_age_of_the_sample_and_of_the_report() {
        let mut it = round();
        it.sample.error = 2e-3;
        check(at(&it, &EXACT, 10 * SECOND), 0, 2_000_000);
        let drift = Allowance { max_drift: 10.0, extra_error: 0.0 };
        check(at(&it, &drift, 0), 0, 2_000_000 + 10_000); // the second that ages are rounded by
        it.sample.ago = 4;
        check(at(&it, &drift, 0), 0, 2_000_000 + 50_000);
        check(at(&it, &drift, 3 * SECOND), 0, 2_000_000 + 80_000);
        it.tracking.skew = 1.0;
        it.tracking.residual_freq = -2.0;
        check(at(&it, &drift, 3 * SECOND), 0, 2_000_000 + 104_000);
        it.tracking.residual_freq = 2.0;
        check(at(&it, &drift, 3 * SECOND), 0, 2_000_000 + 104_000);
    }

    #[test]
    fn the_sample_is_as_old_as_the_sources_report_says_since_that_report() {
        let mut it = round();
        it.before_sources = later(reading(), -2 * SECOND);
        check(at(&it, &Allowance { max_drift: 10.0, extra_error: 0.0 }, 0), 0, 30_000);
        assert_eq!(it.sample_time(), RAW - 3 * SECOND);
        it.sample.ago = 7;
        assert_eq!(it.sample_time(), RAW - 10 * SECOND);
    }

    #[test]
    fn an_extra_error_is_added_whole() {
        check(at(&round(), &Allowance { max_drift: 0.0, extra_error: 1e-6 }, HOUR), 0, 1000);
    }

    #[test]
    fn what_the_system_clock_moved_during_the_request_is_added() {
        for moved in [-700, 700] {
            let mut it = round();
            it.after.real += moved;
            check(at(&it, &EXACT, 0), 0, 700);
        }
        let mut it = round();
        it.before.uncertainty = 40;
        check(at(&it, &EXACT, 0), 0, 40);
        let mut it = round();
        it.after = later(it.before, SECOND / 100);
        it.tracking.frequency = -100.0;
        check(at(&it, &EXACT, 0), 0, 1000);
    }

    #[test]
    fn rounding_makes_no_interval_narrower() {
        let mut it = round();
        it.sample.error = 1e-10;
        it.tracking.frequency = 1e-4;
        let projection = Projection::new(&it, &EXACT, HOUR);
        let (earliest, latest) = projection.ends(RAW + 1);
        assert!(earliest <= REAL && latest > REAL + 1);
    }

    #[test]
    fn a_report_is_void_in_the_end() {
        let projection = Projection::new(&round(), &EXACT, 30 * SECOND);
        assert!(projection.at(now(30 * SECOND)).is_ok());
        assert_eq!(projection.at(now(30 * SECOND + 1)), Err(Unusable::Void(30 * SECOND + 1)));
    }

    #[test]
    fn a_report_is_stale_after_16_seconds_or_when_its_sample_is_older_than_eight_polls() {
        let stale = |round: &Round, elapsed| Projection::new(round, &EXACT, HOUR).at(now(elapsed)).unwrap().is_stale;
        assert!(!stale(&round(), FRESH));
        assert!(stale(&round(), FRESH + 1));
        let mut it = round();
        it.sample.ago = 8 * 64 + 1;
        assert!(!stale(&it, SECOND));
        it.sample.ago += 1;
        assert!(stale(&it, SECOND));
        it.sample.poll = 7;
        assert!(!stale(&it, SECOND));
        it.sample.poll = -2;
        it.sample.ago = 3;
        assert!(!stale(&it, SECOND));
        it.sample.ago = 4;
        assert!(stale(&it, SECOND));
    }

    #[test]
    fn a_machine_that_slept_does_not_know_the_time() {
        let projection = Projection::new(&round(), &EXACT, HOUR);
        let after = |slept| projection.at(Instant { slept, ..now(SECOND) });
        assert_eq!(after(5 * SECOND + 2_000_000), Err(Unusable::Slept));
        assert!(after(5 * SECOND + 500_000).is_ok()); // the clocks are not read at once
    }

    #[test]
    fn an_error_of_centuries_is_no_leap_second_and_does_not_overflow() {
        let endless = Allowance { max_drift: 0.0, extra_error: 1e300 };
        let projection = Projection::new(&round(), &endless, HOUR);
        assert_eq!(projection.at(now(0)).map(|interval| interval.latest), Ok(Nanoseconds::MAX));
        assert_eq!(projection.time_until_past(Nanoseconds::MAX, RAW), Some(Nanoseconds::MAX));
    }

    #[test]
    fn a_leap_second_that_is_due_ends_the_interval_a_second_before_midnight() {
        let mut it = round();
        it.tracking.leap = Leap::Pending;
        let day = REAL.div_euclid(DAY) * DAY;
        let midnight = day + DAY - REAL;
        let projection = Projection::new(&it, &EXACT, 48 * HOUR);
        assert!(projection.at(now(midnight - SECOND - 10)).is_ok());
        assert_eq!(projection.at(now(midnight - SECOND)), Err(Unusable::LeapSecond));
        assert_eq!(projection.at(now(midnight + HOUR)), Err(Unusable::LeapSecond));
        it.tracking.leap = Leap::Normal;
        assert!(Projection::new(&it, &EXACT, 48 * HOUR).at(now(midnight)).is_ok());
    }

    #[test]
    fn the_time_until_a_time_is_past_is_neither_short_nor_long() {
        let mut it = round();
        it.sample.error = 1e-3;
        it.tracking.frequency = 80.0;
        it.tracking.skew = 500.0;
        let projection = Projection::new(&it, &Allowance { max_drift: 15.0, extra_error: 0.0 }, HOUR);
        for wanted in [0, 1, 500_000, SECOND, 60 * SECOND] {
            let left = projection.time_until_past(REAL + wanted, RAW).unwrap();
            assert!(projection.ends(RAW + left).0 > REAL + wanted);
            assert!(projection.ends(RAW + left - 3).0 <= REAL + wanted);
        }
        assert_eq!(projection.time_until_past(REAL - SECOND, RAW), Some(0));
        it.tracking.skew = 2e6;
        assert_eq!(Projection::new(&it, &EXACT, HOUR).time_until_past(REAL, RAW), None);
    }
}
