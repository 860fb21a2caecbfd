"""What several requests of a list in flight at once would gain: the prototype overlap.c, near and far."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import parts
from daemons import Daemons

SOURCES = 64
SESSIONS = (1, 2, 4, 8, 16, 64)
DELAY = 0.020


@contextmanager
def relayed(address: str) -> Iterator[str]:
    """The address of a relay to this UDP address, which delays the answers."""
    port = address.rpartition(":")[2]
    command = [sys.executable, str(parts.HERE / "relay.py"), port, str(DELAY)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield f"127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


def measure(daemons: Daemons, library: Path, quick: bool) -> dict[str, Any]:
    """Seconds per list of sources by the number of sessions, for each kind of link."""
    program = parts.program("overlap", "library")
    udp = daemons.address(SOURCES, "udp")
    rounds = 3 if quick else 9
    with relayed(udp) as far:
        links = {
            "Unix socket": (daemons.address(SOURCES, "unix"), 50),
            "UDP": (udp, 50),
            f"UDP, answers {1000 * DELAY:.0f} ms later": (far, 1),
        }
        runs: dict[str, dict[str, list[dict[str, float]]]] = {link: {} for link in links}
        for number in range(rounds):
            for link, (address, lists) in links.items():
                if address == far and number >= 3:
                    continue  # there the delay outweighs all else, and it does not vary
                for sessions in SESSIONS:
                    command = [
                        str(program),
                        str(library),
                        address,
                        "sources",
                        str(sessions),
                        str(lists),
                    ]
                    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                    runs[link].setdefault(str(sessions), []).append(json.loads(done.stdout))
    return {
        link: {
            sessions: {
                what: statistics.median(run[what] for run in measured)
                for what in ("open", "wall", "cpu")
            }
            for sessions, measured in by_sessions.items()
        }
        for link, by_sessions in runs.items()
    }
