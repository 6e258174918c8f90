"""ABF 1.83, the binary file of Clampex: episodic, whole numbers of 16 bits, the command as a table of epochs.

A header of fixed places under Axon's own names, the samples (sweep, sample, channel) from the next block of 512 bytes
on, then the synch array: start and length of every sweep. Each channel has a scale chosen from its data, so that
none clips; 0 stays 0, but in what is farther from it than it varies, such as a concentration. Readers agree on 16
bits only, and pyabf takes the first epoch's level for the holding level, so that epoch is always holding.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording, Sweep
from vclamp.storage.abf import Epoch
from vclamp.storage.axon_traces import LEGS, Signal, ascii_of, described, signals
from vclamp.storage.epochs import INSTEAD, EpochTable, epochs_of
from vclamp.storage.safely import Progress, unheard

Array = NDArray[np.float64]

MAX_CHANNELS = 16
MAX_BYTES = 2**31 - 1  # of samples; what readers count in whole numbers of 32 bits
# of the header's fields, their first byte and their form
FIELDS: dict[str, tuple[int, str]] = {
    "lFileSignature": (0, "4s"), "fFileVersionNumber": (4, "f"), "nOperationMode": (8, "h"),
    "lActualAcqLength": (10, "i"), "lActualEpisodes": (16, "i"), "lFileStartDate": (20, "i"),
    "lFileStartTime": (24, "i"), "fHeaderVersionNumber": (32, "f"), "nFileType": (36, "h"),
    "lDataSectionPtr": (40, "i"), "lSynchArrayPtr": (92, "i"), "lSynchArraySize": (96, "i"), "nDataFormat": (100, "h"),
    "nADCNumChannels": (120, "h"), "fADCSampleInterval": (122, "f"), "fSynchTimeUnit": (130, "f"),
    "lNumSamplesPerEpisode": (138, "i"), "lEpisodesPerRun": (146, "i"), "lRunsPerTrial": (150, "i"),
    "lNumberOfTrials": (154, "i"), "fEpisodeStartToStart": (178, "f"), "fADCRange": (244, "f"), "fDACRange": (248, "f"),
    "lADCResolution": (252, "i"), "lDACResolution": (256, "i"), "nExperimentType": (260, "h"),
    "sCreatorInfo": (294, "16s"), "sFileCommentOld": (310, "56s"), "nFileStartMillisecs": (366, "h"),
    "nADCPtoLChannelMap": (378, "16h"), "nADCSamplingSeq": (410, "16h"), "sADCChannelName": (442, "10s" * 16),
    "sADCUnits": (602, "8s" * 16), "fADCProgrammableGain": (730, "16f"), "fADCDisplayAmplification": (794, "16f"),
    "fInstrumentScaleFactor": (922, "16f"), "fInstrumentOffset": (986, "16f"), "fSignalGain": (1050, "16f"),
    "fSignalLowpassFilter": (1178, "16f"), "sDACChannelName": (1306, "10s" * 4), "sDACChannelUnit": (1346, "8s" * 4),
    "fDACScaleFactor": (1378, "4f"), "fDACHoldingLevel": (1394, "4f"), "fDACCalibrationFactor": (2074, "4f"),
    "nWaveformEnable": (2296, "2h"), "nWaveformSource": (2300, "2h"), "nInterEpisodeLevel": (2304, "2h"),
    "nEpochType": (2308, "20h"), "fEpochInitLevel": (2348, "20f"), "fEpochLevelInc": (2428, "20f"),
    "lEpochInitDuration": (2508, "20i"), "lEpochDurationInc": (2588, "20i"), "fDACFileScale": (2708, "2f"),
    "fTelegraphAdditGain": (4576, "16f"), "sProtocolPath": (4898, "256s"), "sFileComment": (5154, "128s"),
    "nCreatorMajorVersion": (5798, "4h"),  # and minor, bugfix, build
}  # fmt: skip
HEADER_BYTES = 6144
_BLOCK = 512
_RANGE_V = 10.0
_STEPS = 32768
_PRECISION = 2.0**-22  # of two numbers of 32 bits, a level and its step
_SMALLEST = 1e-30  # of what a number of 32 bits can scale
_SYNCH_us = 12.5  # as Clampex has it; doubled where a run is too long for whole numbers of 32 bits
_DAC_PER_VOLT = {"mV": 20.0, "pA": 400.0}
_BYPASS_Hz = 100_000.0
_STEP, _RAMP = 1, 2
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Channel:
    """A signal and its scale: whole numbers are (value - offset) / step."""

    signal: Signal
    offset: float
    scale: float  # V per unit

    @property
    def step(self) -> float:
        """By how much values differ that are one whole number apart."""
        return _RANGE_V / _STEPS / self.scale


@dataclass(frozen=True)
class _Content:
    """What a file says but for the samples."""

    recording: Recording
    table: EpochTable
    channels: tuple[_Channel, ...]
    left_out: tuple[str, ...]

    @property
    def n_bytes(self) -> int:
        """Bytes of all samples."""
        return 2 * len(self.recording.sweeps) * self.table.n_samples * len(self.channels)

    @property
    def synch_block(self) -> int:
        """The block where the synch array begins."""
        return (HEADER_BYTES + self.n_bytes + _BLOCK - 1) // _BLOCK


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write a run: what was measured first, at most sixteen channels, and what was commanded.

    Raises
    ------
    VClampError
        If ten epochs cannot say what was commanded, or the sweeps do not fit into such a file; before it is begun.
    """
    (recording,) = recordings
    content = _content(recording)
    with open(path, "wb") as file:
        file.write(_header(content))
        for number, sweep in enumerate(recording.sweeps):
            progress(number / len(recording.sweeps))
            file.write(
                np.column_stack([_whole(sweep, channel) for channel in content.channels]).astype("<i2").tobytes()
            )
        file.write(bytes(content.synch_block * _BLOCK - file.tell()))
        synch = _synch(content)[1].tobytes()
        file.write(synch + bytes(-len(synch) % _BLOCK))


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds this run's sweeps, to half a step of each channel, and its command."""
    (recording,) = recordings
    content = _content(recording)
    with open(path, "rb") as file:
        raw = file.read(HEADER_BYTES)
        if raw != _header(content):
            raise VClampError("does not read back: its header is not what was written", where=path.name)
        head = {name: struct.unpack_from(f"<{form}", raw, place) for name, (place, form) in FIELDS.items()}
        table = _table(head)
        room = _tolerance(table, len(recording.sweeps))
        for number, sweep in enumerate(recording.sweeps):
            progress(number / len(recording.sweeps))
            _check_sweep(file, head, content, sweep, path.name)
            if np.abs(table.command(number) - _commanded(recording, sweep)).max() > room:
                raise VClampError(f"sweep {sweep.index + 1} reads back with another command", where=path.name)
        file.seek(content.synch_block * _BLOCK)
        if file.read(8 * len(recording.sweeps)) != _synch(content)[1].tobytes():
            raise VClampError("does not read back: its sweeps lie elsewhere", where=path.name)


