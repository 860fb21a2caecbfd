"""No code can make a record with fewer values than it has fields, nor make one type of record into another.

Each way is tried in a child process, which then reads all that the record has. What is refused raises an exception, which says
nothing about memory; a crash ends the child with a signal.
"""

from __future__ import annotations

import pytest
from support import child

from pychrony._reports import REPORTS

FIELDS = {
    report["type"]: [field["name"] for field in report["fields"]] for report in REPORTS.values()
}
ITEMS = {
    report["type"]: [field["name"] for field in report["fields"] if field["item"]]
    for report in REPORTS.values()
}

for names in (FIELDS, ITEMS):
    names["TimeInterval"] = ["earliest", "latest", "status"]

BEGIN = """
import contextlib, copy, copyreg, faulthandler, gc, operator, pickle, pychrony, sys
faulthandler.enable()

TYPES = {types!r}
KIND = pychrony.{name}
LENGTH = len(KIND._fields)
FIELDS = {fields!r}

def new(kind=KIND):
    return kind(list(range(len(TYPES[kind.__name__]))))

def use(record, kind=None):
    kind = kind or type(record)
    seen = [getattr(record, name) for name in FIELDS if hasattr(kind, name)]
    seen += [repr(record), hash(record), tuple(record), record == record, list(record)]
    for name in ("_asdict", "_replace", "__reduce__", "__getnewargs__", "__sizeof__"):
        seen.append(getattr(record, name)())
    seen.append(record.to_dict())
    seen.append(copy.copy(record))
    seen.append(copy.deepcopy(record))
    gc.collect()
    del record
    gc.collect()
    return seen

def attempt(statement, **names):
    names = {{**globals(), **names}}
    try:
        exec(statement, names)
    except (TypeError, AttributeError, ValueError, RuntimeError, SystemError, pickle.UnpicklingError) as error:
        assert not isinstance(error, SystemError), error
        return False
    for made in (names.get("record"), *names.get("others", ())):
        if made is not None and type(made).__module__ == "pychrony":
            assert len(made) == len(TYPES[type(made).__name__]), (statement, made)
            use(made)
    return True
"""


