"""chronyd's command and monitoring protocol, version 6: requests, replies and the encoding of their fields, as tables.

Each message is one datagram. Numbers are big-endian, and no field is padded beyond what the tables list. The names of
the fields are libchrony's, which `pychrony.get_report()` uses too. What each release of chronyd sends is taken from chrony's
own sources (candm.h, cmdmon.c, pktlength.c, util.c), from 3.5 to the newest.

This file imports nothing of the package, because tests load it where the extension itself cannot be loaded.
"""

from __future__ import annotations

import math
import re
import socket
import struct
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

VERSION = 6
# chronyd answers a request of this version or later, if only to say that it speaks another version.
OLDEST_VERSION_ANSWERED = 5
REQUEST_PACKET = 1
RESPONSE_PACKET = 2
REQUEST_HEADER = 20
RESPONSE_HEADER = 28

# The status of a response.
SUCCESS = 0
FAILED = 1
UNAUTHORIZED = 2
INVALID = 3
NO_SUCH_SOURCE = 4
NOT_ENABLED = 6
NO_RTC = 13
BAD_VERSION = 18
BAD_LENGTH = 19

# The family of an address.
UNSPECIFIED = 0
IPV4 = 1
IPV6 = 2
ID = 3

# These stand for "never" or "not known", and for the high half of a time that has none.
NEVER = 0xFFFFFFFF
NO_HIGH_PART = 0x7FFFFFFF

N_SOURCES = 14
NULL_REPLY = 1
N_SOURCES_REPLY = 2

# The reports that chronyd's UDP port refuses unless the directive opencommands lists them.
RESTRICTED = frozenset({"serverstats", "ntpdata", "authdata", "selectdata"})

Release = tuple[int, ...]
NEWEST: Release = (4, 9)

# Report: its command, what the request carries after its header, and the first release of chronyd that has it.
REQUESTS: dict[str, tuple[int, str, Release]] = {
    "sources": (15, "index", (0,)),
    "tracking": (33, "", (0,)),
    "sourcestats": (34, "index", (0,)),
    "rtcdata": (35, "", (0,)),
    "activity": (44, "", (0,)),
    "smoothing": (51, "", (0,)),
    "serverstats": (54, "", (0,)),
    "ntpdata": (57, "address", (0,)),
    "authdata": (67, "address", (4, 0)),
    "selectdata": (69, "index", (4, 0)),
}
REPORTS = {command: report for report, (command, _, _) in REQUESTS.items()}
ARGUMENT_LENGTHS = {"": 0, "index": 4, "address": 20}

# The fields of a reply in order: the name of each and the kind of its encoding.
Layout = tuple[tuple[str, str], ...]


def _layout(**groups: str) -> Layout:
    """The fields from arguments such as `u32="a, b"`; a number after the kind tells groups of the same kind apart."""
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
    "served kernel TX timestamps, served hardware RX timestamps, served hardware TX timestamps"
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
    u32_2="transmitted messages, received messages, received valid messages",
    # chronyd before 4.3 sends a reserved field here.
    elapsed="received good messages",
)

