"""How the metrics are served: paths, HTTPS, accounts, sockets, and how the exporter starts and ends."""

from __future__ import annotations

import base64
import errno
import http.client
import os
import resource
import select
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import Signals
from typing import Any, Callable

import pytest
from support import child
from support.chronyd import Chronyd
from support.exporter import COMMAND, MODULE, Exporter, parse, value
from support.waiting import DEADLINE, wait_for

from pychrony._reports import REPORTS as EVERY
from pychrony.exporter import server
from pychrony.exporter.application import Application
from pychrony.exporter.metrics import REPORTS
from pychrony.exporter.scrapes import Scrapes
from pychrony.exporter.server import Server, listen

NOWHERE = ("--address", "127.0.0.1:9")


@pytest.fixture(scope="module")
def exporter(client: Chronyd) -> Iterator[Exporter]:
    with Exporter("--address", client.socket) as running:
        yield running


def start(*arguments: str) -> tuple[int, str]:
    """Start an exporter that must not start up: its exit status and its message."""
    ended = subprocess.run([*MODULE, *arguments], capture_output=True, text=True, timeout=DEADLINE)
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


def test_metrics_are_of_the_chronyd_on_this_machine(exporter: Exporter) -> None:
    samples = exporter.samples()
    assert value(samples, "chrony_up") == value(samples, "chrony_synchronized") == 1


def test_the_metrics_name_the_versions_of_pychrony_and_libchrony(exporter: Exporter) -> None:
    import pychrony

    libchrony = os.path.realpath(pychrony.libchrony_path)
    version = pychrony.__version__
    samples = exporter.samples()
    assert value(samples, "pychrony_build_info", version=version, libchrony=libchrony) == 1


def test_the_exporter_reports_its_own_resources(exporter: Exporter) -> None:
    assert value(exporter.samples(), "process_open_fds")


def test_an_unknown_path_is_not_found(exporter: Exporter) -> None:
    assert exporter.get("/metric") == (404, "not found; try /metrics or /probe\n")


def test_a_scrape_leaves_no_file_open(exporter: Exporter) -> None:
    exporter.samples()
    before = value(exporter.samples(), "process_open_fds")
    for _ in range(20):
        exporter.samples()
    assert value(exporter.samples(), "process_open_fds") == before


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_it_ends_in_order(signal: str) -> None:
    with Chronyd() as daemon:
        with Exporter("--address", daemon.socket) as running:
            assert value(running.samples(), "chrony_up") == 1
            running.process.send_signal(Signals[signal])
            assert running.process.wait(DEADLINE) == 0
        assert daemon.client_files() == []


@pytest.mark.parametrize("place", ["before", "behind"])
def test_options_may_stand_before_or_after_the_command(place: str, client: Chronyd) -> None:
    given = ("-a", client.socket, "-t", "9")
    before, behind = (given, ()) if place == "before" else ((), given)
    with Exporter(*behind, command=(*COMMAND, *before, "exporter")) as running:
        assert value(running.samples(), "chrony_tracking_stratum") == 9


def test_reports_can_be_switched_on(client: Chronyd) -> None:
    with Exporter("--address", client.socket, "--collector", "activity") as running:
        names = {name for name, _ in running.samples() if not name.startswith("chrony_scrape")}
    assert {name for name in names if name.startswith("chrony")} == {
        "chrony_up",
        "chrony_activity_sources",
    }


def test_reports_can_be_switched_off(client: Chronyd) -> None:
    off = ("--no-collector", "sources", "--no-collector", "ntpdata")
    with Exporter("--address", client.socket, *off) as running:
        samples = running.samples()
    assert not [name for name, _ in samples if name.startswith("chrony_sources_")]
    assert value(samples, "chrony_sourcestats_samples") is not None


def test_an_error_is_written_once(exporter: Exporter) -> None:
    with Exporter(*NOWHERE) as running:
        assert value(running.samples(), "chrony_up") == value(running.samples(), "chrony_up") == 0
        running.end()
    said = [line for line in running.complaints if "serving" not in line]
    assert len(said) == 1
    assert said[0].startswith(
        "pychrony exporter: tracking: cannot reach chronyd. Tried 127.0.0.1:9"
    )


