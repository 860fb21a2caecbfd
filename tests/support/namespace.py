"""What looks like a separate machine, for the default addresses: private /run, private loopback, port 323 free.

Run as a program inside `unshare` (see `prefix`), it sets that up and then runs what follows on its command line.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import sys

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_SIOCSIFADDR = 0x8916
_MS_RDONLY, _MS_REMOUNT, _MS_BIND = 1, 32, 4096


def prefix(*, own_network: bool = True) -> tuple[str, ...]:
    """What goes before a command, so that it runs in a namespace of its own; the network may be the machine's."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise RuntimeError(
            "unshare is not installed: the default addresses can be tried only in a private namespace"
        )
    own = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    spaces = ("--mount", "--net") if own_network else ("--mount",)
    return (unshare, *own, *spaces, sys.executable, __file__)


def mount(kind: str, target: str, data: str = "mode=0755", flags: int = 0) -> None:
    """Mount something there. Only within the namespace: elsewhere this is forbidden, or should be."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind.encode(), target.encode(), kind.encode(), flags, data.encode()) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), target)


def bind(source: str, target: str, *, read_only: bool = False) -> None:
    """Show a directory or a file at a second path."""
    mount(source, target, "", _MS_BIND)
    if read_only:
        mount("none", target, "", _MS_BIND | _MS_REMOUNT | _MS_RDONLY)


def mount_again(directory: str, *, read_only: bool) -> None:
    """Mount a directory onto itself, for reading only or not."""
    if not os.path.ismount(directory):
        bind(directory, directory)
    mount("none", directory, "", _MS_BIND | _MS_REMOUNT | (_MS_RDONLY if read_only else 0))


def add_address(address: str) -> None:
    """Give this IPv4 address to the machine, beside the loopback's own."""
    name, family = b"lo:0", socket.AF_INET
    request = struct.pack("16sHH4s16x", name, family, 0, socket.inet_aton(address))
    with socket.socket(family, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFADDR, request)


def main() -> None:
    # The loopback interface of a new network is down. The machine's is up, and an ordinary user may not touch it.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        with contextlib.suppress(PermissionError):
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    for directory in {os.path.realpath("/run"), os.path.realpath("/var/run")}:
        mount("tmpfs", directory)
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
