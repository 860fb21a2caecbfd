"""The clock's state for Prometheus, asked anew at each scrape.

pip install prometheus-client
python prometheus_exporter.py [PORT] [ADDRESS]
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

from prometheus_client import REGISTRY, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import pychrony

# Field of TrackingStatus: name of the metric. Its help text is the field's own docstring.
METRICS = {
    "stratum": "chrony_stratum",
    "offset": "chrony_offset_seconds",
    "frequency": "chrony_frequency_ppm",
    "skew": "chrony_skew_ppm",
    "root_delay": "chrony_root_delay_seconds",
    "root_dispersion": "chrony_root_dispersion_seconds",
}


class Clock(Collector):
    """Asks chronyd when it is scraped. Scrapes may come from several threads: the connection lets them take turns."""

    def __init__(self, address: str | None = None) -> None:
        self.connection = pychrony.ChronyConnection(address, timeout=1.0)

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "chrony_up", "Whether chronyd answered and its clock is synchronised"
        )
        try:
            if self.connection.closed:
                self.connection.__enter__()
            status = self.connection.get_tracking()
        except pychrony.ChronyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], status.is_synchronized())
        yield up
        for field, name in METRICS.items():
            text = getattr(pychrony.TrackingStatus, field).__doc__
            yield GaugeMetricFamily(name, text, value=getattr(status, field))


def main(port: str = "9123", address: str | None = None) -> None:
    REGISTRY.register(Clock(address))
    start_http_server(int(port), addr="127.0.0.1")
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
