"""Asks again and again for a report in which one field has another number each time: none of the numbers may be kept.

Run as `differing.py REPORT TIMES`; it fails when the memory in use grows.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scale import LIFETIME  # noqa: E402
from support import child  # noqa: E402
from support.responder import REPLIES, Request, Responder  # noqa: E402

# Report: the function that asks for it, and the field, which is an enumeration or flags.
FIELDS = {
    "smoothing": ("get_smoothing", "flags"),
    "selectdata": ("get_select_data", "effective options"),
    "ntpdata": ("get_ntp_data", "flags"),
    "authdata": ("get_auth_data", "key type"),
    "sources": ("get_sources", "mode"),
}
WARM_UP = 1000
# The interpreter's and the allocators' own pages come and go. An enumeration that keeps members takes 400 bytes for each.
SLACK = 512 * 1024


def serve(report: str) -> None:
    _, name = FIELDS[report]
    size = dict(REPLIES[report][max(REPLIES[report])])[name]
    limit = 1 << int(size.strip("u"))
    number = 0

    def differing(request: Request) -> list[bytes]:
        nonlocal number
        if request.report != report:
            return [request.answer()]
        number += 1
        return [request.answer({name: number * 40503 % limit})]

    with Responder(differing) as responder:
        print(responder.address, flush=True)
        sys.stdin.read()


def ask(report: str, times: int) -> None:
    from workload import resident

    import pychrony

    command, pipe = [sys.executable, __file__, report], subprocess.PIPE
    with child.Process(command, deadline=LIFETIME, stdin=pipe, stdout=pipe) as server:
        assert server.stdout is not None
        with pychrony.ChronyConnection(server.stdout.readline().strip(), timeout=60) as connection:
            get = getattr(connection, FIELDS[report][0])
            answers = 0
            for turn in range(WARM_UP + times):
                if turn == WARM_UP:
                    gc.collect()
                    before = resident()
                try:
                    get()
                    answers += 1
                except pychrony.ChronyDataError:
                    pass
            gc.collect()
            grown = resident() - before
        assert server.stdin is not None
        server.stdin.close()
    print(f"{report}: {times} calls, {answers} answers with {WARM_UP} before: {grown // 1024} KiB")
    assert grown < SLACK, f"it grew by {grown} bytes"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        ask(sys.argv[1], int(sys.argv[2]))
    else:
        serve(sys.argv[1])
