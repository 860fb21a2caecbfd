"""pychrony.health on real chronyds in every state, asked and awaited."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest
from support import child, command, namespace
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.shm import ShmClock
from support.waiting import wait_for

from pychrony import aio, health
from pychrony.health import Level, Limits, Verdict

# On a busy machine, a private daemon's measurements may be off by much.
WIDE = Limits(max_error=20.0, warn_error=10.0)


async def awaited(limits: Limits, address: str, timeout: float) -> Verdict:
    return await aio.check_health(limits, address, timeout=timeout)


def check(address: str, limits: Limits = WIDE, timeout: float = 3.0) -> Verdict:
    """The verdict; the awaited one must be the same in what does not change from one request to the next."""
    verdict = health.check(limits, address, timeout=timeout)
    other = asyncio.run(awaited(limits, address, timeout))
    assert codes(verdict) == codes(other)
    assert verdict.level == other.level
    return verdict


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


@pytest.mark.parametrize("kind", ["client", "client6"])
def test_a_synchronised_clock_is_good_over_each_transport(
    kind: str, request: pytest.FixtureRequest
) -> None:
    daemon: Chronyd = request.getfixturevalue(kind)
    for address in (daemon.socket, daemon.udp, daemon.udp6):
        verdict = check(address)
        assert (codes(verdict), verdict.ok, verdict.usable) == ([], True, 1)
        assert verdict.error_bound is not None and 0 < verdict.error_bound < 10
        assert verdict.age is not None and 0 <= verdict.age < 60
        assert verdict.selected is not None
        selected = Limits(max_error=20, warn_error=10, source=verdict.selected.address)
        assert check(address, selected).ok


def test_a_reference_clock_far_ahead_is_in_the_bound(refclock: Chronyd) -> None:
    verdict = check(refclock.socket)
    assert verdict.ok
    assert verdict.error_bound is not None and verdict.error_bound > 0.25
    assert codes(check(refclock.socket, Limits())) == ["error-bound"]


def test_an_unsynchronised_chronyd_is_critical(unsynchronised: Chronyd) -> None:
    verdict = check(unsynchronised.socket)
    assert str(verdict) == "CRITICAL: not synchronised; chronyd has no sources"


def test_a_local_reference_is_a_finding(server: Chronyd) -> None:
    assert codes(check(server.socket)) == ["local-reference"]


def test_a_stopped_chronyd_is_a_timeout(stopped: Chronyd) -> None:
    verdict = check(stopped.socket, timeout=0.2)
    assert (codes(verdict), verdict.level) == (["timeout"], Level.CRITICAL)


def test_an_absent_chronyd_is_unreachable() -> None:
    assert codes(check("/tmp/no-such-directory/chronyd.sock")) == ["unreachable"]
    assert codes(check("127.0.0.1:9")) == ["unreachable"]


def test_a_chronyd_that_refuses_access_is_unknown() -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        done = command.run_as_stranger(daemon.directory, "check", "--json", "-a", daemon.socket)
        daemon.directory.chmod(0o750)
    verdict = json.loads(done.stdout)
    assert (verdict["level"], verdict["ok"]) == ("UNKNOWN", False)
    assert [finding["code"] for finding in verdict["findings"]] == ["forbidden"]


def test_falsetickers_beside_a_good_majority_are_a_note() -> None:
    with ShmClock() as one, ShmClock() as two, ShmClock(ahead=2.0) as wrong:
        lines = [*one.refclock, *two.refclock]
        lines += [line.replace("refid GPS", "refid BAD") for line in wrong.refclock]
        with Chronyd(lines) as daemon:
            daemon.wait_synchronised()
            wait_for("the wrong clock is found out", lambda: "#x BAD" in daemon.chronyc("sources"))
            verdict = check(daemon.socket)
    assert (codes(verdict), verdict.level, verdict.usable) == (["falsetickers"], Level.OK, 2)
    assert verdict.findings[0].words == "1 falseticker: BAD"


def test_lost_sources_are_a_warning_and_critical_by_the_limits() -> None:
    with ShmClock() as clock, Chronyd(clock.refclock) as daemon:
        daemon.wait_synchronised()
        clock.stop()
        wait_for("the clock is given up", lambda: "#*" not in daemon.chronyc("sources"))
        verdict = check(daemon.socket)
        assert (codes(verdict), verdict.ok) == (["no-selected-source", "few-sources"], True)
        assert (verdict.error_bound, verdict.selected) == (None, None)
        old = check(daemon.socket, Limits(max_error=20, warn_error=10, max_age=0))
        assert (codes(old)[0], old.ok) == ("old-measurement", False)
        small = check(daemon.socket, Limits(max_error=0, warn_error=0))
        assert (codes(small)[0], small.ok) == ("error-estimate", False)
        clock_is_wanted = check(daemon.socket, Limits(max_error=20, warn_error=10, source="GPS"))
        assert (codes(clock_is_wanted)[0], clock_is_wanted.ok) == ("wrong-source", False)


def test_a_noselect_server_is_not_a_source(server: Chronyd) -> None:
    with Chronyd(client_of("127.0.0.1", server.ntp_port, "noselect")) as daemon:
        wait_for("it answers", lambda: " 377 " in daemon.chronyc("sources"))
        verdict = check(daemon.socket)
    assert str(verdict) == "CRITICAL: not synchronised; 0 of 1 sources usable"


LEFT_BEHIND = """
import argparse, importlib, locale, os, pkgutil, signal, sys
import pychrony.command
from pychrony.__main__ import main
for module in pkgutil.iter_modules(pychrony.command.__path__):
    # Another user may not be able to read the modules' files.
    importlib.import_module(f"pychrony.command.{module.name}")
os.mkdir("/run/chrony", 0o750)
os.chown("/run/chrony", 101, 101)
os.setgroups([])
os.setgid(65432)
os.setuid(65432)
os.dup2(1, 2)
print(main(["check"]), flush=True)
print(main(["wait", "--for", "0.2"]), flush=True)
"""


@pytest.mark.skipif("__import__('os').geteuid() != 0", reason="only root can become two users")
def test_the_directory_of_a_dead_chronyd_is_not_taken_for_a_running_one() -> None:
    done = child.execute([*namespace.prefix(), sys.executable, "-c", LEFT_BEHIND])
    assert "Traceback" not in done.stdout, done.stdout
    check_line, status, wait_line, waited = done.stdout.splitlines()
    assert check_line.startswith("CLOCK CRITICAL: cannot reach chronyd.")
    assert "Permission denied" in check_line
    assert (status, waited) == ("2", "1")
    assert wait_line.startswith(
        "pychrony: gave up after 200 ms: no response yet: cannot reach chronyd."
    )
