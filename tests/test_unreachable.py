"""When chronyd cannot be reached, may not be asked, or says nothing."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import child, namespace
from support.chronyd import LOCAL_SERVER, Chronyd, daemon_user, free_port, private_directory
from support.reach import address_of
from support.responder import Request, Responder, silent
from support.waiting import DEADLINE

import pychrony
from pychrony import ErrorCode
from pychrony.command import arguments, machine

DEFAULTS = [
    "/run/chrony/chronyd.sock",
    "/var/run/chrony/chronyd.sock",
    "127.0.0.1:323",
    "[::1]:323",
]


@pytest.fixture
def directory() -> Iterator[Path]:
    made = private_directory()
    yield made
    for path in made.iterdir():
        path.unlink()
    made.rmdir()


def test_the_default_addresses_are_the_same_wherever_they_are_listed() -> None:
    listed = f"{', '.join(DEFAULTS[:-1])} and {DEFAULTS[-1]}"
    assert list(machine.ADDRESSES) == DEFAULTS
    assert listed in arguments.OPTIONS["address"][1]["help"]
    assert listed in (pychrony.get_tracking.__doc__ or "")


# Nobody answers there.


def test_a_path_that_is_not_there_is_a_connection_error(directory: Path) -> None:
    path = str(directory / "chronyd.sock")
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking(path)
    assert caught.value.errno == errno.ENOENT
    assert caught.value.error_code is ErrorCode.OPEN_FAILED
    assert path in caught.value.message
    assert os.strerror(errno.ENOENT) in caught.value.message
    assert not isinstance(caught.value, pychrony.ChronyTimeoutError)


def test_a_directory_that_is_not_there_is_a_connection_error(directory: Path) -> None:
    path = str(directory / "none" / "chronyd.sock")
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking(path)
    assert caught.value.errno == errno.ENOENT
    assert path in caught.value.message


def test_a_socket_file_with_no_daemon_behind_it_is_a_connection_error(directory: Path) -> None:
    path = str(directory / "chronyd.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(path)
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking(path)
    assert caught.value.errno == errno.ECONNREFUSED
    assert caught.value.error_code is ErrorCode.OPEN_FAILED
    assert path in caught.value.message
    assert os.strerror(errno.ECONNREFUSED) in caught.value.message
    assert sorted(os.listdir(directory)) == ["chronyd.sock"]


def test_a_file_that_is_not_a_socket_is_a_connection_error(directory: Path) -> None:
    path = directory / "chronyd.sock"
    path.write_text("")
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking(path)
    assert caught.value.errno == errno.ECONNREFUSED


def test_a_killed_chronyd_leaves_a_dead_socket_and_a_closed_port(transport: str) -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        address = address_of(daemon, transport)
        daemon.kill()
        assert os.path.exists(daemon.socket)
        with pytest.raises(pychrony.ChronyConnectionError) as caught:
            pychrony.get_tracking(address)
        assert caught.value.errno == errno.ECONNREFUSED
        assert address in caught.value.message
        assert daemon.client_files() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_closed_udp_port_is_a_connection_error(host: str) -> None:
    address = f"{host}:{free_port()}"
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking(address)
    assert caught.value.errno == errno.ECONNREFUSED
    assert caught.value.error_code in (ErrorCode.SEND_FAILED, ErrorCode.RECV_FAILED)
    assert address in caught.value.message
    assert os.strerror(errno.ECONNREFUSED) in caught.value.message
    assert not isinstance(caught.value, pychrony.ChronyTimeoutError)


def test_a_daemon_without_a_command_port_is_reached_by_its_socket_alone() -> None:
    with Chronyd(LOCAL_SERVER, command_port=False) as daemon:
        assert pychrony.get_tracking(daemon.socket).stratum == 8
        with pytest.raises(pychrony.ChronyConnectionError):
            pychrony.get_tracking(daemon.udp)


# Not allowed.

TESTS = str(Path(__file__).parent)

AS_STRANGER = """
import json, os, pychrony, sys
sys.path.insert(0, TESTS)
from support.stranger import become_stranger
try:
    become_stranger(DIRECTORY)
    result = {"value": pychrony.get_tracking(ADDRESS).stratum}
