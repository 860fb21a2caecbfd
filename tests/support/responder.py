"""A synthetic chronyd: answers the ten reports from values the test gives, and misbehaves as the test asks.

It speaks version 6 of chronyd's command and monitoring protocol, on UDP or on a Unix datagram socket. Layouts are
data: REPLIES and REQUESTS below. Numbers are big-endian, and no field is padded beyond what is listed.
"""

from __future__ import annotations

import ipaddress
import math
import os
import select
import shutil
import socket
import struct
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Union, final

from .chronyd import private_directory
from .waiting import DEADLINE

VERSION = 6
REQUEST_PACKET = 1
RESPONSE_PACKET = 2
REQUEST_HEADER = 20
RESPONSE_HEADER = 28

# Status of a response.
SUCCESS = 0
FAILED = 1
UNAUTHORISED = 2
INVALID = 3
NO_SUCH_SOURCE = 4
NOT_ENABLED = 6
NO_RTC = 13
BAD_VERSION = 18
BAD_LENGTH = 19

# Families of an address.
UNSPECIFIED = 0
IPV4 = 1
IPV6 = 2
ID = 3

# "Never", and the high half of a time that has none.
NEVER = 0xFFFFFFFF
NO_HIGH_PART = 0x7FFFFFFF

N_SOURCES = 14
NULL_REPLY = 1
N_SOURCES_REPLY = 2

# Report: its command, and what the request carries after its header.
REQUESTS: dict[str, tuple[int, str]] = {
    "sources": (15, "index"),
    "tracking": (33, ""),
    "sourcestats": (34, "index"),
    "rtcdata": (35, ""),
    "activity": (44, ""),
    "smoothing": (51, ""),
    "serverstats": (54, ""),
    "ntpdata": (57, "address"),
    "authdata": (67, "address"),
    "selectdata": (69, "index"),
}
REPORTS = {command: report for report, (command, _) in REQUESTS.items()}

Layout = tuple[tuple[str, str], ...]


def _layout(**groups: str) -> Layout:
    """`u32="a, b"` and its like, in the order of the fields."""
    return tuple(
        (name.strip(), kind.split("_")[0])
        for kind, names in groups.items()
        for name in names.split(",")
    )


_SERVERSTATS_1 = (
    "received NTP requests, received command requests, dropped NTP requests, dropped command requests, "
    "dropped client log records"
)
_SERVERSTATS_2 = (
    "received NTP requests, accepted NTS-KE connections, received command requests, dropped NTP requests, "
    "dropped NTS-KE connections, dropped command requests, dropped client log records, "
    "received authenticated NTP requests"
)
_SERVERSTATS_3 = (
    _SERVERSTATS_2 + ", received interleaved NTP requests, held NTP timestamps, NTP timestamp span"
)
_SERVERSTATS_4 = _SERVERSTATS_3 + (
    ", served daemon RX timestamps, served daemon TX timestamps, served kernel RX timestamps, "
    "served kernel TX timestamps, served hardware RX timestamps, served hardware TX timestamps, "
    "reserved #1, reserved #2, reserved #3, reserved #4"
)
_NTPDATA = _layout(
    address="remote address, local address",
    u16="remote port",
    u8="leap status, version, mode, stratum",
    i8="poll, precision",
    float="root delay, root dispersion",
    u32="reference ID",
    timespec="reference time",
    float_2="offset, peer delay, peer dispersion, response time, jitter asymmetry",
    u16_2="flags",
    u8_2="transmit timestamping, receive timestamping",
    u32_2="transmitted messages, received messages, received valid messages, received good messages",
)

# Report: the replies it may have, oldest first, each a code and its fields.
REPLIES: dict[str, dict[int, Layout]] = {
    "tracking": {
        5: _layout(
            u32="reference ID",
            address="address",
            u16="stratum, leap status",
            timespec="reference time",
            float=(
                "current correction, last offset, RMS offset, frequency offset, residual frequency, skew, "
                "root delay, root dispersion, last update interval"
            ),
        )
    },
    "sources": {
        3: _layout(
            address="address",
            i16="poll",
            u16="stratum, state, mode, flags, reachability",
            u32="last sample ago",
            float="original last sample offset, adjusted last sample offset, last sample error",
        )
    },
    "sourcestats": {
        6: _layout(
            u32="reference ID",
            address="address",
            u32_2="samples, runs, span",
            float="standard deviation, residual frequency, skew, offset, offset error",
        )
    },
    "selectdata": {
        23: _layout(
            u32="reference ID",
            address="address",
            u8="state, authentication, leap status, reserved #1",
            u16="configured options, effective options",
            u32_2="last sample ago",
            float="score, low limit, high limit",
        )
    },
    "activity": {
        12: _layout(
            u32=(
                "online sources, offline sources, burst online-return sources, burst offline-return sources, "
                "unresolved sources"
            )
        )
    },
    "authdata": {
        20: _layout(
            u16="mode, key type",
            u32="key ID",
            u16_2="key length, key establishment attempts",
            u32_2="last key establishment ago",
            u16_3="cookies, cookie length, NAK, reserved #1",
        )
    },
    "ntpdata": {
        16: _NTPDATA + _layout(u32="reserved #1, reserved #2, reserved #3"),
        26: _NTPDATA
        + _layout(
            u32=(
                "kernel transmit timestamps, kernel receive timestamps, hardware transmit timestamps, "
                "hardware receive timestamps, reserved #1, reserved #2, reserved #3, reserved #4"
            )
        ),
    },
    "serverstats": {
        14: _layout(u32=_SERVERSTATS_1),
        22: _layout(u32=_SERVERSTATS_2),
        24: _layout(u32=_SERVERSTATS_3),
        25: _layout(u64=_SERVERSTATS_4),
    },
    "rtcdata": {
        7: _layout(
            timespec="reference time",
            u16="samples, runs",
            u32="span",
            float="offset, frequency offset",
        )
    },
    "smoothing": {
        13: _layout(
            u32="flags",
            float="offset, frequency offset, wander, last update ago, remaining time",
        )
    },
}

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


