//! The greatest error of the system clock, by the last sample of the source that it follows.
//!
//! An honest server's time lies within the last sample's distance, half the root delay plus the root dispersion, of the offset
//! that was measured, whatever chronyd makes of it. The formula of chrony's manual, |offset| + root dispersion + root delay / 2,
//! has the offset of one thing (a weighted mean over sources, and over time) and the distance of another.

use super::reports::{NoBound, Sample, Source, Tracking};

/// What the user says of the machine and its sources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// What the oscillator may do beyond what chronyd knows of it, in ppm.
    pub max_drift: f64,
    /// What the sources themselves may be wrong by, beyond what they say: seconds.
    pub extra_error: f64,
}

/// Ages are rounded down to whole seconds.
pub const AGE_ROUNDING: f64 = 1.0;

impl Allowance {
    /// How fast an error may grow, in seconds per second.
    pub fn rate(&self, tracking: &Tracking) -> f64 {
        (tracking.skew + tracking.residual_freq.abs() + self.max_drift) * 1e-6
    }

    /// How far chronyd's corrected clock, less the sample's offset, may have been from true time when the reports were made.
    pub fn half_width(&self, tracking: &Tracking, sample: &Sample) -> f64 {
        sample.error + (sample.ago as f64 + AGE_ROUNDING) * self.rate(tracking) + self.extra_error
    }
}

/// The greatest error of the system clock when the reports were made, in seconds.
pub fn error_bound(tracking: &Tracking, sources: &[Source], allowance: &Allowance) -> Result<f64, NoBound> {
    let sample = tracking.sample(sources)?;
    Ok((tracking.offset - sample.offset).abs() + allowance.half_width(tracking, &sample))
}

#[cfg(test)]
mod tests {
    use super::super::reports::tests::{source, tracking};
    use super::*;

    const NOTHING: Sample = Sample { ago: 0, offset: 0.0, error: 0.0, poll: 6 };
    const EXACT: Allowance = Allowance { max_drift: 0.0, extra_error: 0.0 };

    #[track_caller]
    fn check(tracking: &Tracking, sample: Sample, allowance: &Allowance, expected: f64) {
        let bound = error_bound(tracking, &[source(sample)], allowance).unwrap();
        assert!((bound - expected).abs() < 1e-15, "{bound} instead of {expected}");
    }

    #[test]
    fn a_perfect_clock_has_no_error() {
        check(&tracking(), NOTHING, &EXACT, 0.0);
    }

    #[test]
    fn the_offset_of_the_clock_and_of_the_sample_are_of_opposite_sign() {
        // The system clock is 3 ms slow of chronyd's, which is 2 ms fast of the source: it is 1 ms slow.
        let slow = Tracking { offset: 3e-3, ..tracking() };
        check(&slow, Sample { offset: 2e-3, ..NOTHING }, &EXACT, 1e-3);
        check(&slow, Sample { offset: -2e-3, ..NOTHING }, &EXACT, 5e-3);
        check(&Tracking { offset: -3e-3, ..tracking() }, Sample { offset: 2e-3, ..NOTHING }, &EXACT, 5e-3);
    }

    #[test]
    fn the_error_of_the_sample_is_added_whole() {
        check(&tracking(), Sample { error: 4e-3, ..NOTHING }, &EXACT, 4e-3);
        check(&Tracking { offset: 3e-3, ..tracking() }, Sample { error: 4e-3, ..NOTHING }, &EXACT, 7e-3);
    }

    #[test]
    fn each_rate_counts_for_the_age_and_one_second_more() {
        let sample = Sample { ago: 9, ..NOTHING };
        check(&Tracking { skew: 2.0, ..tracking() }, sample, &EXACT, 20e-6);
        check(&Tracking { residual_freq: 3.0, ..tracking() }, sample, &EXACT, 30e-6);
        check(&Tracking { residual_freq: -3.0, ..tracking() }, sample, &EXACT, 30e-6);
        check(&tracking(), sample, &Allowance { max_drift: 15.0, ..EXACT }, 150e-6);
        let all = Tracking { skew: 2.0, residual_freq: -3.0, ..tracking() };
        check(&all, sample, &Allowance { max_drift: 15.0, ..EXACT }, 200e-6);
        // What the frequency is corrected by is no error.
        check(&Tracking { frequency: 100.0, ..tracking() }, sample, &EXACT, 0.0);
    }

    #[test]
    fn an_extra_error_is_added_whole_and_does_not_grow() {
        check(&tracking(), Sample { ago: 99, ..NOTHING }, &Allowance { extra_error: 1e-4, ..EXACT }, 1e-4);
    }

    #[test]
    fn without_a_sample_to_go_by_there_is_no_bound() {
        assert_eq!(error_bound(&tracking(), &[], &EXACT), Err(NoBound::NoSelectedSource));
    }
}
