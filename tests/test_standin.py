"""What no chronyd can cause: a libchrony with other fields, other types, no numbers, and failures of its own."""

from __future__ import annotations

import errno
import functools
from typing import Any, Callable

import pytest
from support import child, standin

from pychrony import ErrorCode

Stand = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """The environment of a process whose libchrony differs in this way."""
    library = standin.build(tmp_path_factory.mktemp("standin") / "libchrony.so.0")
    return functools.partial(standin.variables, library)


def ask(
    variables: dict[str, str], expression: str = "pychrony.get_tracking('127.0.0.1:9')"
) -> dict[str, Any]:
    """What get_tracking gives in such a process."""
    return child.evaluate(expression, **variables)


def failure(variables: dict[str, str]) -> dict[str, Any]:
    result = ask(variables)
    assert "error" in result, result
    error: dict[str, Any] = result["error"]
    return error


FIELDS = {
    "reference ID": "uinteger",
    "address": "string",
    "stratum": "uinteger",
    "leap status": "uinteger",
    "reference time": "timespec",
    "current correction": "float",
    "last offset": "float",
    "RMS offset": "float",
    "frequency offset": "float",
    "residual frequency": "float",
    "skew": "float",
    "root delay": "float",
    "root dispersion": "float",
    "last update interval": "float",
}
FLOATS = [name for name, kind in FIELDS.items() if kind == "float"]


def test_the_stand_in_is_read_like_libchrony(stand: Stand) -> None:
    result = ask(
        stand(),
        "list(pychrony.get_tracking('127.0.0.1:9')) + [pychrony.get_tracking('/x/y').ref_time_ns]",
    )
    assert result == {
        "value": [
            0xC0000201,
            "192.0.2.1",
            "192.0.2.1",
            3,
            0,
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
            1_700_000_000_123_456_789,
        ]
    }


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_field_is_a_data_error_that_names_it(stand: Stand, name: str) -> None:
    error = failure(stand(FIELD_MISSING=name))
    assert error["type"] == "ChronyDataError"
    assert error["error_code"] == ErrorCode.FIELD_MISSING
    assert error["code_name"] == "FIELD_MISSING"
    assert "tracking" in error["message"]
    assert name in error["message"]
    assert "missing" in error["message"]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("other", ["NONE", "INTEGER", "FLOAT", "STRING"])
def test_a_field_of_another_type_is_a_data_error_that_names_both(
    stand: Stand, name: str, other: str
) -> None:
    if FIELDS[name] == other.lower():
        other = "UINTEGER"
    error = failure(stand(FIELD=name, TYPE_IS=standin.TYPES[other]))
    assert error["type"] == "ChronyDataError"
    assert error["error_code"] == ErrorCode.FIELD_TYPE
    assert "tracking" in error["message"]
    assert name in error["message"]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_that_is_not_finite_is_a_data_error(stand: Stand, name: str, value: str) -> None:
    error = failure(stand(FIELD=name, FLOAT_IS=value))
    assert error["type"] == "ChronyDataError"
    assert error["error_code"] == ErrorCode.FIELD_RANGE
    assert "tracking" in error["message"]
    assert name in error["message"]
    assert value in error["message"].lower()


@pytest.mark.parametrize(
    ("name", "change", "shown"),
    [
        ("reference ID", {"UINTEGER_IS": "0x100000000"}, "4294967296"),
        ("reference ID", {"UINTEGER_IS": "0xffffffffffffffff"}, "18446744073709551615"),
        ("stratum", {"UINTEGER_IS": "0x10000000000"}, "1099511627776"),
        ("leap status", {"UINTEGER_IS": "0x100000000"}, "4294967296"),
        ("reference time", {"SECONDS_IS": "-1"}, "-1"),
        ("reference time", {"SECONDS_IS": "0x7ffffffeffffffff"}, "9223372032559808511"),
        ("reference time", {"SECONDS_IS": "-9223372036854775808"}, "-9223372036854775808"),
        ("reference time", {"NANOSECONDS_IS": "-1"}, "-1"),
        ("reference time", {"NANOSECONDS_IS": "1000000000"}, "1000000000"),
        ("skew", {"FLOAT_IS": "-1e-300"}, "skew"),
    ],
)
def test_a_number_no_chronyd_could_send_is_a_data_error(
    stand: Stand, name: str, change: dict[str, str], shown: str
) -> None:
    error = failure(stand(FIELD=name, **change))
    assert error["type"] == "ChronyDataError"
    assert error["error_code"] == ErrorCode.FIELD_RANGE
    assert "tracking" in error["message"]
    assert name in error["message"]
    assert shown in error["message"]


