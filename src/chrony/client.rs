//! Whole reports: which address to ask, when to open a session anew, and how to read a list that changes meanwhile.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::{CStr, c_int};
use std::net::IpAddr;

use super::address::{Address, DEFAULTS};
use super::error::{Attempt, Code, Error, Fault, Flaw, INHERITED};
use super::library::Library;
use super::record::{Field, Kind, Presence, Record, Value};
use super::session::{Patience, Request, Session};

/// How a report is asked for, and what its records hold.
pub struct Query {
    /// libchrony's name of the report.
    pub report: &'static CStr,
    pub shape: Shape,
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

/// A record's values, in the order of the query's fields.
pub type Row = Vec<Value>;
/// A record under libchrony's own names.
pub type RawRow = Vec<(Box<CStr>, Value)>;

/// So often a list is read when it changes while it is read.
const ATTEMPTS: u32 = 3;
/// No chronyd has more sources. A count beyond is a corrupt answer, which would keep us asking.
const MOST_RECORDS: c_int = 0xffff;
const SOURCESTATS: &CStr = c"sourcestats";

/// Someone who asks chronyd, now and perhaps again.
pub struct Client {
    library: &'static Library,
    addresses: Cow<'static, [Address]>,
    session: Option<Session>,
}

impl Client {
    /// A client of the daemon at this address, or at the first default address that answers.
    pub fn new(library: &'static Library, address: Option<Address>) -> Self {
        let addresses = address.map_or(Cow::Borrowed(&DEFAULTS[..]), |address| Cow::Owned(vec![address]));
        Self { library, addresses, session: None }
    }

    /// The session in use, if one is open.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Opens a session at the first address that lets it, and asks nothing yet.
    pub fn open(&mut self, patience: &mut Patience<'_>) -> Result<(), Error> {
        self.ask(c"", patience, |_, _| Ok(()))
    }

    /// A report's records; None where what it is about is not enabled.
    pub fn report(&mut self, query: &Query, patience: &mut Patience<'_>) -> Result<Option<Vec<Row>>, Error> {
        self.ask(query.report, patience, |session, patience| {
            let rows = match query.shape {
                Shape::One | Shape::OneIfEnabled => read_one(session, query, patience),
                Shape::PerSource | Shape::PerAddress => read_list(session, query, patience),
            };
            match rows {
                Err(Fault::Answer(Code::Disabled)) if query.shape == Shape::OneIfEnabled => Ok(None),
                rows => rows.map(Some),
            }
        })
    }

    /// Any report that libchrony knows, under libchrony's own names.
    pub fn raw_report(&mut self, name: &str, patience: &mut Patience<'_>) -> Result<Vec<RawRow>, Error> {
        let known = self.library.reports();
        let Some(&report) = known.iter().find(|known| known.to_bytes() == name.as_bytes()) else {
            let known = known.into_iter().map(text).collect();
            return Err(Error::UnknownName { name: name.to_owned(), known });
        };
        self.ask(report, patience, |session, patience| {
            read_again(|attempt| {
                let rows = read_backwards(session, report, attempt, patience, |session, record, patience| {
                    session.exchange(Request::Record(report, record), patience)?;
                    Record::of(session).read_all().map(Some)
                })?;
                Ok((rows, false))
            })
        })
    }

