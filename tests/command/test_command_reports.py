"""The reports of the command: chronyc's words and numbers for people, all the fields for programs."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from support import chronyc, command, placeholders
from support.chronyd import Chronyd
from support.command import LONG_ADDRESS
from support.getters import GETTER_OF, SINGLE
from support.responder import NEVER, REPLIES, SAMPLES, Responder, sample
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony.__main__ import COMMANDS
from pychrony.command import arguments
from pychrony.testing import FakeChronyd


def readable(daemon: Responder, report: str) -> None:
    """Let the responder answer with the newest reply that this machine's chronyc can read."""
    for code in sorted(REPLIES[report], reverse=True):
        daemon.codes[report] = code
        if "Bad reply" not in chronyc.run(daemon.address, report).stdout:
            return
    raise RuntimeError(f"this chronyc reads no reply of {report}")


def words(text: str) -> list[list[str]]:
    """The words of each line, without chronyc's ornaments and the colon's place."""
    lines = [re.sub(r"\s*:\s", " : ", line) for line in text.splitlines()]
    return [line.split() for line in lines if line.strip() and line.strip("=") and line != "200 OK"]


# Values over the whole range of each field: one source for each value.
SIZES = [0.0] + [
    sign * digits * 10.0**power
    for power in range(-9, 10)
    for digits in (1.0, 9.9994, 9.9996)
    for sign in (1, -1)
]
AGES = [0, 1, 1199, 1200, 35999, 36000, 345599, 345600, 999 * 86400, 1000 * 86400, 2**31 - 1]


def variants(report: str) -> list[dict[str, Any]]:
    if report == "sources":
        sources = [
            sample(
                "sources",
                adjusted_last_sample_offset=size,
                original_last_sample_offset=-size,
                last_sample_error=abs(size),
                last_sample_ago=AGES[index % len(AGES)],
                state=index % 6,
                mode=index % 3,
                reachability=index % 256,
            )
            for index, size in enumerate(SIZES)
        ]
        for index, source in enumerate(sources):
            # A reference clock's ID takes the place of its address.
            source["address"] = 0x47505300 if source["mode"] == 2 else f"192.0.2.{index}"
        return sources
    if report == "sourcestats":
        return [
            sample(
                "sourcestats", offset=size, standard_deviation=abs(size), residual_frequency=size
            )
            | {
                "skew": abs(size),
                "span": AGES[index % len(AGES)],
                "address": f"192.0.2.{index}",
            }
            for index, size in enumerate(SIZES)
        ]
    if report == "selectdata":
        return [
            sample("selectdata", low_limit=size, high_limit=-size, score=abs(size))
            | {
                "state": ord("sMdD~wWSOTPUx+*"[index % 15]),
                "configured options": index % 16,
                "effective options": 15 - index % 16,
                "authentication": index % 2,
                "leap status": index % 4,
                "address": f"192.0.2.{index}",
            }
            for index, size in enumerate(SIZES[1:])
        ]
    if report == "tracking":
        return [
            sample("tracking", current_correction=sign * 1e-6, frequency_offset=sign * 3.5)
            | {"leap status": leap, "last offset": -sign * 0.25}
            for sign in (-1.0, 0.0, 1.0)
            for leap in range(4)
        ]
    if report == "ntpdata":
        return [
            sample("ntpdata"),
            sample("ntpdata", mode=1, flags=0x4155, transmit_timestamping=ord("H"), leap_status=1),
            sample("ntpdata", mode=2, flags=0x82AA, receive_timestamping=ord("D"), leap_status=2),
            sample("ntpdata", mode=3, stratum=1, reference_ID=0x47505300, transmit_timestamping=0),
        ]
    if report == "authdata":
        return [
            sample("authdata", mode=0, key_type=0),
            sample("authdata"),
            sample("authdata", mode=2, key_type=15, NAK=1, cookies=8, cookie_length=100)
            | {"last key establishment ago": 5000, "key establishment attempts": 3},
        ]
    if report == "smoothing":
        return [sample("smoothing"), sample("smoothing", flags=3)]
    return [sample(report)]


