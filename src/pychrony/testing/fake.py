"""A chronyd for tests: it answers the ten reports from records that the test gives."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast, overload

import pychrony
from pychrony import (
    Activity,
    AuthData,
    NTPData,
    RTCData,
    SelectData,
    ServerStats,
    Smoothing,
    Source,
    SourceMode,
    SourceStats,
    TrackingStatus,
)

from .._reports import REPORTS
from . import protocol, records
from .protocol import NEVER, Release
from .server import Peer, Server
from .tables import REPORT_OF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._reports import Field

T = TypeVar("T")

# The variable in which the extension finds the address to use when none is given.
VARIABLE = "PYCHRONY_ADDRESS"

# The reports with a record for each source. From an address alone, their factories make a record with what follows from that.
LISTS = [name for name, report in REPORTS.items() if report["shape"].startswith("per ")]


class Request(NamedTuple):
    """What a client asked for."""

    report: str
    """The name of the report, as in `pychrony.supported_reports()`, or "number of sources"."""

    record: int | str | None = None
    """Which record of it: the index in the list; for ntpdata and authdata the source's address; else None."""


class _Answer(NamedTuple):
    """A record and how it is sent in an answer."""

    record: Any
    code: int
    body: bytes


class _One(Generic[T]):
    """A report of one record, as an attribute that can be replaced."""

    def __init__(self, report: str, doc: str) -> None:
        self.report = report
        self.__doc__ = doc

    @overload
    def __get__(self, fake: None, owner: type) -> _One[T]: ...
    @overload
    def __get__(self, fake: FakeChronyd, owner: type) -> T: ...
    def __get__(self, fake: FakeChronyd | None, owner: type) -> _One[T] | T:
        if fake is None:
            return self
        answers = fake._answers[self.report]
        return cast(T, answers[0].record if answers else None)

    def __set__(self, fake: FakeChronyd, record: T) -> None:
        fake._set(self.report, [] if record is None else [record])


class _List(Generic[T]):
    """A report of a record for each source, as an attribute that can be replaced."""

    def __init__(self, report: str, doc: str) -> None:
        self.report = report
        self.__doc__ = doc

    @overload
    def __get__(self, fake: None, owner: type) -> _List[T]: ...
    @overload
    def __get__(self, fake: FakeChronyd, owner: type) -> tuple[T, ...]: ...
    def __get__(self, fake: FakeChronyd | None, owner: type) -> _List[T] | tuple[T, ...]:
        if fake is None:
            return self
        return tuple(answer.record for answer in fake._answers[self.report])

    def __set__(self, fake: FakeChronyd, records: Iterable[T]) -> None:
        fake._set(self.report, list(records))


