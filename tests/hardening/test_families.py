"""As tests/test_shared_buffer.py, but for a given time: 60 seconds in the long form."""

from __future__ import annotations

import time

from scale import TIMES
from support import families
from support.chronyd import Chronyd
from support.waiting import DEADLINE

SECONDS = 6 * TIMES


def test_every_answer_has_the_addresses_of_its_own_daemon(server: Chronyd, transport: str) -> None:
    """Half of the time is for each pair of reports by itself, and half for all of them at once."""
    unix = transport == "unix"
    total = families.Outcome()
    with families.real(server) if unix else families.synthetic(SECONDS + 10 * DEADLINE) as daemons:
        plan = [(pair, SECONDS / 2 / len(families.PAIRS)) for pair in families.PAIRS]
        for names, seconds in [*plan, (tuple(families.READERS), SECONDS / 2)]:
            end = time.monotonic() + seconds
            outcome = families.ask_at_once(
                daemons, names, lambda asked, end=end: time.monotonic() > end
            )
            total.answers += outcome.answers
            total.wrong += outcome.wrong
    print(f"{transport}, {SECONDS} s: {total}")
    assert not total.wrong, str(total)
