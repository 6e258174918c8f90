"""What an ABF file says of its stimulus and of its sweeps, as pyabf reads it in a process of its own."""

import struct
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path, PureWindowsPath
from typing import Any

from vclamp.errors import VClampError
from vclamp.model.limits import MAX_SWEEPS
from vclamp.model.segments import MAX_VALUES
from vclamp.storage import aside
from vclamp.storage.aside import AGAIN, Answer
from vclamp.storage.signals import converted, role

_HEADER_BYTES = 6144  # of ABF 1 since version 1.6
_SECTIONS = range(76, 364, 16)  # of the table of an ABF 2 file
_DATA = 10  # its place in that table
_VARIABLE = 1  # nOperationMode


@dataclass(frozen=True)
class Epoch:
    """A column of Clampex' waveform table; times in samples, steps from sweep to sweep."""

    name: str
    type: str  # as pyabf calls it: Step, Ramp, Pulse, Tri, Cos, BiPhsc
    level: float
    level_step: float
    samples: int
    samples_step: int
    period: int
    width: int


@dataclass(frozen=True)
class Stimulus:
    """What one DAC of an ABF file played: `epochs`, or the numbers of `file` times `scale` plus `offset`."""

    fs_kHz: float
    n_sweeps: int
    n_samples: int
    interval_ms: float  # start to start; 0 if as soon as possible
    unit: str
    hold: float
    stays: bool  # between sweeps at the last epoch's level
    epochs: tuple[Epoch, ...]
    file: str
    scale: float
    offset: float
    left_out: tuple[str, ...]  # what else it played


def read_stimulus(path: Path, dac: int | None = None) -> Stimulus:
    """The stimulus of a DAC, of the first that is on unless told.

    Raises
    ------
    VClampError
        If the file is damaged, or holds no such stimulus.
    """
    said = aside.ask("abf", path, "stimulus", *_of(dac)).said
    epochs = tuple(Epoch(**epoch) for epoch in said.pop("epochs"))
    return Stimulus(**{**said, "epochs": epochs, "left_out": tuple(said["left_out"])})


def read_command(path: Path, dac: int | None = None) -> list[list[float]]:
    """Every sample of every sweep of a DAC's epochs, as pyabf draws them.

    Raises
    ------
    VClampError
        If there are too many.
    """
    command: list[list[float]] = aside.ask("abf", path, "command", *_of(dac)).said
    return command


def read_first_sweep(path: Path) -> list[float]:
    """What the first channel recorded in the first sweep.

    Raises
    ------
    VClampError
        If the file is damaged.
    """
    sweep: list[float] = aside.ask("abf", path, "first").said
    return sweep


def _of(dac: int | None) -> tuple[str, ...]:
    return () if dac is None else (str(dac),)


# ---- in the other process --------------------------------------------------------------------------------------


def answer(path: Path, what: str, dac: str = "") -> Answer:
    """What a file says of its stimulus, or its sweeps ("recording"); anything may be raised on the way."""
    from pyabf import ABF
    from pyabf.waveform import EpochTable

    with path.open("rb") as file:
        raw = file.read(_HEADER_BYTES)
    _check_sizes(raw, path.stat().st_size)
    abf = ABF(str(path), loadData=False)
    _check_sweeps(abf)
    if what == "first":
        abf.setSweep(0)
        return Answer([float(value) for value in abf.sweepY])
    if what == "recording":
        return _recording(ABF(str(path)))
    chosen = int(dac) if dac else None
    facts = _facts_1(abf, raw, chosen) if abf.abfVersion["major"] == 1 else _facts_2(abf, chosen)
    plays, number = facts.pop("plays"), facts.pop("dac")
    table = EpochTable(abf, number)
    if abf.abfVersion["major"] == 1:
        _add_trains(table.epochs, number, raw)
        table.epochWaveformsBySweep = table.getEpochWaveformsBySweep(abf)
    if what == "command":
        if abf.sweepCount * abf.sweepPointCount > MAX_VALUES:
            raise VClampError(
                f"its epochs can only be kept as samples, of which there are more than {MAX_VALUES:,}",
                remedy="Import a file with fewer or shorter sweeps.",
            )
        return Answer([wave.getWaveform()[: abf.sweepPointCount].tolist() for wave in table.epochWaveformsBySweep])
    facts["file"] = facts["file"] if plays == 2 else ""
    said = {
        **facts,
        "n_sweeps": abf.sweepCount,
        "n_samples": abf.sweepPointCount,
        "hold": float(abf.holdingCommand[number]),
        "stays": bool(table.returnToHold) and plays == 1,
        "epochs": [_epoch(epoch) for epoch in table.epochs if plays == 1],
    }
    return Answer(said)


