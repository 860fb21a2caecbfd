"""Finding libchrony at import, and saying plainly why it was not found."""

from __future__ import annotations

import ctypes.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support import child, standin

import pychrony

TRY = """
import json
try:
    import pychrony
    result = {"value": pychrony.libchrony_path}
except ImportError as error:
    result = {"error": describe(error)}
print(json.dumps(result))
"""


def attempt(**changes: str | None) -> dict[str, Any]:
    """Import it in a process with these variables: its libchrony_path, or the ImportError."""
    result: dict[str, Any] = json.loads(child.check(TRY, prefix=(), **changes))
    return result


def failure(**changes: str | None) -> dict[str, Any]:
    result = attempt(**changes)
    assert "error" in result, result
    error: dict[str, Any] = result["error"]
    assert error["type"] == "ImportError"
    assert error["name"] == "pychrony"
    return error


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return standin.build(tmp_path_factory.mktemp("whole") / "libchrony.so.0")


def test_the_library_in_use_is_named() -> None:
    assert Path(pychrony.libchrony_path).is_absolute()
    assert Path(pychrony.libchrony_path).exists()


def test_a_variable_names_the_library(stand_in: Path) -> None:
    assert attempt(PYCHRONY_LIBCHRONY=str(stand_in)) == {"value": str(stand_in)}


def test_without_it_the_linker_searches(stand_in: Path) -> None:
    result = attempt(PYCHRONY_LIBCHRONY=None, LD_LIBRARY_PATH=str(stand_in.parent))
    assert result == {"value": str(stand_in)}


def test_an_empty_variable_is_none(stand_in: Path) -> None:
    result = attempt(PYCHRONY_LIBCHRONY="", LD_LIBRARY_PATH=str(stand_in.parent))
    assert result == {"value": str(stand_in)}


def test_the_name_without_a_version_is_tried_last(
    no_libchrony: Path, stand_in: Path, tmp_path: Path
) -> None:
    shutil.copy(no_libchrony / "libchrony.so.0", tmp_path)
    shutil.copy(stand_in, tmp_path / "libchrony.so")
    result = attempt(PYCHRONY_LIBCHRONY=None, LD_LIBRARY_PATH=str(tmp_path))
    assert result == {"value": str(tmp_path / "libchrony.so")}


def test_without_libchrony_the_error_says_what_was_tried_and_how_to_get_it(
    no_libchrony: Path,
) -> None:
    error = failure(PYCHRONY_LIBCHRONY=None, LD_LIBRARY_PATH=str(no_libchrony))
    assert error["path"] is None
    for words in [
        "libchrony.so.0",
        "libchrony.so",
        "invalid ELF header",
        "Fedora",
        "Debian",
        "PYCHRONY_LIBCHRONY",
    ]:
        assert words in error["message"]


def test_a_named_library_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    path = str(tmp_path / "libchrony.so.0")
    error = failure(PYCHRONY_LIBCHRONY=path)
    assert error["path"] == path
    assert path in error["message"]
    assert "PYCHRONY_LIBCHRONY" in error["message"]
    assert "No such file" in error["message"]


def test_a_named_file_that_is_no_library_is_said_to_be_none(no_libchrony: Path) -> None:
    path = str(no_libchrony / "libchrony.so.0")
    error = failure(PYCHRONY_LIBCHRONY=path)
    assert error["path"] == path
    assert path in error["message"]
    assert "invalid ELF header" in error["message"]


def test_a_directory_is_no_library(tmp_path: Path) -> None:
    assert failure(PYCHRONY_LIBCHRONY=str(tmp_path))["path"] == str(tmp_path)


def test_a_named_library_that_fails_is_not_replaced_by_another(
    stand_in: Path, tmp_path: Path
) -> None:
    path = str(tmp_path / "libchrony.so.0")
    error = failure(PYCHRONY_LIBCHRONY=path, LD_LIBRARY_PATH=str(stand_in.parent))
    assert error["path"] == path


