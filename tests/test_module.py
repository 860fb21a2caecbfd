"""The module as an extension: how it is built, linked, imported, and shared between interpreters."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import pydoc
import sys
from pathlib import Path

import pytest
from support import child, elf
from support.responder import Responder

import pychrony

FILE = Path(pychrony.__file__)


@pytest.mark.wheel
def test_the_extension_is_the_package_and_of_the_stable_abi() -> None:
    assert FILE.name == "__init__.abi3.so"
    assert isinstance(pychrony.__loader__, importlib.machinery.ExtensionFileLoader)


def test_the_extension_needs_no_libpython_and_no_libchrony() -> None:
    needed = elf.dynamic(FILE)["needed"]
    assert [name for name in needed if name.startswith(("libpython", "libchrony"))] == []
    assert any(name.startswith(("libc.", "libc.musl")) for name in needed)


def test_the_extension_looks_for_libraries_in_no_path_of_its_own() -> None:
    dynamic = elf.dynamic(FILE)
    assert dynamic["rpath"] == dynamic["runpath"] == []


def test_the_types_ship_beside_the_binary() -> None:
    assert (FILE.parent / "py.typed").exists()
    assert (FILE.parent / "__init__.pyi").read_text().strip()


@pytest.mark.wheel
def test_the_wheel_is_one_for_every_python_from_3_9() -> None:
    wheel = importlib.metadata.distribution("pychrony").read_text("WHEEL")
    assert wheel is not None
    tags = [line.partition(": ")[2] for line in wheel.splitlines() if line.startswith("Tag: ")]
    assert tags
    assert all(tag.startswith("cp39-abi3-") for tag in tags)
    assert "Root-Is-Purelib: false" in wheel


@pytest.mark.wheel
def test_the_wheel_needs_no_other_package() -> None:
    requires = importlib.metadata.distribution("pychrony").requires or []
    assert [name for name in requires if "extra ==" not in name] == []


@pytest.mark.wheel
def test_the_wheel_holds_what_it_should_and_no_sources() -> None:
    files = importlib.metadata.distribution("pychrony").files
    assert files is not None
    names = {str(name) for name in files}
    assert {"pychrony/__init__.abi3.so", "pychrony/__init__.pyi", "pychrony/py.typed"} <= names
    assert [name for name in names if name.endswith((".rs", ".c", ".toml"))] == []
    top = {
        name.split("/")[0]
        for name in names
        if not name.startswith((".", "pychrony-", "__pycache__"))
    }
    # The pytest plugin stands beside the package, which cannot be imported where there is no libchrony.
    assert top <= {"pychrony", "pytest_pychrony.py"}


def test_everything_public_is_documented() -> None:
    assert pychrony.__doc__
    assert pychrony.get_tracking.__doc__
    for name in ["get_tracking", "TrackingStatus", "LeapStatus", "ErrorCode", "ChronyError"]:
        assert getattr(pychrony, name).__doc__, name


@pytest.mark.parametrize("name", ["tracking", "TrackingStatus\0", "Tracking\udc80", ""])
def test_a_name_that_the_module_lacks_is_an_attribute_error_that_shows_it(name: str) -> None:
    with pytest.raises(AttributeError) as raised:
        getattr(pychrony, name)
    assert str(raised.value) == f"module 'pychrony' has no attribute {name!r}"


@pytest.mark.parametrize("name", ["LeapStatus", "SourceState", "NTPFlags"])
def test_help_of_an_enumeration_is_about_its_members(name: str) -> None:
    enumeration = getattr(pychrony, name)
    text = pydoc.plain(pydoc.render_doc(enumeration))
    assert all(member.name in text for member in enumeration)
    assert "to_bytes" not in text


def test_the_signature_is_there_for_help() -> None:
    import inspect

    assert str(inspect.signature(pychrony.get_tracking)) == "(address=None, *, timeout=3.0)"


def test_the_module_is_initialised_in_many_phases() -> None:
    """A module with single-phase initialisation would return the same module, or its dictionary, again."""
    out = child.check(
        """
        import sys
        import pychrony as first
        first.mark = 1
        del sys.modules["pychrony"]
        import pychrony as second
        print(first is second, hasattr(second, "mark"), first.TrackingStatus is second.TrackingStatus)
        """
    )
    assert out == "False False False\n"


def test_two_imports_of_the_module_each_use_their_own_types() -> None:
    with Responder() as daemon:
        out = child.check(
            f"""
            import sys
            import pychrony as first
            del sys.modules["pychrony"]
            import pychrony as second
            for module in (first, second):
                assert type(module.get_tracking({daemon.address!r})) is module.TrackingStatus
                try:
                    module.get_tracking("/nowhere/chronyd.sock")
                except module.ChronyConnectionError:
                    print("own")
            """
        )
    assert out == "own\nown\n"


def test_a_module_that_is_forgotten_is_freed() -> None:
    out = child.check(
        """
        import gc, sys, weakref
        import pychrony
        gone = [weakref.ref(pychrony), weakref.ref(pychrony.TrackingStatus), weakref.ref(pychrony.ChronyError)]
        del sys.modules["pychrony"], pychrony
        gc.collect()
        print([reference() is None for reference in gone])
        """
    )
    assert out == "[True, True, True]\n"


def test_importing_again_and_again_keeps_nothing() -> None:
    out = child.check(
        """
        import gc, sys

        def load():
            for _ in range(20):
                import pychrony
                del sys.modules["pychrony"], pychrony
                gc.collect()
            return len(gc.get_objects())

        load()
        before = load()
        print(load() - before < 20)
        """
    )
    assert out == "True\n"


INTERPRETERS = """
import sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters

