"""After fork(): the child opens a connection of its own, leaves the parent's alone, and the parent goes on."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from support import child
from support.chronyd import LOCAL_SERVER, Chronyd
from support.reach import address_of

# The beginning of every script here. A child that hangs is ended by its alarm.
FORKING = """
import gc, os, signal, sys, threading, warnings
import pychrony

warnings.simplefilter("error")
# From 3.12 on Python warns of any fork in a process with threads.
warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)

def in_child(work):
    # What the work returns, or the name and text of what it raises.
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        try:
            said = repr(work())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return said if status == 0 else f"the child ended with status {status}"

def raised_by(work):
    try:
        return f"nothing raised: {work()!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""


def run(code: str, **names: Any) -> str:
    """Returns what the script prints."""
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    return child.check(given + FORKING + textwrap.dedent(code))


ASKING = [
    "connection.get_tracking()",
    "connection.get_ntp_data()",
    "connection.get_smoothing()",
    "connection.get_report('tracking')",
    "connection.open()",
    "connection.__enter__()",
]


@pytest.mark.parametrize("ask", ASKING)
def test_a_call_in_the_child_opens_its_own_socket(
    server: Chronyd, transport: str, ask: str
) -> None:
    out = run(
        """
        connection = pychrony.ChronyConnection(ADDRESS)
        connection.get_tracking()

        def inode(number):
            return os.stat(f"/proc/self/fd/{number}").st_ino

        parents = inode(connection.fileno())

        def work():
            exec(ASK, globals())
            own = inode(connection.fileno()) != parents
            connection.close()
            return own, connection.closed

        print(in_child(work))
        print(inode(connection.fileno()) == parents, connection.get_tracking().stratum)
        connection.close()
        """,
        ADDRESS=address_of(server, transport),
        ASK=ask,
    )
    assert out.splitlines() == ["(True, True)", "True 8"]
    assert server.client_files() == []


def test_what_the_parent_closed_is_closed_in_the_child(server: Chronyd) -> None:
    out = run(
        """
        connection = pychrony.ChronyConnection(ADDRESS)
        connection.close()

        def work():
            told = raised_by(connection.get_tracking)
            with connection:
                return told, connection.get_tracking().stratum

        print(in_child(work))
        """,
        ADDRESS=server.socket,
    )
    assert "ChronyConnectionError" in out
    assert out.endswith(", 8)\n")


@pytest.mark.parametrize(
    "end",
    [
        "connection.close()",
        "connection.__exit__(None, None, None)",
        "globals().pop('connection')",
        "(connection.__dict__.update(me=connection), globals().pop('connection'), gc.collect())",
    ],
)
def test_what_the_child_does_with_it_does_not_affect_the_parent(
    server: Chronyd, transport: str, end: str
) -> None:
    """The child closes, leaves, drops or collects it: the parent's socket file and session stay as they are."""
    out = run(
        """
        class Connection(pychrony.ChronyConnection):
            pass

        connection = Connection(ADDRESS)
        connection.__enter__()
        number = connection.fileno()
        connection.get_tracking()

        def work():
            exec(END, globals())
            return "connection" in globals() and connection.closed

        print(in_child(work) in ("True", "False"))
        print(connection.fileno() == number, connection.get_tracking().stratum, connection.closed)
        connection.close()
        """,
        ADDRESS=address_of(server, transport),
        END=end,
    )
    assert out.splitlines() == ["True", "True 8 False"]
    assert server.client_files() == []


def test_the_childs_copy_of_the_descriptor_is_closed_with_it(
    server: Chronyd, transport: str
) -> None:
    out = run(
        """
        before = sorted(os.listdir("/proc/self/fd"))
        with pychrony.ChronyConnection(ADDRESS) as connection:
            number = connection.fileno()

            def work():
                connection.close()
                assert connection.closed
                return raised_by(lambda: os.fstat(number))

            print(in_child(work))
            print(connection.get_tracking().stratum)
        """,
        ADDRESS=address_of(server, transport),
    )
    error, goes_on = out.splitlines()
    assert "Bad file descriptor" in error
    assert goes_on == "8"


def test_a_child_that_ends_as_python_does_leaves_the_parents_socket(server: Chronyd) -> None:
    """It does not end by _exit: the interpreter is torn down, and the connection with it."""
    out = run(
        """
        connection = pychrony.ChronyConnection(ADDRESS).__enter__()
        connection.get_tracking()
        pid = os.fork()
        if pid == 0:
            sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        print(connection.get_tracking().stratum)
        connection.close()
        """,
        ADDRESS=server.socket,
    )
    assert out == "7\n8\n"
    assert server.client_files() == []