# The encoder.


@dataclass(frozen=True)
class Address:
    """An address as it stands in a message, for what no literal can say."""

    raw: bytes
    family: int


def encode_float(value: float) -> bytes:
    """chronyd's own format: exponent of 7 bits, coefficient of 25, both signed, the point before the coefficient."""
    if value == 0 or not math.isfinite(value):
        if math.isfinite(value):
            return bytes(4)
        raise ValueError(f"chronyd's floats have no {value}")
    fraction, exponent = math.frexp(value)
    coefficient = round(fraction * (1 << 24))
    exponent += 1
    if coefficient in (1 << 24, -(1 << 24) - 1):
        coefficient //= 2
        exponent += 1
    if exponent > 63:
        exponent, coefficient = 63, (1 << 24) - 1 if value > 0 else -(1 << 24)
    while exponent < -64:
        coefficient = coefficient // 2
        exponent += 1
    return struct.pack(">I", (exponent & 0x7F) << 25 | coefficient & 0x1FFFFFF)


def encode_address(value: Any) -> bytes:
    """None, an IP literal, a reference clock's ID as an integer, or an `Address`."""
    if isinstance(value, Address):
        return struct.pack(">16sHH", value.raw, value.family, 0)
    if value is None:
        return bytes(20)
    if isinstance(value, int):
        # As in the sources report: a reference clock's ID in the place of an IPv4 address.
        return struct.pack(">16sHH", value.to_bytes(4, "big"), IPV4, 0)
    address = ipaddress.ip_address(value)
    return struct.pack(">16sHH", address.packed, IPV4 if address.version == 4 else IPV6, 0)


def encode_timespec(value: tuple[int, ...]) -> bytes:
    """(seconds, nanoseconds), or (high, low, nanoseconds) as they stand in the message."""
    if len(value) == 3:
        return struct.pack(">III", *value)
    seconds, nanoseconds = value
    return struct.pack(">QI", seconds, nanoseconds)


_ENCODERS: dict[str, tuple[Callable[[Any], bytes], Any]] = {
    "u8": (struct.Struct(">B").pack, 0),
    "u16": (struct.Struct(">H").pack, 0),
    "u32": (struct.Struct(">I").pack, 0),
    "u64": (struct.Struct(">Q").pack, 0),
    "i8": (struct.Struct(">b").pack, 0),
    "i16": (struct.Struct(">h").pack, 0),
    "float": (encode_float, 0.0),
    "address": (encode_address, None),
    "timespec": (encode_timespec, (0, 0)),
}


def encode(layout: Layout, values: Mapping[str, Any]) -> bytes:
    """Fields in the order of their layout; one without a value is zero."""
    unknown = set(values) - {name for name, _ in layout}
    if unknown:
        raise KeyError(f"no such field: {', '.join(sorted(unknown))}")
    parts = []
    for name, kind in layout:
        pack, zero = _ENCODERS[kind]
        parts.append(pack(values.get(name, zero)))
    return b"".join(parts)


# The daemon.