def answers(report: str) -> list[dict[str, list[dict[str, Any]]]]:
    """What the responder is to hold in each comparison: one record, or all of them in a report that is a list."""
    if report in ("sources", "sourcestats", "selectdata"):
        records = variants(report)
        sources = records if report == "sources" else [sample("sources")] * len(records)
        return [{"sources": sources, report: records}]
    return [{report: [record]} for record in variants(report)]


# Our output has these lines in addition to chronyc's, and leaves out the IDs that stand for addresses.
OWN_LINES = ("Synchronised",)


def comparable(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if not line.startswith(OWN_LINES)]
    lines = [re.sub(r"^((?:Remote|Local) address .*) \(.*\)$", r"\1", line) for line in lines]
    return [[word for word in line if word != ":"] for line in words("\n".join(lines))]


def without_heading(report: str, rows: list[list[str]]) -> list[list[str]]:
    return rows[1:] if report in ("sources", "sourcestats", "selectdata", "authdata") else rows


@pytest.mark.parametrize("report", GETTER_OF)
def test_people_read_chronycs_words_and_numbers(report: str) -> None:
    with Responder(transport="unix") as daemon:
        readable(daemon, report)
        for held in answers(report):
            daemon.reports.update(held)
            printed = chronyc.run(daemon.address, report)
            ours = command.output(report, "-a", daemon.address)
            expected = comparable(printed.stdout.replace("[", " [").replace("]", "] "))
            shown = comparable(ours.replace("[", " [").replace("]", "] "))
            if chronyc.version() < (4, 3):
                printed_by_it = [row[:2] for row in expected]
                shown = [row for row in shown if row[:2] in printed_by_it]
            assert without_heading(report, shown) == without_heading(report, expected)


# What chronyc -c prints of each record of ours, by the names in our JSON.
LEAP = {"NORMAL": "Normal", "INSERT": "Insert second", "DELETE": "Delete second"}
LEAP["UNSYNC"] = "Not synchronised"


def clock_time(nanoseconds: int) -> str:
    return "{}.{:09d}".format(*divmod(nanoseconds, 1_000_000_000))


def options(names: list[str]) -> list[str]:
    letters = {"NOSELECT": "N", "PREFER": "P", "TRUST": "T", "REQUIRE": "R"}
    return [letter if name in names else "-" for name, letter in letters.items()] + ["-"]


def never(age: int | None) -> str:
    return str(NEVER if age is None else age)