def run(identifier, code):
    failure = interpreters.run_string(identifier, code)
    if failure is not None:
        raise RuntimeError(failure)
"""


def test_a_subinterpreter_uses_the_module_beside_the_main_one() -> None:
    """From 3.12 on, these interpreters have a GIL each, and a module must declare that it supports that."""
    with Responder() as daemon:
        out = child.check(
            f"""{INTERPRETERS}
import pychrony
ask = "import pychrony; print(pychrony.get_tracking({daemon.address!r}).stratum, flush=True)"
for _ in range(3):
    identifier = interpreters.create()
    run(identifier, ask)
    run(identifier, ask)
    interpreters.destroy(identifier)
exec(ask)
"""
        )
    assert out == 7 * "3\n"


def test_a_subinterpreter_may_be_the_first_to_use_the_module() -> None:
    with Responder() as daemon:
        out = child.check(
            f"""{INTERPRETERS}
ask = "import pychrony; print(pychrony.get_tracking({daemon.address!r}).stratum, flush=True)"
identifier = interpreters.create()
run(identifier, ask)
interpreters.destroy(identifier)
exec(ask)
"""
        )
    assert out == "3\n3\n"


if sys.version_info >= (3, 12):

    def test_interpreters_with_their_own_gil_ask_at_the_same_time() -> None:
        with Responder() as daemon:
            out = child.check(
                f"""{INTERPRETERS}
import threading
code = '''
import pychrony
for _ in range(200):
    assert pychrony.get_tracking({daemon.address!r}).reference_id_name == "192.0.2.1"
'''
failures = []
def work():
    identifier = interpreters.create()
    try:
        run(identifier, code)
    except BaseException as error:
        failures.append(repr(error))
    interpreters.destroy(identifier)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failures)
"""
            )
        assert out == "[]\n"


@pytest.mark.parametrize("option", ["-X dev", "-b", "-O", "-I -S", "-W error"])
def test_the_module_imports_under_every_option(option: str) -> None:
    code = f"""
        import subprocess, sys
        environment_path = {str(FILE.parent.parent)!r}
        subprocess.run(
            [sys.executable, *{option.split()!r}, "-c",
             f"import sys; sys.path.insert(0, {{environment_path!r}}); import pychrony"],
            check=True)
        """
    assert child.run(code).returncode == 0


def test_exiting_while_a_thread_still_waits_does_no_harm() -> None:
    with Responder(lambda request: []) as daemon:
        done = child.run(
            f"""
            import threading, pychrony
            threading.Thread(
                target=pychrony.get_tracking, args=({daemon.address!r},), kwargs={{"timeout": 0.5}}, daemon=True
            ).start()
            """
        )
    assert done.returncode == 0
    assert "Fatal" not in done.stderr


def test_a_name_that_is_not_valid_text_does_not_exist() -> None:
    assert not hasattr(pychrony, "\udcff")
