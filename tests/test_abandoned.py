"""A session in which a request failed is never used again: libchrony would go on with the request that was abandoned.

In the reports by address, a record takes two exchanges: one for the source's address, one for the record itself.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from support.getters import GETTER_OF, LISTS
from support.responder import (
    N_SOURCES,
    NO_SUCH_SOURCE,
    NOT_ENABLED,
    Request,
    Responder,
    sample,
)
from support.waiting import wait_for

import pychrony

TYPED = {name: GETTER_OF[name] for name in LISTS}
BY_ADDRESS = ["authdata", "ntpdata"]
SOURCES = 8


def listed() -> dict[str, list[dict[str, Any]]]:
    """The records of all lists, for the same sources."""
    addresses = [f"192.0.2.{index}" for index in range(1, SOURCES + 1)]
    lists = {
        report: [sample(report, address=address) for address in addresses]
        for report in ["sources", "sourcestats", "selectdata"]
    }
    lists["authdata"] = [sample("authdata", key_ID=index) for index in range(1, SOURCES + 1)]
    lists["ntpdata"] = [sample("ntpdata", remote_address=address) for address in addresses]
    return lists


def socket_of(request: Request) -> Any:
    """Who asks. A later session may reuse the port of an earlier one, so the socket's inode distinguishes them."""
    if not isinstance(request.peer, tuple):
        return request.peer
    host, port = request.peer
    local = f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"

    def inodes() -> set[str]:
        rows = map(str.split, Path("/proc/net/udp").read_text().splitlines())
        return {row[9] for row in rows if row[1] == local}

    # The kernel may leave a line out while sockets come and go. But the asker's socket exists: it waits for the answer.
    return request.peer, *wait_for("the asker's socket is listed", inodes, pause=lambda _: None)


class Sessions:
    """A responder's behaviour that records which clients it has told of a failure, and what they have asked since."""

    def __init__(self, fails: Callable[[Request], bool]) -> None:
        self.fails = fails
        self.told: set[Any] = set()
        self.again: list[Request] = []
        self.revived: list[Request] = []
        self._last: dict[Any, int] = {}

    def __call__(self, request: Request) -> list[bytes]:
        asker = socket_of(request)
        if asker in self.told:
            self.again.append(request)
        if self._last.get(asker) == N_SOURCES and request.report in BY_ADDRESS:
            self.revived.append(request)
        self._last[asker] = request.command
        if self.fails(request):
            self.told.add(asker)
            return [request.answer(status=NO_SUCH_SOURCE)]
        return [request.answer()]


def ask(asker: Any, report: str, raw: bool, *address: str) -> list[Any]:
    records: list[Any]
    if raw:
        records = asker.get_report(report, *address)
    else:
        records = getattr(asker, TYPED[report])(*address)
    return records


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("report", TYPED)
@pytest.mark.parametrize("place", [0, 3, SOURCES - 1])
def test_a_session_with_a_failed_request_is_not_used_again(
    transport: str, report: str, raw: bool, place: int
) -> None:
    """Whichever source goes while the list is read, the list is read again, in another session."""
    failed: list[int] = []

    def fails(request: Request) -> bool:
        if request.report != report or len(failed) >= 2:
            return False
        asked.append(request.number)
        if (len(asked) - 1) % SOURCES != place:
            return False
        failed.append(request.number)
        asked.clear()
        return True

    asked: list[int] = []
    sessions = Sessions(fails)
    with Responder(sessions, transport=transport, reports=listed()) as responder:
        with pychrony.ChronyConnection(responder.address) as connection:
            for _ in range(2):
                assert len(ask(connection, report, raw)) == SOURCES
        assert len(ask(pychrony, report, raw, responder.address)) == SOURCES
    assert len(failed) == 2
    assert sessions.told
    assert sessions.again == []
    assert sessions.revived == []


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("report", TYPED)
def test_lists_that_keep_changing_are_right_or_raise_an_error(
    transport: str, report: str, raw: bool
) -> None:
    """A source goes at every seventh request, and another comes at the end."""
    counter = iter(range(SOURCES + 1, 100_000))

    def fails(request: Request) -> bool:
        if request.number % 7 == 6:
            address = f"198.18.{next(counter) // 200}.{next(counter) % 200 + 1}"
            gone = request.number % SOURCES
            for name, records in responder.reports.items():
                if name in TYPED:
                    key = "remote address" if name == "ntpdata" else "address"
                    record = {**records[0]} if name == "authdata" else {**records[0], key: address}
                    del records[gone]
                    records.append(record)
        return False

    def statuses(request: Request) -> list[bytes]:
        datagrams = sessions(request)
        if any(int.from_bytes(datagram[8:10], "big") for datagram in datagrams):
            sessions.told.add(socket_of(request))
        return datagrams

    sessions = Sessions(fails)
    with Responder(statuses, transport=transport, reports=listed()) as responder:
        with pychrony.ChronyConnection(responder.address) as connection:
            for _ in range(20):
                for asker, address in [(connection, ()), (pychrony, (responder.address,))]:
                    records = ask(asker, report, raw, *address)
                    addresses = [
                        record[key] if raw else record.address
                        for record in records
                        for key in [{"ntpdata": "remote address"}.get(report, "address")]
                        if not raw or key in record
                    ]
                    assert len(set(addresses)) == len(addresses)
                    assert SOURCES - 2 <= len(records) <= SOURCES
    assert sessions.again == []
    assert sessions.revived == []
    assert bool(sessions.told) == (report in BY_ADDRESS), (
        "a report by address does not find a source that is gone"
    )


# Rust tests try each report, and each request that may be lost; here it is libchrony's own session.
@pytest.mark.parametrize(
    ("report", "raw", "lost"), [(BY_ADDRESS[0], False, 2), (BY_ADDRESS[1], True, 1)]
)
def test_a_request_that_is_sent_again_on_udp_leaves_no_trace(
    report: str, raw: bool, lost: int
) -> None:
    """The request for the address or that for the record is lost, and then the source is gone."""
    seen: list[Request] = []

    def behaviour(request: Request) -> list[bytes]:
        seen.append(request)
        if request.number == lost:
            return []
        return sessions(request)

    def fails(request: Request) -> bool:
        is_first = request.report == report and not sessions.told
        return is_first and request.number > lost

    sessions = Sessions(fails)
    with Responder(behaviour, reports=listed()) as responder:
        with pychrony.ChronyConnection(responder.address, timeout=60) as connection:
            assert len(ask(connection, report, raw)) == SOURCES
            assert len(ask(connection, report, raw)) == SOURCES
    assert sessions.told
    assert sessions.again == []
    assert sessions.revived == []


def test_a_source_is_not_enabled_in_the_middle_and_the_next_question_stands_alone(
    transport: str,
) -> None:
    """libchrony had asked for the address and would still go on with that."""
    asked: list[str] = []
    refused: list[Request] = []

    def behave(request: Request) -> list[bytes]:
        asked.append(request.report)
        if request.report == "sourcestats" and not refused:
            refused.append(request)
            return [request.answer(status=NOT_ENABLED)]
        return [request.answer()]

    with Responder(behave, transport=transport, reports=listed()) as daemon:
        with pychrony.ChronyConnection(daemon.address) as connection:
            assert connection.get_report("authdata") == []
            asked.clear()
            assert len(connection.get_sources()) == SOURCES
    assert BY_ADDRESS[0] not in asked
