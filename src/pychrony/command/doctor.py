"""`pychrony doctor`: what was found, step by step, and what to do about it. It works without libchrony too."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time

from .. import _durations as durations
from .. import health
from . import (
    COMMON,
    DONE,
    NO_ANSWER,
    NOT_SYNCHRONISED,
    Command,
    UsageError,
    clock,
    one_line,
    tables,
    units,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    import pychrony

    # What chronyd said: tracking, sources, source statistics, and by address the tests that the last NTP packet failed.
    Answer = tuple[
        "pychrony.TrackingStatus",
        "list[pychrony.Source]",
        "list[pychrony.SourceStats]",
        "dict[str, list[str]]",
    ]

# The addresses that pychrony tries by default, in its order.
ADDRESSES = (
    "/run/chrony/chronyd.sock",
    "/var/run/chrony/chronyd.sock",
    "127.0.0.1:323",
    "[::1]:323",
)

GET_LIBCHRONY = (
    "Install libchrony (Fedora, and EPEL for RHEL 9: dnf install libchrony; elsewhere build it from "
    "https://gitlab.com/chrony/libchrony), or name its path in PYCHRONY_LIBCHRONY."
)
LISTENING = "Is chronyd running, and is this its bindcmdaddress?"
START_CHRONYD = "Start it: systemctl start chronyd (on Debian and Ubuntu: systemctl start chrony)."
OPEN_NETWORK = (
    "Do the network and the firewall let NTP through (UDP port 123 to the servers)? pychrony activity shows whether "
    "sources are offline; chronyc online brings them back."
)

STATE = {
    "SELECTED": "selected",
    "UNSELECTED": "combined with the selected one",
    "SELECTABLE": "acceptable, but not combined",
    "NONSELECTABLE": "not usable",
    "FALSETICKER": "a falseticker: it disagrees with the majority",
    "JITTERY": "too variable",
}


class Findings:
    """The steps so far. A step is "ok", a "note", or a "problem" that keeps the clock from being trusted."""

    def __init__(self) -> None:
        self.steps: list[dict[str, str | None]] = []

    def add(self, status: str, name: str, found: str, advice: str | None = None) -> None:
        self.steps.append(
            {"name": name, "status": status, "found": one_line(found), "advice": advice}
        )


class Doctor(Command):
    name = "doctor"
    about = "what is wrong, step by step, and what to do about it"
    description = "Works without libchrony too. With --json it is what a support ticket needs."
    options = (*COMMON, "json")
    needs_libchrony = False

    def run(self, options: Namespace) -> int:
        findings = Findings()
        look_at_python(findings)
        look_at_libchrony(findings, options.missing)
        answer = look_at_addresses(findings, options)
        if answer is None:
            status = NO_ANSWER
            verdict = "Nothing can be said about the clock: chronyd could not be asked."
            if options.missing is not None:
                verdict = "Nothing can be said about the clock: without libchrony, chronyd cannot be asked."
        else:
            status, verdict = look_at_clock(findings, answer)
            look_at_sources(findings, answer)
        show(findings, answer, verdict, status, options.json)
        return status


# The machine.


def look_at_python(findings: Findings) -> None:
    machine = os.uname()
    findings.add(
        "ok",
        "Python",
        f"{sys.version.split()[0]}, {sys.executable}, on {machine.sysname} {machine.release} {machine.machine}",
    )


def look_at_libchrony(findings: Findings, missing: ImportError | None) -> None:
    import pychrony

    if missing is not None:
        folder = list(pychrony.__path__)[0]
        if any(
            name.startswith("__init__.") and name.endswith(".so") for name in os.listdir(folder)
        ):
            findings.add(
                "note", "pychrony", f"{folder}; its extension cannot be loaded without libchrony"
            )
        else:
            findings.add("problem", "pychrony", f"{folder}, without its extension")
        findings.add("problem", "libchrony", str(missing), GET_LIBCHRONY)
        return
    findings.add("ok", "pychrony", f"{pychrony.__version__}, {pychrony.__file__}")
    path = pychrony.libchrony_path
    named = os.environ.get("PYCHRONY_LIBCHRONY")
    origin = "found by the dynamic linker"
    if named:
        origin = "named by PYCHRONY_LIBCHRONY"
    elif path.startswith(os.path.dirname(os.path.dirname(pychrony.__file__ or ""))):
        origin = "brought by pychrony's own wheel"
    reports = f"it knows the reports {', '.join(pychrony.supported_reports())}"
    findings.add("ok", "libchrony", f"{path}, {origin}; {reports}")


# The addresses.


def look_at_addresses(findings: Findings, options: Namespace) -> Answer | None:
    """The answer of the first address that answered."""
    named = os.environ.get("PYCHRONY_ADDRESS")
    chosen = options.address or named
    if chosen and not options.address:
        findings.add("ok", "environment", f"PYCHRONY_ADDRESS is {named}")
    answer: Answer | None = None
    tried: list[tuple[str, bool, str, str | None]] = []
    for address in [chosen] if chosen else usual_addresses():
        reply, found, advice = try_address(address, options)
        tried.append((address, reply is not None, found, advice))
        answer = answer or reply
    for address, answered, found, advice in tried:
        # If one of the default addresses answers, it does not matter that another does not.
        status = "ok" if answered else "note" if answer or options.missing else "problem"
        findings.add(status, address, found, None if answer else advice)
    if answer is None and (chosen is None or is_here(chosen)):
        look_for_process(findings)
    return answer


def is_here(address: str) -> bool:
    """Whether only a process on this machine can answer at this address."""
    here = r"/.*|(localhost|127\.[\d.]+|\[::1\])(:\d+)?|::1"
    return re.fullmatch(here, address) is not None


def usual_addresses() -> list[str]:
    """pychrony's four default addresses, or three if /var/run is the same as /run."""
    same = os.path.realpath("/var/run") == os.path.realpath("/run")
    return [address for address in ADDRESSES if not (same and address.startswith("/var/run/"))]


