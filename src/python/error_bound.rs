//! error_bound(): the greatest error of the system clock.

use pyo3_ffi as ffi;

use super::clock_reports::{PythonRecord, TRACKING, read_sources};
use super::method::{Method, Parameters};
use super::object::{Owned, Raised, Result, entry, float, none, value_error};
use super::state::State;
use crate::clock::bound::{self, Allowance};
use crate::clock::reports::{NoBound, Source, Tracking};

type Object = *mut ffi::PyObject;

pub const METHOD: Method = Method::with_arguments(
    c"error_bound",
    error_bound,
    c"error_bound($module, /, tracking, sources, *, max_drift_ppm=15.0, extra_error=0.0)\n--\n\n\
    The greatest error of the system clock, in seconds, when the two reports were made; None: no bound can be given.\n\n\
    It is computed from the last sample of the selected source, in which an honest server's time must lie:\n\n\
    \x20   abs(offset - latest_meas) + latest_meas_err\n\
    \x20       + (last_sample_ago + 1) * (skew + abs(residual_freq) + max_drift_ppm) * 1e-6 + extra_error\n\n\
    tracking: a TrackingStatus. sources: the Source records that were asked for with it, in any iterable.\n\
    max_drift_ppm: how far the oscillator's rate may differ from chronyd's estimate, in ppm: 15 on a machine with a steady\n\
    \x20   temperature, 50 on unknown, mobile or virtual hardware.\n\
    extra_error: how wrong the sources may be beyond the error that they report, in seconds, as a reference clock may.\n\n\
    None if the clock is not synchronised to a source (the local reference does not count), the leap status is UNSYNC, there is\n\
    not exactly one selected source, this is not the one in tracking, or it has no sample, or one from the future.\n\n\
    It holds if the selected source and the servers behind it are honest; if nobody but chronyd has set the clock since the\n\
    last sample; if chronyd has not updated the clock between the two reports (a third report, tracking again, has the same\n\
    ref_time); and if the oscillator does not drift more than allowed.\n\n\
    Raises TypeError for other objects and for fields of a wrong type, ValueError for numbers that chronyd cannot send.",
);

unsafe extern "C" fn error_bound(
    module: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    const PARAMETERS: Parameters<4> = Parameters {
        function: c"error_bound",
        names: [c"tracking", c"sources", c"max_drift_ppm", c"extra_error"],
        positional: 2,
        required: 2,
    };
    entry(|| {
        let state = State::of(module)?;
        // SAFETY: the interpreter's arguments, live during the call.
        let (tracking, sources, allowance) = unsafe {
            let [tracking, sources, max_drift, extra_error] = PARAMETERS.bind(arguments, positional, keywords)?;
            let allowance = Allowance {
                max_drift: size(max_drift, "max_drift_ppm", DEFAULT_MAX_DRIFT)?,
                extra_error: size(extra_error, "extra_error", 0.0)?,
            };
            (Owned::from_borrowed(tracking), Owned::from_borrowed(sources), allowance)
        };
        let tracking = Tracking::read(&PythonRecord::new(state, TRACKING, &tracking)?)?;
        let sources = read_sources(state, &sources)?;
        bound(&tracking, &sources, &allowance)?.map_or_else(|| Ok(none()), float)
    })
}

pub const DEFAULT_MAX_DRIFT: f64 = 15.0;

/// An argument that is a finite number of 0 or more; NULL is the default.
///
/// # Safety
/// `object` must be NULL or live.
pub unsafe fn size(object: Object, name: &str, default: f64) -> Result<f64> {
    if object.is_null() {
        return Ok(default);
    }
    // SAFETY: a live object; −1.0 may also say that an exception is set, which is only looked at.
    let number = unsafe { ffi::PyFloat_AsDouble(object) };
    // SAFETY: only looks at the thread's error indicator.
    if number == -1.0 && unsafe { !ffi::PyErr_Occurred().is_null() } {
        return Err(Raised);
    }
    checked_size(number, name)
}

pub fn checked_size(number: f64, name: &str) -> Result<f64> {
    if number.is_finite() && number >= 0.0 {
        return Ok(number);
    }
    Err(value_error(&format!("{name} must be a finite number of 0 or more")))
}

/// The bound, or None; a ValueError for a number that chronyd cannot send.
pub fn bound(tracking: &Tracking, sources: &[Source], allowance: &Allowance) -> Result<Option<f64>> {
    match bound::error_bound(tracking, sources, allowance) {
        Ok(bound) if bound.is_finite() => Ok(Some(bound)),
        Ok(_) => Err(value_error("the error bound is too large for a float")),
        Err(why @ NoBound::Invalid(_)) => Err(value_error(&why.to_string())),
        Err(_) => Ok(None),
    }
}