@pytest.fixture(params=ITEMS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(name: str, code: str) -> None:
    begin = BEGIN.format(types=ITEMS, name=name, fields=FIELDS[name])
    done = child.run(begin + code)
    assert (done.returncode, done.stderr) == (0, ""), done


REFUSED = [
    "record = tuple.__new__(KIND, ())",
    "record = tuple.__new__(KIND, range(LENGTH))",
    "record = tuple.__new__(KIND, range(100))",
    "record = object.__new__(KIND)",
    "record = KIND.__new__(tuple, ())",
    "record = KIND.__new__(object)",
    "record = KIND.__new__(type(sys.flags), range(LENGTH))",
    "record = type(sys.flags).__new__(KIND, ())",
    "record = type(sys.version_info).__new__(KIND, range(5))",
    "record = KIND()",
    "record = KIND(())",
    "record = KIND(range(LENGTH - 1))",
    "record = KIND(range(LENGTH + 2))",
    "record = KIND(*range(LENGTH - 1))",
    "record = KIND(range(LENGTH), {'n_fields': 1})",
    "record = KIND._make(())",
    "record = KIND._make(range(LENGTH + 1))",
    "record = vars(KIND)['_make'].__get__(None, tuple)(())",
    "record = vars(KIND)['_make'].__get__(None, type('Short', (tuple,), {}))(range(LENGTH))",
    "record = copyreg.__newobj__(KIND)",
    "record = copyreg.__newobj__(KIND, ())",
    "record = copyreg._reconstructor(KIND, tuple, ())",
    "record = copyreg._reconstructor(KIND, tuple, tuple(range(LENGTH)))",
    "record = copyreg._reconstructor(KIND, object, None)",
    # Pickles made by hand: NEWOBJ, REDUCE, and one of protocol 0 with copyreg._reconstructor.
    "record = pickle.loads(b'\\x80\\x02cpychrony\\n' + KIND.__name__.encode() + b'\\n)\\x81.')",
    "record = pickle.loads(b'\\x80\\x02cpychrony\\n' + KIND.__name__.encode() + b'\\n)R.')",
    "record = pickle.loads(b'\\x80\\x02cpychrony\\n' + KIND.__name__.encode() + b'\\n)\\x85\\x81.')",
    "record = pickle.loads(b'ccopy_reg\\n_reconstructor\\n(cpychrony\\n' + KIND.__name__.encode() "
    "+ b'\\nc__builtin__\\ntuple\\n(ttR.')",
    "class Short(KIND): pass",
    "class Short(KIND, list): pass",
    "Short = type('Short', (KIND,), {}); record = Short()",
    "record = new(); record.__setstate__({})",
    "record = new(); record.__dict__ = {}",
    "record = new(); record[0] = 1",
    "record = new(); del record[0]",
    "KIND.__bases__ = (object,)",
    "KIND.__basicsize__ = 8",
    "KIND.__itemsize__ = 0",
]


def test_changes_that_would_make_a_record_too_short_are_refused(name: str) -> None:
    run(name, "".join(f"assert not attempt({each!r}), {each!r}\n" for each in REFUSED))


def test_no_record_becomes_one_of_another_type(name: str) -> None:
    run(
        name,
        """
class Short(tuple):
    __slots__ = ()

class Attributes(tuple):
    pass

others = [getattr(pychrony, each) for each in TYPES if each != KIND.__name__]
for other in [*others, Short, Attributes, tuple, object, type(sys.flags)]:
    if other in others:
        values = [new(other)]
    else:
        values = [other()] if other in (Short, Attributes, tuple, object) else [sys.flags]
        if issubclass(other, tuple) and other is not type(sys.flags):
            values.append(other(range(LENGTH)))
    for value in values:
        for assign in (
            "value.__class__ = KIND",
            "object.__setattr__(value, '__class__', KIND)",
            "object.__dict__['__class__'].__set__(value, KIND)",
        ):
            assert not attempt(assign, value=value), (other, assign)
            assert type(value) is other
    record = new()
    for assign in (
        "record.__class__ = other",
        "object.__setattr__(record, '__class__', other)",
        "object.__dict__['__class__'].__set__(record, other)",
    ):
        assert not attempt(assign, record=record, other=other), (other, assign)
        assert type(record) is KIND
    use(record)
""",
    )


# The types can be changed, as those of named tuples can; what records are made of does not depend on it.
CHANGES = [
    "KIND.n_fields = KIND.n_sequence_fields = 100",
    "KIND.n_fields = KIND.n_sequence_fields = 0",
    "KIND.n_fields = 2 ** 40",
    "KIND.n_sequence_fields = 1",
    "KIND.n_unnamed_fields = 3",
    "KIND.n_fields = 'many'",
    "del KIND.n_fields, KIND.n_sequence_fields, KIND.n_unnamed_fields",
    "KIND._fields = ()",
    "KIND._fields = ('a',) * 100",
    "del KIND._fields",
    "KIND.__match_args__ = ()",
    "KIND.__new__ = lambda *arguments, **keywords: tuple.__new__(*arguments)",
    "KIND.__new__ = tuple.__new__",
    "KIND.__new__ = object.__new__",
    "KIND.__init__ = lambda *arguments, **keywords: None",
    "del KIND.__new__",
    "del KIND.__repr__",
    "del KIND.__reduce__",
    "KIND.__reduce__ = tuple.__reduce__",
    "KIND.__name__ = 'Other'",
    "KIND.__qualname__ = 'Other'",
    "KIND.__len__ = lambda self: 3",
    "KIND.__getitem__ = lambda self, index: None",
    "KIND.__iter__ = lambda self: iter(())",
    "KIND.__del__ = lambda self: None",
    "KIND.__hash__ = None",
    "for each in FIELDS: delattr(KIND, each)",
    "for each in FIELDS: setattr(KIND, each, operator.itemgetter(99))",
    "type.__setattr__(KIND, 'n_fields', 1)",
    "class Base(tuple): __slots__ = ()\nKIND.__bases__ = (Base,)",
]


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_to_a_type_makes_its_records_longer_or_shorter(change: str) -> None:
    for name in ("TrackingStatus", "Source"):
        run(
            name,
            f"""
known = [vars(KIND)[field] for field in FIELDS]
methods = [vars(KIND)[method] for method in ("_asdict", "_replace", "to_dict", "__reduce__", "__repr__")]
made = [new()]
attempt({change!r})
for statement in {REFUSED!r}:
    names = {{**globals(), "record": None}}
    with contextlib.suppress(Exception):
        exec(statement, names)
    if type(names["record"]) is KIND:
        made.append(names["record"])
with contextlib.suppress(Exception):
    made.append(new())
for record in made:
    for use in (repr, hash, len, list, tuple.__repr__, tuple.__len__, copy.copy, copy.deepcopy, pickle.dumps):
        with contextlib.suppress(Exception):
            use(record)
    if type(record) is KIND:
        assert tuple.__len__(record) == LENGTH, record
        for field in known:
            field.__get__(record)
        for method in methods:
            with contextlib.suppress(TypeError, AttributeError):
                method.__get__(record)()
del record, made, names
gc.collect()
""",
        )


def test_a_descriptor_of_one_type_reads_no_record_of_another(name: str) -> None:
    run(
        name,
        """
for other in TYPES:
    if other != KIND.__name__:
        for field in FIELDS:
            assert not attempt("vars(KIND)[field].__get__(value)", field=field, value=new(getattr(pychrony, other)))
assert not attempt("vars(KIND)[FIELDS[0]].__get__(())")
assert not attempt("vars(KIND)['_asdict'].__get__(())()")
""",
    )


def test_records_hold_their_values_and_their_type_exactly_as_long_as_they_live(name: str) -> None:
    run(
        name,
        """
if hasattr(sys, "getrefcount"):
    value = 10**20 if KIND is not pychrony.TimeInterval else 1
    counts = sys.getrefcount(value), sys.getrefcount(KIND)
    for _ in range(100):
        records = [KIND([value] * LENGTH) if "ref_time" not in KIND._fields else KIND([1.5] * LENGTH)]
        records += [records[0]._replace(), copy.copy(records[0]), pickle.loads(pickle.dumps(KIND([1] * LENGTH)))]
        attempt("tuple.__new__(KIND, [value] * LENGTH)", value=value)
        attempt("KIND([value] * (LENGTH - 1))", value=value)
        attempt("KIND(*[value] * (LENGTH - 1))", value=value)
        attempt("KIND(value)", value=value)
        del records
    assert (sys.getrefcount(value), sys.getrefcount(KIND)) == counts, counts
""",
    )
