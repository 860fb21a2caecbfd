"""The HTTP server: its sockets, HTTPS, its limits, and how the exporter starts and ends.

It is the standard library's WSGI server with a thread for each connection, as prometheus-client's is. What is added: the
number of connections is limited, so that descriptors and memory suffice; the next ones wait in the sockets' queues. A client
has a limited time for its request.
"""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from ..command import DONE, USAGE, complain
from .application import ARRIVED, Application, read_accounts
from .metrics import Report
from .scrapes import Scrapes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

# The first file descriptor that systemd passes: sd_listen_fds(3).
FIRST_PASSED = 3

# Connections at a time, if the limit of descriptors allows: each needs two, and some are needed besides.
CONNECTIONS = 1024
DESCRIPTORS_EACH = 2
DESCRIPTORS_BESIDES = 64

# Seconds that a client has for its whole request, and for taking the response.
REQUEST_TIMEOUT = 10.0

# Seconds to wait before a connection is accepted after there was no descriptor for it.
EXHAUSTED_PAUSE = 0.1
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# Seconds. Each thread that waits for the interpreter's lock wakes up at this interval to ask for it: at Python's default of
# 5 ms, a thousand probes at once take five times as long (bench/probe.py).
SWITCH_INTERVAL = 0.05


class Request(io.RawIOBase):
    """What a client sends, until a deadline for all of it (by time.monotonic())."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class Handler(WSGIRequestHandler):
    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        deadline = time.monotonic() + REQUEST_TIMEOUT
        self.rfile = io.BufferedReader(Request(self.connection, deadline))

    def get_environ(self) -> WSGIEnvironment:
        # The request has been read.
        self.connection.settimeout(REQUEST_TIMEOUT)
        environ = super().get_environ()
        environ[ARRIVED] = time.monotonic() - seconds_since_data(self.connection)
        return environ

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not logged."""


def seconds_since_data(connection: socket.socket) -> float:
    """Seconds since data last arrived: tcpi_last_data_recv in Linux's struct tcp_info (linux/tcp.h).

    For a request just read, this is how long it waited until its thread could run: seconds, if a thousand come at once.
    """
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 56)
    milliseconds: int = struct.unpack_from("=I", info, 52)[0]
    return milliseconds / 1000


