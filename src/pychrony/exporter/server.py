"""Serves the metrics: /metrics of one chronyd, /probe of any that is allowed."""

from __future__ import annotations

import base64
import hmac
import os
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

from .collector import BuildInfo, ChronyCollector, chronyd_at
from .probe import Network, Refusal, Target, resolve, time_for
from .tables import Report

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The first file descriptor that systemd passes: sd_listen_fds(3).
FIRST_PASSED = 3

# The key in a request's environ of the time at which it arrived, by time.monotonic().
ARRIVED = "pychrony.arrived"

# Seconds. Each thread that waits for the interpreter's lock wakes up at this interval to ask for it: at Python's default of
# 5 ms, a thousand probes at once take five times as long (bench/probe.py).
SWITCH_INTERVAL = 0.05

INDEX = "pychrony's exporter of chronyd's reports\n\n/metrics\n/probe?target=HOST:PORT\n"


class Application:
    """The WSGI application: what is served at which path, and to whom."""

    def __init__(
        self,
        registry: CollectorRegistry,
        reports: Sequence[Report],
        allowed: Sequence[Network],
        accounts: Sequence[bytes],
    ) -> None:
        self.metrics: WSGIApplication = make_wsgi_app(registry)
        self.reports = reports
        self.allowed = allowed
        self.accounts = accounts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            if not self.admits(environ.get("HTTP_AUTHORIZATION", "")):
                raise Refusal("401 Unauthorized", "a user name and a password are needed")
            path = environ.get("PATH_INFO", "")
            if path == "/metrics":
                return self.metrics(environ, start_response)
            if path == "/probe":
                return self.probe(environ)(environ, start_response)
            if path != "/":
                raise Refusal("404 Not Found", "there are /metrics and /probe")
            status, text = "200 OK", INDEX
        except Refusal as refusal:
            status, text = refusal.status, f"{refusal.reason}\n"
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        if status.startswith("401"):
            headers.append(("WWW-Authenticate", 'Basic realm="pychrony", charset="UTF-8"'))
        start_response(status, headers)
        return [text.encode()]

    def admits(self, authorization: str) -> bool:
        """Whether the Authorization header of a request names an account; True for everybody if there are no accounts."""
        scheme, _, credentials = authorization.partition(" ")
        try:
            given = base64.b64decode(credentials) if scheme.lower() == "basic" else b""
        except ValueError:
            given = b""
        # All are compared, each in constant time, so that the time reveals nothing about a password.
        matches = [hmac.compare_digest(given, account) for account in self.accounts]
        return any(matches) or not matches

    def probe(self, environ: WSGIEnvironment) -> WSGIApplication:
        """The application that answers with the metrics of the target that the request names."""
        timeout = time_for(environ.get("HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"))
        deadline = environ[ARRIVED] + timeout
        targets = parse_qs(environ.get("QUERY_STRING", "")).get("target", [])
        if len(targets) != 1:
            raise Refusal("400 Bad Request", "a probe has one target: /probe?target=HOST:PORT")
        registry = CollectorRegistry()
        target = Target(resolve(targets[0], self.allowed), deadline)
        registry.register(ChronyCollector(target, self.reports))
        return make_wsgi_app(registry)


class Handler(WSGIRequestHandler):
    # A client that sends no request in this time, in seconds, loses its connection.
    timeout = 30

    def get_environ(self) -> WSGIEnvironment:
        environ = super().get_environ()
        environ[ARRIVED] = time.monotonic() - silence(self.connection)
        return environ

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not logged."""


def silence(connection: socket.socket) -> float:
    """Seconds since data last arrived: tcpi_last_data_recv in Linux's struct tcp_info (linux/tcp.h).

    For a request just read, this is how long it waited until its thread could run: seconds, if a thousand come at once.
    """
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 56)
    milliseconds: int = struct.unpack_from("=I", info, 52)[0]
    return milliseconds / 1000


class Server(ThreadingMixIn, WSGIServer):
    """Serves each request in a thread of its own, on a socket that listens already."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, application: WSGIApplication) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__((host, port), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = host, port
        self.setup_environ()
        self.set_app(application)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not report a client that went away, was too slow or did not speak TLS."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def sockets(addresses: Sequence[str]) -> list[socket.socket]:
    """The sockets that systemd passes, else new ones. ValueError, OSError: an address that cannot be listened on."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        passed = range(FIRST_PASSED, FIRST_PASSED + int(os.environ.get("LISTEN_FDS", "0")))
        for number in passed:
            os.set_inheritable(number, False)
        return [socket.socket(fileno=number) for number in passed]
    return [listen(address) for address in addresses]


def listen(address: str) -> socket.socket:
    """A socket that listens on HOST:PORT, or with :PORT on all addresses. Its queue is long: many scrapes may coincide."""
    parts = urlsplit(f"//{address}")
    if parts.port is None or parts.netloc != address:
        raise ValueError(f"cannot listen on {address!r}: it is not HOST:PORT, [IPV6]:PORT or :PORT")
    if parts.hostname:
        family, *_, where = socket.getaddrinfo(
            parts.hostname, parts.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(where[:2], family=family, backlog=1024)
    if socket.has_dualstack_ipv6():
        every = ("::", parts.port)
        return socket.create_server(
            every, family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True
        )
    return socket.create_server(("", parts.port), backlog=1024)


def tls(certfile: str, keyfile: str | None, client_cafile: str | None) -> ssl.SSLContext:
    """The context for HTTPS. ValueError names the files if they cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certfile, keyfile)
        if client_cafile:
            context.load_verify_locations(client_cafile)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        files = ", ".join(filter(None, (certfile, keyfile, client_cafile)))
        raise ValueError(f"cannot serve HTTPS with {files}: {error}") from error
    return context


def read_accounts(path: str) -> list[bytes]:
    """The USER:PASSWORD lines of a file. ValueError: there are none, or one is not of that form."""
    lines = [line for line in Path(path).read_bytes().splitlines() if line]
    if not lines or not all(b":" in line for line in lines):
        raise ValueError(f"{path}: expected lines USER:PASSWORD")
    return lines


def complain(message: str) -> None:
    print(f"pychrony exporter: {message}", file=sys.stderr, flush=True)


def run(options: Namespace, addresses: Sequence[str], reports: Sequence[Report]) -> int:
    """Serve until SIGTERM or SIGINT. 0: ended by one of them; 2: could not start."""
    try:
        ask = chronyd_at(options.address, options.timeout)
        accounts = read_accounts(options.basic_auth_file) if options.basic_auth_file else []
        context = (
            tls(options.certfile, options.keyfile, options.client_cafile)
            if options.certfile
            else None
        )
        listening = sockets(addresses)
    except (OSError, ValueError) as error:
        complain(str(error))
        return 2
    registry = CollectorRegistry()
    registry.register(ChronyCollector(ask, reports, complain))
    registry.register(BuildInfo())
    ProcessCollector(registry=registry)
    application = Application(registry, reports, options.allow, accounts)
    sys.setswitchinterval(SWITCH_INTERVAL)
    # The threads inherit this mask, so that the signals stay pending for sigwait() below.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    for each in listening:
        if context is not None:
            # The handshake is left to the request's thread: done here, it would let one slow client hold up all others.
            each = context.wrap_socket(each, server_side=True, do_handshake_on_connect=False)
        server = Server(each, application)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"[{server.server_name}]" if ":" in server.server_name else server.server_name
        complain(f"serving {'https' if context else 'http'}://{host}:{server.server_port}/metrics")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    ask.close()
    return 0
