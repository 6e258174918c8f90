"""Recordings to files and back: the one table of formats."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.storage import nwb, tables
from vclamp.storage.compare import differences, sweep_differences
from vclamp.storage.database import side_files
from vclamp.storage.safely import refuse_existing, write_safely
from vclamp.storage.session import SUFFIX, Session

T = TypeVar("T")

# An export of any format is smaller than this many times the traces in memory.
ROOM_PER_BYTE = 3


@dataclass(frozen=True)
class Exporter:
    """A file format: `check(recording, path)` raises if the file is not what was written."""

    title: str
    suffix: str
    write: Callable[[Recording, Path], None]
    check: Callable[[Recording, Path], None]


def _write_session(recording: Recording, path: Path) -> None:
    with Session.create(path) as session:
        run = session.add_run(recording.header)
        for sweep in recording.sweeps:
            session.add_sweep(run, sweep)
        session.finish_run(run, recording.finished)


def _check_session(recording: Recording, path: Path) -> None:
    with Session.open(path) as session:
        found = differences(recording, session.recording(session.runs()[0].id))
    if found:
        raise VClampError(f"is not what was written: {found[0]}", where=path.name)


EXPORTERS: dict[str, Exporter] = {
    "nwb": Exporter("Neurodata Without Borders", ".nwb", nwb.write, nwb.check),
    "csv": Exporter("Table of all samples", ".csv", tables.write, tables.check),
    "vclamp": Exporter("VClamp session", SUFFIX, _write_session, _check_session),
}


def export(recording: Recording, path: Path, *, overwrite: bool = False) -> None:
    """Write a recording in the format of the path's ending; the file is whole or absent.

    Raises
    ------
    VClampError
        If the ending is unknown, the file exists already, there is nothing to write or no
        room for it, or the file does not read back to the recording.
    """
    path = Path(path)
    exporter = check_target(path, overwrite=overwrite)
    if not recording.sweeps:
        raise VClampError("the run holds no finished sweep", where=path.name, remedy="Let one finish first.")
    if exporter.suffix == SUFFIX and any(side.exists() for side in side_files(path)):
        raise VClampError("is a session in use", where=path.name, remedy="Use another name.")
    _check_room(recording, path)
    write_safely(
        path,
        lambda place: exporter.write(recording, place),
        lambda place: exporter.check(recording, place),
        overwrite=overwrite,
    )


def check_target(path: Path, *, overwrite: bool) -> Exporter:
    """The exporter for a path.

    Raises
    ------
    VClampError
        If the path's ending is unknown, or it exists already and may not be replaced.
    """
    exporter = _by_ending(path, {e.suffix: e for e in EXPORTERS.values()}, "written")
    refuse_existing(path, overwrite)
    return exporter


def unlike(replayed: Recording, recording: Recording, path: Path) -> list[str]:
    """Where a replayed run differs from the one that was loaded from a file; empty if nowhere.

    NWB holds SI units, so there the comparison is made in them: rounding to and fro is no
    difference.
    """
    if path.suffix.lower() == ".nwb":
        return nwb.same_as(replayed, path)
    return sweep_differences(recording.sweeps, replayed.sweeps)


def load(path: Path) -> tuple[Recording, ...]:
    """Every recording in a file of ours that is not hidden.

    Raises
    ------
    VClampError
        If it cannot be read.
    """
    path = Path(path)
    return _by_ending(path, {SUFFIX: _load_session, ".nwb": _load_nwb}, "read")(path)


def _load_session(path: Path) -> tuple[Recording, ...]:
    with Session.open(path) as session:
        return tuple(session.recording(run.id) for run in session.runs() if not run.hidden)


def _load_nwb(path: Path) -> tuple[Recording, ...]:
    return (nwb.read(path),)


def _by_ending(path: Path, known: dict[str, T], verb: str) -> T:
    found = known.get(path.suffix.lower())
    if found is None:
        raise VClampError(
            f"files ending in '{path.suffix[:20]}' cannot be {verb}",
            where=path.name,
            remedy=f"Use one of: {', '.join(known)}.",
        )
    return found


def _check_room(recording: Recording, path: Path) -> None:
    """Refuse what the disk cannot hold before work is put into it."""
    wanted = ROOM_PER_BYTE * sum(sweep.values.nbytes for sweep in recording.sweeps)
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
