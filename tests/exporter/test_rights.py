"""Which rights the exporter needs for chronyd's Unix socket: what docs/prometheus.md and the systemd unit rely on."""

from __future__ import annotations

import os
import shutil

import pytest
from support import child
from support.chronyd import Chronyd, daemon_user
from support.stranger import STRANGER

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or daemon_user().pw_uid == 0,
    reason="only root can become chronyd's user and others",
)

# The interpreter may be where only root can read, so the process changes its user once all is imported.
ASK = """
import ctypes, os, subprocess, pychrony
from pychrony.exporter.metrics import REPORTS
from pychrony.exporter.scrapes import Scrapes
directory = {directory!r}
for command in {commands!r}:
    subprocess.run(command, check=True)
os.setgroups([])
os.setgid({group})
os.setuid({user})
assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
errors = []
scrapes = Scrapes(directory + "/chronyd.sock", 10.0, REPORTS, lambda _, error: errors.append(str(error)))
up = [family for family in scrapes(float("inf")).metrics if family.name == "chrony_up"]
print(up[0].samples[0].value, *errors)
"""


def scrape_as(
    daemon: Chronyd, user: int, group: int, *, read_only: bool = False
) -> tuple[float, str]:
    """chrony_up and the errors, from a process that runs as that user and in that group alone."""
    directory = str(daemon.directory)
    commands = []
    if read_only:
        commands = [
            ["mount", "--bind", directory, directory],
            ["mount", "-o", "remount,bind,ro", directory],
        ]
    unshare = shutil.which("unshare")
    assert unshare is not None
    said = child.check(
        ASK.format(directory=directory, commands=commands, user=user, group=group),
        prefix=(unshare, "--mount"),
    )
    up, _, errors = said.strip().partition(" ")
    return float(up), errors


def test_chronyds_user_needs_no_group_and_no_capability() -> None:
    with Chronyd() as daemon:
        assert scrape_as(daemon, daemon_user().pw_uid, STRANGER) == (1, "")
        # Debian's unit gives the directory this mode.
        daemon.directory.chmod(0o700)
        assert scrape_as(daemon, daemon_user().pw_uid, STRANGER) == (1, "")


def test_chronyds_group_is_not_enough() -> None:
    with Chronyd() as daemon:
        daemon.directory.chmod(0o770)
        up, errors = scrape_as(daemon, STRANGER, daemon_user().pw_gid)
        assert up == 0
        assert "Permission denied" in errors


def test_the_sockets_directory_must_be_writable() -> None:
    with Chronyd() as daemon:
        up, errors = scrape_as(daemon, daemon_user().pw_uid, daemon_user().pw_gid, read_only=True)
        assert up == 0
        assert "Read-only file system" in errors


def test_the_command_port_needs_no_privilege() -> None:
    with Chronyd() as daemon:
        said = child.check(
            "import os, pychrony\n"
            "os.setgroups([])\n"
            f"os.setgid({STRANGER})\n"
            f"os.setuid({STRANGER})\n"
            f"print(pychrony.get_activity({daemon.udp!r}).online)"
        )
        assert said == "0\n"
