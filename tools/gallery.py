"""Make the gallery's pictures from a run on real daemons: a private chronyd that follows two others,
and compares a reference clock with them.

PYTHONPATH=. python tools/gallery.py MINUTES, in the virtual environment of the documentation.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.support.chronyd import Chronyd
from tests.support.shm import ShmClock

ROOT = Path(__file__).parent.parent


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments]
    return subprocess.check_output(command, text=True)


def main(minutes: str = "10") -> None:
    with ExitStack() as stack:
        database = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "clock.db")
        clock = stack.enter_context(ShmClock(ahead=0.00025))
        lines = [f"{line} noselect" for line in clock.refclock]
        for host, stratum in (("127.0.0.1", 1), ("::1", 2)):
            server = stack.enter_context(Chronyd([f"local stratum {stratum}"], serve=True))
            port = server.ntp_port
            lines.append(f"server {host} port {port} minpoll 2 maxpoll 4")
        client = stack.enter_context(Chronyd(lines))
        client.wait_synchronised()
        began = time.monotonic()
        run("log_clock", database, "2", str(int(float(minutes) * 30)), client.socket)
        print(f"{time.monotonic() - began:.0f} s of samples")
        run("plot_clock", database, str(ROOT / "docs" / "pictures" / "clock.png"))
        print(run("compare_sources", client.socket))


if __name__ == "__main__":
    main(*sys.argv[1:])