class FakeChronyd:
    """A chronyd that answers from records: a context manager.

        with FakeChronyd(tracking=make_tracking(offset=0.5)) as chronyd:
            assert pychrony.get_tracking().offset == 0.5

    While it is entered, it is the one that pychrony asks if no address is given: the environment variable
    PYCHRONY_ADDRESS names it, and child processes inherit that. `address` is for code that is given an address.

    The ten reports are attributes, which may be replaced at any time, from any thread: the next request sees the new
    ones. An attribute holds exactly what is answered. So floats are rounded as chronyd's own format does, to 24
    significant bits and below 1.6e-27 to 0, and what the release has no field for is None. A chronyd has each NTP source
    once: if records repeat an address, it is counted up (192.0.2.1, 192.0.2.2).

    The five lists are about the same sources, in the same order. `sources` says which these are; the records of the
    other lists stay with their source, and a new source gets records with the defaults of the factories. Any other list
    that is assigned must have a record for each of the sources (ntp_data and auth_data: for each except the reference
    clocks). If `sources` is not given, the first of the lists that are given says what the sources are. By default
    there is one.

    rtc_data, smoothing: None if chronyd does not track the real-time clock, or does not smooth; this is the default.
    transport: "unix" for a Unix socket; "udp" for UDP on 127.0.0.1, "udp6" on ::1. As chronyd does on UDP, these two
    refuse serverstats, ntpdata, authdata and selectdata, until `allow()` is called.
    version: the release of chronyd to imitate, "3.5" or later; older ones have fewer fields and reports.

    Raises TypeError or ValueError for a record that this chronyd cannot send.
    """

    # This makes a misspelt attribute an error.
    __slots__ = (
        "__weakref__",
        "_answers",
        "_lock",
        "_lost",
        "_refused",
        "_release",
        "_requests",
        "_server",
        "silent",
    )

    tracking = _One[TrackingStatus]("tracking", "What `get_tracking()` returns.")
    sources = _List[Source]("sources", "What `get_sources()` returns.")
    source_stats = _List[SourceStats]("sourcestats", "What `get_source_stats()` returns.")
    rtc_data = _One["RTCData | None"]("rtcdata", "What `get_rtc_data()` returns.")
    smoothing = _One["Smoothing | None"]("smoothing", "What `get_smoothing()` returns.")
    activity = _One[Activity]("activity", "What `get_activity()` returns.")
    server_stats = _One[ServerStats]("serverstats", "What `get_server_stats()` returns.")
    ntp_data = _List[NTPData]("ntpdata", "What `get_ntp_data()` returns.")
    auth_data = _List[AuthData]("authdata", "What `get_auth_data()` returns.")
    select_data = _List[SelectData]("selectdata", "What `get_select_data()` returns.")

    silent: bool
    """Whether requests get no answer, neither now nor later."""

    def __init__(
        self,
        *,
        tracking: TrackingStatus | None = None,
        sources: Iterable[Source] | None = None,
        source_stats: Iterable[SourceStats] | None = None,
        rtc_data: RTCData | None = None,
        smoothing: Smoothing | None = None,
        activity: Activity | None = None,
        server_stats: ServerStats | None = None,
        ntp_data: Iterable[NTPData] | None = None,
        auth_data: Iterable[AuthData] | None = None,
        select_data: Iterable[SelectData] | None = None,
        transport: Literal["unix", "udp", "udp6"] = "unix",
        version: str = ".".join(map(str, protocol.NEWEST)),
    ) -> None:
        self.silent = False
        self._lost = 0
        self._requests: list[Request] = []
        self._release = _release(version)
        self._server = Server(self._respond, transport=transport)
        restricted = {name for name, report in REPORTS.items() if not report["on_command_port"]}
        self._refused = set() if transport == "unix" else restricted
        self._lock = threading.Lock()
        self._answers: dict[str, list[_Answer]] = {report: [] for report in LISTS}
        self.tracking = records.make_tracking() if tracking is None else tracking
        self.rtc_data = rtc_data
        self.smoothing = smoothing
        self.activity = records.make_activity() if activity is None else activity
        self.server_stats = records.make_server_stats() if server_stats is None else server_stats
        given = {
            "sources": sources,
            "sourcestats": source_stats,
            "ntpdata": ntp_data,
            "authdata": auth_data,
            "selectdata": select_data,
        }
        lists = {report: list(each) for report, each in given.items() if each is not None}
        if "sources" not in lists:
            first = _distinct(next(iter(lists.values()), [records.make_source()]))
            lists["sources"] = [records.make_source(address=record.address) for record in first]
        self._set("sources", lists.pop("sources"))
        for report, each in lists.items():
            self._set(report, each)

    @property
    def address(self) -> str:
        """Its address, for functions that take one; "" before it is entered."""
        return self._server.address

    @property
    def requests(self) -> list[Request]:
        """What was asked, in order, including requests that were refused or not answered. Clear it to start again."""
        return self._requests

    def refuse(self, *reports: str) -> None:
        """Refuse these reports from now on: ChronyPermissionError. The names are those of `supported_reports()`."""
        self._refused |= _known(reports)

    def allow(self, *reports: str) -> None:
        """Answer these reports again."""
        self._refused -= _known(reports)

    @property
    def delay(self) -> float:
        """The seconds after which it answers; 0 by default. An answer is that of the time at which it was asked."""
        return self._server.delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"delay is a number of seconds from 0 on, not {seconds!r}")
        self._server.delay = float(seconds)

    @property
    def paused(self) -> bool:
        """Whether requests wait, as with a chronyd that is stopped by SIGSTOP: when this is false again, they are answered.

        The kernel keeps them meanwhile, as many as it keeps for a chronyd: on a Unix socket about ten. `requests` has them
        when they are answered.
        """
        return self._server.paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._server.paused = bool(paused)

    def lose(self, count: int = 1) -> None:
        """Leave this many requests, from the next one on, without an answer, as if a packet was lost."""
        if not isinstance(count, int) or count < 0:
            raise ValueError(f"count is a number of requests, not {count!r}")
        with self._lock:
            self._lost = count

    def stop(self) -> None:
        """Stop answering, as a chronyd that has ended: a Unix socket is gone, and a port refuses. `start()` starts it again."""
        self._check_entered()
        self._server.stop(for_good=False)

    def start(self) -> None:
        """Answer again after `stop()`, at the same address. What it says is unchanged."""
        self._check_entered()
        self._server.start()

    def _check_entered(self) -> None:
        if not _DEFAULTS.has(self):
            raise RuntimeError("this FakeChronyd is not entered: use it in a with statement")

    def __enter__(self) -> FakeChronyd:
        self._server.start()
        _DEFAULTS.enter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _DEFAULTS.leave(self)
        self._server.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address or 'not entered'}>"

    # What it says.

    def _set(self, report: str, given: list[Any]) -> None:
        """Replace a report. Everything that can be wrong with its records is found before anything changes."""
        kind = getattr(pychrony, REPORTS[report]["type"])
        for each in given:
            if not isinstance(each, kind):
                raise TypeError(
                    f"{report} has records of {kind.__name__}, not {type(each).__name__}"
                )
        if not given and report in ("tracking", "activity", "serverstats"):
            raise TypeError(f"{report} cannot be None: chronyd always has this report")
        if report in LISTS:
            given = _distinct(given)
        changed = {report: [self._encoded(report, each) for each in given]}
        with self._lock:
            if report == "sources":
                for other in set(LISTS) - {"sources"}:
                    changed[other] = self._of_sources(other, changed["sources"])
            elif report in LISTS:
                self._compare_sources(report, changed[report])
            # A single assignment, so that a request sees all of the change or none of it.
            self._answers = {**self._answers, **changed}

    def _encoded(self, report: str, record: Any) -> _Answer:
        return _encode(report, record, self._release)

    def _of_sources(self, report: str, sources: list[_Answer]) -> list[_Answer]:
        """The records of another list, one for each source: the record it had, or a new one if it had none."""
        addresses = _addresses(report, [answer.record for answer in sources])
        answers = self._answers[report]
        present = dict(zip(_numbered([each.record.address for each in answers]), answers))
        return [
            present.get(key) or self._encoded(report, records.FACTORIES[report](address=key[0]))
            for key in _numbered(addresses)
        ]

    def _compare_sources(self, report: str, answers: list[_Answer]) -> None:
        expected = _addresses(report, self.sources)
        found = [answer.record.address for answer in answers]
        if found != expected:
            raise ValueError(
                f"{report} has records of {', '.join(found) or 'no source'}, where the sources are "
                f"{', '.join(expected) or 'none'}: assign `sources` first"
            )

    # How it answers.

    def _respond(self, datagram: bytes, peer: Peer) -> list[bytes]:
        request = protocol.Request(datagram)
        status = request.status_for(self._release)
        if status is None:
            return []
        self._requests.append(_asked(request, status))
        if self.silent or self._is_lost():
            return []
        if status == protocol.SUCCESS and request.report in self._refused:
            status = protocol.UNAUTHORIZED
        if status != protocol.SUCCESS:
            return [request.response(protocol.NULL_REPLY, b"", status=status)]
        if request.command == protocol.N_SOURCES:
            number = struct.pack(">I", len(self._answers["sources"]))
            return [request.response(protocol.N_SOURCES_REPLY, number)]
        answer = self._find(request)
        if answer is None:
            missing = protocol.MISSING.get(request.report, protocol.NO_SUCH_SOURCE)
            return [request.response(protocol.NULL_REPLY, b"", status=missing)]
        return [request.response(answer.code, answer.body)]

    def _is_lost(self) -> bool:
        with self._lock:
            lost = self._lost > 0
            self._lost -= lost
            return lost

    def _find(self, request: protocol.Request) -> _Answer | None:
        answers = self._answers[request.report]
        argument = protocol.REQUESTS[request.report][1]
        if argument == "address":
            # The last two bytes are padding.
            wanted = request.address[:18]
            found = (
                each
                for each in answers
                if protocol.encode_address(each.record.address)[:18] == wanted
            )
            return next(found, None)
        index = request.index if argument == "index" else 0
        return answers[index] if index < len(answers) else None


