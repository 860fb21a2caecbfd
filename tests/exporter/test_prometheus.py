"""Prometheus scrapes the exporter, as examples/prometheus says; promtool checks metrics, rules and configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import child
from support.chronyd import Chronyd, client_of
from support.exporter import COMMAND, Exporter
from support.prometheus import Prometheus, promtool
from support.responder import Responder
from support.waiting import wait_for

from pychrony import _durations, health
from pychrony.exporter.collector import health_metrics
from pychrony.exporter.exporter_command import FILES
from pychrony.exporter.metrics import REPORTS
from pychrony.health import assess
from pychrony.testing import make_source, make_tracking

HERE = Path(__file__).parent.parent.parent
EXAMPLES = HERE / "examples" / "prometheus"
RULES = EXAMPLES / "rules.yml"
DASHBOARD = json.loads((EXAMPLES / "grafana-dashboard.json").read_text())
DOCUMENT = (HERE / "docs" / "prometheus.md").read_text()

EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]

# The metrics that collector.py gives in addition to the tables.
OF_THE_SCRAPE = {
    "chrony_up",
    "chrony_scrape_duration_seconds",
    "chrony_scrape_collector_success",
    "chrony_scrape_collector_error_info",
    "chrony_scrape_collector_duration_seconds",
    "pychrony_build_info",
    "chrony_error_bound_seconds",
    "chrony_health_level",
    "chrony_health_finding",
}
OF_THE_TABLES = {metric.name for report in REPORTS for metric in report.metrics}
OURS = OF_THE_TABLES | OF_THE_SCRAPE


def names_in(text: str) -> set[str]:
    """The metrics that a text names, except those that recording rules make."""
    return set(re.findall(r"(?<![\w:])(?:py)?chrony_[a-z_]+(?![\w:*/.])", text))


@pytest.fixture(scope="module")
def chronyd(server: Chronyd) -> Iterator[Chronyd]:
    """Synchronised to the server, and a server itself."""
    with Chronyd(client_of("127.0.0.1", server.ntp_port), serve=True) as daemon:
        daemon.wait_synchronised()
        yield daemon


@pytest.fixture(scope="module")
def prometheus(chronyd: Chronyd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Scrapes as in the example, but every second, and from an exporter that is started here."""
    directory = tmp_path_factory.mktemp("prometheus")
    (directory / "rules.yml").write_text(RULES.read_text())
    text = (EXAMPLES / "prometheus.yml").read_text()
    with Exporter("--address", chronyd.socket, "--allow", "127.0.0.0/8") as exporter:
        for example, here in {
            "15s": "1s",
            "ntp1.example.org:9123": f"127.0.0.1:{exporter.port}",
            "127.0.0.1:9123": f"127.0.0.1:{exporter.port}",
            "192.0.2.10:323": chronyd.udp,
            "192.0.2.11:323": "127.0.0.1:9",
        }.items():
            assert example in text
            text = text.replace(example, here)
        (directory / "prometheus.yml").write_text(text)
        with Prometheus(directory / "prometheus.yml") as running:
            wait_for(
                "Prometheus has scraped all targets twice",
                lambda: len(running.query("count_over_time(chrony_up[1m]) >= 2")) == 3,
            )
            yield running


def test_prometheus_scrapes_the_exporter_and_a_fleet(
    prometheus: Prometheus, chronyd: Chronyd
) -> None:
    targets = prometheus.ask("targets", state="active")["activeTargets"]
    assert sorted(
        (each["labels"]["job"], each["health"], each["lastError"]) for each in targets
    ) == [
        ("chrony", "up", ""),
        ("chrony-fleet", "up", ""),
        ("chrony-fleet", "up", ""),
    ]
    up = {labels["instance"]: value for labels, value in prometheus.query("chrony_up")}
    assert up.pop(chronyd.udp) == 1
    assert up.pop("127.0.0.1:9") == 0
    assert list(up.values()) == [1]


def test_prometheus_knows_types_and_help_of_what_it_scraped(prometheus: Prometheus) -> None:
    known = prometheus.ask("metadata")
    for report in REPORTS:
        for metric in report.metrics:
            if metric.name in known:
                (entry,) = known[metric.name]
                assert entry["type"] == ("counter" if metric.counter else "gauge"), metric.name
                assert entry["help"] == report.help(metric)
    assert len(OF_THE_TABLES & known.keys()) > 50


