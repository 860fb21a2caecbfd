"""The daemons the tests ask: real chronyds, each started once for the whole run."""

from __future__ import annotations

import gc
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import child
from support.chronyd import LOCAL_SERVER, UNSYNCHRONISED, Chronyd, client_of
from support.responder import Responder
from support.shm import ShmClock

child.heed_signals()


def pytest_sessionstart(session: pytest.Session) -> None:
    """If the module or libchrony is missing, say so once, before anything imports it, and not in each worker."""
    if hasattr(session.config, "workerinput"):
        return
    done = child.run("import pychrony")
    if done.returncode != 0:
        pytest.exit(f"pychrony cannot be imported:\n{done.stderr}", returncode=1)


def is_from_wheel() -> bool:
    try:
        return importlib.metadata.distribution("pychrony").read_text("RECORD") is not None
    except importlib.metadata.PackageNotFoundError:
        return False


# What is the same with each CPython, so that one of them is enough (the marker `once`), with the reason. A name ends at `::`, a
# file, or a directory.
ONCE = {
    "the benchmark, the documentation and the tools": [
        "tests/test_bench.py",
        "tests/test_doc_blocks.py",
        "tests/test_docs.py",
        "tests/test_examples.py",
        "tests/test_house.py",
        "tests/test_stub.py",
    ],
    "the tests' own means": [
        "tests/test_child.py",
        "tests/test_fake_bytes.py",
        "tests/test_responder.py",
    ],
    "how chronyd and libchrony behave": [
        "tests/clock/test_error_bound.py",
        "tests/clock/test_paths.py",
        "tests/test_abandoned.py",
        "tests/test_chronyd_limits.py",
        "tests/test_containers.py",
        "tests/test_protocol.py",
        "tests/test_health_states.py",
        "tests/test_report_edges.py",
        "tests/test_reports.py",
        "tests/test_shared_buffer.py",
        "tests/test_standin.py",
        "tests/test_unmeasured.py",
        "tests/test_unreachable.py",
    ],
    "which libchrony is loaded, and what is wrong with it: the Rust code's search, which asks Python for nothing": [
        "tests/test_loading.py::test_a_library_of_the_system_that_lacks_a_library_is_broken_and_not_missing",
        "tests/test_loading.py::test_a_library_without_one_of_the_functions_is_incompatible",
        "tests/test_loading.py::test_an_empty_variable_counts_as_not_set",
        "tests/test_loading.py::test_an_incompatible_library_of_the_system_is_named_by_its_path_beside_that_of_the_wheel",
        "tests/test_loading.py::test_an_incompatible_library_of_the_wheel_is_named_and_not_recommended",
        "tests/test_loading.py::test_an_incompatible_library_that_the_linker_found_is_not_passed_over",
        "tests/test_loading.py::test_each_failure_reads_differently",
        "tests/test_loading.py::test_the_error_for_a_broken_library_of_the_system_explains_how_to_choose_that_of_the_wheel",
        "tests/test_loading.py::test_the_name_without_a_version_is_tried_last",
    ],
    "a pytest run of its own; one of them, with the plugin, is made with each": [
        "tests/test_drop_in.py",
        "tests/test_testing.py::test_the_fixture_restores_a_default_that_the_test_has_set",
        "tests/test_testing.py::test_the_tests_on_the_page_pass",
    ],
    "a build from the sources, and what only a C compiler reads": [
        "tests/test_bundled_libchrony.py",
        "tests/test_c_interface.py::test_a_constant_of_another_number_stops_the_build",
        "tests/test_c_interface.py::test_a_function_declared_otherwise_stops_the_build",
        "tests/test_c_interface.py::test_cargo_alone_builds_what_an_import_and_an_embedding_program_need",
        "tests/test_c_interface.py::test_our_declarations_agree_with_libchronys_header",
        "tests/test_c_interface.py::test_the_header_is_clean",
    ],
    "what the command and the exporter print": [
        "tests/command/test_command_check.py",
        "tests/command/test_command_doctor.py",
        "tests/command/test_command_files.py",
        "tests/command/test_command_guard.py",
        "tests/command/test_command_log.py",
        "tests/command/test_command_overview.py",
        "tests/command/test_command_parts.py",
        "tests/command/test_command_reports.py",
        "tests/command/test_command_wait.py",
        "tests/exporter/test_collectors.py",
        "tests/exporter/test_metrics_command.py",
        "tests/exporter/test_page.py",
        "tests/exporter/test_probe.py",
        "tests/exporter/test_prometheus.py",
        "tests/exporter/test_rights.py",
        "tests/exporter/test_server.py::test_a_file_without_accounts_is_refused",
        "tests/exporter/test_server.py::test_a_malformed_address_in_the_environment_is_reported_at_once",
        "tests/exporter/test_server.py::test_a_malformed_address_is_reported_at_once",
        "tests/exporter/test_server.py::test_a_socket_from_systemd_that_cannot_be_served_is_refused",
        "tests/exporter/test_server.py::test_it_refuses_a_malformed_listen_address",
        "tests/exporter/test_server.py::test_options_that_need_others_are_refused_without_them",
    ],
    "hostile responses, memory and crowds": ["tests/hardening"],
}
IS_ONCE = tuple(name for names in ONCE.values() for name in names)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what `-m "not once"` leaves out."""
    wanted = config.getoption("markexpr")
    name = collection_path.relative_to(config.rootpath).as_posix()
    is_wanted = "not once" not in wanted or ("or hardening" in wanted and "hardening" in name)
    return True if name in IS_ONCE and not is_wanted else None


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """Let the garbage collector pass over pytest's own objects: they are many, they stay, and many tests collect."""
    gc.disable()
    yield
    gc.collect()
    gc.freeze()
    gc.enable()


