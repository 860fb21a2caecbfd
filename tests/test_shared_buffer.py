"""All addresses go through libchrony's one static buffer; still, each answer has those of its own daemon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from support import families
from support.chronyd import Chronyd
from support.waiting import DEADLINE

# The number of calls that each thread makes in one test.
ANSWERS = 10


@pytest.fixture(scope="module", params=["unix", "udp"])
def daemons(request: pytest.FixtureRequest, server: Chronyd) -> Iterator[list[families.Daemon]]:
    made = families.real(server) if request.param == "unix" else families.synthetic(10 * DEADLINE)
    with made as daemons:
        yield daemons


@pytest.mark.parametrize("names", families.PAIRS, ids=" and ".join)
def test_two_reports_at_once_have_the_addresses_of_their_own_daemons(
    daemons: list[families.Daemon], names: Sequence[str]
) -> None:
    outcome = families.ask_at_once(daemons, names, lambda asked: asked == ANSWERS)
    assert outcome.answers == len(daemons) * len(names) * ANSWERS
    assert not outcome.wrong, str(outcome)


def test_all_reports_at_once_have_the_addresses_of_their_own_daemons(
    daemons: list[families.Daemon],
) -> None:
    outcome = families.ask_at_once(
        daemons, list(families.READERS), lambda asked: asked == 3 * ANSWERS
    )
    assert not outcome.wrong, str(outcome)