class Server(ThreadingMixIn, WSGIServer):
    """Serves each connection in a thread, on a socket that listens already.

    context: for HTTPS; None: plain HTTP. It may be replaced at any time, and holds for new connections.
    free: a semaphore that counts how many more connections there may be; servers share it.
    """

    daemon_threads = True

    def __init__(
        self,
        listening: socket.socket,
        application: WSGIApplication,
        free: threading.Semaphore,
        context: ssl.SSLContext | None = None,
    ) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__((host, port), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = host, port
        self.setup_environ()
        self.set_app(application)
        self.free = free
        self.context = context

    def get_request(self) -> Any:
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in EXHAUSTED:
                # The connection stays in the queue, and would be there again at once.
                time.sleep(EXHAUSTED_PAUSE)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        self.free.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        # The handshake is part of the request's time: Request.readinto() makes it.
        encrypted = self.context.wrap_socket(
            request, server_side=True, do_handshake_on_connect=False
        )
        try:
            super().finish_request(encrypted, client_address)
        finally:
            self.shutdown_request(encrypted)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not report a client that went away, was too slow or did not speak TLS."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def url(self) -> str:
        host = str(self.server_name)
        if ":" in host:
            scope = self.socket.getsockname()[3]
            host = f"[{host}%{socket.if_indextoname(scope)}]" if scope else f"[{host}]"
        return f"{'https' if self.context else 'http'}://{host}:{self.server_port}/metrics"


def connections() -> int:
    """How many there may be at a time."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(CONNECTIONS, (descriptors - DESCRIPTORS_BESIDES) // DESCRIPTORS_EACH))


def sockets(addresses: Sequence[str]) -> list[socket.socket]:
    """The sockets that systemd passes, else new ones. ValueError, OSError: one cannot be listened on."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        number = os.environ.get("LISTEN_FDS", "")
        if not number.isdigit():
            raise ValueError(f"LISTEN_FDS is {number!r}, which is not a number of sockets")
        if int(number):
            return [passed(FIRST_PASSED + each) for each in range(int(number))]
    return [listen(address) for address in addresses]


def passed(descriptor: int) -> socket.socket:
    """A socket that systemd passes. Prometheus speaks HTTP over TCP only."""
    try:
        os.set_inheritable(descriptor, False)
        given = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ValueError(f"file descriptor {descriptor} from systemd: {error.strerror}") from error
    if (
        given.family not in (socket.AF_INET, socket.AF_INET6)
        or given.type != socket.SOCK_STREAM
        or not given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    ):
        raise ValueError(
            f"file descriptor {descriptor} from systemd is not a listening TCP socket: "
            "the socket unit needs ListenStream= with a port, and Accept=no"
        )
    return given


def listen(address: str) -> socket.socket:
    """A socket that listens on HOST:PORT, or with :PORT on all addresses. ValueError: it cannot be made.

    Its queue is long, because many scrapes may come at the same time.
    """
    try:
        parts = urlsplit(f"//{address}")
        port = parts.port
    except ValueError:
        port = None
    if port is None or parts.netloc != address or parts.username is not None:
        raise ValueError(f"cannot listen on {address!r}: it is not HOST:PORT, [IPV6]:PORT or :PORT")
    try:
        if parts.hostname:
            family, *_, where = socket.getaddrinfo(
                parts.hostname, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            return socket.create_server(where, family=family, backlog=1024)
        if socket.has_dualstack_ipv6():
            every = ("::", port)
            return socket.create_server(
                every, family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True
            )
        return socket.create_server(("", port), backlog=1024)
    except OSError as error:
        raise ValueError(f"cannot listen on {address!r}: {error.strerror}") from error


def tls(options: Namespace) -> ssl.SSLContext | None:
    """The context for HTTPS; None for plain HTTP. ValueError names the files if they cannot be used."""
    if options.certfile is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # With a password, even a wrong one, OpenSSL does not ask for that of an encrypted key on the terminal.
        context.load_cert_chain(options.certfile, options.keyfile, password="")
        if options.client_cafile is not None:
            context.load_verify_locations(options.client_cafile)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        files = filter(None, (options.certfile, options.keyfile, options.client_cafile))
        raise ValueError(f"cannot serve HTTPS with {', '.join(files)}: {error}") from error
    return context


def accounts(options: Namespace) -> list[bytes]:
    path = options.basic_auth_file
    return [] if path is None else read_accounts(path)


def say(message: str) -> None:
    with suppress(OSError):  # a terminal that was closed
        complain(f"pychrony exporter: {message}")


def run(options: Namespace, addresses: Sequence[str], reports: Sequence[Report]) -> int:
    """Serve until SIGTERM or SIGINT; read certificates and accounts again at SIGHUP."""
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    # The threads inherit this mask, so that the signals stay pending for sigwait() below.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        scrapes = Scrapes(
            options.address,
            options.timeout,
            reports,
            lambda report, error: say(f"{report}: {error}"),
            options.family,
        )
        application = Application(scrapes, options.allow, accounts(options))
        context = tls(options)
        listening = sockets(addresses)
    except (OSError, ValueError) as error:
        say(str(error))
        return USAGE
    sys.setswitchinterval(SWITCH_INTERVAL)
    free = threading.Semaphore(connections())
    servers = [Server(each, application, free, context) for each in listening]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say(f"serving {server.url()}")
    while signal.sigwait(signals) == signal.SIGHUP:
        try:
            application.accounts, context = accounts(options), tls(options)
        except (OSError, ValueError) as error:
            say(f"kept the previous configuration: {error}")
            continue
        for server in servers:
            server.context = context
    scrapes.close()
    return DONE
