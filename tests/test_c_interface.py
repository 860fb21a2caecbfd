"""pychrony.h, from C extensions and from programs that embed Python, and our view of chrony.h."""

from __future__ import annotations

import errno
import importlib.machinery
import importlib.util
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Union

import pytest
from support import child, elf, namespace
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.reach import address_of
from support.responder import NEVER, REPLIES, Request, Responder, sample, silent
from support.shm import ShmClock
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony import ErrorCode
from pychrony._reports import REPORTS
from pychrony.testing import FakeChronyd, make_source

Value = Union[int, float, str]
Fields = dict[str, Value]

TESTS = Path(__file__).resolve().parent
PROJECT = TESTS.parent
SOURCES = TESTS / "c"
EXAMPLE = PROJECT / "examples" / "c-extension"

# The values in the header.
NONE = 0xFFFF_FFFF_FFFF_FFFF
NEVER_IN_C = 0x7FFF_FFFF_FFFF_FFFF
NAN = "NaN"
# What stands for None, by the kind of the field.
KINDS = {
    (report["type"], field["name"]): field["kind"]
    for report in REPORTS.values()
    for field in report["fields"]
}
ABSENT: dict[str, Value] = {
    "unsigned": NONE,
    "enum": NONE,
    "signed": NEVER_IN_C,
    "nanoseconds": NEVER_IN_C,
    "offset": NAN,
    "measure": NAN,
    "seconds": NAN,
    "address": "",
}
FOREVER = -1.0

# Compilers.


def must(command: Sequence[str | Path], **options: Any) -> str:
    """Run a command that must succeed; returns what it printed."""
    done = child.execute(command, **options)
    words = " ".join(str(word) for word in command)
    assert done.returncode == 0, f"{words}: exit status {done.returncode}\n{done.stdout}"
    return done.stdout


def compiler(variable: str, default: str) -> list[str]:
    """The command named by an environment variable, else the usual one."""
    command = os.environ.get(variable, default).split()
    if shutil.which(command[0]) is None:
        pytest.fail(f"{command[0]} is not installed: these tests need a C and a C++ compiler")
    return command


def cc() -> list[str]:
    return compiler("CC", "cc")


def python_headers() -> Path:
    """The directory of Python.h."""
    directory = Path(sysconfig.get_path("include"))
    if not (directory / "Python.h").exists():
        pytest.fail(f"{directory} has no Python.h: these tests need Python's headers (python3-dev)")
    return directory


@pytest.fixture(scope="session")
def include() -> Path:
    """The directory of pychrony.h: what the installed package says, else the project's."""
    installed = Path(pychrony.get_include())
    return installed if installed.is_dir() else PROJECT / "include"


# The extension under test.


def classes(include: Path) -> dict[str, tuple[str, str, Any]]:
    """The functions in the header: the shape of each, its record, and that record in Python."""
    text = (include / "pychrony_records.h").read_text()
    found = re.findall(r"^\t(ONE|IF_ENABLED|LIST)\((\w+), PyChrony_(\w+)\)", text, re.MULTILINE)
    ours = {"Tracking": pychrony.TrackingStatus}
    return {
        function: (shape, f"PyChrony_{name}", ours.get(name) or getattr(pychrony, name))
        for shape, function, name in found
    }


def fields(class_: Any) -> list[str]:
    """The names of a record's fields, including those that are attributes only."""
    (report,) = (each for each in REPORTS.values() if each["type"] == class_.__name__)
    named = [field["name"] for field in report["fields"]]
    assert len(named) == class_.n_fields
    return named


def python_name(function: str) -> str:
    """`GetSourceStats` as Python calls it: `get_source_stats`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", function).lower()


def write_fields(directory: Path, include: Path) -> None:
    """Write fields.h: the fields that Python has, which C must have too."""
    lines = [
        f"#define FIELDS_{record}(FIELD) {' '.join(f'FIELD({name})' for name in fields(class_))}\n"
        for _, record, class_ in classes(include).values()
    ]
    (directory / "fields.h").write_text("".join(lines))


def with_cc(directory: Path, include: Path, module: str = "reports") -> Path:
    """The extension, by the compiler alone."""
    write_fields(directory, include)
    built = directory / f"{module}.so"
    options = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared"]
    directories = [f"-I{directory}", f"-I{include}", "-isystem", python_headers()]
    source = SOURCES / "reports.c"
    must([*cc(), *options, *directories, f"-DMODULE={module}", "-o", built, source])
    return built


SETUP = """
from {package} import setup, Extension
setup(name="reports", version="1", ext_modules=[
    Extension("reports", ["reports.c"], include_dirs=[".", {include!r}])])
