"""Whatever happens to chronyd or to the system during a call: an error says so, and afterwards all is well."""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import random
import resource
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Callable

import pytest
from ranges import GETTERS, check_error, check_result
from scale import SEED, times
from support.chronyd import LOCAL_SERVER, Chronyd, client_of, private_directory
from support.reach import address_of
from support.responder import Responder
from support.stranger import is_alone
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony import ChronyConnection

# Generous, because the tests show that a call ends, not how fast.
MARGIN = 30.0


@pytest.fixture
def own(server: Chronyd) -> Iterator[Chronyd]:
    """A chronyd to be mistreated."""
    with Chronyd([*client_of("127.0.0.1", server.ntp_port), *LOCAL_SERVER]) as daemon:
        yield daemon


def ask(name: str, function: Callable[[], Any], timeout: float) -> str:
    """Make one call and check it; returns how it ended."""
    begun = time.monotonic()
    try:
        result = function()
    except pychrony.ChronyError as error:
        check_error(error)
        ended = type(error).__name__
    else:
        check_result(name, result)
        ended = "report"
    assert time.monotonic() - begun < timeout + MARGIN
    return ended


class Mischief(threading.Thread):
    """Stops, continues, kills and restarts a chronyd at random moments, from a thread of its own."""

    def __init__(self, daemon: Chronyd, seed: int) -> None:
        super().__init__(name="mischief", daemon=True)
        self.chronyd = daemon
        self.random = random.Random(seed)
        self.enough = threading.Event()
        self.done: list[str] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.enough.wait(self.random.uniform(0, 0.02)):
                deed = self.random.choice(["stop", "stop", "stop", "kill", "restart"])
                self.done.append(deed)
                if deed == "stop":
                    self.chronyd.stop()
                    self.enough.wait(self.random.uniform(0, 0.1))
                    self.chronyd.cont()
                elif deed == "kill":
                    self.chronyd.kill()
                    self.enough.wait(self.random.uniform(0, 0.05))
                    self.chronyd.restart()
                else:
                    self.chronyd.restart()
        except BaseException as error:  # noqa: BLE001 - the test shall have it
            self.failure = error

    def __enter__(self) -> Mischief:
        self.start()
        return self

    def __exit__(self, *rest: object) -> None:
        self.enough.set()
        self.join(2 * DEADLINE)
        if self.failure is not None:
            raise self.failure


def test_a_chronyd_that_is_stopped_killed_and_restarted_at_random_gives_reports_or_errors(
    own: Chronyd, transport: str
) -> None:
    address = address_of(own, transport)
    timeout = 0.05
    ended: dict[str, int] = {}
    turns = 0
    with (
        Mischief(own, SEED) as mischief,
        ChronyConnection(address, timeout=timeout) as connection,
    ):
        until = len(GETTERS) * times(30)
        while turns < until or len(mischief.done) < times(20):
            assert mischief.is_alive()
            for name in GETTERS:
                turns += 1
                once = partial(getattr(pychrony, name), address, timeout=timeout)
                for function in (once, getattr(connection, name)):
                    how = ask(name, function, timeout)
                    ended[how] = ended.get(how, 0) + 1
    print(ended, {deed: mischief.done.count(deed) for deed in mischief.done})
    assert ended["report"] and len(ended) > 1
    assert pychrony.get_tracking(address, timeout=DEADLINE).stratum
    assert own.client_files() == []


def test_the_error_names_a_missing_directory_and_later_calls_succeed() -> None:
    with Responder(transport="unix") as responder:
        address = responder.address
        directory = Path(address).parent
        away = directory.with_suffix(".away")
        with ChronyConnection(address, timeout=2.0) as connection:
            connection.get_tracking()
            directory.rename(away)
            try:
                with pytest.raises(pychrony.ChronyConnectionError, match="No such file") as raised:
                    pychrony.get_tracking(address)
                assert raised.value.errno == errno.ENOENT
                # Through a session that is open the request arrives, but the answer has no way back.
                with pytest.raises(pychrony.ChronyTimeoutError):
                    connection.get_tracking()
                with pytest.raises(pychrony.ChronyConnectionError, match="No such file"):
                    connection.get_tracking()
            finally:
                away.rename(directory)
            connection.get_tracking()
        pychrony.get_tracking(address)
        # What that session left behind could not be removed while its path did not exist.
        assert len(responder.client_files()) <= 1


MS_RDONLY = 1
MS_REMOUNT = 32
MNT_DETACH = 2
SMALL = "size=64k,nr_inodes=8,mode=0750"


def checked(result: int, directory: Path) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(directory))


