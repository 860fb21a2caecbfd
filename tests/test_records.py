"""Records behave like Python's own named tuples: made by keyword, changed by copying, and no trouble at exit."""

from __future__ import annotations

import copy
import dataclasses
import enum
import inspect
import json
import pickle
import sys
import typing
from typing import Any

import pytest
from support import child
from support.getters import GETTERS
from support.responder import Responder

import pychrony
from pychrony import ErrorCode, _reports
from pychrony._reports import ENUMERATIONS

REPORTS = {report["type"]: report for report in _reports.REPORTS.values()}
TIMED = [
    name for name, table in REPORTS.items() if any(f["name"] == "ref_time" for f in table["fields"])
]
EXCEPTIONS = [name for name in pychrony.__all__ if name.endswith("Error")]

VALUES: dict[str, Any] = {
    "unsigned": 3,
    "signed": -3,
    "offset": -0.5,
    "measure": 0.5,
    "seconds": 1700000000.25,
    "nanoseconds": 1700000000250000000,
    "boolean": True,
    "address": "192.0.2.1",
    "source": "192.0.2.1",
}


@pytest.fixture(params=REPORTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fields_of(name: str, *, hidden: bool = False) -> dict[str, Any]:
    """A value for each field, by name; on request also for those that are attributes only."""
    values = {}
    for field in REPORTS[name]["fields"]:
        if field["item"] or hidden:
            enum = field["enum"]
            value = getattr(pychrony, enum)(0) if enum else VALUES[field["kind"]]
            values[field["name"]] = value
    return values


def kind_of(name: str) -> Any:
    return getattr(pychrony, name)


def test_a_record_is_made_by_keyword_as_well_as_from_a_sequence(name: str) -> None:
    fields = fields_of(name)
    record = kind_of(name)(**fields)
    assert type(record) is kind_of(name)
    assert record._asdict() == fields
    assert record == kind_of(name)(list(fields.values())) == kind_of(name)(tuple(record))
    backwards = dict(reversed(list(fields.items())))
    assert kind_of(name)(**backwards) == record


def test_a_missing_field_is_named(name: str) -> None:
    for missing in fields_of(name):
        fields = fields_of(name)
        del fields[missing]
        with pytest.raises(TypeError, match=rf"{name}.*'{missing}'"):
            kind_of(name)(**fields)
    with pytest.raises(TypeError, match=name):
        kind_of(name)()


def test_an_unknown_field_is_named(name: str) -> None:
    with pytest.raises(TypeError, match=rf"{name}.*'strata'"):
        kind_of(name)(**fields_of(name), strata=1)
    with pytest.raises(TypeError, match=rf"{name}.*'strata'"):
        kind_of(name)(list(fields_of(name).values()), {"strata": 1})


@pytest.mark.parametrize("arguments", [([],), (None,), (3,), ([1], 2), ([1], {}, 3)])
def test_wrong_arguments_are_a_type_error(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        kind_of(name)(*arguments)


def test_a_record_is_made_by_position_like_other_named_tuples(name: str) -> None:
    fields = fields_of(name)
    record = kind_of(name)(*fields.values())
    assert record._asdict() == fields
    *first, last = fields.values()
    assert kind_of(name)(*first, **{[*fields][-1]: last}) == record
    assert kind_of(name)(*first[:1], **dict([*fields.items()][1:])) == record
    assert kind_of(name)._make(fields.values()) == record
    assert kind_of(name)._make(iter(record)) == record


def test_a_record_has_what_code_looks_for_in_named_tuples(name: str) -> None:
    assert kind_of(name)._fields == kind_of(name).__match_args__ == tuple(fields_of(name))
    assert kind_of(name)._field_defaults == {}


def test_too_few_or_too_many_values_are_a_type_error_that_counts_or_names_them(name: str) -> None:
    values = [*fields_of(name).values()]
    with pytest.raises(
        TypeError, match=f"{name} takes {len(values)} values.*not {len(values) + 1}"
    ):
        kind_of(name)(*values, 1)
    with pytest.raises(TypeError, match=f"{name} lacks the field '{[*fields_of(name)][-1]}'"):
        kind_of(name)(*values[:-1])
    for wrong in ([], values[:-1], [*values, 1], values * 2):
        with pytest.raises(
            TypeError, match=f"a sequence of {len(values)} values, not of {len(wrong)}"
        ):
            kind_of(name)._make(wrong)


def test_a_value_given_twice_is_a_type_error_that_names_its_field(name: str) -> None:
    fields = fields_of(name)
    first = next(iter(fields))
    for values in (fields.values(), [list(fields.values())]):
        with pytest.raises(TypeError, match=f"twice: '{first}'"):
            kind_of(name)(*values, **fields)


def test_a_field_can_be_replaced(name: str) -> None:
    record = kind_of(name)(**fields_of(name))
    for field in REPORTS[name]["fields"]:
        if not field["item"] or field["name"] == "ref_time":
            continue
        value = object()
        changed = record._replace(**{field["name"]: value})
        assert type(changed) is type(record)
        assert changed._asdict() == {**record._asdict(), field["name"]: value}
        if "ref_time_ns" in fields_of(name, hidden=True):
            assert changed.ref_time_ns == record.ref_time_ns
        assert record._asdict() == fields_of(name), "the record itself stays as it is"
    assert record._replace() == record
    with pytest.raises(TypeError, match="'strata'"):
        record._replace(strata=1)
    with pytest.raises(TypeError):
        record._replace({"stratum": 1})


if sys.version_info >= (3, 13):

    def test_copy_replace_does_the_same(name: str) -> None:
        record = kind_of(name)(**fields_of(name))
        field = [*fields_of(name)][-1]
        assert copy.replace(record, **{field: "x"}) == record._replace(**{field: "x"})
        with pytest.raises(TypeError):
            copy.replace(record, strata=1)


def test_dataclasses_copy_a_record(name: str) -> None:
    record = kind_of(name)(**fields_of(name))
    whole = dataclasses.make_dataclass("Whole", ["record"])(record)
    assert dataclasses.asdict(whole) == {"record": record}


def test_the_annotations_give_the_type_of_each_field(name: str) -> None:
    """Where pydantic, msgspec and typing look. (tests/test_libraries.py asks them.)"""
    assert [*kind_of(name).__annotations__] == [*fields_of(name)]
    for field, hint in typing.get_type_hints(kind_of(name)).items():
        value = fields_of(name)[field]
        optional = next(f["optional"] for f in REPORTS[name]["fields"] if f["name"] == field)
        assert hint == (typing.Optional[type(value)] if optional else type(value)), field


def test_a_type_needs_no_typing_module() -> None:
    out = child.check(
        """
        import sys, pychrony
        made = [getattr(pychrony, name) for name in pychrony.__all__]
        print("typing" in sys.modules, "dataclasses" in sys.modules)
        """
    )
    assert out == "False False\n"


# For JSON.


def test_a_record_as_a_dictionary_is_ready_for_json(name: str) -> None:
    fields = fields_of(name, hidden=True)
    record = kind_of(name)(**fields)
    plain = record.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    for field, value in fields.items():
        if isinstance(value, enum.IntFlag):
            assert plain[field] == []
        elif isinstance(value, enum.IntEnum):
            assert plain[field] == value.name
        else:
            assert (plain[field], type(plain[field])) == (value, type(value))
    described = REPORTS[name]
    derived = [value["name"] for value in described["derived"]]
    predicates = [
        method
        for method in described["methods"]
        if [*inspect.signature(getattr(record, method)).parameters] == []
    ]
    assert [*plain] == [*fields, *derived, *predicates]
    assert [plain[value] for value in derived] == [getattr(record, value) for value in derived]
    assert [plain[method] for method in predicates] == [
        getattr(record, method)() for method in predicates
    ]


@pytest.mark.parametrize(
    ("name", "field", "value", "words"),
    [
        ("Source", "state", pychrony.SourceState.FALSETICKER, "FALSETICKER"),
        ("Source", "state", pychrony.SourceState(99), "UNKNOWN_99"),
        ("Source", "state", 2, "FALSETICKER"),
        ("Source", "state", 99, "UNKNOWN_99"),
        ("Source", "state", None, None),
        ("Source", "state", -1, -1),
        ("Source", "state", 2**70, 2**70),
        ("Source", "state", "?", "?"),
        ("Source", "flags", pychrony.SelectOptions(0), []),
        ("Source", "flags", pychrony.SelectOptions(6), ["PREFER", "TRUST"]),
        ("Source", "flags", pychrony.SelectOptions(0x31), ["NOSELECT", "48"]),
        ("Source", "flags", 6, ["PREFER", "TRUST"]),
        ("Source", "flags", None, None),
        ("TrackingStatus", "leap_status", pychrony.LeapStatus.INSERT, "INSERT"),
        ("TrackingStatus", "leap_status", 4, 4),
        ("Source", "last_sample_ago", None, None),
    ],
)
def test_to_dict_gives_the_names_of_enumerations(
    name: str, field: str, value: Any, words: Any
) -> None:
    record = kind_of(name)(**{**fields_of(name), field: value})
    predicates = ("is_selected", "is_leap_pending")
    try:
        assert record.to_dict()[field] == words
    except (TypeError, OverflowError):
        # A predicate needs an integer, and says so.
        assert isinstance(value, (str, int)) and any(hasattr(record, each) for each in predicates)
        assert not isinstance(value, int) or value > 2**63


# A time is there twice.


@pytest.fixture(params=TIMED)
def timed(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def without_times(name: str) -> dict[str, Any]:
    return {field: value for field, value in fields_of(name).items() if field != "ref_time"}


@pytest.mark.parametrize(
    ("seconds", "nanoseconds"),
    [(0.0, 0), (12.5, 12_500_000_000), (1700000000.25, 1_700_000_000_250_000_000), (7, 7 * 10**9)],
)
def test_each_half_of_a_time_follows_from_the_other(
    timed: str, seconds: float, nanoseconds: int
) -> None:
    others = without_times(timed)
    assert kind_of(timed)(**others, ref_time=seconds).ref_time_ns == nanoseconds
    assert kind_of(timed)(**others, ref_time_ns=nanoseconds).ref_time == seconds
    both = kind_of(timed)(**others, ref_time=seconds, ref_time_ns=nanoseconds)
    assert (both.ref_time, both.ref_time_ns) == (seconds, nanoseconds)


def test_a_time_that_a_float_cannot_hold_is_kept_in_nanoseconds(timed: str) -> None:
    exact = 1_700_000_000_123_456_789
    record = kind_of(timed)(**without_times(timed), ref_time_ns=exact)
    assert record.ref_time_ns == exact
    assert record.ref_time == pytest.approx(exact / 1e9, abs=1e-6)
    for copied in [copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))]:
        assert copied.ref_time_ns == exact
        assert copied == record


@pytest.mark.parametrize(
    "times",
    [
        {"ref_time": -1.0},
        {"ref_time": float("nan")},
        {"ref_time": 2.0**40},
        {"ref_time_ns": -1},
        {"ref_time_ns": 10**40},
    ],
)
def test_a_time_that_no_chronyd_has_is_a_value_error_that_names_it(
    timed: str, times: dict[str, float]
) -> None:
    record = kind_of(timed)(**fields_of(timed))
    for make in [
        lambda: kind_of(timed)(**without_times(timed), **times),
        lambda: record._replace(**times),
    ]:
        with pytest.raises(ValueError, match=rf"{next(iter(times))} must be a number of"):
            make()


def test_halves_of_a_time_that_contradict_each_other_are_a_value_error(timed: str) -> None:
    fields = {**fields_of(timed), "ref_time": 12.5}
    for make in [
        lambda: kind_of(timed)(**fields, ref_time_ns=13_000_000_000),
        lambda: kind_of(timed)(list(fields.values()), {"ref_time_ns": 13_000_000_000}),
        lambda: kind_of(timed)(**fields)._replace(ref_time=1.0, ref_time_ns=2_000_000_000),
    ]:
        with pytest.raises(ValueError, match="ref_time_ns"):
            make()


def test_replacing_one_half_of_a_time_replaces_the_other(timed: str) -> None:
    record = kind_of(timed)(**fields_of(timed))
    assert record._replace(ref_time=2.5).ref_time_ns == 2_500_000_000
    assert record._replace(ref_time_ns=2_500_000_000).ref_time == 2.5


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 1e300])
def test_an_impossible_time_is_a_value_error(timed: str, time: float) -> None:
    with pytest.raises(ValueError, match="ref_time"):
        kind_of(timed)(**without_times(timed), ref_time=time)