except Exception as error:
    result = {"error": describe(error)}
print(json.dumps(result))
"""


def ask_as_stranger(directory: Path, address: str) -> dict[str, Any]:
    """What get_tracking gives to someone who is neither root nor the chrony user."""
    given = f"TESTS, DIRECTORY, ADDRESS = {TESTS!r}, {str(directory)!r}, {address!r}\n"
    result: dict[str, Any] = json.loads(child.check(given + AS_STRANGER))
    return result


@pytest.fixture
def closed_to_strangers() -> Iterator[Chronyd]:
    with Chronyd(LOCAL_SERVER) as daemon:
        mode = daemon.directory.stat().st_mode
        yield daemon
        daemon.directory.chmod(mode)


def test_another_user_gets_a_permission_error_at_the_socket(closed_to_strangers: Chronyd) -> None:
    daemon = closed_to_strangers
    error = ask_as_stranger(daemon.directory, daemon.socket)["error"]
    assert error["type"] == "ChronyPermissionError"
    assert {"ChronyError", "PermissionError", "OSError"} <= set(error["bases"])
    assert error["errno"] == errno.EACCES
    assert error["error_code"] == ErrorCode.OPEN_FAILED
    assert daemon.socket in error["message"]
    assert os.strerror(errno.EACCES) in error["message"]
    assert "root" in error["message"], "it says who may"


def test_another_user_may_use_the_command_port(closed_to_strangers: Chronyd) -> None:
    daemon = closed_to_strangers
    assert ask_as_stranger(daemon.directory, daemon.udp) == {"value": 8}


# No address is given. In a namespace of its own, a child has the default addresses to itself.

PREPARED = """
import json, os, socket, subprocess, sys
sys.path.insert(0, TESTS)
from support import chronyc, namespace
from support.chronyd import daemon_user
from support.responder import Responder
from support.stranger import become_stranger
from support.waiting import wait_for

SOCKET = "/run/chrony/chronyd.sock"
user = daemon_user()
os.makedirs("/run/chrony")
os.chown("/run/chrony", user.pw_uid, user.pw_gid)
os.chmod("/run/chrony", 0o750)

def ask():
    import pychrony
    try:
        result = {"value": pychrony.get_tracking().stratum}
    except Exception as error:
        result = {"error": describe(error)}
    print(json.dumps(result), flush=True)
"""


def in_namespace(code: str) -> dict[str, Any]:
    """Run the code where the default addresses are free; `ask()` in it prints what get_tracking() gives there."""
    out = child.check(f"TESTS = {TESTS!r}\n{PREPARED}\n{code}", prefix=namespace.prefix())
    result: dict[str, Any] = json.loads(out)
    return result


def test_without_an_address_every_default_that_failed_is_named_with_its_reason() -> None:
    error = in_namespace("ask()")["error"]
    assert error["type"] == "ChronyConnectionError"
    assert error["errno"] == errno.ENOENT
    positions = [error["message"].find(address) for address in DEFAULTS]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert os.strerror(errno.ENOENT) in error["message"]
    assert os.strerror(errno.ECONNREFUSED) in error["message"]


def test_without_an_address_the_socket_comes_first() -> None:
    result = in_namespace("""
with Responder(transport="unix", address=SOCKET) as unix, Responder(address="127.0.0.1:323") as udp:
    unix.reports["tracking"][0]["stratum"] = 5
    ask()
    assert (len(unix.requests), len(udp.requests)) == (1, 0)
""")
    assert result == {"value": 5}


def test_without_an_address_a_dead_socket_is_passed_over() -> None:
    result = in_namespace("""
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
    dead.bind(SOCKET)
with Responder(address="127.0.0.1:323"):
    ask()
""")
    assert result == {"value": 3}


def test_without_an_address_a_refusal_at_the_first_port_leads_to_the_next() -> None:
    result = in_namespace("""
with Responder(address="[::1]:323"):
    ask()
