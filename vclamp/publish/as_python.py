"""The experiment on the bench as a Python program that runs it again."""

from pathlib import Path
from typing import Any, TypeVar

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.edit import with_value
from vclamp.model.exam import hidden, may_be_written
from vclamp.model.files import load_protocol, load_rig, to_json
from vclamp.model.protocol import Protocol
from vclamp.model.record import Header
from vclamp.model.rig import Rig
from vclamp.publish.repeat import differing

T = TypeVar("T", Rig, Protocol)
_IMPORTS = {
    "paths.": "from vclamp import paths",
    "with_value(": "from vclamp.model.edit import with_value",
    "from_json(": "from vclamp.model.files import from_json",
    "load_protocol(": "from vclamp.model.files import load_protocol",
    "load_rig(": "from vclamp.model.files import load_rig",
    "from_json(Protocol": "from vclamp.model.protocol import Protocol",
    "from_json(Rig": "from vclamp.model.rig import Rig",
    "record(": "from vclamp.run.runner import record",
}


def python_text(header: Header) -> str:
    """A program that records the same: shipped files and what differs from them, or else whole descriptions.

    Raises
    ------
    VClampError
        If the cell is for an exam and is not just a shipped one: it would be written down.
    """
    lines = _rig(header.rig) + _protocol(header.protocol)
    lines += [
        f"recording = record(rig, protocol, seed={header.seed})",
        "for sweep in recording.sweeps:",
        '    print(sweep.index + 1, sweep["i_pA"].min(), sweep["i_pA"].max())',
    ]
    body = "\n".join(lines)
    imports = "\n".join(line for used, line in _IMPORTS.items() if used in body)
    about = f"{header.protocol.title} on {header.rig.cell.title}".replace("\\", "/").replace('"', "'")
    return f'"""{about}, as VClamp {header.version} records it."""\n\n{imports}\n\n{body}\n'


def _rig(rig: Rig) -> list[str]:
    path = paths.shipped(paths.CELLS).get(rig.cell.name)
    changes = None if path is None else _changes(load_rig(path), rig)
    if path is not None and changes is not None and all(may_be_written(each, rig) for each in changes):
        return _loaded("rig", f'load_rig(paths.CELLS / "{path.name}")', changes)
    if hidden(rig):
        raise VClampError(
            "is for an exam: its description is not written down",
            where=rig.cell.title,
            remedy="Use a cell of your own.",
        )
    return [f'rig = from_json(Rig, {to_json(rig)!r}, "the cell")', ""]


def _protocol(protocol: Protocol) -> list[str]:
    path: Path | None = paths.shipped(paths.PROTOCOLS).get(protocol.name)
    changes = None if path is None else _changes(load_protocol(path), protocol)
    if path is not None and changes is not None:
        return _loaded("protocol", f'load_protocol(paths.PROTOCOLS / "{path.name}")', changes)
    return [f'protocol = from_json(Protocol, {to_json(protocol)!r}, "the protocol")', ""]


def _loaded(name: str, call: str, changes: dict[str, Any]) -> list[str]:
    lines = [f"{name} = {call}"]
    lines += [f'{name} = with_value({name}, "{path}", {value!r}, "")' for path, value in changes.items()]
    return [*lines, ""]


def _changes(shipped: T, wanted: T) -> dict[str, Any] | None:
    """What to set of a shipped value so that it becomes another; None if that cannot be done by setting."""
    try:
        made, changes = shipped, dict(differing(shipped, wanted))
        for path, value in changes.items():
            made = with_value(made, path, value, "")
    except VClampError:
        return None
    return changes if made == wanted else None
