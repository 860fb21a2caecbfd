//! IntervalClock: between which two instants true time lies, from a report and the raw clock.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;
use std::time::{Duration, Instant as Deadline};

use pyo3_ffi as ffi;

use super::abi;
use super::arguments::parse_timeout;
use super::clock_reports::{PythonRecord, RowRecord, SOURCES, TRACKING, read_sources};
use super::connection;
use super::error_bound::{DEFAULT_MAX_DRIFT, size};
use super::exceptions;
use super::instance::{self, Data, parts};
use super::method::{Method, Parameters};
use super::object::{
    Detached, Owned, Raised, Result, Table, boolean, entry, none, runtime_error, signed, string, tuple, type_error,
    value_error,
};
use super::state::{State, get_or_make};
use super::time_interval;
use crate::chrony::client::{Client, Response, Row};
use crate::chrony::error::Error;
use crate::chrony::fork::Process;
use crate::chrony::wait::{Call, Caller, TICK};
use crate::clock::bound::Allowance;
use crate::clock::guards::{self, Refusal, Settings, WORDS};
use crate::clock::interval::{Interval, Nanoseconds, Reading, Round, Unusable};
use crate::clock::latch::Latch;
use crate::clock::reports::{NoBound, Source, Tracking};
use crate::machine;
use crate::reports::REPORTS;

type Object = *mut ffi::PyObject;

/// How often the reports are asked for, if chronyd updates the clock each time in between.
const ROUNDS: u32 = 3;
/// A report that is not used for this long says nothing more.
const DEFAULT_VOID_AFTER: f64 = 1000.0;

struct IntervalClock {
    options: OnceLock<Options>,
    latch: Latch<WORDS>,
}

struct Options {
    settings: Settings,
    /// A ChronyConnection; None where reports are handed in, as pychrony.aio does.
    connection: Option<Owned>,
}

// SAFETY: the reference is made and dropped by attached threads only, as that of any object.
unsafe impl Send for Options {}
// SAFETY: as above; it is never changed.
unsafe impl Sync for Options {}

impl IntervalClock {
    fn options(&self) -> Result<&Options> {
        self.options.get().ok_or_else(|| runtime_error("the clock was not initialised"))
    }

    #[inline(always)]
    fn state(&self) -> guards::State {
        guards::State::from_words(&self.latch.read(), Process::current().number())
    }

    /// The interval now.
    #[inline(always)]
    fn at_once(&self) -> std::result::Result<Interval, Refusal> {
        let state = self.state();
        match state.at(machine::instant()) {
            // The thread may have paused while the clocks were read.
            Err(Refusal::Unusable(Unusable::Slept)) => state.at(machine::exact_instant()),
            interval => interval,
        }
    }

    /// For how long this time is not certainly past yet, unless a new report says otherwise; None if that cannot be said.
    fn time_until_past(&self, time: Nanoseconds) -> Option<Duration> {
        let guards::State::Believed(report) = self.state() else { return None };
        let missing = report.projection.time_until_past(time, machine::instant().raw)?;
        Some(Duration::from_nanos(missing as u64))
    }

    /// How old the report is; None without one of this process.
    fn age(&self) -> Option<Nanoseconds> {
        match self.state() {
            guards::State::Empty => None,
            guards::State::Believed(report) | guards::State::Disrupted(report) => {
                Some(machine::instant().raw.saturating_sub(report.projection.origin))
            }
            guards::State::Woken(at) => Some(machine::instant().raw.saturating_sub(at.raw)),
        }
    }

    /// Takes a report in, and returns the interval that it gives now.
    fn accept(&self, round: &Round, settings: &Settings) -> std::result::Result<Interval, Refusal> {
        let (process, kernel) = (Process::current().number(), machine::kernel());
        self.latch.change(process, |words| {
            let (state, result) = guards::State::from_words(&words, process).accept(round, settings, kernel);
            (state.to_words(process), result)
        })?;
        self.at_once()
    }
}

