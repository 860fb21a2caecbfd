"""A synthetic chronyd: answers the ten reports from values the test gives, and misbehaves as the test asks.

The protocol, its tables, the socket and the thread are those of `pychrony.testing`. What is added here is what no chronyd
does: any value in any field, any header, answers that are missing, late, doubled or made of anything.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Callable, Union, final

from .fakes import protocol, server
from .waiting import DEADLINE

REQUEST_HEADER = protocol.REQUEST_HEADER
RESPONSE_HEADER = protocol.RESPONSE_HEADER
SUCCESS = protocol.SUCCESS
FAILED = protocol.FAILED
UNAUTHORIZED = protocol.UNAUTHORIZED
INVALID = protocol.INVALID
NO_SUCH_SOURCE = protocol.NO_SUCH_SOURCE
NOT_ENABLED = protocol.NOT_ENABLED
NO_RTC = protocol.NO_RTC
BAD_VERSION = protocol.BAD_VERSION
BAD_LENGTH = protocol.BAD_LENGTH
NEVER = protocol.NEVER
NO_HIGH_PART = protocol.NO_HIGH_PART
N_SOURCES = protocol.N_SOURCES
N_SOURCES_REPLY = protocol.N_SOURCES_REPLY
NULL_REPLY = protocol.NULL_REPLY
REQUESTS = protocol.REQUESTS
REPLIES = protocol.REPLIES
Address = protocol.Address
encode = protocol.encode
encode_address = protocol.encode_address

# What a healthy chronyd might answer. Every float here is exact in chronyd's own format.
SAMPLES: dict[str, dict[str, Any]] = {
    "tracking": {
        "reference ID": 0xC0000201,
        "address": "192.0.2.1",
        "stratum": 3,
        "leap status": 0,
        "reference time": (1_700_000_000, 123_456_789),
        "current correction": 0.000244140625,
        "last offset": -0.0001220703125,
        "RMS offset": 0.00006103515625,
        "frequency offset": -12.5,
        "residual frequency": 0.03125,
        "skew": 0.25,
        "root delay": 0.015625,
        "root dispersion": 0.001953125,
        "last update interval": 64.5,
    },
    "sources": {
        "address": "192.0.2.1",
        "poll": 6,
        "stratum": 2,
        "state": 0,
        "mode": 0,
        "flags": 0,
        "reachability": 0o377,
        "last sample ago": 12,
        "original last sample offset": 0.0009765625,
        "adjusted last sample offset": -0.00048828125,
        "last sample error": 0.03125,
    },
    "sourcestats": {
        "reference ID": 0xC0000201,
        "address": "192.0.2.1",
        "samples": 12,
        "runs": 7,
        "span": 704,
        "standard deviation": 0.0001220703125,
        "residual frequency": -0.0625,
        "skew": 0.5,
        "offset": 0.000244140625,
        "offset error": 0.00048828125,
    },
    "selectdata": {
        "reference ID": 0xC0000201,
        "address": "192.0.2.1",
        "state": ord("*"),
        "authentication": 0,
        "leap status": 0,
        "configured options": 0,
        "effective options": 0,
        "last sample ago": 12,
        "score": 1.0,
        "low limit": -0.015625,
        "high limit": 0.03125,
    },
    "activity": {"online sources": 3, "offline sources": 1, "unresolved sources": 2},
    "authdata": {
        "mode": 1,
        "key type": 2,
        "key ID": 10,
        "key length": 160,
        "last key establishment ago": NEVER,
    },
    "ntpdata": {
        "remote address": "192.0.2.1",
        "local address": "192.0.2.7",
        "remote port": 123,
        "version": 4,
        "mode": 4,
        "stratum": 2,
        "poll": 6,
        "precision": -23,
        "root delay": 0.015625,
        "root dispersion": 0.001953125,
        "reference ID": 0xC6336401,
        "reference time": (1_700_000_000, 123_456_789),
        "offset": -0.000244140625,
        "peer delay": 0.03125,
        "peer dispersion": 0.0001220703125,
        "response time": 0.00006103515625,
        "jitter asymmetry": -0.25,
        "flags": 0x83FF,
        "transmit timestamping": ord("K"),
        "receive timestamping": ord("H"),
        "transmitted messages": 12,
        "received messages": 11,
        "received valid messages": 10,
        "received good messages": 9,
        "kernel transmit timestamps": 8,
        "kernel receive timestamps": 7,
        "hardware transmit timestamps": 6,
        "hardware receive timestamps": 5,
    },
    "serverstats": {
        "received NTP requests": 1001,
        "accepted NTS-KE connections": 1002,
        "received command requests": 1003,
        "dropped NTP requests": 1004,
        "dropped NTS-KE connections": 1005,
        "dropped command requests": 1006,
        "dropped client log records": 1007,
        "received authenticated NTP requests": 1008,
        "received interleaved NTP requests": 1009,
        "held NTP timestamps": 1010,
        "NTP timestamp span": 1011,
        "served daemon RX timestamps": 1012,
        "served daemon TX timestamps": 1013,
        "served kernel RX timestamps": 1014,
        "served kernel TX timestamps": 1015,
        "served hardware RX timestamps": 1016,
        "served hardware TX timestamps": 1017,
    },
    "rtcdata": {
        "reference time": (1_700_000_000, 0),
        "samples": 9,
        "runs": 5,
        "span": 3600,
        "offset": 1.5,
        "frequency offset": -2.5,
    },
    "smoothing": {
        "flags": 1,
        "offset": 0.25,
        "frequency offset": -1.5,
        "wander": 0.03125,
        "last update ago": 4.5,
        "remaining time": 96.0,
    },
}


@dataclass(frozen=True)
class Request(protocol.Request):
    """One request, and the answers to it."""

    datagram: bytes
    responder: Responder = field(repr=False)
    number: int
    peer: Peer

    def answer(
        self, values: Mapping[str, Any] | None = None, *, code: int | None = None, **header: int
    ) -> bytes:
        """The right answer, but with the given fields of the record or of the header."""
        if header.get("status", SUCCESS) != SUCCESS:
            return self.response(NULL_REPLY if code is None else code, b"", **header)
        reports = self.responder.reports
        if self.command == N_SOURCES:
            count = self.responder.sources
            return self.response(N_SOURCES_REPLY, count.to_bytes(4, "big"), **header)
        if not self.report:
            return self.response(NULL_REPLY, b"", **{**header, "status": INVALID})
        record = self._record(reports.get(self.report, []))
        if record is None:
            missing = protocol.MISSING.get(self.report, NO_SUCH_SOURCE)
            return self.response(NULL_REPLY, b"", **{**header, "status": missing})
        return self.reply({**record, **(values or {})}, code=code, **header)

    def reply(self, values: Mapping[str, Any], *, code: int | None = None, **header: int) -> bytes:
        """A record of the report that is asked for, made from these values alone."""
        replies = REPLIES[self.report]
        if code is None:
            code = self.responder.codes.get(self.report, max(replies))
        known = {name for name, _ in replies[code]}
        if code != max(replies):
            # An older reply leaves out what only newer ones have.
            newer = {name for layout in replies.values() for name, _ in layout} - known
            values = {name: value for name, value in values.items() if name not in newer}
        return self.response(code, encode(replies[code], values), **header)

    def _record(self, records: list[dict[str, Any]]) -> dict[str, Any] | None:
        by = REQUESTS[self.report][1]
        if by == "index":
            return records[self.index] if self.index < len(records) else None
        if by == "address":
            # These reports are asked for by the address of a source, as sourcestats gives it.
            stats = self.responder.reports.get("sourcestats", [])
            for source, record in zip(stats, records):
                if encode_address(source.get("address")) == self.address:
                    return record
            return None
        return records[0] if records else None


Datagrams = Iterable[bytes]
Behaviour = Callable[[Request], Datagrams]


def faithful(request: Request) -> Datagrams:
    """Each request gets its answer."""
    return [request.answer()]


def silent(request: Request) -> Datagrams:
    """No request gets an answer."""
    return []


def sample(report: str, **changes: Any) -> dict[str, Any]:
    """A healthy record; `changes` by field, with `_` for a blank."""
    return {**SAMPLES[report], **{name.replace("_", " "): value for name, value in changes.items()}}


Peer = Union[str, bytes, tuple[Any, ...], None]


@final
class Responder:
    """A chronyd of our own, in a thread. A context manager; `address` is what a client is given.

    `reports` are the records by report (SAMPLES if not given), `codes` picks an older reply of a report, and
    `behaviour` turns each request into the datagrams to send. `requests` are those that came.
    """

    def __init__(
        self,
        behaviour: Behaviour = faithful,
        *,
        transport: str = "udp",
        reports: Mapping[str, list[dict[str, Any]]] | None = None,
        address: str | None = None,
    ) -> None:
        self.behaviour = behaviour
        self.transport = transport
        self.reports: dict[str, list[dict[str, Any]]] = {
            name: [dict(values)] for name, values in SAMPLES.items()
        }
        self.reports.update({name: list(records) for name, records in (reports or {}).items()})
        self.codes: dict[str, int] = {}
        self.requests: list[Request] = []
        self.failure: BaseException | None = None
        self.server = server.Server(self._answer, transport=transport, address=address)
        self.send = self.server.send
        self._arrived = threading.Condition()

    @property
    def address(self) -> str:
        return str(self.server.address)

    @property
    def sources(self) -> int:
        """How many sources it says it has."""
        return len(self.reports.get("sources", []))

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def __enter__(self) -> Responder:
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server.stop()
        if self.failure is not None and kind is None:
            raise self.failure

    def _answer(self, datagram: bytes, peer: Peer) -> Datagrams:
        request = Request(datagram, self, len(self.requests), peer)
        try:
            answers = list(self.behaviour(request))
        except BaseException as error:  # noqa: BLE001 - the test reports it
            self.failure, answers = error, []
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        return answers

    def wait_for_requests(self, number: int = 1) -> list[Request]:
        """Block until so many requests have come."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= number, DEADLINE):
                raise TimeoutError(f"{len(self.requests)} requests came, not {number}")
            return list(self.requests)

    def client_files(self) -> list[str]:
        """What clients have left beside its Unix socket."""
        return list(self.server.client_files())
