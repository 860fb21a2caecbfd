"""Two copies of the extension in one process, as where a package vendors one: both use one libchrony, so both use one lock."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

from support import child
from support.chronyd import Chronyd

import pychrony

TWO_COPIES = """
import ctypes, importlib, os, sys, threading
import pychrony as first

sys.path.insert(0, DIRECTORY)
for name in [name for name in sys.modules if name.partition(".")[0] == "pychrony"]:
    del sys.modules[name]
importlib.invalidate_caches()
import pychrony as second

assert first.__file__ != second.__file__
assert first.libchrony_path == second.libchrony_path
"""


def run(directory: Path, code: str, address: str) -> str:
    """Run the code in a process that has two copies of the module, and return what it prints."""
    shutil.copytree(Path(pychrony.__file__).parent, directory / "pychrony")
    given = f"DIRECTORY, ADDRESS = {str(directory)!r}, {address!r}\n"
    return child.check(given + TWO_COPIES + textwrap.dedent(code))


def test_both_copies_wait_for_one_lock(client: Chronyd, tmp_path: Path) -> None:
    out = run(
        tmp_path,
        """
        lock = ctypes.c_uint32.in_dll(ctypes.CDLL(None), "pychrony_libchrony_lock_1")
        # A system call that a thread is in: its number, and its first argument.
        place = f"{ctypes.addressof(lock):#x}"
        lock.value = 2  # held, and awaited

        answers = []
        threads = [
            threading.Thread(target=lambda copy=copy: answers.append(copy.get_tracking(ADDRESS, timeout=None)))
            for copy in (first, second)
        ]
        for thread in threads:
            thread.start()

        def is_waiting(thread):
            with open(f"/proc/self/task/{thread.native_id}/syscall") as file:
                return file.read().split()[1:2] == [place]

        while not all(is_waiting(thread) for thread in threads):
            assert all(thread.is_alive() for thread in threads), "it went on without the lock"
        print(len(answers))
        lock.value = 0
        for _ in range(2):
            ctypes.CDLL(None).syscall(NUMBER_OF_FUTEX, ctypes.byref(lock), 129, 2, None, None, 0)
        for thread in threads:
            thread.join()
        print([answer.reference_ip for answer in answers], lock.value)
        """.replace("NUMBER_OF_FUTEX", "{'x86_64': 202, 'aarch64': 98}[os.uname().machine]"),
        client.socket,
    )
    assert out == "0\n['127.0.0.1', '127.0.0.1'] 0\n"


def test_a_child_of_a_process_with_two_copies_asks_with_both(
    server: Chronyd, tmp_path: Path
) -> None:
    out = run(
        tmp_path,
        """
        ended = threading.Event()

        def ask(copy):
            while not ended.is_set():
                copy.get_sources(ADDRESS, timeout=None)

        threads = [threading.Thread(target=ask, args=(copy,)) for copy in (first, second)]
        for thread in threads:
            thread.start()
        statuses = set()
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                strata = {copy.get_tracking(ADDRESS, timeout=30).stratum for copy in (first, second)}
                os._exit(0 if strata == {8} else 1)
            statuses.add(os.waitpid(pid, 0)[1])
        ended.set()
        for thread in threads:
            thread.join()
        print(statuses)
        """,
        server.socket,
    )
    assert out == "{0}\n"