def test_another_library_is_said_to_be_incompatible() -> None:
    other = ctypes.util.find_library("m")
    assert other is not None
    error = failure(PYCHRONY_LIBCHRONY=other)
    assert other in error["message"]
    assert "chrony_open_socket" in error["message"]


@pytest.mark.parametrize(
    "function",
    [
        "chrony_open_socket",
        "chrony_close_socket",
        "chrony_init_session",
        "chrony_deinit_session",
        "chrony_needs_response",
        "chrony_process_response",
        "chrony_request_record",
        "chrony_get_field_index",
        "chrony_get_field_type",
        "chrony_get_field_uinteger",
        "chrony_get_field_float",
        "chrony_get_field_timespec",
        "chrony_get_field_string",
    ],
)
def test_a_library_without_one_of_the_functions_is_incompatible(
    function: str, tmp_path: Path
) -> None:
    library = standin.build(tmp_path / "libchrony.so.0", function)
    error = failure(PYCHRONY_LIBCHRONY=str(library))
    assert error["path"] == str(library)
    assert str(library) in error["message"]
    assert function in error["message"]
    assert "PYCHRONY_LIBCHRONY" in error["message"]


def test_an_incompatible_library_that_the_linker_found_is_not_passed_over(
    tmp_path: Path, stand_in: Path
) -> None:
    standin.build(tmp_path / "libchrony.so.0", "chrony_get_field_float")
    shutil.copy(stand_in, tmp_path / "libchrony.so")
    error = failure(PYCHRONY_LIBCHRONY=None, LD_LIBRARY_PATH=str(tmp_path))
    assert "chrony_get_field_float" in error["message"]


def test_each_failure_reads_differently(no_libchrony: Path, tmp_path: Path) -> None:
    incompatible = standin.build(tmp_path / "libchrony.so.0", "chrony_request_record")
    messages = {
        failure(PYCHRONY_LIBCHRONY=None, LD_LIBRARY_PATH=str(no_libchrony))["message"],
        failure(PYCHRONY_LIBCHRONY=str(tmp_path / "none"))["message"],
        failure(PYCHRONY_LIBCHRONY=str(no_libchrony / "libchrony.so"))["message"],
        failure(PYCHRONY_LIBCHRONY=str(incompatible))["message"],
    }
    assert len(messages) == 4


def test_an_import_that_failed_succeeds_once_the_library_is_there(
    stand_in: Path, tmp_path: Path
) -> None:
    path = tmp_path / "libchrony.so.0"
    out = child.check(
        f"""
        import os, shutil
        for _ in range(2):
            try:
                import pychrony
            except ImportError as error:
                print(error.name)
        shutil.copy({str(stand_in)!r}, {str(path)!r})
        import pychrony
        print(pychrony.libchrony_path)
        print(pychrony.get_tracking("/x/y").stratum)
        """,
        PYCHRONY_LIBCHRONY=str(path),
    )
    assert out.splitlines() == ["pychrony", "pychrony", str(path), "3"]


def test_the_availability_probe_exits_with_0_or_1(no_libchrony: Path, stand_in: Path) -> None:
    assert child.run("import pychrony", PYCHRONY_LIBCHRONY=str(stand_in)).returncode == 0
    done = child.run("import pychrony", PYCHRONY_LIBCHRONY=None, LD_LIBRARY_PATH=str(no_libchrony))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: ")


def test_the_import_loads_nothing_but_what_it_needs() -> None:
    out = child.check(
        """
        import enum, sys
        before = set(sys.modules)
        import pychrony
        print(sorted(set(sys.modules) - before))
        """
    )
    assert out == "['pychrony']\n"


def test_the_import_asks_no_chronyd_and_opens_nothing() -> None:
    out = child.check(
        """
        import os
        before = sorted(os.listdir("/proc/self/fd"))
        import pychrony
        print(sorted(os.listdir("/proc/self/fd")) == before)
        """
    )
    assert out == "True\n"
