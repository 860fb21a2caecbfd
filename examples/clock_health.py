"""GET /healthz: may this machine's clock be trusted? 200: yes; 503: no, or nobody can say.

    python clock_health.py [--port 8080] [--max-error 0.1] [--address ADDRESS]

For the probe of a load balancer or of Kubernetes. However many clients ask, chronyd is asked at most once in CACHED seconds.
In a web service of your own, use Verdict and call current() in the handler.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pychrony

CACHED = 1.0
TIMEOUT = 1.0


def greatest_error(status: pychrony.TrackingStatus) -> float:
    """The clock's greatest error in seconds: what is still being corrected, and what the path to the source may hide."""
    return abs(status.offset) + status.root_dispersion + status.root_delay / 2


class Verdict:
    """Whether the clock is trusted. Threads may share it: while one asks chronyd, the others wait for its answer."""

    def __init__(self, max_error: float = 0.1, address: str | None = None) -> None:
        self.max_error = max_error
        self.address = address
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._verdict: dict[str, Any] = {}

    def current(self) -> dict[str, Any]:
        """The verdict, at most CACHED seconds old: {"healthy": bool, "reason": str, "error": seconds or None}."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._verdict = self._ask()
                # Read the time again: asking may have taken long.
                self._until = time.monotonic() + CACHED
            return self._verdict

    def _ask(self) -> dict[str, Any]:
        try:
            status = pychrony.get_tracking(self.address, timeout=TIMEOUT)
        except pychrony.ChronyError as error:
            return {"healthy": False, "reason": str(error), "error": None}
        if not status.is_synchronized():
            local = (
                ": chronyd follows only its local reference" if status.is_local_reference() else ""
            )
            reason = f"the clock is not synchronised{local}"
            return {"healthy": False, "reason": reason, "error": None}
        error_bound = greatest_error(status)
        healthy = error_bound <= self.max_error
        reason = f"at most {error_bound:.6f} s wrong, by {status.reference_id_name}"
        return {"healthy": healthy, "reason": reason, "error": error_bound}


class Handler(BaseHTTPRequestHandler):
    verdict: Verdict

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/healthz":
            self.send_error(404)
            return
        verdict = self.verdict.current()
        body = json.dumps(verdict).encode()
        self.send_response(200 if verdict["healthy"] else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Probes come every few seconds: they are not logged."""


def server(verdict: Verdict, host: str = "127.0.0.1", port: int = 8080) -> ThreadingHTTPServer:
    """The web server, listening. serve_forever() serves, shutdown() from another thread ends it."""
    return ThreadingHTTPServer((host, port), type("Handler", (Handler,), {"verdict": verdict}))


def main() -> None:
    parser = argparse.ArgumentParser(description="GET /healthz: may this clock be trusted?")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (%(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=8080, help="the port to listen on (%(default)s)"
    )
    parser.add_argument(
        "--max-error", type=float, default=0.1, help="seconds the clock may be wrong (%(default)s)"
    )
    parser.add_argument("--address", help="chronyd's address (default: its usual ones)")
    options = parser.parse_args()
    verdict = Verdict(options.max_error, options.address)
    try:
        verdict.current()
    except ValueError as error:  # the given address is malformed
        parser.error(str(error))
    with server(verdict, options.host, options.port) as http:
        try:
            http.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
