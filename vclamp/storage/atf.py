"""Axon Text Format: the command of a protocol as a stimulus file that Clampex plays, one column a sweep."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.storage.safely import write_safely

MAX_NUMBERS = 20_000_000
_SIGNAL = "Cmd 0"


def export_command(protocol: Protocol, path: Path, *, overwrite: bool = False) -> None:
    """Write the command of every sweep in the order in which they are played.

    Sweeps shorter than the longest go on at what is commanded after them. What is played beside the sweeps (legs of
    leak subtraction, conditioning pulses) is no part of it.

    Raises
    ------
    VClampError
        If the protocol commands both voltage and current, is too long for a text file, or the file cannot be written.
    """
    if path.suffix.lower() != ".atf":
        raise VClampError("is no name of a command file", where=path.name, remedy="It must end in .atf.")
    n = max(protocol.n_samples(sweep) for sweep in range(protocol.total_sweeps))
    if n * protocol.total_sweeps > MAX_NUMBERS:
        what = f"its command has {n * protocol.total_sweeps:,} samples"
        raise VClampError(what, where=protocol.name, remedy=f"At most {MAX_NUMBERS:,} are written: lower fs_kHz.")
    unit = "pA" if protocol.commands_current else "mV"
    if unit == "pA" and any(np.ptp(protocol.command_mV(sweep)) for sweep in range(protocol.total_sweeps)):
        what = "commands both voltage and current"
        raise VClampError(what, where=protocol.name, remedy="A command file has one of them: split the protocol.")
    values = np.empty((protocol.total_sweeps, n))
    for sweep, row in enumerate(values):
        course = protocol.course(sweep)
        command = course.command_pA if unit == "pA" else course.command_mV
        rest = 0.0 if unit == "pA" else protocol.hold_mV
        row[: command.size] = command
        row[command.size :] = command[-1] if protocol.series.level_between == "last" else rest
    starts_ms = protocol.interval_ms or n / protocol.fs_kHz
    write(path, values, unit, 1.0 / protocol.fs_kHz, protocol.name, starts_ms=starts_ms, overwrite=overwrite)


def write(
    path: Path,
    values: NDArray[np.float64],
    unit: str,
    every_ms: float,
    title: str,
    *,
    starts_ms: float = 0.0,
    overwrite: bool = False,
) -> None:
    """Write waveforms, by sweep and sample; numbers read back to the same bits.

    Raises
    ------
    VClampError
        If the file exists already or the disk refuses it.
    """
    sweeps, n = values.shape
    starts = ",".join(f"{sweep * starts_ms:.3f}" for sweep in range(sweeps))
    comment = "".join(sign if " " <= sign <= "~" and sign not in '"=' else "?" for sign in title)
    header = (
        "AcquisitionMode=Episodic Stimulation",
        f"Comment={comment}",
        f"SweepStartTimesMS={starts}",
        f"SignalsExported={_SIGNAL}",
    )
    signals = "\t".join(['"Signals="', *[f'"{_SIGNAL}"'] * sweeps])
    names = "\t".join(['"Time (s)"', *(f'"Trace #{sweep} ({unit})"' for sweep in range(1, sweeps + 1))])
    rows = np.vstack([np.arange(n) * (every_ms / 1e3), values]).T

    def write_rows(place: Path) -> None:
        with place.open("w", encoding="utf-8", newline="") as file:
            file.write(f"ATF\t1.0\r\n{len(header) + 1}\t{sweeps + 1}\r\n")
            file.writelines(f'"{line}"\r\n' for line in header)
            file.write(f"{signals}\r\n{names}\r\n")
            file.writelines("\t".join(map(repr, row.tolist())) + "\r\n" for row in rows)

    def check(place: Path) -> None:
        read = np.loadtxt(place, delimiter="\t", skiprows=len(header) + 4, ndmin=2, encoding="utf-8")
        if not np.array_equal(read, rows):
            raise VClampError("does not read back as it was written", where=path.name)

    write_safely(path, write_rows, check, overwrite=overwrite)
