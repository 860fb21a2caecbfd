"""What chronyd does not do on demand: lost, late, foreign, broken and impossible answers, from our own responder."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any, Callable

import pytest
from support.responder import (
    BAD_LENGTH,
    BAD_VERSION,
    FAILED,
    INVALID,
    NO_HIGH_PART,
    NO_RTC,
    NO_SUCH_SOURCE,
    NOT_ENABLED,
    RESPONSE_HEADER,
    SAMPLES,
    UNAUTHORIZED,
    Address,
    Request,
    Responder,
)

import pychrony
from pychrony import ErrorCode, LeapStatus

Behaviour = Callable[[Request], Iterable[bytes]]

SILENCE = 0.2


def ask(responder: Responder, timeout: float = 30.0) -> pychrony.TrackingStatus:
    return pychrony.get_tracking(responder.address, timeout=timeout)


def failure(responder: Responder, timeout: float = 30.0) -> pychrony.ChronyError:
    """The error that the call ends with."""
    with pytest.raises(pychrony.ChronyError) as caught:
        ask(responder, timeout)
    assert responder.client_files() == []
    return caught.value


# The right answer.


def test_every_field_is_the_number_that_was_sent(responder: Responder) -> None:
    tracking = ask(responder)
    assert tuple(tracking) == (
        0xC0000201,
        "192.0.2.1",
        "192.0.2.1",
        3,
        LeapStatus.NORMAL,
        1_700_000_000.123456789,
        0.000244140625,
        -0.0001220703125,
        0.00006103515625,
        -12.5,
        0.03125,
        0.25,
        0.015625,
        0.001953125,
        64.5,
    )
    assert tracking.ref_time_ns == 1_700_000_000_123_456_789


@pytest.mark.parametrize(
    ("number", "status"), [(0, "NORMAL"), (1, "INSERT"), (2, "DELETE"), (3, "UNSYNC")]
)
def test_every_leap_status_has_its_name(responder: Responder, number: int, status: str) -> None:
    responder.reports["tracking"][0]["leap status"] = number
    tracking = ask(responder)
    assert tracking.leap_status is LeapStatus[status]
    assert tracking.is_leap_pending() == (status in ("INSERT", "DELETE"))
    assert tracking.is_synchronized(), "it has a source; UNSYNC is also said in a leap second"


@pytest.mark.parametrize("stratum", [0, 1, 15, 16, 17])
def test_the_strata_that_there_are_pass(responder: Responder, stratum: int) -> None:
    responder.reports["tracking"][0]["stratum"] = stratum
    assert ask(responder).stratum == stratum


def test_without_a_reference_the_clock_is_not_synchronised(responder: Responder) -> None:
    responder.reports["tracking"][0].update({"reference ID": 0, "address": None})
    assert not ask(responder).is_synchronized()


@pytest.mark.parametrize(
    ("identifier", "address", "name", "ip"),
    [
        (0xC0000201, "192.0.2.1", "192.0.2.1", "192.0.2.1"),
        (0x12345678, "2001:db8::1", "2001:db8::1", "2001:db8::1"),
        (int.from_bytes(b"GPS\0", "big"), None, "GPS", None),
        (int.from_bytes(b"PPS0", "big"), None, "PPS0", None),
        (int.from_bytes(b"X\0\0\0", "big"), None, "X", None),
        (int.from_bytes(b"A\0B\0", "big"), None, "65.0.66.0", None),
        (0x7F7F0101, None, "127.127.1.1", None),
        (0, None, "0.0.0.0", None),
        (0xFFFFFFFF, None, "255.255.255.255", None),
    ],
)
def test_a_reference_is_named_by_address_or_letters_or_bytes(
    responder: Responder, identifier: int, address: str | None, name: str, ip: str | None
) -> None:
    responder.reports["tracking"][0].update({"reference ID": identifier, "address": address})
    tracking = ask(responder)
    assert (tracking.reference_id, tracking.reference_id_name, tracking.reference_ip) == (
        identifier,
        name,
        ip,
    )


def test_a_time_without_a_high_part_is_its_low_part(responder: Responder) -> None:
    """A chronyd whose own time has 32 bits sends it so."""
    responder.reports["tracking"][0]["reference time"] = (NO_HIGH_PART, 1_700_000_000, 5)
    assert ask(responder).ref_time_ns == 1_700_000_000_000_000_005


def test_a_time_beyond_2038_and_2106_is_a_time(responder: Responder) -> None:
    responder.reports["tracking"][0]["reference time"] = (1, 0, 999_999_999)
    assert ask(responder).ref_time_ns == (1 << 32) * 1_000_000_000 + 999_999_999


def test_a_longer_answer_than_expected_is_read_as_far_as_it_is_known(responder: Responder) -> None:
    """A newer chronyd may append fields."""
    responder.behaviour = lambda request: [request.answer() + bytes(20)]
    assert ask(responder).stratum == 3


# Lost, late, foreign.


def test_a_lost_request_is_sent_again(transport: str) -> None:
    def lose_the_first(request: Request) -> list[bytes]:
        return [request.answer()] if request.number else []

    with Responder(lose_the_first, transport=transport) as responder:
        assert ask(responder).stratum == 3
        assert len(responder.requests) == 2


def test_a_late_answer_is_not_taken_for_that_to_another_request(transport: str) -> None:
    late: list[bytes] = []

    def one_late(request: Request) -> list[bytes]:
        if request.number == 0:
            late.append(request.answer({"stratum": 9}))
            return []
        return [*late, request.answer()]

    with Responder(one_late, transport=transport) as responder:
        failure(responder, timeout=SILENCE)
        assert ask(responder).stratum == 3


def foreign_sequence(request: Request) -> list[bytes]:
    return [request.answer({"stratum": 9}, sequence=request.sequence ^ 1)]


def foreign_command(request: Request) -> list[bytes]:
    return [request.answer({"stratum": 9}, command=request.command + 1)]


def foreign_version(request: Request) -> list[bytes]:
    return [request.answer({"stratum": 9}, version=5), request.answer({"stratum": 9}, version=7)]


def foreign_packet(request: Request) -> list[bytes]:
    return [request.answer({"stratum": 9}, packet=1), request.answer({"stratum": 9}, packet=3)]


def only_a_header_in_part(request: Request) -> list[bytes]:
    return [request.answer()[:length] for length in range(RESPONSE_HEADER)]


def an_echo(request: Request) -> list[bytes]:
    return [request.datagram]


def noise(request: Request) -> list[bytes]:
    return [b"", b"\0", b"chrony", bytes(2000), b"\xff" * 400]


FOREIGN: list[Behaviour] = [
    foreign_sequence,
    foreign_command,
    foreign_version,
    foreign_packet,
    only_a_header_in_part,
    an_echo,
    noise,
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_datagram_that_is_not_the_response_is_passed_over(
    responder: Responder, foreign: Behaviour
) -> None:
    responder.behaviour = lambda request: [*foreign(request), request.answer()]
    assert ask(responder).stratum == 3


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_datagram_that_is_not_the_response_does_not_end_the_wait(
    responder: Responder, foreign: Behaviour
) -> None:
    responder.behaviour = foreign
    error = failure(responder, timeout=SILENCE)
    assert type(error) is pychrony.ChronyTimeoutError
    assert error.error_code is ErrorCode.TIMEOUT
    assert responder.address in error.message


def test_an_answer_that_comes_twice_is_taken_once(responder: Responder) -> None:
    responder.behaviour = lambda request: [request.answer()] * 3
    for _ in range(20):
        assert ask(responder).stratum == 3


def test_the_first_of_two_responses_counts(responder: Responder) -> None:
    responder.behaviour = lambda request: [
        request.answer({"stratum": 4}),
        request.answer({"stratum": 5}),
    ]
    assert ask(responder).stratum == 4


# Broken.


@pytest.mark.parametrize("length", [RESPONSE_HEADER, RESPONSE_HEADER + 1, 60, 103])
def test_a_truncated_answer_is_a_data_error(responder: Responder, length: int) -> None:
    responder.behaviour = lambda request: [request.answer()[:length]]
    error = failure(responder)
    assert type(error) is pychrony.ChronyDataError
    assert error.error_code is ErrorCode.INVALID_RESPONSE
    assert "tracking" in error.message


def test_an_answer_short_of_one_byte_is_a_data_error(responder: Responder) -> None:
    responder.behaviour = lambda request: [request.answer()[:-1]]
    assert failure(responder).error_code is ErrorCode.INVALID_RESPONSE


STATUSES = [
    (UNAUTHORIZED, "ChronyPermissionError", ErrorCode.UNAUTHORIZED),
    (INVALID, "ChronyVersionError", ErrorCode.OLD_SERVER),
    (NOT_ENABLED, "ChronyDataError", ErrorCode.DISABLED),
    (NO_RTC, "ChronyDataError", ErrorCode.DISABLED),
    (BAD_VERSION, "ChronyVersionError", ErrorCode.NEW_SERVER),
    (BAD_LENGTH, "ChronyVersionError", ErrorCode.NEW_SERVER),
    (FAILED, "ChronyDataError", ErrorCode.UNEXPECTED_STATUS),
    (NO_SUCH_SOURCE, "ChronyDataError", ErrorCode.UNEXPECTED_STATUS),
    (1234, "ChronyDataError", ErrorCode.UNEXPECTED_STATUS),
    (0xFFFF, "ChronyDataError", ErrorCode.UNEXPECTED_STATUS),
]


@pytest.mark.parametrize(("status", "kind", "code"), STATUSES)
def test_every_status_has_its_error(
    responder: Responder, status: int, kind: str, code: ErrorCode
) -> None:
    responder.behaviour = lambda request: [request.answer(status=status)]
    error = failure(responder)
    assert type(error).__name__ == kind
    assert error.error_code is code
    assert "tracking" in error.message
    assert responder.address in error.message


def test_the_error_for_a_refusal_names_who_has_permission(responder: Responder) -> None:
    responder.behaviour = lambda request: [request.answer(status=UNAUTHORIZED)]
    error = failure(responder)
    assert isinstance(error, PermissionError)
    assert "root" in error.message
    assert "opencommands" in error.message


def test_a_reply_of_another_kind_is_a_version_error(responder: Responder) -> None:
    responder.behaviour = lambda request: [
        request.answer(code=5, status=0)[:6] + b"\0\x63" + request.answer()[8:]
    ]
    error = failure(responder)
    assert type(error) is pychrony.ChronyVersionError
    assert error.error_code is ErrorCode.NEW_SERVER


# Impossible.

IMPOSSIBLE: list[tuple[str, Any, str]] = [
    ("stratum", 18, "18"),
    ("stratum", 255, "255"),
    ("stratum", 65535, "65535"),
    ("leap status", 4, "4"),
    ("leap status", 9, "9"),
    ("reference time", (1_700_000_000, 1_000_000_000), "1000000000"),
    ("reference time", (1_700_000_000, 2_000_000_000), "2000000000"),
    ("reference time", (0xFFFFFFFF, 0xFFFFFFFF, 0), "-1"),
    ("RMS offset", -0.5, "-0.5"),
    ("skew", -2.5, "-2.5"),
    ("root delay", -0.25, "-0.25"),
    ("root dispersion", -0.25, "-0.25"),
    ("last update interval", -64.0, "-64"),
]


@pytest.mark.parametrize(("field", "sent", "shown"), IMPOSSIBLE)
def test_a_value_out_of_range_is_a_data_error_and_no_number(
    responder: Responder, field: str, sent: Any, shown: str
) -> None:
    responder.reports["tracking"][0][field] = sent
    error = failure(responder)
    assert type(error) is pychrony.ChronyDataError
    assert isinstance(error, ValueError)
    assert error.error_code is ErrorCode.FIELD_RANGE
    assert "tracking" in error.message
    assert field in error.message
    assert shown in error.message


@pytest.mark.parametrize("family", [4, 5, 255, 0xFFFF])
def test_an_unknown_address_family_is_a_data_error(responder: Responder, family: int) -> None:
    responder.reports["tracking"][0]["address"] = Address(b"\xc0\0\2\1" + bytes(12), family)
    error = failure(responder)
    assert type(error) is pychrony.ChronyDataError
    assert error.error_code is ErrorCode.FIELD_RANGE
    assert "tracking" in error.message
    assert "address" in error.message


@pytest.mark.parametrize(
    "field", ["current correction", "last offset", "frequency offset", "residual frequency"]
)
@pytest.mark.parametrize("value", [-0.5, 0.5])
def test_a_number_that_may_have_either_sign_keeps_it(
    responder: Responder, field: str, value: float
) -> None:
    ours = {
        "current correction": "offset",
        "last offset": "last_offset",
        "frequency offset": "frequency",
        "residual frequency": "residual_freq",
    }
    responder.reports["tracking"][0][field] = value
    assert getattr(ask(responder), ours[field]) == value


def test_no_record_whatever_its_bytes_does_more_than_raise(responder: Responder) -> None:
    """Random fields after a right header give a report within its ranges, or an error of ours."""
    generator = random.Random(20_251_122)
    kinds: set[str] = set()

    def scrambled(request: Request) -> list[bytes]:
        answer = bytearray(request.answer())
        for _ in range(generator.randint(1, 12)):
            answer[generator.randrange(RESPONSE_HEADER, len(answer))] = generator.randrange(256)
        return [bytes(answer)]

    responder.behaviour = scrambled
    for _ in range(500):
        try:
            tracking = ask(responder)
        except pychrony.ChronyDataError as error:
            assert error.error_code is ErrorCode.FIELD_RANGE
            kinds.add("error")
        else:
            assert 0 <= tracking.stratum <= 17
            assert tracking.skew >= 0
            assert 0 <= tracking.ref_time_ns
            kinds.add("report")
    assert kinds == {"error", "report"}


def test_after_an_error_the_next_call_is_like_any_other(responder: Responder) -> None:
    responder.behaviour = lambda request: [
        request.answer({"stratum": 18} if request.number % 2 == 0 else None)
    ]
    for _ in range(10):
        assert failure(responder).error_code is ErrorCode.FIELD_RANGE
        assert ask(responder).stratum == SAMPLES["tracking"]["stratum"]
