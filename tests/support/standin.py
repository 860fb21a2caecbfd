"""Builds the stand-in libchrony, `standin.c`, and tells it how to differ from the real one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from . import child

SOURCE = Path(__file__).with_name("standin.c")

# chrony_field_type.
TYPES = {"NONE": 0, "UINTEGER": 1, "INTEGER": 2, "FLOAT": 3, "TIMESPEC": 4, "STRING": 5}


def build(path: Path, *omitted: str, more: Sequence[str] = ()) -> Path:
    """Compile it to `path`, without these functions, with `more` options for the compiler."""
    compiler = os.environ.get("CC", "cc").split()
    if shutil.which(compiler[0]) is None:
        raise RuntimeError(
            f"{compiler[0]} is not installed: the stand-in libchrony needs a C compiler"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    options = ["-std=gnu11", "-Wall", "-O1", "-fPIC", "-shared", *(f"-DOMIT_{o}" for o in omitted)]
    done = child.execute([*compiler, *options, "-o", path, SOURCE, *more])
    if done.returncode != 0:
        raise RuntimeError(f"the stand-in does not compile:\n{done.stdout}")
    return path


def variables(library: Path, **options: str | int) -> dict[str, str]:
    """The environment of a process whose libchrony is that stand-in, with these options of `standin.c`."""
    chosen = {f"STANDIN_{name}": str(value) for name, value in options.items()}
    return {"PYCHRONY_LIBCHRONY": str(library), **chosen}