""")
    assert result == {"value": 3}


def test_without_an_address_a_timeout_also_names_why_the_others_failed() -> None:
    error = in_namespace("""
with Responder(lambda request: [], address="127.0.0.1:323"):
    import pychrony
    pychrony.get_tracking = lambda ask=pychrony.get_tracking: ask(timeout=0.2)
    ask()
""")["error"]
    assert error["type"] == "ChronyTimeoutError"
    assert f"/run/chrony/chronyd.sock: {os.strerror(errno.ENOENT)}" in error["message"]
    assert "127.0.0.1:323: no response" in error["message"]


def test_without_an_address_lost_replies_on_the_socket_lead_to_the_port() -> None:
    """As where the socket's directory is mounted at another path: chronyd receives requests, and its replies are lost."""
    result = in_namespace("""
with Responder(lambda request: [], transport="unix", address=SOCKET):
    with Responder(address="127.0.0.1:323"):
        ask()
""")
    assert result == {"value": 3}


def test_without_an_address_or_a_response_it_is_a_timeout_that_names_the_causes() -> None:
    error = in_namespace("""
with Responder(lambda request: [], transport="unix", address=SOCKET):
    with Responder(lambda request: [], address="127.0.0.1:323"):
        import pychrony
        pychrony.get_tracking = lambda ask=pychrony.get_tracking: ask(timeout=0.6)
        ask()
""")["error"]
    assert error["type"] == "ChronyTimeoutError"
    for part in [
        "/run/chrony/chronyd.sock: no response",
        "127.0.0.1:323: no response",
        "mounted here at another path",
        "SELinux, AppArmor",
    ]:
        assert part in error["message"]


def test_without_an_address_another_user_is_served_over_udp() -> None:
    """A real chronyd at the usual addresses: its socket is forbidden, its command port is open."""
    result = in_namespace("""
directives = [f"bindcmdaddress {SOCKET}", "pidfile /run/chrony/pid", "port 0", "local stratum 8"]
daemon = subprocess.Popen(
    [chronyc.executable("chronyd"), "-x", "-U", "-u", user.pw_name, "-d", *directives],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    wait_for("chronyd answers", lambda: chronyc.run(SOCKET, "activity").returncode == 0)
    import pychrony
    pid = os.fork()
    if pid == 0:
        become_stranger("/run/chrony")
        try:
            os.stat(SOCKET)
        except PermissionError:
            ask()
        os._exit(0)
    os.waitpid(pid, 0)
finally:
    daemon.terminate()
    daemon.wait()
""")
    assert result == {"value": 8}


def test_without_an_address_a_forbidden_socket_and_a_refused_port_are_no_chronyd() -> None:
    """The directory of a chronyd that was stopped looks like this to others, as does a chronyd with cmdport 0."""
    error = in_namespace("""
with Responder(transport="unix", address=SOCKET):
    import pychrony
    become_stranger("/run/chrony")
    ask()
    os._exit(0)
""")["error"]
    assert error["type"] == "ChronyConnectionError"
    assert error["errno"] == errno.ECONNREFUSED
    assert os.strerror(errno.EACCES) in error["message"]
    assert "is chronyd running?" in error["message"]
    assert "cmdport 0" in error["message"] and "only root" in error["message"]
    assert "can ask its command port" not in error["message"]


def test_a_directory_open_to_others_is_named_where_the_socket_is_missing() -> None:
    error = in_namespace("""
os.chmod("/run/chrony", 0o755)
ask()
""")["error"]
    assert error["type"] == "ChronyConnectionError"
    assert "/run/chrony has mode 0755" in error["message"]


def test_a_missing_source_of_random_numbers_is_named() -> None:
    error = in_namespace("""
with Responder(transport="unix", address=SOCKET):
    namespace.mount("tmpfs", "/dev")
    ask()
""")["error"]
    assert error["type"] == "ChronyLibraryError"
    assert error["errno"] == errno.ENOENT
    assert "/dev/urandom" in error["message"]


