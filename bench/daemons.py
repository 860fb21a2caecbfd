"""The chronyds that are asked: one for each number of sources, all of them following a server of our own on loopback."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from parts import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from support.chronyd import LOCAL_SERVER, Chronyd
from support.waiting import wait_for

if TYPE_CHECKING:
    from typing_extensions import Self


# One server at every address of the loopback network, so that it can be many sources.
MANY_SERVERS = [*LOCAL_SERVER, "bindaddress 0.0.0.0", "binddevice lo", "allow 127.0.0.0/8"]


class Daemons:
    """A context with a chronyd for each of the given numbers of sources, all of which have answered."""

    def __init__(self, sources: Collection[int]) -> None:
        self.sources = sources
        self._daemons: dict[int, Chronyd] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            server = stack.enter_context(Chronyd(MANY_SERVERS, serve=True))
            for count in self.sources:
                # They poll rarely after the first measurements, so that chronyd does nothing but answer us.
                lines = [
                    f"server 127.0.0.{number} port {server.ntp_port} iburst minpoll 6 maxpoll 6"
                    for number in range(1, count + 1)
                ]
                self._daemons[count] = stack.enter_context(Chronyd(lines))
            for daemon in self._daemons.values():
                wait_for("all sources answer", partial(_is_ready, daemon))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def address(self, sources: int, transport: str) -> str:
        daemon = self._daemons[sources]
        return daemon.socket if transport == "unix" else daemon.udp

    def run_on(self, cpu: int) -> None:
        """Keeps them on one CPU."""
        for daemon in self._daemons.values():
            os.sched_setaffinity(daemon.pid, {cpu})


def _is_ready(daemon: Chronyd) -> bool:
    """Whether all its sources have answered, and it follows one of them."""
    return all(int(row["reachability"], 8) for row in daemon.records("sources")) and bool(
        int(daemon.tracking_csv()["reference ID"], 16)
    )
