"""FakeChronyd sends the bytes that chronyd sends.

The extension asks a real chronyd through a relay that keeps the datagrams. A FakeChronyd is made from the records that it
read; it gets the same requests, and must answer what the real one answered. Nothing changes between the two, because both
answers are about the same moment.
"""

from __future__ import annotations

import math
import os
import random
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import chronyc
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.getters import GETTER_OF
from support.shm import ShmClock
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony.testing import FakeChronyd, protocol
from pychrony.testing.server import Server

KEYS = "1 MD5 HEX:0123456789abcdef0123456789abcdef\n10 SHA1 HEX:00112233445566778899aabbccddeeff00112233\n"
WITH_KEYS = "keyfile {directory}/keys"

# The attributes of a FakeChronyd, the reports they hold, and the functions that ask for those.
GETTERS = {
    getter[len("get_") :]: (report, getattr(pychrony, getter))
    for report, getter in GETTER_OF.items()
}
# The reference ID and the address in a record of sourcestats.
IDENTITY = protocol.RESPONSE_HEADER + 24


class Client:
    """Sends datagrams as they are and waits for the answers: to a Unix socket, or to a port of 127.0.0.1."""

    def __init__(self, address: str) -> None:
        self.path = ""
        if address.startswith("/"):
            self.path = f"{os.path.dirname(address)}/client"
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind(self.path)
            # chronyd runs as another user, who must be able to answer.
            os.chmod(self.path, 0o666)
            self.socket.connect(address)
        else:
            host, port = address.split(":")
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.connect((host, int(port)))
        self.socket.settimeout(DEADLINE)

    def ask(self, datagram: bytes) -> bytes:
        self.socket.send(datagram)
        return self.socket.recv(4096)

    def close(self) -> None:
        self.socket.close()
        if self.path:
            os.unlink(self.path)


@contextmanager
def client_to(address: str) -> Iterator[Client]:
    client = Client(address)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def relay_to(address: str) -> Iterator[tuple[str, list[tuple[bytes, bytes]]]]:
    """An address that passes requests on to the daemon, and what was asked and answered there."""
    heard: list[tuple[bytes, bytes]] = []

    def pass_on(datagram: bytes, peer: object) -> list[bytes]:
        heard.append((datagram, client.ask(datagram)))
        return [heard[-1][1]]

    with client_to(address) as client:
        server = Server(pass_on)
        server.start()
        try:
            yield server.address, heard
        finally:
            server.stop()


@pytest.fixture(scope="module")
def keeper() -> Iterator[Chronyd]:
    """Serves its own clock, and knows two keys."""
    with Chronyd([*LOCAL_SERVER, WITH_KEYS], serve=True, files={"keys": KEYS}) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def every_kind(keeper: Chronyd) -> Iterator[Chronyd]:
    """Has a source of each kind, and smooths the time it serves."""
    with ShmClock() as clock:
        lines = [
            *client_of("127.0.0.1", keeper.ntp_port, "key 10 prefer"),
            *client_of("::1", keeper.ntp_port, "noselect key 1 xleave"),
            *clock.refclock,
            "server 192.0.2.1 minpoll 3 maxpoll 3 trust require",
            "server ntp.invalid offline",
            "peer 2001:db8::7 offline",
            "smoothtime 400 0.01",
            "allow 127.0.0.1",
            WITH_KEYS,
        ]
        with Chronyd(lines, files={"keys": KEYS}) as daemon:
            daemon.wait_synchronised()
            daemon.chronyc("smoothtime", "activate")
            # Until then chronyd changes a frequency that it has not measured, which the records leave out.
            wait_for(
                "a regression of each source that has samples",
                lambda: all(
                    each.runs > 0 or each.samples == 0
                    for each in pychrony.get_source_stats(daemon.socket)
                ),
            )
            yield daemon


DAEMONS = [
    "server",
    "client",
    "client6",
    "refclock",
    "refclock_behind",
    "unsynchronised",
    "keeper",
    "every_kind",
]


def settled(answer: bytes) -> bytes:
    """The answer with plain 0 for floats that are too small: chronyd sends those with an exponent, and they read as 0."""
    words = [answer[index : index + 4] for index in range(0, len(answer), 4)]
    return b"".join(bytes(4) if word == b"\x80\0\0\0" else word for word in words)