"""


def with_setup(package: str, directory: Path, include: Path) -> Path:
    """The extension, as setup.py builds one."""
    python_headers()
    cc()
    write_fields(directory, include)
    shutil.copy(SOURCES / "reports.c", directory)
    (directory / "setup.py").write_text(SETUP.format(package=package, include=str(include)))
    command = [sys.executable, "-W", "ignore", "setup.py", "build_ext", "--inplace"]
    must(command, cwd=directory)
    (built,) = directory.glob("reports.*.so")
    return built


def with_distutils(directory: Path, include: Path) -> Path:
    # In the standard library until 3.11; since then setuptools provides its own instead.
    package = "setuptools" if sys.version_info >= (3, 12) else "distutils.core"
    return with_setup(package, directory, include)


def load(path: Path, module: str = "reports") -> Any:
    """An extension from its file."""
    loader = importlib.machinery.ExtensionFileLoader(module, str(path))
    spec = importlib.util.spec_from_file_location(module, path, loader=loader)
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    return made


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, include: Path) -> Path:
    """The extension's file. With its directory on sys.path, it is imported as `reports`."""
    return with_cc(tmp_path_factory.mktemp("cc"), include)


@pytest.fixture(scope="session")
def reports(built: Path) -> Any:
    """The extension. It has a function for each C function, which returns (what that returned, what it filled)."""
    return load(built)


def in_child(built: Path, code: str, **options: Any) -> str:
    """Run `code` where the extension can be imported; returns what it printed."""
    return child.check(f"import sys\nsys.path.insert(0, {str(built.parent)!r})\n{code}", **options)


# What C should get.


def in_c(report: str, name: str, value: object) -> Value:
    """Python's value as C has it."""
    if value is None:
        return ABSENT[KINDS[report, name]]
    if isinstance(value, (float, str)):
        return value
    assert isinstance(value, int)
    return int(value)


def as_c_has_it(record: Any) -> Fields:
    kind = type(record)
    return {name: in_c(kind.__name__, name, getattr(record, name)) for name in fields(kind)}


def rows(shape: str, answer: Any) -> list[Fields]:
    """The records in what a function of the extension returned: a status and a value."""
    status, value = answer
    if shape == "LIST":
        assert (status, value) != (0, [])
        assert status == len(value or [])
        return [without_nan(each) for each in value or []]
    assert status in ((0,) if shape == "ONE" else (0, 1))
    assert (value is None) == (status == 1)
    return [] if value is None else [without_nan(value)]


def without_nan(record: Fields) -> Fields:
    """NaN, which equals nothing, as text."""
    return {name: NAN if value != value else value for name, value in record.items()}


def python_rows(answer: Any) -> list[Any]:
    if answer is None:
        return []
    return answer if isinstance(answer, list) else [answer]


def lies_between(got: Fields, before: Fields, after: Fields) -> bool:
    """Whether each value is one that Python got before or after, or a number between them."""

    def fits(name: str) -> bool:
        value, ends = got[name], (before[name], after[name])
        if value in ends:
            return type(value) is type(ends[0])
        moving = isinstance(value, (int, float)) and not {NONE, NEVER_IN_C} & {*ends}
        return moving and min(ends) <= value <= max(ends)  # type: ignore[type-var]

    return got.keys() == before.keys() == after.keys() and all(fits(name) for name in got)


# The header.


@pytest.mark.parametrize("standard", ["c99", "c11", "c++11", "c++17"])
@pytest.mark.parametrize("source", ["used", "included"])
def test_the_header_is_clean(standard: str, source: str, include: Path, tmp_path: Path) -> None:
    text = (SOURCES / "header.c").read_text() if source == "used" else "#include <pychrony.h>\n"
    is_cpp = "++" in standard
    path = tmp_path / ("header.cpp" if is_cpp else "header.c")
    path.write_text(text)
    command = compiler("CXX", "c++") if is_cpp else cc()
    options = [f"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror", "-O1"]
    directories = [f"-I{include}", "-isystem", python_headers()]
    said = must([*command, *options, *directories, "-c", path, "-o", tmp_path / "header.o"])
    assert said == ""


def test_the_directory_of_the_header_lies_beside_the_module() -> None:
    assert pychrony.get_include() == str(Path(pychrony.__file__).parent / "include")


def test_the_header_has_every_function_that_python_has(include: Path) -> None:
    functions = {name for name in dir(pychrony) if name.startswith("get_")}
    no_reports = {"get_report", "get_include"}
    assert {python_name(name) for name in classes(include)} == functions - no_reports


