//! Whole reports: which address to ask, when to open a new session, and how to read a list that changes while it is read.

use std::collections::HashSet;
use std::ffi::{CStr, c_int};
use std::rc::Rc;
use std::time::Duration;

use super::address::{Address, Candidates};
use super::error::{Attempt, Code, Error, Failure, FieldError, FieldErrorKind, RequestError};
use super::library::Library;
use super::raw::RawSession;
use super::record::{Field, Kind, Presence, Record, Value};
use super::session::{FIRST_RESEND, Request, Session};
use super::wait::Call;

/// How a report is asked for, and what its records hold.
pub struct Query {
    /// libchrony's name of the report.
    pub report: &'static CStr,
    pub shape: Shape,
    /// Those that stand in the source's sourcestats come first.
    pub fields: &'static [Field],
}

/// How many records a report has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    One,
    /// One, unless chronyd answers that the function is not enabled.
    OneIfEnabled,
    /// One for each source.
    PerSource,
    /// One for each source that has an address, asked for by that address.
    PerAddress,
}

/// What a report brought.
pub enum Response {
    /// What the report is about is not enabled.
    NotEnabled,
    Record(Row),
    List(Vec<Row>),
}

/// A record's values, in the order of the query's fields.
pub type Row = Vec<Value>;
/// A record under libchrony's own names.
pub type RawRow = Vec<(Box<CStr>, Value)>;

/// How often a list is read at most, if it changes each time while it is read.
const ATTEMPTS: u32 = 3;
/// No chronyd has more sources. A larger count is a corrupt response, which would keep us asking.
const MOST_RECORDS: c_int = 0xffff;
const SOURCESTATS: &CStr = c"sourcestats";

/// Of several addresses, each is given this part of the timeout to respond, and at most this much time, before the next one is
/// asked. Those that were silent are asked again, for twice as long, and so on; the last of them for the rest of the timeout.
/// With the default timeout of 3 s and the four default addresses, each is asked for 0.5 s, and the first again for 1 s.
const PART: u32 = 6;
const LONGEST_PART: Duration = Duration::from_secs(1);

/// Asks chronyd, now and perhaps again.
pub struct Client {
    library: &'static Library,
    candidates: Candidates,
    /// The one that responded last.
    daemon: Option<Daemon>,
}

impl Client {
    /// A client of the first candidate that can be reached.
    pub fn new(library: &'static Library, candidates: Candidates) -> Self {
        Self { library, candidates, daemon: None }
    }

    /// The address in use, while a session is open.
    pub fn address(&self) -> Option<&Address> {
        self.daemon.as_ref().map(|daemon| &daemon.address)
    }

    /// An address of another host among those that may be asked.
    pub fn foreign_address(&self) -> Option<&Address> {
        self.candidates.iter().find(|address| !address.is_local())
    }

    /// The descriptor of the session's socket, while one is open.
    pub fn fd(&self) -> Option<c_int> {
        Some(self.daemon.as_ref()?.session.as_ref()?.raw().fd())
    }

    /// Opens a session at the first candidate where that succeeds, if none is open, and asks nothing yet.
    pub async fn open(&mut self, call: &Call) -> Result<(), Error> {
        self.ask(c"", call, async |daemon| daemon.open()).await
    }

    /// A report's records.
    pub async fn report(&mut self, query: &'static Query, call: &Call) -> Result<Response, Error> {
        let is_one = matches!(query.shape, Shape::One | Shape::OneIfEnabled);
        self.ask(query.report, call, async |daemon| {
            let response = if is_one {
                read_record(daemon, query, 0, call).await.map(Response::Record)
            } else {
                read_sources(daemon, query, call).await.map(Response::List)
            };
            match response {
                Err(RequestError::Response(Code::Disabled)) if query.shape == Shape::OneIfEnabled => {
                    Ok(Response::NotEnabled)
                }
                response => response,
            }
        })
        .await
    }

    /// Any report that libchrony knows, under libchrony's own names; no records if what it is about is not enabled.
    pub async fn raw_report(&mut self, name: &str, call: &Call) -> Result<Vec<RawRow>, Error> {
        let known = self.library.functions.reports();
        let Some(&report) = known.iter().find(|known| known.to_bytes() == name.as_bytes()) else {
            let known = known.into_iter().map(text).collect();
            return Err(Error::UnknownName { name: name.to_owned(), known });
        };
        self.ask(report, call, async |daemon| {
            let read = async |daemon: &mut Daemon, record| {
                Record::of(daemon.exchange(Request::Record(report, record), call).await?).read_all().map(Some)
            };
            let address = |row: &RawRow| row.iter().find_map(|(_, value)| address_of(value));
            let mend = |rows: &mut Vec<RawRow>| {
                drop_repetitions(rows, address);
                false
            };
            match read_list(daemon, report, call, read, mend).await {
                Err(RequestError::Response(Code::Disabled)) => Ok(Vec::new()),
                rows => rows,
            }
        })
        .await
    }