def _check_sweep(file: BinaryIO, head: dict[str, Any], content: _Content, sweep: Sweep, where: str) -> None:
    """Compare the next sweep of a file with what was recorded, as a reader scales it."""
    n, n_channels = content.table.n_samples, head["nADCNumChannels"][0]
    raw = file.read(2 * n * n_channels)
    whole = np.frombuffer(raw, "<i2") if len(raw) == 2 * n * n_channels else np.empty(0)
    for number, channel in enumerate(content.channels):
        step = head["fADCRange"][0] / head["lADCResolution"][0] / head["fInstrumentScaleFactor"][number]
        values = whole[number::n_channels] * step + head["fInstrumentOffset"][number]
        expected = sweep[channel.signal.trace]
        room = 0.5 * step * (1.0 + 1e-6) + 1e-12 * np.abs(expected).max()
        if values.size != n or not (np.abs(values - expected) <= room).all():
            what = f"sweep {sweep.index + 1} does not read back: {channel.signal.name} differs"
            raise VClampError(what, where=where)


# ---- what goes into a file ---------------------------------------------------------------------------------------


def _content(recording: Recording) -> _Content:
    """What a file will say.

    Raises
    ------
    VClampError
        If no such file can say it.
    """
    table, sweeps = epochs_of(recording), recording.sweeps
    name = recording.header.protocol.name
    for sweep in sweeps:
        if sweep.values.shape[1] != table.n_samples:
            what = f"sweep {sweep.index + 1} has {sweep.values.shape[1]:,} samples, its command {table.n_samples:,}"
            raise VClampError(what, where=name, remedy=INSTEAD)
    chosen = signals(recording, without=("command_", LEGS))[:MAX_CHANNELS]
    traces = {signal.trace for signal in chosen} | {"command_mV"}
    missing = (trace for sweep in sweeps for trace in sweep.names if trace not in traces)
    left_out = dict.fromkeys("legs" if trace.startswith(LEGS) else trace for trace in missing)
    content = _Content(recording, table, tuple(_scaled(sweeps, signal) for signal in chosen), tuple(left_out))
    if content.n_bytes > MAX_BYTES:
        what = f"its samples need {content.n_bytes / 1e9:.1f} GB, but an ABF file holds 2"
        raise VClampError(what, where=name, remedy="Export fewer sweeps a file, or use NWB.")
    return content