impl Data for IntervalClock {
    fn new() -> Self {
        Self { options: OnceLock::new(), latch: Latch::new(guards::State::EMPTY) }
    }

    fn reference(&self) -> Option<Object> {
        self.options.get().and_then(|options| options.connection.as_ref()).map(Owned::as_ptr)
    }

    fn specification() -> *mut ffi::PyType_Spec {
        SPECIFICATION.as_ptr()
    }
}

/// The type's name, with the module's name before it.
pub const NAME: &CStr = c"pychrony.IntervalClock";

/// The type.
pub fn class<'a>(state: &'a State, module: &Owned) -> Result<&'a Owned> {
    // SAFETY: all that the specification names is static, and of interval clocks.
    get_or_make(&state.interval_clock, || unsafe { instance::new_type::<IntervalClock>(module) })
}

static SPECIFICATION: Table<ffi::PyType_Spec, 1> = Table([ffi::PyType_Spec {
    name: NAME.as_ptr(),
    basicsize: instance::basic_size::<IntervalClock>(),
    itemsize: 0,
    flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC) as std::ffi::c_uint,
    slots: SLOTS.as_ptr(),
}]);

static SLOTS: Table<ffi::PyType_Slot, 10> = Table([
    ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: DOC.as_ptr().cast_mut().cast() },
    ffi::PyType_Slot { slot: ffi::Py_tp_new, pfunc: instance::new::<IntervalClock> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_init, pfunc: init as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_dealloc, pfunc: instance::dealloc::<IntervalClock> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_traverse, pfunc: instance::traverse::<IntervalClock> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_clear, pfunc: instance::clear::<IntervalClock> as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_repr, pfunc: repr as *mut c_void },
    ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: METHODS.as_ptr().cast_mut().cast() },
    abi::TOKEN_SLOT,
    ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
]);

const DOC: &CStr = c"IntervalClock(connection, *, max_drift_ppm=15.0, extra_error_ns=0, void_after=1000.0)\n--\n\n\
    A clock that knows how wrong it may be: it gives two instants between which true time lies.\n\n\
    \x20   with ChronyConnection() as connection:\n\
    \x20       clock = IntervalClock(connection)\n\
    \x20       committed = clock.now().latest\n\
    \x20       clock.wait_past(committed)\n\n\
    refresh() asks chronyd; now() projects its last report on CLOCK_MONOTONIC_RAW, without a system call. Refresh at least\n\
    every 16 seconds, so that it is noticed when somebody else sets the clock. The intervals contain true time if the selected\n\
    source is honest and the oscillator drifts by no more than allowed; the page \"Order events by time you can trust\" in\n\
    the documentation lists all conditions.\n\n\
    connection: a ChronyConnection to the chronyd of this machine. Other calls on it wait for those of the clock, and these for them.\n\
    max_drift_ppm: how far the oscillator's rate may differ from chronyd's estimate, in ppm: 15 on a machine with a steady\n\
    \x20   temperature, 50 on unknown, mobile or virtual hardware.\n\
    extra_error_ns: how wrong the sources may be beyond the error that they report, in nanoseconds, as a reference clock may.\n\
    void_after: for how many seconds a report may be used.\n\n\
    Threads may share it. It can be neither copied nor pickled. A child of fork() asks chronyd again at its first use.\n\n\
    Raises ValueError for the address of another host: its clock is not the one that is read here.";