# The garbage collector.


def test_no_record_is_tracked_by_the_garbage_collector(name: str) -> None:
    out = child.check(
        f"""
        import copy, gc, pickle, pychrony
        record = pychrony.{name}([0] * {len(fields_of(name))})
        again = pychrony.{name}(**record._asdict())
        made = [record, again, record._replace(), copy.copy(record), copy.deepcopy(record)]
        made.append(pickle.loads(pickle.dumps(record)))
        print([gc.is_tracked(each) for each in made])
        """
    )
    assert out == f"{[False] * 6}\n"


# A record made in Python, in a cycle that is left until the interpreter ends, or is collected after the module is gone.
IN_A_CYCLE = """
import copy, gc, sys
import {module}

class Node:
    pass

record = {module}.{name}([0] * {length})
node = Node()
node.itself = node
node.record = {made}
del record
"""
FORGOTTEN = """
del sys.modules["{module}"], {module}, node
gc.collect()
"""


def end_of(module: str, name: str, length: int, made: str, forgotten: bool) -> Any:
    code = IN_A_CYCLE + (FORGOTTEN if forgotten else "")
    return child.run(code.format(module=module, name=name, length=length, made=made))


@pytest.mark.parametrize("made", ["record", "record._replace()", "copy.copy(record)"])
@pytest.mark.parametrize("forgotten", [False, True])
def test_a_record_in_a_cycle_does_not_fail_at_the_end(
    name: str, made: str, forgotten: bool
) -> None:
    """CPython 3.9 to 3.12 lose a type's sizes before they free the records that the collector tracks."""
    done = end_of("pychrony", name, len(fields_of(name)), made, forgotten)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


