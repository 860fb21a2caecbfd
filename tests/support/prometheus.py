"""Prometheus itself, and its promtool: Debian's, which tools/prometheus finds or fetches."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, final

from .child import SERVICE, Process
from .waiting import DEADLINE, wait_for

HERE = Path(__file__).resolve().parent.parent.parent
UNPACKED = HERE / ".cache" / "prometheus" / "usr" / "bin"


def executable(name: str) -> str:
    """Path of prometheus or promtool."""
    path = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], str(UNPACKED)]))
    if path is None:
        raise RuntimeError(f"{name} is not here: tools/prometheus fetches it")
    return path


def promtool(*arguments: str, given: str | None = None) -> str:
    """What promtool says of something that must be right."""
    done = subprocess.run(
        [executable("promtool"), *arguments],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@final
class Prometheus:
    """A Prometheus on a free port of 127.0.0.1, with its data in a directory of its own."""

    def __init__(self, configuration: Path) -> None:
        self.configuration = configuration

    def __enter__(self) -> Prometheus:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.directory = Path(tempfile.mkdtemp(prefix="prometheus"))
        self.log = open(self.directory / "log", "w+")  # noqa: SIM115
        self.process = Process(
            [
                executable("prometheus"),
                f"--config.file={self.configuration}",
                f"--storage.tsdb.path={self.directory}/data",
                f"--web.listen-address={self.address}",
                "--log.level=warn",
            ],
            deadline=SERVICE,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        try:
            wait_for("Prometheus is ready", self._ready)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.log.close()
        shutil.rmtree(self.directory)

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"Prometheus ended at once:\n{(self.directory / 'log').read_text()}")
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=DEADLINE):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its API."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The labels and values that an expression has now."""
        result = self.ask("query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in result]
