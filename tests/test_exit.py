"""The awkward moments: signal handlers, the interpreter's end, finalizers. No crash, no hang."""

from __future__ import annotations

import signal
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from support import child
from support.chronyd import LOCAL_SERVER, Chronyd
from support.reach import address_of
from support.responder import Request, Responder

BEGIN = """
import atexit, faulthandler, os, signal, sys, threading, time, warnings
import pychrony
faulthandler.enable()
"""


def run(code: str, status: int = 0, **names: Any) -> str:
    """Returns what the script prints. It must end by itself, with this status and without complaint."""
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    done = child.run(given + BEGIN + textwrap.dedent(code))
    assert (done.returncode, done.stderr) == (status, ""), done
    return done.stdout


# A call under way in another thread when the interpreter ends.

CALLS = [
    "pychrony.get_tracking(ADDRESS, timeout=None)",
    "pychrony.ChronyConnection(ADDRESS, timeout=None).__enter__().get_tracking()",
]


@pytest.mark.parametrize("call", CALLS)
def test_the_interpreter_ends_while_a_daemon_thread_waits_for_chronyd(
    stopped: Chronyd, transport: str, call: str
) -> None:
    out = run(
        """
        def ask():
            begun.set()
            exec(CALL)

        begun = threading.Event()
        threading.Thread(target=ask, daemon=True).start()
        begun.wait()
        time.sleep(0.1)
        print("ends")
        """,
        ADDRESS=address_of(stopped, transport),
        CALL=call,
    )
    assert out == "ends\n"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("threads", [1, 8])