if (3, 11) <= sys.version_info < (3, 13):

    def test_that_program_shows_the_error_in_a_type_that_has_it() -> None:
        """The error appears with a struct sequence of the standard library."""
        ends = [
            end_of("resource", "struct_rusage", 16, "record", forgotten)
            for forgotten in [False, True]
        ]
        said = "".join(done.stderr for done in ends)
        assert "SystemError" in said or "Missed attribute 'n_fields'" in said


# Signatures, and what a connection says of itself.


@pytest.mark.parametrize("getter", GETTERS)
def test_the_signature_of_a_function_is_true(getter: str) -> None:
    signature = inspect.signature(getattr(pychrony, getter))
    assert str(signature) == "(address=None, *, timeout=3.0)"
    signature.bind("127.0.0.1", timeout=1.0)
    assert str(inspect.signature(getattr(pychrony.ChronyConnection, getter))) == "(self, /)"


def test_the_other_signatures_are_true() -> None:
    assert str(inspect.signature(pychrony.supported_reports)) == "()"
    assert str(inspect.signature(pychrony.get_include)) == "()"
    report = inspect.signature(pychrony.get_report)
    assert str(report) == "(name, address=None, *, timeout=3.0)"


def signature_of(thing: Any) -> str | None:
    """None if Python knows no signature: CPython 3.9 has none for types made from a specification."""
    try:
        return str(inspect.signature(thing))
    except ValueError:
        assert sys.version_info < (3, 10), thing
        return None