def test_the_headers_constants_are_pythons_enumerations(include: Path) -> None:
    text = (include / "pychrony_records.h").read_text()
    found = re.findall(r"^\tPYCHRONY_([A-Za-z]+)_(\w+) = (\d+)", text, re.MULTILINE)
    ours = [
        (name, member.name, str(int(member)))
        for name in pychrony.__all__
        if hasattr(getattr(pychrony, name), "__members__")
        for member in getattr(pychrony, name).__members__.values()
    ]
    assert sorted(found) == sorted(ours)


# The functions.


@pytest.fixture(scope="module")
def busy(server: Chronyd) -> Iterator[Chronyd]:
    """Has sources of several kinds, some of which never answer, and smooths the time it serves."""
    with ShmClock() as clock:
        lines = [
            *client_of("127.0.0.1", server.ntp_port, "prefer"),
            *client_of("::1", server.ntp_port, "noselect"),
            *clock.refclock,
            "server 192.0.2.1 offline trust",
            "smoothtime 400 0.01",
            "allow 127.0.0.1",
        ]
        with Chronyd(lines) as daemon:
            daemon.wait_synchronised()
            daemon.chronyc("smoothtime", "activate")
            yield daemon


FUNCTIONS = [
    "GetTracking",
    "GetSources",
    "GetSourceStats",
    "GetRtcData",
    "GetSmoothing",
    "GetActivity",
    "GetServerStats",
    "GetNtpData",
    "GetAuthData",
    "GetSelectData",
]


def compare(reports: Any, include: Path, function: str, address: str) -> tuple[Any, Any, Any]:
    """What C gets between two calls of Python's function; all three results in C's form."""
    shape, _, _ = classes(include)[function]
    ask = getattr(pychrony, python_name(function))
    before = python_rows(ask(address, timeout=DEADLINE))
    got = rows(shape, getattr(reports, function)(address.encode(), DEADLINE))
    after = python_rows(ask(address, timeout=DEADLINE))
    assert len(before) == len(got) == len(after)
    return (
        [as_c_has_it(record) for record in before],
        got,
        [as_c_has_it(record) for record in after],
    )


@pytest.mark.parametrize("name", ["busy", "client6", "refclock"])
def test_the_error_bound_is_what_python_computes(
    reports: Any, name: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(name).socket

    def bound() -> float | None:
        return pychrony.error_bound(
            pychrony.get_tracking(address),
            pychrony.get_sources(address),
            max_drift_ppm=1000,
            extra_error=2,
        )

    def equal() -> bool:
        before, (status, got), after = (
            bound(),
            reports.ErrorBound(address.encode(), 1000.0, 2.0),
            bound(),
        )
        assert status == 0 and got > 2
        return before == after == got or (
            before is not None and min(before, after) <= got <= max(before, after)
        )

    wait_for("the same bound in C", equal)


def test_there_is_no_error_bound_without_a_source(reports: Any, unsynchronised: Chronyd) -> None:
    assert reports.ErrorBound(unsynchronised.socket.encode(), 15.0, 0.0) == (1, None)


def test_a_poll_of_half_a_second_is_not_taken_for_a_missing_one(reports: Any) -> None:
    source = make_source(poll=-1)
    with FakeChronyd(sources=[source]) as chronyd:
        expected = pychrony.error_bound(chronyd.tracking, [source])
        assert reports.ErrorBound(chronyd.address.encode(), 15.0, 0.0) == (0, expected)


def test_the_error_bound_checks_what_it_is_given(reports: Any, client6: Chronyd) -> None:
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="max_drift_ppm"):
            reports.ErrorBound(client6.socket.encode(), wrong, 0.0)
        with pytest.raises(ValueError, match="extra_error"):
            reports.ErrorBound(client6.socket.encode(), 15.0, wrong)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", ["busy", "refclock", "unsynchronised"])
def test_c_gets_the_same_reports_of_a_chronyd_as_python(
    reports: Any, include: Path, function: str, name: str, request: pytest.FixtureRequest
) -> None:
    daemon = request.getfixturevalue(name)
    # A measurement between two calls changes the report; in that case the calls are made again.
    for _ in range(20):
        before, got, after = compare(reports, include, function, daemon.socket)
        if all(map(lies_between, got, before, after)):
            break
    else:
        assert got == before == after
    assert daemon.client_files() == []


def test_every_function_is_compared(include: Path) -> None:
    assert list(classes(include)) == FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("build", [with_cc, with_distutils])