static METHODS: [Method; 9] = [
    Method::without_arguments(
        c"refresh",
        refresh,
        c"refresh($self, /)\n--\n\n\
        Ask chronyd, and return the interval by its new report.\n\n\
        It asks for the tracking report, the sources and the tracking report again, up to three times, until chronyd has not\n\
        updated the clock in between. If it fails, the last report stays in use, and its interval keeps widening.\n\n\
        Raises what get_tracking() raises, and ChronyClockError if the reports give no interval.",
    ),
    Method::with_arguments(
        c"now",
        now,
        c"now($self, /, max_age=None)\n--\n\n\
        The two instants between which true time lies now, as a TimeInterval.\n\n\
        It does not ask chronyd, unless this process has no report yet, or one that is older than max_age seconds.\n\n\
        Raises ChronyClockError if no interval can be given, and what refresh() raises if it asks chronyd.",
    ),
    Method::with_one_argument(
        c"is_past",
        is_past,
        c"is_past($self, time_ns, /)\n--\n\nWhether this time (nanoseconds since 1970) is certainly past: now().earliest > time_ns.",
    ),
    Method::with_one_argument(
        c"is_future",
        is_future,
        c"is_future($self, time_ns, /)\n--\n\nWhether this time is certainly in the future: now().latest < time_ns.",
    ),
    Method::with_arguments(
        c"wait_past",
        wait_past,
        c"wait_past($self, /, time_ns, timeout=None)\n--\n\n\
        Wait until this time (nanoseconds since 1970) is certainly past, and return the interval then. It sleeps.\n\n\
        timeout: seconds, more than 0; None waits as long as the report can be used.\n\n\
        Raises ChronyTimeoutError after the timeout, and ChronyClockError if no interval can be given any longer.",
    ),
    Method::without_arguments(
        c"__reduce__",
        reduce,
        c"__reduce__($self, /)\n--\n\nIt cannot be copied or pickled: a TypeError.",
    ),
    Method::without_arguments(
        c"_reading",
        read_clocks,
        c"_reading($self, /)\n--\n\nThe machine's clocks, for _accept().",
    ),
    Method::with_arguments(
        c"_accept",
        accept,
        c"_accept($self, first, before_sources, sources, before, tracking, after, /)\n--\n\n\
        Take in two tracking reports, the sources between them, and the clocks between and after them, as pychrony.aio asked\n\
        for them. Returns the interval, or None if they do not belong together.",
    ),
    Method::end(),
];

unsafe extern "C" fn init(object: Object, arguments: Object, keywords: Object) -> c_int {
    const PARAMETERS: Parameters<4> = Parameters {
        function: c"IntervalClock",
        names: [c"connection", c"max_drift_ppm", c"extra_error_ns", c"void_after"],
        positional: 1,
        required: 1,
    };
    entry(|| {
        // SAFETY: the object being initialised, and the interpreter's arguments.
        let ((clock, state), settings, connection) = unsafe {
            let [connection, max_drift, extra_error, void_after] = PARAMETERS.bind_tuple(arguments, keywords)?;
            let settings = Settings {
                allowance: Allowance {
                    max_drift: size(max_drift, "max_drift_ppm", DEFAULT_MAX_DRIFT)?,
                    extra_error: size(extra_error, "extra_error_ns", 0.0)? * 1e-9,
                },
                void_after: void_after_of(size(void_after, "void_after", DEFAULT_VOID_AFTER)?)?,
            };
            (parts::<IntervalClock>(object), settings, Owned::from_borrowed(connection))
        };
        // SAFETY: None is always live.
        let is_none = connection.as_ptr() == unsafe { ffi::Py_None() };
        let connection = if is_none { None } else { Some(checked_connection(state?, connection)?) };
        clock
            .options
            .set(Options { settings, connection })
            .map_err(|_| runtime_error("the clock is initialised already"))
    })
}

fn void_after_of(seconds: f64) -> Result<Nanoseconds> {
    if seconds > 0.0 { Ok((seconds * 1e9) as Nanoseconds) } else { Err(value_error("void_after must be more than 0")) }
}

fn checked_connection(state: &State, object: Owned) -> Result<Owned> {
    if !connection::is_one(state, &object)? {
        return Err(type_error("IntervalClock() takes a ChronyConnection"));
    }
    // SAFETY: a connection, as was just checked.
    match unsafe { connection::given_address(object.as_ptr()) } {
        Some(address) if !address.is_local() => Err(value_error(&not_local(&address.to_string()))),
        _ => Ok(object),
    }
}

