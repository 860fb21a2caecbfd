"""Becoming someone whom chronyd's socket does not admit: neither root nor the chrony user."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

# A user ID that belongs to nobody.
STRANGER = 65432

_CAPABILITY_VERSION = 0x20080522


def is_alone() -> bool:
    """Whether ours is the only user ID: so in a namespace made by a user who is not root."""
    return Path("/proc/self/uid_map").read_text().split()[2:] == ["1"]


def become_stranger(directory: str) -> None:
    """Give up every right to use the socket in `directory`. There is no way back for this process.

    Root becomes another user. Anyone else is the chrony user here, so the directory is closed to all instead.
    """
    if os.geteuid() == 0 and not is_alone():
        os.setgroups([])
        os.setgid(STRANGER)
        os.setuid(STRANGER)
        return
    os.chmod(directory, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, nothing) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "capset")
