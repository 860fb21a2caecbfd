"""Every process that the tests start ends: by itself, or by its deadline."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from support import child

# Says that it is there, and then neither it nor the child it has forked ends by itself.
ENDLESS = """
import os, time
os.fork()
os.write(1, b"here\\n")
while True:
    time.sleep(60)
"""


def test_a_process_is_killed_at_its_deadline_with_all_that_it_has_started() -> None:
    with pytest.raises(TimeoutError, match="killed at its deadline") as raised:
        child.execute([sys.executable, "-c", ENDLESS], deadline=1)
    # The pipe has an end only when nobody holds it any more.
    assert "here" in str(raised.value)


def test_whoever_reads_from_a_process_reads_its_end_at_the_deadline() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    pipe = subprocess.PIPE
    with child.Process(command, deadline=1, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert process.wait() == -signal.SIGKILL
        assert process.expired


def test_a_process_that_ends_in_time_is_left_in_peace() -> None:
    done = child.execute([sys.executable, "-c", "print('done')"])
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_interrupts_are_heeded_where_they_were_ignored() -> None:
    """As in a script's `(make test &)`: a shell has them ignored there, and Python leaves it at that."""
    code = f"""
import os, signal, sys
sys.path[:] = {sys.path!r}
from support import child
print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
child.heed_interrupts()
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
print(child.evaluate("__import__('signal').getsignal(2).__name__"))
"""
    command = ["sh", "-c", 'trap "" INT; exec "$0" "$@"', sys.executable, "-c", code]
    assert child.execute(command).stdout == (
        "True\ninterrupted\n{'value': 'default_int_handler'}\n"
    )
