"""Recordings to files of every format: the one table of them."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from vclamp.errors import VClampError
from vclamp.model.exam import as_told
from vclamp.model.record import Recording
from vclamp.publish import figure, report
from vclamp.storage import axon_binary, axon_text, nwb, parquet, session, tables
from vclamp.storage.database import side_files
from vclamp.storage.safely import Progress, refuse_existing, unheard, write_safely

# An export of any format is smaller than this many times the traces in memory.
ROOM_PER_BYTE = 3

Recordings = Sequence[Recording]


class Writer(Protocol):
    """Writes recordings to a path, or checks what is there."""

    def __call__(self, recordings: Recordings, path: Path, progress: Progress) -> None: ...


@dataclass(frozen=True)
class Exporter:
    """A file format: `check(recordings, path, progress)` raises if the file is not what was written.

    `many` says whether one file can hold several runs, `hides` that of an exam's cell it holds only what may be told:
    a format that a run can be replayed from holds all, and a figure or a report chooses by itself. Both functions
    tell `progress` the fraction that is done; it raises CancelledError where the user wants no more of it.
    """

    title: str
    suffix: str
    write: Writer
    check: Writer
    many: bool = True
    hides: bool = False


EXPORTERS: dict[str, Exporter] = {
    "nwb": Exporter("Neurodata Without Borders", ".nwb", nwb.write, nwb.check),
    "abf": Exporter("Axon Binary Format 1.83", ".abf", axon_binary.write, axon_binary.check, many=False, hides=True),
    "atf": Exporter("Axon Text Format", ".atf", axon_text.write, axon_text.check, many=False, hides=True),
    "csv": Exporter("Table of all samples", ".csv", tables.write, tables.check, hides=True),
    "parquet": Exporter("Table of all samples, in columns", ".parquet", parquet.write, parquet.check, hides=True),
    "png": Exporter("Figure as a picture", ".png", figure.write, figure.check, many=False),
    "svg": Exporter("Figure as a drawing", ".svg", figure.write, figure.check, many=False),
    "html": Exporter("Lab report for a browser", ".html", report.write, report.check),
    "pdf": Exporter("Lab report for printing", ".pdf", report.write, report.check),
    "vclamp": Exporter("VClamp session", session.SUFFIX, session.write, session.check),
}


def export(
    recordings: Recordings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Progress = unheard,
    exporter: Exporter | None = None,
) -> tuple[Path, ...]:
    """Write recordings in the format of the path's ending; every file is whole or absent.

    Parameters
    ----------
    recordings : sequence of Recording
        One or more; in a format that holds one run a file, they go to files numbered from 1.
    path : Path
        Where the file goes.
    overwrite : bool
        Whether files that are there already may be replaced.
    progress : callable
        Is told the fraction that is done, and may raise CancelledError.
    exporter : Exporter, optional
        What writes and checks; by default that of the path's ending.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    VClampError
        If the ending is unknown, a file exists already, there is nothing to write or no
        room for it, or a file does not read back to the recording.
    CancelledError
        If `progress` raised it; nothing is left of the file under way.
    """
    path = Path(path)
    exporter = exporter or exporter_of(path)
    if not recordings or not all(recording.sweeps for recording in recordings):
        raise VClampError("the run holds no finished sweep", where=path.name, remedy="Let one finish first.")
    recordings = [as_told(each) for each in recordings] if exporter.hides else recordings
    parts = _parts(recordings, path, exporter)
    for target, _ in parts:  # before the first is written
        check_target(target, overwrite=overwrite)
    _check_room(recordings, path)
    for number, (target, some) in enumerate(parts):
        writing, checking = (_half(progress, number, len(parts), begins) for begins in (0.0, 0.5))
        write_safely(
            target,
            partial(exporter.write, some, progress=writing),
            partial(exporter.check, some, progress=checking),
            overwrite=overwrite,
        )
    progress(1.0)
    return tuple(target for target, _ in parts)


def exporter_of(path: Path) -> Exporter:
    """The exporter for a path's ending.

    Raises
    ------
    VClampError
        If it is unknown.
    """
    for exporter in EXPORTERS.values():
        if exporter.suffix == path.suffix.lower():
            return exporter
    raise VClampError(
        f"files ending in '{path.suffix[:20]}' cannot be written",
        where=path.name,
        remedy=f"Use one of: {', '.join(exporter.suffix for exporter in EXPORTERS.values())}.",
    )


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a path of no known format, one that exists already and may not be replaced, and a session in use.

    Raises
    ------
    VClampError
        With the remedy.
    """
    exporter = exporter_of(path)
    refuse_existing(path, overwrite)
    if exporter.suffix == session.SUFFIX and any(map(os.path.exists, side_files(path))):
        raise VClampError("is a session in use", where=path.name, remedy="Use another name.")


def _parts(recordings: Recordings, path: Path, exporter: Exporter) -> list[tuple[Path, Recordings]]:
    """What goes into which file."""
    if exporter.many or len(recordings) == 1:
        return [(path, recordings)]
    return [(path.with_stem(f"{path.stem}-{n}"), [recording]) for n, recording in enumerate(recordings, 1)]


def _half(progress: Progress, number: int, n: int, begins: float) -> Progress:
    """What writing (from 0) or checking (from 0.5) the number-th of n files tells of its own fraction."""
    return lambda done: progress((number + begins + 0.5 * done) / n)


def _check_room(recordings: Recordings, path: Path) -> None:
    """Refuse what the disk cannot hold before work is put into it."""
    wanted = ROOM_PER_BYTE * sum(sweep.values.nbytes for recording in recordings for sweep in recording.sweeps)
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        raise VClampError("there is no such folder", where=str(path.parent)) from None
    if free < wanted:
        raise VClampError(
            f"needs about {wanted / 1e6:,.0f} MB, but only {free / 1e6:,.0f} MB are free",
            where=path.name,
            remedy="Make room, or choose another folder.",
        )
