"""More chronyds that the command is tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.command import LONG_ADDRESS
from support.shm import ShmClock
from support.waiting import wait_for


@pytest.fixture(scope="session")
def many(server: Chronyd) -> Iterator[Chronyd]:
    """Has sources in many states: selected, reference clock, noselect, a falseticker, some that never answer."""
    with ShmClock() as clock, ShmClock(ahead=5.0) as wrong:
        lines = [
            *client_of("127.0.0.1", server.ntp_port),
            *client_of("::1", server.ntp_port, "noselect"),
            *clock.refclock,
            *[line.replace("refid GPS", "refid BAD") for line in wrong.refclock],
            "server 192.0.2.1 minpoll 3 maxpoll 3 offline",
            f"server {LONG_ADDRESS} minpoll 3 maxpoll 3 offline",
            "server nosuch.invalid",
        ]
        with Chronyd(lines) as daemon:
            daemon.wait_synchronised()
            wait_for("the wrong clock is found out", lambda: "#x" in daemon.chronyc("sources"))
            yield daemon


@pytest.fixture
def closed_to_strangers() -> Iterator[Chronyd]:
    """A process that becomes a stranger may close its directory to all; afterwards it is opened again."""
    with Chronyd(LOCAL_SERVER) as daemon:
        yield daemon
        daemon.directory.chmod(0o750)