def test_an_answer_that_comes_while_the_interpreter_ends_does_no_harm(
    transport: str, call: str, threads: int
) -> None:
    """The thread in the call tries to return to an interpreter that is being torn down."""

    def late(request: Request) -> list[bytes]:
        # Answers only when the last of the threads has asked; by then the interpreter is ending.
        waiting.append(request)
        return []

    waiting: list[Request] = []
    with Responder(late, transport=transport) as responder:
        process = child.start(
            f"ADDRESS, CALL = {responder.address!r}, {call!r}\n"
            + BEGIN
            + textwrap.dedent(
                f"""
                def ask():
                    exec(CALL)

                class Last:
                    # Torn down with the module, late in the interpreter's life.
                    def __init__(self):
                        self.write, self.read, self.sleep = os.write, os.read, time.sleep

                    def __del__(self):
                        self.write(1, b"ending\\n")
                        self.read(0, 1)
                        self.sleep(0.3)

                sys.last = Last()
                for _ in range({threads}):
                    threading.Thread(target=ask, daemon=True).start()
                print("begun", flush=True)
                sys.stdin.buffer.raw.read(1)
                """
            )
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        responder.wait_for_requests(threads)
        process.stdin.write("x")
        process.stdin.flush()
        assert process.stdout.readline() == "ending\n"
        for request in waiting:
            responder.send(request.answer(), request.peer)
        _, err = process.communicate("x")
        assert (process.returncode, err) == (0, "")


@pytest.fixture
def untidy() -> Iterator[Chronyd]:
    """A daemon of its own: processes that end in the middle of a call may leave their sockets beside its socket."""
    with Chronyd(LOCAL_SERVER) as daemon:
        yield daemon


def test_one_shared_connection_in_use_by_many_threads_at_the_end(untidy: Chronyd) -> None:
    for _ in range(5):
        run(
            """
            connection = pychrony.ChronyConnection(ADDRESS).__enter__()

            def ask():
                while True:
                    connection.get_tracking()

            for _ in range(8):
                threading.Thread(target=ask, daemon=True).start()
            for _ in range(20):
                connection.get_tracking()
            """,
            ADDRESS=untidy.socket,
        )


def test_functions_in_use_by_many_threads_at_the_end(client: Chronyd) -> None:
    for _ in range(5):
        run(
            """
            def ask():
                while True:
                    pychrony.get_sources(ADDRESS)

            for _ in range(8):
                threading.Thread(target=ask, daemon=True).start()
            for _ in range(20):
                pychrony.get_tracking(ADDRESS)
            """,
            ADDRESS=client.udp,
        )


# A connection that is open when the interpreter ends.


def test_a_connection_left_open_at_the_end_leaves_nothing_behind(
    server: Chronyd, transport: str
) -> None:
    run(
        """
        connection = pychrony.ChronyConnection(ADDRESS).__enter__()
        connection.get_tracking()
        """,
        ADDRESS=address_of(server, transport),
    )
    assert server.client_files() == []


def test_a_connection_left_open_in_a_cycle_leaves_nothing_behind(server: Chronyd) -> None:
    run(
        """
        class Own(pychrony.ChronyConnection):
            pass

        connection = Own(ADDRESS).__enter__()
        connection.itself = connection
        connection.module = pychrony
        connection.get_tracking()
        """,
        ADDRESS=server.socket,
    )
    assert server.client_files() == []


def test_a_connection_may_be_used_and_closed_in_atexit(server: Chronyd) -> None:
    out = run(
        """
        connection = pychrony.ChronyConnection(ADDRESS).__enter__()

        @atexit.register
        def end():
            print(connection.get_tracking().stratum, pychrony.get_tracking(ADDRESS).stratum)
            connection.close()
            print(connection.closed)
        """,
        ADDRESS=server.socket,
    )
    assert out == "8 8\nTrue\n"
    assert server.client_files() == []


def test_an_exit_in_the_middle_of_the_with_statement_closes_it(server: Chronyd) -> None:
    run(
        """
        with pychrony.ChronyConnection(ADDRESS) as connection:
            connection.get_tracking()
            sys.exit(5)
        """,
        status=5,
        ADDRESS=server.socket,
    )
    assert server.client_files() == []


# Finalizers.


@pytest.mark.parametrize("holder", ["module", "sys", "cycle", "builtins"])
def test_a_finalizer_may_use_a_connection_at_the_very_end(server: Chronyd, holder: str) -> None:
    """It answers, or says that everything is torn down, and does nothing worse.

    What it needs for an answer may be gone by then, even Python's own modules.
    """
    out = run(
        """
        import builtins

        class Last:
            def __init__(self):
                self.connection = pychrony.ChronyConnection(ADDRESS).__enter__()
                self.ask = pychrony.get_tracking
                self.address = ADDRESS
                self.write = os.write
                self.expected = RuntimeError

            def __del__(self):
                try:
                    said = str(self.connection.get_tracking().stratum)
                except self.expected:
                    said = "torn down"
                self.write(1, said.encode() + b"\\n")
                try:
                    said = str(self.ask(self.address).stratum)
                except self.expected:
                    said = "torn down"
                self.write(1, said.encode() + b"\\n")
                self.connection.close()

        last = Last()
        if HOLDER == "sys":
            sys.last, last = last, None
        elif HOLDER == "builtins":
            builtins.last, last = last, None
        elif HOLDER == "cycle":
            last.itself, last = last, None
        """,
        ADDRESS=server.socket,
        HOLDER=holder,
    )
    assert set(out.splitlines()) <= {"8", "torn down"}
    assert len(out.splitlines()) == 2
    assert server.client_files() == []


def test_a_finalizer_that_runs_in_a_call_cannot_use_its_connection(responder: Responder) -> None:
    """In the middle of a call, a signal handler collects garbage whose finalizer asks on the same connection."""
    out = run(
        """
        class Asks:
            def __del__(self):
                try:
                    connection.get_tracking()
                except pychrony.ChronyConnectionError as error:
                    print(error)

        def handler(*_):
            rubbish.clear()

        rubbish = [Asks()]
        signal.signal(signal.SIGUSR1, handler)
        this = threading.main_thread().ident
        threading.Timer(0.2, signal.pthread_kill, (this, signal.SIGUSR1)).start()
        with pychrony.ChronyConnection(ADDRESS, timeout=0.5) as connection:
            try:
                connection.get_tracking()
            except pychrony.ChronyTimeoutError:
                print("timeout")
        """,
        ADDRESS=silenced(responder).address,
    )
    error, own = out.splitlines()
    assert "finalizer" in error
    assert own == "timeout"


def silenced(responder: Responder) -> Responder:
    responder.behaviour = lambda request: []
    return responder


# Signals.


def test_a_signal_handler_that_uses_the_same_connection_gets_an_error(
    responder: Responder,
) -> None:
    """No deadlock, although this thread is already in a call on the connection."""
    process = child.start(
        f"ADDRESS = {silenced(responder).address!r}\n"
        + BEGIN
        + textwrap.dedent(
            """
            def handler(*_):
                for use in [connection.get_sources, connection.get_tracking, connection.__enter__]:
                    try:
                        print("used", use())
                    except pychrony.ChronyConnectionError as error:
                        print(error.error_code.name)
                print(connection.closed, connection.address == ADDRESS, connection.fileno())
                raise SystemExit(3)

            signal.signal(signal.SIGUSR1, handler)
            with pychrony.ChronyConnection(ADDRESS, timeout=None) as connection:
                connection.get_tracking()
            """
        )
    )
    responder.wait_for_requests()
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate()
    assert (out, err, process.returncode) == ("BUSY\n" * 3 + "False True -1\n", "", 3)
    assert responder.client_files() == []


def test_endless_signals_do_not_keep_a_response_from_arriving(
    client: Chronyd, transport: str
) -> None:
    """A timer goes off every millisecond, and its handler sometimes asks in a session of its own."""
    out = run(
        """
        calls = 0

        def handler(*_):
            global calls
            calls += 1
            if calls % 50 == 0:
                assert pychrony.get_tracking(ADDRESS).stratum == 9

        signal.signal(signal.SIGPROF, handler)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        with pychrony.ChronyConnection(ADDRESS) as connection:
            end = time.monotonic() + 1
            while time.monotonic() < end:
                assert connection.get_tracking().stratum == 9
                assert len(connection.get_source_stats()) == 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(calls > 50)
        """,
        ADDRESS=address_of(client, transport),
    )
    assert out == "True\n"
    assert client.client_files() == []


def test_a_socket_that_a_killed_process_left_does_no_harm(untidy: Chronyd) -> None:
    process = child.start(
        f"ADDRESS = {untidy.socket!r}\n"
        + BEGIN
        + "connection = pychrony.ChronyConnection(ADDRESS).__enter__()\n"
        + "print(connection.get_tracking().stratum, flush=True)\n"
        + "sys.stdin.read()\n"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "8\n"
    (left,) = untidy.client_files()
    process.kill()
    process.communicate()
    assert untidy.client_files() == [left]
    assert run("print(pychrony.get_tracking(ADDRESS).stratum)", ADDRESS=untidy.socket) == "8\n"
    assert untidy.client_files() == [left]
