"""The command line that makes a recording again, if there is one."""

import json
from shlex import quote
from typing import Any

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.edit import items, with_value
from vclamp.model.exam import may_be_written
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.record import Header, Recording
from vclamp.model.rig import Rig

MOST_SETTINGS = 12  # of a line that can still be read
_MOST_SEED = 2**63


def command_line(recording: Recording) -> str:
    """What to type to make this recording again; empty if that cannot be typed.

    It is made of a shipped cell and protocol and of the values that differ from them; the run must not have been
    changed while it went on.
    """
    header = recording.header
    if recording.foreign or was_changed(recording) or header.seed >= _MOST_SEED:
        return ""
    try:
        settings = _settings(header)
    except (VClampError, KeyError):
        return ""
    if settings is None or len(settings) > MOST_SETTINGS:
        return ""
    name, cell = header.protocol.name, header.rig.cell.name
    parts = ["vclamp run", quote(name), "--cell", quote(cell), "--seed", str(header.seed)]
    parts += [f"--set {quote(each)}" for each in settings]
    return " ".join([*parts, "-o", quote(f"{name}.vclamp")])


def was_changed(recording: Recording) -> bool:
    """Whether the rig was changed while it ran."""
    return any(sweep.changes or sweep.rig != recording.header.rig for sweep in recording.sweeps)


def _settings(header: Header) -> list[str] | None:
    """PATH=VALUE for all that differs from the shipped files.

    None where setting it does not give the same, or would tell what an exam asks for.

    Raises
    ------
    KeyError
        If no cell or protocol of that name is shipped.
    """
    rig: Rig = load_rig(paths.shipped(paths.CELLS)[header.rig.cell.name])
    protocol: Protocol = load_protocol(paths.shipped(paths.PROTOCOLS)[header.protocol.name])
    settings = []
    for path, value in differing(rig, header.rig):
        if not may_be_written(path, header.rig):
            return None
        rig = with_value(rig, path, value, "")
        settings.append(f"{path}={_text(value)}")
    for path, value in differing(protocol, header.protocol):
        protocol = with_value(protocol, path, value, "")
        settings.append(f"protocol.{path}={_text(value)}")
    return settings if (rig, protocol) == (header.rig, header.protocol) else None


def differing(mine: object, other: object) -> list[tuple[str, Any]]:
    """Plain values by their dotted paths, as they are in the other."""
    before = dict(items(mine))
    after = dict(items(other))
    plain = bool | int | float | str
    return [(path, v) for path, v in after.items() if path in before and before[path] != v and isinstance(v, plain)]


def _text(value: Any) -> str:
    """A value as TOML, and the command line, write it."""
    return json.dumps(value, ensure_ascii=False)
