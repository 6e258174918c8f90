"""Recordings from files: sessions and NWB files of ours, whole; of other programs, the traces."""

import mmap
from contextlib import suppress
from pathlib import Path

from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.storage import foreign, nwb
from vclamp.storage.compare import sweep_differences
from vclamp.storage.session import SUFFIX, Session


def load(path: Path) -> tuple[Recording, ...]:
    """Every recording in a file that is not hidden; of one that another program wrote, what it tells.

    Raises
    ------
    VClampError
        If it cannot be read.
    """
    path = Path(path)
    readers = {SUFFIX: _load_session, **dict.fromkeys(foreign.READERS, foreign.read), ".nwb": _load_nwb}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise VClampError(
            f"files ending in '{path.suffix[:20]}' cannot be read",
            where=path.name,
            remedy=f"Use one of: {', '.join(readers)}.",
        )
    return read(path)


def unlike(replayed: Recording, recording: Recording, path: Path) -> list[str]:
    """Where a replayed run differs from the one that was loaded from a file; empty if nowhere.

    NWB holds SI units, so there the comparison is made in them: rounding to and fro is no
    difference.
    """
    if path.suffix.lower() == ".nwb":
        return nwb.same_as(replayed, recording)
    return sweep_differences(recording.sweeps, replayed.sweeps)


def _load_session(path: Path) -> tuple[Recording, ...]:
    with Session.open(path) as session:
        return tuple(session.recording(run.id) for run in session.runs() if not run.hidden)


def _load_nwb(path: Path) -> tuple[Recording, ...]:
    return nwb.read(path) if _is_ours(path) else foreign.read(path)


def _is_ours(path: Path) -> bool:
    """Whether an NWB file holds a definition of ours, without trusting a file of someone else to a library."""
    with suppress(OSError, ValueError), path.open("rb") as file:  # which may be empty
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ).find(nwb.DEFINITION.encode()) >= 0
    return False
