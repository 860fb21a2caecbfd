"""Builds the extension with setuptools-rust. All that is constant stands in setup.cfg."""

import os
import re
import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools_rust import Binding, RustExtension, Strip

HERE = Path(__file__).resolve().parent

# pyo3-ffi's build script must not link the extension to libpython: the interpreter that imports it has all it needs.
os.environ["PYO3_BUILD_EXTENSION_MODULE"] = "1"

# A free-threaded interpreter has no stable ABI before 3.15: it gets a wheel of its own from the same sources.
STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")

# Cargo.lock pins the crates. A distribution that builds with crates of its own takes the file away.
LOCKED = ["--locked"] if (HERE / "Cargo.lock").exists() else []


def version():
    """The crate's version, which is the package's: written once, in Cargo.toml."""
    manifest = (HERE / "Cargo.toml").read_text(encoding="utf-8")
    return re.search(r'^version = "(.+)"$', manifest, re.MULTILINE).group(1)


setup(
    version=version(),
    rust_extensions=[
        RustExtension(
            "pychrony.__init__",
            binding=Binding.NoBinding,
            strip=Strip.No,  # cargo's profile strips
            debug=False,
            args=LOCKED,
            py_limited_api=STABLE_ABI,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp39"}} if STABLE_ABI else {},
)
