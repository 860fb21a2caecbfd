//! What the rules need of chronyd's reports, and which sample they go by.

use std::ffi::CStr;
use std::fmt;
use std::rc::Rc;

/// A record of a report, whoever made it: its fields by name, None where it has no value.
pub trait Record {
    type Error;
    fn number(&self, field: &'static CStr) -> Result<Option<f64>, Self::Error>;
    /// An integer; one that 64 bits cannot hold is the nearest one that they can.
    fn integer(&self, field: &'static CStr) -> Result<Option<i64>, Self::Error>;
    fn text(&self, field: &'static CStr) -> Result<Option<Rc<str>>, Self::Error>;
    /// The error for a field without a value that always has one.
    fn missing(&self, field: &'static CStr) -> Self::Error;

    fn required<T>(
        &self,
        field: &'static CStr,
        read: impl FnOnce(&Self, &'static CStr) -> Result<Option<T>, Self::Error>,
    ) -> Result<T, Self::Error> {
        read(self, field)?.ok_or_else(|| self.missing(field))
    }
}

/// chronyd's estimate of the clock: seconds and ppm, with the signs of the tracking report.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracking {
    pub reference_id: i64,
    /// The address of the source, where it has one, else its name.
    pub address: Option<Rc<str>>,
    pub name: Rc<str>,
    pub leap: Leap,
    pub ref_time_ns: i64,
    /// How far the system clock is slow of chronyd's corrected clock.
    pub offset: f64,
    /// How much faster the uncorrected clock runs than true time.
    pub frequency: f64,
    pub residual_freq: f64,
    pub skew: f64,
    /// By how much chronyd set its clock back at its last update, and how long before that the last but one was.
    pub last_offset: f64,
    pub update_interval: f64,
}

/// Whether a leap second is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leap {
    Normal,
    Pending,
    Unknown,
}

/// A source as the sources report has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub address: Rc<str>,
    pub is_selected: bool,
    pub is_reference_clock: bool,
    /// None: it has no sample.
    pub sample: Option<Sample>,
}

/// A source's last sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its age in seconds, rounded down.
    pub ago: i64,
    /// How far chronyd's corrected clock is fast of the source, and how wrong that may be: seconds.
    pub offset: f64,
    pub error: f64,
    /// The interval between the source's samples: log2 seconds.
    pub poll: i64,
}

/// Why there is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBound {
    NotSynchronized,
    LocalReference,
    LeapUnknown,
    NoSelectedSource,
    SeveralSelectedSources,
    AnotherSource,
    NoSample,
    SampleOfTheFuture,
    /// This field is no number that chronyd could send.
    Invalid(&'static str),
}

impl fmt::Display for NoBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSynchronized => "chronyd is not synchronised to a source",
            Self::LocalReference => "chronyd follows only its own clock (the local reference): its time is unverified",
            Self::LeapUnknown => {
                "the clock is not synchronised, or in the middle of a leap second (leap status UNSYNC)"
            }
            Self::NoSelectedSource => "chronyd has selected no source",
            Self::SeveralSelectedSources => "the report has several selected sources: it changed while it was read",
            Self::AnotherSource => "the selected source is not the one that the clock was last set by",
            Self::NoSample => "the selected source has no sample",
            Self::SampleOfTheFuture => {
                "the last sample is from the future: something other than chronyd has set the clock back"
            }
            Self::Invalid(field) => return write!(f, "{field} is not a number that chronyd can send"),
        })
    }
}

/// The reference IDs that mean no source, and the local reference.
const NO_REFERENCE: i64 = 0;
const LOCAL_REFERENCE: i64 = 0x7f7f_0101;
const LEAP_UNSYNC: i64 = 3;
const STATE_SELECTED: i64 = 0;
const MODE_REFERENCE_CLOCK: i64 = 2;

