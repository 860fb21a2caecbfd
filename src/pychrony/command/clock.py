"""What the tracking report says about the clock, in words, and how far the clock may be wrong."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pychrony import Source, TrackingStatus


def greatest_error(status: TrackingStatus) -> float:
    """How many seconds the clock may be wrong, if the path to the primary source is no worse than one-sided.

    This is the offset that is still being corrected, plus what the measurements on the way to the primary source may hide:
    RFC 5905's root distance.
    """
    return abs(status.offset) + status.root_dispersion + status.root_delay / 2


def in_words(status: TrackingStatus) -> str:
    """The state of synchronisation."""
    if status.is_local_reference():
        return "not synchronised: chronyd follows no source, only its local reference"
    if not status.is_synchronized():
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
