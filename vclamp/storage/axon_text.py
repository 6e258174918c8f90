"""Recordings in Axon Text Format: times, then for every sweep a column of each signal, what was measured first.

Numbers are written so that they read back to the same bits.
"""

from collections.abc import Sequence
from pathlib import Path

from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.storage.atf import MAX_NUMBERS, TextTable, check_table, write_table
from vclamp.storage.axon_traces import described, signals
from vclamp.storage.safely import Progress, unheard


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write a run.

    Raises
    ------
    VClampError
        If its sweeps are not equally long or too long for a text file; before it is begun.
    """
    (recording,) = recordings
    write_table(_table(recording), path, progress)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly the signals of this run."""
    (recording,) = recordings
    check_table(_table(recording), path, progress)


def _table(recording: Recording) -> TextTable:
    protocol, sweeps = recording.header.protocol, recording.sweeps
    lengths = sorted({sweep.values.shape[1] for sweep in sweeps})
    if len(lengths) > 1:
        shortest_ms, longest_ms = lengths[0] / protocol.fs_kHz, lengths[-1] / protocol.fs_kHz
        what = f"its sweeps last {shortest_ms:g} to {longest_ms:g} ms, but columns of an ATF file are equally long"
        raise VClampError(what, where=protocol.name, remedy="Export it as NWB or CSV instead.")
    chosen = signals(recording)
    count = lengths[0] * len(sweeps) * len(chosen)
    if count > MAX_NUMBERS:
        remedy = f"At most {MAX_NUMBERS:,} are written: export fewer sweeps, or use NWB."
        raise VClampError(f"its sweeps have {count:,} samples", where=protocol.name, remedy=remedy)
    each_ms = max(protocol.interval_ms, protocol.period_ms(sweeps[0].index))
    return TextTable(
        comment=f"{protocol.title}; {described(recording)}",
        signals=tuple(signal.name for signal in chosen),
        names=tuple(f"Trace #{n} {s.name} ({s.unit})" for n in range(1, len(sweeps) + 1) for s in chosen),
        columns=tuple(sweep[signal.trace] for sweep in sweeps for signal in chosen),
        every_ms=1.0 / protocol.fs_kHz,
        starts_ms=tuple((sweep.index - sweeps[0].index) * each_ms for sweep in sweeps),
    )
