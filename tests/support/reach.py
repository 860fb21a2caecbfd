"""The addresses of a daemon by transport."""

from __future__ import annotations

from .chronyd import Chronyd


def address_of(daemon: Chronyd, transport: str) -> str:
    """Where this daemon is reached by "unix", "udp" (IPv4) or "udp6"."""
    return {"unix": daemon.socket, "udp": daemon.udp, "udp6": daemon.udp6}[transport]
