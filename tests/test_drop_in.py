"""Programs written for PyPI's pychrony 2.x: its names, fields, factories and fixtures are here."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from support import child
from support.chronyd import Chronyd

import pychrony
from pychrony import (
    ChronyConnection,
    ChronyConnectionError,
    ChronyDataError,
    ChronyError,
    ChronyLibraryError,
    ChronyPermissionError,
    LeapStatus,
    RTCData,
    Source,
    SourceMode,
    SourceState,
    SourceStats,
    TrackingStatus,
    Transport,
    testing,
)

FIELDS: dict[str, list[str]] = {
    "TrackingStatus": [
        "reference_id",
        "reference_id_name",
        "reference_ip",
        "stratum",
        "leap_status",
        "ref_time",
        "offset",
        "last_offset",
        "rms_offset",
        "frequency",
        "residual_freq",
        "skew",
        "root_delay",
        "root_dispersion",
        "update_interval",
    ],
    "Source": [
        "address",
        "poll",
        "stratum",
        "state",
        "mode",
        "flags",
        "reachability",
        "last_sample_ago",
        "orig_latest_meas",
        "latest_meas",
        "latest_meas_err",
    ],
    "SourceStats": [
        "reference_id",
        "address",
        "samples",
        "runs",
        "span",
        "std_dev",
        "resid_freq",
        "skew",
        "offset",
        "offset_err",
    ],
    "RTCData": ["ref_time", "samples", "runs", "span", "offset", "freq_offset"],
}
METHODS = {
    "TrackingStatus": ["is_synchronized", "is_leap_pending"],
    "Source": ["is_reachable", "is_selected"],
    "SourceStats": ["has_sufficient_samples"],
    "RTCData": ["is_calibrated"],
}
MAKERS = {
    "TrackingStatus": (testing.make_tracking, testing.TRACKING_DEFAULTS),
    "Source": (testing.make_source, testing.SOURCE_DEFAULTS),
    "SourceStats": (testing.make_source_stats, testing.SOURCESTATS_DEFAULTS),
    "RTCData": (testing.make_rtc_data, testing.RTCDATA_DEFAULTS),
}
FIXTURES = {
    "tracking_status": "TrackingStatus",
    "source": "Source",
    "source_stats": "SourceStats",
    "rtc_data": "RTCData",
}


# Names and signatures.


@pytest.mark.parametrize("name", FIELDS)
def test_the_fields_have_their_names_and_their_order(name: str) -> None:
    kind = getattr(pychrony, name)
    assert list(kind._fields) == FIELDS[name]
    for method in METHODS[name]:
        assert callable(getattr(kind, method))


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (LeapStatus, {"NORMAL": 0, "INSERT": 1, "DELETE": 2, "UNSYNC": 3}),
        (
            SourceState,
            {
                "SELECTED": 0,
                "NONSELECTABLE": 1,
                "FALSETICKER": 2,
                "JITTERY": 3,
                "UNSELECTED": 4,
                "SELECTABLE": 5,
            },
        ),
        (SourceMode, {"CLIENT": 0, "PEER": 1, "REFCLOCK": 2}),
    ],
)
def test_the_enumerations_have_their_members(kind: Any, members: dict[str, int]) -> None:
    assert {member.name: int(member) for member in kind} == members


def test_the_transports_have_their_names() -> None:
    assert {member.name for member in Transport} == {"UNIX_SOCKET", "COMMAND_PORT"}


@pytest.mark.parametrize(
    "kind", [ChronyConnectionError, ChronyDataError, ChronyLibraryError, ChronyPermissionError]
)
def test_the_exceptions_are_made_as_they_were(kind: type[ChronyError]) -> None:
    for error in [kind("no time", -13), kind("no time", error_code=-13), kind("no time")]:  # type: ignore[arg-type]
        assert isinstance(error, ChronyError)
        assert error.message == "no time"
        assert error.error_code in (-13, None)
        assert "no time" in str(error)


@pytest.mark.parametrize(
    "name", ["get_tracking", "get_sources", "get_source_stats", "get_rtc_data"]
)
def test_a_call_takes_the_address_first_and_the_rest_by_name(server: Chronyd, name: str) -> None:
    function = getattr(pychrony, name)
    signature = inspect.signature(function)
    assert next(iter(signature.parameters)) == "address"
    assert signature.parameters["address"].default is None
    assert type(function(server.socket)) is type(function(address=server.socket))
    method = inspect.signature(getattr(ChronyConnection, name))
    assert list(method.parameters) == ["self"]


def test_a_connection_takes_the_address_first(server: Chronyd) -> None:
    for connection in [ChronyConnection(server.socket), ChronyConnection(address=server.socket)]:
        assert connection.address == server.socket


# A program as its documentation shows it.


def test_a_program_that_asks_once_runs(client: Chronyd) -> None:
    status = pychrony.get_tracking(client.socket)
    assert f"{status.stratum} {status.is_synchronized()}" == "9 True"
    assert re.fullmatch(r"-?\d+\.\d{9}", f"{status.offset:.9f}")
    for source in pychrony.get_sources(client.socket):
        line = f"{source.address} {source.state.name} {source.mode.name} {source.reachability:03o}"
        assert re.fullmatch(r"127\.0\.0\.1 \w+ CLIENT [0-7]{3}", line)
    for stats in pychrony.get_source_stats(client.socket):
        assert stats.samples >= 0
        assert stats.has_sufficient_samples(minimum=1) == (stats.samples >= 1)
    rtc = pychrony.get_rtc_data(client.socket)
    assert rtc is None or rtc.is_calibrated()


def test_a_program_that_asks_more_than_once_runs(client: Chronyd) -> None:
    with ChronyConnection(client.socket) as connection:
        assert connection.get_tracking().is_synchronized()
        assert [source.address for source in connection.get_sources()] == ["127.0.0.1"]
        assert [stats.address for stats in connection.get_source_stats()] == ["127.0.0.1"]
        assert connection.get_rtc_data() is None
        assert connection.transport is Transport.UNIX_SOCKET
    with pytest.raises(pychrony.ChronyConnectionError):
        connection.get_tracking()


def test_a_program_that_catches_errors_catches_them() -> None:
    try:
        pychrony.get_tracking("/nonexistent/chronyd.sock")
    except ChronyPermissionError:
        pytest.fail("nobody is there who could forbid it")
    except ChronyConnectionError as error:
        assert error.message
        assert error.error_code is not None
    with pytest.raises(ChronyError):
        pychrony.get_sources("/nonexistent/chronyd.sock")


# Factories.


@pytest.mark.parametrize("name", MAKERS)
def test_a_factory_makes_a_record_of_its_defaults(name: str) -> None:
    make, defaults = MAKERS[name]
    record: Any = make()
    assert type(record) is getattr(pychrony, name)
    assert list(defaults) == FIELDS[name]
    for field, value in defaults.items():
        assert getattr(record, field) == value
        assert getattr(record, field) is not None
    assert make() == make()
    assert all(getattr(record, method)() is not None for method in METHODS[name])


@pytest.mark.parametrize("name", MAKERS)
def test_a_factory_takes_no_other_name(name: str) -> None:
    make, _ = MAKERS[name]
    with pytest.raises(TypeError, match="strata"):
        make(strata=1)
    with pytest.raises(TypeError):
        make(1)  # type: ignore[call-arg]
    if "ref_time" not in FIELDS[name]:
        with pytest.raises(TypeError):
            make(ref_time_ns=1)


@pytest.mark.parametrize("make", [testing.make_tracking, testing.make_rtc_data])
def test_the_nanoseconds_of_a_time_follow_from_it(make: Any) -> None:
    assert make(ref_time=12.5).ref_time_ns == 12_500_000_000
    assert make(ref_time_ns=5).ref_time_ns == 5
    assert make(ref_time=1767225600.25).ref_time_ns == 1_767_225_600_250_000_000


def test_made_records_describe_a_good_clock() -> None:
    assert testing.make_tracking().is_synchronized()
    assert not testing.make_tracking().is_leap_pending()
    assert testing.make_source().is_selected()
    assert testing.make_source().is_reachable()
    assert testing.make_source_stats().has_sufficient_samples()
    assert testing.make_rtc_data().is_calibrated()


def test_made_records_can_describe_a_bad_clock() -> None:
    assert not testing.make_tracking(stratum=16, reference_id=0).is_synchronized()
    assert testing.make_tracking(leap_status=LeapStatus.INSERT).is_leap_pending()
    assert not testing.make_source(state=SourceState.FALSETICKER).is_selected()
    assert not testing.make_source(reachability=0).is_reachable()
    assert not testing.make_source_stats(samples=3).has_sufficient_samples()
    assert testing.make_source_stats(samples=3).has_sufficient_samples(minimum=3)
    assert not testing.make_rtc_data(samples=0).is_calibrated()


# Fixtures, in a pytest run in another directory, without any configuration.

USES_FIXTURES = """
import pychrony

def test_fixtures(tracking_status, source, source_stats, rtc_data):
    assert type(tracking_status) is pychrony.TrackingStatus
    assert tracking_status.is_synchronized()
    assert type(source) is pychrony.Source
    assert source.is_selected()
    assert type(source_stats) is pychrony.SourceStats
    assert source_stats.has_sufficient_samples()
    assert type(rtc_data) is pychrony.RTCData
    assert rtc_data.is_calibrated()
"""


def run_pytest(
    directory: Path, code: str, *arguments: str, **changes: str | None
) -> subprocess.CompletedProcess[str]:
    """Run pytest in another directory, on one file of tests."""
    (directory / "test_theirs.py").write_text(textwrap.dedent(code))
    options = ["-q", "-p", "no:cacheprovider", *arguments]
    return child.execute(
        [sys.executable, "-m", "pytest", *options, "test_theirs.py"],
        cwd=directory,
        env=child.environment({"PYTEST_ADDOPTS": None, **changes}),
    )


def test_the_fixtures_are_there_without_configuration(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, USES_FIXTURES)
    assert "1 passed" in done.stdout, done.stdout
    assert done.returncode == 0


def test_each_fixture_has_a_description(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "", "--fixtures")
    for name in FIXTURES:
        assert re.search(rf"^{name}\b.*\n +\S", done.stdout, re.MULTILINE), done.stdout


def test_a_pytest_run_does_not_import_pychrony_unasked(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path,
        """
        import sys

        def test_nothing_is_loaded():
            assert not [name for name in sys.modules if name.split(".")[0] == "pychrony"]
        """,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_a_pytest_run_works_where_libchrony_is_missing(tmp_path: Path, no_libchrony: Path) -> None:
    missing = {"PYCHRONY_LIBCHRONY": None, "LD_LIBRARY_PATH": str(no_libchrony)}
    done = run_pytest(tmp_path, "def test_arithmetic():\n    assert 1 + 1 == 2\n", **missing)
    assert "1 passed" in done.stdout, done.stdout
    assert done.returncode == 0


def test_only_a_test_that_uses_a_fixture_fails_without_libchrony(
    tmp_path: Path, no_libchrony: Path
) -> None:
    missing = {"PYCHRONY_LIBCHRONY": None, "LD_LIBRARY_PATH": str(no_libchrony)}
    done = run_pytest(
        tmp_path,
        """
        def test_arithmetic():
            assert 1 + 1 == 2

        def test_clock(tracking_status):
            pass
        """,
        **missing,
    )
    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert "ImportError" in done.stdout
    assert "libchrony" in done.stdout


def test_pytest_collects_no_tests_from_what_testing_offers(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "from pychrony.testing import *\n\ndef test_one():\n    pass\n")
    assert "1 passed" in done.stdout, done.stdout


def test_the_factories_need_no_pytest(tmp_path: Path) -> None:
    (tmp_path / "pytest.py").write_text("raise ImportError('there is no pytest here')\n")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    out = child.check(
        "from pychrony.testing import make_source\nprint(make_source(stratum=5).stratum)",
        PYTHONPATH=path,
    )
    assert out == "5\n"


def test_records_know_their_types() -> None:
    assert {type(make()) for make, _ in MAKERS.values()} == {
        TrackingStatus,
        Source,
        SourceStats,
        RTCData,
    }


# The modules that 2.x keeps its names in.

MODULES = {
    "exceptions": [
        "ChronyError",
        "ChronyConnectionError",
        "ChronyPermissionError",
        "ChronyDataError",
        "ChronyLibraryError",
    ],
    "models": [
        "LeapStatus",
        "RTCData",
        "Source",
        "SourceMode",
        "SourceState",
        "SourceStats",
        "TrackingStatus",
        "Transport",
    ],
}


@pytest.mark.parametrize("module", MODULES)
def test_each_module_has_the_names_that_it_has_in_2_x(module: str) -> None:
    found = importlib.import_module(f"pychrony.{module}")
    assert set(MODULES[module]) <= set(found.__all__)
    for name in found.__all__:
        assert getattr(found, name) is getattr(pychrony, name)


def test_a_program_that_imports_from_those_modules_runs(client: Chronyd) -> None:
    out = child.check(
        f"""
        from pychrony import ChronyConnection
        from pychrony.exceptions import ChronyConnectionError, ChronyError
        from pychrony.models import LeapStatus, TrackingStatus
        try:
            with ChronyConnection({client.socket!r}) as connection:
                status = connection.get_tracking()
        except ChronyError:
            raise SystemExit(1)
        print(isinstance(status, TrackingStatus), status.leap_status is LeapStatus.NORMAL)
        """
    )
    assert out == "True True\n"


def test_the_differences_are_those_that_the_documentation_names() -> None:
    status = testing.make_tracking()
    assert status == tuple(status) and len(status) == len(status._fields)
    assert not hasattr(status, "__dict__")
    assert not dataclasses.is_dataclass(status)
    assert not LeapStatus.NORMAL
    assert LeapStatus.INSERT == 1 and LeapStatus.INSERT < LeapStatus.DELETE
    assert str(LeapStatus.INSERT) == ("1" if sys.version_info >= (3, 11) else "LeapStatus.INSERT")
    assert str(ChronyError("no time", -13)) == "no time"
    connection = ChronyConnection("127.0.0.1")
    assert (connection.address, connection.transport) == ("127.0.0.1", Transport.COMMAND_PORT)
    assert not connection.closed


@pytest.mark.parametrize("address", ["[::1]", "::1", "[::1]:323"])
def test_an_ipv6_address_may_stand_in_brackets(address: str) -> None:
    assert ChronyConnection(address).transport is Transport.COMMAND_PORT
