"""Paths of a known, different delay in each direction, between a server of NTP and its clients on the loopback interface."""

from __future__ import annotations

import heapq
import select
import socket
import threading
import time
from types import TracebackType
from typing import final

Address = tuple[str, int]


@final
class Path:
    """Passes datagrams on from a loopback address of its own to a server there, each way after a delay in seconds.

    A thread does it, so that a datagram may be later than that, but never earlier.
    """

    def __init__(self, address: str, server_port: int, *, there: float, back: float) -> None:
        self._there, self._back = there, back
        self._server = ("127.0.0.1", server_port)
        self._outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._outer.bind((address, 0))
        self._inner: dict[Address, socket.socket] = {}
        self._waiting: list[tuple[float, int, socket.socket, bytes, Address]] = []
        self._count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.address: str = address
        self.port: int = self._outer.getsockname()[1]

    @property
    def source(self) -> str:
        """The line of a chronyd's configuration that follows the server by this path."""
        return f"server {self.address} port {self.port} minpoll 0 maxpoll 0 iburst"

    def __enter__(self) -> Path:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        for each in (self._outer, *self._inner.values()):
            each.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] <= now:
                _, _, out, data, to = heapq.heappop(self._waiting)
                out.sendto(data, to)
            pause = min(0.1, self._waiting[0][0] - now) if self._waiting else 0.1
            ready, _, _ = select.select([self._outer, *self._inner.values()], [], [], max(0, pause))
            for one in ready:
                self._receive(one)

    def _receive(self, one: socket.socket) -> None:
        data, sender = one.recvfrom(2048)
        if one is self._outer:
            if sender not in self._inner:
                self._inner[sender] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._later(self._there, self._inner[sender], data, self._server)
        else:
            (client,) = (client for client, each in self._inner.items() if each is one)
            self._later(self._back, self._outer, data, client)

    def _later(self, delay: float, out: socket.socket, data: bytes, to: Address) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (time.monotonic() + delay, self._count, out, data, to))