    /// Has the session that is open do the asking, or else one with the first address that answers. A session that
    /// failed is never used again, so a late answer goes to a socket that is closed.
    fn ask<T>(
        &mut self,
        report: &CStr,
        patience: &mut Patience<'_>,
        mut ask: impl FnMut(&mut Session, &mut Patience<'_>) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        if let Some(mut session) = self.session.take() {
            match ask(&mut session, patience) {
                Ok(answer) => {
                    self.session = Some(session);
                    return Ok(answer);
                }
                // chronyd is gone, or was started anew: it may be there again, or at another address.
                Err(Fault::System { .. }) => {}
                Err(fault) => return Err(error(fault, report, session.address(), patience)),
            }
        }
        let mut attempts = Vec::new();
        for address in self.addresses.iter() {
            let asked = Session::open(self.library, address)
                .and_then(|mut session| ask(&mut session, patience).map(|answer| (session, answer)));
            match asked {
                Ok((session, answer)) => {
                    self.session = Some(session);
                    return Ok(answer);
                }
                Err(Fault::System { code, errno }) => {
                    attempts.push(Attempt { address: text(address.as_c_str()), code, errno });
                }
                Err(fault) => return Err(error(fault, report, address, patience)),
            }
        }
        Err(Error::from_attempts(attempts))
    }
}

fn read_one(session: &mut Session, query: &Query, patience: &mut Patience<'_>) -> Result<Vec<Row>, Fault> {
    session.exchange(Request::Record(query.report, 0), patience)?;
    let mut row = Row::with_capacity(query.fields.len());
    read_fields(session, query.fields.iter(), &mut row)?;
    Ok(vec![row])
}

fn read_list(session: &mut Session, query: &Query, patience: &mut Patience<'_>) -> Result<Vec<Row>, Fault> {
    read_again(|attempt| {
        let mut rows = read_backwards(session, query.report, attempt, patience, |session, record, patience| {
            read_source(session, query, record, patience)
        })?;
        let address = query.fields.iter().position(|field| matches!(field.kind, Kind::Source)).unwrap_or(0);
        // An address is one source's: where it comes again, the source moved down while the list was read. Of reference
        // clocks' names nobody can say so: two that have one name are still two the third time.
        let mut seen = HashSet::new();
        rows.retain(|row| match &row[address] {
            Value::Text(name) if is_address(name) => seen.insert(name.clone()),
            _ => true,
        });
        let changed = rows.windows(2).any(|pair| pair[0][address] == pair[1][address]);
        Ok((rows, changed))
    })
}

/// Whether a source's name is an address, if only the one that chronyd gives it until its name is resolved.
fn is_address(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok() || name.starts_with("ID#")
}

/// Reads one source's record; None where it has none.
fn read_source(
    session: &mut Session,
    query: &Query,
    record: c_int,
    patience: &mut Patience<'_>,
) -> Result<Option<Row>, Fault> {
    let is_elsewhere = |field: &&Field| field.presence == Presence::Sourcestats;
    let mut row = Row::with_capacity(query.fields.len());
    if query.shape == Shape::PerAddress {
        // libchrony asks for the source's address anyway, unless this very record was read last.
        session.exchange(Request::Record(SOURCESTATS, record), patience)?;
        read_fields(session, query.fields.iter().filter(is_elsewhere), &mut row)?;
    }
    session.exchange(Request::Record(query.report, record), patience)?;
    if query.shape == Shape::PerAddress && Record::of(session).number_of_fields() == 0 {
        return Ok(None);
    }
    read_fields(session, query.fields.iter().filter(|field| !is_elsewhere(field)), &mut row)?;
    Ok(Some(row))
}

fn read_fields<'f>(session: &Session, fields: impl Iterator<Item = &'f Field>, row: &mut Row) -> Result<(), Fault> {
    let record = Record::of(session);
    for field in fields {
        row.push(record.read(field)?);
    }
    Ok(())
}

/// Reads a list's records from the last to the first. chronyd closes the gap when a source goes and adds new ones at the
/// end, so in this order a source that was there all the time is never missed, though one may come twice.
///
/// A record asked for beyond the end, or by an address that is no source's any more, is answered with an unexpected status:
/// then the list is to be read again. The last time what is gone is left out, unless nothing is left.
fn read_backwards<T>(
    session: &mut Session,
    report: &CStr,
    attempt: u32,
    patience: &mut Patience<'_>,
    mut read: impl FnMut(&mut Session, c_int, &mut Patience<'_>) -> Result<Option<T>, Fault>,
) -> Result<Vec<T>, Fault> {
    session.exchange(Request::Count(report), patience)?;
    let count = session.number_of_records();
    if !(0..=MOST_RECORDS).contains(&count) {
        let why = Flaw::Range { value: count.to_string(), expected: format!("0 to {MOST_RECORDS}") };
        return Err(Fault::Field { field: c"number of records", why: Box::new(why) });
    }
    let (mut rows, mut gone) = (Vec::new(), None);
    for record in (0..count).rev() {
        match read(session, record, patience) {
            Err(fault @ Fault::Answer(Code::UnexpectedStatus)) if attempt == ATTEMPTS => gone = Some(fault),
            row => rows.extend(row?),
        }
    }
    rows.reverse();
    match gone {
        Some(fault) if rows.is_empty() => Err(fault),
        _ => Ok(rows),
    }
}

/// Reads a list until it has not changed meanwhile, three times at most. `read` also says whether it saw a change.
fn read_again<T>(mut read: impl FnMut(u32) -> Result<(T, bool), Fault>) -> Result<T, Fault> {
    let mut attempt = 1;
    loop {
        match read(attempt) {
            Ok((_, true)) | Err(Fault::Answer(Code::UnexpectedStatus)) if attempt < ATTEMPTS => attempt += 1,
            result => return result.map(|(rows, _)| rows),
        }
    }
}

fn text(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

/// What a fault means to the user, who asked this address for this report.
fn error(fault: Fault, report: &CStr, address: &Address, patience: &Patience<'_>) -> Error {
    let (report, address) = (text(report), text(address.as_c_str()));
    match fault {
        Fault::System { code, errno } => Error::from_attempts(vec![Attempt { address, code, errno }]),
        Fault::Silence { ignored } => Error::Timeout { report, address, timeout: patience.timeout(), ignored },
        Fault::Answer(Code::Unauthorized) => Error::Unauthorized { report, address },
        Fault::Answer(Code::UnknownReport) => Error::UnknownReport { report },
        Fault::Answer(code) => Error::Answer { report, address, code },
        Fault::Library { call, number, errno } => Error::Library { address, call, number, errno },
        Fault::Field { field, why } => Error::Field { report, address, field, why: *why },
        Fault::Interrupted => Error::Interrupted,
        Fault::Inherited => INHERITED,
    }
}