def _scaled(sweeps: Sequence[Sweep], signal: Signal) -> _Channel:
    """A channel into whose range a signal just fits in all sweeps; one far from 0 is counted from its middle."""
    low = min(float(sweep[signal.trace].min()) for sweep in sweeps)
    high = max(float(sweep[signal.trace].max()) for sweep in sweeps)
    is_far = max(low, -high) > high - low
    offset = float(np.float32(0.5 * (low + high))) if is_far else 0.0
    reach = max(high - offset, offset - low)
    scale = _RANGE_V * (_STEPS - 1) / _STEPS / reach if reach > _SMALLEST else 1.0
    return _Channel(signal, offset, float(np.float32(scale)))


def _whole(sweep: Sweep, channel: _Channel) -> Array:
    return np.rint((sweep[channel.signal.trace] - channel.offset) / channel.step)


def _header(content: _Content) -> bytes:
    head = bytearray(HEADER_BYTES)
    for name, values in _fields(content).items():
        place, form = FIELDS[name]
        struct.pack_into(f"<{form}", head, place, *(values if isinstance(values, tuple) else (values,)))
    return bytes(head)


def _fields(content: _Content) -> dict[str, Any]:
    """The header's fields that are not 0."""
    recording, table, channels = content.recording, content.table, content.channels
    protocol, n_channels, n_sweeps = recording.header.protocol, len(channels), len(recording.sweeps)
    started = _started(recording)
    comment = ascii_of(described(recording) + (f"; without {', '.join(content.left_out)}" if content.left_out else ""))
    return {
        "lFileSignature": b"ABF ",
        "fFileVersionNumber": 1.83,
        "fHeaderVersionNumber": 1.83,
        "nOperationMode": 5,  # episodic
        "nFileType": 1,
        "lActualAcqLength": content.n_bytes // 2,
        "lActualEpisodes": n_sweeps,
        "lFileStartDate": int(started.strftime("%Y%m%d")),
        "lFileStartTime": (started.hour * 60 + started.minute) * 60 + started.second,
        "nFileStartMillisecs": started.microsecond // 1000,
        "lDataSectionPtr": HEADER_BYTES // _BLOCK,
        "lSynchArrayPtr": content.synch_block,
        "lSynchArraySize": n_sweeps,
        "fSynchTimeUnit": _synch(content)[0],
        "nADCNumChannels": n_channels,
        "fADCSampleInterval": _at_most(1e3 / protocol.fs_kHz / n_channels),
        "lNumSamplesPerEpisode": table.n_samples * n_channels,
        "lEpisodesPerRun": n_sweeps,
        "lRunsPerTrial": 1,
        "lNumberOfTrials": 1,
        "fEpisodeStartToStart": _at_most(_start_to_start_ms(protocol, recording.sweeps[0].index) / 1e3),
        "nExperimentType": 1 if table.unit == "pA" else 0,
        "sCreatorInfo": _text("VClamp", 16),
        "nCreatorMajorVersion": _version(recording.header.version),
        "sFileCommentOld": _text(comment, 56),
        "sFileComment": _text(comment, 128),
        "sProtocolPath": _text(ascii_of(protocol.name)[:250] + ".pro", 256),
        **_inputs(channels),
        **_output(table),
    }


