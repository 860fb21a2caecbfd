"""The benchmark knows how certain its figures are, and claims no more."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import child

import pychrony

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from confidence import (
    CANNOT_TELL,
    MET,
    NOT_MET,
    bootstrap,
    exact,
    independent,
    paired_ratios,
    verdict,
)
from instructions import parse

BENCH = Path(__file__).parent.parent / "bench"


def noise(seed: int, count: int, centre: float = 1.0, width: float = 0.1) -> list[float]:
    lot = random.Random(seed)
    return [lot.gauss(centre, width) for _ in range(count)]


def test_the_estimate_is_the_median_and_lies_within_its_interval() -> None:
    interval = independent([1.0, 9.0, 2.0, 3.0, 1.5])
    assert interval["value"] == 2.0
    assert 1.0 <= interval["low"] < 2.0 < interval["high"] <= 9.0


def test_the_same_measurements_give_the_same_interval() -> None:
    first, again = ([independent(noise(seed, 30)) for seed in range(8)] for _ in range(2))
    assert first == again


def test_values_that_do_not_vary_are_known_exactly() -> None:
    assert bootstrap([[4.0, 4.0], [4.0]]) == exact(4.0)


def test_more_rounds_make_the_interval_narrower() -> None:
    few, many = independent(noise(2, 10)), independent(noise(2, 400))
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 2


def test_about_95_of_100_intervals_hold_the_true_value() -> None:
    intervals = [independent(noise(seed, 25)) for seed in range(100)]
    held = sum(interval["low"] <= 1.0 <= interval["high"] for interval in intervals)
    # If each has a chance of 0.95, fewer than 86 of 100, or all of them, happen in one case in a hundred.
    assert 86 <= held <= 99


def test_what_the_rounds_of_a_launch_have_in_common_widens_the_interval() -> None:
    launches = noise(3, 8, width=0.2)
    groups = [noise(seed, 20, centre, 0.01) for seed, centre in enumerate(launches)]
    grouped = bootstrap(groups)
    mixed = independent([value for group in groups for value in group])
    assert grouped["high"] - grouped["low"] > 1.5 * (mixed["high"] - mixed["low"])


def test_a_ratio_is_of_the_same_round() -> None:
    # The second round is slow for both, so no ratio shows it.
    ours, theirs = [[2.0, 20.0], [4.0]], [[1.0, 10.0], [4.0]]
    assert paired_ratios(ours, theirs) == [[2.0, 2.0], [1.0]]


@pytest.mark.parametrize("groups", [[], [[]], [[1.0], []]])
def test_no_measurements_are_an_error(groups: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="no measurements"):
        bootstrap(groups)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.00, 1.04, MET),
        (1.00, 1.05, MET),
        (1.04, 1.06, CANNOT_TELL),
        (1.05, 1.06, CANNOT_TELL),
        (1.051, 1.06, NOT_MET),
    ],
)
def test_a_verdict_takes_the_whole_interval(low: float, high: float, said: str) -> None:
    assert verdict({"value": (low + high) / 2, "low": low, "high": high}, 1.05) == said


def test_a_count_is_met_or_not_met() -> None:
    assert verdict(exact(1500), 1500) == MET
    assert verdict(exact(1501), 1500) == NOT_MET


def test_callgrinds_costs_are_read_by_function_and_by_call() -> None:
    # The line after "calls" has the cost of the callee and all that it calls.
    text = "events: Ir\nob=(1) /lib/a.so\nfn=(1) f\n3 100\n+1 50\ncfn=(2) g\ncalls=1 9\n* 30\n"
    assert parse(text).own == {("f", "a.so"): 150}
    assert parse(text).calls == {(("f", "a.so"), ("g", "a.so")): 30}


def test_in_a_fleet_of_twenty_nineteen_answer_late_and_one_never_answers() -> None:
    delay = 0.02
    command = [sys.executable, str(BENCH / "fleet_responder.py"), "20", str(delay), "20"]
    with child.Process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        *answering, silent = json.loads(process.stdout.readline())
        for address in answering:
            start = time.monotonic()
            assert pychrony.get_tracking(address).stratum == 3
            assert time.monotonic() - start >= delay
        with pytest.raises(pychrony.ChronyTimeoutError):
            pychrony.get_tracking(silent, timeout=0.1)
        process.stdin.close()
    assert process.returncode == 0
