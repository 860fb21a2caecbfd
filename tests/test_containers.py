"""The recipes for containers in docs/permissions.md, each tried in a mount namespace of its own.

chronyd runs outside the namespace. It sends a response to the path that the client bound, as chronyd itself sees that path: what
matters is therefore under which name the container sees the directory of chronyd's socket.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import child, namespace
from support.chronyd import Chronyd

ASK = """
import os, sys
sys.path.insert(0, TESTS)
from support.namespace import bind, mount
import pychrony

def hide():
    '''Keep the directory at hand as /run/stash, and put an empty one in its place, as a container has it.'''
    os.mkdir("/run/stash")
    bind(DIRECTORY, "/run/stash")
    mount("tmpfs", os.path.dirname(DIRECTORY))
    os.makedirs(DIRECTORY)

def ask(address, timeout=5.0):
    try:
        print(pychrony.get_tracking(address, timeout=timeout).stratum)
    except pychrony.ChronyError as error:
        print(type(error).__name__)
"""


def in_container(daemon: Chronyd, code: str, *, own_network: bool = True) -> str:
    """What the code prints in a namespace, where `ask()` prints the stratum that chronyd gives, or the error."""
    names = f"TESTS = {str(Path(__file__).parent)!r}\nDIRECTORY = {str(daemon.directory)!r}\n"
    names += f"SOCKET = {daemon.socket!r}\nPORT = {daemon.udp!r}\n"
    prefix = namespace.prefix(own_network=own_network)
    return child.check(names + ASK + code, prefix=prefix).strip()


def test_the_directory_mounted_at_the_same_path_serves(server: Chronyd) -> None:
    assert in_container(server, 'hide(); bind("/run/stash", DIRECTORY); ask(SOCKET)') == "8"


def test_the_directory_mounted_elsewhere_loses_every_response(server: Chronyd) -> None:
    code = (
        'os.mkdir("/run/other"); bind(DIRECTORY, "/run/other"); ask("/run/other/chronyd.sock", 0.3)'
    )
    assert in_container(server, code) == "ChronyTimeoutError"


def test_a_link_from_chronyds_path_to_the_mount_serves(server: Chronyd) -> None:
    code = 'hide(); os.rmdir(DIRECTORY); os.symlink("/run/stash", DIRECTORY); ask(SOCKET)'
    assert in_container(server, code) == "8"


def test_the_socket_mounted_without_its_directory_loses_every_response(server: Chronyd) -> None:
    code = 'hide(); open(SOCKET, "w").close(); bind("/run/stash/chronyd.sock", SOCKET); ask(SOCKET, 0.3)'
    assert in_container(server, code) == "ChronyTimeoutError"


def test_a_directory_mounted_read_only_has_no_place_for_the_clients_socket(server: Chronyd) -> None:
    code = "hide(); bind('/run/stash', DIRECTORY, read_only=True); ask(SOCKET)"
    assert in_container(server, code) == "ChronyConnectionError"


def test_the_hosts_network_reaches_the_command_port(server: Chronyd) -> None:
    assert in_container(server, "hide(); ask(PORT)", own_network=False) == "8"


def test_a_container_with_its_own_network_does_not_reach_the_command_port(server: Chronyd) -> None:
    assert in_container(server, "hide(); ask(PORT)") == "ChronyConnectionError"


@pytest.mark.source_tree
def test_the_page_gives_no_path_that_chronyd_does_not_know() -> None:
    """An address below another directory than chronyd's own can never be answered."""
    page = (Path(__file__).parent.parent / "docs" / "permissions.md").read_text()
    addresses = [line for line in page.splitlines() if "PYCHRONY_ADDRESS=/" in line]
    assert all("PYCHRONY_ADDRESS=/run/chrony/" in line for line in addresses)
