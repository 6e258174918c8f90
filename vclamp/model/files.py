"""Text files and JSON <-> values: the border where everything is checked."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.channel import Blocker, Channel, Gate, OhmicPore
from vclamp.model.ions import Drug, Ion, Solutions
from vclamp.model.protocol import SEGMENTS, Ladder, Mark, Protocol
from vclamp.model.rig import Amplifier, Cell, Rig

T = TypeVar("T")

MAX_BYTES = 256 * 1024
MAX_NESTING = 32
MAX_KEY_LENGTH = 256
_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)
_DESCRIBED = (
    *(Blocker, Channel, Gate, OhmicPore, Drug, Ion, Solutions, Ladder, Mark, Protocol),
    *(Amplifier, Cell, Rig, *SEGMENTS.values()),
)
for _cls in _DESCRIBED:
    _cls.__pydantic_config__ = _CONFIG  # type: ignore[attr-defined]
_TAGS = {"number", "ladder", "list", *SEGMENTS}


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


def to_data(value: object) -> dict[str, Any]:
    """A described value as plain dicts, lists, numbers and text; defaults left out."""
    data = _adapter(type(value)).dump_python(value, mode="json", exclude_none=True)
    return dict(_without_defaults(value, data))


def _without_defaults(value: Any, data: Any) -> Any:
    """Leave out what equals its default, except the tags that tell segments apart."""
    if isinstance(data, dict):
        fields = type(value).__dataclass_fields__
        return {
            key: _without_defaults(getattr(value, key), item)
            for key, item in data.items()
            if key == "type" or getattr(value, key) != fields[key].default
        }
    if isinstance(data, list):
        return [_without_defaults(v, d) for v, d in zip(value, data, strict=True)]
    return data


def to_json(value: object) -> str:
    """A described value as one line of JSON that `from_json` reads back to an equal value."""
    return json.dumps(to_data(value), ensure_ascii=False)


def to_toml(value: object) -> str:
    """A described value as the text of a TOML file."""
    import tomlkit

    return tomlkit.dumps(to_data(value))


def from_json(kind: type[T], text: str, where: str) -> T:
    """Read what `to_json` wrote.

    Raises
    ------
    VClampError
        If it is not a whole and valid description.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VClampError(f"not readable as JSON ({error})", where=where) from None
    return from_data(kind, data, where)


def from_data(kind: type[T], data: object, where: str, text: str = "") -> T:
    """A value from plain data; `text` is the file it came from, to find line numbers in.

    Raises
    ------
    VClampError
        One sentence about the first mistake and how many more there are.
    """
    try:
        return _adapter(kind).validate_json(_strict_json(data), strict=True)
    except ValidationError as problem:
        raise _explain(problem, kind, where, text) from None
    except VClampError as problem:
        raise VClampError(problem.what, where=where, remedy=problem.remedy) from None


def _strict_json(data: object) -> str:
    return json.dumps(data, default=str)


def load_protocol(path: Path) -> Protocol:
    """The protocol in a TOML file."""
    text, data = _read(path)
    return from_data(Protocol, data, path.name, text)


def load_channel(path: Path) -> Channel:
    """The channel in a TOML file."""
    text, data = _read(path)
    return from_data(Channel, data, path.name, text)


def load_rig(path: Path) -> Rig:
    """The cell, its solutions and its amplifier in a TOML file.

    A channel may say `use = "NAME"`: it then starts from that channel's file, shipped or
    beside the cell's file, and its other keys override it.
    """
    text, data = _read(path)
    cell = data.get("cell")
    channels = cell.get("channels") if isinstance(cell, dict) else None
    if isinstance(channels, list):
        cell["channels"] = [_resolve(item, path) for item in channels]
    return from_data(Rig, data, path.name, text)


def _resolve(item: Any, cell_file: Path) -> Any:
    if not isinstance(item, dict) or "use" not in item:
        return item
    use, own = item["use"], {key: value for key, value in item.items() if key != "use"}
    if not isinstance(use, str):
        raise VClampError("use must name a channel file", where=f"{cell_file.name}: cell.channels")
    beside = cell_file.parent / f"{Path(use).name}.toml"
    try:
        path = paths.find(str(beside) if beside.is_file() else use, paths.CHANNELS, "channel")
    except VClampError as error:
        raise VClampError(
            f"use = '{use[:80]}' names no channel",
            where=f"{cell_file.name}: cell.channels",
            remedy=error.remedy,
        ) from None
    return {**_read(path)[1], **own}


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Text and tables of a TOML file that is small and shallow enough to parse safely."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise VClampError(
                f"{path.stat().st_size:,} bytes are too many",
                where=path.name,
                remedy=f"A description may have {MAX_BYTES // 1024} kB.",
            )
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise VClampError("not a text file in UTF-8", where=path.name) from None
    except OSError as error:
        raise VClampError(f"cannot be read ({error.strerror})", where=path.name) from None
    _scan(text, path.name)
    try:
        return text, tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise VClampError(f"not valid TOML: {error}", where=path.name) from None