CHRONYC: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "tracking": lambda r: [
        f"{r['reference_id']:08X}",
        r["reference_ip"] or "",
        str(r["stratum"]),
        clock_time(r["ref_time_ns"]),
        *(f"{r[n]:.9f}" for n in ("offset", "last_offset", "rms_offset")),
        *(f"{r[n]:.3f}" for n in ("frequency", "residual_freq", "skew")),
        *(f"{r[n]:.9f}" for n in ("root_delay", "root_dispersion")),
        f"{r['update_interval']:.1f}",
        LEAP[r["leap_status"]],
    ],
    "sources": lambda r: [
        {"CLIENT": "^", "PEER": "=", "REFCLOCK": "#"}[r["mode"]],
        dict(
            SELECTED="*",
            NONSELECTABLE="?",
            FALSETICKER="x",
            JITTERY="~",
            UNSELECTED="+",
            SELECTABLE="-",
        )[r["state"]],
        r["address"],
        str(r["stratum"]),
        str(r["poll"]),
        f"{r['reachability']:o}",
        never(r["last_sample_ago"]),
        *(f"{r[n]:.9f}" for n in ("latest_meas", "orig_latest_meas", "latest_meas_err")),
    ],
    "sourcestats": lambda r: [
        r["address"],
        *(str(r[n]) for n in ("samples", "runs", "span")),
        *(f"{r[n]:.3f}" for n in ("resid_freq", "skew")),
        *(f"{r[n]:.9f}" for n in ("offset", "std_dev")),
    ],
    "selectdata": lambda r: [
        chr(pychrony.SelectState[r["state"]]),
        r["address"],
        "NY"[r["authentication"]],
        *options(r["configured_options"]),
        *options(r["effective_options"]),
        never(r["last_sample_ago"]),
        f"{r['score']:.1f}",
        *(f"{r[n]:.9f}" for n in ("low_limit", "high_limit")),
        LEAP[r["leap_status"]],
    ],
    "ntpdata": lambda r: [
        r["remote_address"] or "[UNSPEC]",
        str(r["remote_port"]),
        r["local_address"] or "[UNSPEC]",
        LEAP[r["leap_status"]],
        str(r["version"]),
        {
            "ACTIVE_SYMMETRIC": "Symmetric active",
            "PASSIVE_SYMMETRIC": "Symmetric passive",
            "SERVER": "Server",
        }.get(r["mode"], "Invalid"),
        str(r["stratum"]),
        str(r["poll"]),
        f"{2.0 ** r['poll']:.0f}",
        str(r["precision"]),
        f"{2.0 ** r['precision']:.9f}",
        *(f"{r[n]:.6f}" for n in ("root_delay", "root_dispersion")),
        f"{r['reference_id']:08X}",
        r["reference_id"].to_bytes(4, "big").rstrip(b"\0").decode() if r["stratum"] <= 1 else "",
        clock_time(r["ref_time_ns"]),
        *(f"{r[n]:.9f}" for n in ("offset", "peer_delay", "peer_dispersion", "response_time")),
        f"{r['jitter_asymmetry']:.2f}",
        *(
            "".join("01"[f"TEST{test}" in r["flags"]] for test in tests)
            for tests in ("123", "567", ("_A", "_B", "_C", "_D"))
        ),
        *("Yes" if flag in r["flags"] else "No" for flag in ("INTERLEAVED", "AUTHENTICATED")),
        *(
            r[n].title().replace("None", "Invalid")
            for n in ("transmit_timestamping", "receive_timestamping")
        ),
        *(
            str(r[n])
            for n in (
                "transmitted_messages",
                "received_messages",
                "received_valid_messages",
                "received_good_messages",
                "kernel_transmit_timestamps",
                "kernel_receive_timestamps",
                "hardware_transmit_timestamps",
                "hardware_receive_timestamps",
            )
            if r[n] is not None and (n != "received_good_messages" or chronyc.version() >= (4, 3))
        ),
    ],
    "authdata": lambda r: [
        r["address"],
        {"NONE": "-", "SYMMETRIC_KEY": "SK", "NTS": "NTS"}[r["mode"]],
        str(r["key_id"]),
        str(int(pychrony.KeyType[r["key_type"]])),
        str(r["key_length"]),
        never(r["last_key_establishment_ago"]),
        str(r["key_establishment_attempts"]),
        str(int(r["nak"])),
        str(r["cookies"]),
        str(r["cookie_length"]),
    ],
    "serverstats": lambda r: [str(value) for value in r.values() if value is not None],
    "activity": lambda r: [str(value) for value in r.values()],
    "rtcdata": lambda r: [
        clock_time(r["ref_time_ns"]),
        *(str(r[n]) for n in ("samples", "runs", "span")),
        f"{r['offset']:.6f}",
        f"{r['freq_offset']:.3f}",
    ],
    "smoothing": lambda r: [
        "Yes" if "ACTIVE" in r["flags"] else "No",
        "(leap second only)" if "LEAPONLY" in r["flags"] else "",
        f"{r['offset']:.9f}",
        *(f"{r[n]:.6f}" for n in ("freq_offset", "wander")),
        *(f"{r[n]:.1f}" for n in ("last_update_ago", "remaining_time")),
    ],
}


