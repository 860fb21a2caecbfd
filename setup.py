"""Builds the extension with setuptools-rust. All that is constant stands in setup.cfg."""

import os
import re
import shutil
import struct
import sys
import sysconfig
from pathlib import Path

import setuptools
from setuptools_rust import Binding, RustExtension, Strip, build_rust

HERE = Path(__file__).resolve().parent

# pyo3-ffi's build script must not link the extension to libpython: the interpreter that imports it has all it needs.
os.environ["PYO3_BUILD_EXTENSION_MODULE"] = "1"

# The stable ABI to build for, by its first Python. A free-threaded interpreter has none before 3.15: it gets a wheel of its
# own from the same sources. That of 3.15 is for those with the GIL too.
STABLE_ABI, FEATURES = "cp39", []
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    STABLE_ABI = None
    if sys.version_info >= (3, 15):
        # It takes pyo3-ffi 0.30. Named in Cargo.toml, the feature would ask that of every build.
        STABLE_ABI, FEATURES = "cp315", ["pyo3-ffi/abi3t-py315"]

# Cargo.lock pins the crates. A distribution that builds with crates of its own takes the file away.
LOCKED = ["--locked"] if (HERE / "Cargo.lock").exists() else []

# A libchrony to put beside the module, where one is wanted. Without it the module uses the system's alone.
BUNDLE = os.environ.get("PYCHRONY_BUNDLE_LIBCHRONY")
LIBCHRONY = HERE / "packaging" / "libchrony"

# What a wheel must bring along beside the project's own licence, and under which licences that is: tools/wheel puts both
# into this folder.
NOTICES = HERE / "licenses"


def version():
    """The crate's version, which is the package's: written once, in Cargo.toml."""
    manifest = (HERE / "Cargo.toml").read_text(encoding="utf-8")
    return re.search(r'^version = "(.+)"$', manifest, re.MULTILINE).group(1)


def license_expression():
    """The licences of all that this build puts into a wheel, for setuptools that know the field."""
    if int(setuptools.__version__.partition(".")[0]) < 77:
        return {}
    licenses = {"MIT"}
    if (NOTICES / "SPDX").exists():
        licenses.update((NOTICES / "SPDX").read_text(encoding="utf-8").splitlines())
    if BUNDLE:
        licenses.add("LGPL-2.1-or-later")
    return {
        "license_expression": " AND ".join(sorted(licenses, key=lambda name: (name != "MIT", name)))
    }


def read_elf(path):
    """What kind of machine an ELF file is for, and the names of the functions and data that it exports."""
    data = Path(path).read_bytes()
    if data[:4] != b"\x7fELF":
        raise SystemExit(f"pychrony: {path} is no shared library")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    machine = (data[4], data[5], struct.unpack_from(order + "H", data, 18)[0])
    (table,) = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)
    size, count = struct.unpack_from(order + "HH", data, 58 if wide else 46)
    section, symbol = (
        struct.Struct(order + each)
        for each in (("IIQQQQIIQQ", "IBBHQQ") if wide else ("10I", "IIIBBH"))
    )
    sections = [section.unpack_from(data, table + size * index) for index in range(count)]
    names = set()
    for _, kind, _, _, offset, length, link, *_ in sections:
        if kind == 11:  # SHT_DYNSYM
            strings = sections[link][4]
            for entry in symbol.iter_unpack(data[offset : offset + length]):
                if entry[3 if wide else 5]:  # the section it is defined in
                    start = strings + entry[0]
                    names.add(data[start : data.index(b"\0", start)].decode())
    return machine, names


def bundle(library, module):
    """Put the libchrony of that path beside the module, if the two fit together."""
    machine, names = read_elf(library)
    if machine != read_elf(module)[0]:
        raise SystemExit(
            f"pychrony: PYCHRONY_BUNDLE_LIBCHRONY={library} is built for another machine than the module"
        )
    functions = re.findall(
        r"^\t\t(\w+);", (LIBCHRONY / "libchrony.map").read_text(encoding="utf-8"), re.MULTILINE
    )
    missing = [function for function in functions if function not in names]
    if missing:
        raise SystemExit(
            f"pychrony: PYCHRONY_BUNDLE_LIBCHRONY={library} is no libchrony 0.2: it lacks {', '.join(missing)}"
        )
    shutil.copyfile(library, module.with_name("libchrony.so.0"))


class BuildRust(build_rust):
    """Names the extension as every CPython from 3.9 on looks for it, and puts a libchrony beside it where one is given.

    For 3.15, setuptools puts the platform into the name of a file of the stable ABI. Those before 3.15 do not find it.
    """

    def get_dylib_ext_path(self, *arguments):
        self.module = Path(
            re.sub(r"\.abi3-[^/]*\.so$", ".abi3.so", super().get_dylib_ext_path(*arguments))
        )
        return str(self.module)

    def run(self):
        super().run()
        # One of an earlier build must not get into a wheel that is to hold none.
        bundled = self.module.with_name("libchrony.so.0")
        if bundled.exists():
            bundled.unlink()
        if BUNDLE:
            bundle(BUNDLE, self.module)


setuptools.setup(
    version=version(),
    cmdclass={"build_rust": BuildRust},
    rust_extensions=[
        RustExtension(
            "pychrony.__init__",
            binding=Binding.NoBinding,
            strip=Strip.No,  # cargo's profile strips
            debug=False,
            args=LOCKED,
            features=FEATURES,
            py_limited_api=bool(STABLE_ABI),
        )
    ],
    options={"bdist_wheel": {"py_limited_api": STABLE_ABI}} if STABLE_ABI else {},
    **license_expression(),
)
