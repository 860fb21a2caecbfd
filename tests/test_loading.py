"""Finding libchrony at import, and saying plainly why it was not found."""

from __future__ import annotations

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
    """Import the module in a process with these variables: returns its libchrony_path, or the ImportError."""
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


def test_an_empty_variable_counts_as_not_set(stand_in: Path) -> None:
    result = attempt(PYCHRONY_LIBCHRONY="", LD_LIBRARY_PATH=str(stand_in.parent))
    assert result == {"value": str(stand_in)}


def test_the_name_without_a_version_is_tried_last(
    no_libchrony: Path, stand_in: Path, tmp_path: Path
) -> None:
    shutil.copy(no_libchrony / "libchrony.so.0", tmp_path)
    shutil.copy(stand_in, tmp_path / "libchrony.so")
    result = attempt(PYCHRONY_LIBCHRONY=None, LD_LIBRARY_PATH=str(tmp_path))
    assert result == {"value": str(tmp_path / "libchrony.so")}


def test_without_libchrony_the_error_names_what_was_tried_and_how_to_get_it(
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


def test_the_error_for_a_named_file_that_is_not_a_library_states_that(no_libchrony: Path) -> None:
    path = str(no_libchrony / "libchrony.so.0")
    error = failure(PYCHRONY_LIBCHRONY=path)
    assert error["path"] == path
    assert path in error["message"]
    assert "invalid ELF header" in error["message"]


def test_a_directory_is_refused_as_a_library(tmp_path: Path) -> None:
    assert failure(PYCHRONY_LIBCHRONY=str(tmp_path))["path"] == str(tmp_path)


def test_a_named_library_that_fails_is_not_replaced_by_another(
    stand_in: Path, tmp_path: Path
) -> None:
    path = str(tmp_path / "libchrony.so.0")
    error = failure(PYCHRONY_LIBCHRONY=path, LD_LIBRARY_PATH=str(stand_in.parent))
    assert error["path"] == path


def test_another_library_is_said_to_be_incompatible() -> None:
    other = str(pychrony.__file__)
    error = failure(PYCHRONY_LIBCHRONY=other)
    assert error["path"] == other
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


def package_with(library: Path | None, directory: Path) -> tuple[str, Path]:
    """A copy of the installed package in `directory`, with this libchrony in place of one that a wheel brought.

    Returns the PYTHONPATH for it, and where that libchrony is, or would be.
    """
    copy = directory / "site" / "pychrony"
    shutil.copytree(Path(pychrony.__file__).parent, copy)
    bundled = copy / "libchrony.so.0"
    bundled.unlink(missing_ok=True)
    if library is not None:
        shutil.copy(library, bundled)
    return str(copy.parent), bundled


@pytest.fixture
def no_system_libchrony(tmp_path: Path) -> None:
    """These tests make sense only if the system has no libchrony of its own."""
    site, _ = package_with(None, tmp_path / "without")
    if "value" in attempt(PYCHRONY_LIBCHRONY=None, PYTHONPATH=site):
        pytest.skip("the system has a libchrony, which is used before that of a wheel")


@pytest.mark.usefixtures("no_system_libchrony")
def test_the_library_that_a_wheel_brought_is_used_where_the_system_has_none(
    stand_in: Path, tmp_path: Path
) -> None:
    site, bundled = package_with(stand_in, tmp_path)
    assert attempt(PYCHRONY_LIBCHRONY=None, PYTHONPATH=site) == {"value": str(bundled)}


@pytest.mark.usefixtures("no_system_libchrony")
def test_without_the_library_of_the_wheel_the_error_names_all_that_was_tried(
    tmp_path: Path,
) -> None:
    site, bundled = package_with(None, tmp_path)
    message = failure(PYCHRONY_LIBCHRONY=None, PYTHONPATH=site)["message"]
    for words in ["libchrony.so.0: ", "libchrony.so: ", f"{bundled}: ", "No such file", "wheel"]:
        assert words in message


@pytest.mark.usefixtures("no_system_libchrony")
def test_an_incompatible_library_of_the_wheel_is_named_and_not_recommended(tmp_path: Path) -> None:
    library = standin.build(tmp_path / "libchrony.so.0", "chrony_init_session")
    site, bundled = package_with(library, tmp_path)
    error = failure(PYCHRONY_LIBCHRONY=None, PYTHONPATH=site)
    assert error["path"] == str(bundled)
    assert error["message"].count(str(bundled)) == 1


def test_the_library_of_the_system_is_used_before_that_of_the_wheel(
    stand_in: Path, tmp_path: Path
) -> None:
    site, _ = package_with(stand_in, tmp_path)
    found = str(stand_in.parent)
    result = attempt(PYCHRONY_LIBCHRONY=None, PYTHONPATH=site, LD_LIBRARY_PATH=found)
    assert result == {"value": str(stand_in)}


def test_a_named_library_that_fails_is_not_replaced_by_that_of_the_wheel(
    stand_in: Path, tmp_path: Path
) -> None:
    site, _ = package_with(stand_in, tmp_path)
    path = str(tmp_path / "none")
    assert failure(PYCHRONY_LIBCHRONY=path, PYTHONPATH=site)["path"] == path


def test_the_error_for_a_broken_library_of_the_system_explains_how_to_choose_that_of_the_wheel(
    no_libchrony: Path, stand_in: Path, tmp_path: Path
) -> None:
    site, bundled = package_with(stand_in, tmp_path)
    broken = {"PYTHONPATH": site, "LD_LIBRARY_PATH": str(no_libchrony)}
    message = failure(PYCHRONY_LIBCHRONY=None, **broken)["message"]
    for words in ["libchrony.so.0: ", "PYCHRONY_LIBCHRONY", str(bundled)]:
        assert words in message
    assert attempt(PYCHRONY_LIBCHRONY=str(bundled), **broken) == {"value": str(bundled)}


def test_a_library_of_the_system_that_lacks_a_library_is_broken_and_not_missing(
    stand_in: Path, tmp_path: Path
) -> None:
    site, bundled = package_with(stand_in, tmp_path)
    needed = standin.build(tmp_path / "libneeded.so")
    system = tmp_path / "system" / "libchrony.so.0"
    standin.build(system, more=["-Wl,--no-as-needed", f"-L{tmp_path}", "-lneeded"])
    needed.unlink()
    found = str(system.parent)
    error = failure(PYCHRONY_LIBCHRONY=None, PYTHONPATH=site, LD_LIBRARY_PATH=found)
    assert "libneeded.so" in error["message"]
    assert str(bundled) in error["message"]


def test_an_incompatible_library_of_the_system_is_named_by_its_path_beside_that_of_the_wheel(
    stand_in: Path, tmp_path: Path
) -> None:
    site, bundled = package_with(stand_in, tmp_path)
    system = standin.build(tmp_path / "old" / "libchrony.so.0", "chrony_init_session")
    found = str(system.parent)
    error = failure(PYCHRONY_LIBCHRONY=None, PYTHONPATH=site, LD_LIBRARY_PATH=found)
    assert error["path"] == str(system)
    assert "chrony_init_session" in error["message"]
    assert str(bundled) in error["message"]


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
