"""A hostile chronyd, as a program of its own: answers every request, and most of them wrongly.

Run as `fuzzer.py TRANSPORT MODE SEED`; it prints its address, and at the end of its input what it did. Each answer is
made right, then changed as the mode says:

positions   every byte of every kind of answer, one after the other, with five other values each
lengths     every length from 0 to 65507, in turn, some of them after an answer that is right
random      anything: bits, bytes, numbers at the edge of their type, cut, extended, doubled, out of order, late, of other
            requests, of other reports, from another socket, with any status, in any number
"""

from __future__ import annotations

import collections
import json
import random
import select
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.responder import (  # noqa: E402
    N_SOURCES,
    REPLIES,
    REQUESTS,
    RESPONSE_HEADER,
    SAMPLES,
    Request,
    Responder,
)

LONGEST = 65507
SOURCESTATS = REQUESTS["sourcestats"][0]

_EDGES = [bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"\0\xff\0\xff"]
_STATUSES = [0, 1, 2, 3, 4, 5, 6, 7, 13, 18, 19, 20, 255, 65535]


def ends_exchange(answer: bytes, request: Request) -> bool:
    """Whether libchrony takes this for the answer to this request."""
    return (
        len(answer) >= RESPONSE_HEADER
        and answer[:4] == b"\6\2\0\0"
        and answer[4:6] == request.datagram[4:6]
        and answer[16:20] == request.datagram[8:12]
    )


