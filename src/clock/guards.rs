//! Which report is believed: what speaks against one, and what two of them say about each other.
//!
//! ```text
//!            accept()                 two reports contradict each other
//!   Empty -------------> Believed -----------------------------------> Disrupted
//!     ^                   |    ^                                            |
//!     |  fork()           |    | accept()      the older report is void     |
//!     +-------------------+    +--------------------------------------------+
//! ```
//!
//! From Believed to Woken and back it goes when the machine sleeps, and when there is a sample from after that.

use std::fmt;

use super::bound::Allowance;
use super::interval::{Instant, Interval, Nanoseconds, Projection, Round, Unusable, has_slept};
use super::reports::{NoBound, Tracking};

/// What the user allows, and asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    pub allowance: Allowance,
    /// How long a report may be used.
    pub void_after: Nanoseconds,
}

/// What the kernel says of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its error estimate is at the limit, where it is put when a program sets the clock, and where it is before any does.
    pub is_reset: bool,
    /// Something corrects the rate of its clock.
    pub is_steered: bool,
}

/// Why there is no interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    NoReport,
    NoBound(NoBound),
    /// The clock was updated during each of the rounds of requests.
    Updating,
    /// The kernel's error estimate shows that the clock was set.
    Reset,
    /// The clock was set during the requests, by this much.
    Set(Nanoseconds),
    /// The machine slept during the requests.
    Asleep,
    /// The last sample is from before the machine slept.
    Woken,
    Unusable(Unusable),
    Disrupted,
    /// The intervals of two reports have no time in common.
    Apart(Nanoseconds),
    /// The clock has moved by this much more than chronyd moved it.
    Moved(Nanoseconds),
}

impl Refusal {
    /// Whether something other than chronyd has set the clock.
    pub fn is_disruption(&self) -> bool {
        matches!(self, Self::Disrupted | Self::Apart(_) | Self::Moved(_))
    }
}

fn seconds(nanoseconds: Nanoseconds) -> f64 {
    nanoseconds as f64 * 1e-9
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SET: &str = "something other than chronyd has set the clock";
        match *self {
            Self::NoReport => f.write_str("there is no report yet: refresh() asks for one"),
            Self::NoBound(why) => write!(f, "{why}"),
            Self::Updating => {
                f.write_str("chronyd updated the clock during each of three rounds of requests: ask again")
            }
            Self::Reset => write!(f, "{SET}: the kernel's estimate of its error was reset"),
            Self::Set(by) => write!(f, "{SET} by {:.6} s while chronyd was asked", seconds(by)),
            Self::Asleep => f.write_str("the machine was suspended while chronyd was asked"),
            Self::Woken => f.write_str("the machine was suspended, and there is no newer sample yet"),
            Self::Unusable(Unusable::Void(age)) => write!(f, "the last report is {:.0} s old", seconds(age)),
            Self::Unusable(Unusable::Slept) => f.write_str("the machine was suspended since the last report"),
            Self::Unusable(Unusable::LeapSecond) => {
                f.write_str("a leap second is due: the time is uncertain until a report from after it")
            }
            Self::Disrupted => write!(f, "{SET}, or chronyd is wrong: two reports contradicted each other"),
            Self::Apart(by) => {
                write!(f, "{SET}, or chronyd is wrong: its last two reports are {:.9} s apart", seconds(by))
            }
            Self::Moved(by) => {
                write!(f, "{SET}: it has moved by {:.9} s more than chronyd's updates account for", seconds(by))
            }
        }
    }
}

/// What is known of the clock: plain numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Empty,
    Believed(Report),
    /// No report is believed until this one has expired.
    Disrupted(Report),
    /// The machine has slept, as was seen at this time. Who set the clock when it woke had no better clock to go by than the
    /// machine's battery-powered one: only a sample from after that is believed.
    Woken(Instant),
}

/// A report that was believed, and what the next one is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    pub projection: Projection,
    ref_time: Nanoseconds,
    /// chronyd's corrected clock at the projection's origin, how much slower than the raw clock it is, and how wrong that may
    /// be.
    corrected: Nanoseconds,
    frequency: f64,
    tolerance: Nanoseconds,
    last_offset: Nanoseconds,
    update_interval: Nanoseconds,
    /// The kernel's error estimate was below its limit.
    is_kernel_set: bool,
}

