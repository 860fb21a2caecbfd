"""The exporter, run as a process, and what it serves."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import final

from prometheus_client.parser import text_string_to_metric_families

from .child import SERVICE, Process
from .waiting import DEADLINE

# A sample's name and labels: its value.
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

COMMAND = (sys.executable, "-m", "pychrony")
MODULE = (sys.executable, "-m", "pychrony.exporter")


@final
class Exporter:
    """`python -m pychrony.exporter` on a free port of 127.0.0.1, while the with statement lasts."""

    def __init__(self, *arguments: str, command: tuple[str, ...] = MODULE) -> None:
        self.command = [*command, "--listen", "127.0.0.1:0", *arguments]
        self.host, self.port, self.scheme = "", 0, ""
        self.complaints: list[str] = []

    def __enter__(self) -> Exporter:
        self.process = Process(
            self.command, deadline=SERVICE, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.complaints.append(line)
            if "serving" in line:
                self.scheme, _, rest = line.split()[-1].partition("://")
                self.host, _, port = rest.removesuffix("/metrics").rpartition(":")
                self.port = int(port)
                break
        else:
            self.process.wait()
            raise RuntimeError(f"the exporter did not start:\n{''.join(self.complaints)}")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.complaints.extend(self.process.stderr)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> int:
        """End it, as systemd does; returns its exit status."""
        self.process.terminate()
        status = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """The status and the text of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def samples(self, path: str = "/metrics", headers: Mapping[str, str] | None = None) -> Samples:
        status, text = self.get(path, headers)
        assert status == 200, text
        return parse(text)


def parse(text: str) -> Samples:
    """The samples of a text. A sample that is there twice is an error."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """The value of the only sample of that name that has these labels among its own; None if there is none."""
    found = [
        each
        for (sample, its), each in samples.items()
        if sample == name and labels.items() <= dict(its).items()
    ]
    assert len(found) <= 1, f"{name}: {len(found)} samples"
    return found[0] if found else None


def labels_of(samples: Samples, name: str) -> list[dict[str, str]]:
    """The labels of each sample of that name."""
    return [dict(its) for (sample, its) in samples if sample == name]