@pytest.mark.parametrize("name", DAEMONS)
def test_from_the_records_of_a_chronyd_it_makes_the_answers_of_that_chronyd(
    request: pytest.FixtureRequest, name: str
) -> None:
    daemon: Chronyd = request.getfixturevalue(name)
    read: dict[str, Any] = {}
    conversations: dict[str, list[tuple[bytes, bytes]]] = {}
    with relay_to(daemon.socket) as (address, heard):
        for attribute, (report, get) in GETTERS.items():
            heard.clear()
            read[attribute] = get(address)
            conversations[report] = list(heard)
    with FakeChronyd(**read, version=chronyc.release()) as fake, client_to(fake.address) as client:
        for report, conversation in conversations.items():
            for request_, right in conversation:
                answer = client.ask(request_)
                followed = report in ("ntpdata", "authdata")
                if followed and protocol.Request(request_).report == "sourcestats":
                    # libchrony asks sourcestats for the address first. These statistics are from another moment than those
                    # that get_source_stats() read.
                    answer, right = answer[:IDENTITY], right[:IDENTITY]
                assert settled(answer) == settled(right), report
        for attribute, (_, get) in GETTERS.items():
            assert get(fake.address) == read[attribute], attribute


def test_the_sources_are_of_every_kind(every_kind: Chronyd) -> None:
    """Otherwise the comparison above would show less than it seems to."""
    sources = pychrony.get_sources(every_kind.socket)
    assert {source.mode for source in sources} == set(pychrony.SourceMode)
    addresses = [source.address for source in sources]
    assert {"127.0.0.1", "::1", "GPS"} <= set(addresses)
    assert any(address.startswith("ID#") for address in addresses)
    modes = {record.mode for record in pychrony.get_auth_data(every_kind.socket)}
    assert modes == {pychrony.AuthMode.NONE, pychrony.AuthMode.SYMMETRIC_KEY}
    smoothing = pychrony.get_smoothing(every_kind.socket)
    assert smoothing is not None and smoothing.flags


def datagram(command: int, argument: bytes = b"", *, size: int = 400, header: bytes = b"") -> bytes:
    """A request, padded to a size that any answer fits in; `header` takes the place of its first bytes."""
    whole = struct.pack(">BBHHHII", 6, 1, 0, command, 0, 0x12345678, 0) + bytes(4) + argument
    return header + whole.ljust(size, b"\0")[len(header) : size]


COMMANDS = {report: command for report, (command, _, _) in protocol.REQUESTS.items()}
ODD_REQUESTS = {
    "a source past the end": datagram(COMMANDS["sources"], struct.pack(">I", 7)),
    "a source far past the end": datagram(COMMANDS["sources"], struct.pack(">I", 0xFFFFFFFF)),
    "statistics past the end": datagram(COMMANDS["sourcestats"], struct.pack(">I", 7)),
    "selection past the end": datagram(COMMANDS["selectdata"], struct.pack(">I", 7)),
    "ntpdata of nobody": datagram(COMMANDS["ntpdata"], protocol.encode_address("192.0.2.99")),
    "authdata of no address": datagram(COMMANDS["authdata"], bytes(20)),
    "no real-time clock": datagram(COMMANDS["rtcdata"]),
    "no smoothing": datagram(COMMANDS["smoothing"]),
    "no such command": datagram(999),
    "an older protocol": datagram(COMMANDS["tracking"], header=b"\5"),
    "a newer protocol": datagram(COMMANDS["tracking"], header=b"\7"),
    "too short for tracking": datagram(COMMANDS["tracking"], size=103),
    "too short for the statistics": datagram(COMMANDS["serverstats"], size=28),
    "too short for the number": datagram(protocol.N_SOURCES, size=31),
    "long enough for the number": datagram(protocol.N_SOURCES, size=32),
    "a later attempt": datagram(protocol.N_SOURCES, header=b"\6\1\0\0\0\x0e\0\5"),
}


@pytest.mark.parametrize("transport", ["unix", "udp"])
def test_an_unusual_request_gets_the_response_of_chronyd(server: Chronyd, transport: str) -> None:
    real = server.socket if transport == "unix" else server.udp
    with FakeChronyd(sources=[], transport=transport, version=chronyc.release()) as fake:
        with client_to(real) as one, client_to(fake.address) as other:
            for name, each in ODD_REQUESTS.items():
                assert other.ask(each) == one.ask(each), name


def test_what_chronyd_does_not_answer_is_not_answered(server: Chronyd) -> None:
    """Another request follows, which is answered: nothing may come before its answer."""
    dropped = [
        b"",
        datagram(COMMANDS["tracking"], size=27),
        datagram(COMMANDS["tracking"], header=b"\4"),
        datagram(COMMANDS["tracking"], header=b"\6\2"),
        datagram(COMMANDS["tracking"], header=b"\6\1\1"),
        datagram(COMMANDS["tracking"], header=b"\6\1\0\1"),
    ]
    right = datagram(protocol.N_SOURCES)
    with FakeChronyd(sources=[], version=chronyc.release()) as fake:
        with client_to(server.socket) as one, client_to(fake.address) as other:
            for each in dropped:
                for client in (one, other):
                    client.socket.send(each)
                assert other.ask(right) == one.ask(right)


