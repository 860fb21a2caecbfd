"""Libraries take a record as they take a `typing.NamedTuple` of the same fields: each is given both, and must do the same.

They are installed for one CPython: see tools/requirements-libraries.txt.
"""

import dataclasses
import datetime
import json
import typing
from collections.abc import Callable
from typing import Any

import pytest

import pychrony
from pychrony import testing
from pychrony._reports import REPORTS

LIBRARIES = (
    "attrs",
    "fastapi",
    "httpx2",
    "msgspec",
    "orjson",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "rich",
    "structlog",
)
for library in LIBRARIES:
    pytest.importorskip(library, reason="tools/requirements-libraries.txt is not installed")

import attrs  # noqa: E402
import fastapi  # noqa: E402
import fastapi.testclient  # noqa: E402
import msgspec  # noqa: E402
import orjson  # noqa: E402
import pandas  # noqa: E402
import polars  # noqa: E402
import pydantic  # noqa: E402
import rich.pretty  # noqa: E402
import structlog  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "default"
)  # the libraries' own warnings are not ours to mend

KINDS = {
    "unsigned": int,
    "signed": int,
    "nanoseconds": int,
    "offset": float,
    "measure": float,
    "seconds": float,
    "boolean": bool,
    "address": str,
    "source": str,
}


def type_of(field: Any) -> Any:
    kind = getattr(pychrony, field["enum"]) if field["enum"] else KINDS[field["kind"]]
    return typing.Optional[kind] if field["optional"] else kind


class Pair:
    """A type of records and a named tuple with the same fields, and a value of each."""

    def __init__(self, report: str) -> None:
        described = REPORTS[report]
        self.kind = getattr(pychrony, described["type"])
        factory = next(
            getattr(testing, name)
            for name in testing.__all__
            if name.startswith("make_") and type(getattr(testing, name)()) is self.kind
        )
        self.record = factory()
        fields = [(field["name"], type_of(field)) for field in described["fields"] if field["item"]]
        self.twin_kind: Any = typing.NamedTuple(described["type"], fields)  # type: ignore[misc]
        self.twin_kind.__doc__ = self.kind.__doc__
        self.twin = self.twin_kind(*self.record)

    def same(self, use: Callable[[Any, Any], Any]) -> Any:
        """What a library makes of the record; it must make the same of the named tuple."""
        ours, theirs = use(self.kind, self.record), use(self.twin_kind, self.twin)
        assert ours == theirs
        return ours


@pytest.fixture(params=REPORTS)
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.param)


def outcome(function: Callable[[], Any]) -> Any:
    """What a function returns, or its exception, with the names that differ made the same."""
    try:
        return function()
    except Exception as error:
        return type(error), str(error).replace("pychrony.", "")


# Standard library.


def test_the_annotations_are_those_of_a_named_tuple(pair: Pair) -> None:
    assert pair.kind.__annotations__ == typing.get_type_hints(pair.twin_kind)
    pair.same(lambda kind, value: typing.get_type_hints(kind))


