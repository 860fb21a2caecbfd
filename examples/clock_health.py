"""GET /healthz: may this machine's clock be trusted? 200: yes; 503: no, or nobody can say.

    python clock_health.py [--port 8080] [--max-error 0.1] [--address ADDRESS]

For the probe of a load balancer or of Kubernetes, with nothing but the standard library. However many clients ask, chronyd is
asked at most once a second. In a web service of your own, call a health.Cached in the handler.
"""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pychrony import health


class Handler(BaseHTTPRequestHandler):
    trusted: health.Cached

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/healthz":
            self.send_error(404)
            return
        verdict = self.trusted()
        body = json.dumps(verdict.to_dict()).encode()
        self.send_response(200 if verdict.ok else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Probes come every few seconds: they are not logged."""


def server(
    trusted: health.Cached, host: str = "127.0.0.1", port: int = 8080
) -> ThreadingHTTPServer:
    """The web server, listening. serve_forever() serves, shutdown() from another thread ends it."""
    return ThreadingHTTPServer((host, port), type("Handler", (Handler,), {"trusted": trusted}))


def main() -> None:
    parser = argparse.ArgumentParser(description="GET /healthz: may this clock be trusted?")
    option = parser.add_argument
    option("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    option("--port", type=int, default=8080, help="the port to listen on (%(default)s)")
    option(
        "--max-error", type=float, default=0.1, help="seconds the clock may be off (%(default)s)"
    )
    option("--address", help="chronyd's address (default: its usual ones)")
    options = parser.parse_args()
    try:
        trusted = health.Cached(health.Limits(max_error=options.max_error), options.address)
    except ValueError as error:  # the given address or limit is malformed
        parser.error(str(error))
    with server(trusted, options.host, options.port) as http:
        try:
            http.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