@pytest.mark.parametrize("report", CHRONYC)
def test_json_has_every_number_that_chronyc_prints(report: str) -> None:
    with Responder(transport="unix") as daemon:
        readable(daemon, report)
        for held in answers(report):
            daemon.reports.update(held)
            printed = chronyc.run(daemon.address, "-c", report).stdout
            ours = json.loads(command.output(report, "--json", "-a", daemon.address))
            assert as_chronyc_prints(report, ours) == chronyc_rows(report, printed)


def as_chronyc_prints(report: str, answer: Any) -> list[list[str]]:
    records = answer if isinstance(answer, list) else [answer]
    for record in records:
        del record["time"]
        for name, value in record.items():
            record[name] = placeholders.sent(report, name, value)
    return [CHRONYC[report](record) for record in records if record]


def chronyc_rows(report: str, printed: str) -> list[list[str]]:
    rows = list(csv.reader(printed.splitlines()))
    if report == "ntpdata":
        # Drop the reference IDs that stand for addresses.
        rows = [[*row[:1], *row[2:4], *row[5:]] for row in rows]
    return rows


@pytest.fixture(scope="module")
def quiet(server: Chronyd) -> Iterator[Chronyd]:
    """Has measured a few times and then does not measure for a minute, so that its numbers do not change."""
    lines = [
        f"server {address} port {server.ntp_port} iburst minpoll 6 maxpoll 6 {option}"
        for address, option in (("127.0.0.1", "prefer trust"), ("::1", "noselect"))
    ]
    with Chronyd([*lines, f"server {LONG_ADDRESS} offline"]) as daemon:
        wait_for(
            "both bursts are over",
            lambda: [row["reachability"] for row in daemon.records("sources")][:2] == ["17", "17"],
        )
        yield daemon


# The numbers of the other reports change all the time, because they are extrapolated to the current time.
LIVE = ["sources", "selectdata", "ntpdata", "authdata", "activity"]


@pytest.mark.parametrize("report", LIVE)
def test_json_of_a_real_chronyd_has_the_numbers_that_chronyc_prints(
    report: str, quiet: Chronyd
) -> None:
    def unmoved() -> tuple[list[list[str]], list[list[str]]] | None:
        """Both outputs, from a time at which nothing changed between them. (Ages grow every second.)"""
        before = quiet.chronyc("-c", report)
        ours = json.loads(command.output(report, "--json", "-a", quiet.socket))
        if quiet.chronyc("-c", report) != before:
            return None
        return as_chronyc_prints(report, ours), chronyc_rows(report, before)

    ours, theirs = wait_for("chronyc says the same twice", unmoved)
    assert ours == theirs


def expected_json(value: Any) -> Any:
    """As documented: enumerations by name, flags as a list of names, the rest unchanged."""
    if type(value).__name__ in ("SelectOptions", "NTPFlags", "SmoothingFlags"):
        return [flag.name for flag in type(value) if flag & value]
    return value.name if hasattr(value, "name") else value


@pytest.mark.parametrize("report", GETTER_OF)
def test_json_and_csv_have_every_field_unrounded(report: str) -> None:
    with Responder(transport="unix") as daemon:
        answer = getattr(pychrony, GETTER_OF[report])(daemon.address)
        record = answer if report in SINGLE else answer[0]
        fields = [*record._fields, *(["ref_time_ns"] if hasattr(record, "ref_time_ns") else [])]
        expected = {name: expected_json(getattr(record, name)) for name in fields}
        text = command.output(report, "--json", "-a", daemon.address)
        shown = json.loads(text)
        row = shown if report in SINGLE else shown[0]
        assert isinstance(shown, dict if report in SINGLE else list)
        assert list(row)[0] == "time"
        assert 0 <= time.time() - row.pop("time") < DEADLINE
        assert row == record.to_dict()
        assert {name: row[name] for name in fields} == expected
        text = command.output(report, "--csv", "-a", daemon.address)
        (row,) = csv.DictReader(io.StringIO(text))
        assert list(row) == ["time", *fields]
        assert 0 <= time.time() - float(row.pop("time")) < DEADLINE
        for name, cell in row.items():
            value = expected[name]
            if isinstance(value, list):
                assert cell == "|".join(value)
            elif isinstance(value, bool):
                assert cell == str(value).lower()
            else:
                assert cell == ("" if value is None else str(value))