# Records and their encoding.


def _release(version: str) -> Release:
    if not isinstance(version, str):
        raise TypeError(f'version is a str such as "4.3", not {version!r}')
    try:
        release = tuple(int(part) for part in version.split("."))
    except ValueError:
        release = ()
    if release < (3, 5):
        raise ValueError(f"version is a release of chrony from 3.5 on, not {version!r}")
    return release


def _known(reports: Iterable[str]) -> set[str]:
    unknown = sorted(set(reports) - protocol.REQUESTS.keys())
    if unknown:
        raise ValueError(
            f"no such report: {', '.join(unknown)}; there are {', '.join(protocol.REQUESTS)}"
        )
    return set(reports)


def _asked(request: protocol.Request, status: int) -> Request:
    if request.command == protocol.N_SOURCES:
        return Request("number of sources")
    if not request.report:
        return Request(f"command {request.command}")
    # Only a well-formed request is certain to have its whole argument.
    argument = protocol.REQUESTS[request.report][1] if status == protocol.SUCCESS else ""
    if argument == "index":
        return Request(request.report, request.index)
    if argument == "address":
        return Request(request.report, protocol.decode_address(request.address))
    return Request(request.report)


def _addresses(report: str, sources: Iterable[Source]) -> list[str]:
    """The addresses of the sources for which a report has records."""
    return [
        source.address
        for source in sources
        if REPORTS[report]["shape"] != "per address" or source.mode != SourceMode.REFCLOCK
    ]