def test_the_signature_of_a_connection_is_true() -> None:
    assert signature_of(pychrony.ChronyConnection) in ("(address=None, *, timeout=3.0)", None)


@pytest.mark.parametrize("error", EXCEPTIONS)
def test_the_signature_of_an_exception_is_true(error: str) -> None:
    signature = signature_of(getattr(pychrony, error))
    assert signature in ("(message, error_code=None)", None)


def test_the_signature_of_a_record_takes_what_the_record_takes(name: str) -> None:
    try:
        signature = inspect.signature(kind_of(name))
    except ValueError:
        return  # no signature is better than a wrong one
    if sys.version_info < (3, 10):
        # CPython 3.9 uses the tuple's signature, which cannot be replaced.
        assert str(signature) == "(iterable=(), /)"
        return
    assert [*signature.parameters] == [*fields_of(name, hidden=True)]
    signature.bind(*fields_of(name).values())
    signature.bind(**fields_of(name, hidden=True))


def test_a_connection_shows_its_address_and_its_state(server: Any) -> None:
    connection = pychrony.ChronyConnection(server.socket)
    assert repr(connection) == f"<ChronyConnection {server.socket}>"
    connection.open()
    assert repr(connection) == f"<ChronyConnection {server.socket}>"
    assert connection.get_tracking().stratum == 8
    connection.close()
    assert repr(connection) == f"<ChronyConnection {server.socket} closed>"
    assert "default addresses" in repr(pychrony.ChronyConnection())

    class Mine(pychrony.ChronyConnection):
        pass

    assert repr(Mine("127.0.0.1")).startswith("<") and "Mine 127.0.0.1>" in repr(Mine("127.0.0.1"))


