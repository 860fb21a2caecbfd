"""Builds an extension that uses pychrony from C. The extension is not linked to pychrony, but imports it."""

from setuptools import Extension, setup

import pychrony

setup(
    name="clockoffset",
    version="1.0",
    install_requires=["pychrony"],
    ext_modules=[
        Extension("clockoffset", ["clockoffset.c"], include_dirs=[pychrony.get_include()])
    ],
)