def _recording(abf: Any) -> Answer:
    """Every sweep of every channel whose unit is of voltage or current."""
    n, sweeps = abf.sweepPointCount, range(abf.sweepCount)
    traces: dict[str, int] = {}
    arrays: list[Any] = []
    left_out = []
    for name, unit, values in zip(abf.adcNames, abf.adcUnits, abf.data, strict=False):
        known = converted(values.astype(float), unit)
        if known is None:
            left_out.append(f"{name} ({unit})")
            continue
        traces[role(name, known[0], traces)] = len(arrays)
        arrays += [known[1][sweep * n : (sweep + 1) * n] for sweep in sweeps]
    number = _chosen(None, _enabled(abf))
    unit = abf.dacUnits[number].partition("\0")[0] if number < len(abf.dacUnits) else ""
    commands_current = (converted(abf.data[0][:0], unit) or ("",))[0] == "pA"
    run = {
        "fs_kHz": abf.dataRate / 1e3,
        "sweeps": [{trace: first + sweep for trace, first in traces.items()} for sweep in sweeps],
        "mode": "current-clamp" if "v_mV" in traces and (commands_current or "i_pA" not in traces) else "voltage-clamp",
        # by the clock of the machine that recorded it, whose time zone the file does not tell
        "started_utc": abf.abfDateTime.replace(tzinfo=UTC).isoformat(timespec="milliseconds"),
        "note": " ".join(filter(None, (abf.abfFileComment, *abf.tagComments))).strip(),
        "notes": [f"Left out, in no unit of voltage or current: {', '.join(left_out)[:500]}."] if left_out else [],
    }
    return Answer({"runs": [run]}, tuple(arrays))


def _check_sizes(raw: bytes, size: int) -> None:
    """Refuse what claims to hold more than the file does, before anybody makes room for it."""
    if raw[:4] == b"ABF2":
        parts = [struct.unpack_from("<IIq", raw, place) for place in _SECTIONS]
        n_sweeps, n_numbers = struct.unpack_from("<I", raw, 12)[0], parts[_DATA][2]
    elif raw[:4] == b"ABF ":
        if len(raw) < _HEADER_BYTES or struct.unpack_from("<i", raw, 40)[0] * 512 < _HEADER_BYTES:
            raise VClampError("is cut off, or of a version before 1.6", remedy="Save it in a newer version of Clampex.")
        n_numbers, n_sweeps = struct.unpack_from("<i", raw, 10)[0], struct.unpack_from("<i", raw, 16)[0]
        data, tags, n_tags = struct.unpack_from("<3i", raw, 40)
        parts = [(data, 2, n_numbers), (tags, 64, n_tags)]
    else:
        raise VClampError("is no ABF file", remedy="Give a recording of Clampex, or an ATF file.")
    for block, each, count in parts:
        if count < 0 or (count and (each == 0 or block < 0 or block * 512 + each * count > size)):
            raise VClampError("is damaged or cut off: its header tells of more than it holds", remedy=AGAIN)
    aside.check_room(n_numbers)
    if n_sweeps > MAX_SWEEPS:
        raise VClampError(f"has {n_sweeps:,} sweeps", remedy=f"At most {MAX_SWEEPS:,} can be imported.")
    if not 0 <= n_sweeps <= n_numbers:
        raise VClampError(f"tells of {n_sweeps:,} sweeps but {n_numbers:,} samples", remedy="Import another file.")


def _check_sweeps(abf: Any) -> None:
    """Refuse sweeps that are not there or differ in length."""
    if min(abf.sweepCount, abf.sweepPointCount, abf.channelCount) < 1:
        raise VClampError("holds no sweeps", remedy="Import another file.")
    lengths = abf._synchArraySection.lLength if hasattr(abf, "_synchArraySection") else ()
    if abf.nOperationMode == _VARIABLE or len({*lengths}) > 1:
        remedy = "Import an episodic recording."
        raise VClampError("has sweeps of different lengths, each begun by an event", remedy=remedy)


