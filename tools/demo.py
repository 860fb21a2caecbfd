"""The tracking report of the system's chronyd or, if none answers, of a private one that is synchronised to another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pychrony
from tests.support.chronyd import Chronyd
from tests.support.waiting import wait_for


def show(address: str | None) -> None:
    argument = "" if address is None else repr(address)
    at = [] if address is None else ["-a", address]
    print(" ".join(["\n$ pychrony", *at]), flush=True)
    subprocess.run([Path(sys.executable).with_name("pychrony"), *at], check=True)
    line = f"import pychrony; print(pychrony.get_tracking({argument}).offset)"
    print(f'\n$ python -c "{line}"', flush=True)
    subprocess.run([sys.executable, "-c", line], check=True)


def main() -> None:
    try:
        pychrony.get_tracking()
    except pychrony.ChronyError:
        pass
    else:
        print("This system's chronyd answers.")
        show(None)
        return
    print(
        "No chronyd answers on this system, so here is a private one, synchronised to a second one."
    )
    with Chronyd(["local stratum 8"], serve=True) as server:
        line = f"server 127.0.0.1 port {server.ntp_port} minpoll -2 maxpoll -2 iburst"
        with Chronyd([line]) as client:
            # The correction that is under way after a few updates is a real one.
            wait_for(
                "it is synchronised",
                lambda: pychrony.get_tracking(client.socket).update_interval > 0,
            )
            show(client.socket)


if __name__ == "__main__":
    main()
