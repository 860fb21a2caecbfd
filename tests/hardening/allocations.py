"""Fails every allocation, one after the other, along the import of pychrony and along each path through it.

Run as `allocations.py WHAT TRANSPORT [SUBSTRING]`, WHAT being "import" or "calls" (of paths with that in their name), with a
CPython that has `_testcapi.set_nomemory`. Each attempt must end with a MemoryError where one is due, else as usual: a crash,
a SystemError, an exception of another kind, and a descriptor or a file left over are failures.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import _testcapi  # noqa: E402

from scale import LIFETIME  # noqa: E402

set_nomemory: Any = getattr(_testcapi, "set_nomemory", None)
if set_nomemory is None:
    sys.exit("this CPython's _testcapi has no set_nomemory: take one that has")

# Far more allocations than one path makes.
LAST = 100_000

# If this many allocations in a row fail without effect, there are no more. (Some always fail without effect, such as those
# for a cache or a warning; and code that retries may succeed the next time.)
PATIENCE = 50

# Makes and fills the module, and makes three of its types, with the n-th allocation failing, for each n, each in a child that
# never imported it: a fork is as fresh as a new process, and much cheaper. What importlib does before that is CPython's,
# which has crashes of its own.
IMPORT = """
import enum, importlib.machinery, importlib.util, os, os.path, sys, traceback
import _imp, _testcapi, faulthandler, tempfile

# CPython 3.13 and 3.14 leave the dictionary of a type that it makes broken, when there is no memory to let it grow
# (type_add_members in typeobject.c): what is in it is missing, or crashes.
breaks_types = sys.version_info >= (3, 13)
crashes = tempfile.TemporaryFile()
faulthandler.enable(crashes)

def crashed_by_itself():
    # From 3.12 on CPython crashes itself when there is no memory for a function that enum's Python code makes.
    crashes.seek(0)
    frames = [line for line in crashes.read().decode().splitlines() if "File" in line]
    crashes.seek(0)
    crashes.truncate()
    if sys.version_info >= (3, 12) and bool(frames) and "/enum.py" in frames[0]:
        return True
    return breaks_types

spec = importlib.util.find_spec("pychrony")

def attempt(number):
    try:
        _testcapi.set_nomemory(number, number + 1)
        module = _imp.create_dynamic(spec)
        _imp.exec_dynamic(module)
        for name in ("TrackingStatus", "ChronyConnection", "ChronyError"):
            getattr(module, name)
    except MemoryError:
        ended = 1
    except Exception as error:
        _testcapi.remove_mem_hooks()
        # The Python code of the module `enum` makes something else of some failures.
        last = traceback.extract_tb(error.__traceback__)[-1].filename
        # And if enum then fails with an error that it raises at the interpreter's end, so do we.
        is_enums = os.path.basename(last) == "enum.py" or "Python's enum module" in str(error)
        ended = 2 if is_enums or breaks_types else 3
        if ended == 3:
            traceback.print_exc()
    else:
        ended = 0
    _testcapi.remove_mem_hooks()
    try:
        import pychrony  # again, with memory
        assert pychrony.get_tracking and pychrony.TrackingStatus and pychrony.ChronyConnection
    except BaseException:
        traceback.print_exc()
        ended = 4
    os._exit(ended)

ends = {0: 0, 1: 0, 2: 0}
number = successes = 0
while successes < %d:
    number += 1
    child = os.fork()
    if child == 0:
        attempt(number)
    status = os.waitpid(child, 0)[1]
    ended = status >> 8 if status & 0xFF == 0 else -1
    if ended == -1 and crashed_by_itself():
        ended = 2
    if ended not in ends:
        print(f"allocation {number}: status {status}")
        sys.exit(1)
    ends[ended] += 1
    successes = successes + 1 if ended == 0 else 0
print(f"{number - successes} allocations, {ends[1]} MemoryErrors, {ends[2]} of CPython's own")
"""


def along_import() -> None:
    # It runs in our session: whatever kills the session at our own deadline kills this too.
    done = subprocess.run(
        [sys.executable, "-c", IMPORT % PATIENCE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIFETIME,
        check=False,
    )
    print(f"import: {done.stdout}", end="")
    if done.returncode != 0:
        sys.exit(1)


def along(path: Any) -> tuple[int, int]:
    """Take the path with its n-th allocation failing, for each n. Returns how many there were, and how many
    raised MemoryError."""
    import pychrony

    run, raises = path.run, path.raises
    # May be raised instead of what the path raises. ImportError comes from a module that a method imports when called.
    allowed = (MemoryError, ImportError)
    failures = successes = 0
    number = 0
    while successes < PATIENCE:
        number += 1
        if number > LAST:
            raise AssertionError(f"{path.name}: no end of allocations")
        ended: BaseException | None = None
        set_nomemory(number, number + 1)
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is judged below
            ended = error
        _testcapi.remove_mem_hooks()
        if ended is None or type(ended) in raises or isinstance(ended, raises or ()):
            successes += 1
            if isinstance(ended, pychrony.ChronyError):
                assert ended.message, ended
        elif isinstance(ended, allowed):
            successes = 0
            failures += 1
        else:
            raise AssertionError(f"{path.name}: allocation {number}: {ended!r}") from ended
        ended = None
    return number - successes, failures


def along_calls(transport: str, substring: str) -> None:
    import paths
    from answers import Answers

    with Answers(transport) as answers:
        total = failed = taken = 0
        gc.collect()
        before = paths.descriptors()
        gc.disable()
        for path in paths.of_everything(answers.addresses):
            if substring not in path.name or "cycle" in path.name:
                continue
            for _ in range(3):
                path.take()
            number, failures = along(path)
            taken += 1
            total += number
            failed += failures
        gc.enable()
        gc.collect()
        assert paths.descriptors() == before, (paths.descriptors(), before)
        print(f"{taken} paths on {transport}: {total} allocations, {failed} MemoryErrors")
    if answers.left:
        sys.exit(f"files left: {answers.left}")


if __name__ == "__main__":
    if sys.argv[1] == "import":
        along_import()
    else:
        along_calls(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