def try_address(address: str, options: Namespace) -> tuple[Answer | None, str, str | None]:
    """The answer, if any; what was found; what to do."""
    place, advice = socket_file(address) if address.startswith("/") else ("", None)
    if place.startswith("there is no"):
        return None, place, advice
    if options.missing is not None:
        return None, "; ".join(filter(None, (place, "not asked: libchrony is missing"))), advice
    import pychrony

    from . import asking

    begin = time.perf_counter()
    try:
        answer = asking.ask(address, options.timeout, question)
    except (pychrony.ChronyError, UsageError) as error:
        said = str(error)
        number = getattr(error, "errno", None)
        if number and (advice or (number == errno.ECONNREFUSED and is_here(address))):
            # The address and the advice are shown beside it.
            said = os.strerror(number)
            if number == errno.ECONNREFUSED:
                said = f"nobody listens there ({said})"
        return None, "; ".join(filter(None, (place, said))), advice
    taken = durations.text(time.perf_counter() - begin)
    return answer, "; ".join(filter(None, (place, f"answers (all reports in {taken})"))), None


def question(connection: pychrony.ChronyConnection) -> Answer:
    import pychrony

    failed = {}
    try:
        for record in connection.get_ntp_data():
            if record.received_messages:
                failed[record.address] = failed_tests(record)
    except pychrony.ChronyPermissionError:
        pass  # the command port does not give this report
    return (
        connection.get_tracking(),
        connection.get_sources(),
        connection.get_source_stats(),
        failed,
    )


def failed_tests(record: pychrony.NTPData) -> list[str]:
    passed = tables.flag_names(record.flags)
    return [test for group in tables.NTP_TESTS for test in group.split() if test not in passed]


def socket_file(path: str) -> tuple[str, str | None]:
    """Who owns a Unix socket and whether we may use it, as far as the file system shows; and what to do."""
    folder = os.path.dirname(path)
    try:
        directory = os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no directory {folder}", LISTENING
    except OSError as error:
        return f"the directory {folder} is out of reach ({error.strerror})", None
    place = f"its directory belongs to {owner(directory)}"
    try:
        file = os.stat(path)
    except PermissionError:
        return f"{place}, which does not admit {ourselves()}", let_in(directory)
    except OSError:
        return f"there is no such socket; {place}", LISTENING
    if not stat.S_ISSOCK(file.st_mode):
        return f"it is no socket; {place}", "Name chronyd's socket (bindcmdaddress in chrony.conf)."
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the socket is there; {place}, which does not admit {ourselves()}", let_in(
            directory
        )
    return f"the socket belongs to {owner(file)}, {place}; you are {ourselves()}", None


