"""What the build does with a libchrony that it is told to put into the wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support import child

import pychrony

pytestmark = pytest.mark.source_tree
MODULE = Path(pychrony.__file__)


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """The module of the build that does this."""
    directory = str(Path(__file__).parent.parent / "packaging" / "libchrony")
    sys.path.insert(0, directory)
    try:
        import bundled_libchrony  # type: ignore[import-not-found]
    finally:
        sys.path.remove(directory)
    return bundled_libchrony


def compile_library(path: Path, functions: list[str], *, calls: str = "") -> Path:
    """A shared library with these functions, which may call another one that it lacks."""
    code = "".join(f"int {name}(void) {{ return 0; }}\n" for name in functions)
    if calls:
        code += f"int {calls}(void);\nint caller(void) {{ return {calls}(); }}\n"
    compiler = os.environ.get("CC", "cc").split()
    source = path.with_suffix(".c")
    source.write_text(code)
    done = child.execute([*compiler, "-fPIC", "-shared", source, "-o", path])
    assert done.returncode == 0, done.stdout
    return path


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A copy of the module in a directory of its own, as the build leaves it."""
    copy = tmp_path / "package" / MODULE.name
    copy.parent.mkdir()
    copy.write_bytes(MODULE.read_bytes())
    return copy


def refusal(build: ModuleType, library: Path | str, module: Path) -> str:
    """The error message of the build when it is told to put this file into the wheel."""
    with pytest.raises(SystemExit) as caught:
        build.bundle(str(library), module)
    assert not module.with_name("libchrony.so.0").exists()
    message = str(caught.value)
    assert f"PYCHRONY_BUNDLE_LIBCHRONY={library}" in message
    return message


def test_a_library_with_all_functions_is_put_beside_the_module(
    build: ModuleType, module: Path, tmp_path: Path
) -> None:
    library = compile_library(tmp_path / "library.so", build.FUNCTIONS)
    build.bundle(str(library), module)
    assert module.with_name("libchrony.so.0").read_bytes() == library.read_bytes()


def test_one_of_an_earlier_build_is_taken_away(build: ModuleType, module: Path) -> None:
    module.with_name("libchrony.so.0").write_text("old")
    build.bundle(None, module)
    assert [each.name for each in module.parent.iterdir()] == [module.name]


def test_a_library_that_lacks_a_function_is_refused(
    build: ModuleType, module: Path, tmp_path: Path
) -> None:
    """A library that only calls the function, as the bindings of other projects do, does not have it."""
    lacking, *others = build.FUNCTIONS
    library = compile_library(tmp_path / "library.so", others, calls=lacking)
    assert refusal(build, library, module).endswith(f"it lacks {lacking}")


def test_a_library_for_another_machine_is_refused(
    build: ModuleType, module: Path, tmp_path: Path
) -> None:
    library = compile_library(tmp_path / "library.so", build.FUNCTIONS)
    data = bytearray(library.read_bytes())
    data[18] ^= 0xFF  # e_machine of the ELF header
    library.write_bytes(data)
    assert "another machine" in refusal(build, library, module)


def test_a_file_that_is_not_a_library_is_refused(
    build: ModuleType, module: Path, tmp_path: Path
) -> None:
    text = tmp_path / "library.so"
    text.write_text("no library\n" * 10)
    assert "no shared library" in refusal(build, text, module)
    assert "no such file" in refusal(build, tmp_path / "none", module)
    assert "not absolute" in refusal(build, "libchrony.so.0", module)
