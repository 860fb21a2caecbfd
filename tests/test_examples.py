"""The examples run as they stand."""

from __future__ import annotations

import http.client
import importlib.util
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from support.chronyd import Chronyd
from support.responder import Responder, sample

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Health:
    """The health endpoint on a port of its own, asked by HTTP."""

    def __init__(self, max_error: float, address: str) -> None:
        self.example = load("clock_health")
        self.verdict = self.example.Verdict(max_error, address)
        self.server = self.example.server(self.verdict, port=0)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self) -> Health:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def get(self, path: str = "/healthz", method: str = "GET") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.server.server_address)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def verdict_now(self) -> tuple[int, bool, str]:
        status, body = self.get()
        said = json.loads(body)
        return status, said["healthy"], said["reason"]


def test_a_synchronised_clock_is_healthy(client: Chronyd) -> None:
    with Health(1.0, client.socket) as health:
        status, healthy, reason = health.verdict_now()
        assert (status, healthy) == (200, True)
        assert reason.startswith("at most 0.") and reason.endswith(" s wrong, by 127.0.0.1")
        assert health.get(method="HEAD") == (200, b"")


def test_a_clock_may_be_worse_than_asked_for(client: Chronyd) -> None:
    with Health(0.0, client.socket) as health:
        assert health.verdict_now()[:2] == (503, False)


def test_an_unsynchronised_clock_is_not_healthy(unsynchronised: Chronyd) -> None:
    with Health(1.0, unsynchronised.socket) as health:
        assert health.verdict_now() == (503, False, "the clock is not synchronised")


def test_a_clock_that_only_follows_its_local_reference_is_said_to(server: Chronyd) -> None:
    with Health(1.0, server.socket) as health:
        status, healthy, reason = health.verdict_now()
        assert (status, healthy) == (503, False)
        assert reason.startswith("the clock is not synchronised: ") and "local reference" in reason


def test_the_endpoint_does_not_start_with_a_malformed_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["clock_health.py", "--address", "localhost"])
    with pytest.raises(SystemExit) as ended:
        load("clock_health").main()
    assert ended.value.code == 2
    assert 'invalid address "localhost"' in capsys.readouterr().err


def test_without_chronyd_the_endpoint_answers_that_it_is_not_healthy() -> None:
    with Health(1.0, "127.0.0.1:9") as health:
        status, healthy, reason = health.verdict_now()
        assert (status, healthy) == (503, False)
        assert reason.startswith("cannot reach chronyd")


def test_another_path_is_not_found(client: Chronyd) -> None:
    with Health(1.0, client.socket) as health:
        assert health.get("/")[0] == 404


def test_many_requests_ask_chronyd_once_while_the_verdict_is_fresh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Responder() as daemon, Health(1.0, daemon.address) as health:
        monkeypatch.setattr(health.example, "CACHED", 1000.0)
        with ThreadPoolExecutor(8) as threads:
            statuses = {status for status, _ in threads.map(lambda _: health.get(), range(32))}
        assert (statuses, len(daemon.requests)) == ({200}, 1)


def test_a_verdict_that_is_old_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with Responder() as daemon, Health(1.0, daemon.address) as health:
        monkeypatch.setattr(health.example, "CACHED", 0.0)
        health.get()
        daemon.reports["tracking"] = [
            sample("tracking", reference_ID=0, address=None, leap_status=3)
        ]
        assert health.verdict_now() == (503, False, "the clock is not synchronised")
