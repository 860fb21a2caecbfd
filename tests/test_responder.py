"""The responder answers as chronyd does: chronyc reads all ten reports from it."""

from __future__ import annotations

import socket
import struct
from decimal import Decimal

import pytest
from support.reading import chronyc_reads
from support.responder import REQUESTS, SAMPLES, Request, Responder


@pytest.mark.parametrize("report", sorted(REQUESTS))
def test_chronyc_reads_what_was_meant(responder: Responder, report: str) -> None:
    record = chronyc_reads(responder, report)
    compared = 0
    for field, value in SAMPLES[report].items():
        if field not in record:
            continue
        printed = record[field]
        if isinstance(value, str):
            assert printed == value
        elif isinstance(value, float):
            # chronyc rounds to the digits it prints.
            digits = len(printed.partition(".")[2])
            assert abs(Decimal(printed) - Decimal(value)) <= Decimal(5).scaleb(-digits - 1)
        elif isinstance(value, int) and field in ("reachability", "reference ID"):
            assert int(printed, 8 if field == "reachability" else 16) == value
        elif isinstance(value, int) and printed.isdigit():
            assert int(printed) == value
        else:
            continue
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize("transport", ["udp6"])
def test_chronyc_reads_over_ipv6_too(responder: Responder) -> None:
    assert chronyc_reads(responder, "tracking")["stratum"] == "3"


def test_what_a_test_does_wrong_in_its_behaviour_fails_the_test() -> None:
    def broken(request: Request) -> list[bytes]:
        raise LookupError(request.report)

    with (
        pytest.raises(LookupError, match="activity"),
        Responder(broken) as daemon,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        request = struct.pack(">BBHHHI", 6, 1, 0, REQUESTS["activity"][0], 0, 1)
        client.sendto(request, ("127.0.0.1", daemon.port))
        daemon.wait_for_requests()