def test_a_forbidden_socket_that_is_given_is_an_error_of_permission() -> None:
    error = in_namespace("""
with Responder(transport="unix", address=SOCKET):
    import pychrony
    become_stranger("/run/chrony")
    pychrony.get_tracking = lambda ask=pychrony.get_tracking: ask(SOCKET)
    ask()
    os._exit(0)
""")["error"]
    assert error["type"] == "ChronyPermissionError"
    assert error["errno"] == errno.EACCES
    assert "root" in error["message"] and "127.0.0.1" in error["message"]


# What the message must and must not say about a directory in which libchrony cannot make its socket.


def advises_on_room(message: str) -> bool:
    return "read-only or full" in message and "Is chronyd running" not in message


def test_a_read_only_directory_is_said_to_be_one() -> None:
    """As in a container into which chronyd's directory is mounted read-only."""
    error = in_namespace("""
with Responder(transport="unix", address=SOCKET):
    namespace.mount_again("/run/chrony", read_only=True)
    ask()
    namespace.mount_again("/run/chrony", read_only=False)
""")["error"]
    assert error["type"] == "ChronyConnectionError"
    assert error["errno"] == errno.EROFS
    assert advises_on_room(error["message"])


def test_a_full_directory_is_said_to_be_one() -> None:
    error = in_namespace("""
namespace.mount("tmpfs", "/run/chrony", "mode=0755,nr_inodes=2")
with Responder(transport="unix", address=SOCKET):
    ask()
""")["error"]
    assert error["type"] == "ChronyConnectionError"
    assert error["errno"] == errno.ENOSPC
    assert advises_on_room(error["message"])


@pytest.mark.parametrize("address", ["127.255.255.255", "127.255.255.255:323"])
def test_a_broadcast_address_is_not_taken_for_a_forbidden_socket(address: str) -> None:
    with pytest.raises(pychrony.ChronyPermissionError) as caught:
        pychrony.get_tracking(address)
    assert caught.value.errno == errno.EACCES
    assert "broadcast address" in caught.value.message
    assert "firewall" in caught.value.message
    assert "Unix socket" not in caught.value.message


def test_the_error_for_a_silent_host_that_is_not_loopback_names_cmdallow() -> None:
    """The test has a network of its own, in which it plays the other host itself."""
    error = in_namespace("""
import pychrony
namespace.add_address("192.0.2.77")
with Responder(lambda request: [], address="192.0.2.77:323"):
    try:
        pychrony.get_tracking("192.0.2.77", timeout=0.1)
    except pychrony.ChronyError as error:
        print(json.dumps({"error": describe(error)}))
""")["error"]
    assert error["type"] == "ChronyTimeoutError"
    assert "192.0.2.77" in error["message"]
    assert "cmdallow" in error["message"]
    assert "firewall" in error["message"]


def test_the_error_for_a_silent_loopback_address_does_not_name_cmdallow(
    responder: Responder,
) -> None:
    responder.behaviour = silent
    with pytest.raises(pychrony.ChronyTimeoutError) as caught:
        pychrony.get_tracking(responder.address, timeout=0.05)
    assert "cmdallow" not in caught.value.message


# PYCHRONY_ADDRESS.


def test_the_variable_names_the_address_where_none_is_given(
    server: Chronyd, transport: str
) -> None:
    address = address_of(server, transport)
    result = child.evaluate(
        "[pychrony.get_tracking().stratum, pychrony.get_report('tracking')[0]['stratum'],"
        " pychrony.ChronyConnection().__enter__().address]",
        PYCHRONY_ADDRESS=address,
    )
    assert result == {"value": [8, 8, address]}


def test_the_variable_is_not_used_where_an_address_is_given(server: Chronyd) -> None:
    result = child.evaluate(
        f"pychrony.get_tracking({server.socket!r}).stratum", PYCHRONY_ADDRESS="/nowhere/x.sock"
    )
    assert result == {"value": 8}


def test_the_address_that_the_variable_names_is_the_only_one_tried() -> None:
    error = child.evaluate("pychrony.get_tracking()", PYCHRONY_ADDRESS="/nowhere/x.sock")["error"]
    assert error["type"] == "ChronyConnectionError"
    assert "/nowhere/x.sock" in error["message"]
    for address in DEFAULTS:
        assert address not in error["message"]