# Where it listens.


def test_it_listens_on_ipv6() -> None:
    with Exporter(*NOWHERE, "--listen", "[::1]:0") as running:
        pass
    served = [line.split()[-1] for line in running.complaints if "serving" in line]
    assert served[0].startswith("http://127.0.0.1:")
    assert len(served) == 2 and served[1].startswith("http://[::1]:")


def test_it_listens_on_every_address_of_either_family() -> None:
    with listen(":0") as listening:
        port = listening.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), DEADLINE).close()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", "a/b:1", "127.0.0.1:99999"])
def test_it_refuses_a_malformed_listen_address(address: str) -> None:
    status, said = start(*NOWHERE, "--listen", address)
    assert status == 2
    assert said.startswith("pychrony exporter: ") and said.count("\n") == 1


def test_it_refuses_a_port_that_is_in_use(exporter: Exporter) -> None:
    status, said = start(*NOWHERE, "--listen", f"127.0.0.1:{exporter.port}")
    assert status == 2
    assert "Address already in use" in said


def test_the_zone_of_a_listen_address_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link-local address of IPv6 means nothing without its zone, the interface."""
    asked: list[Any] = []
    monkeypatch.setattr(socket, "create_server", lambda address, **_: asked.append(address))
    listen("[fe80::1%lo]:9123")
    assert asked == [("fe80::1", 9123, 0, socket.if_nametoindex("lo"))]


# What systemd does before it runs the service: a socket becomes file descriptor 3, and two variables say so.
ACTIVATE = """
import os, socket, sys
passed = {socket}
if passed.family == socket.AF_INET:
    print("passed", passed.getsockname()[1], file=sys.stderr, flush=True)
os.dup2(passed.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="{number}", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "pychrony.exporter", *sys.argv[1:]])
"""
LISTENING = "socket.create_server(('127.0.0.1', 0))"


def activated(socket: str, number: str = "1") -> tuple[str, ...]:
    return (sys.executable, "-c", ACTIVATE.format(socket=socket, number=number))


def test_it_serves_on_the_socket_that_systemd_passes() -> None:
    with Exporter(*NOWHERE, command=activated(LISTENING)) as running:
        assert value(running.samples(), "chrony_up") == 0
        running.end()
    assert running.complaints[0] == f"passed {running.port}\n"
    assert len([line for line in running.complaints if "serving" in line]) == 1


def test_without_a_socket_from_systemd_it_makes_its_own() -> None:
    with Exporter(*NOWHERE, command=activated(LISTENING, "0")) as running:
        assert running.complaints[0] != f"passed {running.port}\n"
        assert value(running.samples(), "chrony_up") == 0


@pytest.mark.parametrize(
    ("socket", "number", "words"),
    [
        ("socket.socket(socket.AF_UNIX)", "1", "is not a listening TCP socket"),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "1", "is not a listening TCP socket"),
        ("socket.socket(socket.AF_INET)", "1", "is not a listening TCP socket"),
        (LISTENING, "2", "file descriptor 4 from systemd: Bad file descriptor"),
        ("open('/dev/null'); passed.family = None", "1", "Socket operation on non-socket"),
        (LISTENING, "many", "LISTEN_FDS is 'many', which is not a number of sockets"),
    ],
)
def test_a_socket_from_systemd_that_cannot_be_served_is_refused(
    socket: str, number: str, words: str
) -> None:
    if "open" in socket:
        socket = "type('File', (), {'family': None, 'fileno': open('/dev/null').fileno})()"
    done = subprocess.run(
        [*activated(socket, number), *NOWHERE], capture_output=True, text=True, timeout=DEADLINE
    )
    assert done.returncode == 2
    (said,) = [line for line in done.stderr.splitlines() if not line.startswith("passed")]
    assert said.startswith("pychrony exporter: ") and words in said


# Its limits.


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server in this process that has one connection at a time, and half a second for a request."""
    monkeypatch.setattr(server, "REQUEST_TIMEOUT", 0.5)
    application = Application(Scrapes("127.0.0.1:9", 1.0, REPORTS, print), [], [])
    with Server(listen("127.0.0.1:0"), application, threading.BoundedSemaphore(1)) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.05])
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_request_has_a_deadline_even_if_bytes_keep_arriving(limited: Server) -> None:
    with socket.create_connection(limited.server_address[:2], DEADLINE) as slow:
        slow.sendall(b"GET / HTTP/1.0\r\n")

        def closed() -> bool:
            try:
                slow.sendall(b"X: y\r\n")
                slow.settimeout(0.05)
                return slow.recv(1) == b""
            except socket.timeout:
                return False
            except OSError:
                return True

        assert wait_for("the server closed the connection", closed)


