"""A protocol as the text of its file and back, and rows of it as text to copy and paste."""

import json
from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from vclamp.errors import VClampError
from vclamp.model.files import from_data, parsed, to_data
from vclamp.model.protocol import Protocol
from vclamp.model.segments import SEGMENTS, Segment

WIDTH = 120
MAX_VALUES = 20_000  # that a text may list for people to edit
_FIRST = ("name", "label", "note", "n_sweeps", "hold_mV", "fs_kHz", "interval_ms", "between")
_DELETE = "\x7f"  # the one control character that JSON leaves as it is and TOML forbids


def protocol_text(protocol: Protocol) -> str:
    """A protocol as the text of a TOML file that reads like a lab note; `protocol_of_text` reads it back equal.

    Raises
    ------
    VClampError
        If it holds too many values of a waveform to be text.
    """
    n_values = sum(len(getattr(s, key, None) or ()) for s in protocol.segments for key in ("values_mV", "values_pA"))
    if n_values > MAX_VALUES:
        what = f"its waveforms hold {n_values:,} values, too many for a text to edit"
        raise VClampError(what, remedy="Edit the table they came from, and open it again.")
    data = to_data(protocol)
    data["fs_kHz"] = protocol.fs_kHz  # said even where it is the usual one
    heads = [_pair(key, data.pop(key)) for key in _FIRST if key in data]
    parts = ["\n".join(heads)]
    for name, value in data.items():
        if isinstance(value, list):
            parts += [_table(f"[[{name}]]", item) for item in value]
        else:
            parts.append(_table(f"[{name}]", value))
    return "\n\n".join(parts) + "\n"


def protocol_of_text(text: str, where: str) -> Protocol:
    """The protocol that a text describes; without `n_sweeps` its ladders say how many there are.

    Raises
    ------
    VClampError
        One sentence with the line, about the first mistake.
    """
    data = parsed(text, where)
    if data.get("n_sweeps") == 0:
        raise VClampError("n_sweeps: 0 is too small", where=where, remedy="It must be at least 1.")
    return from_data(Protocol, {"n_sweeps": 0, **data}, where, text)


def renamed_text(text: str, name: str) -> str:
    """The text of a protocol by another name; comments stay."""
    import tomlkit

    document = tomlkit.parse(text)
    document["name"] = name
    return tomlkit.dumps(document)


def segments_text(segments: Iterable[Segment]) -> str:
    """Segments as they stand in a file."""
    return "\n\n".join(_table("[[segments]]", to_data(segment)) for segment in segments) + "\n"


def segments_of_text(text: str, where: str) -> tuple[Segment, ...]:
    """The segments in a text.

    Raises
    ------
    VClampError
        If there are none, or one is wrong.
    """
    items = parsed(text, where).get("segments")
    if not isinstance(items, list) or not items:
        raise VClampError("holds no segments", where=where, remedy="Copy some rows of a protocol first.")
    return tuple(_segment(item, where) for item in items)


def _segment(item: Any, where: str) -> Segment:
    kind = item.get("type") if isinstance(item, dict) else None
    if kind not in SEGMENTS:
        raise VClampError(f"there is no segment of type '{str(kind)[:40]}'", where=where)
    return from_data(SEGMENTS[kind], item, where)


def _table(head: str, data: dict[str, Any]) -> str:
    kind = {"type": data["type"]} if "type" in data else {}
    name = {"name": data["name"]} if "name" in data else {}
    return "\n".join([head, *(_pair(*item) for item in {**kind, **name, **data}.items())])


def _pair(key: str, value: object) -> str:
    """One line, or several of a long list."""
    line = f"{key} = {_value(value)}"
    if isinstance(value, list) and len(line) > WIDTH:
        rows = [f"{_value(item)}," for item in value]
        if not any(isinstance(item, str) for item in value):
            rows = wrap(" ".join(rows), WIDTH - 4, break_long_words=False, break_on_hyphens=False)
        return "\n".join([f"{key} = [", *(f"  {row}" for row in rows), "]"])
    return line


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(_pair(*item) for item in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace(_DELETE, "\\u007f")
