"""A chronyd with many ways to answer, as a program of its own: one address for each way.

Run as `answers.py TRANSPORT`; it prints a JSON object that has the address for each way to answer, and serves them until the
end of its input.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scale import LIFETIME  # noqa: E402
from support import child  # noqa: E402
from support.responder import (  # noqa: E402
    FAILED,
    INVALID,
    NOT_ENABLED,
    UNAUTHORIZED,
    Request,
    Responder,
)


def _status(status: int) -> Callable[[Request], list[bytes]]:
    return lambda request: [request.answer(status=status)]


def _short(request: Request) -> list[bytes]:
    return [request.answer()[:-1]]


def _absurd(request: Request) -> list[bytes]:
    """A record in which every value is out of range. Counts and addresses stay right, so that records are read."""
    answer = request.answer()
    if not request.report or request.report == "sourcestats":
        return [answer]
    return [answer[:28] + b"\xff" * (len(answer) - 28)]


def _beside(request: Request) -> list[bytes]:
    """First an answer to another request."""
    return [request.answer(sequence=request.sequence ^ 1), request.answer()]


WAYS: dict[str, Callable[[Request], list[bytes]]] = {
    "right": lambda request: [request.answer()],
    "beside": _beside,
    "silent": lambda request: [],
    "unauthorized": _status(UNAUTHORIZED),
    "old": _status(INVALID),
    "not enabled": _status(NOT_ENABLED),
    "failed": _status(FAILED),
    "short": _short,
    "absurd": _absurd,
}


def serve(transport: str) -> None:
    responders = {way: Responder(transport=transport) for way in WAYS}
    sockets = {way: responder.server.open() for way, responder in responders.items()}
    try:
        print(json.dumps({way: each.address for way, each in responders.items()}), flush=True)
        ways = {each: way for way, each in sockets.items()}
        known: dict[tuple[str, bytes], list[bytes]] = {}
        while True:
            ready, _, _ = select.select([*ways, sys.stdin], [], [])
            for each in ready:
                if each is sys.stdin:
                    return
                way = ways[each]
                datagram, peer = each.recvfrom(4096)
                request = Request(datagram, responders[way], 0, peer)
                # If only its number differs from an earlier request, the answer is the same but for that.
                key = (way, datagram[:8] + datagram[12:])
                if key not in known:
                    known[key] = WAYS[way](request)
                number = datagram[8:12]
                for place, answer in enumerate(known[key]):
                    other = way == "beside" and place == 0
                    sent = bytes([number[0] ^ 1]) + number[1:] if other else number
                    try:
                        each.sendto(answer[:16] + sent + answer[20:], peer)
                    except OSError:
                        pass  # the client has gone
    finally:
        for responder in responders.values():
            responder.server.stop()


class Answers:
    """That program, running; `addresses` has the address for each way to answer."""

    def __init__(self, transport: str) -> None:
        self.transport = transport
        self.left: list[str] = []

    def __enter__(self) -> Answers:
        self.process = child.Process(
            [sys.executable, __file__, self.transport],
            deadline=LIFETIME,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # This process may run under a checker; that one need not.
            env={n: v for n, v in os.environ.items() if n not in ("LD_PRELOAD", "PYTHONMALLOC")},
        )
        assert self.process.stdout is not None
        self.addresses: dict[str, str] = json.loads(self.process.stdout.readline())
        return self

    def files(self) -> list[str]:
        """The files in the directories beside chronyd's sockets."""
        return sorted(
            name
            for address in self.addresses.values()
            if address.startswith("/")
            for name in os.listdir(os.path.dirname(address))
            if name != "chronyd.sock"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.left = self.files()
        self.process.finish()


if __name__ == "__main__":
    serve(sys.argv[1])