impl Tracking {
    pub fn read<R: Record>(record: &R) -> Result<Self, R::Error> {
        let number = |field| record.required(field, R::number);
        Ok(Self {
            reference_id: record.required(c"reference_id", R::integer)?,
            address: record.text(c"reference_ip")?,
            name: record.required(c"reference_id_name", R::text)?,
            leap: match record.required(c"leap_status", R::integer)? {
                0 => Leap::Normal,
                1..LEAP_UNSYNC => Leap::Pending,
                _ => Leap::Unknown,
            },
            ref_time_ns: record.required(c"ref_time_ns", R::integer)?,
            offset: number(c"offset")?,
            frequency: number(c"frequency")?,
            residual_freq: number(c"residual_freq")?,
            skew: number(c"skew")?,
            last_offset: number(c"last_offset")?,
            update_interval: number(c"update_interval")?,
        })
    }

    /// The last sample of the source that the clock follows.
    pub fn sample(&self, sources: &[Source]) -> Result<Sample, NoBound> {
        if self.address.is_none() {
            match self.reference_id {
                NO_REFERENCE => return Err(NoBound::NotSynchronized),
                LOCAL_REFERENCE => return Err(NoBound::LocalReference),
                _ => {}
            }
        }
        if self.leap == Leap::Unknown {
            return Err(NoBound::LeapUnknown);
        }
        let mut selected = sources.iter().filter(|source| source.is_selected);
        let source = selected.next().ok_or(NoBound::NoSelectedSource)?;
        if selected.next().is_some() {
            return Err(NoBound::SeveralSelectedSources);
        }
        if !self.follows(source) {
            return Err(NoBound::AnotherSource);
        }
        let sample = source.sample.ok_or(NoBound::NoSample)?;
        self.check(&sample)?;
        if sample.ago < 0 { Err(NoBound::SampleOfTheFuture) } else { Ok(sample) }
    }

    /// A reference clock has no address, but a name of four characters at most, by which it is known.
    fn follows(&self, source: &Source) -> bool {
        match &self.address {
            Some(address) => !source.is_reference_clock && *address == source.address,
            None => source.is_reference_clock && self.name == source.address,
        }
    }

    /// What people made may hold any number.
    fn check(&self, sample: &Sample) -> Result<(), NoBound> {
        let sizes = [("skew", self.skew), ("latest_meas_err", sample.error)];
        let numbers = [
            ("offset", self.offset),
            ("frequency", self.frequency),
            ("residual_freq", self.residual_freq),
            ("last_offset", self.last_offset),
            ("update_interval", self.update_interval),
            ("latest_meas", sample.offset),
        ];
        let is_size = |&(_, value): &(_, f64)| value.is_finite() && value >= 0.0;
        let wrong = sizes.iter().find(|it| !is_size(it)).or(numbers.iter().find(|(_, value)| !value.is_finite()));
        wrong.map_or(Ok(()), |&(name, _)| Err(NoBound::Invalid(name)))
    }
}

