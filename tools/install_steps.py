"""The steps of tools/matrix, run as root in a root of its own: python3 steps.py WHEEL LIBCHRONY PYTHON.

PYTHON is the interpreter in which the wheel is installed. LIBCHRONY serves as the system's, in /usr/lib, where the dynamic
linkers of glibc and of musl both look.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from support.chronyd import LOCAL_SERVER, Chronyd

# /lib is the same directory, and the name under which the linkers know it.
SYSTEM = Path("/lib/libchrony.so.0")

TRY = """
import json
try:
    import pychrony
    print(json.dumps([pychrony.libchrony_path, ""]))
except ImportError as error:
    print(json.dumps(["", str(error)]))
"""


def python(code: str, *arguments: str, **variables: str) -> str:
    """What a program in the Python with the wheel prints."""
    return subprocess.run(
        [sys.argv[3], "-c", code, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    ).stdout.strip()


def attempt(**variables: str) -> tuple[str, str]:
    """Import pychrony, and return the path of its libchrony and the message of the ImportError."""
    path, message = json.loads(python(TRY, **variables))
    return path, message


def show(what: str, value: str, true: bool) -> None:
    """Print a result, and end the program if it is not what it should be."""
    print(f"{what}: {value}", flush=True)
    if not true:
        sys.exit("this is not as it should be")


def system_has(content: Path | None) -> None:
    """Put this file where the system's libchrony would be, or remove what is there."""
    if SYSTEM.exists():
        SYSTEM.unlink()
    if content is not None:
        shutil.copy(content, SYSTEM)


def main() -> None:
    """Go through what the wheel promises."""
    wheel, libchrony = sys.argv[1], Path(sys.argv[2])
    system_has(None)
    path, message = attempt()
    package = Path(path).parent
    bundled = package / "libchrony.so.0"
    show("without a libchrony of the system", path or message, (package / "py.typed").exists())
    with Chronyd(LOCAL_SERVER) as daemon:
        for address in (daemon.socket, daemon.udp):
            code = "import pychrony, sys; print(pychrony.get_tracking(sys.argv[1]).stratum)"
            stratum = python(code, address)
            show(f"chronyd at {address} says: stratum", stratum, stratum == "8")

    system_has(libchrony)
    path, message = attempt()
    show(
        "with a libchrony of the system",
        path or message,
        os.path.realpath(path) == os.path.realpath(SYSTEM),
    )

    notes = Path("no-library")
    notes.write_text("This is no shared library.\n" * 100)
    # The extension itself is a library that loads, and has none of libchrony's functions.
    for what, content in (("broken", notes), ("incompatible", package / "__init__.abi3.so")):
        system_has(content)
        path, message = attempt()
        named = "PYCHRONY_LIBCHRONY" in message and str(bundled) in message
        show(f"with one that is {what}", path or message, named and SYSTEM.name in message)
        path, message = attempt(PYCHRONY_LIBCHRONY=str(bundled))
        show("  and the variable set", path or message, path == str(bundled))
    system_has(None)

    bundled.unlink()
    path, message = attempt()
    show("without any", path or message, str(bundled) in message and "dnf install" in message)

    # pip removes what the wheel's RECORD lists, and what pip compiled. So the library is put back first.
    with zipfile.ZipFile(wheel) as archive:
        bundled.write_bytes(archive.read("pychrony/libchrony.so.0"))
    if "venv" in sys.argv[3]:
        subprocess.run(
            [sys.argv[3], "-m", "pip", "uninstall", "--quiet", "--yes", "pychrony"], check=True
        )
        left = [str(each) for each in package.parent.rglob("*chrony*")]
        show("left after pip uninstall", " ".join(left) or "nothing", not left)


main()
