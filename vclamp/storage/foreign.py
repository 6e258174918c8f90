"""Recordings of other programs, as far as their files tell: the traces, and what was commanded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.amplifier import Amplifier
from vclamp.model.protocol import Protocol
from vclamp.model.record import About, Header, Recording, Sweep
from vclamp.model.rig import Cell, Rig
from vclamp.storage import aside, stimulus
from vclamp.storage.commanded import commanded, held, is_stepped, with_marks
from vclamp.storage.database import storable

Array = NDArray[np.float64]
Mode = Literal["voltage-clamp", "current-clamp"]

READERS = {".abf": "abf", ".nwb": "icephys", ".atf": "texts", ".csv": "texts", ".txt": "texts"}
CM_pF = 20.0  # of the cell that stands for one of which nothing is known
_AWAY_mV = 5.0  # from its command, where a voltage is not clamped
_UNNAMED = ("", "N/A", "NA", "na", "none")


def read(path: Path) -> tuple[Recording, ...]:
    """The runs in a file of another program: one, but of NWB one for each electrode and stimulus.

    Their rig is a cell without channels under the file's name; their protocol is what was commanded as far as
    that is known, else holding at 0, of which the note tells. Traces are command_mV, i_pA and v_mV, then further
    voltages and currents under their own names.

    Raises
    ------
    VClampError
        If the file is damaged, too large, or holds nothing of the kind.
    """
    path = Path(path)
    found = aside.ask(READERS[path.suffix.lower()], path, "recording")
    recordings = []
    for run in found.said["runs"]:
        sweeps = [{name: found.arrays[at] for name, at in sweep.items()} for sweep in run["sweeps"]]
        try:
            recordings.append(_recording(path, run, sweeps))
        except VClampError as error:
            raise VClampError(error.what, where=path.name, remedy=error.remedy) from None
    return tuple(recordings)


def _recording(path: Path, run: dict[str, Any], sweeps: list[dict[str, Array]]) -> Recording:
    if not sweeps or not all(sweeps) or any(trace.size == 0 for sweep in sweeps for trace in sweep.values()):
        raise VClampError("has sweeps without samples", remedy="Open another file.")
    mode, notes = _mode(run, sweeps), list(run["notes"])
    stem = storable(path.stem) or "recording"
    name = (run.get("name", "") if run.get("name", "") not in _UNNAMED else stem)[:80]
    lengths = [min(trace.size for trace in sweep.values()) for sweep in sweeps]
    sweeps = [{key: trace[:n] for key, trace in each.items()} for each, n in zip(sweeps, lengths, strict=True)]
    protocol, why_not = _protocol(path, name, run, mode, sweeps)
    if why_not:
        notes.append(f"{why_not} The protocol only holds at 0.")
    elif mode == "voltage-clamp" and "command_mV" not in sweeps[0]:
        sweeps = [{"command_mV": protocol.command_mV(k), **sweep} for k, sweep in enumerate(sweeps)]
    elif mode == "current-clamp" and "command_pA" not in sweeps[0]:
        sweeps = [{**sweep, "command_pA": protocol.course(k).command_pA} for k, sweep in enumerate(sweeps)]
    rig = Rig(Cell(stem[:80], CM_pF), amplifier=Amplifier(mode=mode))
    note = " ".join(filter(None, (run.get("note", ""), *notes)))
    return Recording(
        Header(rig, protocol, 0, ""),
        tuple(_sweep(k, sweep, mode, rig) for k, sweep in enumerate(sweeps)),
        about=About(started_utc=run.get("started_utc", ""), name=name, note=note[:10_000], source=storable(path.name)),
    )


def _mode(run: dict[str, Any], sweeps: list[dict[str, Array]]) -> Mode:
    """What was clamped; where the file does not tell, that which was made of steps, else the voltage.

    A signal that was commanded is given its name.
    """
    if "mode" in run:
        mode: Mode = run["mode"]
        return mode
    has = set.intersection(*map(set, sweeps))
    if "command_pA" in has or "i_pA" not in has:
        return "current-clamp"
    if "v_mV" not in has:
        return "voltage-clamp"
    currents, voltages = ([sweep[name] for sweep in sweeps] for name in ("i_pA", "v_mV"))
    commands = [sweep["command_mV"] for sweep in sweeps] if "command_mV" in has else None
    if is_stepped(voltages if commands is None else commands):
        clamped, signals = "command_mV", commands or voltages
    elif is_stepped(currents) and (commands is None or _strays(voltages, commands)):
        clamped, signals = "command_pA", currents
    else:
        return "voltage-clamp"
    for sweep, signal in zip(sweeps, signals, strict=True):
        sweep[clamped] = signal
    return "current-clamp" if clamped == "command_pA" else "voltage-clamp"


def _strays(voltages: Sequence[Array], commands: Sequence[Array]) -> bool:
    """Whether voltages move that no command moves: it stays where it is, or follows them."""
    if any(np.ptp(command) for command in commands):
        return all(map(np.array_equal, voltages, commands))
    return any(np.abs(v - command).max() > _AWAY_mV for v, command in zip(voltages, commands, strict=True))


def _protocol(
    path: Path, name: str, run: dict[str, Any], mode: Mode, sweeps: Sequence[dict[str, Array]]
) -> tuple[Protocol, str]:
    """What was commanded, or holding and a sentence why that is not known."""
    lengths = [next(iter(sweep.values())).size for sweep in sweeps]
    data = {"name": name, "fs_kHz": run["fs_kHz"], **_interval(run, lengths)}
    trace = "command_mV" if mode == "voltage-clamp" else "command_pA"
    try:
        if path.suffix.lower() == ".abf":
            protocol = stimulus.read_protocol(path)
            if protocol.commands_current != (mode == "current-clamp"):
                return held(data, lengths), "What was commanded is not known."
            return with_marks(protocol), ""
        if all(trace in sweep for sweep in sweeps):
            return with_marks(commanded(data, [sweep[trace] for sweep in sweeps], trace[-2:])), ""
    except VClampError as error:
        what = f"What was commanded cannot be played here: it {error.what[:300].rstrip('.')}."
        return held(data, lengths), what
    return held(data, lengths), "What was commanded is not known."


def _interval(run: dict[str, Any], lengths: list[int]) -> dict[str, Any]:
    """The time from sweep to sweep, where it is always the same and the sweeps fit into it."""
    starts_ms = np.array(run.get("starts_ms", ()))
    if starts_ms.size < 2:
        return {"between": "interval"}
    steps = np.diff(starts_ms)
    lasting, mean = max(lengths) / run["fs_kHz"], float(steps.mean())
    even = np.ptp(steps) <= 1e-3 * abs(mean) and lasting <= mean * (1.0 + 1e-9) and mean <= 3.6e7
    return {"between": "interval", **({"interval_ms": max(float(f"{mean:.9g}"), lasting)} if even else {})}


def _sweep(index: int, traces: dict[str, Array], mode: Mode, rig: Rig) -> Sweep:
    """A sweep with the traces that one of ours has, in their order.

    In current clamp the current is the injected one, and what would be commanded is the voltage there is.
    """
    own = dict(traces)
    injected = own.pop("command_pA", None)
    if injected is not None:
        own.setdefault("i_pA", injected)
    if mode == "voltage-clamp":
        own.setdefault("command_mV", np.zeros(next(iter(traces.values())).size))
    elif "v_mV" in own:
        own["command_mV"] = own["v_mV"]
    names = sorted(own, key=lambda name: ("command_mV", "v_mV", "i_pA", name).index(name))
    values = np.array([own[name] for name in names])
    values.setflags(write=False)
    return Sweep(index, tuple(names), values, start=(), rig=rig)
