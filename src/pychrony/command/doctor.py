"""`pychrony doctor`: what was found, step by step, and what to do about it. It works without libchrony too."""

from __future__ import annotations

import errno
import os
import time

from .. import _durations as durations
from . import (
    COMMON,
    DONE,
    NO_ANSWER,
    NOT_SYNCHRONISED,
    Command,
    UsageError,
    machine,
    one_line,
    tables,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import Any

    import pychrony
    from pychrony import NTPData, SelectData, Source, SourceStats, TrackingStatus

    from ..health import Verdict

GET_LIBCHRONY = (
    "Install libchrony (Fedora, and EPEL for RHEL 9: dnf install libchrony; elsewhere build it from "
    "https://gitlab.com/chrony/libchrony), or name its path in PYCHRONY_LIBCHRONY."
)
START_CHRONYD = "Start it: systemctl start chronyd (on Debian and Ubuntu: systemctl start chrony)."
IN_CONTAINER = "To ask the host's chronyd from a container, mount the host's /run/chrony at the same path, or use the host's network."
LISTENS = "bindcmdaddress and cmdport in its chrony.conf say where it listens."


class Findings:
    """The steps so far. A step is "ok", a "note", or a "problem" that keeps the clock from being trusted."""

    def __init__(self) -> None:
        self.steps: list[dict[str, str | None]] = []

    def add(self, status: str, name: str, found: str, advice: str | None = None) -> None:
        self.steps.append(
            {"name": name, "status": status, "found": one_line(found), "advice": advice}
        )


class Answer:
    """chronyd's reports. The lists of sources, statistics and selection are in the same order."""

    def __init__(self, connection: pychrony.ChronyConnection) -> None:
        import pychrony

        from .. import health

        self.tracking: TrackingStatus
        self.sources: list[Source]
        self.tracking, self.sources = health.ask(connection)
        self.statistics: list[SourceStats] = connection.get_source_stats()
        self.packets: dict[str, NTPData] = {}
        self.selection: list[SelectData] = []
        try:
            self.packets = {record.address: record for record in connection.get_ntp_data()}
            self.selection = connection.get_select_data()
        except pychrony.ChronyPermissionError:
            pass  # the command port does not give these reports
        except pychrony.ChronyVersionError:
            pass  # an older chronyd does not have them

    def at(self, records: Sequence[Any], position: int) -> Any:
        """The record of the source at this position; None if the lists do not match."""
        if len(records) != len(self.sources):
            return None
        return records[position]


class Doctor(Command):
    name = "doctor"
    about = "what is wrong, step by step, and what to do about it"
    description = "Also works without libchrony. Attach the output of --json to a support request."
    options = (*COMMON, "json")
    needs_libchrony = False

    def run(self, options: Namespace) -> int:
        findings = Findings()
        look_at_python(findings, options.missing)
        answer = look_at_addresses(findings, options)
        if answer is not None:
            status, verdict = look_at_clock(findings, answer)
        elif options.missing is None:
            status = NO_ANSWER
            verdict = "Nothing can be said about the clock: chronyd could not be asked."
        else:
            status = NO_ANSWER
            verdict = (
                "Nothing can be said about the clock: without libchrony, chronyd cannot be asked."
            )
        show(findings, answer, verdict, status, options.json)
        return status


def look_at_python(findings: Findings, missing: ImportError | None) -> None:
    import pychrony

    findings.add("ok", "Python", machine.python())
    if missing is None:
        findings.add("ok", "pychrony", f"{pychrony.__version__}, {pychrony.__file__}")
        findings.add("ok", "libchrony", machine.libchrony())
        return
    package = list(pychrony.__path__)[0]
    if machine.has_extension(package):
        words = f"{package}; its extension cannot be loaded without libchrony"
        findings.add("note", "pychrony", words)
    else:
        findings.add("problem", "pychrony", f"{package}, without its extension")
    findings.add("problem", "libchrony", str(missing), GET_LIBCHRONY)


# The addresses.


def look_at_addresses(findings: Findings, options: Namespace) -> Answer | None:
    """The answer of the first address that answered."""
    chosen = chosen_address(findings, options)
    answer: Answer | None = None
    tried: list[tuple[str, bool, str]] = []
    for address in machine.usual_addresses() if chosen is None else [chosen]:
        reply, found = try_address(address, options, in_short=chosen is None)
        tried.append((address, reply is not None, found))
        answer = answer or reply
    for address, answered, found in tried:
        # If one of the default addresses answers, it does not matter that another does not.
        status = "ok" if answered else "note" if answer or options.missing else "problem"
        findings.add(status, address, found)
    if answer is None and (chosen is None or machine.is_here(chosen)):
        look_for_process(findings, [address for address, _, _ in tried])
    if answer is None and chosen is None and options.missing is None:
        findings.add(
            "problem", "chronyd", why_not(options) or "it did not respond at first, and does now"
        )
    return answer


def chosen_address(findings: Findings, options: Namespace) -> str | None:
    """The address that was given, by an option or in the environment."""
    named = os.environ.get("PYCHRONY_ADDRESS")
    if options.address is None and named:
        from . import asking

        heeded = asking.from_environment() is not None
        words = "" if heeded else ", which is ignored: this process has raised privileges"
        findings.add(
            "ok" if heeded else "note", "environment", f"PYCHRONY_ADDRESS is {named}{words}"
        )
    if options.address is None and not named:
        return None
    from . import asking

    return asking.in_force(options.address)


def try_address(address: str, options: Namespace, in_short: bool) -> tuple[Answer | None, str]:
    """The answer, if any, and what was found. in_short: why there is none is said of all addresses together."""
    place = machine.socket_file(address) if address.startswith("/") else ""
    if in_short and place.startswith("there is no"):
        return None, place
    if options.missing is not None:
        return None, "; ".join(filter(None, (place, "not asked: libchrony is missing")))
    import pychrony

    from . import asking

    begin = time.perf_counter()
    try:
        answer = asking.ask(address, options.timeout, Answer, options.family)
    except (pychrony.ChronyError, UsageError) as error:
        words = in_few_words(error) if in_short else one_line(error)
        return None, "; ".join(filter(None, (place, words)))
    taken = durations.text(time.perf_counter() - begin)
    return answer, "; ".join(filter(None, (place, f"answers (all reports in {taken})")))


def in_few_words(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number is None:
        return "no answer" if isinstance(error, TimeoutError) else one_line(error)
    words = os.strerror(number)
    return f"nothing is listening there ({words})" if number == errno.ECONNREFUSED else words


def why_not(options: Namespace) -> str:
    """Why no usual address answers and what that means, in the words of the exception."""
    import pychrony

    try:
        pychrony.get_tracking(timeout=options.timeout)
    except pychrony.ChronyError as error:
        return str(error)
    return ""


def look_for_process(findings: Findings, tried: list[str]) -> None:
    """Whether a chronyd is running at all."""
    running = list(machine.processes())
    if not running:
        if machine.is_container():
            words = "no chronyd is running in this container"
            findings.add("problem", "processes", words, IN_CONTAINER)
        else:
            findings.add("problem", "processes", "no chronyd is running here", START_CHRONYD)
        return
    # A machine may have many, one in each container: only those that should have answered, if that is known.
    running = [process for process in running if listens_at(process, tried)] or running
    stopped = [process.number for process in running if process.is_stopped]
    advice = list(filter(None, (elsewhere(process, tried) for process in running)))
    if stopped:
        advice.append(f"To resume a stopped process: kill -CONT {' '.join(stopped)}")
    words = f"chronyd is running: {'; '.join(map(str, running))}"
    findings.add("note", "processes", words, " ".join(dict.fromkeys(advice)) or LISTENS)


def listens_at(process: machine.Process, tried: list[str]) -> bool:
    """Whether its configuration has it listen at one of these addresses."""
    try:
        return not set(tried).isdisjoint(process.addresses()[1])
    except OSError:
        return False


def elsewhere(process: machine.Process, tried: list[str]) -> str:
    """The addresses to try, if its configuration has it listen somewhere else."""
    try:
        path, addresses = process.addresses()
    except OSError:
        return ""
    others = [address for address in addresses if address not in tried]
    if not others:
        return ""
    return f"According to {path}, chronyd listens elsewhere: try -a {' or -a '.join(others)}."


# The clock and its sources.


def look_at_clock(findings: Findings, answer: Answer) -> tuple[int, str]:
    """The exit status and the verdict."""
    from .. import health

    verdict = health.assess(answer.tracking, answer.sources)
    doubts, said = judge(findings, answer, verdict)
    if answer.tracking.is_synchronized():
        describe(findings, verdict)
    look_at_sources(findings, answer, said)
    if not answer.tracking.is_synchronized():
        return NOT_SYNCHRONISED, "The clock is not synchronised, and must not be trusted."
    words = f"The clock is synchronised to {answer.tracking.reference_id_name}, "
    if not verdict.ok:
        return NOT_SYNCHRONISED, f"{words}but {doubts[0]}: it must not be trusted."
    notes = "; but see the notes on it above." if doubts else "."
    return DONE, f"{words}and {at_most(verdict)}{notes}"


def judge(findings: Findings, answer: Answer, verdict: Verdict) -> tuple[list[str], str]:
    """Add what is wrong with the clock. The words of each finding, the worst first; and the advice that was given."""
    from .. import health
    from . import advice

    doubts = [finding for finding in verdict.findings if finding.level > health.Level.OK]
    said = advice.on_clock(verdict, answer.packets) if doubts else ""
    shown = "See the sources below; pychrony sourcestats and pychrony selectdata say more."
    if said != advice.EACH_SOURCE:
        shown = said.replace(advice.EACH_SOURCE, "Otherwise see the sources below.")
    for position, finding in enumerate(doubts):
        status = "problem" if finding.level == health.Level.CRITICAL else "note"
        findings.add(status, "clock", finding.words, None if position else shown)
    return [finding.words for finding in doubts], said


def describe(findings: Findings, verdict: Verdict) -> None:
    """The numbers of a synchronised clock."""
    status = verdict.tracking
    assert status is not None
    direction = "slow" if status.offset > 0 else "fast"
    rate = "fast" if status.frequency > 0 else "slow"
    follows = f"synchronised to {status.reference_id_name}, stratum {status.stratum}"
    findings.add("ok", "clock", follows)
    correction = (
        f"{durations.text(abs(status.offset))} {direction}, being corrected; the clock runs "
        f"{abs(status.frequency):.3f} ppm {rate} by itself (+/- {status.skew:.3f} ppm)"
    )
    findings.add("ok", "correction", correction)
    error = (
        f"{at_most(verdict)}; root delay {durations.text(status.root_delay)}, root dispersion "
        f"{durations.text(status.root_dispersion)}; last measurement {durations.text(verdict.age or 0)} ago"
    )
    findings.add("ok", "error", error)
    combined = [each.address for each in verdict.sources if each.state.name == "UNSELECTED"]
    if combined:
        words = (
            f"{', '.join(combined)} with {status.reference_id_name}: tracking's offset is a mean of these sources, but its "
            "root delay and root dispersion are those of the selected one. So abs(offset) + root dispersion + root delay / 2 "
            "may be exceeded; the bound above is made from the last sample of the selected source"
        )
        findings.add("ok", "combined", words)
    if status.is_leap_pending():
        words = f"{tables.word(status.leap_status)} at the end of the day"
        findings.add("note", "leap second", words)


def at_most(verdict: Verdict) -> str:
    if verdict.error_bound is None:
        return "its error has no bound"
    return f"at most {durations.text(verdict.error_bound)} off"


def look_at_sources(findings: Findings, answer: Answer, said: str) -> None:
    """said: the advice on the clock. None is given twice."""
    from .. import health
    from . import advice

    real = health.resolved(answer.sources)
    for position, source in enumerate(answer.sources):
        if health.is_slot(source):
            continue
        packet = answer.packets.get(source.address)
        what = advice.on_source(source, packet, real)
        good = health.is_usable(source) and source.is_reachable()
        findings.add(
            "ok" if good else "note",
            f"source {source.address}",
            "; ".join(about_source(answer, position, packet, advice.disagree(real))),
            None if what == said else what,
        )
        said = what or said
    slots = len(answer.sources) - len(real)
    if slots:
        words = f"{slots} without an address: names that are not resolved, or spare slots of a pool (maxsources)"
        what = None if real else advice.DNS
        findings.add("note", "unresolved", words, None if what == said else what)
    only_ntp = all(source.mode.name != "REFCLOCK" for source in real)
    if real and only_ntp and len(real) < 4:
        findings.add(
            "note",
            "sources",
            f"{len(real)}, fewer than the four NTP servers that RFC 8633 (section 3.2) asks for",
            "With four, a wrong one is outvoted even while another does not respond.",
        )


def about_source(
    answer: Answer, position: int, packet: NTPData | None, disagree: bool
) -> list[str]:
    from . import advice

    source = answer.sources[position]
    parts = [tables.STATE_WORDS.get(source.state.name, source.state.name)]
    if source.state.name == "FALSETICKER":
        parts[0] += ": " + (
            "the sources disagree" if disagree else "it disagrees with the majority"
        )
    selection = answer.at(answer.selection, position)
    never_answered = packet is not None and not packet.received_messages
    if source.state.name == "NONSELECTABLE" and selection is not None and not never_answered:
        parts += tables.meaning(selection.state)
    parts += about_polls(source, packet)
    offset, error, ago = source.latest_meas, source.latest_meas_err, source.last_sample_ago
    if offset is not None and error is not None and ago is not None:
        parts.append(f"stratum {source.stratum}")
        parts.append(
            f"offset {durations.text(offset)} +/- {durations.text(error)}, {durations.text(ago)} ago"
        )
    statistics = answer.at(answer.statistics, position)
    if statistics is not None and statistics.samples > 1 and statistics.std_dev is not None:
        parts.append(f"standard deviation {durations.text(statistics.std_dev)}")
    failed = failed_tests(packet)
    if failed and not advice.answers_unsynchronised(source, packet):
        parts.append(f"its last packet failed the NTP tests {', '.join(failed)}")
    return parts


def about_polls(source: Source, packet: NTPData | None) -> list[str]:
    from .. import health
    from . import advice

    if advice.answers_unsynchronised(source, packet):
        assert packet is not None
        return [
            f"it answered {packet.received_valid_messages} of {packet.transmitted_messages} polls, and is not synchronised itself"
        ]
    if packet is not None and packet.transmitted_messages and not packet.received_messages:
        return [f"it answered none of {packet.transmitted_messages} polls"]
    return [f"answered {health.answered(source)} of the last {health.POLLS} polls"]


def failed_tests(packet: NTPData | None) -> list[str]:
    if packet is None or not packet.received_messages:
        return []
    passed = tables.flag_names(packet.flags)
    tests = [test for group in tables.NTP_TESTS for test in group.split()]
    return [test.replace("TEST", "").strip("_") for test in tests if test not in passed]


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
        whole["tracking"] = answer.tracking.to_dict()
        whole["sources"] = [record.to_dict() for record in answer.sources]
        whole["sourcestats"] = [record.to_dict() for record in answer.statistics]
    return whole
