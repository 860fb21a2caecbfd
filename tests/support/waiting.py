"""Waiting for something to become true, with a deadline and without guessing how long it takes."""

from __future__ import annotations

import threading
import time
from typing import Callable, TypeVar

T = TypeVar("T")

# Longer than anything here ever takes; only a failure waits for it.
DEADLINE = 60.0

_never = threading.Event()


def wait_for(
    what: str,
    probe: Callable[[], T | None],
    *,
    deadline: float = DEADLINE,
    pause: Callable[[float], object] = _never.wait,
) -> T:
    """Ask `probe` again and again until it answers something true; return that."""
    end = time.monotonic() + deadline
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not so after {deadline:g} s")
        pause(0.02)