@dataclass(frozen=True)
class Request:
    """One request, taken apart, and the answers to it."""

    datagram: bytes
    responder: Responder = field(repr=False)
    number: int
    peer: Peer

    @property
    def command(self) -> int:
        return int.from_bytes(self.datagram[4:6], "big")

    @property
    def attempt(self) -> int:
        return int.from_bytes(self.datagram[6:8], "big")

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.datagram[8:12], "big")

    @property
    def report(self) -> str:
        """The report asked for; "" for the number of sources and for what we do not know."""
        return REPORTS.get(self.command, "")

    @property
    def index(self) -> int:
        return int.from_bytes(self.datagram[REQUEST_HEADER : REQUEST_HEADER + 4], "big")

    @property
    def address(self) -> bytes:
        return self.datagram[REQUEST_HEADER : REQUEST_HEADER + 20]

    def response(
        self,
        code: int,
        body: bytes,
        *,
        status: int = SUCCESS,
        version: int = VERSION,
        packet: int = RESPONSE_PACKET,
        command: int | None = None,
        sequence: int | None = None,
    ) -> bytes:
        """A response with any header and any fields."""
        return (
            struct.pack(
                ">BBHHHHHHHIII",
                version,
                packet,
                0,
                self.command if command is None else command,
                code,
                status,
                0,
                0,
                0,
                self.sequence if sequence is None else sequence,
                0,
                0,
            )
            + body
        )

    def answer(
        self, values: Mapping[str, Any] | None = None, *, code: int | None = None, **header: int
    ) -> bytes:
        """The right answer, with some fields of the record or of the header changed."""
        if header.get("status", SUCCESS) != SUCCESS:
            return self.response(NULL_REPLY if code is None else code, b"", **header)
        reports = self.responder.reports
        if self.command == N_SOURCES:
            count = self.responder.sources
            return self.response(N_SOURCES_REPLY, struct.pack(">I", count), **header)
        if not self.report:
            return self.response(NULL_REPLY, b"", **{**header, "status": INVALID})
        record = self._record(reports.get(self.report, []))
        if record is None:
            missing = {"rtcdata": NO_RTC, "smoothing": NOT_ENABLED}.get(self.report, NO_SUCH_SOURCE)
            return self.response(NULL_REPLY, b"", **{**header, "status": missing})
        return self.reply({**record, **(values or {})}, code=code, **header)

    def reply(self, values: Mapping[str, Any], *, code: int | None = None, **header: int) -> bytes:
        """A record of the report asked for, from these values alone."""
        replies = REPLIES[self.report]
        if code is None:
            code = self.responder.codes.get(self.report, max(replies))
        known = {name for name, _ in replies[code]}
        if code != max(replies):
            # What only newer replies have is left out of an older one.
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
    """No request gets any."""
    return []


def sample(report: str, **changes: Any) -> dict[str, Any]:
    """A healthy record; `changes` by field, with `_` for a blank."""
    return {**SAMPLES[report], **{name.replace("_", " "): value for name, value in changes.items()}}


Peer = Union[str, bytes, tuple[Any, ...]]


@final
class Responder:
    """A chronyd of our own, in a thread. A context manager; `address` is what a client is given.

    `reports` are the records by report (SAMPLES if not given), `codes` picks an older reply of a report, and
    `behaviour` turns each request into the datagrams to send. `requests` are those seen.
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
        self.address = address or ""
        self.directory: Path | None = None
        self._arrived = threading.Condition()
        self._thread = threading.Thread(target=self._serve, name="responder", daemon=True)

    @property
    def sources(self) -> int:
        """How many sources it says it has."""
        return len(self.reports.get("sources", []))

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def _open(self) -> socket.socket:
        if self.transport == "unix":
            if not self.address:
                self.directory = private_directory()
                self.address = str(self.directory / "chronyd.sock")
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            opened.bind(self.address)
            os.chmod(self.address, 0o666)
            return opened
        host, _, port = (
            self.address or ("[::1]:0" if self.transport == "udp6" else "127.0.0.1:0")
        ).rpartition(":")
        opened = socket.socket(
            socket.AF_INET6 if "[" in host else socket.AF_INET, socket.SOCK_DGRAM
        )
        opened.bind((host.strip("[]"), int(port)))
        self.address = f"{host}:{opened.getsockname()[1]}"
        return opened

    def __enter__(self) -> Responder:
        self._socket = self._open()
        self._wake, self._woken = socket.socketpair()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for each in (self._socket, self._wake, self._woken):
            each.close()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
        if self.failure is not None and kind is None:
            raise self.failure

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket, self._woken], [], [])
            if self._woken in ready:
                return
            datagram, peer = self._socket.recvfrom(4096)
            request = Request(datagram, self, len(self.requests), peer)
            try:
                answers = list(self.behaviour(request))
            except BaseException as error:  # noqa: BLE001 - the test shall have it
                self.failure, answers = error, []
            with self._arrived:
                self.requests.append(request)
                self._arrived.notify_all()
            for answer in answers:
                self.send(answer, peer)

    def send(self, datagram: bytes, peer: Peer) -> None:
        """Send something to a client, asked or unasked."""
        try:
            self._socket.sendto(datagram, peer)
        except OSError:
            # The client has gone; chronyd does not mind either.
            pass

    def wait_for_requests(self, number: int = 1) -> list[Request]:
        """Block until so many requests have come."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= number, DEADLINE):
                raise TimeoutError(f"{len(self.requests)} requests came, not {number}")
            return list(self.requests)

    def client_files(self) -> list[str]:
        """What clients have left beside its Unix socket."""
        return sorted(set(os.listdir(self.directory)) - {"chronyd.sock"}) if self.directory else []
