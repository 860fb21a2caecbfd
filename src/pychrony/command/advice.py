"""What to do about a clock that is not good."""

from __future__ import annotations

from .. import health

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..health import Verdict

NAME_SERVERS = (
    "Name servers in chrony.conf (server or pool), or start the network that brings them by DHCP."
)
OPEN_NETWORK = (
    "Do the network and the firewall let NTP through (UDP port 123 to the servers)? pychrony activity shows whether "
    "sources are offline; chronyc online brings them back."
)
EACH_SOURCE = "pychrony doctor looks at each source and says what to do."


def on(verdict: Verdict) -> list[str]:
    """What to do first. Nothing if all is well."""
    if verdict.level == health.Level.OK:
        return []
    if not verdict.sources:
        return [NAME_SERVERS]
    return [EACH_SOURCE]