def test_a_negative_zero_is_not_a_negative_number(stand: Stand) -> None:
    assert ask(stand(FIELD="skew", FLOAT_IS="-0.0"), "pychrony.get_tracking('/x/y').skew") == {
        "value": 0.0
    }


def test_a_libchrony_without_the_report_is_a_version_error(stand: Stand) -> None:
    error = failure(stand(WITHOUT_REPORT="tracking"))
    assert error["type"] == "ChronyVersionError"
    assert error["error_code"] == ErrorCode.UNKNOWN_REPORT
    assert "tracking" in error["message"]


@pytest.mark.parametrize(
    ("code", "named"), [("NO_MEMORY", "init_session"), ("NO_RANDOM", "/dev/urandom")]
)
def test_a_session_that_cannot_be_made_is_a_library_error(
    stand: Stand, code: str, named: str
) -> None:
    error = failure(stand(INIT_SESSION_IS=int(ErrorCode[code])))
    assert error["type"] == "ChronyLibraryError"
    assert error["code_name"] == code
    assert error["error_code"] == ErrorCode[code]
    assert named in error["message"]


@pytest.mark.parametrize("code", ["RANDOM_FAILED", "INVALID_ARGUMENT", "UNEXPECTED_CALL"])
def test_a_request_that_libchrony_cannot_make_is_a_library_error(stand: Stand, code: str) -> None:
    error = failure(stand(REQUEST_IS=int(ErrorCode[code])))
    assert error["type"] == "ChronyLibraryError"
    assert error["code_name"] == code


def test_an_error_of_a_newer_libchrony_is_a_library_error_with_its_number(stand: Stand) -> None:
    error = failure(stand(RESPONSE_IS=77))
    assert error["type"] == "ChronyLibraryError"
    assert error["error_code"] == 77
    assert "77" in error["message"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("EACCES", "ChronyPermissionError"),
        ("EPERM", "ChronyPermissionError"),
        ("ENOENT", "ChronyConnectionError"),
        ("EMFILE", "ChronyConnectionError"),
        ("ENETUNREACH", "ChronyConnectionError"),
    ],
)
def test_the_error_explains_why_a_socket_cannot_be_opened(
    stand: Stand, name: str, kind: str
) -> None:
    error = failure(stand(OPEN_FAILS_WITH=getattr(errno, name)))
    assert error["type"] == kind
    assert error["code_name"] == "OPEN_FAILED"
    assert error["errno"] == getattr(errno, name)
    assert "127.0.0.1:9" in error["message"]


def test_if_every_default_address_is_forbidden_it_is_a_permission_error(stand: Stand) -> None:
    result = ask(stand(OPEN_FAILS_WITH=errno.EACCES), "pychrony.get_tracking()")
    error = result["error"]
    assert error["type"] == "ChronyPermissionError"
    for address in [
        "/run/chrony/chronyd.sock",
        "/var/run/chrony/chronyd.sock",
        "127.0.0.1:323",
        "[::1]:323",
    ]:
        assert address in error["message"]


def test_a_failed_call_leaves_nothing_open(stand: Stand) -> None:
    variables = stand(FIELD="stratum", UINTEGER_IS="18")
    out = child.check(
        """
        import os, pychrony

        def fail():
            try:
                pychrony.get_tracking("/x/y")
            except pychrony.ChronyDataError:
                return sorted(os.listdir("/proc/self/fd"))

        assert fail() == fail() == fail() is not None
        print("tidy")
        """,
        **variables,
    )
    assert out == "tidy\n"


def test_a_libchrony_with_an_unknown_report_serves_the_known_ones(stand: Stand) -> None:
    assert ask(stand(EXTRA_REPORT=1), "pychrony.get_tracking('/x/y').stratum") == {"value": 3}
