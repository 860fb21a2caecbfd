"""ChronyConnection: one session for many calls, its life cycle, and its state after errors."""

from __future__ import annotations

import contextlib
import copy
import errno
import gc
import os
import pickle
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from support import child
from support.chronyd import LOCAL_SERVER, Chronyd
from support.getters import GETTERS
from support.reach import address_of
from support.responder import UNAUTHORIZED, Request, Responder, sample, silent
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony import ChronyConnection, ErrorCode, Transport

TRANSPORTS = {"unix": Transport.UNIX_SOCKET, "udp": Transport.COMMAND_PORT}


def descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))


def sockets_below(daemon: Chronyd | Responder) -> int:
    """How many clients have a socket beside the daemon's."""
    return len(daemon.client_files())


# Asking.


@pytest.mark.parametrize("name", GETTERS)
def test_each_method_gives_what_the_function_of_its_name_gives(
    responder: Responder, name: str
) -> None:
    with ChronyConnection(responder.address) as connection:
        answer = getattr(connection, name)()
    assert answer == getattr(pychrony, name)(responder.address)


def test_all_calls_have_one_session(responder: Responder) -> None:
    with ChronyConnection(responder.address) as connection:
        number = connection.fileno()
        for _ in range(3):
            for name in GETTERS:
                getattr(connection, name)()
            connection.get_report("tracking")
        assert connection.fileno() == number
    assert len({request.peer for request in responder.requests}) == 1
    assert len(responder.requests) >= 33


def test_entering_sends_no_request(responder: Responder) -> None:
    with ChronyConnection(responder.address):
        pass
    assert responder.requests == []


def test_a_real_chronyd_answers_again_and_again(client: Chronyd) -> None:
    with ChronyConnection(client.socket) as connection:
        for _ in range(100):
            assert connection.get_tracking().reference_ip == "127.0.0.1"
            assert [source.address for source in connection.get_sources()] == ["127.0.0.1"]
        assert sockets_below(client) == 1
    assert sockets_below(client) == 0


# Its life cycle.


def test_it_is_open_within_the_with_statement(server: Chronyd, transport: str) -> None:
    connection = ChronyConnection(address_of(server, transport))
    assert connection.closed is False
    with connection as entered:
        assert entered is connection
        assert connection.closed is False
        assert connection.get_tracking().stratum == 8
    assert connection.closed is True


def test_making_one_touches_nothing(transport: str) -> None:
    before = descriptors()
    connection = ChronyConnection("/nowhere/chronyd.sock" if transport == "unix" else "127.0.0.1:1")
    assert connection.fileno() == -1
    assert descriptors() == before


def test_leaving_it_leaves_nothing_behind(server: Chronyd, transport: str) -> None:
    before = descriptors()
    for _ in range(20):
        with ChronyConnection(address_of(server, transport)) as connection:
            connection.get_tracking()
            assert len(descriptors()) > len(before)
    assert descriptors() == before
    assert server.client_files() == []


def test_closing_twice_is_fine(server: Chronyd, transport: str) -> None:
    connection = ChronyConnection(address_of(server, transport))
    connection.close()
    with connection:
        connection.close()
        assert connection.closed
        connection.close()
    connection.close()
    assert connection.closed
    assert server.client_files() == []


@pytest.mark.parametrize("name", GETTERS)
def test_it_opens_by_itself_when_it_is_asked(responder: Responder, name: str) -> None:
    connection = ChronyConnection(responder.address)
    for _ in range(2):
        getattr(connection, name)()
        assert not connection.closed
        assert connection.fileno() >= 0
    connection.close()
    assert responder.client_files() == []


def test_it_opens_by_itself_once_chronyd_is_there() -> None:
    """A service that starts before chronyd."""
    with Chronyd(LOCAL_SERVER) as daemon:
        daemon.terminate()
        connection = ChronyConnection(daemon.socket)
        for _ in range(2):
            with pytest.raises(pychrony.ChronyConnectionError):
                connection.get_tracking()
        daemon.restart()
        assert connection.get_tracking().stratum == 8
        daemon.restart()
        assert connection.get_tracking().stratum == 8
        connection.close()
        assert daemon.client_files() == []