    /// Asks the daemon that responded last, or else the first candidate that responds.
    async fn ask<T>(
        &mut self,
        report: &CStr,
        call: &Call,
        mut ask: impl AsyncFnMut(&mut Daemon) -> Result<T, RequestError>,
    ) -> Result<T, Error> {
        let mut part = (self.candidates.len() > 1).then(|| (call.timeout() / PART).min(LONGEST_PART));
        if let Some(mut daemon) = self.daemon.take() {
            daemon.part = part;
            match ask(&mut daemon).await {
                Ok(result) => {
                    self.daemon = Some(daemon);
                    return Ok(result);
                }
                // It has gone, or was restarted: it may be there again, or at another address.
                Err(RequestError::System { .. } | RequestError::Gone | RequestError::Inherited) => {}
                Err(RequestError::Silent { .. }) if !call.is_late() => {}
                Err(error) => {
                    let failure = failure(error, report, &daemon.address)?;
                    let attempts = vec![Attempt { address: daemon.address, failure }];
                    return Err(Error::from_attempts(&text(report), call.timeout(), attempts));
                }
            }
        }
        let mut attempts: Vec<Attempt> = Vec::new();
        loop {
            for (index, address) in self.candidates.iter().enumerate() {
                if attempts.get(index).is_some_and(|attempt| !attempt.is_silent()) {
                    continue;
                }
                let mut daemon = Daemon { library: self.library, address: address.clone(), session: None, part };
                let error = loop {
                    match ask(&mut daemon).await {
                        Ok(result) => {
                            self.daemon = Some(daemon);
                            return Ok(result);
                        }
                        // It is there again, or else another session cannot be opened.
                        Err(RequestError::Gone | RequestError::Inherited) => {}
                        Err(error) => break error,
                    }
                };
                let failure = failure(error, report, address)?;
                let attempt = Attempt { address: daemon.address, failure };
                match attempts.get_mut(index) {
                    Some(earlier) => *earlier = attempt,
                    None => attempts.push(attempt),
                }
                if call.is_late() || (failure == Failure::Unauthorized && count_silent(&attempts) == 0) {
                    return Err(Error::from_attempts(&text(report), call.timeout(), attempts));
                }
            }
            let silent = count_silent(&attempts);
            if silent == 0 {
                return Err(Error::from_attempts(&text(report), call.timeout(), attempts));
            }
            part = if silent == 1 { None } else { part.map(|part| part.saturating_mul(2)) };
        }
    }
}

/// The chronyd at one address, in one session after another: a session in which a request fails is dropped. "Not enabled" is no
/// failure, but a response like any other.
struct Daemon {
    library: &'static Library,
    address: Address,
    /// Boxed, because each call that uses it takes it out and puts it back.
    session: Option<Box<Session>>,
    /// How long it is given for its first response, if that is less than the whole call.
    part: Option<Duration>,
}

impl Daemon {
    fn open(&mut self) -> Result<(), RequestError> {
        if self.session.is_none() {
            self.session = Some(Box::new(Session::open(self.library, &self.address)?));
        }
        Ok(())
    }

    /// Sends a request, and returns the session that has the response.
    async fn exchange(&mut self, request: Request<'_>, call: &Call) -> Result<&RawSession, RequestError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Box::new(Session::open(self.library, &self.address)?),
        };
        let (session, is_enabled) = session.exchange(request, self.part, call).await?;
        self.part = None;
        let session = self.session.insert(session);
        if is_enabled { Ok(session.raw()) } else { Err(RequestError::Response(Code::Disabled)) }
    }
}

fn count_silent(attempts: &[Attempt]) -> usize {
    attempts.iter().filter(|attempt| attempt.is_silent()).count()
}