def owner(status: os.stat_result) -> str:
    return f"{user_name(status.st_uid)}:{group_name(status.st_gid)} (mode {stat.S_IMODE(status.st_mode):04o})"


def ourselves() -> str:
    groups = ", ".join(sorted(group_name(group) for group in {*os.getgroups(), os.getegid()}))
    return f"user {user_name(os.geteuid())} (groups {groups})"


def let_in(directory: os.stat_result) -> str:
    user = user_name(directory.st_uid)
    return f"Only root and {user} may use it: run it with sudo, or ask on the command port: -a 127.0.0.1"


def user_name(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def look_for_process(findings: Findings) -> None:
    """Whether a chronyd is running at all, as far as /proc shows."""
    running, stopped = [], []
    advice = "bindcmdaddress and cmdport in its chrony.conf say where it listens."
    for number in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
        try:
            with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as file:
                before, _, after = file.read().rpartition(")")
            if before.partition("(")[2] != "chronyd":
                continue
            words = f"process {number} of user {user_name(os.stat(f'/proc/{number}').st_uid)}"
        except OSError:
            continue  # the process has ended meanwhile
        if after.split()[0] == "T":
            words += ", which is stopped"
            stopped.append(number)
        running.append(words)
    if stopped:
        advice = f"To resume what is stopped: kill -CONT {' '.join(stopped)}"
    if running:
        findings.add("note", "processes", f"chronyd is running: {'; '.join(running)}", advice)
    else:
        findings.add("problem", "processes", "no chronyd is running here", START_CHRONYD)


# The clock.


def look_at_clock(findings: Findings, answer: Answer) -> tuple[int, str]:
    """The exit status and the verdict."""
    status, sources, _, _ = answer
    judged = health.assess(status, sources)
    doubts = [finding for finding in judged.findings if finding.level > health.Level.OK]
    for finding in doubts:
        critical = finding.level == health.Level.CRITICAL
        findings.add(
            "problem" if critical else "note", "clock", finding.words, clock_advice(status, sources)
        )
    if not status.is_synchronized():
        return NOT_SYNCHRONISED, "The clock is not synchronised, and must not be trusted."
    direction = "slow" if status.offset > 0 else "fast"
    rate = "fast" if status.frequency > 0 else "slow"
    follows = f"synchronised to {status.reference_id_name}"
    findings.add("ok", "clock", f"{follows}, stratum {status.stratum}")
    findings.add(
        "ok",
        "correction",
        f"{durations.text(abs(status.offset))} {direction}, being corrected; the clock runs "
        f"{abs(status.frequency):.3f} ppm {rate} by itself (+/- {status.skew:.3f} ppm)",
    )
    findings.add(
        "ok",
        "error",
        f"{at_most(judged)}: root delay {durations.text(status.root_delay)}, "
        f"root dispersion {durations.text(status.root_dispersion)}; last measurement "
        f"{durations.text(judged.age or 0)} ago",
    )
    if status.is_leap_pending():
        findings.add(
            "note", "leap second", f"{tables.word(status.leap_status)} at the end of the day"
        )
    verdict = f"The clock is {follows}, "
    if not judged.ok:
        return NOT_SYNCHRONISED, verdict + f"but {doubts[0].words}: it must not be trusted."
    verdict += f"and {at_most(judged)}"
    return DONE, verdict + ("; but see the notes on it above." if doubts else ".")


def at_most(verdict: health.Verdict) -> str:
    if verdict.error_bound is None:
        return "its error has no bound"
    return f"at most {durations.text(verdict.error_bound)} off"


def clock_advice(status: pychrony.TrackingStatus, sources: list[pychrony.Source]) -> str:
    if not sources:
        return "Name servers in chrony.conf (server or pool), or start the network that brings them by DHCP."
    if clock.reachable(sources) == 0:
        return OPEN_NETWORK
    if not status.is_synchronized():
        return "chronyd needs a few measurements after its start: pychrony wait. Otherwise see the sources below."
    return "See the sources below; pychrony sourcestats and pychrony selectdata say more."


# The sources.


def look_at_sources(findings: Findings, answer: Answer) -> None:
    _, sources, statistics, failed = answer
    deviation = {record.address: record.std_dev for record in statistics if record.samples > 1}
    none_reachable = clock.reachable(sources) == 0  # and the advice on that has been given
    for source in sources:
        good = (
            source.state.name in ("SELECTED", "UNSELECTED", "SELECTABLE") and source.is_reachable()
        )
        findings.add(
            "ok" if good else "note",
            f"source {source.address}",
            about_source(source, deviation.get(source.address), failed.get(source.address, [])),
            source_advice(source, none_reachable),
        )
    only_ntp = all(source.mode.name != "REFCLOCK" for source in sources)
    if sources and only_ntp and len(sources) < 4:
        findings.add(
            "note",
            "sources",
            f"{len(sources)}, fewer than the four NTP servers that RFC 8633 (section 3.2) asks for",
            "With four, one that goes wrong is outvoted even while another does not answer.",
        )


def about_source(source: pychrony.Source, deviation: float | None, failed: list[str]) -> str:
    polls = bin(source.reachability & 0xFF).count("1")
    parts = [
        STATE.get(source.state.name, source.state.name),
        f"answered {polls} of the last 8 polls",
    ]
    if source.last_sample_ago is not None:
        parts.append(f"stratum {source.stratum}")
        parts.append(
            f"offset {units.offset(source.latest_meas)} +/- {units.measure(source.latest_meas_err)}"
            f", {durations.text(source.last_sample_ago)} ago"
        )
    if deviation is not None:
        parts.append(f"standard deviation {units.measure(deviation)}")
    if failed:
        names = ", ".join(test.replace("TEST", "").strip("_") for test in failed)
        parts.append(f"its last packet failed the NTP tests {names}")
    return "; ".join(parts)


def source_advice(source: pychrony.Source, none_reachable: bool) -> str | None:
    if source.address.startswith("ID#"):
        return "Its name is not resolved yet: does DNS work here?"
    if not source.is_reachable():
        if source.mode.name == "REFCLOCK":
            return "Is the reference clock's driver running?"
        return None if none_reachable else OPEN_NETWORK
    if source.state.name == "FALSETICKER":
        return "Compare it with the others (pychrony sources); remove it from chrony.conf if it stays so."
    return None


# What was found.


def show(
    findings: Findings, answer: Answer | None, verdict: str, status: int, as_json: bool
) -> None:
    if as_json:
        import json

        print(json.dumps(ticket(findings, answer, verdict, status), indent=2))
        return
    from . import terminal
    from .text import wrapped

    width = terminal.width() - 9
    colours = {"ok": "good", "note": "doubtful", "problem": "bad"}
    for step in findings.steps:
        state = str(step["status"])
        text = f"{step['name']}: {step['found']}"
        lines = wrapped(text, width)
        if step["advice"]:
            lines += wrapped(f"-> {step['advice']}", width, "   ")
        print(terminal.coloured(f"{state:<9}", colours[state]) + lines[0])
        print("".join(f"{'':9}{line}\n" for line in lines[1:]), end="")
    print("\n" + "\n".join(wrapped(verdict, width + 9)))


def ticket(findings: Findings, answer: Answer | None, verdict: str, status: int) -> dict[str, Any]:
    """Everything, for a program: the steps, and chronyd's own numbers."""
    whole: dict[str, Any] = {"verdict": verdict, "exit_status": status, "steps": findings.steps}
    if answer is not None:
        from . import reports

        whole["tracking"] = reports.as_plain("tracking", answer[0])
        for name, records in (("sources", answer[1]), ("sourcestats", answer[2])):
            whole[name] = [reports.as_plain(name, record) for record in records]
    return whole
