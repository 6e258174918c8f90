"""The runs of one file: listed at once, each read when it is wanted. No Qt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, overload

from vclamp.errors import VClampError
from vclamp.model.record import Recording

if TYPE_CHECKING:
    from vclamp.storage.session import RunInfo

SESSION = ".vclamp"
UNENDED = "interrupted"  # a run without a last word


@dataclass(frozen=True)
class Listed:
    """What the list of runs says of one of them; `reason` is how it ended."""

    id: int
    started_utc: str
    protocol: str
    cell: str
    n_sweeps: int
    reason: str
    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def title(self) -> str:
        """Its name, or that of its protocol."""
        return self.name or self.protocol


@dataclass(frozen=True, eq=False)
class Shelf:
    """A file and its runs; those of a file that is no session are read all at once."""

    path: Path
    runs: tuple[Listed, ...] = ()
    recordings: tuple[Recording, ...] = ()

    @property
    def is_session(self) -> bool:
        """Whether runs can be named, noted and hidden in it."""
        return self.path.suffix.lower() == SESSION

    @property
    def newest(self) -> int | None:
        """The last run that is not hidden."""
        seen = [run.id for run in self.runs if not run.hidden]
        return seen[-1] if seen else None

    def run(self, number: int | None) -> Listed | None:
        """What is known of a run."""
        return next((run for run in self.runs if run.id == number), None)

    def recording(self, number: int, sweeps: Collection[int] | None = None) -> Recording:
        """A run, whole or with some of its sweeps; slow, so not for the window's thread."""
        if self.recordings:
            recording = self.recordings[number - 1]
            return recording if sweeps is None else recording.only(sweeps)
        from vclamp.storage.session import Session

        with Session.open(self.path) as session:
            return session.recording(number, sweeps)


class Unread(Sequence[Recording]):
    """Runs of a shelf that are read one after the other, so that a large session needs no large memory."""

    def __init__(self, shelf: Shelf, runs: Sequence[int], sweeps: Collection[int] | None = None) -> None:
        self._shelf, self._runs, self._sweeps = shelf, runs, sweeps
        self._last: tuple[int, Recording] | None = None

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, place: int) -> Recording: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Recording]: ...
    def __getitem__(self, place: int | slice) -> Recording | Sequence[Recording]:
        """The n-th run, with the sweeps that are wanted; the last one read is kept."""
        if isinstance(place, slice):
            return Unread(self._shelf, self._runs[place], self._sweeps)
        run = self._runs[place]
        if self._last is None or self._last[0] != run:
            self._last = (run, self._shelf.recording(run, self._sweeps))
        return self._last[1]


def look_at(path: Path) -> Shelf:
    """What a file holds; slow, so not for the window's thread.

    Raises
    ------
    VClampError
        If it cannot be read.
    """
    if path.suffix.lower() != SESSION:
        from vclamp.storage.recordings import load

        found = load(path)
        return Shelf(path, tuple(_of_recording(n, recording) for n, recording in enumerate(found, 1)), found)
    from vclamp.storage.session import Session

    with Session.open(path) as session:
        return Shelf(path, tuple(map(_of_info, session.runs())))


def read_newest(path: Path) -> tuple[Shelf, int, Recording]:
    """What a file holds, and its newest run; slow, so not for the window's thread.

    Raises
    ------
    VClampError
        If it cannot be read, or holds no run.
    """
    shelf = look_at(path)
    newest = shelf.newest
    if newest is None:
        raise VClampError("holds no runs", where=path.name)
    return shelf, newest, shelf.recording(newest)


def _of_info(run: "RunInfo") -> Listed:
    return Listed(
        id=run.id,
        started_utc=run.started_utc,
        protocol=run.protocol_title,
        cell=run.source or run.cell_title,
        n_sweeps=run.n_sweeps,
        reason=run.finished.reason if run.finished_utc else UNENDED,
        name=run.name,
        note=run.note,
        tags=run.tags,
        hidden=run.hidden,
    )


def _of_recording(number: int, recording: Recording) -> Listed:
    header, about = recording.header, recording.about
    return Listed(
        id=number,
        started_utc=about.started_utc,
        protocol=header.protocol.title,
        cell=about.source if recording.foreign else header.rig.cell.title,
        n_sweeps=len(recording.sweeps),
        reason=recording.finished.reason,
        name=about.name,
        note=about.note,
        tags=about.tags,
    )


def local_time(utc: str, form: str = "%H:%M:%S") -> str:
    """The clock of this place at a time in UTC (ISO 8601), with the date if it is not of today."""
    try:
        moment = datetime.fromisoformat(utc).astimezone()
    except (ValueError, OverflowError):  # in the year 1 or 9999
        return ""
    today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime(form if today else f"%Y-%m-%d {form}")