/// How far chronyd's corrected clock may be from where its reports say it should be.
const MOST_MOVED: Nanoseconds = 20_000;
const MOST_DRIFT: f64 = 0.2e-6;
/// How much longer than the time between two reports the time between two updates is, if there was but one in between.
const UPDATE_MARGIN: Nanoseconds = 10_000_000;
/// chronyd slews by 83,333 ppm at most, unless it is told to do more (`maxslewrate`, which is 100,000 at most).
const FASTEST_SLEW: f64 = 0.1;

/// Whether chronyd has not updated its clock between two of its reports. What an update sets is compared, and not the offset,
/// which changes all the time. pychrony.health.is_same_update() is the same rule in Python, and a test compares the two.
pub fn agree(one: &Tracking, other: &Tracking) -> bool {
    let same = |tracking: &Tracking| (tracking.ref_time_ns, tracking.reference_id, tracking.leap);
    let rates = |tracking: &Tracking| (tracking.frequency, tracking.residual_freq, tracking.skew);
    same(one) == same(other) && rates(one) == rates(other)
}

impl Report {
    pub fn new(round: &Round, settings: &Settings, kernel: Option<Kernel>) -> Self {
        let (tracking, before) = (&round.tracking, &round.before);
        Self {
            projection: Projection::new(round, &settings.allowance, settings.void_after),
            ref_time: tracking.ref_time_ns,
            corrected: before.real.saturating_add((tracking.offset * 1e9).round() as Nanoseconds),
            frequency: tracking.frequency * 1e-6,
            tolerance: round.reading_error(),
            last_offset: (tracking.last_offset * 1e9).round() as Nanoseconds,
            update_interval: (tracking.update_interval * 1e9) as Nanoseconds,
            is_kernel_set: kernel.is_some_and(|kernel| !kernel.is_reset),
        }
    }

    /// What this report, the later one, says against an earlier one.
    fn contradicts(&self, earlier: &Self) -> Option<Refusal> {
        let now = self.projection.origin;
        let (earliest, latest) = earlier.projection.ends(now);
        let apart =
            (self.projection.earliest.saturating_sub(latest)).max(earliest.saturating_sub(self.projection.latest));
        if apart > 0 {
            return Some(Refusal::Apart(apart));
        }
        let elapsed = now.saturating_sub(earlier.projection.origin);
        let mut allowed = MOST_DRIFT;
        let mut expected = elapsed.saturating_sub((elapsed as f64 * earlier.frequency) as Nanoseconds);
        if self.ref_time != earlier.ref_time {
            // If there was one update, it is known by how much it moved the clock. When it changed the frequency is not.
            if self.update_interval <= elapsed.saturating_add(UPDATE_MARGIN) {
                return None;
            }
            allowed += (self.frequency - earlier.frequency).abs();
            expected = expected.saturating_sub(self.last_offset);
        }
        let moved = self.corrected.saturating_sub(earlier.corrected).saturating_sub(expected);
        let most = ((elapsed as f64 * allowed) as Nanoseconds)
            .saturating_add(MOST_MOVED)
            .saturating_add(self.tolerance)
            .saturating_add(earlier.tolerance);
        (moved.saturating_abs() > most).then_some(Refusal::Moved(moved))
    }
}

/// What speaks against a report by itself.
fn check(round: &Round) -> Result<(), Refusal> {
    let (first, last) = (&round.before_sources, &round.after);
    if has_slept(first.slept, last.slept) {
        return Err(Refusal::Asleep);
    }
    let moved = last.lead().saturating_sub(first.lead());
    let elapsed = last.raw.saturating_sub(first.raw) as f64;
    let most = (elapsed * FASTEST_SLEW) as Nanoseconds;
    let most = most.saturating_add(first.uncertainty).saturating_add(last.uncertainty);
    if moved.saturating_abs() > most { Err(Refusal::Set(moved)) } else { Ok(()) }
}

impl State {
    /// The interval now.
    #[inline(always)]
    pub fn at(&self, now: Instant) -> Result<Interval, Refusal> {
        match self {
            Self::Empty => Err(Refusal::NoReport),
            Self::Believed(report) => report.projection.at(now).map_err(Refusal::Unusable),
            Self::Disrupted(report) => match report.projection.at(now) {
                Err(over @ (Unusable::Void(_) | Unusable::Slept)) => Err(Refusal::Unusable(over)),
                _ => Err(Refusal::Disrupted),
            },
            Self::Woken(_) => Err(Refusal::Woken),
        }
    }

