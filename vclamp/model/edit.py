"""Values inside a description by their dotted paths, as the command line and the window set them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, TypeVar

from vclamp.errors import VClampError
from vclamp.model.files import from_data, to_full_data

T = TypeVar("T")


def items(value: object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every settable number, text and switch of a described value with its dotted path."""
    fields: Mapping[str, Any] = type(value).__dataclass_fields__  # type: ignore[attr-defined]
    for name in fields:
        item, path = getattr(value, name), f"{prefix}{name}"
        if hasattr(item, "__dataclass_fields__"):
            yield from items(item, f"{path}.")
        elif isinstance(item, tuple) and item and hasattr(item[0], "__dataclass_fields__"):
            for number, element in enumerate(item):
                key = getattr(element, "name", "") or str(number)
                yield from items(element, f"{path}.{key}.")
        else:
            yield path, item


def with_value(value: T, path: str, new: object, where: str) -> T:
    """A copy with the value at a dotted path (as in `items`) replaced, checked whole.

    What is not on the way to it stays the same object, so that what was worked out of it still holds.

    Raises
    ------
    VClampError
        If there is no such path, or the new value is refused.
    """
    keys = _keys(value, path, where)
    try:
        found: T = _with(value, keys, new, where)
        return found
    except VClampError:
        return _anew(value, keys, new, where)  # which says where in the whole


def _with(node: Any, keys: Sequence[str | int], new: object, where: str) -> Any:
    """A copy of which only what lies on the way is made anew; every part on it checks itself."""
    key, *rest = keys
    if isinstance(node, tuple):
        return tuple(_with(item, rest, new, where) if number == key else item for number, item in enumerate(node))
    inner = getattr(node, str(key))
    parts = inner if isinstance(inner, tuple) else (inner,)
    if rest and any(hasattr(part, "__dataclass_fields__") for part in parts):
        return replace(node, **{str(key): _with(inner, rest, new, where)})
    return _anew(node, keys, new, where)


def _anew(node: T, keys: Sequence[str | int], new: object, where: str) -> T:
    """A copy that is read anew."""
    data: Any = to_full_data(node)
    *way, last = keys
    inner = data
    for key in way:
        inner = inner[key]
    inner[last] = new
    return from_data(type(node), data, where)


def _keys(value: object, path: str, where: str) -> list[str | int]:
    """The keys and indices that lead to a dotted path."""
    keys: list[str | int] = []
    node: Any = value
    for part in path.split("."):
        if isinstance(node, tuple):
            names = [getattr(item, "name", "") for item in node]
            index = names.index(part) if part in names else int(part) if part.isdecimal() and len(part) < 9 else -1
            if not 0 <= index < len(node):
                raise _no_path(value, path, where)
            keys.append(index)
            node = node[index]
        elif part in getattr(node, "__dataclass_fields__", {}):
            keys.append(part)
            node = getattr(node, part)
        else:
            raise _no_path(value, path, where)
    return keys


def _no_path(value: object, path: str, where: str) -> VClampError:
    known = [name for name, _ in items(value)]
    near = get_close_matches(path, known, n=1, cutoff=0.5)
    remedy = f"Did you mean '{near[0]}'?" if near else f"For instance: {known[0]}."
    return VClampError(f"there is nothing called '{path[:80]}' to set", where=where, remedy=remedy)
