"""Many chronyds in one process: each address has a socket of its own, which answers tracking late, or never.

    python3 bench/fleet_responder.py COUNT SECONDS SILENT

listens on COUNT addresses of the loopback network. Every SILENT-th of them never answers, and the others answer after
SECONDS. It prints the addresses as a line of JSON, and ends when its input ends.
"""

from __future__ import annotations

import json
import resource
import selectors
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.responder import REQUESTS, Request, Responder, faithful

# Where the sequence number stands in a request and in a response.
ASKED = slice(8, 12)
ANSWERED = slice(16, 20)


def template() -> tuple[bytes, bytes]:
    """A tracking response, before and after its sequence number: it is the same for every request."""
    datagram = struct.pack(">BBHHHI", 6, 1, 0, REQUESTS["tracking"][0], 0, 0)
    (answer,) = faithful(Request(datagram, Responder(), 0, ("127.0.0.1", 0)))
    return answer[: ANSWERED.start], answer[ANSWERED.stop :]


def listen(number: int) -> socket.socket:
    """A socket on an address of its own."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
    opened.setblocking(False)
    return opened


def serve(sockets: list[socket.socket], delay: float) -> None:
    """Answers what arrives at these sockets, until standard input ends."""
    head, tail = template()
    # The delay is always the same: what came first is due first.
    held: deque[tuple[float, Callable[[], object]]] = deque()

    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            while held and held[0][0] <= now:
                held.popleft()[1]()
            for key, _ in selector.select(held[0][0] - now if held else None):
                if key.fileobj is sys.stdin:
                    return
                assert isinstance(key.fileobj, socket.socket)
                datagram, client = key.fileobj.recvfrom(4096)
                answer = head + datagram[ASKED] + tail
                held.append((time.monotonic() + delay, _sending(key.fileobj, answer, client)))


def _sending(sender: socket.socket, answer: bytes, client: tuple[str, int]) -> Callable[[], object]:
    def send() -> None:
        try:
            sender.sendto(answer, client)
        except ConnectionRefusedError:
            pass  # an earlier client of this address has gone

    return send


def main(count: int, delay: float, silent: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sockets = [listen(number) for number in range(1, count + 1)]
    addresses = ["{}:{}".format(*each.getsockname()) for each in sockets]
    print(json.dumps(addresses), flush=True)
    serve([each for number, each in enumerate(sockets, 1) if number % silent], delay)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