# Those that take longest begin first, so that no process is left with one of them at the end.
LONGEST = (
    "tests/hardening/test_memory.py",
    "tests/hardening/test_hostile_answers.py",
    "tests/hardening",
    "tests/test_c_interface.py::test_cargo_alone",
    "tests/test_aio.py",
)


def length(item: pytest.Item) -> int:
    """Where an item comes in the order of those that take longest."""
    return next(
        (at for at, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs once, order by length, and skip the tests that need more than the installed module."""
    items.sort(key=length)
    for item in items:
        if item.nodeid.startswith(IS_ONCE):
            item.add_marker("once")
        if item.nodeid.startswith("tests/hardening"):
            item.add_marker("hardening")
    absent = {}
    if not (Path(__file__).parent.parent / "Cargo.toml").exists():
        absent["source_tree"] = "the project's sources are not beside the tests"
    if not is_from_wheel():
        absent["wheel"] = "the module was not installed from a wheel by pip"
    for item in items:
        for marker, reason in absent.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(params=["unix", "udp"])
def transport(request: pytest.FixtureRequest) -> str:
    """How chronyd is reached: by its Unix socket, and by its UDP command port."""
    return str(request.param)


@pytest.fixture(scope="session")
def server() -> Iterator[Chronyd]:
    """Serves its own clock as a local reference of stratum 8."""
    with Chronyd(LOCAL_SERVER, serve=True) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def client(server: Chronyd) -> Iterator[Chronyd]:
    """Synchronised to the server over IPv4."""
    with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
        daemon.wait_synchronised()
        yield daemon


@pytest.fixture(scope="session")
def client6(server: Chronyd) -> Iterator[Chronyd]:
    """Synchronised to the server over IPv6."""
    with Chronyd(client_of("::1", server.ntp_port)) as daemon:
        daemon.wait_synchronised()
        yield daemon


@pytest.fixture(scope="session")
def refclock() -> Iterator[Chronyd]:
    """Synchronised to a reference clock that is ahead: the system clock is slow."""
    with ShmClock(ahead=0.3) as clock, Chronyd(clock.refclock) as daemon:
        daemon.wait_synchronised()
        yield daemon


@pytest.fixture(scope="session")
def refclock_behind() -> Iterator[Chronyd]:
    """Synchronised to a reference clock that is behind: the system clock is fast."""
    with ShmClock(ahead=-0.3) as clock, Chronyd(clock.refclock) as daemon:
        daemon.wait_synchronised()
        yield daemon


@pytest.fixture(scope="session")
def unsynchronised() -> Iterator[Chronyd]:
    """Has no source at all."""
    with Chronyd(UNSYNCHRONISED) as daemon:
        yield daemon


@pytest.fixture
def stopped(server: Chronyd) -> Iterator[Chronyd]:
    """Hung: its sockets accept requests, but nobody reads them."""
    with Chronyd(LOCAL_SERVER) as daemon:
        daemon.stop()
        yield daemon


@pytest.fixture
def responder(transport: str) -> Iterator[Responder]:
    """A synthetic chronyd, faithful until told otherwise."""
    with Responder(transport=transport) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def no_libchrony(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the linker finds, under both of libchrony's names, a file that is no library.

    On LD_LIBRARY_PATH it hides a libchrony that the machine may have.
    """
    directory = tmp_path_factory.mktemp("no-libchrony")
    for name in ("libchrony.so.0", "libchrony.so"):
        (directory / name).write_text("This is no shared library.\n" * 100)
    return directory