@pytest.mark.parametrize("name", [*GETTERS, "fileno"])
def test_what_is_closed_is_an_error_until_it_is_opened_again(
    responder: Responder, name: str
) -> None:
    connection = ChronyConnection(responder.address)
    connection.close()
    for _ in range(2):
        with pytest.raises(pychrony.ChronyConnectionError, match="closed") as caught:
            getattr(connection, name)()
        assert caught.value.error_code is pychrony.ErrorCode.CLOSED
        with connection:
            getattr(connection, name)()
        assert connection.closed


def test_get_report_opens_it_too_unless_it_is_closed(responder: Responder) -> None:
    connection = ChronyConnection(responder.address)
    assert len(connection.get_report("tracking")) == 1
    connection.close()
    with pytest.raises(pychrony.ChronyConnectionError, match="closed"):
        connection.get_report("tracking")


def test_it_can_be_entered_again(server: Chronyd, transport: str) -> None:
    connection = ChronyConnection(address_of(server, transport))
    for _ in range(5):
        with connection:
            assert connection.get_tracking().stratum == 8
            assert connection.fileno() >= 0
        with pytest.raises(pychrony.ChronyConnectionError):
            connection.get_tracking()
    assert server.client_files() == []


def test_it_can_be_entered_again_after_closing_within(server: Chronyd) -> None:
    connection = ChronyConnection(server.socket)
    with connection:
        connection.close()
        with connection:
            assert connection.get_tracking().stratum == 8
    assert connection.closed


def test_opening_it_while_it_is_open_changes_nothing(responder: Responder) -> None:
    connection = ChronyConnection(responder.address)
    connection.get_tracking()
    before = descriptors()
    for open_again in [connection.open, connection.__enter__]:
        open_again()
        assert descriptors() == before
    assert connection.get_tracking().stratum == 3
    connection.close()


def test_entering_without_a_chronyd_raises_and_it_can_be_entered_later() -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        connection = ChronyConnection(daemon.socket)
        daemon.terminate()
        with pytest.raises(pychrony.ChronyConnectionError) as caught:
            connection.__enter__()
        assert caught.value.errno == errno.ENOENT
        assert daemon.socket in caught.value.message
        assert not connection.closed
        with pytest.raises(pychrony.ChronyConnectionError):
            connection.get_tracking()
        daemon.restart()
        with connection:
            assert connection.get_tracking().stratum == 8


@pytest.mark.parametrize("shared", [False, True])
def test_a_call_without_timeout_goes_on_after_chronyd_was_stopped_killed_and_started(
    shared: bool,
) -> None:
    """The stopped one takes a request that nobody will read, and the kernel does not tell when it is killed."""
    with Chronyd(LOCAL_SERVER) as old, Chronyd(LOCAL_SERVER) as new:
        connection = ChronyConnection(old.socket, timeout=None)
        if shared:
            connection.open()
        old.stop()
        answers: list[int] = []
        thread = threading.Thread(
            target=lambda: answers.append(connection.get_tracking().stratum), daemon=True
        )
        thread.start()
        wait_for("the call has begun", lambda: connection.fileno() == -1 and old.client_files())
        # The new one is there as soon as the old one is gone.
        os.rename(new.socket, old.socket)
        old.kill()
        thread.join(DEADLINE)
        assert answers == [8]
        connection.close()


def test_an_exception_raised_within_is_passed_on(responder: Responder) -> None:
    connection = ChronyConnection(responder.address)
    with pytest.raises(LookupError), connection:
        raise LookupError
    assert connection.closed


