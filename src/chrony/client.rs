//! Whole reports: which address to ask, when to open a session anew, and how to read a list that changes meanwhile.

use std::collections::HashSet;
use std::ffi::{CStr, c_int};
use std::net::IpAddr;
use std::rc::Rc;

use super::address::{Address, Candidates};
use super::error::{Attempt, Code, Error, Fault, FieldError, Flaw, INHERITED};
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
/// No chronyd has more sources. A larger count is a corrupt answer, which would keep us asking.
const MOST_RECORDS: c_int = 0xffff;
const SOURCESTATS: &CStr = c"sourcestats";

/// Someone who asks chronyd, now and perhaps again.
pub struct Client {
    library: &'static Library,
    candidates: Candidates,
    conversation: Option<Conversation>,
}

impl Client {
    /// A client of the first candidate that can be reached.
    pub fn new(library: &'static Library, candidates: Candidates) -> Self {
        Self { library, candidates, conversation: None }
    }

    /// The address in use, while a session is open.
    pub fn address(&self) -> Option<&Address> {
        self.conversation.as_ref().map(|conversation| &conversation.address)
    }

    /// An address of another host among those that may be asked.
    pub fn foreign_address(&self) -> Option<&Address> {
        self.candidates.iter().find(|address| !address.is_local())
    }

    /// The descriptor of the session's socket, while one is open.
    pub fn fd(&self) -> Option<c_int> {
        Some(self.conversation.as_ref()?.session.as_ref()?.raw().fd())
    }

    /// Opens a session at the first candidate where that succeeds, and asks nothing yet.
    pub async fn open(&mut self, call: &Call) -> Result<(), Error> {
        self.ask(c"", call, async |conversation| conversation.open()).await
    }

