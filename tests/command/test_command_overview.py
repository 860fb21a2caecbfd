"""pychrony alone: the verdict, the sources, and what to do; with --watch, what they were in the last minutes."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from support import command
from support.chronyd import Chronyd
from support.command import CTRL_C, INTERRUPTED, Terminal

from pychrony import SourceMode, SourceState
from pychrony.command.history import ASCII, BLOCKS, History, bars
from pychrony.testing import FakeChronyd, make_source, make_tracking

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def good(**changes: Any) -> FakeChronyd:
    """A chronyd that follows the first of two sources; its last measurement was made now."""
    tracking = make_tracking(ref_time=time.time())
    address = tracking.reference_id_name
    sources = [
        make_source(address=address, state=SourceState.SELECTED),
        make_source(address="192.0.2.77", state=SourceState.UNSELECTED),
    ]
    return FakeChronyd(**{"tracking": tracking, "sources": sources, **changes})


def test_the_first_line_is_the_answer(client: Chronyd) -> None:
    first, *rest = command.output("-a", client.socket).splitlines()
    assert re.fullmatch(
        r"OK: at most [0-9.]+ [num]?s off, synchronised to 127\.0\.0\.1, stratum 9, 1 of 1 sources usable",
        first,
    )
    assert rest[1].split() == [
        "MS",
        "Name/IP",
        "address",
        *"Stratum Answered Measured Offset".split(),
    ]
    assert re.fullmatch(
        r"\^\*  127\.0\.0\.1 +8 +[1-8] of 8 +[0-9]+ s ago  \S+ [nmu]?s \+/- \S+ [nmu]?s", rest[3]
    )
    assert len(rest) == 4


def test_advice_follows_where_something_is_wrong(
    unsynchronised: Chronyd, refclock: Chronyd
) -> None:
    text = command.output("-a", unsynchronised.socket)
    assert text.startswith("CRITICAL: not synchronised; chronyd has no sources\n")
    assert "\n-> Name servers in chrony.conf (server or pool)" in text
    text = command.output("-a", refclock.socket)
    assert text.startswith("WARNING: may be 300")
    assert text.endswith("\n-> pychrony doctor looks at each source and says what to do.\n")


def test_spare_slots_of_a_pool_are_counted_once() -> None:
    slots = [make_source(address=f"ID#{n:010}", reachability=0) for n in range(1, 8)]
    with good() as daemon:
        daemon.sources = [*daemon.sources, *slots]
        text = command.output("-a", daemon.address)
    assert "ID#" not in text
    assert "\nwithout an address: 7 (unresolved names, spare slots of a pool)\n" in text


def test_a_source_without_a_sample_has_no_numbers() -> None:
    with good() as daemon:
        daemon.sources = [make_source(mode=SourceMode.CLIENT, last_sample_ago=None, reachability=0)]
        text = command.output("-a", daemon.address)
    assert re.search(r"\n\S\S  192\.0\.2\.1 .* 0 of 8 +-  -\n", text)


def test_for_programs_it_is_the_tracking_report(client: Chronyd) -> None:
    ours = json.loads(command.output("--json", "-a", client.socket))
    theirs = json.loads(command.output("tracking", "--json", "-a", client.socket))
    assert list(ours) == list(theirs)
    assert command.output("--csv", "-a", client.socket).startswith("time,reference_id,")


def test_the_columns_are_explained_with_v(client: Chronyd) -> None:
    text = command.output("-v", "-a", client.socket)
    assert "Answered         How many of the last eight polls brought a valid response" in text


# Watching.


def drawn(terminal: Terminal) -> list[str]:
    """The frames that are complete, without colours."""
    seen = COLOUR.sub("", terminal.seen).replace("\x1b[K", "")
    return [frame.replace("\r\n", "\n") for frame in seen.split("\x1b[H")[1:-1]]


def test_watching_draws_the_last_minutes_and_a_gap_for_an_outage() -> None:
    with good() as daemon:
        with Terminal("-t", "0.2", "--watch", "0.05", "-a", daemon.address, columns=80) as terminal:
            terminal.wait_for("\nbound: ", times=3)
            daemon.silent = True
            terminal.wait_for("did not respond")
            daemon.silent = False
            so_far = terminal.seen.count("OK: ")
            terminal.wait_for("OK: ", times=so_far + 3)
            terminal.press(CTRL_C)
            assert terminal.ended() == INTERRUPTED
    frames = drawn(terminal)
    (away,) = [frame for frame in frames if "did not respond" in frame][:1]
    assert "\nCRITICAL: " in away
    assert "\nbound: none; at most " in away
    bars = f"  ([{BLOCKS}]+ +[{BLOCKS}]+)"
    bound = re.search(f"\nbound: [^{BLOCKS}]*[a-z] *{bars}\n", frames[-1])
    offset = re.search(f"\noffset: [^{BLOCKS}]*[a-z] *{bars}\n", frames[-1])
    assert bound and offset, frames[-1]
    assert bound.start(1) - bound.start() == offset.start(1) - offset.start()
    assert len(bound[1]) == len(offset[1])
    assert "192.0.2.77" in frames[-1]


def test_watching_draws_no_offset_of_a_clock_without_a_source() -> None:
    with good() as daemon:
        arguments = ("--watch", "0.05", "-a", daemon.address)
        with Terminal(*arguments, columns=80) as terminal:
            terminal.wait_for("\noffset: ", times=2)
            daemon.tracking = make_tracking(reference_id=0)
            terminal.wait_for("CRITICAL: not synchronised", times=3)
            terminal.press(CTRL_C)
            terminal.ended()
    assert "\noffset: none; " in drawn(terminal)[-1]


def test_a_terminal_without_block_characters_gets_others() -> None:
    changes = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with good() as daemon:
        arguments = ("--watch", "0.05", "-a", daemon.address)
        with Terminal(*arguments, columns=50, **changes) as terminal:
            terminal.wait_for("\nbound: ", times=3)
            terminal.press(CTRL_C)
            terminal.ended()
    # Below the words, because there is no room beside them.
    line = drawn(terminal)[-1].partition("\nbound: ")[2].split("\n")[1]
    assert set(line) <= set(ASCII) and line


def test_a_small_screen_shows_how_many_lines_are_hidden(many: Chronyd) -> None:
    with Terminal("sources", "--watch", "0.1", "-a", many.socket, lines=8, columns=200) as terminal:
        terminal.wait_for("\x1b[H", times=3)
    frames = drawn(terminal)
    sources = len(command.output("sources", "-a", many.socket).splitlines())
    # A title, an empty line, and of the table what leaves room for the line that counts the rest.
    assert frames[-1].split("\n")[6] == f"... {sources - 4} more lines"
    assert len(frames[-1].split("\n")) == 8


@pytest.mark.parametrize("report", [[], ["sources"], ["tracking"], ["selectdata"], ["sourcestats"]])
def test_numbers_stay_whole_on_a_narrow_terminal(report: list[str], many: Chronyd) -> None:
    wide = command.output(*report, "-a", many.socket)
    with Terminal(*report, "-a", many.socket, columns=40, lines=100) as terminal:
        assert terminal.ended() == 0
    lines = COLOUR.sub("", terminal.seen).replace("\r\n", "\n").splitlines()
    # Only an address may be longer than the line.
    assert [line for line in lines if len(line) > 40 and len(line.split()) > 2] == []
    is_number = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(ns|us|ms|s)?")
    # Digits that change with time are not compared.
    shape = [
        re.sub("[0-9]+", "0", word) for word in " ".join(lines).split() if is_number.fullmatch(word)
    ]
    expected = [re.sub("[0-9]+", "0", word) for word in wide.split() if is_number.fullmatch(word)]
    assert len(shape) == len(expected)


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (0, 0)])
@pytest.mark.parametrize("report", [[], ["sources"], ["tracking"]])
def test_no_terminal_is_too_small(report: list[str], size: tuple[int, int], many: Chronyd) -> None:
    columns, lines = size
    arguments = (*report, "--watch", "0.05", "-a", many.socket)
    with Terminal(*arguments, columns=columns, lines=lines) as terminal:
        terminal.wait_for("\x1b[H", times=4)
        terminal.press(CTRL_C)
        assert terminal.ended() == INTERRUPTED


def test_a_dumb_terminal_gets_no_escapes(client: Chronyd) -> None:
    with Terminal("--watch", "0.05", "-a", client.socket, TERM="dumb") as terminal:
        terminal.wait_for("OK: ", times=3)
        terminal.press(CTRL_C)
        assert terminal.ended() == INTERRUPTED
    assert "\x1b" not in terminal.seen


def test_any_interval_can_be_waited_for(client: Chronyd) -> None:
    with Terminal("--watch", "1e30", "-a", client.socket) as terminal:
        terminal.wait_for("OK: ")
        terminal.press(CTRL_C)
        assert terminal.ended() == INTERRUPTED


# The line of bars.


def test_a_bar_is_the_higher_the_larger_its_value_and_a_gap_where_there_is_none() -> None:
    assert bars([0.0, 1.0, None, 0.5], 0.0, 1.0) == f"{BLOCKS[0]}{BLOCKS[7]} {BLOCKS[4]}"
    assert bars([-1.0, 0.0, 1.0], -1.0, 1.0) == f"{BLOCKS[0]}{BLOCKS[4]}{BLOCKS[7]}"
    assert bars([2.0, 2.0], 2.0, 2.0) == BLOCKS[0] * 2


def test_rounds_share_a_column_where_the_line_is_too_short() -> None:
    history = History(100.0)  # the last ten minutes, but never fewer than eight rounds
    for value in [1.0, -5.0, 2.0, None, 3.0, 3.5]:
        history.add(value, 1.0)
    assert history.columns(8) == [1.0, -5.0, 2.0, None, 3.0, 3.5]
    assert history.columns(4) == [-5.0, None, 3.5]
    for value in [4.0, 5.0, 6.0, 7.0]:
        history.add(value, value)
    assert history.values == [2.0, None, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0]
    assert history.columns(4) == [None, 3.5, 5.0, 7.0]
    assert history.covered() == 6.0