def test_a_child_can_enter_it_again_and_has_its_own_session(
    server: Chronyd, transport: str
) -> None:
    out = run(
        """
        connection = pychrony.ChronyConnection(ADDRESS).__enter__()

        def work():
            connection.close()
            with connection:
                return connection.get_tracking().stratum, connection.get_sources()

        print(in_child(work))
        print(connection.get_tracking().stratum)
        connection.close()
        """,
        ADDRESS=address_of(server, transport),
    )
    assert out == "(8, [])\n8\n"
    assert server.client_files() == []


def test_a_child_can_use_its_own_session(server: Chronyd, transport: str) -> None:
    out = run(
        """
        def work():
            with pychrony.ChronyConnection(ADDRESS) as own:
                return own.get_tracking().stratum, pychrony.get_tracking(ADDRESS).stratum

        with pychrony.ChronyConnection(ADDRESS) as connection:
            connection.get_tracking()
            print(in_child(work))
            print(connection.get_tracking().stratum)
        """,
        ADDRESS=address_of(server, transport),
    )
    assert out == "(8, 8)\n8\n"
    assert server.client_files() == []


def test_a_connection_entered_only_after_the_fork_is_as_good_as_any(server: Chronyd) -> None:
    out = run(
        """
        connection = pychrony.ChronyConnection(ADDRESS)

        def work():
            with connection:
                return connection.get_tracking().stratum

        print(in_child(work), in_child(work), work())
        """,
        ADDRESS=server.socket,
    )
    assert out == "8 8 8\n"
    assert server.client_files() == []


def test_a_call_in_a_grandchild_opens_its_own_socket_too(server: Chronyd) -> None:
    out = run(
        """
        def work():
            with connection:
                return connection.get_tracking().stratum

        with pychrony.ChronyConnection(ADDRESS) as connection:
            print(in_child(lambda: in_child(work)))
            print(connection.get_tracking().stratum)
        """,
        ADDRESS=server.socket,
    )
    assert out.splitlines() == ["'8'", "8"]
    assert server.client_files() == []


def test_its_attributes_need_no_session(server: Chronyd) -> None:
    out = run(
        """
        with pychrony.ChronyConnection(ADDRESS) as connection:
            print(in_child(lambda: (connection.address == ADDRESS, connection.transport.name)))
        """,
        ADDRESS=server.socket,
    )
    assert out == "(True, 'UNIX_SOCKET')\n"


def test_children_of_multiprocessing_are_children_too(server: Chronyd, transport: str) -> None:
    out = run(
        """
        import multiprocessing

        def ask(queue):
            queue.put(str(connection.get_tracking().stratum))
            connection.close()
            queue.put(str(pychrony.get_tracking(ADDRESS).stratum))

        context = multiprocessing.get_context("fork")
        with pychrony.ChronyConnection(ADDRESS) as connection:
            queue = context.Queue()
            process = context.Process(target=ask, args=(queue,))
            process.start()
            print(queue.get(timeout=60))
            print(queue.get(timeout=60))
            process.join()
            print(process.exitcode)
            print(connection.get_tracking().stratum)
        """,
        ADDRESS=address_of(server, transport),
    )
    assert out.splitlines() == ["8", "8", "0", "8"]
    assert server.client_files() == []


def test_a_pool_of_forked_workers_asks_for_itself(client: Chronyd) -> None:
    out = run(
        """
        import multiprocessing

        with pychrony.ChronyConnection(ADDRESS) as connection:
            connection.get_tracking()
            with multiprocessing.get_context("fork").Pool(3) as pool:
                for tracking in pool.map(pychrony.get_tracking, [ADDRESS] * 20):
                    assert tracking.reference_ip == "127.0.0.1"
                    assert tracking.leap_status is pychrony.LeapStatus.NORMAL
            print(connection.get_tracking().stratum)
        """,
        ADDRESS=client.socket,
    )
    assert out == "9\n"


# Forked while another thread is in a call.


def test_forked_in_the_middle_of_another_threads_call(stopped: Chronyd, server: Chronyd) -> None:
    """The child does not have that thread, whose call would never end there, so it must not wait for it."""
    out = run(
        """
        connection = pychrony.ChronyConnection(SILENT, timeout=None)
        connection.__enter__()
        answers = []
        asker = threading.Thread(target=lambda: answers.append(connection.get_tracking().stratum))
        asker.start()
        while connection.fileno() != -1:
            pass

        def work():
            connection.open()
            opened = connection.fileno() != -1
            own = pychrony.get_tracking(ADDRESS).stratum
            connection.close()
            return opened, own, connection.closed, raised_by(connection.fileno)[:21]

        print(in_child(work))
        print(in_child(lambda: globals().pop("connection").closed))
        print("ask", flush=True)
        sys.stdin.readline()
        asker.join()
        print(answers, connection.get_tracking().stratum)
        connection.close()
        """.replace("sys.stdin.readline()", f"os.kill({stopped.pid}, signal.SIGCONT)"),
        SILENT=stopped.socket,
        ADDRESS=server.socket,
    )
    assert out.splitlines() == [
        "(True, 8, True, 'ChronyConnectionError')",
        "False",
        "ask",
        "[8] 8",
    ]
    assert stopped.client_files() == server.client_files() == []