@pytest.mark.parametrize(
    "call", ["pychrony.get_tracking()", "pychrony.ChronyConnection().__enter__()"]
)
@pytest.mark.parametrize("address", ["ntp.example.com", "127.0.0.1:99999", "/", " "])
def test_a_malformed_address_in_the_variable_is_a_value_error_that_names_it(
    call: str, address: str
) -> None:
    error = child.evaluate(call, PYCHRONY_ADDRESS=address)["error"]
    assert error["type"] == "ValueError"
    assert "PYCHRONY_ADDRESS" in error["message"]
    assert address in error["message"]


def test_an_empty_variable_counts_as_not_set() -> None:
    result = in_namespace("""
os.environ["PYCHRONY_ADDRESS"] = ""
with Responder(address="127.0.0.1:323"):
    ask()
""")
    assert result == {"value": 3}


def test_the_variable_is_read_when_a_connection_is_first_used_and_not_before(
    server: Chronyd,
) -> None:
    out = child.check(
        f"""
        import os, pychrony
        connection = pychrony.ChronyConnection()
        print(connection.address, connection.transport)
        os.environ["PYCHRONY_ADDRESS"] = {server.socket!r}
        with connection:
            print(connection.address, connection.get_tracking().stratum)
        print(pychrony.get_tracking().stratum)
        os.environ["PYCHRONY_ADDRESS"] = {server.udp!r}
        with connection:
            print(connection.address)
        """,
        PYCHRONY_ADDRESS=None,
    )
    assert out == f"None None\n{server.socket} 8\n8\n{server.socket}\n"


def test_an_explicit_address_never_falls_back(directory: Path) -> None:
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking(str(directory / "chronyd.sock"))
    for address in DEFAULTS:
        assert address not in caught.value.message


# Silence.


def test_a_stopped_chronyd_times_out_after_the_given_time(stopped: Chronyd, transport: str) -> None:
    address = address_of(stopped, transport)
    started = time.monotonic()
    with pytest.raises(pychrony.ChronyTimeoutError) as caught:
        pychrony.get_tracking(address, timeout=0.3)
    assert time.monotonic() - started >= 0.3
    assert caught.value.error_code is ErrorCode.TIMEOUT
    assert isinstance(caught.value, TimeoutError)
    assert address in caught.value.message
    assert "0.3" in caught.value.message
    assert stopped.client_files() == []


def test_a_chronyd_that_goes_on_is_asked_again_like_any_other(
    stopped: Chronyd, transport: str
) -> None:
    address = address_of(stopped, transport)
    with pytest.raises(pychrony.ChronyTimeoutError):
        pychrony.get_tracking(address, timeout=0.1)
    stopped.cont()
    assert pychrony.get_tracking(address).stratum == 8


def test_a_stopped_chronyd_with_its_queue_full_times_out_too(stopped: Chronyd) -> None:
    """There are more requests than a Unix socket holds, so that the sending would block."""
    room = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    for _ in range(room + 5):
        with pytest.raises(pychrony.ChronyTimeoutError):
            pychrony.get_tracking(stopped.socket, timeout=0.005)
    assert stopped.client_files() == []


def test_a_silent_daemon_times_out_and_leaves_no_descriptor(responder: Responder) -> None:
    responder.behaviour = silent
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(pychrony.ChronyTimeoutError):
        pychrony.get_tracking(responder.address, timeout=0.05)
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert responder.client_files() == []


@pytest.mark.parametrize("timeout", [5e-324, 1e-9, 0.001])
def test_the_shortest_timeouts_end(responder: Responder, timeout: float) -> None:
    responder.behaviour = silent
    with pytest.raises(pychrony.ChronyTimeoutError):
        pychrony.get_tracking(responder.address, timeout=timeout)


@pytest.mark.parametrize("timeout", [None, 1, 1e300, 2.0**63])
def test_no_timeout_and_the_longest_ones_do_not_end_too_soon(
    responder: Responder, timeout: float | None
) -> None:
    assert pychrony.get_tracking(responder.address, timeout=timeout).stratum == 3


