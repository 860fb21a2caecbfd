"""/probe: whom it asks, whom it refuses to ask, and for how long."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from support.chronyd import Chronyd
from support.exporter import Exporter, Samples, labels_of, value
from support.responder import Responder, faithful, silent
from support.waiting import wait_for

import pychrony
from pychrony.exporter.application import ARRIVED, Application, scrape_timeout
from pychrony.exporter.metrics import REPORTS
from pychrony.exporter.probe import COMMAND_PORT, Refusal, parse, resolve
from pychrony.exporter.scrapes import Scrapes
from pychrony.exporter.server import seconds_since_data
from pychrony.exporter.target import Target

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]


@pytest.fixture(scope="module")
def exporter() -> Iterator[Exporter]:
    """Asks no chronyd of its own, and any on this machine."""
    own = ["--address", "127.0.0.1:9", *(f"--allow={network}" for network in LOOPBACK)]
    with Exporter(*own) as running:
        yield running


def probe(exporter: Exporter, target: str, timeout: float | None = None) -> Samples:
    header = {} if timeout is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)}
    return exporter.samples(f"/probe?target={quote(target)}", header)


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "localhost:{}", "[::1]:{}"])
def test_a_target_is_an_address_or_a_name(exporter: Exporter, client: Chronyd, form: str) -> None:
    samples = probe(exporter, form.format(client.port))
    assert value(samples, "chrony_up") == value(samples, "chrony_synchronized") == 1
    assert value(samples, "chrony_sources_stratum", source_address="127.0.0.1") == 8


def test_the_metrics_are_those_of_the_target(
    exporter: Exporter, client: Chronyd, server: Chronyd
) -> None:
    strata = [
        value(probe(exporter, each.udp), "chrony_tracking_stratum") for each in (client, server)
    ]
    assert strata == [9, 8]


def test_a_probe_has_metrics_of_its_target_only(exporter: Exporter, client: Chronyd) -> None:
    prefixes = {name.split("_")[0] for name, _ in probe(exporter, client.udp)}
    assert prefixes == {"chrony"}


def test_a_target_that_is_down_is_down(exporter: Exporter) -> None:
    assert value(probe(exporter, "127.0.0.1:9"), "chrony_up") == 0


def test_a_silent_target_is_reported_as_down_within_the_scrapes_timeout(exporter: Exporter) -> None:
    with Responder(silent) as responder:
        samples = probe(exporter, responder.address, timeout=0.4)
    assert value(samples, "chrony_up") == 0
    assert {each["error"] for each in labels_of(samples, "chrony_scrape_collector_error_info")} == {
        "TIMEOUT"
    }


def test_the_scrapes_timeout_holds_for_all_reports_together(exporter: Exporter) -> None:
    """A target that answers the first report and no other is up, and is not waited for ten times."""

    def only_tracking(request: Any) -> list[bytes]:
        return [request.answer()] if request.report == "tracking" else []

    with Responder(only_tracking) as responder:
        samples = probe(exporter, responder.address, timeout=2)
    assert value(samples, "chrony_up") == 1
    assert value(samples, "chrony_scrape_collector_success", collector="tracking") == 1
    assert value(samples, "chrony_scrape_collector_success", collector="activity") == 0
    assert {request.report for request in responder.requests} == {"tracking", "activity"}


def test_a_silent_target_does_not_delay_others(exporter: Exporter, client: Chronyd) -> None:
    with Responder(silent) as responder:
        late: list[Samples] = []
        waiting = threading.Thread(
            target=lambda: late.append(probe(exporter, responder.address, 60))
        )
        waiting.start()
        responder.wait_for_requests()
        assert value(probe(exporter, client.udp), "chrony_up") == 1
        assert late == []
        # The request is resent after a second, and now the responder answers.
        responder.behaviour = faithful
        waiting.join()
    assert value(late[0], "chrony_up") == 1


def test_a_probes_time_begins_when_its_request_arrives() -> None:
    """It does not begin when a thread gets to the request: if a thousand come at once, the last would be too late."""
    ours, listening = socket.socket(), socket.create_server(("127.0.0.1", 0))
    with ours, listening:
        ours.connect(listening.getsockname())
        ours.sendall(b"GET ")
        theirs, _ = listening.accept()
        with theirs:
            assert wait_for("it has waited", lambda: seconds_since_data(theirs) > 0.05)
            assert theirs.recv(100) == b"GET "
            ours.sendall(b"/probe")
            assert theirs.recv(100) == b"/probe"
            assert wait_for("new data came", lambda: seconds_since_data(theirs) < 0.05)


@pytest.mark.parametrize("path", ["/metrics", "/probe", "/"])
def test_a_request_that_waited_too_long_is_refused_without_a_request_to_chronyd(path: str) -> None:
    """With chrony_up 0 it would blame chronyd for the exporter's own delay."""
    statuses: list[str] = []
    with Responder() as responder:
        scrapes = Scrapes(responder.address, 1.0, REPORTS, lambda *_: None)
        late = {
            "PATH_INFO": path,
            "QUERY_STRING": f"target={responder.address}",
            "REQUEST_METHOD": "GET",
            ARRIVED: time.monotonic() - 60,
        }
        Application(scrapes, LOOPBACK, [])(late, lambda status, *_: statuses.append(status))
    assert statuses == ["503 Service Unavailable"]
    assert responder.requests == []