def test_forked_again_and_again_while_other_threads_ask(server: Chronyd, client: Chronyd) -> None:
    """Whatever the threads are doing, no child finds a lock held by a thread it lacks."""
    out = run(
        """
        ended = threading.Event()
        connection = pychrony.ChronyConnection(SHARED, timeout=60).__enter__()

        def ask_shared():
            while not ended.is_set():
                connection.get_tracking()

        def ask_alone():
            while not ended.is_set():
                pychrony.get_sources(ALONE, timeout=60)

        threads = [threading.Thread(target=each) for each in [ask_shared] * 2 + [ask_alone] * 2]
        for thread in threads:
            thread.start()

        def work():
            stratum = connection.get_tracking().stratum
            (source,) = pychrony.get_sources(ALONE, timeout=30)
            connection.close()
            return stratum, source.address

        try:
            said = {in_child(work) for _ in range(100)}
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        print(said)
        print(connection.get_tracking().stratum)
        connection.close()
        """,
        SHARED=server.socket,
        ALONE=client.udp,
    )
    assert out.splitlines() == ["""{"(8, '127.0.0.1')"}""", "8"]
    assert server.client_files() == []


def test_forked_while_other_threads_touch_the_connection_all_the_time(server: Chronyd) -> None:
    """Its lock is held only for moments, but there are many of them here."""
    out = run(
        """
        ended = threading.Event()
        connection = pychrony.ChronyConnection("127.0.0.1:9", timeout=60)

        def open_and_close():
            while not ended.is_set():
                connection.__enter__()
                connection.close()

        threads = [threading.Thread(target=open_and_close)]
        threads[0].start()

        def work():
            connection.close()
            return connection.closed

        try:
            said = {in_child(work) for _ in range(300)}
        finally:
            ended.set()
            threads[0].join()
        print(said)
        """,
    )
    assert out == "{'True'}\n"


def test_a_signal_handler_that_forks_in_the_middle_of_the_call() -> None:
    """The child continues in the middle of the call: it does not take the parent's response, but asks for itself."""
    with Chronyd(LOCAL_SERVER) as daemon:
        daemon.stop()
        out = run(
            f"""
            pids = []

            def handler(*_):
                pid = os.fork()
                if pid == 0:
                    signal.alarm(60)
                    pids.clear()
                    return
                pids.append(pid)
                os.kill({daemon.pid}, signal.SIGCONT)

            signal.signal(signal.SIGUSR1, handler)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            connection = pychrony.ChronyConnection(ADDRESS, timeout=60)
            said = raised_by(lambda: connection.get_tracking().stratum)
            os.write(1, (said + os.linesep).encode())
            if not pids:
                connection.close()
                os._exit(7)
            print(os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]))
            print(connection.get_tracking().stratum)
            connection.close()
            """,
            ADDRESS=daemon.socket,
        )
        assert sorted(out.splitlines()) == ["7", "8", *["nothing raised: 8"] * 2]
        assert daemon.client_files() == []


def test_a_child_that_a_signal_handler_forked_asks_for_itself() -> None:
    """The parent has had the response, so none will come for its request."""
    with Chronyd(LOCAL_SERVER) as daemon:
        daemon.stop()
        out = run(
            f"""
            reading, writing = os.pipe()
            pids = []

            def handler(*_):
                pid = os.fork()
                if pid == 0:
                    signal.alarm(60)
                    os.read(reading, 1)
                    return
                pids.append(pid)
                os.kill({daemon.pid}, signal.SIGCONT)

            signal.signal(signal.SIGUSR1, handler)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            said = raised_by(lambda: pychrony.get_tracking(ADDRESS, timeout=None).stratum)
            os.write(1, (said + os.linesep).encode())
            if not pids:
                os._exit(7)
            os.write(writing, b"x")
            print(os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]))
            """,
            ADDRESS=daemon.socket,
        )
        assert out.splitlines() == [*["nothing raised: 8"] * 2, "7"]
        assert daemon.client_files() == []
