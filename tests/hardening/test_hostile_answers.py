"""Whatever a chronyd answers, a call ends in time: with a report that is as documented, or with a ChronyError."""

from __future__ import annotations

import collections
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

from ranges import GETTERS, REPORTS, check_error, check_raw, check_result
from scale import LIFETIME, SEED, times
from support import child
from support.responder import REPLIES, RESPONSE_HEADER, encode

import pychrony

FUZZER = Path(__file__).with_name("fuzzer.py")

# Every exchange is answered; this leaves room for a busy machine and one lost datagram.
TIMEOUT = 10.0
MARGIN = 20.0

# What a datagram holds, on UDP.
LONGEST = 65507

Call = tuple[str, Callable[[], Any], Callable[[Any], None]]


class Hostile:
    """The fuzzer, in a process of its own."""

    def __init__(self, transport: str, mode: str) -> None:
        self.process = child.Process(
            [sys.executable, FUZZER, transport, mode, str(SEED)],
            deadline=LIFETIME,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.ended: dict[str, Any] = {}

    def __enter__(self) -> Hostile:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        output = self.process.finish().stdout
        if kind is not None:
            # The last datagram it sent is the one that caused the failure.
            print(f"seed {SEED}", output, sep="\n")
        assert self.process.returncode == 0
        self.ended = json.loads(output)
        print(self.ended["counts"])


def module_calls(address: str) -> list[Call]:
    """Every function of the module that asks."""

    def getter(name: str) -> Call:
        function = getattr(pychrony, name)
        return (
            name,
            lambda: function(address, timeout=TIMEOUT),
            lambda result: check_result(name, result),
        )

    def report(name: str) -> Call:
        return (
            name,
            lambda: pychrony.get_report(name, address, timeout=TIMEOUT),
            check_raw,
        )

    return [getter(name) for name in GETTERS] + [report(name) for name in REPORTS]


def connection_calls(connection: pychrony.ChronyConnection) -> list[Call]:
    """Every method of a connection that asks."""

    def getter(name: str) -> Call:
        return name, getattr(connection, name), lambda result: check_result(name, result)

    def report(name: str) -> Call:
        return name, lambda: connection.get_report(name), check_raw

    return [getter(name) for name in GETTERS] + [report(name) for name in REPORTS]


def ask(call: Call) -> str:
    """Make a call, check how it ends, and return how it ended."""
    name, function, check = call
    begun = time.monotonic()
    try:
        result = function()
    except pychrony.ChronyError as error:
        check_error(error)
        ended = f"{name}: {type(error).__name__}"
    else:
        check(result)
        ended = f"{name}: report"
    assert time.monotonic() - begun < TIMEOUT + MARGIN
    return ended


def ask_all(calls: list[Call], rounds: int) -> collections.Counter[str]:
    return collections.Counter(ask(call) for _ in range(rounds) for call in calls)


def only(calls: list[Call], *names: str) -> list[Call]:
    return [call for call in calls if call[0] in names]


def test_every_byte_of_every_answer_may_be_any_other(transport: str) -> None:
    with Hostile(transport, "positions") as hostile:
        with pychrony.ChronyConnection(hostile.address, timeout=TIMEOUT) as connection:
            both = module_calls(hostile.address) + connection_calls(connection)
            ended = ask_all(both, times(300, least=300))
            # These have several kinds of answers, or longer answers.
            ended += ask_all(
                only(both, "get_server_stats", "get_ntp_data"), times(1600, least=1600)
            )
    for name in GETTERS:
        assert ended[f"{name}: report"] and ended[f"{name}: ChronyDataError"], ended
    whole = {
        str(code): RESPONSE_HEADER + len(encode(layout, {}))
        for replies in REPLIES.values()
        for code, layout in replies.items()
    }
    assert hostile.ended["counts"]["answers"] > 25_000
    assert {code: hostile.ended["seen"].get(code) for code in whole} == whole


def test_an_answer_may_have_any_length(transport: str) -> None:
    with Hostile(transport, "lengths") as hostile:
        with pychrony.ChronyConnection(hostile.address, timeout=TIMEOUT) as connection:
            calls = connection_calls(connection)
            if transport == "udp":
                calls += module_calls(hostile.address)
            ended = ask_all(calls, times(72_000, least=72_000) // len(calls))
    assert hostile.ended["seen"]["0"] == LONGEST + 1
    assert hostile.ended["counts"]["answers"] > 80_000
    assert ended["get_tracking: report"] and ended["get_tracking: ChronyDataError"]


def test_answers_may_be_anything_at_all(transport: str) -> None:
    with Hostile(transport, "random") as hostile:
        with pychrony.ChronyConnection(hostile.address, timeout=TIMEOUT) as connection:
            both = module_calls(hostile.address) + connection_calls(connection)
            ended = ask_all(both, times(700))
    assert hostile.ended["counts"]["answers"] > times(25_000)
    for name, kind in itertools.product(GETTERS, ("report", "ChronyDataError")):
        assert ended[f"{name}: {kind}"], ended
