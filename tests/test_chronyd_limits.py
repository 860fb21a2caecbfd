"""What a healthy chronyd says at the limits of a field: each of these once made a whole report fail."""

from __future__ import annotations

import pytest
from support.chronyc import version
from support.chronyd import Chronyd, client_of
from support.waiting import wait_for

import pychrony


def test_a_client_of_a_stratum_15_server_has_stratum_16_and_is_synchronised(
    transport: str,
) -> None:
    with Chronyd(["local stratum 15"], serve=True) as server:
        with Chronyd(client_of("127.0.0.1", server.ntp_port)) as client:
            client.wait_synchronised()
            address = client.socket if transport == "unix" else client.udp
            status = pychrony.get_tracking(address)
            assert status.stratum == int(client.tracking_csv()["stratum"]) == 16
            assert status.leap_status is pychrony.LeapStatus.NORMAL
            assert status.is_synchronized()
            assert pychrony.get_sources(address)[0].stratum == 15


def test_any_stratum_that_a_source_is_given_is_read(transport: str) -> None:
    """`chronyc minstratum` takes any number; the NTP data has the stratum in the packets."""
    with Chronyd(["local stratum 8"], serve=True) as server:
        with Chronyd(client_of("127.0.0.1", server.ntp_port)) as client:
            client.wait_synchronised()
            client.chronyc("minstratum", "127.0.0.1", "100")
            wait_for(
                "the source has the stratum that it was given",
                lambda: client.records("sources")[0]["stratum"] == "100",
            )
            address = client.socket if transport == "unix" else client.udp
            (source,) = pychrony.get_sources(address)
            assert source.stratum == 100
            (data,) = pychrony.get_ntp_data(client.socket)
            assert data.stratum == 8
            assert len(pychrony.get_select_data(client.socket)) == 1


def test_a_client_of_a_source_that_was_made_an_orphan_has_stratum_17() -> None:
    """16 is the stratum of orphans if none is configured. The orphan with the lowest address is followed."""
    with Chronyd(["local stratum 8", "allow 127.0.0.0/8"], serve=True) as server:
        lines = [*client_of("127.0.0.1", server.ntp_port), "bindacqaddress 127.0.0.2"]
        if version() >= (4, 9):
            lines.append("maxstratum 16")
        with Chronyd(lines) as client:
            client.wait_synchronised()
            client.chronyc("minstratum", "127.0.0.1", "16")
            wait_for("chronyd has stratum 17", lambda: client.tracking_csv()["stratum"] == "17")
            status = pychrony.get_tracking(client.socket)
            assert status.stratum == 17
            assert status.is_synchronized()


@pytest.mark.parametrize("poll", [-4, 30, 32, 40])
def test_any_poll_that_a_reference_clock_is_given_is_read(poll: int) -> None:
    if version() >= (4, 7) and abs(poll) > 32:
        pytest.skip("chronyd from 4.7 on takes polls from -32 to 32 only")
    with Chronyd([f"refclock SOCK {{directory}}/s poll {poll} refid PPS"]) as daemon:
        (source,) = pychrony.get_sources(daemon.socket)
        assert (source.address, source.poll) == ("PPS", poll)
        assert int(daemon.records("sources")[0]["poll"]) == poll
        assert source.last_sample_ago is None
