"""The examples run as they stand."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from support import child
from support.chronyd import Chronyd

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def health(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, str(EXAMPLES / "clock_health.py"), *arguments]
    ended = child.execute(command, stderr=subprocess.PIPE)
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def test_a_synchronised_clock_is_healthy(client: Chronyd) -> None:
    status, said = health("1.0", client.socket)
    assert status == 0
    assert said.startswith("yes: at most 0.")
    assert said.endswith("by 127.0.0.1\n")


def test_a_clock_may_be_worse_than_asked_for(client: Chronyd) -> None:
    status, said = health("0", client.socket)
    assert (status, said[:3]) == (1, "no:")


def test_an_unsynchronised_clock_is_not_healthy(unsynchronised: Chronyd) -> None:
    assert health("1.0", unsynchronised.socket) == (1, "no: the clock is not synchronised\n")


def test_without_chronyd_nobody_can_say() -> None:
    status, said = health("1.0", "127.0.0.1:9")
    assert status == 2
    assert said.startswith("unknown: cannot reach chronyd")


@pytest.fixture
def exporter() -> ModuleType:
    return load("prometheus_exporter")


def scrape(exporter: ModuleType, address: str) -> str:
    registry = CollectorRegistry()
    clock = exporter.Clock(address)
    registry.register(clock)
    try:
        return generate_latest(registry).decode()
    finally:
        clock.connection.close()


def test_the_exporter_exports_the_clock(exporter: ModuleType, client: Chronyd) -> None:
    text = scrape(exporter, client.socket)
    assert "\nchrony_up 1.0\n" in text
    for name in exporter.METRICS.values():
        assert f"\n{name} " in text


def test_the_exporter_says_when_chronyd_is_down(exporter: ModuleType) -> None:
    text = scrape(exporter, "127.0.0.1:9")
    assert "\nchrony_up 0.0\n" in text
    assert "chrony_stratum" not in text
