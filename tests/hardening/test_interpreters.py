"""Many interpreters in one process, made and ended in a loop; and a module that is forgotten and imported again."""

from __future__ import annotations

import sys

import pytest
from scale import times
from support import child
from support.chronyd import Chronyd

# In threads, interpreters are created, import the module, ask, and are ended, while the main interpreter keeps asking.
LOOP = """
import os, sys, threading
import {module} as interpreters
import pychrony

def create():
    try:
        return interpreters.create({argument})
    except TypeError:
        return interpreters.create()

def run(interpreter, code):
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    failed = run(interpreter, code)
    assert failed is None, failed

address = {address!r}
CODE = '''
import sys
{path}
import pychrony
for _ in range(3):
    assert type(pychrony.get_tracking({address!r}, timeout=60)) is pychrony.TrackingStatus
    try:
        pychrony.get_tracking({address!r} + ".gone" if {address!r}[0] == "/" else "127.0.0.1:9", timeout=60)
    except pychrony.ChronyConnectionError as error:
        assert error.error_code in pychrony.ErrorCode
    else:
        raise AssertionError
    with pychrony.ChronyConnection({address!r}, timeout=60) as connection:
        connection.get_sources()
        connection.get_report("tracking")
del sys.modules["pychrony"]
import pychrony
pychrony.get_activity({address!r}, timeout=60)
'''
failures = []

def work():
    try:
        for _ in range({times}):
            interpreter = create()
            try:
                run(interpreter, CODE)
            finally:
                interpreters.destroy(interpreter)
    except BaseException as error:
        failures.append(repr(error))

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
asked = 0
while any(thread.is_alive() for thread in threads):
    pychrony.get_tracking(address, timeout=60)
    asked += 1
for thread in threads:
    thread.join()
assert not failures, failures
assert pychrony.get_tracking(address).is_synchronized() is not None
print("asked", asked)
"""


def subinterpreters(kind: str) -> tuple[str, str]:
    """The module that makes them, and its argument for this kind."""
    if sys.version_info >= (3, 13):
        return "_interpreters", {"own GIL": "'isolated'", "legacy": "'legacy'"}[kind]
    if kind == "own GIL" and sys.version_info < (3, 12):
        pytest.skip("interpreters share one GIL before CPython 3.12")
    return "_xxsubinterpreters", {"own GIL": "isolated=True", "legacy": "isolated=False"}[kind]


@pytest.mark.parametrize("kind", ["legacy", "own GIL"])
def test_interpreters_come_and_go_while_others_ask(
    client: Chronyd, transport: str, kind: str
) -> None:
    module, argument = subinterpreters(kind)
    address = client.socket if transport == "unix" else client.udp
    path = f"sys.path[:] = {sys.path!r}"
    code = LOOP.format(module=module, argument=argument, address=address, path=path, times=times(5))
    done = child.run(code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "asked" in done.stdout
    assert client.client_files() == []


def test_the_module_is_forgotten_and_imported_again_while_threads_use_it(client: Chronyd) -> None:
    code = f"""
    import gc, sys, threading
    failures = []
    # importlib itself does not cope if a module is removed during an import.
    importing = threading.Lock()

    def work():
        try:
            for _ in range({times(20)}):
                with importing:
                    sys.modules.pop("pychrony", None)
                    import pychrony
                with pychrony.ChronyConnection({client.socket!r}, timeout=60) as connection:
                    status = connection.get_tracking()
                    assert type(status) is pychrony.TrackingStatus
                    del pychrony
                    gc.collect()
                    assert type(connection.get_tracking()) is type(status)
        except BaseException as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    """
    done = child.run(code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert client.client_files() == []