def test_no_report_is_requested_when_no_time_is_left() -> None:
    with Responder() as responder:
        with pytest.raises(pychrony.ChronyTimeoutError, match="no time is left"):
            Target(lambda _: [responder.address], time.monotonic())("get_tracking")
    assert responder.requests == []


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_an_invalid_timeout_is_refused(exporter: Exporter, seconds: str) -> None:
    header = {"X-Prometheus-Scrape-Timeout-Seconds": seconds}
    status, text = exporter.get("/probe?target=127.0.0.1", header)
    assert status == 400
    assert "is not a number of seconds" in text


def test_the_answer_is_there_before_the_scrape_times_out() -> None:
    assert scrape_timeout("10") == 9.5
    assert scrape_timeout("0.5") == 0.25
    assert scrape_timeout(None) == 9.5


def test_no_scrape_lasts_more_than_a_minute() -> None:
    assert scrape_timeout("1e9") == scrape_timeout("60") == 59.5


def test_without_allowed_networks_nothing_is_asked(client: Chronyd) -> None:
    with Exporter("--address", client.socket) as closed:
        status, text = closed.get(f"/probe?target={client.udp}")
    assert (status, text) == (
        403,
        "no target is allowed: start the exporter with --allow NETWORK\n",
    )


@pytest.mark.parametrize("target", ["192.0.2.1", "[2001:db8::1]:323", "2001:db8::1"])
def test_a_target_outside_the_allowed_networks_is_refused(exporter: Exporter, target: str) -> None:
    status, text = exporter.get(f"/probe?target={quote(target)}")
    assert status == 403
    assert "is not in a network given with --allow" in text


def test_an_ipv4_address_written_as_ipv6_is_treated_as_ipv4() -> None:
    everything6 = [ipaddress.ip_network("::/0")]
    with pytest.raises(Refusal, match="192.0.2.1"):
        resolve("[::ffff:192.0.2.1]:323", everything6)
    assert resolve("[::ffff:127.0.0.1]:323", LOOPBACK) == ["127.0.0.1:323"]


MALFORMED = [
    "",
    ":323",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:99999",
    "127.0.0.1:abc",
    "[::1",
    "::1]:323",
    "user@127.0.0.1",
    "127.0.0.1:323/path",
    "127.0.0.1?x",
    "/run/chrony/chronyd.sock",
    "fe80::1%lo",
    "a b",
    "host\nname",
    "h\u00f6st",
    "a" * 70,
    "a..b",
]


@pytest.mark.parametrize("target", MALFORMED)
def test_a_malformed_target_is_refused(exporter: Exporter, target: str) -> None:
    status, text = exporter.get(f"/probe?target={quote(target)}")
    assert status == 400, text


@pytest.mark.parametrize("query", ["", "?target=127.0.0.1&target=127.0.0.2", "?host=127.0.0.1"])
def test_a_probe_has_one_target(exporter: Exporter, query: str) -> None:
    status, text = exporter.get(f"/probe{query}")
    assert (status, text) == (400, "a probe needs exactly one target: /probe?target=HOST:PORT\n")


def test_a_name_that_cannot_be_resolved_is_a_bad_gateway(exporter: Exporter) -> None:
    status, text = exporter.get("/probe?target=nowhere.invalid")
    assert status == 502
    assert text.startswith("cannot resolve nowhere.invalid: ")


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("192.0.2.1", "192.0.2.1", COMMAND_PORT),
        ("192.0.2.1:11323", "192.0.2.1", 11323),
        ("::1", "::1", COMMAND_PORT),
        ("[::1]", "::1", COMMAND_PORT),
        ("[2001:db8::1]:11323", "2001:db8::1", 11323),
        ("ntp1.example.org", "ntp1.example.org", COMMAND_PORT),
        ("ntp_1:65535", "ntp_1", 65535),
    ],
)
def test_a_target_has_a_host_and_a_port(target: str, host: str, port: int) -> None:
    assert parse(target) == (host, port)


def answers(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Replace the resolver by one that gives the next of these lists at each question; returns the questions."""
    asked: list[str] = []
    left = list(answers)

    def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that would mean another address the next time is not resolved a second time."""
    asked = answers(monkeypatch, ["127.0.0.5"], ["192.0.2.1"])
    assert resolve("rebinding.example:323", LOOPBACK) == ["127.0.0.5:323"]
    assert asked == ["rebinding.example"]


def test_only_an_allowed_address_of_a_name_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ["2001:db8::1", "fe80::1%lo", "192.0.2.1", "127.0.0.5"])
    assert resolve("many.example", LOOPBACK) == ["127.0.0.5:323"]


def test_a_name_is_refused_with_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ["192.0.2.1", "2001:db8::1"])
    with pytest.raises(
        Refusal, match=r"some.example \(192.0.2.1, 2001:db8::1\) is not in a network"
    ):
        resolve("some.example", LOOPBACK)


def test_the_next_address_of_a_target_is_asked_if_one_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Responder() as answering, Responder(silent, address=f"127.0.0.2:{answering.port}"):
        answers(monkeypatch, ["127.0.0.2", "127.0.0.1"])
        addresses = resolve(f"two.example:{answering.port}", LOOPBACK)
        target = Target(lambda _: addresses, time.monotonic() + 4)
        assert target("get_tracking").stratum == 3
        assert list(target.addresses) == [answering.address]
        assert target("get_activity").online == 3


def test_the_error_has_what_happened_at_each_address_of_a_target() -> None:
    with Responder(silent) as responder:
        addresses = ["127.0.0.1:9", responder.address]
        target = Target(lambda _: addresses, time.monotonic() + 0.1)
        with pytest.raises(pychrony.ChronyTimeoutError) as caught:
            target("get_tracking")
    assert all(address in str(caught.value) for address in addresses)