    /// What becomes of it by a report, and why the report is not believed, if it is not.
    pub fn accept(self, round: &Round, settings: &Settings, kernel: Option<Kernel>) -> (Self, Result<(), Refusal>) {
        let report = Report::new(round, settings, kernel);
        let now = Instant { raw: report.projection.origin, slept: report.projection.slept };
        if let Err(refusal) = check(round) {
            return (self, Err(refusal));
        }
        let earlier = match self {
            Self::Empty => None,
            Self::Believed(earlier) => match earlier.projection.at(now) {
                Ok(_) => Some(earlier),
                Err(Unusable::Slept) => return (Self::Woken(now), Err(Refusal::Woken)),
                // A leap second may have set time itself back.
                Err(Unusable::Void(_) | Unusable::LeapSecond) => None,
            },
            Self::Disrupted(earlier) => match earlier.projection.at(now) {
                Err(Unusable::Slept) => return (Self::Woken(now), Err(Refusal::Woken)),
                Err(Unusable::Void(_)) => None,
                _ => return (self, Err(Refusal::Disrupted)),
            },
            Self::Woken(at) if has_slept(at.slept, now.slept) => return (Self::Woken(now), Err(Refusal::Woken)),
            Self::Woken(at) if round.sample_time() <= at.raw => return (self, Err(Refusal::Woken)),
            Self::Woken(_) => None,
        };
        // A clock that nobody steers is always at the limit: that of a machine where chronyd runs with -x.
        let was_set = earlier.is_some_and(|earlier| earlier.is_kernel_set);
        if kernel.is_some_and(|kernel| kernel.is_reset && (kernel.is_steered || was_set)) {
            return (self, Err(Refusal::Reset));
        }
        // Another thread asked later, and its report was accepted first.
        if earlier.is_some_and(|earlier| now.raw < earlier.projection.origin) {
            return (self, Ok(()));
        }
        match earlier.and_then(|earlier| report.contradicts(&earlier).map(|refusal| (earlier, refusal))) {
            Some((earlier, refusal)) => (Self::Disrupted(earlier), Err(refusal)),
            None => (Self::Believed(report), Ok(())),
        }
    }
}

/// How many words a state takes.
pub const WORDS: usize = 18;

const BELIEVED: u64 = 1;
const DISRUPTED: u64 = 2;
const WOKEN: u64 = 3;

/// A state of this process as words, for a latch.
impl State {
    pub const EMPTY: [u64; WORDS] = [0; WORDS];

    pub fn to_words(self, process: u32) -> [u64; WORDS] {
        let (kind, report) = match self {
            Self::Empty => return Self::EMPTY,
            Self::Believed(report) => (BELIEVED, report),
            Self::Disrupted(report) => (DISRUPTED, report),
            Self::Woken(at) => {
                let mut words = Self::EMPTY;
                words[..4].copy_from_slice(&[WOKEN, u64::from(process), at.raw as u64, at.slept as u64]);
                return words;
            }
        };
        let projection = &report.projection;
        [
            kind,
            u64::from(process),
            projection.origin as u64,
            projection.earliest as u64,
            projection.latest as u64,
            projection.earliest_rate.to_bits(),
            projection.latest_rate.to_bits(),
            projection.stale_at as u64,
            projection.void_at as u64,
            projection.leap_at as u64,
            projection.slept as u64,
            report.ref_time as u64,
            report.corrected as u64,
            report.frequency.to_bits(),
            report.tolerance as u64,
            u64::from(report.is_kernel_set),
            report.last_offset as u64,
            report.update_interval as u64,
        ]
    }

