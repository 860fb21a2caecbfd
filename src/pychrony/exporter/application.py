"""The WSGI application: what is served at which path, and to whom."""

from __future__ import annotations

import base64
import hmac
import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

from . import page
from .collector import BuildInfo, ChronyCollector, Collected
from .probe import Network, Refusal, resolve
from .scrapes import Scrape, Scrapes
from .target import Target

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The key in a request's environ of the time at which it arrived, by time.monotonic().
ARRIVED = "pychrony.arrived"

# Seconds. Prometheus waits this long by default, and the response must arrive before that. It waits longer where a
# configuration says so, but a chronyd that answers at all answers within a minute.
DEFAULT_SCRAPE_TIMEOUT = 10.0
MARGIN = 0.5
LONGEST = 60.0


class Application:
    """accounts: USER:PASSWORD of each who is served; empty: everybody is. It may be replaced at any time."""

    def __init__(
        self, scrapes: Scrapes, allowed: Sequence[Network], accounts: Sequence[bytes]
    ) -> None:
        self.scrapes = scrapes
        self.allowed = allowed
        self.accounts = accounts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            if not self.admits(environ.get("HTTP_AUTHORIZATION", "")):
                raise Refusal("401 Unauthorized", "a user name and a password are required")
            path = environ.get("PATH_INFO", "")
            if path == "/metrics":
                return self.metrics(environ)(environ, start_response)
            if path == "/probe":
                return self.probe(environ)(environ, start_response)
            if path != "/":
                raise Refusal("404 Not Found", "not found; try /metrics or /probe")
            text = page.render(self.scrape(environ))
        except Refusal as refusal:
            return refuse(refusal, start_response)
        start_response("200 OK", list(page.HEADERS))
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

    def scrape(self, environ: WSGIEnvironment) -> Scrape:
        try:
            return self.scrapes(deadline_of(environ))
        except TimeoutError as error:
            raise Refusal("503 Service Unavailable", str(error)) from error

    def metrics(self, environ: WSGIEnvironment) -> WSGIApplication:
        """The application that answers with the metrics of the exporter's own chronyd."""
        registry = CollectorRegistry()
        registry.register(Collected(self.scrape(environ).metrics))
        registry.register(BuildInfo())
        ProcessCollector(registry=registry)
        return make_wsgi_app(registry)

    def probe(self, environ: WSGIEnvironment) -> WSGIApplication:
        """The application that answers with the metrics of the target that the request names."""
        deadline = deadline_of(environ)
        targets = parse_qs(environ.get("QUERY_STRING", "")).get("target", [])
        if len(targets) != 1:
            raise Refusal(
                "400 Bad Request", "a probe needs exactly one target: /probe?target=HOST:PORT"
            )
        addresses = resolve(targets[0], self.allowed)
        registry = CollectorRegistry()
        target = Target(lambda _: addresses, deadline)
        registry.register(ChronyCollector(target, self.scrapes.reports))
        return make_wsgi_app(registry)


def refuse(refusal: Refusal, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if refusal.status.startswith("401"):
        headers.append(("WWW-Authenticate", 'Basic realm="pychrony", charset="UTF-8"'))
    start_response(refusal.status, headers)
    return [f"{refusal.reason}\n".encode()]


def deadline_of(environ: WSGIEnvironment) -> float:
    """Until when the chronyd of this request may be asked, by time.monotonic()."""
    arrived: float = environ[ARRIVED]
    timeout = scrape_timeout(environ.get("HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"))
    if arrived + timeout <= time.monotonic():
        # chronyd did not cause the lack of time: chrony_up must not be 0.
        raise Refusal("503 Service Unavailable", "the request waited too long: too many at once")
    return arrived + timeout


def scrape_timeout(header: str | None) -> float:
    """How many seconds there are for a scrape, from the header X-Prometheus-Scrape-Timeout-Seconds of its request."""
    try:
        seconds = float(header or DEFAULT_SCRAPE_TIMEOUT)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise Refusal(
            "400 Bad Request",
            f"X-Prometheus-Scrape-Timeout-Seconds: {header!r} is not a number of seconds",
        )
    seconds = min(seconds, LONGEST)
    return seconds - min(MARGIN, seconds / 2)


def read_accounts(path: str) -> list[bytes]:
    """The USER:PASSWORD lines of a file. ValueError: there are none, or one is not of that form."""
    lines = [line for line in Path(path).read_bytes().splitlines() if line.strip()]
    accounts = [line for line in lines if not line.startswith(b"#")]
    complete = [all(line.partition(b":")[::2]) for line in accounts]
    if not accounts or not all(complete):
        raise ValueError(f"{path}: expected lines USER:PASSWORD")
    return accounts
