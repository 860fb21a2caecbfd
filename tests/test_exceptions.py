"""The exceptions: what they are, what they carry, and that they can be pickled."""

from __future__ import annotations

import copy
import enum
import errno
import pickle
from typing import Any

import pytest
from support.responder import UNAUTHORIZED, Responder, silent

import pychrony
from pychrony import ErrorCode

CLASSES: dict[str, tuple[type[BaseException], ...]] = {
    "ChronyError": (Exception,),
    "ChronyConnectionError": (pychrony.ChronyError, ConnectionError, OSError),
    "ChronyTimeoutError": (pychrony.ChronyConnectionError, TimeoutError, ConnectionError, OSError),
    "ChronyPermissionError": (pychrony.ChronyError, PermissionError, OSError),
    "ChronyDataError": (pychrony.ChronyError, ValueError),
    "ChronyVersionError": (pychrony.ChronyError,),
    "ChronyLibraryError": (pychrony.ChronyError,),
}

CODES = {
    "NO_MEMORY": 1,
    "NO_RANDOM": 2,
    "UNKNOWN_REPORT": 3,
    "RANDOM_FAILED": 4,
    "SEND_FAILED": 5,
    "RECV_FAILED": 6,
    "INVALID_ARGUMENT": 7,
    "UNEXPECTED_CALL": 8,
    "UNAUTHORIZED": 9,
    "DISABLED": 10,
    "UNEXPECTED_STATUS": 11,
    "OLD_SERVER": 12,
    "NEW_SERVER": 13,
    "INVALID_RESPONSE": 14,
    "OPEN_FAILED": 100,
    "TIMEOUT": 101,
    "FIELD_MISSING": 102,
    "FIELD_TYPE": 103,
    "FIELD_RANGE": 104,
    "CLOSED": 105,
    "BUSY": 106,
}


@pytest.fixture(params=CLASSES)
def kind(request: pytest.FixtureRequest) -> Any:
    return getattr(pychrony, request.param)


def test_every_exception_is_caught_by_what_it_is(kind: Any) -> None:
    for base in CLASSES[kind.__name__]:
        assert issubclass(kind, base)


def test_a_version_error_is_not_a_system_error() -> None:
    for name in ["ChronyError", "ChronyDataError", "ChronyVersionError", "ChronyLibraryError"]:
        assert not issubclass(getattr(pychrony, name), OSError)


def test_every_exception_is_the_modules_own_and_documented(kind: Any) -> None:
    assert kind.__module__ == "pychrony"
    assert kind.__qualname__ == kind.__name__
    assert kind.__doc__.strip()


def test_the_error_codes_are_libchronys_and_ours() -> None:
    assert issubclass(ErrorCode, enum.IntEnum)
    assert {code.name: int(code) for code in ErrorCode} == CODES


def test_an_exception_is_made_of_a_message(kind: Any) -> None:
    error = kind("no time")
    assert error.message == "no time"
    assert error.error_code is None
    assert "no time" in str(error)


def test_an_exception_is_made_of_a_message_and_a_code(kind: Any) -> None:
    for error in [
        kind("no time", ErrorCode.TIMEOUT),
        kind("no time", error_code=ErrorCode.TIMEOUT),
    ]:
        assert error.message == "no time"
        assert error.error_code is ErrorCode.TIMEOUT
        assert "no time" in str(error)
        assert "Errno" not in str(error)


def test_an_exception_needs_a_message(kind: Any) -> None:
    with pytest.raises(TypeError):
        kind()


def test_an_exception_takes_no_further_arguments(kind: Any) -> None:
    with pytest.raises(TypeError):
        kind("no time", 101, "and space")
    with pytest.raises(TypeError):
        kind("no time", code=101)


def test_an_exception_without_a_system_error_has_no_errno(kind: Any) -> None:
    assert kind("no time").errno is None


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and all(
        getattr(one, name) == getattr(other, name) for name in ["message", "error_code", "errno"]
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_exception_made_by_hand_can_be_pickled(kind: Any, protocol: int) -> None:
    error = kind("no time", ErrorCode.FIELD_RANGE)
    travelled = pickle.loads(pickle.dumps(error, protocol))
    assert same(travelled, error)
    assert str(travelled) == str(error)
    assert travelled.error_code is ErrorCode.FIELD_RANGE


def raised(responder: Responder, status: int | None) -> pychrony.ChronyError:
    with pytest.raises(pychrony.ChronyError) as caught:
        if status is None:
            responder.behaviour = silent
        else:
            responder.behaviour = lambda request: [request.answer(status=status)]
        pychrony.get_tracking(responder.address, timeout=0.05 if status is None else None)
    return caught.value


@pytest.mark.parametrize("status", [None, UNAUTHORIZED, 3, 6, 99])
def test_a_raised_exception_can_be_pickled_and_copied(
    responder: Responder, status: int | None
) -> None:
    error = raised(responder, status)
    for travelled in [pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)]:
        assert same(travelled, error)
        assert str(travelled) == str(error)
        assert isinstance(travelled.error_code, ErrorCode)


def test_pickling_and_copying_keep_the_systems_error_number() -> None:
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking("/nowhere/chronyd.sock")
    assert caught.value.errno == errno.ENOENT
    for travelled in [pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)]:
        assert same(travelled, caught.value)
        assert str(travelled) == str(caught.value)
        again = pickle.loads(pickle.dumps(copy.copy(travelled)))
        assert same(again, caught.value)
        assert again.errno == errno.ENOENT


def test_a_permission_error_answered_by_chronyd_is_one_of_pythons(responder: Responder) -> None:
    with pytest.raises(PermissionError) as caught:
        responder.behaviour = lambda request: [request.answer(status=UNAUTHORIZED)]
        pychrony.get_tracking(responder.address)
    assert isinstance(caught.value, pychrony.ChronyPermissionError)


def test_an_exception_of_ones_own_may_be_made_of_ours() -> None:
    class MyError(pychrony.ChronyDataError):
        pass

    error = MyError("mine", ErrorCode.FIELD_TYPE)
    assert (error.message, error.error_code) == ("mine", ErrorCode.FIELD_TYPE)


def test_the_string_of_a_raised_exception_holds_its_message() -> None:
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking("/nowhere/chronyd.sock")
    assert caught.value.message in str(caught.value)
    assert "/nowhere/chronyd.sock" in caught.value.message


def test_attributes_that_a_user_adds_to_an_exception_are_kept_too() -> None:
    error = pychrony.ChronyError("no time")
    error.host = "ntp1"  # type: ignore[attr-defined]
    travelled: Any = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(error))))
    assert travelled.host == "ntp1"
    assert same(travelled, error)