fn not_local(address: &str) -> String {
    format!(
        "{address} is the address of another host: an interval clock reads this machine's clocks, and needs the chronyd that \
         corrects them"
    )
}

/// Why there is no round.
enum Failure {
    Refusal(Refusal),
    /// The address is another host's.
    Foreign(String),
}

impl From<NoBound> for Failure {
    fn from(why: NoBound) -> Self {
        Self::Refusal(Refusal::NoBound(why))
    }
}

type RoundResult = std::result::Result<Round, Failure>;

/// Asks for tracking, sources and tracking, until chronyd has not updated the clock in between.
async fn ask(client: &mut Client, call: &Call) -> std::result::Result<RoundResult, Error> {
    if let Some(address) = client.foreign_address() {
        return Ok(Err(Failure::Foreign(address.to_string())));
    }
    let mut first = report(client, TRACKING, call).await?;
    for _ in 0..ROUNDS {
        let before_sources = machine::reading();
        let sources = report(client, SOURCES, call).await?;
        let before = machine::reading();
        let second = report(client, TRACKING, call).await?;
        let after = machine::reading();
        match round(&first, &sources, &second, [before_sources, before, after]) {
            Ok(Some(round)) => return Ok(Ok(round)),
            Ok(None) => first = second,
            Err(why) => return Ok(Err(why.into())),
        }
    }
    Ok(Err(Failure::Refusal(Refusal::Updating)))
}

async fn report(client: &mut Client, report: usize, call: &Call) -> std::result::Result<Vec<Row>, Error> {
    match client.report(&REPORTS[report].query, call).await? {
        Response::NotEnabled => Ok(Vec::new()),
        Response::Record(row) => Ok(vec![row]),
        Response::List(rows) => Ok(rows),
    }
}

/// What the rows of the reports say; None if chronyd updated the clock between the first and the last.
fn round(
    first: &[Row],
    sources: &[Row],
    second: &[Row],
    [before_sources, before, after]: [Reading; 3],
) -> std::result::Result<Option<Round>, NoBound> {
    let tracking = |rows: &[Row]| match rows {
        [row] => Tracking::read(&RowRecord::new(TRACKING, row)),
        _ => Err(NoBound::Invalid("tracking")),
    };
    let (first, tracking) = (tracking(first)?, tracking(second)?);
    if !guards::agree(&first, &tracking) {
        return Ok(None);
    }
    let sources: std::result::Result<Vec<_>, _> =
        sources.iter().map(|row| Source::read(&RowRecord::new(SOURCES, row))).collect();
    let sample = tracking.sample(&sources?)?;
    Ok(Some(Round { tracking, sample, before_sources, before, after }))
}

fn refresh_now(clock: &IntervalClock, state: &State) -> Result<Interval> {
    let options = clock.options()?;
    let Some(connection) = &options.connection else { return Err(refused(state, &Refusal::NoReport)) };
    // SAFETY: a connection, as `init()` checked.
    let outcome = unsafe { connection::ask_on(connection.as_ptr(), async |client, call| ask(client, call).await) }?;
    let accepted = outcome.and_then(|round| clock.accept(&round, &options.settings).map_err(Failure::Refusal));
    accepted.map_err(|failure| match failure {
        Failure::Refusal(refusal) => refused(state, &refusal),
        Failure::Foreign(address) => value_error(&not_local(&address)),
    })
}

/// Raises the ChronyClockError of a refusal.
fn refused(state: &State, refusal: &Refusal) -> Raised {
    exceptions::raise_clock_error(state, &refusal.to_string(), refusal.is_disruption())
}

/// The interval now. chronyd is asked if this process has no report yet.
fn interval(clock: &IntervalClock, state: &State) -> Result<Interval> {
    match clock.at_once() {
        Ok(interval) => Ok(interval),
        Err(Refusal::NoReport) => refresh_now(clock, state),
        Err(refusal) => Err(refused(state, &refusal)),
    }
}

