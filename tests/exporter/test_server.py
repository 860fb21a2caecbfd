"""How the metrics are served: paths, HTTPS, accounts, sockets, and how the exporter starts and ends."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import Signals

import pytest
from support import child
from support.chronyd import Chronyd
from support.exporter import COMMAND, MODULE, Exporter, parse, value
from support.waiting import DEADLINE

from pychrony.exporter.arguments import COLLECTORS
from pychrony.exporter.server import listen
from pychrony.exporter.tables import REPORTS

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


def test_the_metrics_say_which_pychrony_and_libchrony_gave_them(exporter: Exporter) -> None:
    import pychrony

    libchrony = os.path.realpath(pychrony.libchrony_path)
    version = pychrony.__version__
    samples = exporter.samples()
    assert value(samples, "pychrony_build_info", version=version, libchrony=libchrony) == 1


def test_the_exporter_tells_what_it_uses_itself(exporter: Exporter) -> None:
    assert value(exporter.samples(), "process_open_fds")


def test_an_unknown_path_is_not_found(exporter: Exporter) -> None:
    assert exporter.get("/metric") == (404, "there are /metrics and /probe\n")


def test_the_first_page_names_the_others(exporter: Exporter) -> None:
    status, text = exporter.get("/")
    assert status == 200
    assert "/metrics" in text and "/probe?target=" in text


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
def test_it_asks_the_address_that_stands_before_or_behind_the_command(
    place: str, client: Chronyd
) -> None:
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


def test_an_error_is_said_once(exporter: Exporter) -> None:
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


def test_it_does_not_take_a_port_that_is_taken(exporter: Exporter) -> None:
    status, said = start(*NOWHERE, "--listen", f"127.0.0.1:{exporter.port}")
    assert status == 2
    assert "Address already in use" in said


# What systemd does before it runs the service: the socket becomes file descriptor 3, and two variables say so.
ACTIVATE = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
print("passed", listening.getsockname()[1], file=sys.stderr, flush=True)
os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "pychrony.exporter", *sys.argv[1:]])
"""


def test_it_serves_on_the_socket_that_systemd_passes() -> None:
    command = (sys.executable, "-c", ACTIVATE)
    with Exporter(*NOWHERE, command=command) as running:
        assert value(running.samples(), "chrony_up") == 0
        running.end()
    assert running.complaints[0] == f"passed {running.port}\n"
    assert len([line for line in running.complaints if "serving" in line]) == 1


# HTTPS and accounts.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that certifies itself, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
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


def get_https(running: Exporter, certificate: Path, own: Path | None = None) -> str:
    context = ssl.create_default_context(cafile=str(certificate))
    if own is not None:
        context.load_cert_chain(own)
    connection = http.client.HTTPSConnection("localhost", running.port, context=context)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_https(certificate: Path) -> None:
    with Exporter(*NOWHERE, "--certfile", str(certificate)) as running:
        assert running.scheme == "https"
        assert value(parse(get_https(running, certificate)), "chrony_up") == 0


def test_a_client_that_says_nothing_holds_up_no_other(certificate: Path) -> None:
    with Exporter(*NOWHERE, "--certfile", str(certificate)) as running:
        with socket.create_connection(("127.0.0.1", running.port)):
            assert value(parse(get_https(running, certificate)), "chrony_up") == 0


def test_a_client_that_speaks_no_tls_is_turned_away_in_silence(certificate: Path) -> None:
    with Exporter(*NOWHERE, "--certfile", str(certificate)) as running:
        with socket.create_connection(("127.0.0.1", running.port), DEADLINE) as plain:
            plain.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            while plain.recv(4096):
                pass
        get_https(running, certificate)
        running.end()
    assert not [line for line in running.complaints if "Traceback" in line]


def test_a_client_may_need_a_certificate(certificate: Path) -> None:
    need = ("--certfile", str(certificate), "--client-cafile", str(certificate))
    with Exporter(*NOWHERE, *need) as running:
        with pytest.raises(OSError):
            get_https(running, certificate)
        assert value(parse(get_https(running, certificate, certificate)), "chrony_up") == 0


def test_a_certificate_that_cannot_be_read_is_named() -> None:
    status, said = start(*NOWHERE, "--certfile", "/nonexistent/cert.pem")
    assert (status, said.count("\n")) == (2, 1)
    assert "/nonexistent/cert.pem" in said


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    path = tmp_path_factory.mktemp("accounts") / "accounts"
    path.write_text("prometheus:secret: with a colon\nmönitor:pässword\n")
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
        {"Authorization": "Basic"},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic é"},
        {"Authorization": "Bearer cHJvbWV0aGV1czpzZWNyZXQ6IHdpdGggYSBjb2xvbg=="},
    ],
)
def test_a_client_without_an_account_is_refused(
    guarded: Exporter, path: str, header: dict[str, str]
) -> None:
    assert guarded.get(path, header) == (401, "a user name and a password are needed\n")


@pytest.mark.parametrize("text", ["", "prometheus\n"])
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


@pytest.mark.parametrize("subcommand", ["exporter", "metrics"])
def test_without_prometheus_client_it_says_what_to_install(subcommand: str) -> None:
    done = child.run(f"""
        import sys
        sys.modules["prometheus_client"] = None
        from pychrony.__main__ import main
        sys.exit(main(["{subcommand}"]))
    """)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "pychrony[exporter]" in done.stderr and "pip install prometheus-client" in done.stderr


def test_a_command_line_is_read_without_prometheus_client() -> None:
    child.check("""
        import sys
        from pychrony.__main__ import COMMANDS
        from pychrony.command import arguments
        arguments.whole_parser(COMMANDS)
        assert "prometheus_client" not in sys.modules
    """)


def test_the_options_name_the_reports_of_the_tables() -> None:
    assert COLLECTORS == [report.name for report in REPORTS]
