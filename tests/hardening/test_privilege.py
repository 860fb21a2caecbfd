"""Nobody else can use the client's socket, which is removed with its session; a privileged program takes no orders from outside."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import child
from support.chronyd import LOCAL_SERVER, Chronyd, daemon_user
from support.stranger import STRANGER, is_alone

import pychrony
from pychrony import ChronyConnection

# The module is imported first: it may lie in a directory that only its owner can read.
AS_USER = """
import json, os, pychrony
os.setgroups([])
os.setgid(%d)
os.setuid(%d)
try:
    result = pychrony.get_tracking(%r, timeout=30).stratum
except pychrony.ChronyError as error:
    result = [type(error).__name__, error.errno]
print(json.dumps(result))
"""


@pytest.fixture
def root() -> None:
    if os.geteuid() != 0 or is_alone():
        pytest.skip("only root can become another user")


@pytest.fixture
def open_daemon() -> Iterator[Chronyd]:
    with Chronyd(LOCAL_SERVER) as daemon:
        yield daemon


def ask_as(user: int, group: int, address: str) -> object:
    return json.loads(child.check(AS_USER % (group, user, address)))


def test_another_user_gets_an_error_at_the_socket_and_reports_at_the_port(
    root: None, open_daemon: Chronyd
) -> None:
    assert ask_as(STRANGER, STRANGER, open_daemon.socket) == ["ChronyPermissionError", 13]
    assert ask_as(STRANGER, STRANGER, open_daemon.udp) == 8
    assert open_daemon.client_files() == []


def test_the_daemons_own_user_may_use_the_socket(root: None, open_daemon: Chronyd) -> None:
    user = daemon_user()
    assert ask_as(user.pw_uid, user.pw_gid, open_daemon.socket) == 8
    assert open_daemon.client_files() == []


def test_root_may_use_the_socket_of_a_daemon_of_another_user(
    root: None, open_daemon: Chronyd
) -> None:
    assert os.stat(open_daemon.socket).st_uid == daemon_user().pw_uid != os.geteuid()
    assert pychrony.get_tracking(open_daemon.socket).stratum == 8
    assert open_daemon.client_files() == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_other_users_cannot_find_the_clients_socket(open_daemon: Chronyd, umask: int) -> None:
    """libchrony hides it below two directories whose names nobody can guess, and nobody else may list the outer one."""
    before = os.umask(umask)
    try:
        with ChronyConnection(open_daemon.socket, timeout=30) as connection:
            connection.get_tracking()
            found = []
            for parent, directories, files in os.walk(open_daemon.directory):
                for name in directories + files:
                    path = Path(parent, name)
                    if "libchrony." in str(path):
                        found.append(path)
            outer, inner, socket = sorted(found, key=lambda path: len(path.parts))
            for directory in (open_daemon.directory, outer):
                assert os.stat(directory).st_mode & (stat.S_IROTH | stat.S_IWOTH) == 0, directory
            assert os.stat(inner).st_mode & stat.S_IWOTH == 0
            assert stat.S_ISSOCK(os.stat(socket).st_mode)
            if os.geteuid() == 0 and not is_alone():
                # Without access to chronyd's directory a user reaches none of them; with it, not the inner one.
                for path in (outer, inner, socket):
                    assert probe(path) == "PermissionError"
                assert os.listdir(outer) == [inner.name]
                open_daemon.directory.chmod(0o755)
                assert probe(outer) == "PermissionError"
                open_daemon.directory.chmod(0o750)
    finally:
        os.umask(before)
    assert open_daemon.client_files() == []


def probe(path: Path) -> str:
    """What a stranger gets who looks at the path: lists the directory, or asks about the socket."""
    code = f"""
    import os
    os.setgroups([]); os.setgid({STRANGER}); os.setuid({STRANGER})
    try:
        (os.listdir if os.path.isdir({str(path)!r}) else os.stat)({str(path)!r})
        print("there")
    except OSError as error:
        print(type(error).__name__)
    """
    return child.check(code).strip()


@pytest.fixture
def privileged(root: None) -> Iterator[Path]:
    """A program that runs with raised privileges: a Python that is set-group-ID, in a place where all may run it.

    Its group is nobody's and gives it no rights, but the kernel does not know that.
    """
    # Not in /tmp, where such programs often have no effect.
    directory = Path(tempfile.mkdtemp(prefix="pcpriv", dir="/var/tmp"))
    try:
        program = directory / "python"
        shutil.copy(os.path.realpath(sys.executable), program)
        os.chown(program, -1, STRANGER)
        program.chmod(0o2755)
        yield program
    finally:
        shutil.rmtree(directory)


LOAD = """
import ctypes
print("raised" if ctypes.CDLL(None).getauxval(23) else "not raised")  # AT_SECURE
try:
    import pychrony
    print(pychrony.libchrony_path)