def test_a_connection_beyond_the_limit_waits(limited: Server) -> None:
    first = socket.create_connection(limited.server_address[:2], DEADLINE)
    wait_for("it is accepted", lambda: limited.free._value == 0)
    with socket.create_connection(limited.server_address[:2], DEADLINE) as second:
        second.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert select.select([second], [], [], 0.1) == ([], [], [])
        first.close()
        assert second.recv(12) == b"HTTP/1.0 200"


def test_the_number_of_connections_leaves_descriptors_for_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = iter([(256, 256), (1 << 20, 1 << 20), (10, 10)])
    monkeypatch.setattr(resource, "getrlimit", lambda _: next(limits))
    assert [server.connections() for _ in range(3)] == [96, server.CONNECTIONS, 1]


def test_without_a_free_descriptor_it_pauses_before_it_accepts_again(
    limited: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)

    def exhausted(_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socketserver.TCPServer, "get_request", exhausted)
    with pytest.raises(OSError, match="Too many"):
        limited.get_request()
    assert pauses == [server.EXHAUSTED_PAUSE]


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_an_invalid_scrape_timeout_is_refused(exporter: Exporter, seconds: str) -> None:
    status, text = exporter.get("/metrics", {"X-Prometheus-Scrape-Timeout-Seconds": seconds})
    assert (status, "is not a number of seconds" in text) == (400, True)


def test_metrics_come_within_the_scrapes_timeout(stopped: Chronyd) -> None:
    with Exporter("--address", stopped.socket, "--timeout", "600") as running:
        samples = running.samples(headers={"X-Prometheus-Scrape-Timeout-Seconds": "0.4"})
    assert value(samples, "chrony_up") == 0


def test_a_scrape_that_waits_for_another_too_long_is_refused(stopped: Chronyd) -> None:
    with Exporter("--address", stopped.socket, "--timeout", "600") as running:
        name = "X-Prometheus-Scrape-Timeout-Seconds"
        patient = threading.Thread(target=running.get, args=["/metrics", {name: "2"}])
        patient.start()
        wait_for("chronyd is asked", stopped.client_files)
        header = {name: "0.2"}
        assert running.get("/metrics", header) == (
            503,
            "no time is left: another scrape is still running\n",
        )
        patient.join()


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_ending_in_the_middle_of_a_scrape_leaves_no_file(signal: str, stopped: Chronyd) -> None:
    with Exporter("--address", stopped.socket, "--timeout", "600") as running:
        scrape = threading.Thread(target=lambda: suppressed(running.get, "/metrics"))
        scrape.start()
        wait_for("chronyd is asked", stopped.client_files)
        running.process.send_signal(Signals[signal])
        assert running.process.wait(DEADLINE) == 0
        assert stopped.client_files() == []
        scrape.join()


def suppressed(call: Callable[..., object], *arguments: object) -> None:
    with suppress(OSError, http.client.HTTPException):
        call(*arguments)


# HTTPS and accounts.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "localhost.pem")


@pytest.fixture(scope="module")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "other.pem")


def self_signed(path: Path) -> Path:
    """A certificate of localhost that certifies itself, with its key in the same file."""
    done = child.execute(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + [
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ]
        + ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    )
    assert done.returncode == 0, done.stdout
    with open(path, "a") as file:
        file.write(path.with_suffix(".crt").read_text())
    return path