def test_open_opens_without_a_with_statement(responder: Responder) -> None:
    connection = pychrony.ChronyConnection(responder.address)
    assert connection.open() is None  # type: ignore[func-returns-value]
    connection.open()
    assert connection.get_tracking().stratum == 3
    connection.close()
    assert connection.closed
    with connection:
        assert connection.get_tracking().stratum == 3
    assert responder.client_files() == []


def test_opening_what_is_not_there_is_an_error_that_names_the_reason() -> None:
    connection = pychrony.ChronyConnection("/nowhere/chronyd.sock")
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        connection.open()
    assert caught.value.error_code is ErrorCode.OPEN_FAILED
    assert not connection.closed


def test_a_subclass_may_have_attributes_of_any_name(responder: Responder) -> None:
    class Mine(pychrony.ChronyConnection):
        _module = "mine"

        def __init__(self, address: str) -> None:
            super().__init__(address)
            self.client = self._state = self._client = None

    with Mine(responder.address) as connection:
        assert connection.get_tracking().stratum == 3
        assert type(connection.get_sources()[0].state) is pychrony.SourceState
    with pytest.raises(pychrony.ChronyConnectionError):
        connection.get_tracking()


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_a_member_is_printed_as_every_int_enum_of_this_python(name: str) -> None:
    """str() is the number from CPython 3.11 on, and an f-string always: code that takes an integer relies on it."""
    described = ENUMERATIONS[name]
    base = enum.IntFlag if described["kind"] == "flags" else enum.IntEnum
    members = {member["name"]: member["value"] for member in described["members"]}
    theirs: Any = base(name, members)
    ours = getattr(pychrony, name)
    for value in members.values():
        one, other = ours(value), theirs(value)
        shown = (str(one), f"{one}", f"{one:>5}", f"{one:d}", "%s" % one, "%d" % one, repr(one))  # noqa: UP031
        assert shown == (
            *(str(other), f"{other}", f"{other:>5}", f"{other:d}"),
            *("%s" % other, "%d" % other, repr(other)),  # noqa: UP031
        )
        assert (one.name, one.value) == (other.name, value)


def test_names_of_flags_are_the_same_on_every_python() -> None:
    flags = pychrony.SelectOptions
    both = flags.PREFER | flags.TRUST
    assert both.name == "PREFER|TRUST"
    assert both & flags.TRUST == flags.TRUST
    assert flags(0x10 | 1).name == "NOSELECT|16"
    assert int(~flags.PREFER) & 0xF == 0xD
    for value in [both, flags(0x10 | 1), flags(0x10), flags(0), flags.TRUST]:
        for travelled in [
            pickle.loads(pickle.dumps(value)),
            copy.copy(value),
            copy.deepcopy(value),
        ]:
            assert (travelled, type(travelled), travelled.name) == (value, flags, value.name)


@pytest.mark.parametrize(
    "name",
    [name for name, described in ENUMERATIONS.items() if described["kind"] == "open"],
)
def test_an_unknown_member_is_equal_to_its_number_and_can_be_pickled(name: str) -> None:
    kind = getattr(pychrony, name)
    member = kind(4321)
    assert member == 4321
    assert hash(member) == hash(4321)
    assert (member.name, member.value) == ("UNKNOWN_4321", 4321)
    assert isinstance(member, kind)
    assert 4321 not in list(kind)
    for travelled in [pickle.loads(pickle.dumps(member)), copy.copy(member), copy.deepcopy(member)]:
        assert travelled == member
        assert travelled.name == member.name
    for none in ["x", None, -1, 1.5, 2**32]:
        with pytest.raises(ValueError):
            kind(none)


@pytest.mark.parametrize("name", ["LeapStatus", "Transport"])
def test_a_closed_enumeration_takes_no_other_number(name: str) -> None:
    with pytest.raises(ValueError):
        getattr(pychrony, name)(4)
