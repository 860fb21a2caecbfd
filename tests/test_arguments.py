"""Which arguments get_tracking takes, and that it refuses all others before anything is sent."""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from support.chronyd import free_port
from support.responder import Responder

import pychrony

MALFORMED = [
    "",
    " ",
    "localhost",
    "localhost:323",
    "chronyd.sock",
    "run/chrony/chronyd.sock",
    "./chronyd.sock",
    "/",
    "/chronyd.sock",
    "/run/chrony/",
    "/run/\0chrony/chronyd.sock",
    "127.0.0.1\0",
    "/" + 200 * "d" + "/chronyd.sock",
    "/run/" + 200 * "s",
    "/" + 62 * "d" + "/s",
    "127.0.0",
    "127.0.0.256",
    "127.0.0.1.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:abc",
    "127.0.0.1:323x",
    "127.0.0.1: 323",
    "127.0.0.1:+323",
    "127.0.0.1:-323",
    "127.0.0.1:65536",
    "127.0.0.1:99999",
    "127.0.0.1:4294967619",
    "127.0.0.1:323:323",
    " 127.0.0.1",
    "127.0.0.1 ",
    "[127.0.0.1]:323",
    "[::1",
    "::1]",
    "::1]:323",
    "[::1]:",
    "[::1]:0",
    "[::1]:abc",
    "[::1]:65536",
    "[::1]323",
    "[:::1]:323",
    "::g",
    "fe80::1%lo",
]


@pytest.mark.parametrize("address", MALFORMED)
def test_a_malformed_address_is_a_value_error(address: str) -> None:
    with pytest.raises(ValueError) as caught:
        pychrony.get_tracking(address)
    assert not isinstance(caught.value, pychrony.ChronyError)


def test_the_message_shows_the_malformed_address() -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:99999"):
        pychrony.get_tracking("127.0.0.1:99999")


@pytest.mark.parametrize("form", ["{} ", " {}", "{}x", "{}:1", "{}\0", "+{}"])
def test_a_malformed_address_sends_nothing(form: str) -> None:
    with Responder() as daemon:
        with pytest.raises(ValueError):
            pychrony.get_tracking(form.format(daemon.address))
        pychrony.get_tracking(daemon.address)
        assert len(daemon.requests) == 1


def test_a_port_that_would_wrap_sends_nothing_to_where_it_wraps() -> None:
    with Responder() as daemon:
        with pytest.raises(ValueError):
            pychrony.get_tracking(f"127.0.0.1:{daemon.port + 65536}")
        pychrony.get_tracking(daemon.address)
        assert len(daemon.requests) == 1


@pytest.mark.parametrize(
    "address", [1, 1.5, True, b"/run/chrony/chronyd.sock", ["127.0.0.1"], object(), str]
)
def test_an_address_of_another_type_is_a_type_error(address: object) -> None:
    with pytest.raises(TypeError):
        pychrony.get_tracking(address)  # type: ignore[arg-type]


class BytesPath(os.PathLike):  # type: ignore[type-arg]
    def __fspath__(self) -> bytes:
        return b"/run/chrony/chronyd.sock"


class BrokenPath(os.PathLike):  # type: ignore[type-arg]
    def __fspath__(self) -> str:
        raise LookupError("no path")


def test_a_path_object_of_bytes_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        pychrony.get_tracking(BytesPath())


def test_what_a_path_object_raises_comes_through() -> None:
    with pytest.raises(LookupError, match="no path"):
        pychrony.get_tracking(BrokenPath())


def test_a_string_of_ones_own_class_is_an_address() -> None:
    class Address(str):
        pass

    with Responder() as daemon:
        assert pychrony.get_tracking(Address(daemon.address)).stratum == 3


def test_a_path_object_must_be_absolute_too() -> None:
    with pytest.raises(ValueError):
        pychrony.get_tracking(Path("chronyd.sock"))


@pytest.mark.parametrize(
    "timeout", [0, 0.0, -0.0, -1, -0.5, float("nan"), float("inf"), float("-inf")]
)
def test_an_invalid_timeout_is_a_value_error(timeout: float) -> None:
    with Responder() as daemon:
        with pytest.raises(ValueError, match="timeout"):
            pychrony.get_tracking(daemon.address, timeout=timeout)
        assert daemon.requests == []


@pytest.mark.parametrize("timeout", ["3", b"3", [3], object(), 3j])
def test_a_timeout_of_another_type_is_a_type_error(timeout: object) -> None:
    with Responder() as daemon:
        with pytest.raises(TypeError):
            pychrony.get_tracking(daemon.address, timeout=timeout)  # type: ignore[arg-type]
        assert daemon.requests == []


@pytest.mark.parametrize("timeout", [3, 3.0, Fraction(3), Decimal(3), None])
def test_a_timeout_is_any_number_of_seconds_or_none(timeout: float | None) -> None:
    with Responder() as daemon:
        assert pychrony.get_tracking(daemon.address, timeout=timeout).stratum == 3


def test_the_timeout_is_given_by_name_only() -> None:
    with pytest.raises(TypeError):
        pychrony.get_tracking("127.0.0.1", 3.0)  # type: ignore[call-arg]


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        pychrony.get_tracking("127.0.0.1", patience=3.0)  # type: ignore[call-arg]


def test_the_address_may_be_given_by_name() -> None:
    with Responder() as daemon:
        assert pychrony.get_tracking(address=daemon.address, timeout=3).stratum == 3


@pytest.mark.parametrize("transport", ["udp", "udp6"])
def test_a_port_belongs_to_either_kind_of_ip_address(transport: str) -> None:
    with Responder(transport=transport) as daemon:
        assert pychrony.get_tracking(daemon.address).stratum == 3


def test_an_ip_address_without_a_port_means_port_323() -> None:
    """Nothing answers there on a machine without chronyd; the message then says where it was asked."""
    try:
        assert type(pychrony.get_tracking("127.0.0.1")) is pychrony.TrackingStatus
    except pychrony.ChronyConnectionError as error:
        assert "127.0.0.1" in error.message


def test_the_highest_port_is_a_port() -> None:
    assert free_port() < 65536
    try:
        pychrony.get_tracking("127.0.0.1:65535", timeout=0.1)
    except pychrony.ChronyConnectionError as error:
        assert "127.0.0.1:65535" in error.message
