"""Asks a chronyd: by an address as libchrony takes it, or by the name of a host, which libchrony does not accept."""

from __future__ import annotations

import os
import time

import pychrony

from . import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Callable, TypeVar

    Answer = TypeVar("Answer")

PORT = 323
AT_SECURE = 23  # in the auxiliary vector: the process runs with raised privileges


def ask(
    address: str | None,
    timeout: float,
    question: Callable[[pychrony.ChronyConnection], Answer],
    family: int = 0,
) -> Answer:
    """The answer to a question that is asked on a new connection.

    The timeout applies separately to resolving the host's name and to each answer. Raises as pychrony does.
    """
    return ask_first(candidates(address, timeout, family), timeout, question)


def ask_first(
    addresses: Sequence[str | None],
    timeout: float,
    question: Callable[[pychrony.ChronyConnection], Answer],
) -> Answer:
    """The answer of the first address that answers: one that refuses is left at once, one that is silent after its share
    of the timeout.
    """
    end = time.monotonic() + timeout
    errors: list[pychrony.ChronyConnectionError] = []
    for position, candidate in enumerate(addresses):
        left = len(addresses) - position
        share = timeout if len(addresses) == 1 else max(0.001, end - time.monotonic()) / left
        try:
            connection = connect(candidate, share)
            try:
                open_(connection)
                return question(connection)
            finally:
                connection.close()
        except pychrony.ChronyConnectionError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    # That one was silent says more than that another one refused.
    first = next((error for error in errors if isinstance(error, TimeoutError)), errors[0])
    raise type(first)("; ".join(map(str, errors)), first.error_code)


def connect(address: str | None, timeout: float) -> pychrony.ChronyConnection:
    """A connection. If the address is malformed, the error is worded for the command, which takes host names."""
    try:
        return pychrony.ChronyConnection(address, timeout=timeout)
    except ValueError as error:
        raise malformed(error) from None


def open_(connection: pychrony.ChronyConnection) -> None:
    """Open it. PYCHRONY_ADDRESS is read only now, and may be malformed."""
    try:
        connection.open()
    except pychrony.ChronyError:
        raise
    except ValueError as error:
        raise malformed(error) from None


def malformed(error: ValueError) -> UsageError:
    # The module takes no host names; the command does.
    said = str(error).replace(" (host names are not looked up)", "; nor is it a host name")
    return UsageError(f"{said}; libchrony does not accept a zone" if "%" in said else said)


def candidates(address: str | None, timeout: float, family: int = 0) -> list[str | None]:
    """The addresses to try, each as pychrony takes it."""
    used = in_force(address)
    if used is None:
        return [None]
    host, port = host_and_port(used)
    if host is not None:
        return list(resolve(host, port, timeout, family))
    # Unless it is rewritten, the extension reads PYCHRONY_ADDRESS itself, and names it in its errors.
    return [address if used == from_environment() else used]


def in_force(address: str | None) -> str | None:
    """The address that was given, or that of PYCHRONY_ADDRESS. A URL of a Unix socket (unix:///run/...) becomes its path."""
    address = address if address is not None else from_environment()
    if address is not None and address.startswith("unix:/"):
        return "/" + address[len("unix:") :].lstrip("/")
    return address


def from_environment() -> str | None:
    """PYCHRONY_ADDRESS, where the extension heeds it: not in a process with raised privileges."""
    address = os.environ.get("PYCHRONY_ADDRESS")
    return address if address and not has_raised_privileges() else None


def has_raised_privileges() -> bool:
    """Whether the kernel says so (AT_SECURE), as secure_getenv() of the C library asks."""
    import struct

    try:
        with open("/proc/self/auxv", "rb") as file:
            vector = dict(struct.iter_unpack("LL", file.read()))
        return bool(vector[AT_SECURE])
    except (OSError, KeyError, struct.error):
        # Where /proc is missing or closed to such a process. The kernel considers more than these two.
        return os.getuid() != os.geteuid() or os.getgid() != os.getegid()


def host_and_port(address: str) -> tuple[str | None, str]:
    """The host's name and the port's digits; None instead of the name if this is no host's name.

    A path, an IP address and anything malformed go to pychrony unchanged, because it says best what is wrong with them.
    """
    host, colon, port = address.partition(":")
    last = host.rstrip(".").rpartition(".")[2]
    is_name = (
        all(
            part.strip("-").replace("-", "").replace("_", "").isalnum()
            for part in host.rstrip(".").split(".")
        )
        and not last.isdigit()  # four numbers, or too few of them
        and ":" not in port
    )
    if not is_name:
        return None, ""
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UsageError(f"address {address!r}: the port must be a number from 1 to 65535")
    return host, port


def resolve(host: str, port: str, timeout: float, family: int = 0) -> list[str]:
    """The host's addresses, each with the port."""
    addresses = look_up(host, timeout, family)
    return [f"[{ip}]:{port or PORT}" if ":" in ip else f"{ip}:{port or PORT}" for ip in addresses]


def look_up(host: str, timeout: float, family: int = 0) -> list[str]:
    """The host's IP addresses: all, or those of one family (socket.AF_INET, socket.AF_INET6)."""
    import socket
    import threading

    found: list[Any] = []
    errors: list[Exception] = []

    def resolve() -> None:
        try:
            found.extend(socket.getaddrinfo(host, None, family, type=socket.SOCK_DGRAM))
        except Exception as error:
            errors.append(error)

    # getaddrinfo() has no timeout, and a signal does not end it, so it runs in a thread that may be left behind in it.
    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(min(timeout, threading.TIMEOUT_MAX))
    if thread.is_alive():
        raise pychrony.ChronyTimeoutError(
            f"cannot resolve the host name {host!r} within {timeout:g} s. Does DNS work?",
            pychrony.ErrorCode.TIMEOUT,
        )
    if errors:
        reason = getattr(errors[0], "strerror", None) or str(errors[0])
        raise pychrony.ChronyConnectionError(
            f"cannot resolve the host name {host!r}: {reason}. Is it spelled right, and does DNS work?",
            pychrony.ErrorCode.OPEN_FAILED,
        ) from errors[0]
    # libchrony takes no zone (fe80::1%eth0).
    addresses = [str(ip) for _, _, _, _, (ip, *_) in found if "%" not in str(ip)]
    if not addresses:
        raise pychrony.ChronyConnectionError(
            f"the host name {host!r} has only link-local addresses with a zone, which libchrony does not accept",
            pychrony.ErrorCode.OPEN_FAILED,
        )
    return list(dict.fromkeys(addresses))