unsafe extern "C" fn refresh(object: Object, _: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on.
        let (clock, state) = unsafe { parts::<IntervalClock>(object) };
        let state = state?;
        time_interval::instance(state, &refresh_now(clock, state)?)
    })
}

unsafe extern "C" fn now(
    object: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    const PARAMETERS: Parameters<1> = Parameters { function: c"now", names: [c"max_age"], positional: 1, required: 0 };
    entry(|| {
        // SAFETY: the object that the method was called on, and the interpreter's arguments.
        let ((clock, state), max_age) = unsafe {
            let is_bare = positional == 0 && keywords.is_null();
            let max_age = if is_bare { None } else { max_age(PARAMETERS.bind(arguments, positional, keywords)?[0])? };
            (parts::<IntervalClock>(object), max_age)
        };
        let state = state?;
        let is_old = max_age.is_some_and(|most| clock.age().is_none_or(|age| age as f64 * 1e-9 > most));
        let interval = if is_old { refresh_now(clock, state) } else { interval(clock, state) };
        time_interval::instance(state, &interval?)
    })
}

/// # Safety
/// `object` must be NULL or live.
unsafe fn max_age(object: Object) -> Result<Option<f64>> {
    // SAFETY: None is always live; the object is live (the caller's promise).
    unsafe {
        if object.is_null() || object == ffi::Py_None() { Ok(None) } else { size(object, "max_age", 0.0).map(Some) }
    }
}

/// A time in nanoseconds; one that 64 bits cannot hold is the nearest that they can.
///
/// # Safety
/// `object` must be live.
unsafe fn time(object: Object) -> Result<Nanoseconds> {
    let mut overflow = 0;
    // SAFETY: live objects; −1 may also say that an exception is set, which is only looked at.
    unsafe {
        let index = Owned::new(ffi::PyNumber_Index(object))?;
        let number = ffi::PyLong_AsLongLongAndOverflow(index.as_ptr(), &mut overflow);
        match overflow {
            1.. => Ok(Nanoseconds::MAX),
            0 if number == -1 && !ffi::PyErr_Occurred().is_null() => Err(Raised),
            0 => Ok(number),
            _ => Ok(Nanoseconds::MIN),
        }
    }
}

unsafe extern "C" fn is_past(object: Object, argument: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on, and its argument.
        let ((clock, state), time) = unsafe { (parts::<IntervalClock>(object), time(argument)?) };
        Ok(boolean(interval(clock, state?)?.earliest > time))
    })
}

unsafe extern "C" fn is_future(object: Object, argument: Object) -> Object {
    entry(|| {
        // SAFETY: the object that the method was called on, and its argument.
        let ((clock, state), time) = unsafe { (parts::<IntervalClock>(object), time(argument)?) };
        Ok(boolean(interval(clock, state?)?.latest < time))
    })
}

unsafe extern "C" fn wait_past(
    object: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    const PARAMETERS: Parameters<2> =
        Parameters { function: c"wait_past", names: [c"time_ns", c"timeout"], positional: 2, required: 1 };
    entry(|| {
        // SAFETY: the object that the method was called on, and the interpreter's arguments.
        let ((clock, state), time, timeout) = unsafe {
            let [time_ns, timeout] = PARAMETERS.bind(arguments, positional, keywords)?;
            let timeout = if timeout.is_null() { None } else { parse_timeout(timeout)? };
            (parts::<IntervalClock>(object), time(time_ns)?, timeout)
        };
        let state = state?;
        let deadline = timeout.and_then(|timeout| Deadline::now().checked_add(timeout));
        loop {
            let interval = interval(clock, state)?;
            if interval.earliest > time {
                return time_interval::instance(state, &interval);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Deadline::now()));
            if left == Some(Duration::ZERO) {
                return Err(exceptions::raise_timeout(
                    state,
                    &format!(
                        "timed out after {:?} waiting for {time} ns since 1970 to be past for certain: the time is between {} and {}",
                        timeout.unwrap_or_default(),
                        interval.earliest,
                        interval.latest
                    ),
                ));
            }
            let missing = clock.time_until_past(time).unwrap_or(TICK);
            sleep(missing.min(left.unwrap_or(TICK)).min(TICK))?;
        }
    })
}

