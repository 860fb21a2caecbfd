"""The stub and the module say the same to the reader. (That their types agree is stubtest's to say.)"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import pychrony

STUB = ast.parse((Path(pychrony.__file__).parent / "__init__.pyi").read_text())


def described() -> Iterator[tuple[str, str]]:
    """The names of the functions, classes, methods and properties in the stub, with their docstrings."""
    for node in STUB.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name, ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name != "__init__":
                    yield f"{node.name}.{member.name}", ast.get_docstring(member) or ""


DESCRIBED = dict(described())


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_docstring_in_the_stub_is_the_modules(name: str) -> None:
    thing: object = pychrony
    for part in name.split("."):
        thing = getattr(thing, part)
    assert DESCRIBED[name] == inspect.cleandoc(thing.__doc__ or "")


def test_all_that_is_public_has_a_docstring() -> None:
    public = {name for name in dir(pychrony) if not name.startswith("_")}
    # What was imported from the package meanwhile is a module.
    public -= {name for name in public if inspect.ismodule(getattr(pychrony, name))}
    public -= {"libchrony_path"}
    assert public <= DESCRIBED.keys()
    assert all(DESCRIBED.values())
