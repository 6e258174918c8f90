"""Files of other programs to text files of ours: channels of NeuroML, protocols of ABF, ATF and tables."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.files import load_channel, load_protocol, to_data, to_toml
from vclamp.model.neuroml import read_neuroml
from vclamp.model.protocol import Protocol
from vclamp.model.segments import Waveform
from vclamp.storage import atf, stimulus
from vclamp.storage.database import storable
from vclamp.storage.safely import refuse_existing, write_text

_INLINE = 200  # values that a text file may hold itself


def import_file(file: Path, output: Path | None, *, part: str | None = None, overwrite: bool = False) -> Iterator[str]:
    """Make text files of a file, one after another, and say what became of it.

    Parameters
    ----------
    file : Path
        A NeuroML 2 file, or one that holds a stimulus.
    output : Path, optional
        Where the text file goes; in this folder under the channel's or the file's name unless told.
    part : str, optional
        Which of the file's channels; the number of a DAC.
    overwrite : bool
        Whether files that are there already may be replaced.

    Raises
    ------
    VClampError
        If the file cannot be expressed, or OUT cannot be written.
    """
    if file.suffix.lower() in stimulus.ENDINGS:
        return _import_protocol(file, output or Path(f"{file.stem}.toml"), part, overwrite)
    return _import_channels(file, output, part, overwrite)


def _import_protocol(file: Path, target: Path, dac: str | None, overwrite: bool) -> Iterator[str]:
    import tomlkit

    if dac is not None and not (dac.isascii() and dac.isdigit() and len(dac) < 5):
        raise VClampError(f"'{dac[:40]}' is no DAC", where="--channel", remedy="Use a number from 0 on.")
    if dac is not None and file.suffix.lower() != ".abf":
        raise VClampError("has no DACs to choose from", where=file.name, remedy="Leave out --channel.")
    _check_target(target, "protocol", overwrite)
    protocol = stimulus.read_protocol(file, None if dac is None else int(dac))
    protocol, made = _with_table(protocol, file, target, overwrite)
    data = to_data(protocol)
    for segment in data["segments"]:
        if segment.get("file"):
            segment.pop("values_mV", None)
            segment.pop("values_pA", None)
    try:
        write_text(
            target, tomlkit.dumps(data), overwrite=overwrite, same=lambda place: load_protocol(place) == protocol
        )
    except VClampError:
        with suppress(OSError):
            if made is not None:
                made.unlink()
        raise
    yield f"{file}: {protocol.n_sweeps} sweeps -> {target}" + (f" and {made}" if made is not None else "")
    if left_out := protocol.note.removeprefix(f"Imported from {storable(file.name)}.").strip():
        yield left_out


def _with_table(protocol: Protocol, file: Path, target: Path, overwrite: bool) -> tuple[Protocol, Path | None]:
    """The protocol with its one long waveform in a file beside it, and that file if it had to be made."""
    number = next((k for k, segment in enumerate(protocol.segments) if isinstance(segment, Waveform)), None)
    if number is None:
        return protocol, None
    waveform = protocol.segments[number]
    assert isinstance(waveform, Waveform)
    values, unit = (waveform.values_mV, "mV") if waveform.values_mV else (waveform.values_pA, "pA")
    assert values is not None  # what makes a waveform one
    if len(values) <= _INLINE:
        return protocol, None
    beside, made = file, None
    if file.suffix.lower() == ".abf" or file.parent.resolve() != target.parent.resolve():
        beside = made = target.with_suffix(".atf")
        columns = np.array(values).reshape(waveform.columns, -1)
        atf.write(beside, columns, unit, waveform.every_ms, protocol.name, overwrite=overwrite)
    segments: list[Any] = list(protocol.segments)
    segments[number] = replace(waveform, file=beside.name)
    return replace(protocol, segments=tuple(segments)), made


def _import_channels(file: Path, output: Path | None, name: str | None, overwrite: bool) -> Iterator[str]:
    found = read_neuroml(file)
    channels = [channel for channel in found if name in (None, channel.name, channel.title)]
    remedy = f"Choose by --channel one of: {', '.join(channel.name for channel in found)[:120]}."
    if not channels:
        raise VClampError(f"holds no channel '{(name or '')[:40]}'", where=file.name, remedy=remedy)
    if output is not None and len(channels) > 1:
        raise VClampError(f"holds {len(channels)} channels and OUT is one", where=file.name, remedy=remedy)
    targets = [output or Path(f"{channel.name}.toml") for channel in channels]
    for target in targets:  # all of them before the first is written
        _check_target(target, "channel", overwrite)
    for channel, target in zip(channels, targets, strict=True):
        _write_channel(channel, target, overwrite)
        yield f"{file}: {channel.title} -> {target}"


def _check_target(target: Path, kind: str, overwrite: bool) -> None:
    if target.suffix != ".toml":
        raise VClampError(f"is no name of a {kind} file", where=target.name, remedy="It must end in .toml.")
    refuse_existing(target, overwrite)


def _write_channel(channel: Channel, target: Path, overwrite: bool) -> None:
    write_text(target, to_toml(channel), overwrite=overwrite, same=lambda place: load_channel(place) == channel)