    /// Empty if the words are of another process: a child of `fork()` may be in another time namespace than its parent.
    #[inline(always)]
    pub fn from_words(words: &[u64; WORDS], process: u32) -> Self {
        if words[0] == 0 || words[1] != u64::from(process) {
            return Self::Empty;
        }
        if words[0] == WOKEN {
            return Self::Woken(Instant { raw: words[2] as Nanoseconds, slept: words[3] as Nanoseconds });
        }
        let projection = Projection {
            origin: words[2] as Nanoseconds,
            earliest: words[3] as Nanoseconds,
            latest: words[4] as Nanoseconds,
            earliest_rate: f64::from_bits(words[5]),
            latest_rate: f64::from_bits(words[6]),
            stale_at: words[7] as Nanoseconds,
            void_at: words[8] as Nanoseconds,
            leap_at: words[9] as Nanoseconds,
            slept: words[10] as Nanoseconds,
        };
        let report = Report {
            projection,
            ref_time: words[11] as Nanoseconds,
            corrected: words[12] as Nanoseconds,
            frequency: f64::from_bits(words[13]),
            tolerance: words[14] as Nanoseconds,
            is_kernel_set: words[15] != 0,
            last_offset: words[16] as Nanoseconds,
            update_interval: words[17] as Nanoseconds,
        };
        if words[0] == BELIEVED { Self::Believed(report) } else { Self::Disrupted(report) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::interval::tests::{EXACT, HOUR, later, round};
    use super::super::reports::Leap;
    use super::*;

    const SECOND: Nanoseconds = 1_000_000_000;
    const MICROSECOND: Nanoseconds = 1000;
    const SETTINGS: Settings = Settings { allowance: EXACT, void_after: 100 * SECOND };
    const RESET: Kernel = Kernel { is_reset: true, is_steered: true };
    const SET: Kernel = Kernel { is_reset: false, is_steered: true };

    /// A round with an error of 1 ms, this much later than the first.
    fn after(elapsed: Nanoseconds) -> Round {
        let mut it = round();
        it.sample.error = 1e-3;
        for reading in [&mut it.before_sources, &mut it.before, &mut it.after] {
            *reading = later(*reading, elapsed);
        }
        it
    }

    /// The same round, with the system clock set forward by this much, as chronyd does not know.
    fn set_by(mut round: Round, by: Nanoseconds) -> Round {
        for reading in [&mut round.before_sources, &mut round.before, &mut round.after] {
            reading.real += by;
        }
        round
    }

    fn updated(mut round: Round) -> Round {
        round.tracking.ref_time_ns += 1;
        round
    }

    fn slept(mut round: Round) -> Round {
        for reading in [&mut round.before_sources, &mut round.before, &mut round.after] {
            reading.slept += HOUR;
        }
        round
    }

    fn instant(round: &Round) -> Instant {
        Instant { raw: round.before.raw, slept: round.before.slept }
    }

    fn accept(state: State, round: &Round) -> (State, Result<(), Refusal>) {
        state.accept(round, &SETTINGS, None)
    }

    #[track_caller]
    fn believed(state: State, round: &Round) -> State {
        let (state, result) = accept(state, round);
        assert_eq!(result, Ok(()));
        assert!(matches!(state, State::Believed(_)));
        state
    }

    fn first() -> State {
        believed(State::Empty, &after(0))
    }

    #[test]
    fn reports_that_agree_are_believed_one_after_the_other() {
        assert_eq!(State::Empty.at(instant(&after(0))), Err(Refusal::NoReport));
        let state = believed(first(), &after(SECOND));
        let state = believed(state, &updated(after(2 * SECOND)));
        let interval = state.at(instant(&after(2 * SECOND))).unwrap();
        assert_eq!(interval.earliest + 1_000_000 + 2, after(2 * SECOND).before.real);
    }

    #[test]
    fn a_clock_that_moved_without_an_update_was_set_by_somebody_else() {
        for by in [-25 * MICROSECOND, 25 * MICROSECOND] {
            let (state, result) = accept(first(), &set_by(after(SECOND), by));
            assert_eq!(result, Err(Refusal::Moved(by)));
            assert!(matches!(state, State::Disrupted(_)));
            // If chronyd may have updated it more than once, the intervals alone are compared.
            let mut updates = updated(set_by(after(SECOND), by));
            updates.tracking.update_interval = 1.0;
            believed(first(), &updates);
        }
        believed(first(), &set_by(after(SECOND), 15 * MICROSECOND));
    }

    #[test]
    fn an_update_moves_the_clock_by_what_it_says() {
        let mut it = updated(set_by(after(SECOND), 0));
        it.tracking.last_offset = 1e-3; // chronyd found its clock 1 ms fast, and set it back
        it.tracking.offset = -1e-3;
        believed(first(), &it);
        it.tracking.last_offset = -1e-3;
        assert!(matches!(accept(first(), &it).1, Err(Refusal::Moved(_))));
        // An update hides nobody else's step.
        it.tracking.last_offset = 1e-3;
        assert!(matches!(accept(first(), &set_by(it.clone(), 30 * MICROSECOND)).1, Err(Refusal::Moved(_))));
        // It may have changed the frequency at any time in between.
        it.tracking.frequency = -20.0;
        believed(first(), &set_by(it.clone(), 30 * MICROSECOND));
        assert!(matches!(accept(first(), &set_by(it, 45 * MICROSECOND)).1, Err(Refusal::Moved(_))));
    }

    #[test]
    fn a_report_that_another_threads_later_one_has_overtaken_changes_nothing() {
        let mut later = updated(after(SECOND));
        later.tracking.last_offset = 1e-3;
        let state = believed(State::Empty, &set_by(later, -1_000_000));
        assert_eq!(accept(state, &after(0)), (state, Ok(())));
    }

    #[test]
    fn a_clock_may_move_by_what_chronyd_corrects_and_by_what_the_readings_are_wrong() {
        let mut gaining = after(0);
        gaining.tracking.frequency = 100.0;
        let mut next = after(10 * SECOND);
        next.tracking.frequency = 100.0;
        // The raw clock gains 1 ms, which chronyd corrects.
        let state = believed(State::Empty, &gaining);
        believed(state, &set_by(next.clone(), -1000 * MICROSECOND));
        assert!(matches!(accept(state, &next).1, Err(Refusal::Moved(_))));
        // What chronyd slews away while nobody asks is in its offset too.
        let mut slewed = set_by(after(SECOND), 500 * MICROSECOND);
        slewed.tracking.offset = -500e-6;
        believed(first(), &slewed);
        slewed.tracking.offset = 500e-6;
        assert!(matches!(accept(first(), &slewed).1, Err(Refusal::Moved(_))));
        // 0.2 ppm more for each second.
        believed(first(), &set_by(after(90 * SECOND), 37 * MICROSECOND));
        assert!(matches!(accept(first(), &set_by(after(90 * SECOND), 39 * MICROSECOND)).1, Err(Refusal::Moved(_))));
        let mut uncertain = set_by(after(SECOND), 25 * MICROSECOND);
        uncertain.before.uncertainty = 10 * MICROSECOND;
        believed(first(), &uncertain);
    }

    #[test]
    fn intervals_without_a_common_time_disrupt_the_clock() {
        for by in [-2001 * MICROSECOND, 2001 * MICROSECOND] {
            let mut it = updated(set_by(after(SECOND), by));
            it.tracking.update_interval = 0.5;
            let (state, result) = accept(first(), &it);
            assert!(matches!(result, Err(Refusal::Apart(_))), "{result:?}");
            assert!(matches!(state, State::Disrupted(_)));
        }
        let mut it = updated(set_by(after(SECOND), 1999 * MICROSECOND));
        it.tracking.update_interval = 0.5;
        believed(first(), &it);
    }

    #[test]
    fn a_disrupted_clock_believes_nothing_until_the_report_from_before_is_void() {
        let (state, _) = accept(first(), &set_by(after(SECOND), SECOND / 10));
        assert_eq!(state.at(instant(&after(2 * SECOND))), Err(Refusal::Disrupted));
        let (state, result) = accept(state, &after(99 * SECOND));
        assert_eq!(result, Err(Refusal::Disrupted));
        assert!(matches!(state.at(instant(&after(101 * SECOND))), Err(Refusal::Unusable(Unusable::Void(_)))));
        believed(state, &set_by(after(101 * SECOND), SECOND));
    }

    #[test]
    fn a_report_that_is_void_is_no_longer_compared_with() {
        believed(first(), &set_by(after(101 * SECOND), SECOND));
    }

    #[test]
    fn a_clock_that_is_set_during_the_requests_gives_no_report() {
        let mut it = after(SECOND);
        it.after = later(it.after, SECOND / 100);
        it.after.real += 1001 * MICROSECOND; // a tenth of the time is what chronyd may slew
        let (state, result) = accept(first(), &it);
        assert_eq!(result, Err(Refusal::Set(1001 * MICROSECOND)));
        assert_eq!(state, first());
        it.after.real -= 2 * MICROSECOND;
        assert_ne!(accept(first(), &it).1, Err(Refusal::Set(999 * MICROSECOND)));
        it.after.real -= 2000 * MICROSECOND;
        assert_eq!(accept(first(), &it).1, Err(Refusal::Set(-1001 * MICROSECOND)));
    }

    #[test]
    fn the_kernels_estimate_is_reset_when_somebody_sets_its_clock() {
        assert_eq!(State::Empty.accept(&after(0), &SETTINGS, Some(RESET)).1, Err(Refusal::Reset));
        let (state, result) = State::Empty.accept(&after(0), &SETTINGS, Some(SET));
        assert_eq!(result, Ok(()));
        let untouched = Kernel { is_reset: true, is_steered: false };
        assert_eq!(state.accept(&after(SECOND), &SETTINGS, Some(untouched)).1, Err(Refusal::Reset));
        // Nobody has ever set it: chronyd runs with -x.
        let (state, result) = State::Empty.accept(&after(0), &SETTINGS, Some(untouched));
        assert_eq!(result, Ok(()));
        assert_eq!(state.accept(&after(SECOND), &SETTINGS, Some(untouched)).1, Ok(()));
    }

    #[test]
    fn after_a_sleep_only_a_sample_from_after_it_is_believed() {
        let (state, result) = accept(first(), &slept(after(SECOND)));
        assert_eq!(result, Err(Refusal::Woken));
        assert_eq!(state.at(instant(&slept(after(SECOND)))), Err(Refusal::Woken));
        // The sample may be a second older than it says.
        assert_eq!(accept(state, &slept(after(2 * SECOND))).1, Err(Refusal::Woken));
        believed(state, &slept(after(2 * SECOND + 1)));
        let (state, result) = accept(state, &slept(slept(after(3 * SECOND))));
        assert_eq!(result, Err(Refusal::Woken));
        assert_eq!(accept(state, &slept(slept(after(4 * SECOND)))).1, Err(Refusal::Woken));
        // A disrupted clock too wakes up to something new.
        let (state, _) = accept(first(), &set_by(after(SECOND), SECOND));
        let (state, _) = accept(state, &slept(after(2 * SECOND)));
        believed(state, &slept(after(4 * SECOND)));
    }

    #[test]
    fn a_machine_that_sleeps_during_the_requests_gives_no_report() {
        let mut it = after(0);
        it.after.slept += HOUR;
        assert_eq!(accept(State::Empty, &it).1, Err(Refusal::Asleep));
    }

    #[test]
    fn no_number_of_chronyds_is_too_large() {
        let mut next = after(SECOND);
        next.tracking.frequency = 1e30;
        next.before.uncertainty = Nanoseconds::MAX;
        next.before_sources.uncertainty = Nanoseconds::MAX;
        next.after.uncertainty = Nanoseconds::MAX;
        believed(first(), &next);
    }

    #[test]
    fn a_leap_second_is_no_disruption() {
        let mut pending = after(0);
        pending.tracking.leap = Leap::Pending;
        let day = 86_400 * SECOND;
        let midnight = (pending.before.real / day + 1) * day - pending.before.real;
        let settings = Settings { void_after: 2 * day, ..SETTINGS };
        let (state, _) = State::Empty.accept(&pending, &settings, None);
        let next = updated(set_by(after(midnight + SECOND), -SECOND));
        assert_eq!(state.accept(&next, &settings, None).1, Ok(()));
        // Without one that is due, it is.
        let (state, _) = State::Empty.accept(&after(0), &settings, None);
        assert!(matches!(state.accept(&next, &settings, None).1, Err(Refusal::Apart(_))));
    }

    #[test]
    fn chronyds_reports_agree_if_it_has_not_updated_the_clock() {
        let it = round().tracking;
        let changed = |change: fn(&mut Tracking)| {
            let mut other = it.clone();
            change(&mut other);
            !agree(&it, &other)
        };
        assert!(!changed(|_| {}));
        assert!(!changed(|other| other.offset = 1.0)); // it moves all the time
        assert!(changed(|other| other.ref_time_ns += 1));
        assert!(changed(|other| other.reference_id += 1));
        assert!(changed(|other| other.leap = Leap::Pending));
        assert!(changed(|other| other.frequency = 1.0));
        assert!(changed(|other| other.skew = 1.0));
        assert!(changed(|other| other.residual_freq = 1.0));
    }

    #[test]
    fn a_state_survives_as_words_in_its_own_process() {
        let (disrupted, _) = accept(first(), &set_by(after(SECOND), SECOND));
        let (woken, _) = accept(first(), &slept(after(SECOND)));
        let (set, _) = State::Empty.accept(&after(0), &SETTINGS, Some(SET));
        for state in [State::Empty, first(), disrupted, woken, set] {
            let words = state.to_words(3);
            assert_eq!(State::from_words(&words, 3), state);
            assert_eq!(State::from_words(&words, 4), State::Empty);
        }
        assert_eq!(State::from_words(&State::EMPTY, 0), State::Empty);
    }
}
