"""Two daemons whose addresses cannot be confused, and threads that ask both at the same time.

libchrony writes every address to one static buffer, whichever session it belongs to. One daemon has 32 IPv4 sources and the
other 32 IPv6 sources, so that an address of the other one is seen at once.

Run as `families.py FAMILY`, it is a synthetic chronyd on UDP, which prints its address and serves until its input ends: real
ones do not give the reports by address on the command port before chronyd 4.7.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support import child, chronyc
from support.chronyd import Chronyd, client_of
from support.responder import Responder, sample
from support.waiting import DEADLINE

NUMBER = 32
# A real daemon is synchronised to the first of them.
SOURCES = {
    "IPv4": ["127.0.0.1", *(f"192.0.2.{number}" for number in range(2, NUMBER + 1))],
    "IPv6": ["::1", *(f"2001:db8::{number:x}" for number in range(2, NUMBER + 1))],
}


@dataclass(frozen=True)
class Daemon:
    """A daemon: where it is reached, and the addresses of its sources."""

    address: str
    sources: list[str]


@contextlib.contextmanager
def real(server: Chronyd) -> Iterator[list[Daemon]]:
    """chronyds that follow the server, reached by their Unix sockets."""
    with contextlib.ExitStack() as stack:
        daemons = []
        for selected, *others in SOURCES.values():
            lines = client_of(selected, server.ntp_port)
            lines += [f"server {address} minpoll 10 maxpoll 10 offline" for address in others]
            daemon = stack.enter_context(Chronyd(lines))
            daemon.wait_synchronised()
            daemons.append(Daemon(daemon.socket, [selected, *others]))
        yield daemons


def serve(family: str) -> None:
    sources = SOURCES[family]
    reports = {name: [sample(name, address=each) for each in sources] for name in LISTS}
    reports["tracking"] = [sample("tracking", address=sources[0])]
    reports["authdata"] = [sample("authdata")] * NUMBER
    reports["ntpdata"] = [sample("ntpdata", remote_address=each) for each in sources]
    with Responder(reports=reports) as responder:
        print(responder.address, flush=True)
        sys.stdin.read()


@contextlib.contextmanager
def synthetic(deadline: float) -> Iterator[list[Daemon]]:
    """Synthetic chronyds, reached by UDP, each a process of its own that runs for so many seconds at most."""
    with contextlib.ExitStack() as stack:
        daemons = []
        for family, sources in SOURCES.items():
            command = [sys.executable, __file__, family]
            pipe = subprocess.PIPE
            process = child.Process(command, deadline=deadline, stdin=pipe, stdout=pipe)
            stack.callback(process.finish)
            assert process.stdout is not None
            daemons.append(Daemon(process.stdout.readline().strip(), sources))
        yield daemons


LISTS = ["sources", "sourcestats", "selectdata"]

# What is asked on a connection, and the addresses in the answer.
READERS: dict[str, Callable[[Any], list[Any]]] = {
    "get_tracking": lambda it: [it.get_tracking().reference_ip],
    "get_sources": lambda it: [each.address for each in it.get_sources()],
    "get_source_stats": lambda it: [each.address for each in it.get_source_stats()],
    "get_select_data": lambda it: [each.address for each in it.get_select_data()],
    "get_auth_data": lambda it: [each.address for each in it.get_auth_data()],
    "get_ntp_data": lambda it: [
        address
        for each in it.get_ntp_data()
        for address in {each.address, each.remote_address or each.address}
    ],
    "get_report('ntpdata')": lambda it: [
        each["remote address"] for each in it.get_report("ntpdata")
    ],
}
PAIRS = list(itertools.combinations_with_replacement(READERS, 2))


@dataclass
class Outcome:
    """How many answers came, and what was wrong with some of them."""

    answers: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        shown = "".join(f"\n  {each}" for each in self.wrong[:5])
        return f"{len(self.wrong)} wrong of {self.answers} answers{shown}"


def ask_at_once(
    daemons: Sequence[Daemon], names: Sequence[str], enough: Callable[[int], bool]
) -> Outcome:
    """Ask each of the daemons for each of these reports, in threads with connections of their own.

    Each thread goes on until `enough`, which is given the number of its calls so far, returns True.
    """
    import pychrony  # a process that only serves does not need it

    outcome = Outcome()
    lock = threading.Lock()
    start = threading.Barrier(len(daemons) * len(names))

    def ask(daemon: Daemon, name: str) -> None:
        expected = daemon.sources[:1] if name == "get_tracking" else daemon.sources
        asked = 0
        wrong = []
        with pychrony.ChronyConnection(daemon.address, timeout=DEADLINE) as connection:
            start.wait(DEADLINE)
            while not enough(asked):
                asked += 1
                try:
                    found = READERS[name](connection)
                except Exception as error:
                    wrong.append(f"{name} of {daemon.address}: {error!r}")
                    continue
                # Before 4.3 chronyd has no remote address of a source that never answered.
                if chronyc.version() < (4, 3) and len(found) == len(expected):
                    found = [own if it is None else it for it, own in zip(found, expected)]
                if found != expected:
                    strange = sorted(set(map(str, found)) - set(expected)) or found
                    wrong.append(f"{name} of {daemon.address}: {len(found)} records, {strange}")
        with lock:
            outcome.answers += asked
            outcome.wrong += wrong

    threads = [
        threading.Thread(target=ask, args=(daemon, name), daemon=True)
        for daemon in daemons
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10 * DEADLINE)
        assert not thread.is_alive(), "a call hangs"
    return outcome


if __name__ == "__main__":
    serve(sys.argv[1])
