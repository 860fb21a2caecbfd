"""The stub says what the module says. (cargo test holds it to the tables; stubtest checks that its types agree with the module.)"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Union

import pytest

import pychrony

STUB = Path(pychrony.__file__).with_name("__init__.pyi")

Definition = Union[ast.ClassDef, ast.FunctionDef]


def definitions(body: list[ast.stmt]) -> list[Definition]:
    return [each for each in body if isinstance(each, (ast.ClassDef, ast.FunctionDef))]


def docstrings() -> Iterator[tuple[str, object, str | None]]:
    """Each name that the stub defines, what it is in the module, and its docstring in the stub."""
    for outer in definitions(ast.parse(STUB.read_text()).body):
        if outer.name.startswith("_"):
            continue
        value = getattr(pychrony, outer.name)
        yield outer.name, value, ast.get_docstring(outer)
        for inner in definitions(outer.body):
            if inner.name not in ("__init__", "__new__"):
                yield (
                    f"{outer.name}.{inner.name}",
                    getattr(value, inner.name),
                    ast.get_docstring(inner),
                )


def test_the_docstrings_of_the_stub_are_those_of_the_module() -> None:
    found = list(docstrings())
    assert len(found) > 200
    differing = [name for name, value, text in found if inspect.getdoc(value) != text]
    assert not differing, "run: PYCHRONY_WRITE=1 cargo test write"


@pytest.mark.parametrize("name", pychrony.__all__)
def test_all_that_is_public_has_a_docstring(name: str) -> None:
    if name != "libchrony_path":
        assert getattr(pychrony, name).__doc__


def test_all_that_is_public_is_named_in_all() -> None:
    public = {name for name, value in vars(pychrony).items() if not name.startswith("_")}
    # Submodules that were imported meanwhile are attributes too.
    public -= {name for name in public if inspect.ismodule(getattr(pychrony, name))}
    assert public <= set(pychrony.__all__)
    assert set(pychrony.__all__) <= set(dir(pychrony))
    assert len(set(pychrony.__all__)) == len(pychrony.__all__)
