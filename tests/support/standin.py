"""Builds the stand-in libchrony: `standin.c` with the options that make it differ."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("standin.c")


def quoted(text: str) -> str:
    """A C string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def build(path: Path, *, more: Sequence[str] = (), **defines: str | int | bool) -> Path:
    """Compile it to `path`, with `more` options for the compiler.

    True defines a macro as it is; text and numbers are its value, as in C.
    """
    compiler = os.environ.get("CC", "cc").split()
    if shutil.which(compiler[0]) is None:
        raise RuntimeError(
            f"{compiler[0]} is not installed: the stand-in libchrony needs a C compiler"
        )
    options = [
        f"-D{name}" if value is True else f"-D{name}={value}" for name, value in defines.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *compiler,
            "-std=gnu11",
            "-Wall",
            "-O1",
            "-fPIC",
            "-shared",
            *options,
            "-o",
            str(path),
            str(SOURCE),
            *more,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the stand-in does not compile:\n{done.stdout}")
    return path