impl Source {
    pub fn read<R: Record>(record: &R) -> Result<Self, R::Error> {
        let number = |field| record.required(field, R::number);
        let sample = match record.integer(c"last_sample_ago")? {
            None => None,
            Some(ago) => Some(Sample {
                ago,
                offset: number(c"latest_meas")?,
                error: number(c"latest_meas_err")?,
                poll: record.required(c"poll", R::integer)?,
            }),
        };
        Ok(Self {
            address: record.required(c"address", R::text)?,
            is_selected: record.required(c"state", R::integer)? == STATE_SELECTED,
            is_reference_clock: record.required(c"mode", R::integer)? == MODE_REFERENCE_CLOCK,
            sample,
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A clock that follows 192.0.2.1, in the middle of what chronyd may say.
    pub fn tracking() -> Tracking {
        Tracking {
            reference_id: 0xc000_0201,
            address: Some("192.0.2.1".into()),
            name: "192.0.2.1".into(),
            leap: Leap::Normal,
            ref_time_ns: 1_800_000_000_000_000_000,
            offset: 0.0,
            frequency: 0.0,
            residual_freq: 0.0,
            skew: 0.0,
            last_offset: 0.0,
            update_interval: 64.0,
        }
    }

    pub fn source(sample: Sample) -> Source {
        Source { address: "192.0.2.1".into(), is_selected: true, is_reference_clock: false, sample: Some(sample) }
    }

    const SAMPLE: Sample = Sample { ago: 3, offset: 1e-3, error: 2e-3, poll: 6 };

    #[test]
    fn the_last_sample_of_the_selected_source_is_taken() {
        let other = Source { is_selected: false, address: "192.0.2.2".into(), ..source(Sample { ago: 9, ..SAMPLE }) };
        assert_eq!(tracking().sample(&[other.clone(), source(SAMPLE)]), Ok(SAMPLE));
        assert_eq!(tracking().sample(&[source(SAMPLE), other.clone()]), Ok(SAMPLE));
        assert_eq!(tracking().sample(&[other]), Err(NoBound::NoSelectedSource));
        assert_eq!(tracking().sample(&[]), Err(NoBound::NoSelectedSource));
        assert_eq!(tracking().sample(&[source(SAMPLE), source(SAMPLE)]), Err(NoBound::SeveralSelectedSources));
    }

    #[test]
    fn the_selected_source_must_be_the_one_that_the_clock_follows() {
        let other = Source { address: "192.0.2.2".into(), ..source(SAMPLE) };
        assert_eq!(tracking().sample(&[other]), Err(NoBound::AnotherSource));
        // A reference clock may have any name.
        let clock = Source { is_reference_clock: true, ..source(SAMPLE) };
        assert_eq!(tracking().sample(&[clock]), Err(NoBound::AnotherSource));
    }

    #[test]
    fn a_reference_clock_is_known_by_its_name() {
        let clock = Source { address: "GPS".into(), is_reference_clock: true, ..source(SAMPLE) };
        let gps = Tracking { reference_id: 0x4750_5300, address: None, name: "GPS".into(), ..tracking() };
        assert_eq!(gps.sample(std::slice::from_ref(&clock)), Ok(SAMPLE));
        assert_eq!(tracking().sample(std::slice::from_ref(&clock)), Err(NoBound::AnotherSource));
        let server = Source { is_reference_clock: false, ..clock };
        assert_eq!(gps.sample(&[server]), Err(NoBound::AnotherSource));
    }

    #[test]
    fn a_clock_that_follows_nobody_has_no_sample() {
        let without = |reference_id| Tracking { reference_id, address: None, ..tracking() };
        assert_eq!(without(0).sample(&[source(SAMPLE)]), Err(NoBound::NotSynchronized));
        assert_eq!(without(0x7f7f_0101).sample(&[source(SAMPLE)]), Err(NoBound::LocalReference));
        // The hash of an IPv6 address may be any number.
        let hashed = Tracking { reference_id: 0x7f7f_0101, ..tracking() };
        assert_eq!(hashed.sample(&[source(SAMPLE)]), Ok(SAMPLE));
    }

    #[test]
    fn a_leap_second_may_be_due_but_not_unknown() {
        let with = |leap| Tracking { leap, ..tracking() };
        assert_eq!(with(Leap::Pending).sample(&[source(SAMPLE)]), Ok(SAMPLE));
        assert_eq!(with(Leap::Unknown).sample(&[source(SAMPLE)]), Err(NoBound::LeapUnknown));
    }

    #[test]
    fn a_source_may_have_no_sample_or_one_of_the_future() {
        let none = Source { sample: None, ..source(SAMPLE) };
        assert_eq!(tracking().sample(&[none]), Err(NoBound::NoSample));
        let future = source(Sample { ago: -1, ..SAMPLE });
        assert_eq!(tracking().sample(&[future]), Err(NoBound::SampleOfTheFuture));
    }

    #[test]
    fn a_number_that_chronyd_cannot_send_is_refused() {
        let invalid = |field| Err(NoBound::Invalid(field));
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let sources = [source(SAMPLE)];
            assert_eq!(Tracking { offset: number, ..tracking() }.sample(&sources), invalid("offset"));
            assert_eq!(Tracking { frequency: number, ..tracking() }.sample(&sources), invalid("frequency"));
            assert_eq!(Tracking { residual_freq: number, ..tracking() }.sample(&sources), invalid("residual_freq"));
            assert_eq!(tracking().sample(&[source(Sample { offset: number, ..SAMPLE })]), invalid("latest_meas"));
        }
        for number in [f64::NAN, f64::INFINITY, -1e-9] {
            assert_eq!(Tracking { skew: number, ..tracking() }.sample(&[source(SAMPLE)]), invalid("skew"));
            assert_eq!(tracking().sample(&[source(Sample { error: number, ..SAMPLE })]), invalid("latest_meas_err"));
        }
    }
}