KINDS = ["server", "client", "client6", "refclock", "unsynchronised", "many"]


@pytest.fixture(params=KINDS)
def daemon(request: pytest.FixtureRequest) -> Chronyd:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Chronyd)
    return found


def test_every_report_of_a_real_chronyd_is_shown(daemon: Chronyd) -> None:
    addresses = [record["address"] for record in chronyc_sources(daemon)]
    for report in GETTER_OF:
        text = command.output(report, "-a", daemon.socket)
        assert text.endswith("\n")
        if report in ("sources", "sourcestats", "selectdata"):
            assert [address for address in addresses if address not in text] == []
    tracking = command.output("tracking", "-a", daemon.socket)
    expected = daemon.tracking_csv()
    assert f"Stratum         : {expected['stratum']}\n" in tracking
    assert f"Reference ID    : {expected['reference ID']} (" in tracking


def chronyc_sources(daemon: Chronyd) -> list[dict[str, str]]:
    # -a: also those whose name is not resolved
    return chronyc.parse("sources", daemon.chronyc("-c", "sources", "-a"))


def test_sources_of_a_real_chronyd_have_chronycs_letters(many: Chronyd) -> None:
    ours = {
        line.split()[1]: line[:2]
        for line in command.output("sources", "-a", many.socket).splitlines()[2:]
    }
    theirs = {
        record["address"]: record["mode"] + record["state"] for record in chronyc_sources(many)
    }
    assert {"#x", "^?"} <= set(ours.values())
    # Which of two good ones is selected may change at any moment.
    assert {address: mark.translate(GOOD) for address, mark in ours.items()} == {
        address: mark.translate(GOOD) for address, mark in theirs.items()
    }


GOOD = str.maketrans("+-", "**")


def test_tracking_states_in_words_whether_the_clock_is_synchronised(
    client: Chronyd, server: Chronyd, unsynchronised: Chronyd
) -> None:
    assert "Synchronised    : Yes\n" in command.output("tracking", "-a", client.socket)
    local = command.output("tracking", "-a", server.socket)
    assert "Reference ID    : 7F7F0101 (local reference, no source)\n" in local
    assert "Synchronised    : No, chronyd only follows its local reference\n" in local
    assert "Synchronised    : No\n" in command.output("tracking", "-a", unsynchronised.socket)


def test_an_option_may_stand_before_or_behind_the_command() -> None:
    with Responder() as daemon:
        before = command.output("-v", "-a", daemon.address, "sources")
        assert before == command.output("sources", "-v", "-a", daemon.address)


NAMES = [name for name in COMMANDS if name]
ARGUMENTS = {
    "report": ["tracking"],
    "wait": ["--for", "60"],
    "guard": ["--max-error", "1ns"],
    "log": ["--count", "1"],
}


@pytest.mark.parametrize("name", NAMES)
def test_an_address_and_a_timeout_may_stand_before_or_behind_every_command(name: str) -> None:
    given, its = ["-a", "chronyd.example", "-t", "5ms"], [name, *ARGUMENTS.get(name, [])]
    for line in ([*given, *its], [*its, *given]):
        options = parse(line, name)
        assert (options.address, options.timeout) == ("chronyd.example", 0.005)
    assert (parse(its, name).address, parse(its, name).timeout) == (None, 3.0)


def parse(line: list[str], expected: str) -> argparse.Namespace:
    name, rest = arguments.split(COMMANDS, line)
    assert name == expected
    return arguments.parse(COMMANDS[name](), name, rest)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "exporter"])
def test_every_command_asks_the_address_that_stands_before_it(name: str) -> None:
    with Responder(transport="unix") as daemon:
        command.run("-a", daemon.address, name, *ARGUMENTS.get(name, []))
        assert daemon.requests