class Fuzzer:
    def __init__(self, transport: str, mode: str, seed: int) -> None:
        # The responder's thread is never started: only its socket and its answers are used.
        self.responder = Responder(transport=transport, reports=self._records())
        self.socket = self.responder.server.open()
        self.socket.settimeout(5)
        self.stranger = socket.socket(self.socket.family, socket.SOCK_DGRAM)
        self.stranger.setblocking(False)
        self.random = random.Random(seed)
        self.answer = {
            "positions": self.positions,
            "lengths": self.lengths,
            "random": self.anything,
        }[mode]
        self.turn: dict[str, int] = collections.defaultdict(int)
        self.step: dict[int, int] = collections.defaultdict(int)
        self.length = 0
        self.late: list[bytes] = []
        self.counts: dict[str, int] = collections.defaultdict(int)
        self.seen: dict[int, set[int]] = collections.defaultdict(set)
        self.recent: collections.deque[str] = collections.deque(maxlen=40)

    @staticmethod
    def _records() -> dict[str, list[dict[str, object]]]:
        return {name: [dict(values)] for name, values in SAMPLES.items()}

    def right(self, request: Request) -> bytes:
        """The right answer, in each kind of reply that the report has had, in turn."""
        if request.report:
            codes = list(REPLIES[request.report])
            self.turn[request.report] += 1
            self.responder.codes[request.report] = codes[self.turn[request.report] % len(codes)]
        return request.answer()

    def passes(self, request: Request) -> bool:
        """Whether to answer right this time, so that the client also makes the requests that follow."""
        chance = {N_SOURCES: 0.9, SOURCESTATS: 0.5}.get(request.command, 0)
        return self.random.random() < chance

    def positions(self, request: Request) -> list[bytes]:
        answer = bytearray(self.right(request))
        if not self.passes(request):
            code = answer[7]
            position, value = self.step[code] // 5 % len(answer), self.step[code] % 5
            self.step[code] += 1
            old = answer[position]
            values = (0, 0xFF, old ^ 0x80, old + 1 & 0xFF, self.random.randrange(256))
            answer[position] = values[value]
            self.seen[code].add(position)
        return [bytes(answer)]

    def lengths(self, request: Request) -> list[bytes]:
        answer = self.right(request)
        if self.passes(request):
            return [answer]
        length = self.length % (LONGEST + 1)
        self.length += 1
        self.seen[0].add(length)
        changed = answer[:length]
        if length > len(answer):
            tail = self.random.choice((b"\0", b"\xff", b"\6")) * (length - len(answer))
            changed = answer + tail
        return [changed]

    def mutant(self, request: Request) -> bytes:
        pick = self.random
        answer = bytearray(self.right(request))
        how = pick.randrange(16)
        body = range(RESPONSE_HEADER, len(answer))
        if how < 4 and body:  # some bytes of the record
            for _ in range(1 << pick.randrange(5)):
                answer[pick.choice(body)] = pick.choice(
                    (0, 1, 0x7F, 0x80, 0xFF, pick.randrange(256))
                )
        elif how < 7 and body:  # numbers at the edge of their type
            for _ in range(pick.randrange(1, 4)):
                position = RESPONSE_HEADER + pick.randrange(len(body)) // 2 * 2
                edge = pick.choice(_EDGES)[: len(answer) - position]
                answer[position : position + len(edge)] = edge
        elif how == 7 and body:  # a record of noise
            answer[RESPONSE_HEADER:] = pick.randbytes(len(body))
        elif how == 8:  # any byte of all
            answer[pick.randrange(len(answer))] ^= 1 << pick.randrange(8)
        elif how == 9:  # another status
            answer[8:10] = pick.choice(_STATUSES).to_bytes(2, "big")
        elif how == 10:  # another reply
            answer[6:8] = pick.choice([pick.randrange(32), pick.randrange(65536)]).to_bytes(
                2, "big"
            )
        elif how == 11:  # another reply's code, and its body
            report = pick.choice(list(REPLIES))
            code = pick.choice(list(REPLIES[report]))
            answer[6:8] = code.to_bytes(2, "big")
            answer[RESPONSE_HEADER:] = bytes(
                pick.choice((0, 255)) for _ in range(pick.randrange(250))
            )
        elif how == 12:  # cut
            del answer[pick.randrange(len(answer)) :]
        elif how == 13:  # extended
            answer += bytes([pick.randrange(256)]) * pick.choice(
                (1, 2, 4, 100, 1000, 20000, LONGEST)
            )
            del answer[LONGEST:]
        elif how == 14:  # the header's other fields
            answer[10:16] = struct.pack(">HI", pick.randrange(65536), pick.getrandbits(32))
            answer[20:28] = struct.pack(">Q", pick.getrandbits(64))
        elif request.command == N_SOURCES:  # more records than there are, or than there can be
            count = pick.choice((0, 0, 2, 3, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
            answer[RESPONSE_HEADER:] = count.to_bytes(4, "big")
        return bytes(answer)

    def noise(self, request: Request) -> list[bytes]:
        """A datagram that is no answer to this request."""
        pick = self.random
        answer = bytearray(self.right(request))
        how = pick.randrange(8)
        if how == 0:  # to another request
            answer[16:20] = pick.getrandbits(32).to_bytes(4, "big")
        elif how == 1:  # to another command
            answer[4:6] = pick.randrange(80).to_bytes(2, "big")
        elif how == 2:  # of another version, another packet
            answer[pick.randrange(4)] ^= 1 << pick.randrange(8)
        elif how == 3:  # less than a header
            del answer[pick.randrange(RESPONSE_HEADER) :]
        elif how == 4:  # the request itself
            answer[:] = request.datagram
        elif how == 5:
            answer[:] = pick.randbytes(pick.randrange(300))
        elif how == 6 and self.late:  # an answer that is late
            answer[:] = self.late.pop(pick.randrange(len(self.late)))
        else:
            return []
        return [bytes(answer)]

    def anything(self, request: Request) -> list[bytes]:
        pick = self.random
        answers = [self.right(request) if self.passes(request) else self.mutant(request)]
        if pick.random() < 0.3:
            for _ in range(pick.randrange(1, 6)):
                answers += self.noise(request)
            pick.shuffle(answers)
        if pick.random() < 0.05:
            answers.append(answers[-1])
        if pick.random() < 0.05:
            self.late = [*self.late[-20:], self.right(request)]
        if pick.random() < 0.02:
            # From another socket: the kernel does not deliver it to a socket that is connected to ours.
            try:
                self.stranger.sendto(self.right(request), request.peer)
                self.counts["from another socket"] += 1
            except OSError:
                self.counts["from another socket, refused"] += 1
        return answers

    def serve(self) -> None:
        inputs = [self.socket, sys.stdin]
        while True:
            ready, _, _ = select.select(inputs, [], [])
            if self.socket not in ready:
                break
            datagram, peer = self.socket.recvfrom(4096)
            request = Request(datagram, self.responder, 0, peer)
            answers = self.answer(request)
            for each in answers:
                self.send(each, request)
            if not any(ends_exchange(each, request) for each in answers):
                # Otherwise the client would meet only silence, which other tests cover: end the exchange.
                self.send(request.answer(), request)

    def send(self, answer: bytes, request: Request) -> None:
        self.counts["answers"] += 1
        self.recent.append(
            f"{request.report or request.command}: {answer[:300].hex()} ({len(answer)})"
        )
        try:
            self.socket.sendto(answer, request.peer)
        except OSError as error:
            # The client has what it wanted, and has gone.
            self.counts[f"unsent ({error.strerror or 'no room'})"] += 1


def main() -> None:
    fuzzer = Fuzzer(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    try:
        print(fuzzer.responder.address, flush=True)
        fuzzer.serve()
        seen = {str(code): len(values) for code, values in fuzzer.seen.items()}
        print(json.dumps({"counts": fuzzer.counts, "seen": seen, "recent": list(fuzzer.recent)}))
    finally:
        left = fuzzer.responder.client_files()
        fuzzer.responder.server.stop()
        assert not left, f"clients left {left}"


if __name__ == "__main__":
    main()
