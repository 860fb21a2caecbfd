"""get_report: any report that the libchrony in use knows, under its own names."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from support import child, standin
from support.chronyd import Chronyd
from support.reach import address_of
from support.responder import NEVER, REPLIES, SAMPLES, Responder, sample

import pychrony

KNOWN = [
    "activity",
    "authdata",
    "ntpdata",
    "rtcdata",
    "selectdata",
    "serverstats",
    "smoothing",
    "sources",
    "sourcestats",
    "tracking",
]


def nanoseconds(value: Any) -> Any:
    return value[0] * 1_000_000_000 + value[1] if isinstance(value, tuple) else value


def test_the_reports_we_know_are_supported() -> None:
    names = pychrony.supported_reports()
    assert type(names) is list
    assert {type(name) for name in names} == {str}
    assert set(KNOWN) <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("report", KNOWN)
def test_every_field_is_there_under_libchronys_name(responder: Responder, report: str) -> None:
    records = pychrony.get_report(report, responder.address)
    assert type(records) is list
    (record,) = records
    assert type(record) is dict
    for name, value in SAMPLES[report].items():
        assert record[name] == nanoseconds(value), name
        assert type(record[name]) is type(nanoseconds(value)), name
    layout = [name for name, _ in REPLIES[report][max(REPLIES[report])]]
    assert [name for name in record if not name.startswith("reserved")] == [
        name for name in layout if not name.startswith("reserved")
    ]


@pytest.mark.parametrize("report", KNOWN)
def test_a_connection_gives_the_same(responder: Responder, report: str) -> None:
    with pychrony.ChronyConnection(responder.address) as connection:
        assert connection.get_report(report) == pychrony.get_report(report, responder.address)


def test_the_reports_of_a_real_chronyd_are_those_of_its_functions(client: Chronyd) -> None:
    (raw,) = pychrony.get_report("tracking", client.socket)
    assert (raw["address"], raw["stratum"], raw["leap status"]) == ("127.0.0.1", 9, 0)
    (raw,) = pychrony.get_report("sources", client.socket)
    assert (raw["address"], raw["poll"], raw["mode"]) == ("127.0.0.1", -2, 0)
    (raw,) = pychrony.get_report("ntpdata", client.socket)
    assert raw["remote address"] == raw["local address"] == "127.0.0.1"
    (raw,) = pychrony.get_report("activity", client.udp)
    assert list(raw.values()) == list(pychrony.get_activity(client.udp))


def test_signs_are_kept(responder: Responder) -> None:
    """libchrony's signed fields of sixteen bits arrive as large numbers."""
    responder.reports["sources"][0]["poll"] = -2
    assert pychrony.get_report("sources", responder.address)[0]["poll"] == -2
    responder.reports["ntpdata"][0].update({"poll": -2, "precision": -128})
    (record,) = pychrony.get_report("ntpdata", responder.address)
    assert (record["poll"], record["precision"]) == (-2, -128)


def test_numbers_are_as_they_are_sent(responder: Responder) -> None:
    """No ranges, no enumerations, no "never": it is for the user to judge the numbers."""
    responder.reports["sources"][0].update(
        {"stratum": 99, "state": 77, "flags": 0x8001, "last sample ago": NEVER}
    )
    (record,) = pychrony.get_report("sources", responder.address)
    assert (record["stratum"], record["state"], record["flags"]) == (99, 77, 0x8001)
    assert record["last sample ago"] == NEVER
    assert {type(value) for value in record.values()} == {int, float, str}


def test_a_missing_address_is_none(responder: Responder) -> None:
    responder.reports["tracking"][0]["address"] = None
    assert pychrony.get_report("tracking", responder.address)[0]["address"] is None


def test_a_list_has_a_dictionary_for_each_record(responder: Responder) -> None:
    responder.reports["sources"] = [
        sample("sources", address=f"192.0.2.{number}") for number in range(1, 6)
    ]
    records = pychrony.get_report("sources", responder.address)
    assert [record["address"] for record in records] == [
        f"192.0.2.{number}" for number in range(1, 6)
    ]


def test_the_list_of_no_sources_is_empty(unsynchronised: Chronyd) -> None:
    for report in ["sources", "sourcestats", "selectdata", "authdata", "ntpdata"]:
        assert pychrony.get_report(report, unsynchronised.socket) == []


def test_a_reference_clock_has_an_empty_record_in_the_reports_by_address(refclock: Chronyd) -> None:
    """This keeps one record for each source."""
    (source,) = pychrony.get_report("sources", refclock.socket)
    assert source["reference ID"] == int.from_bytes(b"GPS\0", "big")
    assert pychrony.get_report("ntpdata", refclock.socket) == [{}]
    assert pychrony.get_report("authdata", refclock.socket) == [{}]


# Names.


