"""The stub is exactly what tools/stub makes from the module. (stubtest checks that its types agree with the module.)"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest
from support import child

import pychrony

TOOL = Path(__file__).parents[1] / "tools" / "stub"
STUB = Path(pychrony.__file__).with_name("__init__.pyi")


@pytest.mark.source_tree
def test_the_stub_is_what_the_tool_makes_of_the_module() -> None:
    done = child.execute([sys.executable, TOOL])
    assert done.stdout == STUB.read_text(), "run: tools/stub > src/pychrony/__init__.pyi"


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
