"""Make the gallery's pictures from a run on real daemons: a private chronyd that follows two others,
and compares a reference clock with them.

PYTHONPATH=. python tools/gallery.py MINUTES, in the virtual environment of the documentation.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support.chronyd import Chronyd
from tests.support.shm import ShmClock

ROOT = Path(__file__).parent.parent


def run(*command: str) -> str:
    return subprocess.check_output([sys.executable, *command], text=True)


def small(picture: str) -> str:
    """The drawing without matplotlib's line breaks, and in tenths of a pixel instead of its six decimals."""
    paths = re.sub(r"\s*\n\s*", " ", picture)
    paths = re.sub(r"(?<=[\s\"])-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}", paths)
    return paths.replace("> <", ">\n<") + "\n"


def main(minutes: str = "10") -> None:
    with ExitStack() as stack:
        log = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "clock.csv")
        clock = stack.enter_context(ShmClock(ahead=0.00025))
        lines = [f"{line} noselect" for line in clock.refclock]
        for host, stratum in (("127.0.0.1", 1), ("::1", 2)):
            server = stack.enter_context(Chronyd([f"local stratum {stratum}"], serve=True))
            port = server.ntp_port
            lines.append(f"server {host} port {port} minpoll 2 maxpoll 4")
        client = stack.enter_context(Chronyd(lines))
        client.wait_synchronised()
        rows = str(int(float(minutes) * 30))
        at = ("--address", client.socket)
        run("-m", "pychrony", "log", "--interval", "2", "--count", rows, "--output", log, *at)
        print(run("-m", "pychrony", "log", "--max-error", "100us", "--summary", log))
        picture = ROOT / "docs" / "pictures" / "clock.svg"
        run(str(ROOT / "examples" / "plot_clock.py"), log, str(picture))
        picture.write_text(small(picture.read_text()))
        print(run(str(ROOT / "examples" / "compare_sources.py"), client.socket))


if __name__ == "__main__":
    main(*sys.argv[1:])
