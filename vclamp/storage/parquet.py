"""Parquet: the same tidy table as in CSV, as columns, with all that made the runs in the file's metadata."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.files import to_full_data
from vclamp.model.record import Array, Recording
from vclamp.storage.safely import Progress, unheard
from vclamp.storage.tables import Piece, pieces, trace_columns
from vclamp.units import unit_of

if TYPE_CHECKING:
    import pyarrow

ROWS = 500_000  # of a row group at most: what is in memory at once
KEY = b"vclamp"  # of the metadata, as JSON


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write every sweep as a row group, under the columns run, sweep, time_ms and the names of its traces.

    Numbers are float64, bit for bit. A trace that a sweep does not have is null there. Each column says its unit;
    the metadata "vclamp" hold every run's rig, protocol and seed as JSON.
    """
    import pyarrow
    from pyarrow import parquet

    traces = trace_columns(recordings)
    schema = _schema(recordings, traces)
    with parquet.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=["run", "sweep"], store_schema=True
    ) as file:
        for piece in pieces(recordings, traces, ROWS, progress):
            file.write_table(pyarrow.table(_columns(piece, pyarrow), schema=schema), row_group_size=ROWS)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly these runs, bit for bit."""
    import pyarrow
    from pyarrow import parquet

    traces = trace_columns(recordings)
    try:
        with parquet.ParquetFile(path) as file:
            same = file.schema_arrow.equals(_schema(recordings, traces), check_metadata=True)
            group = -1
            for group, piece in enumerate(pieces(recordings, traces, ROWS, progress)):
                same = same and group < file.num_row_groups and _holds(file.read_row_group(group), piece)
            same = same and file.num_row_groups == group + 1
    except (pyarrow.ArrowException, OSError) as error:
        raise VClampError(f"cannot be read again ({error})", where=path.name) from None
    if not same:
        raise VClampError("does not read back to what was written", where=path.name)


def described(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """What is known of each run, as plain data: who and when, and all that a replay needs but changes by hand."""
    return [
        {
            "run": number,
            "cell": recording.header.rig.cell.title,
            "protocol": recording.header.protocol.title,
            "fs_kHz": recording.header.protocol.fs_kHz,
            "about": asdict(recording.about),
            "finished": asdict(recording.finished),
            "seed": recording.header.seed,
            "version": recording.header.version,
            "rig_data": to_full_data(recording.header.rig),
            "protocol_data": to_full_data(recording.header.protocol),
        }
        for number, recording in enumerate(recordings, 1)
    ]


def _schema(recordings: Sequence[Recording], traces: Sequence[str]) -> "pyarrow.Schema":
    import pyarrow

    fields = [pyarrow.field(name, pyarrow.int32(), nullable=False) for name in ("run", "sweep")]
    fields += [
        pyarrow.field(name, pyarrow.float64(), metadata={"unit": unit_of(name)}) for name in ("time_ms", *traces)
    ]
    text = json.dumps({"runs": described(recordings)}, ensure_ascii=False)
    return pyarrow.schema(fields, metadata={KEY: text.encode()})


def _columns(piece: Piece, pyarrow: Any) -> list[Any]:
    n = piece.times_ms.size
    numbers = [pyarrow.array(np.full(n, number, np.int32)) for number in (piece.run, piece.sweep)]
    values = [
        pyarrow.array(np.ascontiguousarray(column)) if column.size else pyarrow.nulls(n, pyarrow.float64())
        for column in (piece.times_ms, *piece.traces)
    ]
    return numbers + values


def _holds(table: "pyarrow.Table", piece: Piece) -> bool:
    """Whether a row group is this piece, bit for bit."""
    n = piece.times_ms.size
    run, sweep, *columns = table.columns
    return (
        table.num_rows == n
        and all(bool((found.to_numpy() == number).all()) for found, number in ((run, piece.run), (sweep, piece.sweep)))
        and all(map(_is, columns, (piece.times_ms, *piece.traces)))
    )


def _is(found: "pyarrow.ChunkedArray", column: Array) -> bool:
    if not column.size:
        return bool(found.null_count == len(found))
    return bool(found.null_count == 0 and found.to_numpy().tobytes() == column.tobytes())