# Report: the replies it may have, oldest first: the code of each and its fields.
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
            elapsed="last sample ago",
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
            elapsed="last sample ago",
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
            elapsed="last key establishment ago",
            u16_3="cookies, cookie length, NAK, reserved #1",
        )
    },
    "ntpdata": {
        16: _NTPDATA + _layout(ones32="reserved #1, reserved #2, reserved #3"),
        26: _NTPDATA
        + _layout(
            u32=(
                "kernel transmit timestamps, kernel receive timestamps, hardware transmit timestamps, "
                "hardware receive timestamps"
            ),
            ones32="reserved #1, reserved #2, reserved #3, reserved #4",
        ),
    },
    "serverstats": {
        14: _layout(u32=_SERVERSTATS_1),
        22: _layout(u32=_SERVERSTATS_2),
        24: _layout(u32=_SERVERSTATS_3),
        25: _layout(
            u64=_SERVERSTATS_4, ones64="reserved #1, reserved #2, reserved #3, reserved #4"
        ),
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

# The first release of chronyd that sends a reply, or a field. What is not listed is sent from 3.5 on.
REPLY_SINCE: dict[int, Release] = {22: (4, 0), 24: (4, 2), 25: (4, 4), 26: (4, 6)}
FIELD_SINCE: dict[tuple[str, str], Release] = {("ntpdata", "received good messages"): (4, 3)}

# The status if there is no record because chronyd does not do what the report is about. (Else it has no such source.)
MISSING = {"rtcdata": NO_RTC, "smoothing": NOT_ENABLED}


# The encoding of values.

_COEFFICIENT_BITS = 25
_COEFFICIENT_MAX = (1 << _COEFFICIENT_BITS - 1) - 1
_EXPONENT_MAX = 63
_EXPONENT_MIN = -64
# The smallest number above 0. Numbers near it are truncated to a multiple of it.
LEAST_FLOAT = math.ldexp(1, _EXPONENT_MIN - _COEFFICIENT_BITS)


class Address(NamedTuple):
    """An address as it stands in a message, for those that no text can express."""

    raw: bytes
    family: int


def encode_float(value: float) -> bytes:
    """A number in chronyd's format: an exponent of 7 bits and a coefficient of 25, both signed.

    This follows chronyd's own conversion step by step, because it does not always round to the nearest number. A number
    that was read from chronyd becomes the same bytes again.
    """
    if math.isnan(value):
        return bytes(4)
    negative, size = value < 0.0, abs(value)
    limit = _COEFFICIENT_MAX + negative
    if size < 1.0e-100:
        exponent = coefficient = 0
    elif size > 1.0e100:
        exponent, coefficient = _EXPONENT_MAX, limit
    else:
        # int() truncates towards zero, as the conversion in C does.
        exponent = int(math.log(size) / math.log(2) + 1)
        coefficient = int(size * 2.0 ** (_COEFFICIENT_BITS - exponent) + 0.5)
        while coefficient > limit:
            coefficient >>= 1
            exponent += 1
        if exponent > _EXPONENT_MAX:
            exponent, coefficient = _EXPONENT_MAX, limit
        elif exponent < _EXPONENT_MIN:
            if exponent + _COEFFICIENT_BITS >= _EXPONENT_MIN:
                coefficient >>= _EXPONENT_MIN - exponent
                exponent = _EXPONENT_MIN
            else:
                exponent = coefficient = 0
    if negative:
        coefficient = -coefficient & (1 << _COEFFICIENT_BITS) - 1
    return struct.pack(">I", (exponent & 0x7F) << _COEFFICIENT_BITS | coefficient)


def decode_float(encoded: bytes) -> float:
    """The number that these four bytes represent."""
    (number,) = struct.unpack(">I", encoded)
    exponent, coefficient = number >> _COEFFICIENT_BITS, number & (1 << _COEFFICIENT_BITS) - 1
    if exponent > _EXPONENT_MAX:
        exponent -= 1 << 7
    if coefficient > _COEFFICIENT_MAX:
        coefficient -= 1 << _COEFFICIENT_BITS
    return math.ldexp(coefficient, exponent - _COEFFICIENT_BITS)


def encode_address(value: Any) -> bytes:
    """None, an IP address, "ID#0000000001" (a source whose name is not resolved yet), or an `Address`.

    An integer is the reference ID of a reference clock, which the sources report puts in the place of an IPv4 address.
    """
    if isinstance(value, Address):
        return struct.pack(">16sHH", value.raw, value.family, 0)
    if value is None:
        return bytes(20)
    if isinstance(value, int):
        return struct.pack(">16sHH", value.to_bytes(4, "big"), IPV4, 0)
    family, raw = parse_address(value)
    return struct.pack(">16sHH", raw, family, 0)


def parse_address(text: str) -> tuple[int, bytes]:
    """The family and the bytes of an address; ValueError where it is none."""
    unresolved = re.fullmatch("ID#([0-9]{10})", text)
    if unresolved and int(unresolved[1]) <= 0xFFFFFFFF:
        return ID, int(unresolved[1]).to_bytes(4, "big")
    for family, number in ((socket.AF_INET, IPV4), (socket.AF_INET6, IPV6)):
        try:
            return number, socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
    raise ValueError(f"not an IP address, and not ID# with ten digits: {text!r}")


def format_address(family: int, raw: bytes) -> str:
    """An address as libchrony writes it."""
    if family == ID:
        return f"ID#{int.from_bytes(raw[:4], 'big'):010}"
    if family == IPV4:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    return socket.inet_ntop(socket.AF_INET6, raw)


def decode_address(encoded: bytes) -> str | None:
    """The text of these 20 bytes; None if they hold no address."""
    raw, family, _ = struct.unpack(">16sHH", encoded)
    return format_address(family, raw) if family in (IPV4, IPV6, ID) else None


def encode_timespec(value: tuple[int, ...]) -> bytes:
    """(seconds, nanoseconds), or (high, low, nanoseconds) as they stand in the message."""
    if len(value) == 3:
        return struct.pack(">III", *value)
    seconds, nanoseconds = value
    return struct.pack(">QI", seconds, nanoseconds)


# Kind: its encoding, and the value of a field that is not given.
_ENCODERS: dict[str, tuple[Callable[[Any], bytes], Any]] = {
    "u8": (struct.Struct(">B").pack, 0),
    "u16": (struct.Struct(">H").pack, 0),
    "u32": (struct.Struct(">I").pack, 0),
    "u64": (struct.Struct(">Q").pack, 0),
    "i8": (struct.Struct(">b").pack, 0),
    "i16": (struct.Struct(">h").pack, 0),
    # Seconds or a count, where NEVER stands for None.
    "elapsed": (struct.Struct(">I").pack, 0),
    "ones32": (struct.Struct(">I").pack, 0xFFFFFFFF),
    "ones64": (struct.Struct(">Q").pack, 0xFFFFFFFFFFFFFFFF),
    "float": (encode_float, 0.0),
    "address": (encode_address, None),
    "timespec": (encode_timespec, (0, 0)),
}


def encode(layout: Layout, values: Mapping[str, Any]) -> bytes:
    """The fields in the order of their layout; a field that is not given is zero, or all ones if chronyd sends that."""
    unknown = set(values) - {name for name, _ in layout}
    if unknown:
        raise KeyError(f"no such field: {', '.join(sorted(unknown))}")
    parts = []
    for name, kind in layout:
        pack, default = _ENCODERS[kind]
        parts.append(pack(values.get(name, default)))
    return b"".join(parts)


def length(layout: Layout) -> int:
    """The length of a response with these fields."""
    return RESPONSE_HEADER + len(encode(layout, {}))


# Messages.


class Request:
    """One request, taken apart."""

    def __init__(self, datagram: bytes) -> None:
        self.datagram = datagram

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
        """The report asked for; "" for the number of sources and for unknown commands."""
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

    def status_for(self, release: Release) -> int | None:
        """SUCCESS if this release of chronyd processes the request; else the status of its answer; None: no answer."""
        if len(self.datagram) < RESPONSE_HEADER or self.datagram[1:4] != b"\1\0\0":
            return None
        version = self.datagram[0]
        if version != VERSION:
            return BAD_VERSION if version >= OLDEST_VERSION_ANSWERED else None
        if self.command == N_SOURCES:
            shortest = RESPONSE_HEADER + 4
        elif self.report and REQUESTS[self.report][2] <= release:
            argument = ARGUMENT_LENGTHS[REQUESTS[self.report][1]]
            # An answer is never longer than its request, which is padded for this.
            reply = length(REPLIES[self.report][max(reply_codes(self.report, release))])
            shortest = max(REQUEST_HEADER + argument, reply)
        else:
            return INVALID
        return SUCCESS if len(self.datagram) >= shortest else BAD_LENGTH


def reply_codes(report: str, release: Release) -> list[int]:
    """The codes of the replies of a report that this release of chronyd knows."""
    return [code for code in REPLIES[report] if REPLY_SINCE.get(code, (0,)) <= release]