def _numbered(addresses: Iterable[str]) -> list[tuple[str, int]]:
    """Each address with its number among equal ones: two reference clocks may share a name."""
    counts: dict[str, int] = {}
    numbered = []
    for address in addresses:
        counts[address] = counts.get(address, 0) + 1
        numbered.append((address, counts[address]))
    return numbered


def _distinct(given: Sequence[Any]) -> list[Any]:
    """The records, changed so that no two NTP sources have the same address."""
    seen: set[str] = set()
    distinct = []
    for record in given:
        address = old = record.address
        while address in seen and records.is_address(address):
            address = _next_address(address)
        if address != old:
            record = _moved(record, old, address)
        seen.add(address)
        distinct.append(record)
    return distinct


def _next_address(address: str) -> str:
    family, raw = protocol.parse_address(address)
    number = (int.from_bytes(raw, "big") + 1) % (1 << 8 * len(raw))
    return protocol.format_address(family, number.to_bytes(len(raw), "big"))


def _moved(record: Any, old: str, new: str) -> Any:
    """The record with another address, and with the fields that follow from it changed accordingly."""
    values = _values(record)
    values["address"] = new
    if values.get("remote_address") == old:
        values["remote_address"] = new
    if isinstance(record, (SourceStats, SelectData)) and (
        record.reference_id == records.identifier_of(old)
    ):
        values["reference_id"] = records.identifier_of(new)
    return records.rebuild(type(record), values)


def _values(record: Any) -> dict[str, Any]:
    return {row["name"]: getattr(record, row["name"]) for row in REPORT_OF[type(record)]["fields"]}


def _encode(report: str, record: Any, release: Release) -> _Answer:
    """The answer with which this release of chronyd sends this record."""
    values = _values(records.rebuild(type(record), _values(record)))
    values.update(records.consequences(type(record), values))
    for row in REPORTS[report]["fields"]:
        if records.is_absent(REPORTS[report]["fields"], row, values):
            values[row["name"]] = None
    rows = {row["name"]: row for row in REPORTS[report]["fields"]}
    wire = {row["source"]: row for row in rows.values() if row["kind"] != "seconds"}
    if report == "tracking":
        # Two fields are made from the address; this is the one that holds it.
        wire["address"] = rows["reference_ip"]
    code = _reply(report, values, wire, release)
    body = b""
    for name, encoding in protocol.REPLIES[report][code]:
        if name not in wire:
            body += protocol.encode(((name, encoding),), {})
            continue
        row = wire[name]
        if protocol.FIELD_SINCE.get((report, name), (0,)) > release:
            values[row["name"]] = None
        is_absent = records.is_absent(REPORTS[report]["fields"], row, values)
        value = _placeholder(row) if is_absent else _wire_value(report, row, values)
        if name == "remote address" and value is None and release >= (4, 3):
            # Of a source that is not resolved yet, chronyd has this instead.
            value = values["address"] if records.is_unresolved(values["address"]) else None
        if encoding == "elapsed":
            value = _elapsed(f"{type(record).__name__}.{row['name']}", value)
        try:
            part = protocol.encode(((name, encoding),), {name: value})
        except struct.error:
            raise ValueError(
                f"{type(record).__name__}.{row['name']}: chronyd sends {value} in no more than "
                f"{encoding[1:]} bits"
            ) from None
        if encoding == "float" and not is_absent:
            values[row["name"]] = protocol.decode_float(part)
            # A small number becomes a multiple of the least step, perhaps 0. Only one that is too great ends up far off.
            if abs(values[row["name"]] - value) > max(abs(value) * 2**-23, protocol.LEAST_FLOAT):
                raise ValueError(
                    f"{type(record).__name__}.{row['name']}: chronyd sends no number as great as {value}: "
                    f"its floats end at {values[row['name']]}"
                )
        body += part
    sent = {name for name, _ in protocol.REPLIES[report][code]}
    for name, row in wire.items():
        # Reports that are asked for by a source's address do not contain it.
        if name not in sent and row["optional"]:
            values[row["name"]] = None
    answered = records.rebuild(type(record), values)
    return _Answer(answered, code, body)