def test_no_datagram_ends_it() -> None:
    """Whatever comes, the next request is answered."""
    generator = random.Random(20_261_125)
    right = datagram(protocol.N_SOURCES)
    commands = [*COMMANDS.values(), protocol.N_SOURCES, 0, 999, 0xFFFF]
    with FakeChronyd() as fake, client_to(fake.address) as client:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
            nameless.connect(fake.address)
            for _ in range(300):
                nameless.send(right)
                noise = generator.randbytes(generator.randrange(400))
                head = datagram(generator.choice(commands))[: generator.randrange(28)]
                client.socket.send(head + noise)
        client.socket.send(b"\6\1\0\0" + right[4:8] + b"last" + right[12:])
        while client.socket.recv(4096)[16:20] != b"last":
            pass
        assert pychrony.get_tracking(fake.address) == fake.tracking


def test_the_reports_that_udp_refuses_are_those_that_chronyd_refuses(server: Chronyd) -> None:
    refused = protocol.UNAUTHORIZED.to_bytes(2, "big")
    with FakeChronyd(transport="udp", version=chronyc.release()) as fake:
        with client_to(server.udp) as one, client_to(fake.address) as other:
            for report, command in COMMANDS.items():
                answers = [client.ask(datagram(command)) for client in (one, other)]
                assert [answer[8:10] == refused for answer in answers] == [
                    report in protocol.RESTRICTED
                ] * 2
                if report in protocol.RESTRICTED:
                    assert answers[0] == answers[1]


# chronyd's floats.


def words() -> Iterator[bytes]:
    """Floats as chronyd sends them: with any exponent and 24 significant bits, or fewer bits at the smallest exponent."""
    generator = random.Random(20_261_123)
    for _ in range(20_000):
        sign = generator.choice((1, -1))
        coefficient = sign * generator.randrange(1 << 23, 1 << 24)
        exponent = generator.randrange(-64, 64)
        if exponent == -64 and generator.random() < 0.5:
            coefficient >>= generator.randrange(1, 20)
        yield struct.pack(">I", (exponent & 0x7F) << 25 | coefficient & 0x1FFFFFF)


# What the function in chrony's util.c makes of them. It rounds 2/3 down, and encodes -1 in an unusual form.
CONVERTED = {
    0.1: "fccccccd",
    2 / 3: "02aaaaaa",
    1 / 3: "00aaaaab",
    1.0: "04800000",
    -1.0: "03000000",
    -12.345678: "0b3a781b",
    123456.789: "24f12065",
    6e-21: "8038ab1c",
    -6e-21: "81c754e4",
    3e-25: "800000b9",
    1e-100: "00000000",
    math.nan: "00000000",
    1e30: "7effffff",
    -math.inf: "7f000000",
}


def test_a_float_is_converted_step_by_step_as_chronyd_does_it() -> None:
    assert {value: protocol.encode_float(value).hex() for value in CONVERTED} == CONVERTED


def test_a_float_that_was_read_from_chronyd_becomes_the_same_bytes() -> None:
    for word in words():
        assert protocol.encode_float(protocol.decode_float(word)) == word


def test_any_other_float_becomes_one_that_is_as_near_as_24_bits_allow() -> None:
    generator = random.Random(20_261_124)
    for _ in range(20_000):
        value = (
            generator.choice((1, -1))
            * generator.uniform(0.5, 1)
            * 2.0 ** generator.randrange(-60, 60)
        )
        read = protocol.decode_float(protocol.encode_float(value))
        assert abs(read - value) <= abs(value) * 2**-23
    assert protocol.encode_float(0.0) == protocol.encode_float(1e-101) == bytes(4)
    assert protocol.decode_float(protocol.encode_float(1e300)) == (2**24 - 1) * 2.0**38
    assert protocol.decode_float(protocol.encode_float(-1e300)) == -(2.0**62)


def test_the_protocol_is_loaded_without_the_extension() -> None:
    """The tests' programs rely on this: neither file may import anything from the package."""
    directory = Path(protocol.__file__).parent
    for name in ("protocol.py", "server.py"):
        assert not re.search(
            r"^\s*(from|import) +(\.|pychrony)", (directory / name).read_text(), re.M
        )
