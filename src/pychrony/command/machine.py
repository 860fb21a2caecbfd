"""What `pychrony doctor` looks at on this machine: Python, libchrony, chronyd's socket and its processes."""

from __future__ import annotations

import os
import re
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The addresses that pychrony tries by default, in its order.
ADDRESSES = (
    "/run/chrony/chronyd.sock",
    "/var/run/chrony/chronyd.sock",
    "127.0.0.1:323",
    "[::1]:323",
)

# Where distributions have chronyd's configuration, if its command line does not say.
CONFIGURATIONS = ("/etc/chrony/chrony.conf", "/etc/chrony.conf")

# Of a process outside all containers. Linux: PROC_PID_INIT_INO.
FIRST_PID_NAMESPACE = "pid:[4026531836]"


def python() -> str:
    machine = os.uname()
    return f"{sys.version.split()[0]}, {sys.executable}, on {machine.sysname} {machine.release} {machine.machine}"


def libchrony() -> str:
    """Which one is in use."""
    import pychrony

    path = pychrony.libchrony_path
    origin = "found by the dynamic linker"
    if os.environ.get("PYCHRONY_LIBCHRONY"):
        origin = "named by PYCHRONY_LIBCHRONY"
    elif path.startswith(os.path.dirname(os.path.dirname(pychrony.__file__ or ""))):
        origin = "included in pychrony's wheel"
    return f"{path}, {origin}; it supports the reports {', '.join(pychrony.supported_reports())}"


def has_extension(package: str) -> bool:
    return any(
        name.startswith("__init__.") and name.endswith(".so") for name in os.listdir(package)
    )


# Addresses.


def usual_addresses() -> list[str]:
    """pychrony's four default addresses, or three if /var/run is the same as /run."""
    same = os.path.realpath("/var/run") == os.path.realpath("/run")
    return [address for address in ADDRESSES if not (same and address.startswith("/var/run/"))]


def is_here(address: str) -> bool:
    """Whether only a process on this machine can answer at this address."""
    here = r"/.*|(localhost|127\.[\d.]+|\[::1\])(:\d+)?|::1"
    return re.fullmatch(here, address) is not None


def socket_file(path: str) -> str:
    """Who owns a Unix socket and its directory, as far as the file system shows."""
    directory = os.path.dirname(path)
    try:
        status = os.stat(directory)
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no directory {directory}"
    except OSError as error:
        return f"the directory {directory} cannot be inspected ({error.strerror})"
    place = f"its directory belongs to {owner(status)}"
    if os.statvfs(directory).f_flag & os.ST_RDONLY:
        place += " and is on a read-only file system"
    elif not os.access(directory, os.W_OK | os.X_OK, effective_ids=True):
        place += ", where this process may not create files"
    us = f"you are {ourselves()}"
    try:
        file = os.stat(path)
    except PermissionError:
        return f"{place}; {us}"
    except OSError:
        return f"there is no such socket; {place}; {us}"
    kind = "the socket" if stat.S_ISSOCK(file.st_mode) else "it is not a socket but a file, which"
    return f"{kind} belongs to {owner(file)}, {place}; {us}"


def owner(status: os.stat_result) -> str:
    return f"{user_name(status.st_uid)}:{group_name(status.st_gid)} (mode {stat.S_IMODE(status.st_mode):04o})"


def ourselves() -> str:
    groups = ", ".join(sorted(group_name(group) for group in {*os.getgroups(), os.getegid()}))
    return f"user {user_name(os.geteuid())} (groups {groups})"


def user_name(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


# Processes.


class Process:
    """A running chronyd, as far as /proc shows it."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.user = user_name(os.stat(f"/proc/{number}").st_uid)
        with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as file:
            before, _, after = file.read().rpartition(")")
        self.name = before.partition("(")[2]
        self.is_stopped = after.split()[0] == "T"

    def __str__(self) -> str:
        words = f"process {self.number} of user {self.user}"
        return words + ", which is stopped" if self.is_stopped else words

    def directives(self) -> tuple[str, list[list[str]]]:
        """The file of its configuration, and the directives in it and on the command line. OSError: it is not readable."""
        with open(f"/proc/{self.number}/cmdline", encoding="utf-8", errors="replace") as file:
            arguments = file.read().split("\0")[1:-1]
        candidates: tuple[str, ...] = CONFIGURATIONS
        if "-f" in arguments[:-1]:
            candidates = (arguments[arguments.index("-f") + 1],)
        lines = list(arguments)  # chronyd takes directives there, too
        path = next(filter(os.path.exists, candidates), candidates[0])
        with open(path, encoding="utf-8", errors="replace") as file:
            lines += file
        return path, [line.split() for line in lines if line.strip()]

    def addresses(self) -> tuple[str, list[str]]:
        """The file of its configuration, and where that has it listen on this machine, if not at the usual addresses."""
        path, directives = self.directives()
        found = []
        port = "323"
        for name, *values in directives:
            if name.lower() == "bindcmdaddress" and values and values[0].startswith("/"):
                found.append(values[0])
            elif name.lower() == "cmdport" and values:
                port = values[0]
        found = [address for address in found if address != "/"]  # that turns the socket off
        if port not in ("0", "323"):
            found.append(f"127.0.0.1:{port}")
        return path, [address for address in found if address not in ADDRESSES]


def processes() -> Iterator[Process]:
    """All chronyds that can be seen from here."""
    for number in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
        try:
            process = Process(number)
        except OSError:
            continue  # it has ended meanwhile
        if process.name == "chronyd":
            yield process


def is_container() -> bool:
    """Whether this process sees only the processes of a part of the machine."""
    try:
        return os.readlink("/proc/self/ns/pid") != FIRST_PID_NAMESPACE
    except OSError:
        return False
