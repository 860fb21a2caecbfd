"""chronyc's view of a chronyd: its machine-readable reports as dictionaries by field name.

The columns are those that `chronyc -c` prints; the names are libchrony's where libchrony has the field.
"""

from __future__ import annotations

import csv
import functools
import os
import pwd
import re
import shutil
import subprocess

from . import child

COLUMNS: dict[str, tuple[str, ...]] = {
    "tracking": (
        "reference ID",
        "address",
        "stratum",
        "reference time",
        "current correction",
        "last offset",
        "RMS offset",
        "frequency offset",
        "residual frequency",
        "skew",
        "root delay",
        "root dispersion",
        "last update interval",
        "leap status",
    ),
    "sources": (
        "mode",
        "state",
        "address",
        "stratum",
        "poll",
        "reachability",
        "last sample ago",
        "adjusted last sample offset",
        "original last sample offset",
        "last sample error",
    ),
    "sourcestats": (
        "address",
        "samples",
        "runs",
        "span",
        "residual frequency",
        "skew",
        "offset",
        "standard deviation",
    ),
    "activity": (
        "online sources",
        "offline sources",
        "burst online-return sources",
        "burst offline-return sources",
        "unresolved sources",
    ),
    "rtcdata": (
        "reference time",
        "samples",
        "runs",
        "span",
        "offset",
        "frequency offset",
    ),
    "smoothing": (
        "active",
        "leaponly",
        "offset",
        "frequency offset",
        "wander",
        "last update ago",
        "remaining time",
    ),
    "serverstats": (
        "received NTP requests",
        "dropped NTP requests",
        "received command requests",
        "dropped command requests",
        "dropped client log records",
        "accepted NTS-KE connections",
        "dropped NTS-KE connections",
        "received authenticated NTP requests",
        "received interleaved NTP requests",
        "held NTP timestamps",
        "NTP timestamp span",
        "served daemon RX timestamps",
        "served daemon TX timestamps",
        "served kernel RX timestamps",
        "served kernel TX timestamps",
        "served hardware RX timestamps",
        "served hardware TX timestamps",
    ),
    "authdata": (
        "address",
        "mode",
        "key ID",
        "key type",
        "key length",
        "last key establishment ago",
        "key establishment attempts",
        "NAK",
        "cookies",
        "cookie length",
    ),
    "selectdata": (
        "state",
        "address",
        "authentication",
        *(f"configured option {letter}" for letter in "NPTR?"),
        *(f"effective option {letter}" for letter in "NPTR?"),
        "last sample ago",
        "score",
        "low limit",
        "high limit",
        "leap status",
    ),
    "ntpdata": (
        "remote address",
        "remote address as ID",
        "remote port",
        "local address",
        "local address as ID",
        "leap status",
        "version",
        "mode",
        "stratum",
        "poll",
        "poll in seconds",
        "precision",
        "precision in seconds",
        "root delay",
        "root dispersion",
        "reference ID",
        "reference name",
        "reference time",
        "offset",
        "peer delay",
        "peer dispersion",
        "response time",
        "jitter asymmetry",
        "tests 1-3",
        "tests 5-7",
        "tests A-D",
        "interleaved",
        "authenticated",
        "transmit timestamping",
        "receive timestamping",
        "transmitted messages",
        "received messages",
        "received valid messages",
        "received good messages",
    ),
}


def executable(name: str) -> str:
    """The path of one of chrony's programs. Nothing here can be tested without it, so its absence is an error."""
    path = shutil.which(name) or shutil.which(
        name, path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
    )
    if path is None:
        raise RuntimeError(
            f"{name} is not installed: these tests need the real chrony (apt install chrony)"
        )
    return path


@functools.cache
def release() -> str:
    """The release of chrony that is used here, such as "4.3"."""
    done = child.execute([executable("chronyd"), "--version"])
    assert done.returncode == 0, done.stdout
    found = re.search(r"version (\d+\.\d+)", done.stdout)
    assert found, done.stdout
    return found[1]


def version() -> tuple[int, ...]:
    """The same, to be compared."""
    return tuple(map(int, release().split(".")))


@functools.cache
def _as_ourselves() -> tuple[str, ...]:
    """From chrony 4.8 on, root's chronyc runs as another user, who may not use our daemons' directories."""
    usage = child.execute([executable("chronyc"), "--help"]).stdout
    return ("-u", pwd.getpwuid(os.geteuid()).pw_name) if "-u USER" in usage else ()


def run(address: str, *arguments: str, port: int | None = None) -> subprocess.CompletedProcess[str]:
    """One chronyc command against one daemon; names are never looked up."""
    command = [executable("chronyc"), *_as_ourselves(), "-n", "-h", address]
    if port is not None:
        command += ["-p", str(port)]
    # CPython 3.9 copies this whole process for a program that it gives a session of its own or closes descriptors for, which
    # takes ten times as long. Python's own descriptors are closed anyway.
    return subprocess.run(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        close_fds=False,
        timeout=child.LIFETIME,
    )


def parse(report: str, text: str) -> list[dict[str, str]]:
    """The lines of `chronyc -c REPORT` as dictionaries. A chronyc may print fewer columns, or additional ones."""
    return [dict(zip(COLUMNS[report], row)) for row in csv.reader(text.splitlines()) if row]


def records(address: str, report: str, *, port: int | None = None) -> list[dict[str, str]]:
    """One report of the daemon at `address`."""
    done = run(address, "-c", report, port=port)
    if done.returncode != 0:
        raise RuntimeError(f"chronyc -c {report} at {address}: {done.stdout.strip()}")
    return parse(report, done.stdout)
