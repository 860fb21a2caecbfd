"""Puts a libchrony beside the module, for builds that are told to include one (setup.py)."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path

# The version script that libchrony is linked with lists its functions.
FUNCTIONS = re.findall(
    r"^\t\t(\w+);",
    Path(__file__).with_name("libchrony.map").read_text(encoding="utf-8"),
    re.MULTILINE,
)

SHT_DYNSYM = 11


class Unfit(Exception):
    """The file cannot serve as the libchrony of this build. The message says why."""


def read_elf(path: Path) -> tuple[tuple[int, int, int], set[str]]:
    """The machine that an ELF file is for (class, byte order, machine), and the names that it exports."""
    data = path.read_bytes()
    if data[:4] != b"\x7fELF":
        raise Unfit("it is no shared library")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    machine: int = struct.unpack_from(order + "H", data, 18)[0]
    (table,) = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)
    size, count = struct.unpack_from(order + "HH", data, 58 if wide else 46)
    section = struct.Struct(order + ("IIQQQQIIQQ" if wide else "10I"))
    symbol = struct.Struct(order + ("IBBHQQ" if wide else "IIIBBH"))
    sections = [section.unpack_from(data, table + size * index) for index in range(count)]
    names = set()
    for _, kind, _, _, offset, length, link, *_ in sections:
        if kind == SHT_DYNSYM:
            strings = sections[link][4]
            for entry in symbol.iter_unpack(data[offset : offset + length]):
                if entry[
                    3 if wide else 5
                ]:  # the section that defines it: none for what is imported
                    start = strings + entry[0]
                    names.add(data[start : data.index(b"\0", start)].decode())
    return (data[4], data[5], machine), names


def check(library: Path, module: Path) -> None:
    """Refuse a libchrony that the module could not use."""
    if not library.is_absolute():
        raise Unfit("the path is not absolute")
    if not library.is_file():
        raise Unfit("there is no such file")
    machine, names = read_elf(library)
    if machine != read_elf(module)[0]:
        raise Unfit("it is built for another machine than the module")
    missing = [function for function in FUNCTIONS if function not in names]
    if missing:
        raise Unfit(f"it is no libchrony 0.2: it lacks {', '.join(missing)}")


def bundle(library: str | None, module: Path) -> None:
    """Put that libchrony beside the module, or none: one from an earlier build must not get into a wheel without one."""
    bundled = module.with_name("libchrony.so.0")
    if bundled.exists():
        bundled.unlink()
    if library:
        try:
            check(Path(library), module)
        except Unfit as error:
            raise SystemExit(
                f"pychrony: PYCHRONY_BUNDLE_LIBCHRONY={library} cannot be used: {error}"
            ) from None
        shutil.copyfile(library, bundled)