def test_only_the_chronyd_that_is_down_raises_an_alert(prometheus: Prometheus) -> None:
    alerts = wait_for("an alert is raised", lambda: prometheus.query("ALERTS"))
    raised = [(labels["alertname"], labels["instance"]) for labels, _ in alerts]
    assert raised == [("ChronydDown", "127.0.0.1:9")]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_panel_of_the_dashboard_shows_something(
    prometheus: Prometheus, expression: str
) -> None:
    assert prometheus.query(re.sub(r"\$\w+", ".*", expression)) != []


# What promtool finds.


def test_promtool_accepts_the_metrics() -> None:
    with (
        Responder(transport="unix") as responder,
        Exporter("--address", responder.address) as all_of_them,
    ):
        status, text = all_of_them.get("/metrics")
    assert status == 200
    assert promtool("check", "metrics", given=text) == ""


def test_promtool_accepts_the_rules() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(RULES))


def test_promtool_accepts_the_configuration() -> None:
    promtool("check", "config", str(EXAMPLES / "prometheus.yml"))


def test_the_alerts_fire_when_they_should() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(EXAMPLES / "rules_test.yml"))


def test_the_alerts_have_the_limits_of_health() -> None:
    limits, rules = health.Limits(), RULES.read_text()
    error, age = _durations.text(limits.warn_error), f"{limits.max_age:g} s"
    assert f"expr: chrony_error_bound_seconds > {limits.warn_error:g}\n" in rules
    assert f"error is above {error}." in rules and f"more than {age} old" in rules
    assert (
        f"`chrony_error_bound_seconds` is above {error} " in DOCUMENT
        and f"interval, {age}." in DOCUMENT
    )


def test_each_alert_is_tested() -> None:
    tests = (EXAMPLES / "rules_test.yml").read_text()
    alerts = re.findall(r"alert: (\w+)", RULES.read_text())
    assert len(alerts) > 5
    assert [alert for alert in alerts if alert not in tests] == []


# The files come with the package.


@pytest.mark.parametrize("name", FILES)
def test_each_file_can_be_printed_from_the_package(name: str) -> None:
    done = child.execute([*COMMAND, "exporter", "--print", name])
    assert (done.returncode, done.stdout) == (0, (EXAMPLES / name).read_text())


def test_every_file_but_the_rules_tests_comes_with_the_package() -> None:
    assert {*FILES, "rules_test.yml"} == {path.name for path in EXAMPLES.iterdir()}


# What the files name exists.


@pytest.mark.parametrize("file", ["rules.yml", "rules_test.yml", "grafana-dashboard.json"])
def test_the_examples_name_only_metrics_that_exist(file: str) -> None:
    named = names_in((EXAMPLES / file).read_text())
    assert named
    assert named - OURS == set()


def test_the_document_lists_every_metric() -> None:
    assert OURS - names_in(DOCUMENT) == set()


def test_the_document_explains_each_further_metric_as_its_help_does() -> None:
    _, beside, others = re.split(r"^### .*chrony_exporter$", DOCUMENT, flags=re.MULTILINE)
    theirs = re.findall(r"^\| `\w+` \| `(\w+)` \|", beside, re.MULTILINE)
    ours = {
        metric.name: (
            ", ".join(f"`{label}`" for label in metric.labels),
            # The brackets at the end of a field's docstring contain its range and its name in libchrony.
            re.sub(r" \[[^]]*\]$", "", report.help(metric)).rstrip("."),
        )
        for report in REPORTS
        for metric in report.metrics
        if metric.name not in theirs
    }
    for family in health_metrics(assess(make_tracking(), [make_source()])):
        labels = {label: None for sample in family.samples for label in sample.labels}
        ours[family.name] = (
            ", ".join(f"`{label}`" for label in labels),
            family.documentation.rstrip("."),
        )
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", others, re.MULTILINE)
    assert {name: (labels.strip(), meaning) for name, labels, meaning in rows} == ours


def test_the_document_explains_every_alert() -> None:
    assert [
        each for each in re.findall(r"alert: (\w+)", RULES.read_text()) if each not in DOCUMENT
    ] == []
