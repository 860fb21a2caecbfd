"""Asks many chronyds at once, and says what that cost. Runs in the interpreter that is measured.

    python3 fleet_client.py HOW TIMEOUT

HOW is "aio", "threads-N" (asyncio.to_thread with a pool of N) or "blocking" (one after the other). It reads a list of
addresses as a line of JSON; the first of them must answer. It prints a line of JSON: how many answered, wall seconds in all,
CPU seconds per call, peak resident memory in bytes, and the seconds after which the last answer was there.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pychrony

# When each answer was there; None if none came.
Times = list["float | None"]


def one_after_the_other(addresses: list[str], timeout: float) -> Times:
    times: Times = []
    for address in addresses:
        try:
            pychrony.get_tracking(address, timeout=timeout)
        except pychrony.ChronyTimeoutError:
            times.append(None)
        else:
            times.append(time.perf_counter())
    return times


async def all_at_once(get: Callable[[str], Awaitable[object]], addresses: list[str]) -> Times:
    async def ask(address: str) -> float | None:
        try:
            await get(address)
        except pychrony.ChronyTimeoutError:
            return None
        return time.perf_counter()

    return await asyncio.gather(*map(ask, addresses))


async def by_threads(addresses: list[str], timeout: float, pool: int) -> Times:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(pool))
    get = functools.partial(asyncio.to_thread, pychrony.get_tracking, timeout=timeout)
    return await all_at_once(get, addresses)


async def by_aio(addresses: list[str], timeout: float) -> Times:
    aio = importlib.import_module("pychrony.aio")
    return await all_at_once(functools.partial(aio.get_tracking, timeout=timeout), addresses)


def ask(how: str, addresses: list[str], timeout: float) -> Times:
    kind, _, pool = how.partition("-")
    if kind == "blocking":
        return one_after_the_other(addresses, timeout)
    if kind == "threads":
        return asyncio.run(by_threads(addresses, timeout, int(pool)))
    return asyncio.run(by_aio(addresses, timeout))


def peak() -> int:
    """Peak resident memory in bytes, as the kernel counts it."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) * 1024


def main(how: str, timeout: float) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    addresses = json.loads(sys.stdin.readline())
    ask(how, addresses[:1], timeout)  # makes what is made only once: modules, types, an event loop
    cpu, wall = time.process_time(), time.perf_counter()
    times = ask(how, addresses, timeout)
    ended = time.perf_counter()
    cpu = time.process_time() - cpu
    answered = [each for each in times if each is not None]
    result: dict[str, Any] = {
        "answered": len(answered),
        "wall": ended - wall,
        "cpu": cpu / len(addresses),
        "resident": peak(),
        "last": max(answered) - wall,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
