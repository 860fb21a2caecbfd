"""Builds what is compared, below .cache/bench: the C programs, and an environment for each pychrony."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"

# The chrony.h of the tests' stand-in declares libchrony's functions, so that libchrony's own need not be installed.
INCLUDE = ROOT / "tests" / "support"

PEER = "pychrony==2.0.3"
PEER_NEEDS = ("cffi==2.1.1", "pycparser==3.12")

# The programs that are run here, and the Debian packages that have them.
TOOLS = {
    "cc": "gcc",
    "chronyc": "chrony",
    "chronyd": "chrony",
    "strace": "strace",
    "valgrind": "valgrind",
}
# chronyd is not in everyone's path.
SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def tool(name: str) -> str:
    path = shutil.which(name, path=SEARCH)
    if path is None:
        sys.exit(f"{name} is missing: apt install {TOOLS[name]}")
    return path


def ensure_tools() -> None:
    """Installs what is missing if apt may do so, and otherwise says what is missing."""
    missing = sorted(
        {package for name, package in TOOLS.items() if not shutil.which(name, path=SEARCH)}
    )
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        # Its installation must not start the daemon.
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run(["apt-get", "update", "-q"], check=True, env=env)
        subprocess.run(["apt-get", "install", "-qy", *missing], check=True, env=env)
    for name in TOOLS:
        tool(name)


def libchrony(python: str) -> Path:
    """The libchrony that our pychrony uses: the floor uses the same file."""
    code = "import pychrony; print(pychrony.libchrony_path)"
    done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


def program(name: str, *others: str) -> Path:
    """Compiles one of the C programs from its own file and others."""
    return _compile(CACHE / name, [name, *others])


def minimal_binding() -> Path:
    """Compiles minimal.c for the interpreter that runs this, and returns the directory that it can be imported from."""
    directory = CACHE / "minimal"
    include = sysconfig.get_path("include")
    _compile(directory / "minimal.so", ["minimal", "library"], "-shared", "-fPIC", f"-I{include}")
    return directory


def _compile(out: Path, names: Sequence[str], *flags: str) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    strict = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}", *flags]
    sources = [str(HERE / f"{name}.c") for name in names]
    subprocess.run([tool("cc"), *strict, "-o", str(out), *sources, "-ldl"], check=True)
    return out


def environment(role: str, python: str, *packages: str) -> Path:
    """The interpreter of an environment that has these packages and nothing else. A path names a wheel.

    Anything else would cost time at the start of each process. All roles have names of the same length, because the length
    of a path counts too.
    """
    directory = CACHE / "environments" / role
    interpreter = directory / "bin" / "python"
    done = directory / "done"
    wanted = "\n".join([_version(python), *map(_identity, packages)])
    if done.exists() and done.read_text() == wanted:
        return interpreter
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([python, "-m", "venv", "--without-pip", str(directory)], check=True)
    # A wheel, never a build from source: the peer's libchrony is part of what is measured.
    install = ["--python", str(interpreter), "install", "--no-deps", "--only-binary=:all:"]
    _pip(python, *install, *packages)
    _forget_libraries(directory)
    done.write_text(wanted)
    return interpreter


def peer(python: str) -> Path:
    """The interpreter of an environment with PyPI's pychrony."""
    return environment("peer", python, PEER, *PEER_NEEDS)


def install(directory: Path, package: str) -> None:
    """Puts a package of plain Python into a directory, whatever CPython it asks for."""
    options = ["--no-deps", "--ignore-requires-python", "--upgrade", "--target", str(directory)]
    _pip(sys.executable, "install", *options, package)


def build_wheel(python: str, source: Path, directory: Path) -> Path:
    """Builds the project's wheel as `make` does, and returns it."""
    options = ["--no-build-isolation", "--no-deps", "--wheel-dir", str(directory)]
    _pip(python, "wheel", *options, str(source))
    (wheel,) = directory.glob("*.whl")
    return wheel


def _forget_libraries(directory: Path) -> None:
    """Has the kernel read the libraries from the disk when they are used next, as on any later day. While it still has a
    file in memory as it was written, it maps more of it at a time, or less."""
    for library in directory.rglob("*.so*"):
        with library.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _identity(package: str) -> str:
    """What tells one version of a package from another: a wheel's content, or the requirement."""
    path = Path(package)
    return sha256(path.read_bytes()).hexdigest() if path.exists() else package


def _version(python: str) -> str:
    done = subprocess.run([python, "-VV"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _pip(python: str, *arguments: str) -> None:
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "-q", *arguments], check=True
    )