@pytest.mark.parametrize(
    "name", ["weather", "", "Tracking", "tracking ", "track", "tracking\0x", "é"]
)
def test_an_unknown_name_is_a_value_error_that_lists_the_known(
    responder: Responder, name: str
) -> None:
    with pychrony.ChronyConnection(responder.address) as connection:
        for ask in [
            lambda: pychrony.get_report(name, responder.address),
            lambda: connection.get_report(name),
        ]:
            with pytest.raises(ValueError, match="no report is named") as caught:
                ask()
            assert not isinstance(caught.value, pychrony.ChronyError)
            for known in pychrony.supported_reports():
                assert known in str(caught.value)
    assert responder.requests == []


def test_an_unknown_name_is_an_error_without_a_chronyd_too() -> None:
    with pytest.raises(ValueError, match="tracking"):
        pychrony.get_report("weather", "/nowhere/chronyd.sock")


@pytest.mark.parametrize("name", [None, 1, b"tracking", ["tracking"]])
def test_a_name_that_is_not_a_string_is_a_type_error(responder: Responder, name: Any) -> None:
    with pytest.raises(TypeError):
        pychrony.get_report(name, responder.address)
    assert responder.requests == []


def test_the_arguments_are_those_of_the_other_functions(server: Chronyd, transport: str) -> None:
    address = address_of(server, transport)
    (record,) = pychrony.get_report(name="tracking", address=address, timeout=5)
    assert record["stratum"] == 8
    with pytest.raises(TypeError):
        pychrony.get_report()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        pychrony.get_report("tracking", address, 5)  # type: ignore[misc]
    with pytest.raises(ValueError, match="timeout"):
        pychrony.get_report("tracking", address, timeout=0)
    with pytest.raises(TypeError):
        pychrony.supported_reports(1)  # type: ignore[call-arg]


# Errors.


@pytest.mark.parametrize("report", ["rtcdata", "smoothing"])
def test_what_is_not_enabled_has_no_record(
    unsynchronised: Chronyd, responder: Responder, report: str
) -> None:
    """The report's own function returns None."""
    assert pychrony.get_report(report, unsynchronised.socket) == []
    responder.reports[report] = []
    with pychrony.ChronyConnection(responder.address) as connection:
        assert connection.get_report(report) == []
        assert connection.fileno() >= 0, "it is an answer like any other"


def test_an_absent_chronyd_is_a_connection_error() -> None:
    with pytest.raises(pychrony.ChronyConnectionError):
        pychrony.get_report("tracking", "/nowhere/chronyd.sock")


def test_an_impossible_time_is_a_data_error(responder: Responder) -> None:
    responder.reports["tracking"][0]["reference time"] = (1_700_000_000, 2_000_000_000)
    with pytest.raises(pychrony.ChronyDataError, match="reference time"):
        pychrony.get_report("tracking", responder.address)


# Another libchrony.


Newer = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Newer:
    """Evaluates an expression with a libchrony that has a report unknown to the extension."""
    library = standin.build(tmp_path_factory.mktemp("newer") / "libchrony.so.0")

    def evaluate(expression: str, **options: str | int) -> dict[str, Any]:
        variables = standin.variables(library, EXTRA_REPORT=1, **options)
        return child.evaluate(expression, **variables)

    return evaluate


def test_a_new_report_of_libchrony_is_available_without_a_change_here(newer: Newer) -> None:
    result = newer("pychrony.get_report('weather', '/x/y')")
    assert result == {
        "value": [
            {
                "station": "Greenwich",
                "temperature": -7,
                "humidity": 81,
                "pressure": 1.5,
                "measured": 1_700_000_000_000_000_005,
            }
        ]
    }


def test_a_newer_libchrony_names_its_reports(newer: Newer) -> None:
    result = newer("pychrony.supported_reports()")
    assert result == {"value": ["tracking", "activity", "weather"]}


def test_a_report_it_has_lost_is_a_value_error_by_name_and_a_version_error_by_function(
    newer: Newer,
) -> None:
    error = newer("pychrony.get_report('sources', '/x/y')")
    assert error["error"]["type"] == "ValueError"
    assert "weather" in error["error"]["message"]
    error = newer("pychrony.get_sources('/x/y')")
    assert error["error"]["type"] == "ChronyVersionError"
    assert error["error"]["code_name"] == "UNKNOWN_REPORT"


def test_a_field_of_an_unknown_type_is_left_out(newer: Newer) -> None:
    expression = "sorted(pychrony.get_report('weather', '/x/y')[0])"
    result = newer(expression, FIELD="humidity", TYPE_IS=99)
    assert result == {"value": ["measured", "pressure", "station", "temperature"]}


@pytest.mark.parametrize(
    ("field", "change"),
    [("pressure", {"FLOAT_IS": "nan"}), ("measured", {"NANOSECONDS_IS": "-1"})],
)
def test_a_value_that_is_not_a_number_is_a_data_error(
    newer: Newer, field: str, change: dict[str, str]
) -> None:
    error = newer("pychrony.get_report('weather', '/x/y')", FIELD=field, **change)["error"]
    assert error["type"] == "ChronyDataError"
    assert "weather" in error["message"]
    assert field in error["message"]
