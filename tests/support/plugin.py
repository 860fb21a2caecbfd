"""A parser of what monitoring plugins print, by the Monitoring Plugins Development Guidelines."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

STATUS = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}

# 'label'=value[unit];[warning];[critical];[minimum];[maximum]. Numbers have only digits, point and sign; thresholds
# are ranges.
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
RANGE = rf"@?(?:(?:~|{NUMBER}):)?(?:{NUMBER})?"
DATUM = re.compile(
    rf"(?P<label>[^\s='|]+)=(?P<value>{NUMBER})(?P<unit>|s|us|ms|%|[KMGT]?B|c)"
    rf"(?:;(?P<warning>{RANGE})(?:;(?P<critical>{RANGE})(?:;(?P<minimum>{NUMBER})?(?:;(?P<maximum>{NUMBER})?)?)?)?)?"
)


@dataclass(frozen=True)
class Datum:
    value: float
    unit: str
    warning: str
    critical: str
    minimum: str | None
    maximum: str | None


@dataclass(frozen=True)
class Output:
    status: int
    text: str
    data: dict[str, Datum]
    further: list[str]


def parse(done: subprocess.CompletedProcess[str]) -> Output:
    """The output of a plugin that has ended. AssertionError if a monitoring system would not understand it."""
    assert done.stderr == ""
    first, *further = done.stdout.splitlines()
    assert "|" not in "".join(further)
    text, bar, data = first.partition(" | ")
    assert bar or "|" not in first
    matched = re.fullmatch(r"CLOCK (OK|WARNING|CRITICAL|UNKNOWN): (\S.*)", text)
    assert matched is not None, text
    assert STATUS[matched[1]] == done.returncode
    parsed = {}
    for item in data.split():
        datum = DATUM.fullmatch(item)
        assert datum is not None, item
        label, value, *rest = datum.groups()
        unit, warning, critical, minimum, maximum = rest
        parsed[label] = Datum(float(value), unit, warning or "", critical or "", minimum, maximum)
    assert len(parsed) == len(data.split())
    return Output(done.returncode, matched[2], parsed, further)
