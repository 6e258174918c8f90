"""CSV: one long tidy table, one row a sample, numbers that read back to the same bits."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.record import Array, Recording, Sweep
from vclamp.storage.safely import Progress, unheard

BLOCK = 50_000  # rows that are text, or in memory, at once


@dataclass(frozen=True, eq=False)
class Piece:
    """Some rows of the table: samples of one sweep; `times_ms` and every trace in the order of its columns.

    A trace that only other sweeps have is empty.
    """

    run: int
    sweep: int
    times_ms: Array
    traces: tuple[Array, ...]


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write every sweep under the columns sweep, time_ms and the names of its traces.

    Several runs are told apart by a first column "run", from 1. A trace that only other sweeps have leaves its
    cells empty.
    """
    several = len(recordings) > 1
    traces = trace_columns(recordings)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(_heading(traces, several))
        for piece in pieces(recordings, traces, BLOCK, progress):
            begins = ",".join(_numbers(piece, several))
            cells = [map(repr, c.tolist()) if c.size else repeat("") for c in (piece.times_ms, *piece.traces)]
            rows = zip(*cells, strict=False)  # as long as the times
            file.writelines(f"{begins},{','.join(row)}\n" for row in rows)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly the traces of these recordings."""
    several = len(recordings) > 1
    traces = trace_columns(recordings)
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        same = next(rows, None) == _heading(traces, several)
        for piece in pieces(recordings, traces, BLOCK, progress):
            same = same and _holds(list(islice(rows, piece.times_ms.size)), _numbers(piece, several), piece)
        if not same or next(rows, None) is not None:
            raise VClampError("does not read back to what was written", where=path.name)


def trace_columns(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """The names of all traces, in the order in which they appear."""
    names = {sweep.names: None for recording in recordings for sweep in recording.sweeps}
    return tuple(dict.fromkeys(name for each in names for name in each))


def pieces(
    recordings: Sequence[Recording], traces: Sequence[str], most: int, progress: Progress = unheard
) -> Iterator[Piece]:
    """All rows of the table, at most so many at a time; tells how far it is."""
    n_rows = max(sum(sweep.values.shape[1] for each in recordings for sweep in each.sweeps), 1)
    done = 0
    for run, recording in enumerate(recordings, 1):
        for sweep in recording.sweeps:
            n_samples = sweep.values.shape[1]
            for first in range(0, n_samples, most):
                last = min(first + most, n_samples)
                yield _piece(run, sweep, (first, last), traces, recording.header.protocol.fs_kHz)
                done += last - first
                progress(done / n_rows)


def _piece(run: int, sweep: Sweep, samples: tuple[int, int], traces: Sequence[str], fs_kHz: float) -> Piece:
    rows = {name: row for row, name in enumerate(sweep.names)}
    times_ms = np.arange(*samples) / fs_kHz
    found = (sweep.values[rows[n], slice(*samples)] if n in rows else np.empty(0) for n in traces)
    return Piece(run, sweep.index, times_ms, tuple(found))


def _numbers(piece: Piece, several: bool) -> list[str]:
    return [str(piece.run), str(piece.sweep)] if several else [str(piece.sweep)]


def _heading(traces: tuple[str, ...], several: bool) -> list[str]:
    return [_harmless(name) for name in (*(["run"] if several else []), "sweep", "time_ms", *traces)]


def _harmless(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _holds(rows: list[list[str]], numbers: list[str], piece: Piece) -> bool:
    """Whether rows of text say this piece, bit for bit."""
    columns = (piece.times_ms, *piece.traces)
    n = len(numbers)
    if len(rows) != piece.times_ms.size or {len(row) for row in rows} != {n + len(columns)}:
        return False
    cells = list(zip(*rows, strict=True))
    return all(set(found) == {number} for found, number in zip(cells[:n], numbers, strict=True)) and all(
        _says(text, column) for text, column in zip(cells[n:], columns, strict=True)
    )


def _says(cells: tuple[str, ...], column: Array) -> bool:
    try:
        return np.array([float(cell) for cell in cells if cell]).tobytes() == column.tobytes()
    except ValueError:
        return False
