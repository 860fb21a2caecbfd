"""Each file of examples/recipes does its work. The environment of the documentation has what they need."""

from __future__ import annotations

import asyncio
import configparser
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml

from pychrony.testing import FakeChronyd, make_source, make_tracking

RECIPES = Path(__file__).resolve().parent.parent / "examples" / "recipes"
PYCHRONY = [sys.executable, "-m", "pychrony"]


@pytest.fixture(autouse=True)
def measured_just_now(fake_chronyd: FakeChronyd) -> None:
    fake_chronyd.tracking = make_tracking(ref_time=time.time() - 17)


def load(name: str) -> dict[str, Any]:
    return runpy.run_path(str(RECIPES / name), run_name=Path(name).stem)


def run(command: str) -> str:
    """What a command of a configuration file prints, where /usr/bin/pychrony is the pychrony of this interpreter."""
    command = command.replace("/usr/bin/pychrony", shlex.join(PYCHRONY))
    command = re.sub(r"^pychrony\b", shlex.join(PYCHRONY), command, flags=re.MULTILINE)
    done = subprocess.run(["sh", "-c", command], text=True, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def get_from_fastapi(path: str) -> tuple[int, Any]:
    import httpx

    async def get() -> tuple[int, Any]:
        transport = httpx.ASGITransport(app=load("fastapi_app.py")["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.get(path)
            return response.status_code, response.json()

    return asyncio.run(get())


def test_a_fastapi_probe_follows_the_clock(fake_chronyd: FakeChronyd) -> None:
    status, verdict = get_from_fastapi("/health/clock")
    assert (status, verdict["level"]) == (200, "OK")
    fake_chronyd.tracking = make_tracking(reference_id=0)
    status, verdict = get_from_fastapi("/health/clock")
    assert (status, verdict["level"]) == (503, "CRITICAL")


def test_a_fastapi_response_has_the_fields_of_the_record() -> None:
    status, _ = get_from_fastapi("/tracking")
    assert status == 200
    _, schema = get_from_fastapi("/openapi.json")
    assert "TrackingStatus" in json.dumps(schema)


def test_a_fastapi_response_may_be_a_model_with_some_of_the_fields() -> None:
    status, clock = get_from_fastapi("/clock")
    expected = make_tracking()
    assert (status, clock["stratum"], clock["offset"]) == (200, expected.stratum, expected.offset)
    assert isinstance(clock["ref_time_ns"], int) and clock["root_distance"] > 0


def test_a_flask_probe_follows_the_clock(fake_chronyd: FakeChronyd) -> None:
    client = load("flask_app.py")["app"].test_client()
    good = client.get("/health/clock")
    assert (good.status_code, good.get_json()["level"]) == (200, "OK")
    fake_chronyd.tracking = make_tracking(reference_id=0)
    client = load("flask_app.py")["app"].test_client()  # the first one remembers its verdict
    assert client.get("/health/clock").status_code == 503


def test_gunicorn_serves_the_probe_from_workers_forked_after_the_import(
    fake_chronyd: FakeChronyd, tmp_path: Path
) -> None:
    import http.client
    import socket

    path = tmp_path / "g.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    words = ["gunicorn", "--preload", "--workers", "2", "--bind", f"fd://{listener.fileno()}"]
    server = subprocess.Popen(
        [sys.executable, "-m", *words, "flask_app:app"],
        cwd=RECIPES,
        pass_fds=[listener.fileno()],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        for _ in range(4):
            connection = http.client.HTTPConnection("localhost", timeout=60)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(60)
            connection.sock.connect(str(path))  # the listener queues it until a worker is there
            connection.request("GET", "/health/clock")
            with connection.getresponse() as response:
                assert (response.status, json.load(response)["level"]) == (200, "OK")
            connection.close()
    finally:
        server.terminate()
        server.communicate(timeout=60)
        listener.close()


@pytest.mark.filterwarnings("ignore")  # celery's own
def test_a_celery_task_stamps_an_order_with_the_bound(fake_chronyd: FakeChronyd) -> None:
    module = load("celery_app.py")
    stamped = module["stamp"].apply(args=["order 1"]).get()
    assert stamped["order"] == "order 1"
    assert 0 < stamped["error_bound"] < 0.1
    module["connection"].close()


def test_opentelemetry_observes_the_bound_only_where_there_is_one(
    fake_chronyd: FakeChronyd,
) -> None:
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    load("opentelemetry_gauges.py")
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        metric.name: [point.value for point in metric.data.data_points]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert found["clock.offset"] == [fake_chronyd.tracking.offset]
    assert found["clock.health"] == [0]
    assert 0 < found["clock.error_bound"][0] < 0.1


def test_opentelemetry_observes_no_offset_without_a_source(fake_chronyd: FakeChronyd) -> None:
    fake_chronyd.tracking = make_tracking(reference_id=0)
    module = load("opentelemetry_gauges.py")
    assert module["offset"](None) == module["error_bound"](None) == []


def test_icingas_command_has_options_that_check_takes(fake_chronyd: FakeChronyd) -> None:
    text = (RECIPES / "icinga.conf").read_text()
    defaults = dict(re.findall(r'vars\.(\w+) = "(\w+)"', text))
    defaults |= {"chrony_address": os.environ["PYCHRONY_ADDRESS"], "chrony_source": "192.0.2.1"}
    options = re.findall(r'"(--[\w-]+)" = "\$(\w+)\$"', text)
    words = [word for flag, name in options for word in (flag, defaults[name])]
    assert len(options) == 4
    assert " OK: " in run(shlex.join(["/usr/bin/pychrony", "check", *words]))


def test_zabbix_gets_json_even_while_the_clock_is_bad(fake_chronyd: FakeChronyd) -> None:
    fake_chronyd.tracking = make_tracking(reference_id=0)
    text = (RECIPES / "zabbix.conf").read_text()
    commands = dict(re.findall(r"^UserParameter=([\w.]+),(.*)$", text, re.MULTILINE))
    assert json.loads(run(commands["chrony.health"]))["level"] == "CRITICAL"
    assert json.loads(run(commands["chrony.tracking"]))["stratum"] == 0


def test_telegraf_reads_the_fields_that_it_names(fake_chronyd: FakeChronyd) -> None:
    (settings,) = tomllib.loads((RECIPES / "telegraf.conf").read_text())["inputs"]["exec"]
    record = json.loads(run(settings["commands"][0]))
    for name in (*settings["tag_keys"], *settings["json_string_fields"]):
        assert isinstance(record[name], (str, bool))  # which Telegraf drops unless they are named


def test_influx_lines_leave_out_a_source_that_was_never_measured(
    fake_chronyd: FakeChronyd, capsys: pytest.CaptureFixture[str]
) -> None:
    never = make_source(address="192.0.2.2", last_sample_ago=None)
    fake_chronyd.sources = [make_source(), never]
    load("influx_lines.py")
    line = r"chrony_source,address=[\w.:]+,state=\w+ offset=[\d.e-]+,error=[\d.e-]+,reachability=\d+i \d{19}\n"
    assert re.fullmatch(line, capsys.readouterr().out)


def test_the_units_of_the_textfile_collector_write_the_file(
    fake_chronyd: FakeChronyd, tmp_path: Path
) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read(RECIPES / "textfile.service")
    command = unit["Service"]["ExecStart"]
    file = tmp_path / "chrony.prom"
    run(re.sub(r"--output \S+", f"--output {file}", command))
    assert "chrony_error_bound_seconds" in file.read_text()


def test_ansibles_fact_is_json_even_while_the_clock_is_bad(fake_chronyd: FakeChronyd) -> None:
    fake_chronyd.tracking = make_tracking(reference_id=0)
    script = (RECIPES / "chrony.fact").read_text()
    assert json.loads(run(script))["level"] == "CRITICAL"


def container_probes() -> list[str]:
    """What the readiness probe and the health check run in a shell."""
    pod = yaml.safe_load((RECIPES / "kubernetes.yaml").read_text())["spec"]
    shell, option, probe = pod["containers"][0]["readinessProbe"]["exec"]["command"]
    assert (shell, option) == ("sh", "-c")
    docker = (RECIPES / "Dockerfile").read_text()
    return [probe, *re.findall(r"^HEALTHCHECK .*CMD (.*)$", docker, re.MULTILINE)]


def test_a_container_is_in_service_while_its_clock_may_be_trusted(
    fake_chronyd: FakeChronyd,
) -> None:
    good, warning = make_tracking(ref_time=time.time()), make_tracking(ref_time=1.0)
    for tracking, level, status in [
        (good, "OK", 0),
        (warning, "WARNING", 0),
        (make_tracking(reference_id=0), "CRITICAL", 1),
    ]:
        fake_chronyd.tracking = tracking
        for probe in container_probes():
            command = probe.replace("pychrony", shlex.join(PYCHRONY), 1)
            done = subprocess.run(["sh", "-c", command], text=True, stdout=subprocess.PIPE)
            assert (level in done.stdout, done.returncode) == (True, status)


def test_the_image_has_what_its_command_needs() -> None:
    docker = (RECIPES / "Dockerfile").read_text()
    assert 'CMD ["pychrony", "exporter"' in docker
    assert " prometheus-client " in docker


def test_the_containers_mount_chronyds_directory_at_its_own_path() -> None:
    compose = yaml.safe_load((RECIPES / "compose.yaml").read_text())
    assert compose["services"]["clock"]["volumes"] == ["/run/chrony:/run/chrony"]
    pod = yaml.safe_load((RECIPES / "kubernetes.yaml").read_text())["spec"]
    (volume,) = pod["volumes"]
    assert volume["hostPath"]["path"] == "/run/chrony"
    for container in pod["containers"]:
        assert [each["mountPath"] for each in container["volumeMounts"]] == ["/run/chrony"]


def test_tables_are_made_of_the_sources(
    fake_chronyd: FakeChronyd, capsys: pytest.CaptureFixture[str]
) -> None:
    names = load("frames.py")
    assert names["frame"]["state"].dtype == "category"
    assert names["table"]["state"].to_list() == ["SELECTED"]
    assert capsys.readouterr().out.count("192.0.2.1") == 2


def test_the_allan_deviation_of_white_phase_noise_falls_with_the_interval() -> None:
    import random

    deviation = load("allan_deviation.py")["allan_deviation"]
    noise = random.Random(1)
    phase = [noise.gauss(0, 1e-6) for _ in range(4000)]
    # White phase noise of standard deviation s has sqrt(3) * s / tau.
    for factor in (1, 4, 16):
        expected = 3**0.5 * 1e-6 / factor
        assert deviation(phase, 1.0, factor) == pytest.approx(expected, rel=0.1)


def test_the_allan_deviation_takes_the_rows_of_the_log(
    fake_chronyd: FakeChronyd, tmp_path: Path
) -> None:
    rows = tmp_path / "clock.csv"
    run(
        shlex.join(
            [
                "/usr/bin/pychrony",
                "log",
                "--interval",
                "10ms",
                "--count",
                "20",
                "--output",
                str(rows),
            ]
        )
    )
    printed = run(shlex.join([sys.executable, str(RECIPES / "allan_deviation.py"), str(rows)]))
    # A line for each power of two of which two fit into the rows. A busy machine misses some rows.
    count = len(rows.read_text().splitlines()) - 1
    assert len(printed.splitlines()) >= ((count - 1) // 2).bit_length()


def test_the_allan_deviation_leaves_out_what_a_gap_in_the_rows_hides(tmp_path: Path) -> None:
    times = [10 * number for number in range(100) if not 40 <= number < 45]
    # A clock that gains evenly has no Allan deviation.
    rows = [
        f"2026-11-24T00:{time // 60:02}:{time % 60:02}.500000000Z,{time * 1e-6}" for time in times
    ]
    log = tmp_path / "clock.csv"
    log.write_text("\n".join(["time,offset", *rows, ""]))
    printed = run(shlex.join([sys.executable, str(RECIPES / "allan_deviation.py"), str(log)]))
    lines = [line.split(" s  ") for line in printed.splitlines()]
    assert [float(tau) for tau, _ in lines] == [10, 20, 40, 80, 160, 320]
    assert all(float(deviation) < 1e-12 for _, deviation in lines)