@pytest.mark.parametrize(
    "arguments", [(), (None, None, None), (LookupError, LookupError(), None), (1, 2, 3, 4, 5)]
)
def test_leaving_never_swallows_an_exception(
    responder: Responder, arguments: tuple[Any, ...]
) -> None:
    connection: Any = ChronyConnection(responder.address)
    connection.__enter__()
    assert not connection.__exit__(*arguments)
    assert connection.closed
    assert not connection.__exit__(*arguments)


def test_it_works_in_an_exit_stack_and_in_closing(responder: Responder) -> None:
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(ChronyConnection(responder.address))
        assert connection.get_tracking().stratum == 3
    with contextlib.closing(connection.__enter__()):
        assert connection.get_tracking().stratum == 3
    assert connection.closed


# What it says of itself.


def test_address_and_transport_are_known_at_all_times(server: Chronyd, transport: str) -> None:
    address = address_of(server, transport)
    connection = ChronyConnection(address)
    assert (connection.address, connection.transport) == (address, TRANSPORTS[transport])
    with connection:
        connection.get_tracking()
        assert (connection.address, connection.transport) == (address, TRANSPORTS[transport])
        assert type(connection.transport) is Transport
    assert (connection.address, connection.transport) == (address, TRANSPORTS[transport])


def test_without_an_address_neither_is_known_beforehand() -> None:
    for connection in [ChronyConnection(), ChronyConnection(None), ChronyConnection(address=None)]:
        assert connection.address is None
        assert connection.transport is None


def test_a_path_object_is_an_address_too(server: Chronyd) -> None:
    with ChronyConnection(Path(server.socket)) as connection:
        assert connection.address == server.socket
        assert connection.get_tracking().stratum == 8


def test_its_descriptor_is_open_and_its_own(server: Chronyd, transport: str) -> None:
    with ChronyConnection(address_of(server, transport)) as connection:
        number = connection.fileno()
        assert type(number) is int
        assert os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
        assert not os.get_inheritable(number)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


@pytest.mark.parametrize("name", ["address", "transport", "closed"])
def test_its_attributes_cannot_be_changed(responder: Responder, name: str) -> None:
    connection = ChronyConnection(responder.address)
    with pytest.raises(AttributeError):
        setattr(connection, name, None)
    with pytest.raises(AttributeError):
        delattr(connection, name)


def test_everything_that_can_be_called_is_documented() -> None:
    assert ChronyConnection.__doc__
    for name, value in vars(ChronyConnection).items():
        if not name.startswith("_") or name in ("__enter__", "__exit__"):
            assert value.__doc__, name


# How it is made.