def get_https(
    running: Exporter, certificate: Path, own: Path | None = None, account: str = ""
) -> str:
    context = ssl.create_default_context(cafile=str(certificate))
    if own is not None:
        context.load_cert_chain(own)
    connection = http.client.HTTPSConnection("localhost", running.port, context=context)
    try:
        connection.request("GET", "/metrics", headers=basic(account) if account else {})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_metrics_are_served_over_https(certificate: Path) -> None:
    with Exporter(*NOWHERE, "--certfile", str(certificate)) as running:
        assert running.scheme == "https"
        assert value(parse(get_https(running, certificate)), "chrony_up") == 0


def test_a_client_that_sends_nothing_does_not_delay_others(certificate: Path) -> None:
    with Exporter(*NOWHERE, "--certfile", str(certificate)) as running:
        with socket.create_connection(("127.0.0.1", running.port)):
            assert value(parse(get_https(running, certificate)), "chrony_up") == 0


def test_a_client_without_tls_is_refused_without_a_traceback(certificate: Path) -> None:
    with Exporter(*NOWHERE, "--certfile", str(certificate)) as running:
        with socket.create_connection(("127.0.0.1", running.port), DEADLINE) as plain:
            plain.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            while plain.recv(4096):
                pass
        get_https(running, certificate)
        running.end()
    assert not [line for line in running.complaints if "Traceback" in line]


def test_a_client_certificate_can_be_required(certificate: Path) -> None:
    need = ("--certfile", str(certificate), "--client-cafile", str(certificate))
    with Exporter(*NOWHERE, *need) as running:
        with pytest.raises(OSError):
            get_https(running, certificate)
        assert value(parse(get_https(running, certificate, certificate)), "chrony_up") == 0


def test_it_reads_certificates_and_accounts_again_at_sighup(
    certificate: Path, other_certificate: Path, tmp_path: Path
) -> None:
    used, known = tmp_path / "used.pem", tmp_path / "accounts"
    used.write_bytes(certificate.read_bytes())
    known.write_text("prometheus:first\n")
    options = ("--certfile", str(used), "--basic-auth-file", str(known))
    with Exporter(*NOWHERE, *options) as running:
        assert get_https(running, certificate, account="prometheus:first").startswith("# HELP")
        used.write_bytes(other_certificate.read_bytes())
        known.write_text("prometheus:second\n")
        running.process.send_signal(Signals.SIGHUP)
        wait_for("the new certificate is served", lambda: serves(running, other_certificate))
        text = get_https(running, other_certificate, account="prometheus:second")
        assert text.startswith("# HELP")
        refused = get_https(running, other_certificate, account="prometheus:first")
        assert refused == "a user name and a password are required\n"


def test_what_cannot_be_read_at_sighup_changes_nothing(certificate: Path, tmp_path: Path) -> None:
    used, known = tmp_path / "used.pem", tmp_path / "accounts"
    used.write_bytes(certificate.read_bytes())
    known.write_text("prometheus:first\n")
    options = ("--certfile", str(used), "--basic-auth-file", str(known))
    with Exporter(*NOWHERE, *options) as running:
        used.unlink()
        known.write_text("prometheus:second\n")
        running.process.send_signal(Signals.SIGHUP)
        wait_for(
            "it complains",
            lambda: [
                line for line in running.complaints if "kept the previous configuration" in line
            ],
        )
        assert get_https(running, certificate, account="prometheus:first").startswith("# HELP")


def serves(running: Exporter, certificate: Path) -> bool:
    try:
        get_https(running, certificate)
    except ssl.SSLError:
        return False
    return True


def test_a_certificate_that_cannot_be_read_is_named() -> None:
    status, said = start(*NOWHERE, "--certfile", "/nonexistent/cert.pem")
    assert (status, said.count("\n")) == (2, 1)
    assert "/nonexistent/cert.pem" in said


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    path = tmp_path_factory.mktemp("accounts") / "accounts"
    path.write_text(
        "#prometheus:commented\n\n  \nprometheus:secret: with a colon\nmönitor:pässword\n"
    )
    with Exporter(*NOWHERE, "--allow", "127.0.0.1", "--basic-auth-file", str(path)) as running:
        yield running


