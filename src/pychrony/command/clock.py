"""What the tracking report says of the clock: whether it is synchronised, and how far it may be wrong."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pychrony import Source, TrackingStatus

# The reference ID of the `local` directive: chronyd serves its own clock, and follows no source (127.127.1.1).
LOCAL_REFERENCE = 0x7F7F0101


def is_local(status: TrackingStatus) -> bool:
    """Whether chronyd takes the machine's own clock for its reference. A server may have that address, too."""
    return status.reference_id == LOCAL_REFERENCE and status.reference_ip is None


def is_synchronised(status: TrackingStatus) -> bool:
    """Whether the clock follows a source, as `chronyc waitsync` has it."""
    return status.is_synchronized() and not is_local(status)


def greatest_error(status: TrackingStatus) -> float:
    """How many seconds the clock may be wrong, if the path to the primary source is no worse than one-sided.

    What is still being corrected, and what the measurements on the way to the primary source may hide: RFC 5905's root
    distance.
    """
    return abs(status.offset) + status.root_dispersion + status.root_delay / 2


def in_words(status: TrackingStatus) -> str:
    """The state of synchronisation."""
    if is_local(status):
        return "not synchronised: chronyd follows no source, only its local reference"
    if not is_synchronised(status):
        return "not synchronised"
    return f"synchronised to {status.reference_id_name}"


def reachable(sources: list[Source]) -> int:
    """How many sources answered any of the last eight polls."""
    return sum(source.is_reachable() for source in sources)


def count_of_reachable(sources: list[Source]) -> str:
    """For people: 2 of 4 sources reachable."""
    if not sources:
        return "chronyd has no sources"
    return f"{reachable(sources)} of {len(sources)} sources reachable"