def mount(directory: Path, flags: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    options = SMALL.encode()
    checked(libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", flags, options), directory)


def unmount(directory: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    checked(libc.umount2(os.fsencode(directory), MNT_DETACH), directory)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A directory on a disk of its own, with room for a few files."""
    if os.geteuid() != 0 or is_alone():
        pytest.skip("only root may mount a small disk")
    directory = private_directory()
    try:
        mount(directory)
    except PermissionError:
        shutil.rmtree(directory)
        pytest.skip("this root may not mount a disk (a container without CAP_SYS_ADMIN)")
    try:
        yield directory
    finally:
        unmount(directory)
        shutil.rmtree(directory)


def test_the_error_names_a_full_disk_and_later_calls_succeed(small_disk: Path) -> None:
    with Responder(transport="unix", address=str(small_disk / "s")) as responder:
        pychrony.get_tracking(responder.address)
        fillers = []
        for number in range(64):
            try:
                (small_disk / f"filler{number}").touch()
            except OSError as error:
                assert error.errno == errno.ENOSPC
                break
            fillers.append(small_disk / f"filler{number}")
            # libchrony makes two directories and a socket; in turn, each of them is the one that no longer fits.
        for filler in fillers[:4]:
            for name in GETTERS:
                try:
                    getattr(pychrony, name)(responder.address, timeout=DEADLINE)
                except pychrony.ChronyConnectionError as error:
                    assert error.errno == errno.ENOSPC, error
                    assert "No space left on device" in str(error)
                left = {each.name for each in small_disk.iterdir()} - {"s"}
                assert left == {each.name for each in fillers if each.exists()}
            filler.unlink()
        pychrony.get_tracking(responder.address)


def test_the_error_names_a_read_only_disk_and_later_calls_succeed(
    small_disk: Path,
) -> None:
    with Responder(transport="unix", address=str(small_disk / "s")) as responder:
        mount(small_disk, MS_REMOUNT | MS_RDONLY)
        for name in GETTERS:
            with pytest.raises(pychrony.ChronyConnectionError, match="Read-only") as raised:
                getattr(pychrony, name)(responder.address)
            assert raised.value.errno == errno.EROFS
        mount(small_disk, MS_REMOUNT)
        pychrony.get_tracking(responder.address)


def test_the_error_names_a_lack_of_descriptors_and_later_calls_succeed(
    server: Chronyd, transport: str
) -> None:
    address = address_of(server, transport)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    pychrony.get_tracking(address)
    with ChronyConnection(address, timeout=DEADLINE) as connection:
        connection.get_tracking()
        held: list[int] = []
        said = set()
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
            while True:
                try:
                    held.append(os.dup(0))
                except OSError as error:
                    assert error.errno == errno.EMFILE
                    break
            # With no descriptor left, then with one, two and so on, so that the call fails at each of its steps.
            while True:
                try:
                    pychrony.get_tracking(address, timeout=DEADLINE)
                except pychrony.ChronyError as error:
                    assert error.errno == errno.EMFILE, error
                    assert "Too many open files" in str(error)
                    said.add(type(error))
                else:
                    break
                # The session that is open needs no more descriptors.
                connection.get_tracking()
                os.close(held.pop())
        finally:
            for each in held:
                os.close(each)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert said
        connection.get_tracking()
    for name in GETTERS:
        getattr(pychrony, name)(server.socket, timeout=DEADLINE)
    assert server.client_files() == []


CROWD = 200


def test_two_hundred_threads_at_once_each_get_their_answer(client: Chronyd, transport: str) -> None:
    address = address_of(client, transport)
    raised: list[BaseException] = []
    start = threading.Barrier(CROWD)

    def work(index: int) -> None:
        try:
            start.wait(DEADLINE)
            for turn in range(times(5, least=2)):
                names = ("get_tracking", "get_sources", "get_source_stats", "get_activity")
                name = names[(index + turn) % 4]
                ended = ask(name, partial(getattr(pychrony, name), **where), DEADLINE)
                assert ended == "report", ended
        except BaseException as error:  # noqa: BLE001 - the test shall have it
            raised.append(error)

    where: dict[str, Any] = {"address": address, "timeout": DEADLINE}
    threads = [threading.Thread(target=work, args=(each,), daemon=True) for each in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * DEADLINE)
    assert not any(thread.is_alive() for thread in threads)
    assert raised == []
    assert client.client_files() == []


def _child(address: str, rounds: int) -> None:
    with ChronyConnection(address, timeout=3 * DEADLINE) as connection:
        for _ in range(rounds):
            for name in ("get_tracking", "get_sources", "get_source_stats", "get_activity"):
                check_result(name, getattr(connection, name)())
                check_result(name, getattr(pychrony, name)(address, timeout=3 * DEADLINE))


# From 3.12 on Python warns of a fork in a process with threads, and in one of pytest's workers there is another thread.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_two_hundred_processes_at_once_each_get_their_answer(
    client: Chronyd, transport: str
) -> None:
    address = address_of(client, transport)
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_child, args=(address, times(2))) for _ in range(CROWD)]
    try:
        for child in children:
            child.start()
        for child in children:
            child.join(3 * DEADLINE)
        assert [child.exitcode for child in children] == [0] * CROWD
    finally:
        for child in children:
            if child.is_alive():
                child.kill()
                child.join()
    assert client.client_files() == []


def test_a_signal_is_handled_in_the_midst_of_a_flood(transport: str) -> None:
    """Datagrams that are no answer arrive without a pause; a handler that raises still ends the call."""
    enough = threading.Event()
    with Responder(lambda request: [], transport=transport) as responder:

        def flood() -> None:
            (request, *_) = responder.wait_for_requests()
            os.kill(os.getpid(), signal.SIGUSR1)
            while not enough.is_set():
                for _ in range(100):
                    responder.send(b"no answer", request.peer)

        class Enough(Exception):
            pass

        def handle(number: int, frame: object) -> None:
            raise Enough

        before = signal.signal(signal.SIGUSR1, handle)
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        try:
            with pytest.raises(Enough):
                pychrony.get_tracking(responder.address, timeout=DEADLINE)
        finally:
            enough.set()
            thread.join(DEADLINE)
            signal.signal(signal.SIGUSR1, before)
        wait_for("the flood ends", lambda: not thread.is_alive())