def _reply(report: str, values: dict[str, Any], wire: dict[str, Field], release: Release) -> int:
    """The code of the reply in which this release sends the record: if newer fields are None, an older one without them."""
    codes = protocol.reply_codes(report, release)
    layouts = {code: dict(protocol.REPLIES[report][code]) for code in codes}
    given = {
        name
        for name in layouts[codes[-1]].keys() & wire.keys()
        if values[wire[name]["name"]] is not None or wire[name]["placeholder"] is not None
    }
    for code in reversed(codes):
        nullable = {name for name, kind in layouts[code].items() if kind in ("elapsed", "address")}
        fields = layouts[code].keys() & wire.keys()
        if fields - nullable <= given <= fields:
            return code
    lacking = sorted(
        wire[name]["name"] for name in (layouts[codes[-1]].keys() & wire.keys()) - given
    )
    raise ValueError(
        f"{report}: no chronyd sends all the other fields without {', '.join(lacking)}"
    )


def _placeholder(row: Field) -> Any:
    """What chronyd sends in place of a value that it has not measured."""
    if row["kind"] == "nanoseconds":
        return (0, 0)
    value = row["placeholder"] or 0
    return float(value) if row["kind"] in ("offset", "measure") else int(value)


def _wire_value(report: str, row: Field, values: dict[str, Any]) -> Any:
    """A field's value as the protocol represents it."""
    value = values[row["name"]]
    if row["kind"] == "nanoseconds":
        return divmod(value, records.BILLION)
    if row["kind"] == "source" and report == "sources":
        if values["mode"] != SourceMode.REFCLOCK:
            if not records.is_address(value):
                raise ValueError(
                    f"Source.address: {value!r} is not an address, and mode is not REFCLOCK"
                )
            return value
        identifier = records.identifier_of(value)
        # If the four bytes spell no name, the extension reads them as an IPv4 address.
        if identifier is None or records.name_of(identifier) != value:
            raise ValueError(f"Source.address: {value!r} is not what a reference clock is called")
        return identifier
    if row["kind"] == "source" and not records.is_address(value):
        # A reference clock has no address. The extension reads its name from the reference ID.
        return None
    return value if value is None or isinstance(value, (float, str)) else int(value)


def _elapsed(name: str, value: int | None) -> int:
    """Seconds or a count, in which one number stands for None. An age may be negative: chronyd sends it in 32 bits."""
    if value == -1:
        raise ValueError(f"{name}: chronyd has no -1: the same bits say None")
    return NEVER if value is None else value % (1 << 32)


# The default address.


class _Defaults:
    """Sets the environment variable while any FakeChronyd is entered: to the one entered last of those still entered."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entered: list[FakeChronyd] = []
        self.before: str | None = None

    def enter(self, fake: FakeChronyd) -> None:
        with self.lock:
            if not self.entered:
                self.before = os.environ.get(VARIABLE)
            self.entered.append(fake)
            os.environ[VARIABLE] = fake.address

    def has(self, fake: FakeChronyd) -> bool:
        return fake in self.entered

    def leave(self, fake: FakeChronyd) -> None:
        with self.lock:
            if fake not in self.entered:
                raise RuntimeError("this FakeChronyd is not entered")
            self.entered.remove(fake)
            address = self.entered[-1].address if self.entered else self.before
            if address is None:
                os.environ.pop(VARIABLE, None)
            else:
                os.environ[VARIABLE] = address


_DEFAULTS = _Defaults()
