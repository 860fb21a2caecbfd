"""A private chronyd: the real daemon, unprivileged, with its own socket, ports and files; it does not touch the clock."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import final

from . import chronyc
from .stranger import is_alone
from .waiting import DEADLINE, wait_for


def daemon_user() -> pwd.struct_passwd:
    """The user that chronyd runs as: for root the distribution's chrony user, else our own."""
    if os.geteuid() != 0 or is_alone():
        return pwd.getpwuid(os.geteuid())
    for name in ("_chrony", "chrony", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root has no unprivileged user to run chronyd as (_chrony, chrony, nobody)")


def free_port() -> int:
    """A UDP port that is free on both loopback addresses."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four:
            four.bind(("127.0.0.1", 0))
            port: int = four.getsockname()[1]
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
                try:
                    six.bind(("::1", port))
                except OSError:
                    continue
                return port
    raise RuntimeError("no UDP port is free on both 127.0.0.1 and ::1")


def private_directory() -> Path:
    """A directory for a daemon's socket: short as chronyd's clients need it, of mode 0750, and owned by the daemon.

    libchrony binds its own socket below it, and the whole path of that must fit in 108 bytes. Each call makes two
    directories there, which takes twice as long on a disk as in memory.
    """
    user = daemon_user()
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    directory = Path(tempfile.mkdtemp(prefix="pc", dir=parent))
    directory.chmod(0o750)
    if os.geteuid() == 0:
        os.chown(directory, user.pw_uid, user.pw_gid)
    return directory


@final
class Chronyd:
    """A running chronyd. As a context manager, it is started on entering and gone after leaving.

    `lines` are lines of chrony.conf; `{directory}` in them is the daemon's directory. With `serve` it answers NTP
    clients on both loopback addresses at `ntp_port`. `files` are written to the directory first (keys, say).
    """

    def __init__(
        self,
        lines: Iterable[str] = (),
        *,
        serve: bool = False,
        command_port: bool = True,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.lines = list(lines)
        self.serve = serve
        self.command_port = command_port
        self.files = dict(files or {})
        self.directory = Path()
        self.ntp_port = 0
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Chronyd:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Where it is.

    @property
    def socket(self) -> str:
        """Path of its Unix socket."""
        return str(self.directory / "chronyd.sock")

    @property
    def udp(self) -> str:
        """Its command port on IPv4."""
        return f"127.0.0.1:{self.port}"

    @property
    def udp6(self) -> str:
        """Its command port on IPv6."""
        return f"[::1]:{self.port}"

    @property
    def pid(self) -> int:
        return self._running().pid

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("this chronyd is not running")
        return self._process

    # Its life.

    def start(self) -> None:
        """Start it and wait until it answers. If someone else has taken a port meanwhile, it tries again."""
        self.directory = private_directory()
        try:
            for name, text in self.files.items():
                self._write(name, text)
            for last in (False, False, True):
                self.ntp_port = free_port()
                self.port = free_port()
                try:
                    self._launch()
                    return
                except RuntimeError:
                    if last or "Could not bind" not in self.log():
                        raise
        except BaseException:
            self.close()
            raise

    def configuration(self) -> str:
        own = [
            f"bindcmdaddress {self.socket}",
            f"cmdport {self.port if self.command_port else 0}",
            f"pidfile {self.directory}/pid",
            f"port {self.ntp_port if self.serve else 0}",
        ]
        if self.serve:
            own += ["bindaddress 127.0.0.1", "bindaddress ::1", "allow 127.0.0.1", "allow ::1"]
        given = [line.replace("{directory}", str(self.directory)) for line in self.lines]
        return "".join(f"{line}\n" for line in own + given)

    def _write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(path, 0, daemon_user().pw_gid)
        return path

    def _launch(self) -> None:
        configuration = self._write("conf", self.configuration())
        user = daemon_user().pw_name
        command = [
            chronyc.executable("chronyd"),
            "-x",
            "-U",
            "-u",
            user,
            "-f",
            str(configuration),
            "-d",
        ]
        with open(self.directory / "log", "wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_for("chronyd answers", self._answers, pause=self._pause)
        except TimeoutError as error:
            raise RuntimeError(f"{error}; its log:\n{self.log()}") from error

    def _answers(self) -> bool:
        if self._running().poll() is not None:
            raise RuntimeError(f"chronyd ended at once; its log:\n{self.log()}")
        if "Could not bind" in self.log() or "Disabled command socket" in self.log():
            raise RuntimeError(f"chronyd has no command socket; its log:\n{self.log()}")
        if not os.path.exists(self.socket):
            return False
        return chronyc.run(self.socket, "-c", "activity").returncode == 0

    def _pause(self, seconds: float) -> None:
        """Wait a moment, or until the daemon ends."""
        try:
            self._running().wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def stop(self) -> None:
        """Freeze it: requests pile up in its socket and nothing is answered."""
        self._running().send_signal(signal.SIGSTOP)
        # The signal has been sent, but the process may not have stopped yet; the kernel says when it has.
        wait_for("chronyd is stopped", lambda: self._state() == "T")

    def cont(self) -> None:
        """Let it continue."""
        self._running().send_signal(signal.SIGCONT)

    def _state(self) -> str:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def kill(self) -> None:
        """End it without a chance to clean up: its socket's file stays behind."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait()
            self._process = None

    def terminate(self) -> None:
        """End it in order; by force if it does not obey."""
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(DEADLINE / 6)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def restart(self) -> None:
        """End it and start it again, with the same paths and ports."""
        self.terminate()
        self._launch()

    def close(self) -> None:
        """End it and remove its directory."""
        self.terminate()
        if self.directory != Path():
            shutil.rmtree(self.directory, ignore_errors=True)

    # What it says of itself.

    def log(self) -> str:
        try:
            return (self.directory / "log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def chronyc(self, *arguments: str) -> str:
        """What chronyc prints for a command, over the Unix socket."""
        done = chronyc.run(self.socket, *arguments)
        if done.returncode != 0:
            raise RuntimeError(
                f"chronyc {' '.join(arguments)}: {done.stdout.strip()}\n{self.log()}"
            )
        return done.stdout

    def records(self, report: str) -> list[dict[str, str]]:
        """A report as chronyc prints it, by field."""
        return chronyc.records(self.socket, report)

    def tracking_csv(self) -> dict[str, str]:
        """chronyc's tracking report, by field."""
        return self.records("tracking")[0]

    def wait_synchronised(self) -> None:
        """Wait until it follows a source and has updated its clock more than once."""

        def synchronised() -> bool:
            report = self.tracking_csv()
            return (
                int(report["reference ID"], 16) != 0
                and report["leap status"] != "Not synchronised"
                and float(report["last update interval"]) > 0
            )

        wait_for("chronyd synchronises", synchronised, pause=self._pause)

    def client_files(self) -> list[str]:
        """What clients have left in the socket's directory: nothing, if they are tidy."""
        own = {"chronyd.sock", "pid", "conf", "log", *self.files}
        return sorted(set(os.listdir(self.directory)) - own)


LOCAL_SERVER = ["local stratum 8"]
UNSYNCHRONISED: list[str] = []


def client_of(address: str, port: int, *options: str) -> list[str]:
    """The configuration of a daemon that follows another one, as fast as NTP allows."""
    return [
        " ".join(["server", address, "port", str(port), "minpoll -2 maxpoll -2 iburst", *options])
    ]
