"""A fleet asked through one exporter: 1,000 chronyds, simulated on loopback, are asked through /probe.

    python bench/probe.py

Each target has an address of its own (127.x.y.z), four sources, and the reports that a command port gives by default. It
answers each request 20 ms later; one target in twenty is silent. All are scraped at once, and then spread over 15 s, as
Prometheus does it. Prints a Markdown table.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parts import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from support.exporter import Exporter
from support.responder import NO_RTC, NOT_ENABLED, UNAUTHORIZED, Request, Responder, sample

TARGETS = 1000
SILENT = 20  # one in so many
DELAY = 0.020
SOURCES = 4
INTERVAL = 15.0
TIMEOUT = 10.0
PORT = 11323

# What the command port does not give, or what this chronyd does not have.
REFUSED = {
    **dict.fromkeys(["serverstats", "selectdata", "ntpdata", "authdata"], UNAUTHORIZED),
    "rtcdata": NO_RTC,
    "smoothing": NOT_ENABLED,
}


def address(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"


def is_silent(number: int) -> bool:
    return number % SILENT == 0


# The targets, in a process of their own.


async def simulate() -> None:
    """Answer for all targets until standard input ends."""
    reports = {
        name: [sample(name, address=f"192.0.2.{number + 1}") for number in range(SOURCES)]
        for name in ("sources", "sourcestats")
    }
    responder = Responder(reports=reports)
    answers: dict[bytes, bytes] = {}
    loop = asyncio.get_running_loop()

    def answer(datagram: bytes) -> bytes:
        # The same request gets the same answer except for the sequence number, which is copied: encode it once.
        key = datagram[4:6] + datagram[20:24]
        if key not in answers:
            request = Request(datagram, responder, 0, "")
            answers[key] = request.answer(status=REFUSED.get(request.report, 0))
        known = answers[key]
        return known[:16] + datagram[8:12] + known[20:]

    def serve(target: socket.socket, number: int) -> None:
        datagram, peer = target.recvfrom(4096)
        if not is_silent(number):
            loop.call_later(DELAY, target.sendto, answer(datagram), peer)

    targets = []
    for number in range(TARGETS):
        target = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        target.setblocking(False)
        target.bind((address(number), PORT))
        loop.add_reader(target, serve, target, number)
        targets.append(target)
    print("ready", flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    await ended.wait()
    for target in targets:
        loop.remove_reader(target)
        target.close()


@contextmanager
def simulated() -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, __file__, "targets"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        process.stdin.close()


# The scrapes.


async def scrape(exporter: Exporter, number: int, after: float) -> tuple[float, bool]:
    """How many seconds a scrape took, and whether the target was up."""
    await asyncio.sleep(after)
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", exporter.port)
    writer.write(
        f"GET /probe?target={address(number)}:{PORT} HTTP/1.0\r\n"
        f"X-Prometheus-Scrape-Timeout-Seconds: {TIMEOUT}\r\n\r\n".encode()
    )
    text = await reader.read()
    writer.close()
    took = time.perf_counter() - began
    assert text.startswith(b"HTTP/1.0 200"), text
    return took, b"\nchrony_up 1.0\n" in text


async def scrapes(exporter: Exporter, spread: float) -> list[tuple[float, bool]]:
    return await asyncio.gather(
        *(scrape(exporter, number, spread * number / TARGETS) for number in range(TARGETS))
    )


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> float:
    """MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def measure(name: str, spread: float) -> list[str]:
    with Exporter("--address", "127.0.0.1:9", "--allow", "127.0.0.0/8") as exporter:
        exporter.get(f"/probe?target={address(1)}:{PORT}")
        before = cpu_seconds(exporter.process.pid)
        began = time.perf_counter()
        results = asyncio.run(scrapes(exporter, spread))
        wall = time.perf_counter() - began
        cpu = cpu_seconds(exporter.process.pid) - before
        memory = peak_memory(exporter.process.pid)
    answered = sorted(took for number, (took, _) in enumerate(results) if not is_silent(number))
    silent = [took for number, (took, _) in enumerate(results) if is_silent(number)]
    wrong = sum(up == is_silent(number) for number, (_, up) in enumerate(results))
    return [
        name,
        str(wrong),
        f"{statistics.median(answered):.2f}",
        f"{answered[-len(answered) // 100]:.2f}",
        f"{answered[-1]:.2f}",
        f"{max(silent):.2f}",
        f"{wall:.1f}",
        f"{cpu / TARGETS * 1000:.1f}",
        f"{memory:.0f}",
    ]


HEAD = [
    f"{TARGETS:,} scrapes",
    "wrong",
    "median s",
    "99 % s",
    "slowest s",
    "silent s",
    "all s",
    "CPU ms each",
    "peak MiB",
]


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1:] == ["targets"]:
        asyncio.run(simulate())
        return
    from report import table

    with simulated():
        rows = [measure("at once", 0.0), measure(f"over {INTERVAL:.0f} s", INTERVAL)]
    print(table(HEAD, rows))


if __name__ == "__main__":
    main()
