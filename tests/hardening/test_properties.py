"""Any address, any name of a report, any timeout: a call is made as documented, or refused as documented."""

from __future__ import annotations

import ipaddress
import math
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scale import times

import pychrony

always_the_same = settings(derandomize=True, database=None, deadline=None, max_examples=times(1000))

# Strings that look like an address, or nearly.
_like_addresses = st.one_of(
    st.text(),
    st.text(alphabet="0123456789abcdefx:.[]/%-+ \0\n", max_size=60),
    st.ip_addresses().map(str),
    st.builds("{}:{}".format, st.ip_addresses(v=4), st.integers(-9, 99999)),
    st.builds("[{}]:{}".format, st.ip_addresses(v=6), st.integers(-9, 99999)),
    st.builds("{}{}".format, st.ip_addresses(), st.text(max_size=4)),
    st.text(alphabet="/.ab\0\udc80é", max_size=130).map("/".__add__),
    st.builds(lambda d, n: "/" + "d" * d + "/" + "n" * n, st.integers(0, 80), st.integers(0, 60)),
)


def is_address(text: str) -> bool:
    """The forms of address that the documentation allows, written down a second time."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    if "\0" in text:
        return False
    if text.startswith("/"):
        directory, _, name = raw.rpartition(b"/")
        return bool(name) and 0 < len(directory) <= 62 and len(raw) <= 107
    found = re.fullmatch(r"(?:\[([^\]]*)\]|([0-9.]*)):([0-9]{1,5})", text)
    ip, port = (found[1] or found[2] or "", int(found[3])) if found else (text, 323)
    if not 1 <= port <= 65535 or "%" in ip or not text.isascii():
        return False
    try:
        version = ipaddress.ip_address(ip).version
    except ValueError:
        return False
    return found is None or (version == 6) == text.startswith("[")


@given(_like_addresses)
@example("/run/chrony/chronyd.sock")
@example("::ffff:1.2.3.4")
@example("[::1]:0323")
@always_the_same
def test_an_address_is_taken_or_is_a_value_error(text: str) -> None:
    try:
        connection = pychrony.ChronyConnection(text)
    except ValueError:
        assert not is_address(text)
    else:
        assert is_address(text)
        assert connection.address == text
        unix = text.startswith("/")
        assert connection.transport is pychrony.Transport["UNIX_SOCKET" if unix else "COMMAND_PORT"]


@given(st.one_of(st.text(), st.sampled_from(pychrony.supported_reports()).map(str.upper)))
@always_the_same
def test_a_name_of_no_report_is_a_value_error(name: str) -> None:
    if name in pychrony.supported_reports():
        return
    with pytest.raises(ValueError) as raised:
        pychrony.get_report(name, "127.0.0.1:9")
    assert not isinstance(raised.value, pychrony.ChronyError)


_numbers = st.one_of(st.floats(), st.integers(), st.fractions(), st.booleans())


@given(_numbers)
@example(5e-324)
@example(1.7976931348623157e308)
@example(2**1024)
@example(-1)
@always_the_same
def test_a_timeout_is_taken_or_is_a_value_error(timeout: Any) -> None:
    try:
        seconds = float(timeout)
    except OverflowError:
        seconds = math.inf
    try:
        pychrony.ChronyConnection("127.0.0.1:9", timeout=timeout)
    except ValueError:
        assert not (seconds > 0 and math.isfinite(seconds))
    else:
        assert seconds > 0 and math.isfinite(seconds)


@given(st.one_of(st.none(), st.text(), st.binary(), st.complex_numbers(), st.lists(st.floats())))
@always_the_same
def test_a_timeout_of_another_type_is_a_type_error(timeout: Any) -> None:
    if timeout is None:
        pychrony.ChronyConnection("127.0.0.1:9", timeout=timeout)
        return
    with pytest.raises(TypeError):
        pychrony.ChronyConnection("127.0.0.1:9", timeout=timeout)
