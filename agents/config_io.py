"""Configurations to and from JSON, and what differs between two of them. Called by the run directory and the front door.

A configuration is a frozen dataclass of numbers, strings, booleans, literals, flat dictionaries, and further configurations.
"""

from __future__ import annotations

import dataclasses
import types
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import UserError, unknown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    C = TypeVar("C", bound=DataclassInstance)
else:
    C = TypeVar("C")

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def to_json(config: DataclassInstance) -> dict[str, Any]:
    """The whole configuration, defaults included, as dictionaries that JSON can hold."""
    return dataclasses.asdict(config)


def from_json(cls: type[C], data: object, *, path: str = "") -> C:
    """The configuration that `to_json` wrote. Fields that are missing take their default.

    Raises UserError naming the dotted path: an unknown key, a value of a wrong type, a missing key without default.
    """
    if not isinstance(data, dict):
        raise UserError(f"{path or 'the configuration'}: expected an object, found {data!r}")
    plain = get_origin(cls) or cls
    fields = {field.name: field for field in dataclasses.fields(plain)}
    given = dict(zip(getattr(plain, "__parameters__", ()), get_args(cls), strict=True))  # of a generic class, what it is of
    types_by_name = {name: given.get(hint, hint) for name, hint in get_type_hints(plain).items()}
    for key in data:
        if key not in fields:
            raise unknown(f"field of {path}" if path else "configuration field", str(key), fields)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        where = _join(path, name)
        if name in data:
            values[name] = _parse(types_by_name[name], data[name], where)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise UserError(f"{where}: missing, and it has no default")
    return cls(**values)


def changed(old: DataclassInstance, new: DataclassInstance) -> list[tuple[str, Any, Any]]:
    """The fields in which two configurations differ: (dotted path, old value, new value); None where one has no such key."""
    before, after = _flat(to_json(old)), _flat(to_json(new))
    paths = [*before, *(path for path in after if path not in before)]
    return [(path, before.get(path), after.get(path)) for path in paths if before.get(path) != after.get(path)]


def lacking(data: dict[str, Any], config: DataclassInstance) -> list[str]:
    """The fields, by their dotted paths, that took their default when the configuration was made of this data."""
    given = _flat(data)
    return [path for path in _flat(to_json(config)) if path not in given]


def value_at(config: DataclassInstance, path: str) -> Any:
    """What a field is, by its dotted path."""
    return _flat(to_json(config))[path]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _flat(data: dict[str, Any], path: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in data.items():
        leaves.update(_flat(value, _join(path, key)) if isinstance(value, dict) else {_join(path, key): value})
    return leaves


def _parse(kind: Any, value: object, path: str) -> Any:
    """The value as a field of this type holds it."""
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return from_json(kind, value, path=path)
    if origin is Literal:
        if value in get_args(kind) and type(value) in map(type, get_args(kind)):
            return value
        raise UserError(f"{path}: expected one of {', '.join(map(str, get_args(kind)))}, found {value!r}")
    if origin is dict:
        if not isinstance(value, dict):
            raise UserError(f"{path}: expected an object, found {value!r}")
        return {str(key): _parse(get_args(kind)[1], item, f"{path}.{key}") for key, item in value.items()}
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise UserError(f"{path}: expected a list, found {value!r}")
        return tuple(_parse(get_args(kind)[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    choices = get_args(kind) if origin in (Union, types.UnionType) else (kind,)
    if type(value) in choices or (value is None and types.NoneType in choices):
        return value
    if float in choices and type(value) is int:  # JSON writers may drop the point of a whole number
        return float(value)
    raise UserError(f"{path}: expected {' or '.join(choice.__name__ for choice in choices)}, found {value!r}")
