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

from pychrony import health
from pychrony.testing import FakeChronyd

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
        trusted = health.Cached(health.Limits(max_error=max_error), address, seconds=1000.0)
        self.server = load("clock_health").server(trusted, port=0)
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


def test_the_endpoint_answers_with_the_verdict(client: Chronyd) -> None:
    with Health(20.0, client.socket) as endpoint:
        status, body = endpoint.get()
        verdict = json.loads(body)
        assert (status, verdict["ok"]) == (200, True)
        assert "synchronised to 127.0.0.1" in verdict["summary"]
        assert endpoint.get(method="HEAD") == (200, b"")
        assert endpoint.get("/")[0] == 404


def test_a_clock_that_is_not_trusted_is_503(client: Chronyd, unsynchronised: Chronyd) -> None:
    for address, limit in (
        (client.socket, 0.0),
        (unsynchronised.socket, 1.0),
        ("127.0.0.1:9", 1.0),
    ):
        with Health(limit, address) as endpoint:
            status, body = endpoint.get()
            assert (status, json.loads(body)["ok"]) == (503, False)


def test_the_endpoint_does_not_start_with_a_malformed_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["clock_health.py", "--address", "localhost"])
    with pytest.raises(SystemExit) as ended:
        load("clock_health").main()
    assert ended.value.code == 2
    assert 'invalid address "localhost"' in capsys.readouterr().err


def test_many_requests_ask_chronyd_once_while_the_verdict_is_fresh() -> None:
    with FakeChronyd() as chronyd, Health(1.0, chronyd.address) as endpoint:
        endpoint.get()
        asked = len(chronyd.requests)
        with ThreadPoolExecutor(8) as threads:
            statuses = {status for status, _ in threads.map(lambda _: endpoint.get(), range(32))}
        assert (statuses, len(chronyd.requests)) == ({200}, asked)