@pytest.mark.parametrize("account", ["prometheus:secret: with a colon", "mönitor:pässword"])
def test_a_client_with_an_account_is_served(guarded: Exporter, account: str) -> None:
    assert value(guarded.samples(headers=basic(account)), "chrony_up") == 0


@pytest.mark.parametrize("path", ["/", "/metrics", "/probe?target=127.0.0.1:9", "/nothing"])
@pytest.mark.parametrize(
    "header",
    [
        {},
        basic("prometheus:wrong"),
        basic("prometheus:secret: with a colon\n"),
        basic(":"),
        basic("prometheus:commented"),
        basic("#prometheus:commented"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic é"},
        {"Authorization": "Bearer cHJvbWV0aGV1czpzZWNyZXQ6IHdpdGggYSBjb2xvbg=="},
    ],
)
def test_a_client_without_an_account_is_refused(
    guarded: Exporter, path: str, header: dict[str, str]
) -> None:
    assert guarded.get(path, header) == (401, "a user name and a password are required\n")


@pytest.mark.parametrize("text", ["", "prometheus\n", ":secret\n", "prometheus:\n", "#a:b\n"])
def test_a_file_without_accounts_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "accounts").write_text(text)
    status, said = start(*NOWHERE, "--basic-auth-file", str(tmp_path / "accounts"))
    assert status == 2
    assert said == f"pychrony exporter: {tmp_path}/accounts: expected lines USER:PASSWORD\n"


# Its options, and what it needs.


@pytest.mark.parametrize(
    "arguments",
    [
        ("--address", "1.2.3"),
        ("--address", "127.0.0.1:99999"),
        ("--address", "localhost:0"),
    ],
)
def test_a_malformed_address_is_reported_at_once(arguments: tuple[str, ...]) -> None:
    status, said = start(*arguments, "--listen", "127.0.0.1:0")
    assert status == 2
    assert said.startswith("pychrony exporter: ") and said.count("\n") == 1


@pytest.mark.parametrize("address", ["1.2.3", "127.0.0.1:99999", "localhost:0"])
@pytest.mark.parametrize("name", ["exporter", "metrics"])
def test_a_malformed_address_in_the_environment_is_reported_at_once(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYCHRONY_ADDRESS", address)
    done = subprocess.run([*COMMAND, name], capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert address in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--timeout", "0"),
        ("--timeout", "nan"),
        ("--allow", "192.0.2.1/24"),
        ("--collector", "nothing"),
        ("--collector", "sources", "--no-collector", "tracking"),
    ],
)
def test_wrong_options_are_explained(arguments: tuple[str, ...]) -> None:
    status, said = start(*arguments)
    assert status == 2
    assert said.startswith("pychrony: argument -")
    assert said.endswith("\nTry 'pychrony exporter --help'.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--keyfile", "key.pem"], "--keyfile needs --certfile"),
        (["--client-cafile", "ca.pem"], "--client-cafile needs --certfile"),
        ([f"--no-collector={name}" for name in EVERY], "--no-collector leaves out all reports"),
    ],
)
def test_options_that_need_others_are_refused_without_them(
    arguments: list[str], words: str
) -> None:
    status, said = start(*NOWHERE, *arguments)
    assert status == 2
    assert said.startswith(f"pychrony: {words}")


@pytest.mark.parametrize("subcommand", ["exporter", "metrics"])
def test_without_prometheus_client_it_names_what_to_install(subcommand: str) -> None:
    done = child.run(f"""
        import sys
        sys.modules["prometheus_client"] = None
        from pychrony.__main__ import main
        sys.exit(main(["{subcommand}"]))
    """)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "pychrony[exporter]" in done.stderr and "pip install prometheus-client" in done.stderr


def test_a_command_line_is_read_without_prometheus_client() -> None:
    child.check("""
        import sys
        from pychrony.__main__ import COMMANDS
        from pychrony.command import arguments
        arguments.whole_parser(COMMANDS)
        assert "prometheus_client" not in sys.modules
    """)


def test_each_report_has_its_metrics() -> None:
    assert sorted(EVERY) == sorted(report.name for report in REPORTS)
