"""A datagram socket on this machine, and the thread that answers what comes in.

This file imports nothing of the package, because tests load it where the extension itself cannot be loaded.
"""

from __future__ import annotations

import contextlib
import heapq
import math
import os
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Union

# None: a Unix socket without a name.
Peer = Union[str, bytes, tuple[Any, ...], None]

TRANSPORTS = ("unix", "udp", "udp6")
SOCKET = "chronyd.sock"
# Where the socket's directory is made if the system's temporary directory is not suitable.
SHORT_PLACE = "/tmp"
# libchrony binds its own socket beside chronyd's. For that, the path of the directory may have at most this many bytes.
LONGEST_DIRECTORY = 62
# What is sent to the thread to wake it.
STOP = b"s"
CHANGED = b"c"


class Server:
    """Calls `answer` with each datagram and its sender, and sends what that returns.

    transport: "unix" for a Unix socket in a new directory of its own, "udp" for a free port of 127.0.0.1, "udp6" for one
    of [::1]. address: another address of that transport to use instead.

    It can be stopped and started again at the same address, and paused: then requests wait in the socket's queue, as
    those to a process that is stopped by SIGSTOP do. `delay` is the number of seconds before each answer is sent.
    """

    def __init__(
        self,
        answer: Callable[[bytes, Peer], Iterable[bytes]],
        *,
        transport: str = "unix",
        address: str | None = None,
    ) -> None:
        if transport not in TRANSPORTS:
            raise ValueError(f"transport is one of {', '.join(TRANSPORTS)}, not {transport!r}")
        self.answer = answer
        self.transport = transport
        # The address in use; before the socket is opened, "" or the address that was given.
        self.address = self._given = address or ""
        self._again = False
        self.directory: str | None = None
        self.delay = 0.0
        # Answers to be sent later: when (a monotonic time), the place among those of the same time, what, and to whom.
        self._late: list[tuple[float, int, bytes, Peer]] = []
        self._received = 0
        self._paused = False
        self._reading = threading.Lock()
        self._process = 0
        self._thread: threading.Thread | None = None

    def open(self) -> socket.socket:
        """Open the socket alone, without the thread."""
        address = self.address if self._again else self._given
        self._process = os.getpid()
        if self.transport == "unix":
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            if address:
                self.socket.bind(address)
            else:
                self.directory = _bind_in_new_directory(self.socket)
                self.address = f"{self.directory}/{SOCKET}"
        else:
            default = "[::1]:0" if self.transport == "udp6" else "127.0.0.1:0"
            host, _, port = (address or default).rpartition(":")
            family = socket.AF_INET6 if "[" in host else socket.AF_INET
            self.socket = socket.socket(family, socket.SOCK_DGRAM)
            self.socket.bind((host.strip("[]"), int(port)))
            self.address = f"{host}:{self.socket.getsockname()[1]}"
        return self.socket

    def start(self) -> None:
        """Open the socket and answer on it, in a thread, until stop()."""
        if self._thread is not None:
            raise RuntimeError(f"already started, at {self.address}")
        try:
            self.open()
            self._wake, self._woken = socket.socketpair()
            thread = threading.Thread(target=self._serve, name="fake chronyd", daemon=True)
            thread.start()
        except BaseException:
            self._close_wake()
            self.close()
            raise
        self._thread = thread

    def stop(self, *, for_good: bool = True) -> None:
        """End the thread, close the socket and remove it, with its directory if it is for good.

        In a child of fork(), which has copies of the descriptors but not the thread, only those copies are closed.
        """
        if self._thread is not None:
            if self._process == os.getpid():
                self._wake.send(STOP)
                self._thread.join()
            self._close_wake()
            self._thread = None
        self._late.clear()
        self._again = not for_good
        self.close(for_good=for_good)

    def _close_wake(self) -> None:
        for name in ("_wake", "_woken"):
            if hasattr(self, name):
                getattr(self, name).close()

    def close(self, *, for_good: bool = True) -> None:
        """Close the socket, if it is open, and remove it; if it is for good, with its directory and all that clients left there."""
        if hasattr(self, "socket"):
            self.socket.close()
        if self.directory is None or self._process != os.getpid():
            return
        if for_good:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.address)

    @property
    def paused(self) -> bool:
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        # A request that is sent after this has returned waits.
        with self._reading:
            self._paused = paused
        if self._thread is not None and self._process == os.getpid():
            self._wake.send(CHANGED)

    def send(self, datagram: bytes, peer: Peer) -> None:
        """Send something to a client, asked or unasked."""
        if not peer:
            # A Unix socket without a name cannot be answered.
            return
        try:
            self.socket.sendto(datagram, peer)
        except OSError:
            # The client has gone. chronyd ignores that too.
            pass

    def client_files(self) -> list[str]:
        """The files of clients in the directory of a Unix socket, beside the socket itself."""
        return sorted(set(os.listdir(self.directory)) - {SOCKET}) if self.directory else []

    def _serve(self) -> None:
        while True:
            poll = select.poll()
            poll.register(self._woken, select.POLLIN)
            if not self._paused:
                poll.register(self.socket, select.POLLIN)
            ready = [descriptor for descriptor, _ in poll.poll(self._send_due())]
            if self._woken.fileno() in ready:
                if STOP in self._woken.recv(4096):
                    return
            elif ready:
                self._receive()

    def _send_due(self) -> int | None:
        """Send the answers whose time has come. Returns the milliseconds up to that of the next one."""
        while self._late and not self._paused:
            left = self._late[0][0] - time.monotonic()
            if left > 0:
                return math.ceil(left * 1000)
            _, _, answer, peer = heapq.heappop(self._late)
            self.send(answer, peer)
        return None

    def _receive(self) -> None:
        with self._reading:
            if self._paused:
                return
            try:
                datagram, peer = self.socket.recvfrom(4096, socket.MSG_DONTWAIT)
            except OSError:
                # The kernel dropped it, or tells of a client that has gone.
                return
        for each in self.answer(datagram, peer):
            if self.delay > 0:
                self._received += 1
                heapq.heappush(
                    self._late, (time.monotonic() + self.delay, self._received, each, peer)
                )
            else:
                self.send(each, peer)


def _places() -> Iterator[str]:
    """Where its directory may be: in the system's temporary directory, unless the path of that is too long; then in /tmp."""
    try:
        place = tempfile.gettempdir()
    except OSError:
        place = SHORT_PLACE
    # mkdtemp() adds eight characters to the prefix.
    if place != SHORT_PLACE and len(os.fsencode(place)) + len("/pc") + 8 <= LONGEST_DIRECTORY:
        yield place
    yield SHORT_PLACE


def _bind_in_new_directory(unbound: socket.socket) -> str:
    """Bind a Unix socket in a new directory, and return that. Some file systems, such as some containers', refuse."""
    for place in _places():
        directory = None
        try:
            directory = tempfile.mkdtemp(prefix="pc", dir=place)
            unbound.bind(f"{directory}/{SOCKET}")
            return directory
        except OSError as error:
            failed = error
            if directory is not None:
                os.rmdir(directory)
    reason = f'{failed.strerror}; a Unix socket needs a directory, transport="udp" needs none'
    raise OSError(failed.errno, reason, failed.filename or place) from failed
