"""/probe: which targets may be asked, and where they are."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Union
from urllib.parse import urlsplit

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

COMMAND_PORT = 323


class Refusal(Exception):
    """Why a request is refused: an HTTP status and a sentence."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def parse(target: str) -> tuple[str, int]:
    """The host and port of HOST, HOST:PORT, [IPV6]:PORT or IPV6. Refusal: it is none of these."""
    if "%" in target:
        raise malformed(target, "an address with a zone cannot be asked")
    try:
        return str(ipaddress.ip_address(target)), COMMAND_PORT
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{target}")
        port = COMMAND_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise malformed(target, str(error)) from error
    host = parts.hostname
    whole = parts.netloc == target and parts.username is None and not target.endswith(":")
    if not (host and port and whole):
        raise malformed(target, "it has no host, or more than a host and a port")
    if not host.isascii() or not all(each.isalnum() or each in "-._:" for each in host):
        raise malformed(target, "a host name cannot have such characters")
    return host, port


def malformed(target: str, reason: str) -> Refusal:
    return Refusal(
        "400 Bad Request",
        f"target {target!r} is not HOST, HOST:PORT, [IPV6]:PORT or IPV6: {reason}",
    )


def resolve(target: str, allowed: Sequence[Network]) -> list[str]:
    """The addresses of a target that are in an allowed network, in the form that pychrony takes.

    They are numeric, so that the address that was checked is the one that is asked: a name is resolved once, here.
    """
    host, port = parse(target)
    if not allowed:
        raise Refusal(
            "403 Forbidden", "no target is allowed: start the exporter with --allow NETWORK"
        )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except UnicodeError as error:
        raise malformed(target, str(error)) from error
    except OSError as error:
        raise Refusal("502 Bad Gateway", f"cannot resolve {host}: {error}") from error
    addresses = [
        unmapped(str(sockaddr[0])) for *_, sockaddr in found if "%" not in str(sockaddr[0])
    ]
    usable = [
        f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        for address in addresses
        if any(address in network for network in allowed)
    ]
    if not usable:
        raise Refusal(
            "403 Forbidden",
            f"{host} ({', '.join(map(str, addresses))}) is not in a network given with --allow",
        )
    return usable


def unmapped(text: str) -> Address:
    """The address; an IPv4 address that is written as IPv6 (::ffff:192.0.2.1) becomes IPv4."""
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped
