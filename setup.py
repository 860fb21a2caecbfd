"""Builds the extension with setuptools-rust. All that is constant stands in pyproject.toml and here."""

import os
import sysconfig

from setuptools import setup
from setuptools_rust import Binding, RustExtension, Strip

# pyo3-ffi's build script must not link the extension to libpython: the interpreter that imports it has all it needs.
os.environ["PYO3_BUILD_EXTENSION_MODULE"] = "1"

# A free-threaded interpreter has no stable ABI before 3.15: it gets a wheel of its own from the same sources.
STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    packages=["pychrony", "pychrony.include"],
    package_dir={"pychrony": "src/pychrony", "pychrony.include": "include"},
    package_data={"pychrony": ["*.pyi", "py.typed"], "pychrony.include": ["*.h"]},
    rust_extensions=[
        RustExtension(
            "pychrony.__init__",
            binding=Binding.NoBinding,
            strip=Strip.No,  # cargo's profile strips
            debug=False,
            args=["--locked"],
            py_limited_api=STABLE_ABI,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp39"}} if STABLE_ABI else {},
    zip_safe=False,
)
