"""Axon Text Format: a table of text, and the command of a protocol as one that Clampex plays, one column a sweep."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.storage.axon_traces import ascii_of
from vclamp.storage.safely import Progress, unheard, write_safely

Array = NDArray[np.float64]

MAX_NUMBERS = 20_000_000
_SIGNAL = "Cmd 0"
_LINES = 1000  # written at once
_END = "\r\n"


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
    values: Array,
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
    n_sweeps = len(values)
    table = TextTable(
        comment=title,
        signals=(_SIGNAL,),
        names=tuple(f"Trace #{sweep} ({unit})" for sweep in range(1, n_sweeps + 1)),
        columns=tuple(values),
        every_ms=every_ms,
        starts_ms=tuple(sweep * starts_ms for sweep in range(n_sweeps)),
    )
    write_safely(path, partial(write_table, table), partial(check_table, table), overwrite=overwrite)


@dataclass(frozen=True, eq=False)
class TextTable:
    """What an ATF file holds: under `names` as many columns a sweep as there are signals, and the times before them."""

    comment: str
    signals: tuple[str, ...]
    names: tuple[str, ...]
    columns: tuple[Array, ...]
    every_ms: float
    starts_ms: tuple[float, ...]

    @property
    def header(self) -> str:
        """All lines above the numbers."""
        starts = ",".join(f"{start_ms:.3f}" for start_ms in self.starts_ms)
        exported = ",".join(map(_harmless, self.signals)).replace(".", "_")  # pyabf takes "a,b.c" for numbers
        lines = (
            "AcquisitionMode=Episodic Stimulation",
            f"Comment={_harmless(self.comment).replace(',', ';')}",
            f"SweepStartTimesMS={starts}",
            f"SignalsExported={exported}",
        )
        signals = [f'"{_harmless(name)}"' for name in self.signals * len(self.starts_ms)]
        names = [f'"{_harmless(name)}"' for name in self.names]
        every_line = (
            "ATF\t1.0",
            f"{len(lines) + 1}\t{len(self.columns) + 1}",
            *(f'"{line}"' for line in lines),
            "\t".join(['"Signals="', *signals]),
            "\t".join(['"Time (s)"', *names]),
        )
        return "".join(line + _END for line in every_line)

    def blocks(self, progress: Progress) -> Iterator[Array]:
        """The numbers with their times, some lines at a time."""
        n = self.columns[0].size
        for first in range(0, n, _LINES):
            progress(first / n)
            lines = np.arange(first, min(first + _LINES, n))
            yield np.column_stack([lines / (1e3 / self.every_ms), *(column[lines] for column in self.columns)])


def write_table(table: TextTable, path: Path, progress: Progress = unheard) -> None:
    """Write a table as it stands."""
    with path.open("w", encoding="ascii", newline="") as file:
        file.write(table.header)
        for block in table.blocks(progress):
            file.writelines("\t".join(map(repr, row)) + _END for row in block.tolist())


def check_table(table: TextTable, path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless a file holds exactly this table, bit for bit."""
    with path.open(encoding="ascii", newline="") as file:
        same = file.read(len(table.header)) == table.header
        for block in table.blocks(progress):
            same = same and _numbers(list(islice(file, len(block)))) == block.tobytes()
        if not same or file.read(1):
            raise VClampError("does not read back as it was written", where=path.name)


def _numbers(lines: list[str]) -> bytes:
    """The bits of the numbers in whole lines of text; none if they are not numbers."""
    if not all(line.endswith(_END) for line in lines):
        return b""
    try:
        return np.array([list(map(float, line.split("\t"))) for line in lines]).tobytes()
    except ValueError:
        return b""


def _harmless(text: str) -> str:
    """Text that does not end its line, its quotes or its key."""
    return ascii_of(text, forbidden='"=')