def test_a_report_that_is_not_enabled_is_all_null_and_has_words() -> None:
    with Responder(transport="unix", reports={"rtcdata": [], "smoothing": []}) as daemon:
        for report in ("rtcdata", "smoothing"):
            shown = json.loads(command.output(report, "--json", "-a", daemon.address))
            assert shown.pop("time") and set(shown.values()) == {None}
            assert command.output(report, "-a", daemon.address).startswith("chronyd does not ")
            text = command.output(report, "--csv", "-a", daemon.address)
            (row,) = csv.DictReader(io.StringIO(text))
            assert row.pop("time") and set(row.values()) == {""}


def test_any_report_is_available_under_libchronys_names() -> None:
    with Responder() as daemon:
        text = command.output("report", "tracking", "--json", "-a", daemon.address)
        (shown,) = json.loads(text)
        assert list(shown)[0] == "time" and shown.pop("time")
        assert [shown] == pychrony.get_report("tracking", daemon.address)
        assert "reference time       : 1700000000123456789\n" in command.output(
            "report", "tracking", "-a", daemon.address
        )


def test_a_server_and_a_reference_clock_have_different_columns_in_one_csv(many: Chronyd) -> None:
    text = command.output("report", "sources", "--csv", "-a", many.socket)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(pychrony.get_sources(many.socket))
    assert {bool(row["reference ID"]) for row in rows} == {True, False}
    assert all(bool(row["reference ID"]) != bool(row["address"]) for row in rows)


def test_the_legend_explains_every_column_in_the_fields_own_words() -> None:
    with Responder(transport="unix") as daemon:
        for report in GETTER_OF:
            plain = command.output(report, "-a", daemon.address)
            text = command.output(report, "-v", "-a", daemon.address)
            assert text.endswith(plain)
            legend = text[: -len(plain)]
            assert legend.strip()
        legend = " ".join(command.output("sources", "-v", "-a", daemon.address).split())
    words = (pychrony.Source.poll.__doc__ or "").partition(" [")[0]
    assert f"Poll {words}" in legend
    assert "x it disagrees with the majority of the sources" in legend


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (
            "tracking",
            "Synchronised Whether the clock follows a source; chronyd's local reference is none",
        ),
        (
            "tracking",
            "(chronyd hides the exact time); 0 while not synchronised [seconds since 1970 (UTC)] System time",
        ),
        ("tracking", "[seconds; > 0: the clock was fast of its sources, < 0: slow]"),
        (
            "sources",
            "in brackets, as it was measured; and its error bound [> 0: the system clock is fast of the source]",
        ),
        (
            "sourcestats",
            "Estimated offset of the source [seconds; > 0: the system clock is fast of the source]",
        ),
        (
            "ntpdata",
            "Interleaved Whether the response was in interleaved mode Authenticated Whether the response was",
        ),
    ],
)
def test_the_legend_explains_what_a_column_shows_and_what_its_sign_means(
    report: str, words: str
) -> None:
    with Responder(transport="unix") as daemon:
        assert words in " ".join(command.output(report, "-v", "-a", daemon.address).split())


def test_only_a_report_about_some_of_the_sources_says_so_when_there_are_none() -> None:
    with FakeChronyd(sources=[]) as daemon:
        assert command.output("sources", "-a", daemon.address) == "chronyd has no sources.\n"
        assert command.output("sourcestats", "-a", daemon.address) == "chronyd has no sources.\n"
        assert "no sources that this report is about" in command.output(
            "ntpdata", "-a", daemon.address
        )


def test_a_long_ipv6_address_stays_whole(many: Chronyd) -> None:
    assert "  2001:db8:1111:2222:3333:4444:5555:6666  " in command.output(
        "sources", "-a", many.socket
    )


def test_samples_name_every_report() -> None:
    assert set(SAMPLES) == set(GETTER_OF)