/// Sleeps without the GIL, and handles signals.
fn sleep(duration: Duration) -> Result<()> {
    let mut detached = Detached::new();
    let time = libc::timespec { tv_sec: duration.as_secs() as libc::time_t, tv_nsec: duration.subsec_nanos() as _ };
    // SAFETY: a valid time. A signal ends the sleep, and whatever ended it is looked at by the caller.
    unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &time, ptr::null_mut()) };
    if detached.handle_signals() { Ok(()) } else { Err(Raised) }
}

unsafe extern "C" fn reduce(_: Object, _: Object) -> Object {
    entry(|| Err::<Owned, _>(type_error("an IntervalClock can be neither copied nor pickled")))
}

unsafe extern "C" fn read_clocks(_: Object, _: Object) -> Object {
    entry(|| {
        let Reading { raw, real, uncertainty, slept } = machine::reading();
        tuple([raw, real, uncertainty, slept].map(signed).into_iter())
    })
}

/// # Safety
/// `object` must be live.
unsafe fn reading(object: Object) -> Result<Reading> {
    // SAFETY: as the caller promises.
    let object = unsafe { Owned::from_borrowed(object) };
    // SAFETY: a live object.
    let number = |index| object.item(index).and_then(|item| unsafe { time(item.as_ptr()) });
    Ok(Reading { raw: number(0)?, real: number(1)?, uncertainty: number(2)?, slept: number(3)? })
}

unsafe extern "C" fn accept(
    object: Object,
    arguments: *const Object,
    positional: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    const PARAMETERS: Parameters<6> = Parameters {
        function: c"_accept",
        names: [c"first", c"before_sources", c"sources", c"before", c"tracking", c"after"],
        positional: 6,
        required: 6,
    };
    entry(|| {
        // SAFETY: the object that the method was called on, and the interpreter's arguments, live during the call.
        let ((clock, state), [first, before_sources, sources, before, tracking, after]) =
            unsafe { (parts::<IntervalClock>(object), PARAMETERS.bind(arguments, positional, keywords)?) };
        let state = state?;
        // SAFETY: as above.
        let (first, sources, tracking, before_sources, before, after) = unsafe {
            (
                Owned::from_borrowed(first),
                Owned::from_borrowed(sources),
                Owned::from_borrowed(tracking),
                reading(before_sources)?,
                reading(before)?,
                reading(after)?,
            )
        };
        let first = Tracking::read(&PythonRecord::new(state, TRACKING, &first)?)?;
        let tracking = Tracking::read(&PythonRecord::new(state, TRACKING, &tracking)?)?;
        if !guards::agree(&first, &tracking) {
            return Ok(none());
        }
        let sample = tracking.sample(&read_sources(state, &sources)?);
        let sample = sample.map_err(|why| refused(state, &Refusal::NoBound(why)))?;
        let round = Round { tracking, sample, before_sources, before, after };
        let interval = clock.accept(&round, &clock.options()?.settings).map_err(|refusal| refused(state, &refusal))?;
        time_interval::instance(state, &interval)
    })
}

unsafe extern "C" fn repr(object: Object) -> Object {
    entry(|| {
        // SAFETY: the object that is to be shown.
        let (clock, _) = unsafe { parts::<IntervalClock>(object) };
        string(&match clock.at_once() {
            Ok(Interval { earliest, latest, .. }) => {
                format!("<IntervalClock {} ns wide>", latest.abs_diff(earliest))
            }
            Err(refusal) => format!("<IntervalClock: {refusal}>"),
        })
    })
}
