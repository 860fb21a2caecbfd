"""The modules are in order: no file of the extension uses one that uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.source_tree

SOURCES = Path(__file__).parent.parent / "src"

MODULE = re.compile(r'(?:#\[path = "(\w+)\.rs"\]\n)?(?:pub )?mod (\w+);')
# After `super::`: a name, or names in braces, which may contain further braces.
USED = re.compile(r"\bsuper::(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(\w+))")


def groups(layer: str) -> list[dict[str, list[Path]]]:
    """The files by their modules' names, in the groups of the list in the directory's mod.rs."""
    found = []
    for group in (SOURCES / layer / "mod.rs").read_text().split("\n\n"):
        files: dict[str, list[Path]] = {}
        for path, name in MODULE.findall(group):
            files.setdefault(name, []).append(SOURCES / layer / f"{path or name}.rs")
        found.append(files)
    return [files for files in found if files]


def code_of(file: Path) -> str:
    """A file without its tests, which may use any module."""
    return file.read_text().partition("#[cfg(test)]\nmod tests")[0]


def used(file: Path) -> set[str]:
    """The modules in the same directory that a file uses."""
    code = code_of(file)
    return {
        name.strip().partition("::")[0]
        for several, one in USED.findall(code)
        for name in re.sub(r"\{.*?\}", "", several or one, flags=re.DOTALL).split(",")
    }


@pytest.mark.parametrize("layer", ["chrony", "clock", "python"])
def test_a_file_knows_only_those_of_the_groups_above_its_own(layer: str) -> None:
    every = {name for files in groups(layer) for name in files}
    above: set[str] = set()
    for files in groups(layer):
        for name, paths in files.items():
            for path in paths:
                below = used(path) & every - above - {name}
                assert not below, f"{path.name} uses {', '.join(sorted(below))}"
        above |= set(files)


@pytest.mark.parametrize("layer", ["chrony", "clock", "python"])
def test_each_file_of_a_layer_stands_in_its_list(layer: str) -> None:
    listed = {path.name for files in groups(layer) for paths in files.values() for path in paths}
    assert listed == {path.name for path in (SOURCES / layer).glob("*.rs")} - {"mod.rs"}


@pytest.mark.parametrize(
    ("layer", "unknown"),
    [
        ("chrony", ("python", "reports", "clock", "machine")),
        ("clock", ("python", "reports", "chrony", "machine")),
        ("reports", ("python", "clock", "machine")),
    ],
)
def test_a_layer_knows_only_those_below_it(layer: str, unknown: tuple[str, ...]) -> None:
    for path in (SOURCES / layer).glob("*.rs"):
        for name in unknown:
            assert f"crate::{name}" not in code_of(path), path.name


def test_the_list_of_tests_for_one_cpython_names_tests_that_exist(
    request: pytest.FixtureRequest,
) -> None:
    """A name in conftest's list that no file has any more would let its tests run with each."""
    root = Path(__file__).parent.parent
    (conftest,) = [
        each for each in request.config.pluginmanager.get_plugins() if hasattr(each, "IS_ONCE")
    ]
    for name in conftest.IS_ONCE:
        path, _, function = name.partition("::")
        assert (root / path).exists(), name
        assert not function or f"def {function}(" in (root / path).read_text(), name