except ImportError as error:
    print(error)
"""


def load(program: Path | str) -> list[str]:
    """Whether that program has raised privileges, and what the variable did."""
    environment = {"PYCHRONY_LIBCHRONY": "/nonsense.so", "PYTHONHOME": sys.base_prefix}
    environment["PYTHONPATH"] = str(Path(pychrony.__file__).parent.parent)
    done = child.execute([program, "-c", LOAD], env=environment)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def test_the_variable_is_ignored_by_a_program_with_raised_privileges(privileged: Path) -> None:
    """PYCHRONY_LIBCHRONY names code to run: a user who sets it must not have that code run with another's rights."""
    state, outcome = load(privileged)
    assert state == "raised", f"{privileged.parent} is on a file system where programs gain nothing"
    assert "/nonsense.so" not in outcome


def test_the_variable_is_used_by_a_program_without_raised_privileges(privileged: Path) -> None:
    privileged.chmod(0o755)
    state, outcome = load(privileged)
    assert state == "not raised"
    assert "PYCHRONY_LIBCHRONY=/nonsense.so" in outcome


ASK = """
import ctypes, os, sys
print("raised" if ctypes.CDLL(None).getauxval(23) else "not raised")  # AT_SECURE
# Loaded already, libchrony is found by its name: nobody may tell a program with raised privileges its path.
for path in sys.argv[1:]:
    ctypes.CDLL(path)
import pychrony
connection = pychrony.ChronyConnection()
try:
    connection.open()
    print(connection.address)
except pychrony.ChronyError as error:
    print(error)
"""


@pytest.mark.parametrize("raised", [True, False])
def test_the_address_is_taken_from_the_environment_without_raised_privileges_only(
    privileged: Path, raised: bool
) -> None:
    """With raised privileges, PYCHRONY_ADDRESS would make the program believe whoever set it.

    The libchrony in use may have any name, so it is loaded through a library that has the right name and nothing else.
    """
    real = os.path.realpath(pychrony.libchrony_path)
    named = privileged.with_name("libchrony.so.0")
    compiler = os.environ.get("CC", "cc").split()
    options = ["-shared", "-Wl,-soname,libchrony.so.0", "-Wl,--no-as-needed"]
    linked = child.execute([*compiler, *options, "-o", named, real])
    assert linked.returncode == 0, linked.stdout
    privileged.chmod(0o2755 if raised else 0o755)
    done = child.execute(
        [privileged, "-c", ASK, real, named],
        env={
            "PYCHRONY_ADDRESS": "127.0.0.77:7777",
            "PYTHONHOME": sys.base_prefix,
            "PYTHONPATH": str(Path(pychrony.__file__).parent.parent),
        },
    )
    assert done.returncode == 0, done.stdout
    state, outcome = done.stdout.splitlines()
    assert state == ("raised" if raised else "not raised")
    assert ("127.0.0.77:7777" in outcome) != raised


@pytest.mark.parametrize("raised", [True, False])
def test_the_command_uses_the_address_in_the_environment_where_the_extension_does(
    privileged: Path, raised: bool
) -> None:
    if not raised:
        privileged.chmod(0o755)
    code = f"""
import sys, types
package = types.ModuleType("pychrony")
package.__path__ = [{str(Path(pychrony.__file__).parent)!r}]
sys.modules["pychrony"] = package
from pychrony.command import asking
print(asking.from_environment())
"""
    environment = {"PYCHRONY_ADDRESS": "/run/theirs.sock", "PYTHONHOME": sys.base_prefix}
    done = child.execute([privileged, "-c", code], env=environment)
    assert done.stdout == ("None\n" if raised else "/run/theirs.sock\n")