def _inputs(channels: tuple[_Channel, ...]) -> dict[str, Any]:
    """The fields of what was recorded."""

    def each(values: Iterator[Any], rest: Any) -> tuple[Any, ...]:
        known = tuple(values)
        return known + (rest,) * (MAX_CHANNELS - len(known))

    return {
        "fADCRange": _RANGE_V,
        "lADCResolution": _STEPS,
        "nADCPtoLChannelMap": tuple(range(MAX_CHANNELS)),
        "nADCSamplingSeq": each(iter(range(len(channels))), -1),
        "sADCChannelName": each((_text(name, 10) for name in _names(channels)), _text("", 10)),
        "sADCUnits": each((_text(channel.signal.unit, 8) for channel in channels), _text("", 8)),
        "fInstrumentScaleFactor": each((channel.scale for channel in channels), 1.0),
        "fInstrumentOffset": each((channel.offset for channel in channels), 0.0),
        "fSignalLowpassFilter": (_BYPASS_Hz,) * MAX_CHANNELS,
        **dict.fromkeys(
            ("fADCProgrammableGain", "fADCDisplayAmplification", "fSignalGain", "fTelegraphAdditGain"),
            (1.0,) * MAX_CHANNELS,
        ),
    }


def _output(table: EpochTable) -> dict[str, Any]:
    """The fields of what was commanded."""

    def each(fact: Callable[[Epoch], Any]) -> tuple[Any, ...]:
        known = tuple(fact(epoch) for epoch in table.epochs)
        return known + (0,) * (20 - len(known))

    levels = [level for epoch in table.epochs for level in (epoch.level, epoch.level_step)]
    per_volt = max(_DAC_PER_VOLT[table.unit], max(map(abs, levels)) / _RANGE_V)
    return {
        "fDACRange": _RANGE_V,
        "lDACResolution": _STEPS,
        "sDACChannelName": tuple(_text(f"Cmd {number}", 10) for number in range(4)),
        "sDACChannelUnit": (_text(table.unit, 8), *(_text("mV", 8),) * 3),
        "fDACScaleFactor": (per_volt,) * 4,
        "fDACHoldingLevel": (table.hold, 0.0, 0.0, 0.0),
        "fDACCalibrationFactor": (1.0,) * 4,
        "fDACFileScale": (1.0, 1.0),
        "nWaveformEnable": (1, 0),
        "nWaveformSource": (1, 0),
        "nInterEpisodeLevel": (int(table.stays), 0),
        "nEpochType": each(lambda epoch: _STEP if epoch.type == "Step" else _RAMP),
        "fEpochInitLevel": each(lambda epoch: epoch.level),
        "fEpochLevelInc": each(lambda epoch: epoch.level_step),
        "lEpochInitDuration": each(lambda epoch: epoch.samples),
        "lEpochDurationInc": each(lambda epoch: epoch.samples_step),
    }