@pytest.mark.parametrize("address", ["", "localhost", "chronyd.sock", "127.0.0.1:99999", "/a\0b"])
def test_a_malformed_address_is_a_value_error_when_it_is_made(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        ChronyConnection(address)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_an_invalid_timeout_is_a_value_error_when_it_is_made(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        ChronyConnection(timeout=timeout)


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [((1,), {}), ((b"/run/x",), {}), (("::1", 3), {}), ((), {"timeout": "3"}), ((), {"host": 1})],
)
def test_wrong_arguments_are_a_type_error_when_it_is_made(
    arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        ChronyConnection(*arguments, **keywords)


def test_its_methods_take_no_arguments(responder: Responder) -> None:
    with ChronyConnection(responder.address) as connection:
        for name in [*GETTERS, "close", "fileno", "__enter__"]:
            with pytest.raises(TypeError):
                getattr(connection, name)(1)
        assert connection.get_tracking().stratum == 3


def test_it_can_be_neither_copied_nor_pickled(responder: Responder) -> None:
    with ChronyConnection(responder.address) as connection:
        with pytest.raises(TypeError):
            copy.copy(connection)
        with pytest.raises(TypeError):
            copy.deepcopy(connection)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(connection, protocol)


# When something goes wrong.


def test_after_a_timeout_it_is_usable(transport: str) -> None:
    with (
        Responder(silent, transport=transport) as responder,
        ChronyConnection(responder.address, timeout=0.1) as connection,
    ):
        for _ in range(3):
            with pytest.raises(pychrony.ChronyTimeoutError) as caught:
                connection.get_tracking()
            assert caught.value.error_code is ErrorCode.TIMEOUT
            assert not connection.closed
            assert connection.fileno() == -1
            assert connection.address == responder.address
            assert sockets_below(responder) == 0
        responder.behaviour = lambda request: [request.answer()]
        assert connection.get_tracking().stratum == 3
        assert connection.fileno() >= 0


def test_after_a_refusal_it_is_usable(server: Chronyd) -> None:
    with ChronyConnection(server.udp) as connection:
        for _ in range(3):
            with pytest.raises(pychrony.ChronyPermissionError):
                connection.get_server_stats()
            assert connection.get_tracking().stratum == 8


@pytest.mark.parametrize("status", [1, UNAUTHORIZED, 3, 6, 18, 19, 1234])
def test_after_any_answer_but_a_report_it_is_usable(responder: Responder, status: int) -> None:
    responder.behaviour = lambda request: [
        request.answer(status=status if request.number % 2 == 0 else 0)
    ]
    with ChronyConnection(responder.address) as connection:
        for _ in range(3):
            with pytest.raises(pychrony.ChronyError):
                connection.get_tracking()
            assert connection.get_tracking().stratum == 3


def test_after_a_value_out_of_range_it_is_usable(responder: Responder) -> None:
    with ChronyConnection(responder.address) as connection:
        responder.reports["tracking"][0]["stratum"] = 18
        with pytest.raises(pychrony.ChronyDataError):
            connection.get_tracking()
        responder.reports["tracking"][0]["stratum"] = 3
        assert connection.get_tracking().stratum == 3


def test_an_unknown_report_leaves_the_session_as_it_is(responder: Responder) -> None:
    with ChronyConnection(responder.address) as connection:
        number = connection.fileno()
        with pytest.raises(ValueError, match="tracking"):
            connection.get_report("weather")
        with pytest.raises(TypeError):
            connection.get_report(1)  # type: ignore[arg-type]
        assert connection.fileno() == number
        assert connection.get_tracking().stratum == 3


def test_a_late_answer_is_never_taken_for_that_to_the_next_call(transport: str) -> None:
    """The late answer comes to the socket that asked for it, and also before the answer to the next request."""
    late: list[Request] = []

    def behaviour(request: Request) -> list[bytes]:
        if request.number % 2 == 0:
            late.append(request)
            return []
        forgotten = late[-1].answer({"stratum": 9})
        responder.send(forgotten, late[-1].peer)
        return [forgotten, request.answer({"stratum": 4})]

    with (
        Responder(behaviour, transport=transport) as responder,
        ChronyConnection(responder.address, timeout=0.2) as impatient,
    ):
        for _ in range(2):
            with pytest.raises(pychrony.ChronyTimeoutError):
                impatient.get_tracking()
            assert impatient.get_tracking().stratum == 4


def test_a_real_chronyd_that_answers_late_is_not_believed(stopped: Chronyd, transport: str) -> None:
    """When chronyd continues, it answers the request for activity, but by then the request is for tracking."""
    with ChronyConnection(address_of(stopped, transport), timeout=0.2) as connection:
        with pytest.raises(pychrony.ChronyTimeoutError):
            connection.get_activity()
        stopped.cont()
        patient = ChronyConnection(address_of(stopped, transport))
        with patient:
            assert patient.get_tracking().stratum == 8
        assert connection.get_tracking().stratum == 8
    assert stopped.client_files() == []


def test_the_timeout_is_for_the_whole_call(transport: str) -> None:
    """Fifty slow answers: each one is in time, but all of them together are not."""

    def slow(request: Request) -> list[bytes]:
        time.sleep(0.02)
        return [request.answer()]

    sources = [sample("sources", address=f"192.0.2.{number}") for number in range(50)]
    with (
        Responder(slow, transport=transport, reports={"sources": sources}) as responder,
        ChronyConnection(responder.address, timeout=0.5) as connection,
        pytest.raises(pychrony.ChronyTimeoutError),
    ):
        connection.get_sources()


def test_a_restarted_chronyd_is_found_again(transport: str) -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        address = address_of(daemon, transport)
        with ChronyConnection(address) as connection:
            for _ in range(3):
                assert connection.get_tracking().stratum == 8
                daemon.restart()
                assert connection.get_tracking().stratum == 8
                assert connection.get_sources() == []
                assert connection.address == address
            assert sockets_below(daemon) == (1 if transport == "unix" else 0)
        assert daemon.client_files() == []


def test_a_call_while_chronyd_is_away_raises_an_error(transport: str) -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        address = address_of(daemon, transport)
        with ChronyConnection(address) as connection:
            connection.get_tracking()
            daemon.terminate()
            for _ in range(3):
                with pytest.raises(pychrony.ChronyConnectionError) as caught:
                    connection.get_tracking()
                assert not isinstance(caught.value, pychrony.ChronyTimeoutError)
                assert address in caught.value.message
                assert not connection.closed
            daemon.restart()
            assert connection.get_tracking().stratum == 8
        assert daemon.client_files() == []


def test_a_killed_chronyd_is_found_again_too(transport: str) -> None:
    """The socket's file stays behind, and the next chronyd makes it anew."""
    with Chronyd(LOCAL_SERVER) as daemon:
        with ChronyConnection(address_of(daemon, transport)) as connection:
            connection.get_tracking()
            daemon.kill()
            with pytest.raises(pychrony.ChronyConnectionError):
                connection.get_tracking()
            daemon.restart()
            assert connection.get_tracking().stratum == 8
        assert daemon.client_files() == []


# Dropped.


def test_it_warns_when_it_is_dropped_unclosed_and_leaves_nothing_behind(
    server: Chronyd, transport: str
) -> None:
    before = descriptors()
    connection = ChronyConnection(address_of(server, transport)).__enter__()
    connection.get_tracking()
    assert len(descriptors()) > len(before)
    with pytest.warns(ResourceWarning, match="ChronyConnection"):
        del connection
    assert descriptors() == before
    assert server.client_files() == []


def test_it_warns_when_it_is_dropped_unclosed_after_it_opened_by_itself(
    responder: Responder,
) -> None:
    connection = ChronyConnection(responder.address)
    connection.get_tracking()
    with pytest.warns(ResourceWarning, match="ChronyConnection"):
        del connection
    assert responder.client_files() == []


def test_there_is_no_warning_if_it_is_dropped_after_an_error_closed_its_socket(
    responder: Responder,
) -> None:
    responder.behaviour = silent
    connection = ChronyConnection(responder.address, timeout=0.05).__enter__()
    with pytest.raises(pychrony.ChronyTimeoutError):
        connection.get_tracking()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del connection
    assert responder.client_files() == []


def test_there_is_no_warning_if_it_is_dropped_while_not_open(responder: Responder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connection = ChronyConnection(responder.address)
        del connection
        connection = ChronyConnection(responder.address)
        with connection:
            connection.get_tracking()
        del connection
        connection = ChronyConnection(responder.address).__enter__()
        connection.close()
        del connection


def test_if_warnings_are_errors_a_dropped_connection_is_reported_and_cleaned_up(
    server: Chronyd,
) -> None:
    out = child.check(f"""
        import os, sys, warnings
        import pychrony
        warnings.simplefilter("error")
        sys.unraisablehook = lambda raised: print(raised.exc_type.__name__)
        before = sorted(os.listdir("/proc/self/fd"))
        connection = pychrony.ChronyConnection({server.socket!r}).__enter__()
        try:
            raise LookupError("on its way")
        except LookupError as error:
            del connection
            print(error)
        assert sorted(os.listdir("/proc/self/fd")) == before
    """)
    assert out == "ResourceWarning\non its way\n"
    assert server.client_files() == []


def test_the_warning_comes_with_the_line_that_dropped_it(responder: Responder) -> None:
    connection = ChronyConnection(responder.address).__enter__()
    with pytest.warns(ResourceWarning) as caught:
        del connection
    assert caught[0].filename == __file__


# As an object.


class Named(ChronyConnection):
    """A subclass as a user might write it."""

    name = "nameless"

    def get_tracking(self) -> Any:
        return self.name, super().get_tracking().stratum


def test_a_subclass_adds_what_it_likes(responder: Responder) -> None:
    with Named(responder.address) as connection:
        connection.name = "mine"
        assert isinstance(connection, ChronyConnection)
        assert connection.get_tracking() == ("mine", 3)
        assert connection.get_activity().online == 3
        assert connection.address == responder.address


def test_a_subclass_may_call_the_constructor_of_its_base(responder: Responder) -> None:
    class Fixed(ChronyConnection):
        def __init__(self, address: str, *, name: str = "") -> None:
            super().__init__(address, timeout=5.0)
            self.name = name

    with Fixed(responder.address, name="mine") as connection:
        assert connection.name == "mine"
        assert connection.get_tracking().stratum == 3


def test_a_subclass_may_end_by_itself(responder: Responder) -> None:
    ended: list[str] = []

    class Mourned(ChronyConnection):
        def __del__(self) -> None:
            self.close()
            ended.append("closed")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connection = Mourned(responder.address).__enter__()
        connection.get_tracking()
        del connection
    assert ended == ["closed"]
    assert responder.client_files() == []


def test_in_a_cycle_it_is_collected_and_leaves_nothing_behind(
    server: Chronyd, transport: str
) -> None:
    before = descriptors()
    connection: Any = Named(address_of(server, transport)).__enter__()
    connection.itself = [connection]
    connection.get_tracking()
    del connection
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert descriptors() == before
    assert server.client_files() == []


def test_closed_connections_in_a_cycle_are_collected_without_a_warning(
    responder: Responder,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(10):
            connection: Any = Named(responder.address)
            connection.itself = connection
            with connection:
                connection.get_tracking()
        del connection
        gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is Named]


def test_the_collector_sees_what_it_refers_to(responder: Responder) -> None:
    connection = ChronyConnection(responder.address)
    assert gc.is_tracked(connection)
    assert ChronyConnection in gc.get_referents(connection) or not hasattr(gc, "get_referents")


def test_the_type_goes_when_the_subclass_goes(responder: Responder) -> None:
    """A subclass made, used and dropped leaves neither itself nor references to its base."""

    def use() -> None:
        kind = type("Passing", (ChronyConnection,), {})
        with kind(responder.address) as connection:
            connection.get_tracking()

    use()
    gc.collect()
    for _ in range(5):
        use()
    gc.collect()
    assert [kind for kind in ChronyConnection.__subclasses__() if kind.__name__ == "Passing"] == []


def test_it_outlives_the_module_that_made_it(server: Chronyd) -> None:
    out = child.check(f"""
        import gc, sys
        import pychrony
        connection = pychrony.ChronyConnection({server.socket!r})
        del sys.modules["pychrony"], pychrony
        gc.collect()
        with connection:
            print(connection.get_tracking().stratum, connection.transport.name)
    """)
    assert out == "8 UNIX_SOCKET\n"


def test_many_that_are_open_at_once_do_not_mix(server: Chronyd, client: Chronyd) -> None:
    with contextlib.ExitStack() as stack:
        pairs = [
            (stack.enter_context(ChronyConnection(address)), stratum)
            for _ in range(10)
            for address, stratum in [(server.socket, 8), (client.udp, 9)]
        ]
        for connection, stratum in pairs * 5:
            assert connection.get_tracking().stratum == stratum
        assert sockets_below(server) == 10
    assert server.client_files() == []
