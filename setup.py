"""Builds the extension with setuptools-rust. All that is constant stands in setup.cfg."""

import os
import re
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
sys.path.insert(0, str(HERE / "packaging" / "libchrony"))
from bundled_libchrony import bundle  # noqa: E402

# What a wheel must bring along beside the project's own licence, and under which licences that is: tools/wheel puts both
# into this directory.
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
    license_files=["LICENSE", *sorted(f"licenses/{each.name}" for each in NOTICES.glob("*.txt"))],
    options={"bdist_wheel": {"py_limited_api": STABLE_ABI}} if STABLE_ABI else {},
    **license_expression(),
)