def _table(head: dict[str, Any]) -> EpochTable:
    """The epochs that a header tells of."""
    keys = ("nEpochType", "fEpochInitLevel", "fEpochLevelInc", "lEpochInitDuration", "lEpochDurationInc")
    kinds = {_STEP: "Step", _RAMP: "Ramp"}
    epochs = tuple(
        Epoch("", kinds[kind], level, level_step, samples, samples_step, period=0, width=0)
        for kind, level, level_step, samples, samples_step in zip(*(head[key] for key in keys), strict=True)
        if kind
    )
    n_samples = head["lNumSamplesPerEpisode"][0] // head["nADCNumChannels"][0]
    unit = head["sDACChannelUnit"][0].decode().strip()
    return EpochTable(unit, head["fDACHoldingLevel"][0], bool(head["nInterEpisodeLevel"][0]), n_samples, epochs)


def _commanded(recording: Recording, sweep: Sweep) -> Array:
    """What the amplifier was told in a sweep."""
    course, amplifier = recording.header.protocol.course(sweep.index), sweep.rig.amplifier
    return amplifier.bias_pA + course.command_pA if amplifier.clamps_current else course.command_mV


def _tolerance(table: EpochTable, n_sweeps: int) -> float:
    """How far levels and steps of 32 bits may be from what was commanded."""
    reached = [abs(epoch.level) + n_sweeps * abs(epoch.level_step) for epoch in table.epochs]
    return _PRECISION * max([abs(table.hold), *reached])


# ---- small things ------------------------------------------------------------------------------------------------


def _names(channels: tuple[_Channel, ...]) -> list[str]:
    """Names of at most ten signs, each another."""
    names: list[str] = []
    for channel in channels:
        whole = ascii_of(channel.signal.name)
        tried = (whole[:10], *(f"{whole[:7]}~{number}" for number in range(1, MAX_CHANNELS + 1)))
        names.append(next(name for name in tried if name not in names))
    return names


def _text(text: str, size: int) -> bytes:
    """Text as the header has it, filled up with blanks."""
    return text.encode("ascii", "replace")[:size].ljust(size)


def _version(text: str) -> tuple[int, ...]:
    """The first four numbers of a program's version."""
    numbers = [min(int(number), 32767) for number in re.findall(r"\d+", text)]
    return tuple((*numbers, 0, 0, 0, 0)[:4])


def _at_most(value: float) -> float:
    """The largest number of 32 bits that is not above: pyabf cuts off what is above a whole rate in Hz."""
    near = np.float32(value)
    return float(near) if float(near) <= value else float(np.nextafter(near, np.float32(0.0)))


def _start_to_start_ms(protocol: Protocol, sweep: int) -> float:
    return max(protocol.interval_ms, protocol.period_ms(sweep))


def _synch(content: _Content) -> tuple[float, NDArray[np.int32]]:
    """The unit of time in µs; when each sweep began, from the first on, and how many numbers it has."""
    recording, table = content.recording, content.table
    first = recording.sweeps[0].index
    each_us = 1e3 * _start_to_start_ms(recording.header.protocol, first)
    starts_us = np.array([(sweep.index - first) * each_us for sweep in recording.sweeps])
    unit_us = _SYNCH_us
    while np.abs(starts_us).max() / unit_us > 2**31 - 1:
        unit_us *= 2.0
    entries = np.empty((starts_us.size, 2), "<i4")
    entries[:, 0] = np.rint(starts_us / unit_us)
    entries[:, 1] = table.n_samples * len(content.channels)
    return unit_us, entries


def _started(recording: Recording) -> datetime:
    """When the first of these sweeps began, in UTC; 1970 if nobody knows."""
    try:
        began = datetime.fromisoformat(recording.about.started_utc)
    except ValueError:
        return _NO_DATE
    began = began.replace(tzinfo=UTC) if began.tzinfo is None else began.astimezone(UTC)
    first = recording.sweeps[0].index
    return began + timedelta(milliseconds=first * _start_to_start_ms(recording.header.protocol, first))
