"""A datagram socket on this machine, and the thread that answers what comes in.

This file imports nothing of the package, because tests load it where the extension itself cannot be loaded.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import tempfile
import threading
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


class Server:
    """Calls `answer` with each datagram and its sender, and sends what that returns.

    transport: "unix" for a Unix socket in a new directory of its own, "udp" for a free port of 127.0.0.1, "udp6" for one
    of [::1]. address: another address of that transport to use instead.
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
        self.directory: str | None = None
        self._process = 0
        self._thread: threading.Thread | None = None

    def open(self) -> socket.socket:
        """Open the socket alone, without the thread."""
        self._process = os.getpid()
        if self.transport == "unix":
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            if self._given:
                self.socket.bind(self._given)
            else:
                self.directory = _bind_in_new_directory(self.socket)
                self.address = f"{self.directory}/{SOCKET}"
        else:
            default = "[::1]:0" if self.transport == "udp6" else "127.0.0.1:0"
            host, _, port = (self._given or default).rpartition(":")
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
        except BaseException:
            self.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="fake chronyd", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, close the socket and remove its directory.

        In a child of fork(), which has copies of the descriptors but not the thread, only those copies are closed.
        """
        if self._thread is not None:
            if self._process == os.getpid():
                self._wake.send(b"x")
                self._thread.join()
            self._wake.close()
            self._woken.close()
            self._thread = None
        self.close()

    def close(self) -> None:
        """Close the socket, if it is open, and remove its directory with everything that clients may have left there."""
        if hasattr(self, "socket"):
            self.socket.close()
        if self.directory is not None and self._process == os.getpid():
            shutil.rmtree(self.directory, ignore_errors=True)

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
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            if self._woken.fileno() in (descriptor for descriptor, _ in poll.poll()):
                return
            datagram, peer = self.socket.recvfrom(4096)
            for each in self.answer(datagram, peer):
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
