"""Builds what is compared, below .cache/bench: the C programs, and the peer in a virtual environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"

# chrony.h of the tests' stand-in declares libchrony's functions: no header of libchrony's need be installed.
INCLUDE = ROOT / "tests" / "support"

PEER = "pychrony==2.0.3"
PEER_NEEDS = ("cffi==2.1.1", "pycparser==3.12")

# What is run here, and the Debian package that has it.
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
    """Installs what is missing, where apt may; else says what is missing."""
    missing = sorted(
        {package for name, package in TOOLS.items() if not shutil.which(name, path=SEARCH)}
    )
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        # The daemon is not to be started by its installation.
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


def program(name: str) -> Path:
    """Compiles one of the C programs."""
    CACHE.mkdir(parents=True, exist_ok=True)
    out = CACHE / name
    sources = [str(HERE / f"{name}.c"), str(HERE / "library.c")]
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}"]
    subprocess.run([tool("cc"), *flags, "-o", str(out), *sources, "-ldl"], check=True)
    return out


def peer(python: str) -> Path:
    """The interpreter of an environment with PyPI's pychrony, for the same version of Python."""
    folder = CACHE / "peer"
    interpreter = folder / "bin" / "python"
    done = folder / "done"
    wanted = f"{_version(python)} {PEER} {' '.join(PEER_NEEDS)}"
    if done.exists() and done.read_text() == wanted:
        return interpreter
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    _pip(interpreter, "install", PEER, *PEER_NEEDS)
    done.write_text(wanted)
    return interpreter


def peer_wheel(python: Path) -> Path:
    """The peer's wheel, for its size."""
    folder = CACHE / "peer-wheel"
    if not list(folder.glob("*.whl")):
        _pip(python, "download", "--no-deps", "--dest", str(folder), PEER)
    return next(folder.glob("*.whl"))


def _version(python: str) -> str:
    done = subprocess.run([python, "-VV"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _pip(python: Path, command: str, *arguments: str) -> None:
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-q"]
    # A wheel, never a build from source: its libchrony is part of what is measured.
    subprocess.run([*pip, command, "--only-binary=:all:", *arguments], check=True)
