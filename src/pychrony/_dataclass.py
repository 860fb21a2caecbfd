"""Frozen dataclasses that are cheap to import.

The module dataclasses imports inspect, which takes about 8 ms: a third of what `pychrony check` takes. This decorator makes
classes that behave as those of dataclasses.dataclass(frozen=True); dataclasses is imported only if its functions (fields,
replace, asdict) are used on them. Type checkers see the real decorator.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn


class _Fields:
    """`__dataclass_fields__`, made when it is read."""

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        names = owner.__match_args__  # type: ignore[attr-defined]
        fields = [
            (
                name,
                owner.__annotations__[name],
                dataclasses.field(default=vars(owner).get(name, dataclasses.MISSING)),
            )
            for name in names
        ]
        made: Any = dataclasses.make_dataclass(owner.__name__, fields, frozen=True)
        return made.__dataclass_fields__


def dataclass(*, frozen: bool) -> Callable[[Any], Any]:
    """The decorator."""
    assert frozen
    return _made


def _made(cls: Any) -> Any:
    names = tuple(cls.__annotations__)
    given = ", ".join(f"{name}=cls.{name}" if hasattr(cls, name) else name for name in names)
    kept = "; ".join(f"keep(self, {name!r}, {name})" for name in names)
    code = f"def __init__(self, {given}):\n {kept}"
    if hasattr(cls, "__post_init__"):
        code += "\n self.__post_init__()"
    scope = {"cls": cls, "keep": object.__setattr__}
    exec(code, scope)

    def values(self: Any) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in names)

    def represent(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    def equal(self: Any, other: object) -> bool:
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    def refuse(self: object, name: str, *_: object) -> NoReturn:
        import dataclasses

        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def replace(self: Any, /, **changes: object) -> Any:
        return type(self)(**{**dict(zip(names, values(self))), **changes})

    cls.__init__ = scope["__init__"]
    cls.__init__.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__.__module__ = cls.__module__
    cls.__repr__ = represent
    cls.__eq__ = equal
    cls.__hash__ = lambda self: hash(values(self))
    cls.__setattr__ = cls.__delattr__ = refuse
    cls.__replace__ = replace
    setattr(cls, "__match_args__", names)  # noqa: B010 (mypy knows it as a read-only tuple)
    cls.__dataclass_fields__ = _Fields()
    return cls
