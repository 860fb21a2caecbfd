"""Asks a chronyd: by an address as libchrony takes it, or by the name of a host, which libchrony does not take."""

from __future__ import annotations

import pychrony

from . import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    Answer = TypeVar("Answer")


def ask(
    address: str | None, timeout: float, question: Callable[[pychrony.ChronyConnection], Answer]
) -> Answer:
    """The answer to a question that is asked on a connection of its own.

    A host's addresses are tried in order until one does not refuse; a silent one ends the search, as with the default
    addresses. The timeout applies separately to resolving the host's name and to each answer. Raises as pychrony does.
    """
    refusals = []
    for candidate in candidates(address, timeout):
        try:
            with connect(candidate, timeout) as connection:
                return question(connection)
        except pychrony.ChronyTimeoutError:
            raise
        except pychrony.ChronyConnectionError as error:
            refusals.append(error)
    if len(refusals) == 1:
        raise refusals[0]
    raise pychrony.ChronyConnectionError(
        "; ".join(str(error) for error in refusals), refusals[0].error_code
    )


def connect(address: str | None, timeout: float) -> pychrony.ChronyConnection:
    """A connection. If the address is malformed, the error is worded for the command, which takes host names."""
    try:
        return pychrony.ChronyConnection(address, timeout=timeout)
    except ValueError as error:
        # The module takes no host names; the command does.
        said = str(error).replace(" (host names are not looked up)", "; nor is it a host's name")
        raise UsageError(said) from None


def candidates(address: str | None, timeout: float) -> list[str | None]:
    """The addresses to try, each as pychrony takes it."""
    if address is None:
        return [None]
    host, port = host_and_port(address)
    return [address] if host is None else list(resolve(host, port, timeout))


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


def resolve(host: str, port: str, timeout: float) -> list[str]:
    """The host's addresses, each with the port."""
    return [
        f"[{ip}]:{port or 323}" if ":" in ip else f"{ip}:{port or 323}"
        for ip in look_up(host, timeout)
    ]


def look_up(host: str, timeout: float) -> list[str]:
    """The host's IP addresses."""
    import socket
    import threading

    found: list[Any] = []
    errors: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM))
        except Exception as error:
            errors.append(error)

    # getaddrinfo() has no timeout, and a signal does not end it, so it runs in a thread that may be left behind in it.
    thread = threading.Thread(target=look_up, daemon=True)
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
    return [str(ip) for _, _, _, _, (ip, *_) in found]