# Meanwhile.


def test_other_threads_run_while_one_waits(responder: Responder) -> None:
    """The answer is given by another thread, and only after that thread has done other work."""
    go = threading.Event()

    def when_told(request: Request) -> list[bytes]:
        go.wait(DEADLINE)
        return [request.answer()]

    responder.behaviour = when_told
    counted = 0

    def work() -> None:
        nonlocal counted
        while counted < 100_000:
            counted += 1
        go.set()

    worker = threading.Thread(target=work)
    worker.start()
    tracking = pychrony.get_tracking(responder.address, timeout=None)
    worker.join(DEADLINE)
    assert tracking.stratum == 3
    assert counted == 100_000


def test_calls_in_several_threads_wait_at_the_same_time(responder: Responder) -> None:
    """Nobody is answered before all have asked."""
    callers = 8
    held: list[Request] = []

    def when_all_are_here(request: Request) -> list[bytes]:
        held.append(request)
        if len(held) >= callers:
            for each in held:
                responder.send(each.answer(), each.peer)
        return []

    responder.behaviour = when_all_are_here
    seen: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: seen.append(
                pychrony.get_tracking(responder.address, timeout=None).stratum
            ),
            daemon=True,
        )
        for _ in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert seen == [3] * callers


INTERRUPTED = """
import pychrony
try:
    print("here", flush=True)
    pychrony.get_tracking(ADDRESS, timeout=None)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_ends_the_wait(responder: Responder) -> None:
    responder.behaviour = silent
    process = child.start(f"ADDRESS = {responder.address!r}\n{INTERRUPTED}")
    responder.wait_for_requests()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (out, err, process.returncode) == ("here\ninterrupted\n", "", 0)
    assert responder.client_files() == []


def test_ctrl_c_ends_the_wait_for_a_stopped_chronyd(stopped: Chronyd, transport: str) -> None:
    process = child.start(f"ADDRESS = {address_of(stopped, transport)!r}\n{INTERRUPTED}")
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    # Whether it already waits or is only about to, the signal must not be lost.
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)
    assert stopped.client_files() == []


HANDLED = """
import pychrony, signal
handled = []
signal.signal(signal.SIGUSR1, lambda *_: handled.append(1))
print(pychrony.get_tracking(ADDRESS, timeout=None).stratum, bool(handled))
"""


def test_a_signal_handler_that_returns_lets_the_wait_go_on(transport: str) -> None:
    go = threading.Event()

    def when_told(request: Request) -> list[bytes]:
        if request.number == 0:
            arrived.set()
            go.wait(DEADLINE)
        return [request.answer()]

    arrived = threading.Event()
    with Responder(when_told, transport=transport) as daemon:
        process = child.start(f"ADDRESS = {daemon.address!r}\n{HANDLED}")
        assert arrived.wait(DEADLINE)
        process.send_signal(signal.SIGUSR1)
        go.set()
        out, err = process.communicate()
    assert (out, err) == ("3 True\n", "")


RAISING = """
import pychrony, signal
class Alarm(Exception): pass
def handler(*_):
    raise Alarm("from the handler")
signal.signal(signal.SIGUSR1, handler)
try:
    pychrony.get_tracking(ADDRESS, timeout=None)
except Alarm as error:
    print(error)
"""


def test_what_a_signal_handler_raises_ends_the_wait(responder: Responder) -> None:
    responder.behaviour = silent
    process = child.start(f"ADDRESS = {responder.address!r}\n{RAISING}")
    responder.wait_for_requests()
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate()
    assert (out, err) == ("from the handler\n", "")
    assert responder.client_files() == []


def test_the_user_that_runs_chronyd_may_use_its_socket(server: Chronyd) -> None:
    """Run as chronyd's own user, not as root."""
    code = f"""
import enum, os, pychrony  # the interpreter's own files may be root's only
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({daemon_user().pw_gid})
    os.setuid({daemon_user().pw_uid})
print(pychrony.get_tracking({server.socket!r}).stratum)
"""
    assert child.check(code) == "8\n"
    assert server.client_files() == []