def _enabled(abf: Any) -> list[int]:
    """Whether each DAC is on."""
    return list((abf._headerV1 if abf.abfVersion["major"] == 1 else abf._dacSection).nWaveformEnable)


def _chosen(dac: int | None, enabled: list[int]) -> int:
    """The DAC that is asked for, else the first that is on, else the first."""
    if dac is not None and not 0 <= dac < len(enabled):
        raise VClampError(f"has no DAC {dac}", remedy=f"It has 0 to {len(enabled) - 1}.")
    return dac if dac is not None else next((number for number, on in enumerate(enabled) if on), 0)


def _facts_1(abf: Any, raw: bytes, dac: int | None) -> dict[str, Any]:
    """Of ABF 1, whose holding levels, intervals, trains and lists pyabf leaves out."""
    header = abf._headerV1
    number = _chosen(dac, _enabled(abf))
    abf.holdingCommand = list(struct.unpack_from("<4f", raw, 1394))
    left_out = {
        "user list": any(struct.unpack_from("<4h", raw, 3360)),
        "conditioning train": struct.unpack_from("<2h", raw, 3260)[number],
    }
    return {
        "dac": number,
        "plays": header.nWaveformSource[number] if header.nWaveformEnable[number] else 0,
        "fs_kHz": 1e3 / (_meant(header.fADCSampleInterval) * abf.channelCount),
        "interval_ms": 1e3 * _meant(struct.unpack_from("<f", raw, 178)[0]),
        "unit": abf.dacUnits[number].partition("\0")[0].strip(),
        "file": PureWindowsPath(header.sDACFilePath[number].partition("\0")[0]).name,
        "scale": header.fDACFileScale[number],
        "offset": header.fDACFileOffset[number],
        "left_out": [what for what, on in left_out.items() if on],
    }


def _meant(value: float) -> float:
    """The shortest decimal that a 32-bit float can stand for: 0.2 and not 0.20000000298."""
    return float(f"{value:.7g}")


def _facts_2(abf: Any, dac: int | None) -> dict[str, Any]:
    """Of ABF 2."""
    section, strings = abf._dacSection, abf._stringsSection._indexedStrings
    number = _chosen(dac, _enabled(abf))
    left_out = {
        "user list": any(abf.userListEnable),
        "conditioning train": section.nConditEnable[number],
        "P/N leak subtraction": section.nLeakSubtractType[number],
    }
    return {
        "dac": number,
        "plays": section.nWaveformSource[number] if section.nWaveformEnable[number] else 0,
        "fs_kHz": 1e3 / _meant(abf._protocolSection.fADCSequenceInterval),
        "interval_ms": 1e3 * _meant(abf._protocolSection.fEpisodeStartToStart),
        "unit": strings[section.lDACChannelUnitsIndex[number]],
        "file": PureWindowsPath(strings[section.lDACFilePathIndex[number]]).name,
        "scale": section.fDACFileScale[number],
        "offset": section.fDACFileOffset[number],
        "left_out": [what for what, on in left_out.items() if on],
    }


def _add_trains(epochs: Any, dac: int, raw: bytes) -> None:
    """Give epochs of ABF 1 the periods and widths of their trains, where pyabf does not look."""
    for epoch in epochs:
        place = 4 * (10 * dac + epoch.epochNumber)
        epoch.pulsePeriod, epoch.pulseWidth = (struct.unpack_from("<i", raw, at + place)[0] for at in (2136, 2216))


def _epoch(epoch: Any) -> dict[str, Any]:
    return {
        "name": epoch.epochLetter,
        "type": epoch.epochTypeStr if epoch.epochTypeStr != "Unknown" else f"type {epoch.epochType}",
        "level": epoch.level,
        "level_step": epoch.levelDelta,
        "samples": epoch.duration,
        "samples_step": epoch.durationDelta,
        "period": epoch.pulsePeriod,
        "width": epoch.pulseWidth,
    }