def test_an_extension_gets_every_field_however_it_is_built(
    build: Callable[[Path, Path], Path],
    function: str,
    include: Path,
    transport: str,
    builds: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if build.__name__ not in builds:
        directory = tmp_path_factory.mktemp(build.__name__)
        builds[build.__name__] = load(build(directory, include))
    with Responder(transport=transport) as daemon:
        before, got, after = compare(builds[build.__name__], include, function, daemon.address)
    assert got == before == after
    assert len(got) == 1
    assert [list(map(type, each.values())) for each in got] == [
        list(map(type, each.values())) for each in before
    ]


@pytest.fixture(scope="module")
def builds() -> dict[str, Any]:
    """The extensions, by the way each was built."""
    return {}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_extreme_values_reach_c_whole(reports: Any, include: Path, function: str) -> None:
    address = "2001:db8:1111:2222:3333:4444:5555:6666"
    changes: dict[str, dict[str, Any]] = {
        "tracking": {"address": address, "reference_time": (0xFFFFFFFF, 999_999_999)},
        "sources": {"address": address, "poll": -7, "last_sample_ago": NEVER},
        "sourcestats": {"address": address, "reference_ID": 0xFFFFFFFF},
        "ntpdata": {"precision": -128, "poll": -4, "remote_address": address},
        "serverstats": {"received_NTP_requests": 0xFFFF_FFFF_FFFF_FFFE},
        "authdata": {"NAK": 1},
        "selectdata": {"address": address, "last_sample_ago": NEVER, "authentication": 1},
    }
    records = {report: [sample(report, **values)] for report, values in changes.items()}
    with Responder(reports=records) as daemon:
        before, got, after = compare(reports, include, function, daemon.address)
    assert got == before == after
    assert got


def test_many_records_come_in_their_order(reports: Any, include: Path) -> None:
    addresses = [f"192.0.2.{number}" for number in range(1, 101)]
    records = {
        report: [
            sample(report, address=address) if "address" in sample(report) else sample(report)
            for address in addresses
        ]
        for report in ("sources", "sourcestats", "selectdata", "ntpdata", "authdata")
    }
    with Responder(reports=records, transport="unix") as daemon:
        for function, (shape, _, _) in classes(include).items():
            if shape == "LIST":
                before, got, after = compare(reports, include, function, daemon.address)
                assert got == before == after
                assert [each["address"] for each in got] == addresses


def test_the_status_alone_shows_that_a_report_is_not_enabled(
    reports: Any, unsynchronised: Chronyd
) -> None:
    """The extension returns None only if no byte of the record was changed."""
    address = unsynchronised.socket.encode()
    assert reports.GetRtcData(address) == (1, None)
    assert reports.GetSmoothing(address) == (1, None)
    assert reports.GetActivity(address)[0] == 0


def test_an_empty_list_has_no_array(reports: Any, include: Path, unsynchronised: Chronyd) -> None:
    for function, (shape, _, _) in classes(include).items():
        if shape == "LIST":
            got = getattr(reports, function)(unsynchronised.socket.encode())
            assert got == (0, None), function


def test_what_an_older_chronyd_does_not_send_is_none_in_c(reports: Any) -> None:
    with Responder() as daemon:
        daemon.codes = {report: min(REPLIES[report]) for report in ("serverstats", "ntpdata")}
        address = daemon.address.encode()
        _, stats = reports.GetServerStats(address)
        _, (data,) = reports.GetNtpData(address)
    assert stats["received_ntp_requests"] == 1001
    assert stats["held_ntp_timestamps"] == NONE
    assert stats["served_hardware_tx_timestamps"] == NONE
    assert data["received_good_messages"] == 9
    assert data["hardware_receive_timestamps"] == NONE


def test_an_event_that_never_happened_is_none_in_c(reports: Any) -> None:
    with Responder(reports={"sources": [sample("sources", last_sample_ago=NEVER)]}) as daemon:
        _, (source,) = reports.GetSources(daemon.address.encode())
        _, (data,) = reports.GetAuthData(daemon.address.encode())
    assert source["last_sample_ago"] == NEVER_IN_C
    assert data["last_key_establishment_ago"] == NONE


def test_text_that_is_missing_is_empty_in_c(reports: Any, server: Chronyd) -> None:
    _, clock = reports.GetTracking(server.socket.encode())
    assert clock["reference_ip"] == ""
    assert clock["reference_id_name"] == "127.127.1.1"


def test_lists_are_pythons_memory(built: Path, include: Path) -> None:
    """Python's debugging allocator ends the process when memory is overrun, or freed by another allocator."""
    functions = [name for name, (shape, _, _) in classes(include).items() if shape == "LIST"]
    with Responder() as daemon:
        code = f"""
import reports
for _ in range(20):
    for name in {functions!r}:
        assert getattr(reports, name)({daemon.address.encode()!r})[0] == 1
print("freed")
"""
        assert in_child(built, code, PYTHONMALLOC="debug") == "freed\n"


def test_null_stands_for_the_default_addresses(built: Path) -> None:
    code = f"""
sys.path.insert(0, {str(TESTS)!r})
import reports
from support.responder import Responder
with Responder(address="[::1]:323"):
    print(reports.GetTracking(None)[1]["stratum"], reports.GetSources(None)[0])
"""
    assert in_child(built, code, prefix=namespace.prefix()) == "3 1\n"


# Errors.


def outcome(call: Callable[[], object]) -> tuple[Any, ...]:
    """What can be seen of the exception that a call raises."""
    names = ("args", "message", "error_code", "errno", "strerror", "filename")
    try:
        call()
    except Exception as error:
        return (type(error), str(error), *[getattr(error, name, None) for name in names])
    raise AssertionError("nothing was raised")


def same_outcome(
    reports: Any, function: str, address: str | None, timeout: float = 3.0
) -> tuple[Any, ...]:
    """The exception that both raise."""
    raw = None if address is None else os.fsencode(address)
    in_python = None if timeout == FOREVER else timeout
    from_c = outcome(lambda: getattr(reports, function)(raw, timeout))
    ask = getattr(pychrony, python_name(function))
    assert from_c == outcome(lambda: ask(address, timeout=in_python))
    return from_c


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_daemon_that_is_not_there_raises_in_c_as_in_python(reports: Any, function: str) -> None:
    kind, message, _, _, code, number, *_ = same_outcome(reports, function, "/nowhere/chronyd.sock")
    assert kind is pychrony.ChronyConnectionError
    assert (code, number) == (ErrorCode.OPEN_FAILED, errno.ENOENT)
    assert "/nowhere/chronyd.sock" in message


def test_a_killed_daemon_raises_in_c_as_in_python(reports: Any, transport: str) -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        address = address_of(daemon, transport)
        daemon.kill()
        kind, *_, number, _, _ = same_outcome(reports, "GetSources", address)
        assert daemon.client_files() == []
    assert (kind, number) == (pychrony.ChronyConnectionError, errno.ECONNREFUSED)


def test_a_silent_daemon_raises_in_c_as_in_python(reports: Any, stopped: Chronyd) -> None:
    started = time.monotonic()
    kind, _, _, _, code, *_ = same_outcome(reports, "GetTracking", stopped.socket, 0.3)
    assert time.monotonic() - started >= 0.6
    assert (kind, code) == (pychrony.ChronyTimeoutError, ErrorCode.TIMEOUT)
    assert stopped.client_files() == []


def test_a_report_that_a_command_port_refuses_raises_in_c_as_in_python(
    reports: Any, busy: Chronyd
) -> None:
    kind, _, _, _, code, *_ = same_outcome(reports, "GetNtpData", busy.udp)
    assert (kind, code) == (pychrony.ChronyPermissionError, ErrorCode.UNAUTHORIZED)


def test_a_value_out_of_range_raises_in_c_as_in_python(reports: Any) -> None:
    with Responder(reports={"tracking": [sample("tracking", stratum=99)]}) as daemon:
        kind, message, *_ = same_outcome(reports, "GetTracking", daemon.address)
    assert kind is pychrony.ChronyDataError
    assert "stratum" in message


@pytest.mark.parametrize(
    "address", ["", "localhost", "127.0.0.1:99999", "[::1]:", "relative.sock", "/run/chrony/"]
)
def test_a_malformed_address_is_a_value_error(reports: Any, address: str) -> None:
    assert same_outcome(reports, "GetTracking", address)[0] is ValueError
    assert same_outcome(reports, "GetSources", address)[0] is ValueError


def test_an_address_that_is_not_valid_text_is_a_value_error_or_does_not_exist(reports: Any) -> None:
    assert outcome(lambda: reports.GetTracking(b"\xff\xfe"))[0] is ValueError
    undecodable = os.fsdecode(b"/nowhere/\xff.sock")
    assert same_outcome(reports, "GetTracking", undecodable)[0] is pychrony.ChronyConnectionError


@pytest.mark.parametrize("timeout", [0.0, -0.0, -2.0, -0.5, math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_a_timeout_is_a_value_error(reports: Any, timeout: float) -> None:
    with Responder() as daemon:
        assert same_outcome(reports, "GetTracking", daemon.address, timeout)[0] is ValueError
        assert same_outcome(reports, "GetSources", daemon.address, timeout)[0] is ValueError
        assert daemon.requests == []


def test_a_tiny_and_a_huge_timeout_are_timeouts(reports: Any, transport: str) -> None:
    with Responder(silent, transport=transport) as daemon:
        kind, *_ = outcome(lambda: reports.GetTracking(daemon.address.encode(), 5e-324))
        assert kind is pychrony.ChronyTimeoutError
    with Responder(transport=transport) as daemon:
        assert reports.GetTracking(daemon.address.encode(), sys.float_info.max)[0] == 0


def test_a_call_without_timeout_gets_the_response_to_the_repeated_request(reports: Any) -> None:
    """On UDP the unanswered request is resent after a second."""

    def at_last(request: Request) -> list[bytes]:
        return [request.answer()] if request.number > 0 else []

    with Responder(at_last) as daemon:
        status, clock = reports.GetTracking(daemon.address.encode(), FOREVER)
    assert (status, clock["stratum"]) == (0, 3)


def test_ctrl_c_ends_the_wait_in_c(built: Path) -> None:
    with Responder(silent) as daemon:
        code = f"""
import reports, signal
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    reports.GetTracking({daemon.address.encode()!r}, {FOREVER})
except KeyboardInterrupt:
    print("interrupted")
"""
        assert in_child(built, code) == "interrupted\n"


def test_other_threads_run_while_c_waits(built: Path) -> None:
    """The daemon that answers is a thread of the same process."""
    code = f"""
sys.path.insert(0, {str(TESTS)!r})
import reports
from support.responder import Responder
with Responder() as daemon:
    print(reports.GetTracking(daemon.address.encode(), {FOREVER})[0])
"""
    assert in_child(built, code) == "0\n"


# Which module it is.

# What may be in sys.modules instead of the module, and what a function then raises.
OTHERS = {
    "object()": "RuntimeError",
    "__import__('types').ModuleType('pychrony')": "RuntimeError",
    "__import__('itertools')": "RuntimeError",
    "reports": "RuntimeError",
    "None": "ModuleNotFoundError",
}


@pytest.mark.parametrize(("other", "expected"), OTHERS.items())
def test_another_module_of_the_same_name_is_not_taken_for_ours(
    built: Path, other: str, expected: str
) -> None:
    code = f"""
import pychrony, reports
sys.modules["pychrony"] = {other}
for function in (reports.GetTracking, reports.GetSources, reports.GetSmoothing):
    try:
        function(b"/nowhere/chronyd.sock")
    except Exception as error:
        print(type(error).__name__)
sys.modules["pychrony"] = pychrony
try:
    reports.GetTracking(b"/nowhere/chronyd.sock")
except pychrony.ChronyConnectionError:
    print("ours again")
"""
    assert in_child(built, code) == 3 * f"{expected}\n" + "ours again\n"


@pytest.mark.parametrize("other", [other for other in OTHERS if other != "reports"])
def test_an_extension_is_not_imported_where_another_module_has_the_name(
    built: Path, other: str
) -> None:
    code = f"""
sys.modules["pychrony"] = {other}
try:
    import reports
except ImportError as error:
    print("what is imported as pychrony" in str(error), isinstance(error, ModuleNotFoundError))
"""
    expected = "False True\n" if other == "None" else "True False\n"
    assert in_child(built, code) == expected


def test_a_module_imported_anew_raises_its_own_exceptions_from_c(built: Path) -> None:
    code = """
import gc
import reports
first = __import__("pychrony")
del sys.modules["pychrony"]
second = __import__("pychrony")
try:
    reports.GetTracking(b"/nowhere/chronyd.sock")
except Exception as error:
    print(type(error) is second.ChronyConnectionError, type(error) is first.ChronyConnectionError)
del sys.modules["pychrony"], first, second
gc.collect()
try:
    reports.GetTracking(b"/nowhere/chronyd.sock")
except Exception as error:
    print(type(error) is sys.modules["pychrony"].ChronyConnectionError)
"""
    assert in_child(built, code) == "True False\nTrue\n"


def test_a_call_while_the_interpreter_ends_does_not_crash(built: Path) -> None:
    code = """
import reports
class Late:
    def __init__(self, ask):
        self.ask = ask
    def __del__(self):
        for address in (b"/nowhere/chronyd.sock", b"127.0.0.1:1"):
            try:
                self.ask(address, 0.1)
            except Exception:
                pass
late = Late(reports.GetTracking)
sys.late = Late(reports.GetSources)
late.itself = late
print("ends", flush=True)
"""
    assert in_child(built, code) == "ends\n"


INTERPRETERS = """
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters

def run(code):
    identifier = interpreters.create()
    failure = interpreters.run_string(identifier, code)
    if failure is not None:
        raise RuntimeError(failure)
    interpreters.destroy(identifier)
"""


@pytest.mark.parametrize("first", ["main", "sub"])
def test_a_subinterpreter_gets_its_own_exceptions(built: Path, first: str) -> None:
    with Responder() as daemon:
        code = f"""{INTERPRETERS}
ask = '''
import sys
sys.path.insert(0, {str(built.parent)!r})
import reports, pychrony
print(reports.GetTracking({daemon.address.encode()!r})[1]["stratum"], flush=True)
for function in (reports.GetTracking, reports.GetSources):
    try:
        function(b"/nowhere/chronyd.sock")
    except pychrony.ChronyConnectionError as error:
        print(error.error_code is pychrony.ErrorCode.OPEN_FAILED, flush=True)
'''
if {first == "main"}:
    exec(ask)
for _ in range(3):
    run(ask)
exec(ask)
"""
        times = 5 if first == "main" else 4
        assert in_child(built, code) == times * "3\nTrue\nTrue\n"


# Other versions of the header.


def other_header(directory: Path, include: Path, old: str, new: str) -> Path:
    """A copy of the header with a change in it."""
    copy = directory / "include"
    shutil.copytree(include, copy)
    texts = {path: path.read_text() for path in copy.glob("*.h")}
    assert sum(len(re.findall(old, text)) for text in texts.values()) == 1, old
    for path, text in texts.items():
        path.write_text(re.sub(old, new, text))
    return copy


LAST = r"\\\n\tLIST\(GetSelectData, PyChrony_SelectData\)\n"


def test_an_extension_built_with_an_older_table_goes_on_working(
    include: Path, tmp_path: Path
) -> None:
    older = other_header(tmp_path, include, LAST, "\n")
    module = load(with_cc(tmp_path, older, "older"), "older")
    assert module.needed_size == module.table_size - sysconfig.get_config_var("SIZEOF_VOID_P")
    assert not hasattr(module, "GetSelectData")
    with Responder() as daemon:
        assert module.GetTracking(daemon.address.encode())[1]["stratum"] == 3
        assert module.GetAuthData(daemon.address.encode())[0] == 1


def test_an_extension_built_with_a_newer_table_is_refused(include: Path, tmp_path: Path) -> None:
    added = "\\\\\n\tLIST(GetSelectData, PyChrony_SelectData) ONE(GetMore, PyChrony_Tracking)\n"
    newer = other_header(tmp_path, include, LAST, added)
    with pytest.raises(ImportError, match="built for 1 of .* install a later pychrony"):
        load(with_cc(tmp_path, newer, "newer"), "newer")


@pytest.mark.parametrize("version", [0, 2])
def test_an_extension_built_for_another_interface_is_refused(
    version: int, include: Path, tmp_path: Path
) -> None:
    define = "#define PYCHRONY_ABI_VERSION "
    other = other_header(tmp_path, include, f"{define}1", f"{define}{version}")
    with pytest.raises(ImportError, match=f"C interface 1 .* built for {version} "):
        load(with_cc(tmp_path, other, "other"), "other")


def test_without_libchrony_the_import_from_c_names_what_is_missing(built: Path) -> None:
    code = """
try:
    import reports
except ImportError as error:
    print(error.name, "/nowhere/libchrony.so" in str(error))
"""
    assert in_child(built, code, PYCHRONY_LIBCHRONY="/nowhere/libchrony.so") == "pychrony True\n"


# The example.


def test_the_example_builds_and_gives_the_offset(include: Path, tmp_path: Path) -> None:
    cc()
    python_headers()
    directory = tmp_path / "example"
    shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns("build", "*.so"))
    # If get_include() names no directory, the compiler finds the project's.
    environment = {**os.environ, "C_INCLUDE_PATH": str(include)}
    command = [sys.executable, "setup.py", "build_ext", "--inplace"]
    must(command, cwd=directory, env=environment)
    (library,) = directory.glob("clockoffset.*.so")
    assert not any("chrony" in name for name in elf.dynamic(library)["needed"])
    module = load(library, "clockoffset")
    with Responder() as daemon:
        assert module.offset(daemon.address) == 0.000244140625
        assert module.offset(daemon.address, 1.0) == pychrony.get_tracking(daemon.address).offset
        daemon.reports["tracking"][0]["leap status"] = 3
        with pytest.raises(RuntimeError, match="not synchronised"):
            module.offset(daemon.address)
        daemon.reports["tracking"][0].update({"leap status": 0, "reference ID": 0x7F7F0101})
        with pytest.raises(RuntimeError, match="not synchronised"):
            module.offset(daemon.address)
    raised = outcome(lambda: module.offset("/nowhere/chronyd.sock"))
    assert raised == outcome(lambda: pychrony.get_tracking("/nowhere/chronyd.sock"))


# Programs that embed Python.


def libpython() -> list[str]:
    """The options that link a program with the running interpreter."""
    get = sysconfig.get_config_var
    shared = Path(get("LIBDIR") or "", get("LDLIBRARY") or "none")
    if get("Py_ENABLE_SHARED") and shared.exists():
        return [str(shared), f"-Wl,-rpath,{shared.parent}"]
    for directory in (get("LIBPL"), get("LIBDIR")):
        static = Path(directory or "", get("LIBRARY") or "none")
        if static.exists():
            needed = " ".join(get(name) or "" for name in ("LIBS", "SYSLIBS"))
            return [str(static), "-Wl,-export-dynamic", *needed.split()]
    pytest.fail(f"{sys.executable} has neither a shared nor a static libpython to link with")


@pytest.mark.source_tree
def test_cargo_alone_builds_what_an_import_and_an_embedding_program_need(
    include: Path, tmp_path: Path, server: Chronyd
) -> None:
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed: it builds libpychrony.a")
    python = ("PYTHON", "PYO3_", "VIRTUAL_ENV", "SETUPTOOLS")
    environment = {name: it for name, it in os.environ.items() if not name.startswith(python)}
    must(
        ["cargo", "build", "--release", "--locked"], cwd=PROJECT, env=environment, deadline=30 * 60
    )
    target = PROJECT / os.environ.get("CARGO_TARGET_DIR", "target") / "release"

    needed = elf.dynamic(target / "libpychrony.so")["needed"]
    assert [name for name in needed if name.startswith(("libpython", "libchrony"))] == []

    # Renamed and put into another directory, the shared library is the module.
    shutil.copy(target / "libpychrony.so", tmp_path / "pychrony.so")
    code = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport pychrony\n"
    assert child.check(code + "print(pychrony.__file__)") == f"{tmp_path}/pychrony.so\n"

    program = tmp_path / "embed"
    directories = [f"-I{include}", "-isystem", python_headers()]
    sources = [SOURCES / "embed.c", target / "libpychrony.a"]
    system = ["-lgcc_s", "-lpthread", "-ldl", "-lm"]
    warnings = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    must([*cc(), *warnings, *directories, "-o", program, *sources, *libpython(), *system])
    environment["PYTHONHOME"] = f"{sys.base_prefix}:{sys.base_exec_prefix}"
    printed = must([program, server.socket], env=environment)
    assert printed == "built-in 8\nOPEN_FAILED\n8\n"


# Our declarations of libchrony's functions.

ABI = PROJECT / "src" / "chrony" / "abi.c"
CHRONY_H = TESTS / "support" / "chrony.h"


def check_declarations(directory: Path, header: str) -> subprocess.CompletedProcess[str]:
    """Compile abi.c with this as libchrony's header."""
    (directory / "chrony.h").write_text(header)
    options = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{directory}"]
    return child.execute([*cc(), *options, "-c", ABI, "-o", directory / "abi.o"])


def asserted(macro: str) -> list[str]:
    """The names that abi.c compares with the header."""
    return re.findall(rf"^{macro}\((\w+),", ABI.read_text(), re.MULTILINE)


@pytest.mark.source_tree
def test_our_declarations_agree_with_libchronys_header(tmp_path: Path) -> None:
    done = check_declarations(tmp_path, CHRONY_H.read_text())
    assert (done.returncode, done.stdout) == (0, "")
    assert len(asserted("DECLARED")) >= 20
    assert len(asserted("NUMBERED")) > 10


@pytest.mark.source_tree
def test_a_function_declared_otherwise_stops_the_build(tmp_path: Path) -> None:
    header = CHRONY_H.read_text()
    for name in asserted("DECLARED"):
        another_result = re.sub(rf"\b{name}\(", f"*{name}(", header)
        another_parameter = re.sub(rf"\b{name}\(\w[^;]*\)", f"{name}(long double)", header)
        for changed in (another_result, another_parameter):
            assert changed != header
            done = check_declarations(tmp_path, changed)
            assert done.returncode != 0, name
            assert f"{name} is declared otherwise" in done.stdout


@pytest.mark.source_tree
def test_a_constant_of_another_number_stops_the_build(tmp_path: Path) -> None:
    header = CHRONY_H.read_text()
    for name in asserted("NUMBERED"):
        done = check_declarations(tmp_path, re.sub(rf"\b{name}\b( = 0)?", f"{name} = 99", header))
        assert done.returncode != 0, name
        assert f"{name} has another number" in done.stdout
