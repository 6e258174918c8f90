"""CSV: one long tidy table, one row a sample, numbers that read back to the same bits."""

import csv
from collections.abc import Sequence
from itertools import islice, repeat
from pathlib import Path

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.record import Array, Recording, Sweep
from vclamp.storage.safely import Progress, unheard

FIRST_COLUMNS = ("sweep", "time_ms")


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write every sweep under the columns sweep, time_ms and the names of its traces.

    A trace that only other sweeps have leaves its cells empty.
    """
    (recording,) = recordings
    traces = _traces(recording)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(_heading(traces))
        for sweep in recording.sweeps:
            columns = _columns(sweep, traces, recording.header.protocol.fs_kHz)
            cells = [map(repr, c.tolist()) if c.size else repeat("") for c in columns]
            rows = zip(*cells, strict=False)  # as long as time_ms
            file.writelines(f"{sweep.index},{','.join(row)}\n" for row in rows)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly the traces of this recording."""
    (recording,) = recordings
    traces = _traces(recording)
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        same = next(rows, None) == _heading(traces)
        for sweep in recording.sweeps:
            columns = _columns(sweep, traces, recording.header.protocol.fs_kHz)
            same = same and _holds(list(islice(rows, columns[0].size)), sweep.index, columns)
        if not same or next(rows, None) is not None:
            raise VClampError("does not read back to what was written", where=path.name)


def _traces(recording: Recording) -> tuple[str, ...]:
    """The names of all traces, in the order in which they appear."""
    return tuple(dict.fromkeys(name for sweep in recording.sweeps for name in sweep.names))


def _heading(traces: tuple[str, ...]) -> list[str]:
    return [_harmless(name) for name in (*FIRST_COLUMNS, *traces)]


def _harmless(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _columns(sweep: Sweep, traces: tuple[str, ...], fs_kHz: float) -> list[Array]:
    """Times, then every trace; empty for one the sweep does not have."""
    time_ms = np.arange(sweep.values.shape[1]) / fs_kHz
    return [time_ms, *(sweep[n] if n in sweep.names else np.empty(0) for n in traces)]


def _holds(rows: list[list[str]], index: int, columns: list[Array]) -> bool:
    """Whether rows of text say these columns, bit for bit."""
    if len(rows) != columns[0].size or {len(row) for row in rows} != {len(columns) + 1}:
        return False
    numbers, *cells = zip(*rows, strict=True)
    return set(numbers) == {str(index)} and all(
        _says(text, column) for text, column in zip(cells, columns, strict=True)
    )


def _says(cells: tuple[str, ...], column: Array) -> bool:
    try:
        return np.array([float(cell) for cell in cells if cell]).tobytes() == column.tobytes()
    except ValueError:
        return False
