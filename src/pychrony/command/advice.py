"""What to do about a clock that is not good."""

from __future__ import annotations

from .. import health

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pychrony import NTPData, Source

    from ..health import Verdict

NAME_SERVERS = (
    "Name servers in chrony.conf (server or pool), or start the network that brings them by DHCP."
)
DNS = "Does DNS work here? The names of the servers in chrony.conf are not resolved."
OPEN_NETWORK = (
    "Do the network and the firewall let NTP through (UDP port 123 to the servers)? pychrony activity shows whether "
    "sources are offline; chronyc online brings them back."
)
OTHER_SERVERS = (
    "The servers answer, but are not synchronised themselves: wait for them, or name others."
)
OTHER_SERVER = "Wait for it, or name another one: the network is not the cause."
WAIT = "chronyd needs a few measurements after its start: pychrony wait."
STEP = (
    "chronyd corrects this slowly. chronyc makestep sets the clock at once; first stop programs that cannot cope with a jump. "
    "makestep in chrony.conf allows it at the start."
)
SET_BACK = "Does another program set the clock: date, another NTP client, the hypervisor's guest tools? Stop it."
DISAGREE = (
    "The sources disagree with each other, so that no majority is right. Compare them with a clock that is known to be "
    "good, remove those that are wrong, and name four or more."
)
OUTVOTED = (
    "Compare it with the others (pychrony sources); remove it from chrony.conf if it stays so."
)
DRIVER = "Is the reference clock's driver running?"
EACH_SOURCE = "pychrony doctor looks at each source and says what to do."

FAR_OFF = 10.0  # seconds; chronyd slews these in two minutes, at its default maxslewrate


def overview(verdict: Verdict) -> list[str]:
    """What to do first, in short. Nothing if all is well."""
    if verdict.level == health.Level.OK:
        outvoted = any(finding.code == "falsetickers" for finding in verdict.findings)
        return [EACH_SOURCE] if outvoted else []
    first = on_clock(verdict, {})
    return [first] if EACH_SOURCE in first or not verdict.sources else [first, EACH_SOURCE]


def on_clock(verdict: Verdict, packets: Mapping[str, NTPData]) -> str:
    """packets: NTP sources' reports by address, as far as chronyd gave them."""
    sources = health.resolved(verdict.sources)
    codes = {finding.code for finding in verdict.findings}
    if not verdict.sources:
        return NAME_SERVERS
    if not sources:
        return DNS
    if is_far_off(verdict):
        return STEP
    if "clock-set-back" in codes:
        return SET_BACK
    if not any(source.is_reachable() for source in sources):
        if any(answers_unsynchronised(source, packets.get(source.address)) for source in sources):
            return OTHER_SERVERS
        return OPEN_NETWORK
    if disagree(sources):
        return DISAGREE
    if "unsynchronised" in codes or "local-reference" in codes:
        return f"{WAIT} {EACH_SOURCE}"
    return EACH_SOURCE


def is_far_off(verdict: Verdict) -> bool:
    """Whether the clock is so far off that slewing it takes minutes, or years."""
    tracking = verdict.tracking
    if tracking is None:
        return False
    trusted = [
        each for each in verdict.sources if each.state.name not in ("FALSETICKER", "JITTERY")
    ]
    known = [abs(each.latest_meas) for each in trusted if each.latest_meas is not None]
    return max([abs(tracking.offset), *known]) > FAR_OFF


def disagree(sources: list[Source]) -> bool:
    """Whether there are falsetickers and nothing but falsetickers to choose from."""
    states = [source.state.name for source in sources]
    return states.count("FALSETICKER") > 1 and not any(map(health.is_usable, sources))


def on_source(source: Source, packet: NTPData | None, sources: list[Source]) -> str | None:
    if not source.is_reachable():
        if source.mode.name == "REFCLOCK":
            return DRIVER
        return OTHER_SERVER if answers_unsynchronised(source, packet) else OPEN_NETWORK
    if source.state.name == "FALSETICKER" and not disagree(sources):
        return OUTVOTED
    return None


def answers_unsynchronised(source: Source, packet: NTPData | None) -> bool:
    """Whether the server answers, yet is not synchronised: chronyd's reach register counts synchronised servers only.

    The counters of packets begin with chronyd, so that a server which fell silent has valid ones too.
    """
    if packet is None or source.is_reachable() or not packet.received_valid_messages:
        return False
    unsynchronised = packet.leap_status is not None and packet.leap_status.name == "UNSYNC"
    lost = packet.transmitted_messages - packet.received_messages
    return unsynchronised or lost < health.POLLS