fn text(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

/// Why an address gave no report, if others may be asked; an error if the call ends here.
fn failure(error: RequestError, report: &CStr, address: &Address) -> Result<Failure, Error> {
    let (report, address) = (text(report), address.clone());
    match error {
        RequestError::System { code, errno } => Ok(Failure::System { code, errno }),
        RequestError::Silent { ignored } => Ok(Failure::Silent { ignored }),
        RequestError::Response(Code::Unauthorized) => Ok(Failure::Unauthorized),
        RequestError::Response(Code::UnknownReport) => Err(Error::UnknownReport { report }),
        RequestError::Response(code) => Err(Error::Response { report, address, code }),
        RequestError::Library(error) => Err(Error::from_library(address, error)),
        RequestError::Field(error) => Err(Error::Field { report, address, error }),
        RequestError::Gone | RequestError::Inherited | RequestError::NotRepeatable => {
            unreachable!("{error:?} is dealt with where the address is asked")
        }
    }
}

/// Reads the records of a list whose rows are checked by the query's fields.
async fn read_sources(daemon: &mut Daemon, query: &'static Query, call: &Call) -> Result<Vec<Row>, RequestError> {
    let address = query.fields.iter().position(|field| matches!(field.kind, Kind::Source)).unwrap_or(0);
    let read = async |daemon: &mut Daemon, record| read_source(daemon, query, record, call).await;
    read_list(daemon, query.report, call, read, |rows| {
        drop_repetitions(rows, |row: &Row| address_of(&row[address]));
        // A reference clock's name may occur twice: if it still does the third time, it is that of two clocks.
        rows.windows(2).any(|pair| pair[0][address] == pair[1][address])
    })
    .await
}

/// An address belongs to one source: if it occurs again, the source moved down while the list was read.
fn drop_repetitions<T>(rows: &mut Vec<T>, address: impl Fn(&T) -> Option<Rc<str>>) {
    let mut seen = HashSet::new();
    rows.retain(|row| address(row).is_none_or(|address| seen.insert(address)));
}

/// A source's address, or the placeholder that it has until its name is resolved; None for a reference clock's name, which
/// several may share.
fn address_of(value: &Value) -> Option<Rc<str>> {
    match value {
        Value::Text(address) => Some(Rc::clone(address)),
        _ => None,
    }
}

/// Reads one source's record; None if it has none.
async fn read_source(
    daemon: &mut Daemon,
    query: &'static Query,
    record: c_int,
    call: &Call,
) -> Result<Option<Row>, RequestError> {
    if query.shape == Shape::PerAddress {
        return read_by_address(daemon, query, record, call).await;
    }
    read_record(daemon, query, record, call).await.map(Some)
}

/// Reads a record that is asked for by its number.
async fn read_record(
    daemon: &mut Daemon,
    query: &'static Query,
    record: c_int,
    call: &Call,
) -> Result<Row, RequestError> {
    let session = daemon.exchange(Request::Record(query.report, record), call).await?;
    let mut row = Row::with_capacity(query.fields.len());
    Record::of(session).read(query.fields, &mut row)?;
    Ok(row)
}

/// Reads one source's address, and the record that is asked for by it. Both are of one source, or both are read again.
async fn read_by_address(
    daemon: &mut Daemon,
    query: &'static Query,
    record: c_int,
    call: &Call,
) -> Result<Option<Row>, RequestError> {
    let is_in_sourcestats = |field: &Field| matches!(field.presence, Presence::Sourcestats);
    let (in_sourcestats, in_record) = query.fields.split_at(query.fields.partition_point(is_in_sourcestats));
    let mut resend_after = FIRST_RESEND;
    loop {
        let mut row = Row::with_capacity(query.fields.len());
        // libchrony asks for the source's address anyway, unless this very record was read last.
        let session = daemon.exchange(Request::Record(SOURCESTATS, record), call).await?;
        Record::of(session).read(in_sourcestats, &mut row)?;
        let session = match daemon.exchange(Request::SameSource(query.report, record, resend_after), call).await {
            Err(RequestError::NotRepeatable) => {
                resend_after = resend_after.saturating_mul(2);
                continue;
            }
            session => session?,
        };
        if session.number_of_fields() == 0 {
            return Ok(None);
        }
        Record::of(session).read(in_record, &mut row)?;
        return Ok(Some(row));
    }
}

/// Reads a list until it has not changed while it was read, three times at most. `is_changed` may look at the list, and mend it.
async fn read_list<T>(
    daemon: &mut Daemon,
    report: &CStr,
    call: &Call,
    mut read: impl AsyncFnMut(&mut Daemon, c_int) -> Result<Option<T>, RequestError>,
    mut is_changed: impl FnMut(&mut Vec<T>) -> bool,
) -> Result<Vec<T>, RequestError> {
    let mut attempt = 1;
    loop {
        let is_last = attempt == ATTEMPTS;
        match read_backwards(daemon, report, is_last, call, &mut read).await {
            Ok(mut rows) => {
                if !is_changed(&mut rows) || is_last {
                    return Ok(rows);
                }
            }
            Err(RequestError::Response(Code::UnexpectedStatus)) if !is_last => {}
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// Reads a list's records from the last to the first. chronyd closes the gap when a source goes and adds new ones at the
/// end, so in this order a source that was there all the time is never missed, though one may come twice.
///
/// chronyd answers a request for a record beyond the end, or by an address that no source has any more, with an unexpected
/// status: then the list must be read again. The last time, what is gone is left out, unless nothing is left.
async fn read_backwards<T>(
    daemon: &mut Daemon,
    report: &CStr,
    is_last: bool,
    call: &Call,
    read: &mut impl AsyncFnMut(&mut Daemon, c_int) -> Result<Option<T>, RequestError>,
) -> Result<Vec<T>, RequestError> {
    let count = daemon.exchange(Request::Count(report), call).await?.number_of_records();
    if !(0..=MOST_RECORDS).contains(&count) {
        let kind = FieldErrorKind::Range { value: count.to_string(), expected: format!("0 to {MOST_RECORDS}") };
        return Err(RequestError::Field(Box::new(FieldError { field: c"number of records", kind })));
    }
    let (mut rows, mut gone) = (Vec::new(), None);
    for record in (0..count).rev() {
        match read(daemon, record).await {
            Err(error @ RequestError::Response(Code::UnexpectedStatus)) if is_last => gone = Some(error),
            row => rows.extend(row?),
        }
    }
    rows.reverse();
    match gone {
        Some(error) if rows.is_empty() => Err(error),
        _ => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::address::default_candidates;
    use super::super::error::Class;
    use super::super::raw::fake::{self, Content, Input, Output};
    use super::*;
    use crate::reports::REPORTS;

    const RUN: &str = "/run/chrony/chronyd.sock";
    const VAR_RUN: &str = "/var/run/chrony/chronyd.sock";
    const IPV4: &str = "127.0.0.1:323";
    const IPV6: &str = "[::1]:323";

    fn client(address: &str) -> Client {
        Client::new(fake::library(), vec![Address::parse(address.as_bytes()).unwrap()].into())
    }

    fn default_client() -> Client {
        Client::new(fake::library(), default_candidates(None).unwrap())
    }

    fn query(name: &CStr) -> &'static Query {
        &REPORTS.iter().find(|report| report.query.report == name).unwrap().query
    }

    /// Asks for a report within so many seconds.
    fn ask(client: &mut Client, report: &CStr, timeout: Option<f64>) -> Result<Response, Error> {
        let call = fake::call(timeout);
        fake::run(&call, client.report(query(report), &call))
    }

    fn ask_for_activity(client: &mut Client, timeout: Option<f64>) -> Result<Response, Error> {
        ask(client, c"activity", timeout)
    }

    /// The first text in each row of a list, which is the source.
    fn sources(response: Result<Response, Error>) -> Vec<String> {
        let Ok(Response::List(rows)) = response else { panic!("not a list") };
        let text = |value: &Value| match value {
            Value::Text(text) | Value::Name(text) => Some(text.to_string()),
            _ => None,
        };
        rows.iter().filter_map(|row| row.iter().find_map(text)).collect()
    }

    fn class_of(result: Result<Response, Error>) -> Class {
        match result {
            Err(Error::Attempts { class, .. }) => class,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("a response"),
        }
    }

    /// When each request was sent to an address, in seconds.
    fn requests_to(address: &str, log: &[String]) -> Vec<String> {
        let is_request = |line: &&String| line.contains(address) && !line.ends_with("open");
        log.iter().filter(is_request).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }

    fn silent(input: Input<'_>) -> Output {
        let _ = input;
        Output::Nothing
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// A daemon that fails until this time, and then is well.
    fn from(start: f64, before: impl Fn(Input<'_>) -> Output + 'static) -> impl FnMut(Input<'_>) -> Output {
        let mut well = fake::healthy(&[]);
        move |input| if fake::now() < seconds(start) { before(input) } else { well(input) }
    }

    // Resending

    #[test]
    fn a_request_is_sent_again_after_1_2_and_4_seconds_on_either_transport() {
        for address in [RUN, "192.0.2.1"] {
            fake::daemon(address, silent);
            assert_eq!(class_of(ask_for_activity(&mut client(address), Some(10.0))), Class::Silent);
            assert_eq!(requests_to(address, &fake::log()).len(), 4);
        }
    }

    #[test]
    fn requests_are_sent_at_these_times() {
        fake::daemon(RUN, silent);
        let _ = ask_for_activity(&mut client(RUN), Some(20.0));
        assert_eq!(requests_to(RUN, &fake::log()), ["0", "1", "3", "7", "15"]);
        assert_eq!(fake::now(), seconds(20.0));
    }

    #[test]
    fn a_lost_request_costs_the_first_interval() {
        for address in [RUN, "192.0.2.1"] {
            let started = fake::now();
            let lost = Cell::new(false);
            fake::daemon(address, move |input| match input {
                Input::Request(..) if !lost.replace(true) => Output::Nothing,
                _ => fake::healthy(&[])(input),
            });
            assert!(ask_for_activity(&mut client(address), None).is_ok());
            assert_eq!(fake::now() - started, seconds(1.0));
        }
    }

    #[test]
    fn a_late_response_to_an_earlier_request_is_not_taken() {
        let slow = |input: Input<'_>| match input {
            Input::Open => Output::Nothing,
            _ => Output::After(seconds(1.5), Box::new(fake::record("activity", &[]))),
        };
        fake::daemon(RUN, slow);
        assert!(ask_for_activity(&mut client(RUN), Some(5.0)).is_ok());
        // Sent at 0 and 1; the response to the first came at 1.5, that to the second at 2.5.
        assert_eq!(fake::now(), seconds(2.5));
    }

    #[test]
    fn a_full_queue_is_waited_for() {
        let full = Cell::new(3);
        fake::daemon(RUN, move |input| match input {
            Input::Request(..) if full.replace(full.get() - 1) > 0 => Output::Fails(libc::EAGAIN),
            _ => fake::healthy(&[])(input),
        });
        assert!(ask_for_activity(&mut client(RUN), Some(5.0)).is_ok());
        assert_eq!(fake::now(), seconds(0.3));
    }

    #[test]
    fn a_timeout_ends_the_wait_for_a_full_queue() {
        fake::daemon(
            RUN,
            |input| if matches!(input, Input::Open) { Output::Nothing } else { Output::Fails(libc::EAGAIN) },
        );
        assert_eq!(class_of(ask_for_activity(&mut client(RUN), Some(1.0))), Class::Silent);
        assert_eq!(fake::now(), seconds(1.0));
    }

    // Restarts

    #[test]
    fn a_call_goes_on_with_a_chronyd_that_was_stopped_killed_and_started() {
        // Stopped, it takes requests; killed, it takes none; started, it is asked on a new socket.
        let opened = Cell::new(0);
        fake::daemon(RUN, move |input| match input {
            Input::Open => {
                opened.set(opened.get() + 1);
                Output::Nothing
            }
            _ if opened.get() == 2 => fake::healthy(&[])(input),
            _ if fake::now() < seconds(2.0) => Output::Nothing,
            _ => Output::Fails(libc::ECONNREFUSED),
        });
        assert!(ask_for_activity(&mut client(RUN), None).is_ok());
        assert_eq!(fake::now(), seconds(3.0));
    }

    #[test]
    fn a_call_ends_when_its_chronyd_is_gone_for_good() {
        fake::daemon(RUN, |input| match input {
            _ if fake::now() >= seconds(0.5) => Output::Fails(libc::ECONNREFUSED),
            _ => Output::Nothing,
        });
        let error = ask_for_activity(&mut client(RUN), None).err().unwrap();
        assert_eq!((error.errno(), fake::now()), (Some(libc::ECONNREFUSED), seconds(1.0)));
        assert!(matches!(error, Error::Attempts { class: Class::Unreachable, .. }));
    }

    #[test]
    fn a_list_is_read_anew_from_a_chronyd_that_was_restarted_meanwhile() {
        let failed = Cell::new(false);
        fake::daemon(RUN, move |input| match input {
            Input::Request(_, Some(0)) if !failed.replace(true) => Output::Fails(libc::ECONNREFUSED),
            _ => fake::healthy(&["192.0.2.1", "192.0.2.2"])(input),
        });
        assert_eq!(sources(ask(&mut client(RUN), c"sources", Some(3.0))), ["192.0.2.1", "192.0.2.2"]);
    }

    #[test]
    fn an_open_connection_opens_another_socket_after_a_restart() {
        let generation = Rc::new(Cell::new(0));
        let (shared, opened) = (Rc::clone(&generation), Cell::new(0));
        fake::daemon(RUN, move |input| match input {
            Input::Open => {
                opened.set(shared.get());
                Output::Nothing
            }
            _ if opened.get() != shared.get() => Output::Fails(libc::ECONNREFUSED),
            _ => fake::healthy(&[])(input),
        });
        let mut client = client(RUN);
        assert!(ask_for_activity(&mut client, Some(3.0)).is_ok());
        generation.set(1);
        assert!(ask_for_activity(&mut client, Some(3.0)).is_ok());
        assert_eq!(fake::now(), seconds(0.0));
    }

    #[test]
    fn an_open_connection_of_the_default_addresses_moves_on_when_its_chronyd_is_gone() {
        let gone = Rc::new(Cell::new(false));
        let is_gone = Rc::clone(&gone);
        fake::daemon(
            RUN,
            move |input| if is_gone.get() { Output::Fails(libc::ENOENT) } else { fake::healthy(&[])(input) },
        );
        fake::daemon(IPV4, fake::healthy(&[]));
        let mut client = default_client();
        assert!(ask_for_activity(&mut client, Some(3.0)).is_ok());
        gone.set(true);
        assert!(ask_for_activity(&mut client, Some(3.0)).is_ok());
        assert_eq!(client.address().unwrap().to_string(), IPV4);
    }

    // The default addresses

    #[test]
    fn lost_replies_on_the_unix_socket_are_found_at_the_command_port() {
        fake::daemon(RUN, silent);
        fake::daemon(IPV4, fake::healthy(&[]));
        assert!(ask_for_activity(&mut default_client(), Some(3.0)).is_ok());
        assert_eq!(fake::now(), seconds(0.5));
    }

    #[test]
    fn a_part_of_the_timeout_is_a_second_at_most() {
        for timeout in [None, Some(60.0)] {
            let started = fake::now();
            fake::daemon(RUN, silent);
            fake::daemon(IPV4, fake::healthy(&[]));
            assert!(ask_for_activity(&mut default_client(), timeout).is_ok());
            assert_eq!(fake::now() - started, seconds(1.0));
        }
    }

    #[test]
    fn all_four_addresses_are_tried_in_the_default_timeout_and_each_is_told() {
        for address in [RUN, VAR_RUN, IPV4, IPV6] {
            fake::daemon(address, silent);
        }
        let error = ask_for_activity(&mut default_client(), Some(3.0)).err().unwrap();
        assert!(matches!(error, Error::Attempts { class: Class::Silent, .. }));
        let text = error.to_string();
        for address in [RUN, VAR_RUN, IPV4, IPV6] {
            assert!(text.contains(&format!("{address}: no response")), "{text}");
        }
        assert_eq!(fake::now(), seconds(3.0));
    }

    #[test]
    fn a_slow_chronyd_is_asked_again_for_longer() {
        // Each of the four addresses is one chronyd, which takes 0.9 s to respond.
        for address in [RUN, VAR_RUN, IPV4, IPV6] {
            fake::daemon(address, |input| match input {
                Input::Open => Output::Nothing,
                _ => Output::After(seconds(0.9), Box::new(fake::record("activity", &[]))),
            });
        }
        assert!(ask_for_activity(&mut default_client(), Some(3.0)).is_ok());
        assert_eq!(fake::now(), seconds(2.0 + 0.9));
    }

    #[test]
    fn a_chronyd_that_is_stopped_for_long_is_answered_by_when_it_goes_on() {
        for address in [RUN, IPV4] {
            fake::daemon(address, from(100.0, silent));
        }
        fake::daemon(IPV6, |_| Output::Fails(libc::ECONNREFUSED));
        assert!(ask_for_activity(&mut default_client(), None).is_ok());
        assert!(fake::now() < seconds(200.0));
    }

    #[test]
    fn the_only_silent_address_is_given_the_rest_of_the_timeout() {
        fake::daemon(RUN, |_| Output::Fails(libc::EACCES));
        fake::daemon(IPV4, from(4.0, silent));
        assert!(ask_for_activity(&mut default_client(), Some(10.0)).is_ok());
        assert_eq!(requests_to(IPV4, &fake::log()), ["0", "1", "2", "4"]);
    }

    #[test]
    fn an_address_that_responded_once_is_not_left_for_another() {
        fake::daemon(RUN, |input| match input {
            Input::Request(_, Some(1)) => Output::After(
                seconds(0.8),
                Box::new(fake::record("sources", &[(c"address", fake::address_field("::1"))])),
            ),
            _ => fake::healthy(&["192.0.2.1", "::1"])(input),
        });
        fake::daemon(IPV4, fake::healthy(&[]));
        assert_eq!(sources(ask(&mut default_client(), c"sources", Some(3.0))).len(), 2);
    }

    #[test]
    fn an_address_that_is_given_is_the_only_one_tried() {
        fake::daemon(RUN, silent);
        fake::daemon(IPV4, fake::healthy(&[]));
        assert_eq!(class_of(ask_for_activity(&mut client(RUN), Some(3.0))), Class::Silent);
    }

    #[test]
    fn unauthorized_at_the_port_ends_the_call_unless_the_socket_was_silent() {
        let refuses = |input: Input<'_>| match input {
            Input::Open => Output::Nothing,
            _ => Output::Error(fake::UNAUTHORIZED),
        };
        fake::daemon(RUN, |_| Output::Fails(libc::EACCES));
        fake::daemon(IPV4, refuses);
        fake::daemon(IPV6, silent);
        assert_eq!(class_of(ask(&mut default_client(), c"serverstats", Some(3.0))), Class::Unauthorized);
        assert_eq!(fake::now(), seconds(0.0));
        fake::daemon(RUN, |input| match input {
            Input::Open => Output::Nothing,
            _ => Output::After(seconds(0.8), Box::new(fake::record("serverstats", &[]))),
        });
        fake::daemon(IPV6, refuses);
        assert!(ask(&mut default_client(), c"serverstats", Some(3.0)).is_ok());
    }

    #[test]
    fn a_port_where_nobody_listens_is_found_when_receiving() {
        fake::daemon(IPV4, |input| match input {
            Input::Open => Output::Nothing,
            _ => Output::ReceivingFails(libc::ECONNREFUSED),
        });
        let error = ask_for_activity(&mut default_client(), Some(3.0)).err().unwrap();
        assert!(matches!(error, Error::Attempts { class: Class::Unreachable, .. }));
        assert!(error.to_string().contains("receiving failed: Connection refused"), "{error}");
    }

    // Lists

    #[test]
    fn a_list_is_read_from_its_end() {
        fake::daemon(RUN, fake::healthy(&["192.0.2.1", "192.0.2.2", "192.0.2.3"]));
        assert_eq!(sources(ask(&mut client(RUN), c"sources", None)), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        let log = fake::log();
        assert_eq!(
            log[1..],
            [
                "0 /run/chrony/chronyd.sock sources",
                "0 /run/chrony/chronyd.sock sources 2",
                "0 /run/chrony/chronyd.sock sources 1",
                "0 /run/chrony/chronyd.sock sources 0"
            ]
        );
    }

    #[test]
    fn a_source_that_moves_while_the_list_is_read_is_there_once() {
        let asked = Cell::new(0);
        fake::daemon(RUN, move |input| {
            if matches!(input, Input::Request(_, Some(_))) {
                asked.set(asked.get() + 1);
            }
            // After two records the first source goes, and the others move down.
            if asked.get() < 2 {
                fake::healthy(&["192.0.2.1", "192.0.2.2", "192.0.2.3"])(input)
            } else {
                fake::healthy(&["192.0.2.2", "192.0.2.3"])(input)
            }
        });
        assert_eq!(sources(ask(&mut client(RUN), c"sources", None)), ["192.0.2.2", "192.0.2.3"]);
    }

    #[test]
    fn a_list_that_shrinks_is_read_three_times_at_most() {
        fake::daemon(RUN, |input| match input {
            Input::Request(_, None) => Output::Count(2),
            _ => fake::healthy(&["192.0.2.1"])(input),
        });
        assert_eq!(sources(ask(&mut client(RUN), c"sources", None)), ["192.0.2.1"]);
        assert_eq!(fake::log().iter().filter(|line| line.ends_with(" sources")).count(), 3);
    }

    #[test]
    fn reference_clocks_of_one_name_are_as_many_records_in_every_list() {
        // A name of a reference clock may look like an address, or like what stands for one.
        for name in [*b"ID#1", *b"::1\0", *b"GPS\0"] {
            let id = Content::Unsigned(u32::from_be_bytes(name).into());
            for report in [c"sources", c"sourcestats", c"selectdata"] {
                let id = id.clone();
                fake::daemon(RUN, move |input| match input {
                    Input::Open => Output::Nothing,
                    Input::Request(_, None) => Output::Count(3),
                    Input::Request(report, Some(1)) => {
                        fake::record(report, &[(c"address", fake::address_field("192.0.2.1"))])
                    }
                    Input::Request(report, Some(_)) => fake::record(report, &[(c"reference ID", id.clone())]),
                });
                assert_eq!(sources(ask(&mut client(RUN), report, None)).len(), 3, "{report:?}");
            }
            let mut client = client(RUN);
            let call = fake::call(None);
            assert_eq!(fake::run(&call, client.raw_report("sources", &call)).unwrap().len(), 3);
        }
    }

    #[test]
    fn an_impossible_number_of_records_is_an_error() {
        for count in [-1, MOST_RECORDS + 1] {
            fake::daemon(RUN, move |input| match input {
                Input::Request(_, None) => Output::Count(count),
                _ => Output::Nothing,
            });
            let error = ask(&mut client(RUN), c"sources", None).err().unwrap();
            assert_eq!(error.code(), Some(Code::FieldRange as c_int));
        }
    }

    #[test]
    fn a_record_by_address_that_is_lost_is_asked_for_together_with_its_address() {
        let lost = Cell::new(false);
        fake::daemon(RUN, move |input| match input {
            Input::Request("ntpdata" | "authdata", Some(_)) if !lost.replace(true) => Output::Nothing,
            _ => fake::healthy(&["192.0.2.1"])(input),
        });
        assert_eq!(sources(ask(&mut client(RUN), c"authdata", None)), ["192.0.2.1"]);
        let asked: Vec<_> = fake::log().iter().map(|line| line.rsplit("sock ").next().unwrap().to_owned()).collect();
        assert_eq!(asked, ["open", "authdata", "sourcestats 0", "authdata 0", "open", "sourcestats 0", "authdata 0"]);
        assert_eq!(fake::now(), seconds(1.0));
    }

    const LISTS: [&CStr; 5] = [c"sources", c"sourcestats", c"selectdata", c"authdata", c"ntpdata"];

    #[test]
    fn any_lost_request_of_any_list_is_sent_again_on_either_transport() {
        const ADDRESSES: &[&str] = &["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
        for (report, address) in LISTS.iter().flat_map(|report| [(report, RUN), (report, "192.0.2.9")]) {
            let requests = if matches!(report.to_bytes(), b"authdata" | b"ntpdata") { 9 } else { 5 };
            for lost in 0..requests {
                let (number, started) = (Cell::new(-1), fake::now());
                let mut well = fake::healthy(ADDRESSES);
                fake::daemon(address, move |input| {
                    if matches!(input, Input::Request(..)) {
                        number.set(number.get() + 1);
                        if number.get() == lost {
                            return Output::Nothing;
                        }
                    }
                    well(input)
                });
                let found = sources(ask(&mut client(address), report, Some(30.0)));
                if *report != c"selectdata" {
                    assert_eq!(found, ADDRESSES, "{report:?}, {lost}");
                }
                assert_eq!(fake::now() - started, seconds(1.0), "{report:?}, {lost}");
            }
        }
    }

    #[test]
    fn a_source_that_goes_before_its_request_is_resent_gives_its_address_to_no_other() {
        // The request by address is lost, and by the time it would be resent, the source is gone and another has its number.
        for report in [c"authdata", c"ntpdata"] {
            let lost = Cell::new(false);
            let name = report.to_str().unwrap();
            fake::daemon(RUN, move |input| match input {
                Input::Request(report, Some(1)) if report == name && !lost.replace(true) => Output::Nothing,
                _ if lost.get() => fake::healthy(&["192.0.2.1", "192.0.2.3"])(input),
                _ => fake::healthy(&["192.0.2.1", "192.0.2.2", "192.0.2.3"])(input),
            });
            let found = sources(ask(&mut client(RUN), report, Some(30.0)));
            assert_eq!(found, ["192.0.2.1", "192.0.2.3"], "{report:?}");
            // Each request by address follows one for the address, in the same session.
            let log = fake::log();
            for pair in log.windows(2).filter(|pair| pair[1].contains(&format!("{name} "))) {
                assert!(pair[0].contains("sourcestats"), "{log:?}");
            }
        }
    }

    #[test]
    fn a_session_in_which_a_request_failed_is_not_asked_again() {
        for report in [c"authdata", c"ntpdata", c"sources"] {
            let opened = Rc::new(Cell::new(0));
            let (shared, failed_in) = (Rc::clone(&opened), Cell::new(-1));
            fake::daemon(RUN, move |input| match input {
                Input::Open => {
                    shared.set(shared.get() + 1);
                    Output::Nothing
                }
                Input::Request(_, Some(2)) if failed_in.get() < 0 => {
                    failed_in.set(shared.get());
                    Output::Error(fake::UNEXPECTED_STATUS)
                }
                _ => {
                    assert_ne!(failed_in.get(), shared.get(), "that session is used again");
                    fake::healthy(&["192.0.2.1", "192.0.2.2", "192.0.2.3"])(input)
                }
            });
            assert_eq!(sources(ask(&mut client(RUN), report, None)).len(), 3);
            assert_eq!(opened.get(), 2);
        }
    }

    #[test]
    fn a_response_to_a_call_that_was_given_up_is_not_taken_for_that_to_the_next() {
        let number = Cell::new(0);
        fake::daemon(RUN, move |input| match input {
            Input::Open => Output::Nothing,
            _ => {
                number.set(number.get() + 1);
                let response = fake::record("activity", &[(c"online sources", Content::Unsigned(number.get()))]);
                let delay = if number.get() % 2 == 1 { 0.3 } else { 0.2 };
                Output::After(seconds(delay), Box::new(response))
            }
        });
        let mut client = client(RUN);
        for round in 0..3 {
            assert_eq!(class_of(ask_for_activity(&mut client, Some(0.25))), Class::Silent);
            let Ok(Response::Record(row)) = ask_for_activity(&mut client, Some(0.25)) else { panic!("no record") };
            assert!(row.contains(&Value::Unsigned(2 * round + 2)), "{row:?}");
        }
    }

    // Single records

    #[test]
    fn what_is_not_enabled_is_no_error_and_keeps_the_session() {
        fake::daemon(RUN, |input| match input {
            Input::Request("smoothing", _) => Output::Error(fake::DISABLED),
            _ => fake::healthy(&[])(input),
        });
        let mut client = client(RUN);
        assert!(matches!(ask(&mut client, c"smoothing", None), Ok(Response::NotEnabled)));
        assert!(ask_for_activity(&mut client, None).is_ok());
        assert_eq!(fake::log().iter().filter(|line| line.ends_with("open")).count(), 1);
    }

    #[test]
    fn a_session_in_which_a_field_was_wrong_is_not_used_again() {
        let wrong = Cell::new(true);
        fake::daemon(RUN, move |input| match input {
            Input::Request(report, Some(_)) if wrong.replace(false) => {
                fake::record(report, &[(c"online sources", Content::Float(1.0))])
            }
            _ => fake::healthy(&[])(input),
        });
        let mut client = client(RUN);
        let error = ask_for_activity(&mut client, None).err().unwrap();
        assert_eq!(error.code(), Some(Code::FieldType as c_int));
        assert!(ask_for_activity(&mut client, None).is_ok());
        assert_eq!(fake::log().iter().filter(|line| line.ends_with("open")).count(), 2);
    }

    #[test]
    fn the_placeholder_of_an_unresolved_address_is_none_where_only_an_address_may_stand() {
        let field = query(c"ntpdata").fields.iter().position(|field| field.source == c"remote address").unwrap();
        fake::daemon(RUN, |input| match input {
            Input::Request("ntpdata", Some(_)) => {
                fake::record("ntpdata", &[(c"remote address", fake::address_field("ID#0000000001"))])
            }
            _ => fake::healthy(&["ID#0000000001"])(input),
        });
        let Ok(Response::List(rows)) = ask(&mut client(RUN), c"ntpdata", None) else { panic!("not a list") };
        assert_eq!(rows[0][field], Value::Missing);
    }

    /// A number for each field of a report that is none of chronyd's placeholders.
    fn measured(query: &Query) -> Vec<(&'static CStr, Content)> {
        let fields = query.fields.iter().filter(|field| !matches!(field.presence, Presence::Sourcestats));
        let content = |kind: &Kind| match kind {
            Kind::Signed(..) => Content::Signed(3),
            Kind::Offset | Kind::Measure => Content::Float(3.0),
            Kind::Seconds | Kind::Nanoseconds => Content::Time,
            Kind::Address | Kind::Source => fake::address_field("192.0.2.1"),
            Kind::Enum(_) | Kind::Boolean => Content::Unsigned(1),
            _ => Content::Unsigned(3),
        };
        fields.map(|field| (field.source, content(&field.kind))).collect()
    }

    /// The values of a report's first record if chronyd sends these fields.
    fn row(query: &'static Query, fields: Vec<(&'static CStr, Content)>) -> Row {
        fake::daemon(RUN, move |input| match input {
            Input::Request(report, Some(_)) if report.as_bytes() == query.report.to_bytes() => {
                fake::record(report, &fields)
            }
            _ => fake::healthy(&["192.0.2.1"])(input),
        });
        match ask(&mut client(RUN), query.report, None).unwrap() {
            Response::Record(row) => row,
            Response::List(mut rows) => rows.remove(0),
            Response::NotEnabled => panic!("not enabled"),
        }
    }

    #[test]
    fn a_field_is_none_under_each_of_its_conditions_and_no_other() {
        let mut conditions = 0;
        for query in REPORTS.iter().map(|report| &report.query) {
            let complete = row(query, measured(query));
            for (index, field) in query.fields.iter().enumerate() {
                let Presence::Unless(condition, _) = field.presence else { continue };
                assert_ne!(complete[index], Value::Missing, "{:?}", field.name);
                for fields in condition.any {
                    let kind = |name: &CStr| &query.fields.iter().find(|field| field.source == name).unwrap().kind;
                    let mut sent = measured(query);
                    for (name, content) in &mut sent {
                        let Some((_, value)) = fields.iter().find(|(other, _)| other == name) else { continue };
                        *content = match kind(name) {
                            Kind::Offset | Kind::Measure => Content::Float(*value),
                            Kind::Seconds | Kind::Nanoseconds => continue, // here, a time is never 0
                            _ => Content::Unsigned(*value as u64),
                        };
                        conditions += 1;
                    }
                    if fields.iter().any(|(name, _)| matches!(kind(name), Kind::Seconds)) {
                        continue;
                    }
                    assert_eq!(row(query, sent)[index], Value::Missing, "{:?}: {:?}", field.name, condition.name);
                }
            }
        }
        assert!(conditions > 30);
    }

    #[test]
    fn an_unknown_report_is_named_with_those_that_are_known() {
        let mut client = client(RUN);
        let call = fake::call(None);
        let error = fake::run(&call, client.raw_report("unheard of", &call)).err().unwrap();
        assert!(error.to_string().contains("this libchrony knows tracking, sources"), "{error}");
    }
}