    /// A report's records.
    pub async fn report(&mut self, query: &'static Query, call: &Call) -> Result<Response, Error> {
        let is_one = matches!(query.shape, Shape::One | Shape::OneIfEnabled);
        self.ask(query.report, call, async |conversation| {
            let response = if is_one {
                read_record(conversation, query, 0, call).await.map(Response::Record)
            } else {
                read_sources(conversation, query, call).await.map(Response::List)
            };
            match response {
                Err(Fault::Answer(Code::Disabled)) if query.shape == Shape::OneIfEnabled => Ok(Response::NotEnabled),
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
        self.ask(report, call, async |conversation| {
            let read = async |conversation: &mut Conversation, record| {
                Record::of(conversation.exchange(Request::Record(report, record), call).await?).read_all().map(Some)
            };
            let address = |row: &RawRow| row.iter().find_map(|(_, value)| address_of(value));
            let mend = |rows: &mut Vec<RawRow>| {
                drop_repetitions(rows, address);
                false
            };
            match read_list(conversation, report, call, read, mend).await {
                Err(Fault::Answer(Code::Disabled)) => Ok(Vec::new()),
                rows => rows,
            }
        })
        .await
    }

    /// Asks in the conversation that is open, or else in one with the first candidate that can be reached.
    async fn ask<T>(
        &mut self,
        report: &CStr,
        call: &Call,
        mut ask: impl AsyncFnMut(&mut Conversation) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        if let Some(mut conversation) = self.conversation.take() {
            match ask(&mut conversation).await {
                Ok(answer) => {
                    self.conversation = Some(conversation);
                    return Ok(answer);
                }
                // chronyd is gone, or was started anew: it may be there again, or at another address.
                Err(Fault::System { .. }) => {}
                Err(fault) => return Err(error(fault, report, &conversation.address, call, Vec::new())),
            }
        }
        let mut attempts = Vec::new();
        for address in self.candidates.iter() {
            let mut conversation = Conversation::new(self.library, address.clone());
            match ask(&mut conversation).await {
                Ok(answer) => {
                    self.conversation = Some(conversation);
                    return Ok(answer);
                }
                Err(Fault::System { code, errno }) => {
                    attempts.push(Attempt { address: conversation.address, code, errno });
                }
                Err(fault) => return Err(error(fault, report, address, call, attempts)),
            }
        }
        Err(Error::from_attempts(attempts))
    }
}

/// A conversation with the daemon at one address, in one session after another: a session in which a request fails is
/// dropped. "Not enabled" is no failure, but an answer like any other.
struct Conversation {
    library: &'static Library,
    address: Address,
    /// Boxed, because each call that uses it takes it out and puts it back.
    session: Option<Box<Session>>,
}

impl Conversation {
    fn new(library: &'static Library, address: Address) -> Self {
        Self { library, address, session: None }
    }

    fn open(&mut self) -> Result<(), Fault> {
        self.session = Some(Box::new(Session::open(self.library, &self.address)?));
        Ok(())
    }

    /// Asks, and returns the session that has the answer.
    async fn exchange(&mut self, request: Request<'_>, call: &Call) -> Result<&RawSession, Fault> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Box::new(Session::open(self.library, &self.address)?),
        };
        let (session, is_enabled) = session.exchange(request, call).await?;
        let session = self.session.insert(session);
        if is_enabled { Ok(session.raw()) } else { Err(Fault::Answer(Code::Disabled)) }
    }
}

/// Reads the records of a list whose rows are checked by the query's fields.
async fn read_sources(conversation: &mut Conversation, query: &'static Query, call: &Call) -> Result<Vec<Row>, Fault> {
    let address = query.fields.iter().position(|field| matches!(field.kind, Kind::Source)).unwrap_or(0);
    let read = async |conversation: &mut Conversation, record| read_source(conversation, query, record, call).await;
    read_list(conversation, query.report, call, read, |rows| {
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

/// A source's address, or the placeholder that chronyd gives it until its name is resolved; None for any other name.
fn address_of(value: &Value) -> Option<Rc<str>> {
    match value {
        Value::Text(name) if name.parse::<IpAddr>().is_ok() || name.starts_with("ID#") => Some(Rc::clone(name)),
        _ => None,
    }
}

/// Reads one source's record; None if it has none.
async fn read_source(
    conversation: &mut Conversation,
    query: &'static Query,
    record: c_int,
    call: &Call,
) -> Result<Option<Row>, Fault> {
    if query.shape == Shape::PerAddress {
        return read_by_address(conversation, query, record, call).await;
    }
    read_record(conversation, query, record, call).await.map(Some)
}

/// Reads a record that is asked for by its number.
async fn read_record(
    conversation: &mut Conversation,
    query: &'static Query,
    record: c_int,
    call: &Call,
) -> Result<Row, Fault> {
    let session = conversation.exchange(Request::Record(query.report, record), call).await?;
    let mut row = Row::with_capacity(query.fields.len());
    Record::of(session).read(query.fields, &mut row)?;
    Ok(row)
}

/// Reads one source's address, and the record that is asked for by it. Both are of one source, or both are read anew.
async fn read_by_address(
    conversation: &mut Conversation,
    query: &'static Query,
    record: c_int,
    call: &Call,
) -> Result<Option<Row>, Fault> {
    let is_in_sourcestats = |field: &Field| field.presence == Presence::Sourcestats;
    let (in_sourcestats, in_record) = query.fields.split_at(query.fields.partition_point(is_in_sourcestats));
    let mut resend_after = FIRST_RESEND;
    loop {
        let mut row = Row::with_capacity(query.fields.len());
        // libchrony asks for the source's address anyway, unless this very record was read last.
        let session = conversation.exchange(Request::Record(SOURCESTATS, record), call).await?;
        Record::of(session).read(in_sourcestats, &mut row)?;
        let session = match conversation.exchange(Request::SameSource(query.report, record, resend_after), call).await {
            Err(Fault::Unanswered) => {
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

/// Reads a list until it has not changed meanwhile, three times at most. `is_changed` may look at the list, and mend it.
async fn read_list<T>(
    conversation: &mut Conversation,
    report: &CStr,
    call: &Call,
    mut read: impl AsyncFnMut(&mut Conversation, c_int) -> Result<Option<T>, Fault>,
    mut is_changed: impl FnMut(&mut Vec<T>) -> bool,
) -> Result<Vec<T>, Fault> {
    let mut attempt = 1;
    loop {
        let is_last = attempt == ATTEMPTS;
        match read_backwards(conversation, report, is_last, call, &mut read).await {
            Ok(mut rows) => {
                if !is_changed(&mut rows) || is_last {
                    return Ok(rows);
                }
            }
            Err(Fault::Answer(Code::UnexpectedStatus)) if !is_last => {}
            Err(fault) => return Err(fault),
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
    conversation: &mut Conversation,
    report: &CStr,
    is_last: bool,
    call: &Call,
    read: &mut impl AsyncFnMut(&mut Conversation, c_int) -> Result<Option<T>, Fault>,
) -> Result<Vec<T>, Fault> {
    let count = conversation.exchange(Request::Count(report), call).await?.number_of_records();
    if !(0..=MOST_RECORDS).contains(&count) {
        let why = Flaw::Range { value: count.to_string(), expected: format!("0 to {MOST_RECORDS}") };
        return Err(Fault::Field(Box::new(FieldError { field: c"number of records", why })));
    }
    let (mut rows, mut gone) = (Vec::new(), None);
    for record in (0..count).rev() {
        match read(conversation, record).await {
            Err(fault @ Fault::Answer(Code::UnexpectedStatus)) if is_last => gone = Some(fault),
            row => rows.extend(row?),
        }
    }
    rows.reverse();
    match gone {
        Some(fault) if rows.is_empty() => Err(fault),
        _ => Ok(rows),
    }
}

fn text(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

/// What a fault means to the user, who asked this address for this report, after the earlier addresses.
fn error(fault: Fault, report: &CStr, address: &Address, call: &Call, earlier: Vec<Attempt>) -> Error {
    let (report, address, timeout) = (text(report), address.clone(), call.timeout());
    match fault {
        Fault::System { code, errno } => Error::from_attempts(vec![Attempt { address, code, errno }]),
        Fault::Silence { ignored } => Error::Timeout { report, address, timeout, ignored, earlier },
        Fault::Unanswered => Error::Timeout { report, address, timeout, ignored: 0, earlier },
        Fault::Answer(Code::Unauthorized) => Error::Unauthorized { report, address },
        Fault::Answer(Code::UnknownReport) => Error::UnknownReport { report },
        Fault::Answer(code) => Error::Answer { report, address, code },
        Fault::Library(error) => Error::Library { address, error },
        Fault::Field(error) => Error::Field { report, address, error },
        Fault::Inherited => INHERITED,
    }
}