def test_dataclasses_make_dictionaries_and_copies(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        made = dataclasses.asdict(dataclasses.make_dataclass("Each", ["value"])(value))["value"]
        assert type(made) is kind
        return made, dataclasses.replace(
            dataclasses.make_dataclass("Each", ["value"])(1), value=value
        ).value

    assert pair.same(use)[0] == pair.record


# pydantic and FastAPI.


def test_pydantic_validates(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        adapter = pydantic.TypeAdapter(kind)
        made = [
            adapter.validate_python(value),
            adapter.validate_python(tuple(value)),
            adapter.validate_python(list(value)),
            adapter.validate_python(value._asdict()),
            adapter.validate_json(adapter.dump_json(value)),
        ]
        assert {type(each) for each in made} == {kind}
        assert [[*map(type, each)] for each in made] == [[*map(type, value)]] * len(made)
        return made

    assert pair.same(use) == [pair.record] * 5


def test_pydantic_refuses_anything_but_a_record(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        errors = []
        wrong = [
            (),
            (*value, 1),
            [object()] * len(value),
            {},
            {**value._asdict(), "more": 1},
            None,
            "x",
        ]
        for each in wrong:
            with pytest.raises(pydantic.ValidationError) as caught:
                pydantic.TypeAdapter(kind).validate_python(each)
            errors.append(
                [(error["type"], error["loc"], error["msg"]) for error in caught.value.errors()]
            )
        return errors

    assert pair.same(use)


def test_pydantic_describes_the_fields_with_their_types(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        class Model(pydantic.BaseModel):
            record: kind
            records: list[kind] = []

        assert Model(record=value).record == value
        return (
            Model.model_json_schema(),
            Model(record=value, records=[value]).model_dump(mode="json"),
            Model(record=value).model_dump_json(),
            Model.model_validate_json(Model(record=value).model_dump_json()).record,
        )

    schema = pair.same(use)[0]
    assert "integer" in json.dumps(schema)


def test_fastapi_returns_and_takes_records(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        app = fastapi.FastAPI()

        @app.get("/one")
        def one() -> kind:
            return value

        @app.get("/all")
        def every() -> list[kind]:
            return [value, value]

        @app.post("/take")
        def take(record: typing.Annotated[kind, fastapi.Body()]) -> dict[str, bool]:
            return {"same": type(record) is kind and record == value}

        @app.get("/dictionary")
        def dictionary() -> dict[str, typing.Any]:
            return value._asdict()

        with fastapi.testclient.TestClient(app) as client:
            answers = [client.get(path).json() for path in ("/one", "/all", "/dictionary")]
            taken = client.post("/take", json=answers[0]).json()
            return answers, taken, client.get("/openapi.json").json()

    _, taken, description = pair.same(use)
    assert taken == {"same": True}
    assert "integer" in json.dumps(description)


def test_fastapi_returns_the_dictionary_of_a_record(pair: Pair) -> None:
    app = fastapi.FastAPI()

    @app.get("/")
    def get() -> dict[str, typing.Any]:
        return pair.record.to_dict()

    with fastapi.testclient.TestClient(app) as client:
        assert client.get("/").json() == pair.record.to_dict()


# msgspec and orjson.


def test_msgspec_converts_and_decodes(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        made = [
            msgspec.convert(list(value), kind),
            msgspec.convert(tuple(value), kind),
            msgspec.convert(value, kind),
            msgspec.json.decode(msgspec.json.encode(value), type=kind),
            msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind),
            msgspec.json.decode(msgspec.json.encode([value]), type=list[kind])[0],
        ]
        assert {type(each) for each in made} == {kind}
        assert [[*map(type, each)] for each in made] == [[*map(type, value)]] * len(made)
        return made, msgspec.json.encode(value), msgspec.to_builtins(value)

    assert pair.same(use)[0] == [pair.record] * 6


def test_msgspec_refuses_anything_but_a_record(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        wrong = [(), (*value, 1), value[:-1], [None] * (len(value) - 1), [object()] * len(value), 3]
        return [outcome(lambda each=each: msgspec.convert(each, kind)) for each in wrong]

    assert all(kind is msgspec.ValidationError for kind, _ in pair.same(use))


def test_msgspec_makes_records_that_are_whole(pair: Pair) -> None:
    """It fills the tuple itself, and knows nothing of ref_time_ns."""
    made = msgspec.convert(list(pair.record), pair.kind)
    assert made.to_dict() == pair.record.to_dict()
    assert made._replace() == pair.record
    if hasattr(pair.kind, "ref_time_ns"):
        assert made.ref_time_ns == pair.record.ref_time_ns


def test_orjson_writes_the_dictionary_of_a_record(pair: Pair) -> None:
    assert orjson.loads(orjson.dumps(pair.record.to_dict())) == pair.record.to_dict()
    assert (
        pair.same(lambda _, value: outcome(lambda: orjson.dumps(value)))[0]
        is orjson.JSONEncodeError
    )
    assert pair.same(lambda _, value: orjson.dumps(value, default=tuple))


def test_the_dictionary_of_a_record_is_the_same_in_every_json(pair: Pair) -> None:
    plain = pair.record.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert msgspec.json.decode(msgspec.json.encode(plain)) == plain
    assert json.loads(pydantic.TypeAdapter(dict[str, Any]).dump_json(plain)) == plain


# polars and pandas.


def test_polars_makes_a_frame_of_records(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        frame = polars.DataFrame([value, value])
        return frame.columns, str(frame.schema), frame.rows()

    columns, _, rows = pair.same(use)
    assert (columns, rows) == ([*pair.kind._fields], [tuple(pair.record)] * 2)


def test_pandas_makes_a_frame_of_records(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        frame = pandas.DataFrame([value, value])
        arrow = frame.convert_dtypes(dtype_backend="pyarrow")
        return [*frame.columns], str(frame.dtypes), frame.values.tolist(), str(arrow.dtypes)

    columns, _, rows, _ = pair.same(use)
    assert (columns, rows) == ([*pair.kind._fields], [[*pair.record]] * 2)


def test_frames_of_dictionaries_have_names_for_enumerations_and_times_to_the_nanosecond() -> None:
    """What docs/recipes-data.md shows."""
    exact = 1_700_000_000_123_456_789
    plain = [testing.make_tracking(ref_time_ns=exact).to_dict()]
    frame = pandas.DataFrame(plain).convert_dtypes(dtype_backend="pyarrow")
    frame = frame.astype({"leap_status": "category"})
    frame["time"] = pandas.to_datetime(frame["ref_time_ns"], unit="ns", utc=True)
    assert frame["leap_status"].dtype == "category"
    assert frame["leap_status"][0] == "NORMAL"
    assert frame["time"][0] == pandas.Timestamp(exact, unit="ns", tz="UTC")
    assert frame["time"][0].nanosecond == 789
    assert frame["is_synchronized"][0]

    other = polars.DataFrame(plain).with_columns(
        polars.from_epoch("ref_time_ns", time_unit="ns").alias("time"),
        polars.col("leap_status").cast(polars.Categorical),
    )
    assert other["leap_status"][0] == "NORMAL"
    assert other["time"].dtype == polars.Datetime("ns")
    assert other["time"][0] == datetime.datetime(2023, 11, 14, 22, 13, 20, 123456)


# attrs, rich and structlog.


def test_attrs_makes_dictionaries(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        each = attrs.make_class("Each", {"value": attrs.field(type=kind)})
        return (
            attrs.asdict(each(value)),
            attrs.astuple(each(value)),
            attrs.evolve(each(None), value=value).value,
        )

    pair.same(use)


def test_rich_shows_names_and_values(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        return [
            rich.pretty.pretty_repr(each, max_width=width)
            for each in (value, [value])
            for width in (80, 2000)
        ]

    assert pair.same(use)[1].startswith(f"{pair.kind.__name__}({pair.kind._fields[0]}=")


def test_structlog_writes_records(pair: Pair) -> None:
    def use(kind: Any, value: Any) -> Any:
        event = {"event": "clock", "record": value}
        renderers = [
            structlog.processors.JSONRenderer(),
            structlog.processors.KeyValueRenderer(),
            structlog.processors.LogfmtRenderer(),
            structlog.dev.ConsoleRenderer(colors=False),
        ]
        return [
            renderer(None, "info", dict(event)).replace("pychrony.", "") for renderer in renderers
        ]

    pair.same(use)