def _scan(text: str, where: str) -> None:
    """Refuse what makes the TOML parser slow or deep before it sees it."""
    for number, line in enumerate(text.splitlines(), 1):
        key = re.split(r"[=\]]", line, maxsplit=1)[0]
        depth = max(line.count("["), line.count("{"))
        if len(key) > MAX_KEY_LENGTH and not key.lstrip().startswith(("#", '"', "'")):
            raise VClampError(
                "a key or line is too long", where=f"{where}:{number}", remedy="Shorten it."
            )
        if depth > MAX_NESTING or key.count(".") > MAX_NESTING:
            raise VClampError(
                f"nested deeper than {MAX_NESTING} levels",
                where=f"{where}:{number}",
                remedy="Flatten it.",
            )
    if text.count("[") > 20_000 or text.count("{") > 20_000:
        raise VClampError("too many tables", where=where, remedy="Shorten the file.")


def _explain(problem: ValidationError, kind: type, where: str, text: str) -> VClampError:
    """The first mistake as one sentence: file, line, key, what, remedy."""
    errors = problem.errors(include_url=False)
    # a wrong key often causes "missing" too: the wrong key is the better message
    errors.sort(key=lambda error: error["type"] == "missing")
    error = errors[0]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, VClampError):
        what, remedy = cause.what, cause.remedy
    else:
        what, remedy = _sentence(error, kind)
    loc = [part for part in error["loc"] if part not in _TAGS]
    line = _line_of(text, loc)
    place = f"{where}:{line}" if line else where
    key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return VClampError(f"{key}: {what}{more}" if key else what + more, where=place, remedy=remedy)


def _sentence(error: Any, kind: type) -> tuple[str, str]:
    ctx, got = error.get("ctx", {}), error.get("input")
    shown = json.dumps(got, ensure_ascii=False, default=str)[:60]
    match error["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            near = get_close_matches(str(error["loc"][-1]), _all_keys(), n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "Remove it."
            return f"unknown key '{str(error['loc'][-1])[:60]}'", hint
        case "missing" | "missing_argument":
            return "is missing", "Add it."
        case "union_tag_invalid":
            tags = ", ".join(SEGMENTS)
            return f"type {shown} is unknown", f"Use one of: {tags}."
        case "union_tag_not_found":
            return "has no type", f"Add type = one of: {', '.join(SEGMENTS)}."
        case "greater_than" | "greater_than_equal":
            bound = ctx.get("gt", ctx.get("ge"))
            word = "above" if "gt" in ctx else "at least"
            return f"{shown} is too small", f"It must be {word} {bound:g}."
        case "less_than" | "less_than_equal":
            return f"{shown} is too large", f"It must be at most {ctx.get('le', ctx.get('lt')):g}."
        case "finite_number":
            return "is not a finite number", "Give a plain number."
    message = error["msg"].removeprefix("Input ")
    return f"{shown} {message}", "Correct it."


@cache
def _all_keys() -> list[str]:
    return sorted({name for cls in _DESCRIBED for name in cls.__dataclass_fields__})


def _line_of(text: str, loc: list[Any]) -> int | None:
    """Line of a key in a TOML text, found by counting its [[tables]]."""
    keys = [part for part in loc if isinstance(part, str)]
    if not text or not keys:
        return None
    lines = text.splitlines()
    start = 0
    path = ""
    for part in loc:
        if isinstance(part, str):
            path = f"{path}.{part}" if path else part
            continue
        heads = [i for i, line in enumerate(lines) if line.strip() == f"[[{path}]]"]
        if part < len(heads):
            start = heads[part]
    pattern = re.compile(rf'\s*"?{re.escape(keys[-1])}"?\s*=')
    for number, line in enumerate(lines[start:], start + 1):
        if pattern.match(line) or line.strip() in (f"[{path}]", f"[[{path}]]"):
            return number
    return start + 1 if start else None


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

    Raises
    ------
    VClampError
        If there is no such path, or the new value is refused.
    """
    data: Any = to_full_data(value)
    target, node, described = path.split("."), data, value
    for number, part in enumerate(target):
        if isinstance(node, list):
            names = [getattr(item, "name", "") for item in described]  # type: ignore[attr-defined]
            index = names.index(part) if part in names else int(part) if part.isdigit() else -1
            if not 0 <= index < len(node):
                raise _no_path(value, path, where)
            part, described = index, described[index]  # type: ignore[assignment, index]
        elif isinstance(node, dict) and part in node:
            described = getattr(described, part)
        else:
            raise _no_path(value, path, where)
        if number == len(target) - 1:
            node[part] = new  # type: ignore[index]
        else:
            node = node[part]  # type: ignore[index]
    return from_data(type(value), data, where)


def to_full_data(value: object) -> dict[str, Any]:
    """As `to_data`, with every default spelled out."""
    data: dict[str, Any] = _adapter(type(value)).dump_python(value, mode="json")
    return data


def _no_path(value: object, path: str, where: str) -> VClampError:
    known = [name for name, _ in items(value)]
    near = get_close_matches(path, known, n=1, cutoff=0.5)
    remedy = f"Did you mean '{near[0]}'?" if near else f"For instance: {known[0]}."
    return VClampError(f"there is nothing called '{path[:80]}' to set", where=where, remedy=remedy)
