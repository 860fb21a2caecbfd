"""How chronyc reads the responder's answers."""

from __future__ import annotations

from . import chronyc
from .responder import REPLIES, Responder


def chronyc_reads(daemon: Responder, report: str) -> dict[str, str]:
    """The record as this chronyc reads it. Each release knows one reply of each report."""
    for code in sorted(REPLIES[report], reverse=True):
        daemon.codes[report] = code
        try:
            return _read_reply(daemon, report)
        except RuntimeError as error:
            refused = error
            if "Bad reply" not in str(error):
                break
    raise refused


def _read_reply(daemon: Responder, report: str) -> dict[str, str]:
    if daemon.transport == "unix":
        (record,) = chronyc.records(daemon.address, report)
    else:
        host = daemon.address.rpartition(":")[0].strip("[]")
        (record,) = chronyc.records(host, report, port=daemon.port)
    return record
