"""Enough of an ELF reader to say which shared libraries a file asks for."""

from __future__ import annotations

import struct
from pathlib import Path

_LOAD, _DYNAMIC = 1, 2
_NULL, _NEEDED, _STRTAB, _RPATH, _RUNPATH = 0, 1, 5, 15, 29


def dynamic(path: Path) -> dict[str, list[str]]:
    """The names in the dynamic section: "needed", "rpath" and "runpath"."""
    data = path.read_bytes()
    if data[:4] != b"\x7fELF":
        raise ValueError(f"{path} is no ELF file")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    if wide:
        (table,) = struct.unpack_from(order + "Q", data, 32)
        size, count = struct.unpack_from(order + "HH", data, 54)
    else:
        (table,) = struct.unpack_from(order + "I", data, 28)
        size, count = struct.unpack_from(order + "HH", data, 42)

    segments = []
    for at in range(table, table + size * count, size):
        if wide:
            kind, _, offset, address, _, length = struct.unpack_from(order + "IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = struct.unpack_from(order + "IIIII", data, at)
        segments.append((kind, offset, address, length))

    entries = []
    entry = struct.Struct(order + ("qQ" if wide else "iI"))
    for kind, offset, _, length in segments:
        if kind == _DYNAMIC:
            for tag, value in entry.iter_unpack(
                data[offset : offset + length - length % entry.size]
            ):
                if tag == _NULL:
                    break
                entries.append((tag, value))

    (strings,) = (value for tag, value in entries if tag == _STRTAB)
    (base,) = (
        strings - address + offset
        for kind, offset, address, length in segments
        if kind == _LOAD and address <= strings < address + length
    )

    def names(wanted: int) -> list[str]:
        starts = [base + value for tag, value in entries if tag == wanted]
        return [data[start : data.index(b"\0", start)].decode() for start in starts]

    return {"needed": names(_NEEDED), "rpath": names(_RPATH), "runpath": names(_RUNPATH)}
