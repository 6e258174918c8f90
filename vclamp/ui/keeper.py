"""Keeps runs in the session file of this sitting; what the disk refuses waits in memory. No Qt."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vclamp.errors import VClampError
from vclamp.model.record import About, Event, Finished, Header, Sweep
from vclamp.ui.saver import Saver

if TYPE_CHECKING:
    from vclamp.storage.session import Session


@dataclass(frozen=True)
class Begun:
    """A run is in the session file, by this number."""

    path: Path
    run: int
    header: Header


@dataclass(frozen=True)
class Saved:
    """A sweep is on disk."""

    path: Path
    sweep: int


@dataclass(frozen=True)
class Unsaved:
    """So many sweeps are in memory only, and why; no reason means that the disk takes everything again."""

    sweeps: int
    why: str


@dataclass
class _Run:
    """A run that is not wholly in the session file yet."""

    header: Header
    about: About
    sweeps: list[Sweep] = field(default_factory=list)
    finished: Finished | None = None
    number: int | None = None  # in the session file
    n_saved: int = 0


class Keeper:
    """Writes what a run says into the session file, and tries again, in order, what could not be written.

    One thread may use it at a time. Trouble with the disk never stops a run.
    """

    def __init__(self, folder: Path, say: Callable[[Begun | Saved | Unsaved], None]) -> None:
        self._folder = folder
        self._say = say
        self._session: Session | None = None
        self._runs: list[_Run] = []
        self._refused = False
        self.saver = Saver()  # for those who do not wait for the disk

    @property
    def path(self) -> Path | None:
        """The session file of this sitting, if there is one yet."""
        return self._session.path if self._session is not None else None

    @property
    def n_unsaved(self) -> int:
        """Sweeps that are in memory only, because the disk refuses them."""
        return sum(len(run.sweeps) - run.n_saved for run in self._runs) if self._refused else 0

    def hear(self, event: Event) -> None:
        """Keep what is to be kept: write it to the disk, or let it wait if that refuses."""
        if isinstance(event, Header):
            now = datetime.now(UTC).isoformat(timespec="milliseconds")  # it may be saved later
            self._runs.append(_Run(event, About(started_utc=now)))
        elif isinstance(event, Sweep):
            self._runs[-1].sweeps.append(event)
        elif isinstance(event, Finished):
            self._runs[-1].finished = event
        else:
            return
        self.save()

    def save(self) -> None:
        """Write everything that waits."""
        try:
            for run in self._runs:
                self._save(run)
        except Exception as error:  # whatever it is, the run goes on and nothing is given up
            self._refused = True
            known = isinstance(error, VClampError)
            self._say(Unsaved(self.n_unsaved, str(error) if known else f"internal error: {error!r}"))
            return
        self._runs = [run for run in self._runs if run.finished is None]
        if self._refused:
            self._refused = False
            self._say(Unsaved(0, ""))

    def go_elsewhere(self, folder: Path) -> None:
        """Go on in a new file in another folder, which gets every run that is not wholly saved from its beginning."""
        left, self._session, self._folder = self._session, None, folder
        for run in self._runs:
            run.number, run.n_saved = None, 0
        if left is not None:
            left.close()
        self.save()

    def amend(self, path: Path, change: Callable[["Session"], Any]) -> Any:
        """Change what a session file says of its runs: that of this sitting, or one that nobody writes to."""
        if self._session is not None and path == self._session.path:
            return change(self._session)
        from vclamp.storage.session import Session

        with Session.open(path, writable=True) as session:
            return change(session)

    def close(self) -> None:
        """Try a last time, and leave one file without side files."""
        if self._runs:
            self.save()
        if self._session is not None:
            self._session.close()

    def _save(self, run: _Run) -> None:
        session = self._open_session()
        if run.number is None:
            run.number = session.add_run(run.header, run.about)
            self._say(Begun(session.path, run.number, run.header))
        while run.n_saved < len(run.sweeps):
            sweep = run.sweeps[run.n_saved]
            session.add_sweep(run.number, sweep)
            run.n_saved += 1
            self._say(Saved(session.path, sweep.index))
        if run.finished is not None:
            session.finish_run(run.number, run.finished)

    def _open_session(self) -> "Session":
        """The session file of this sitting, made when the first run is saved."""
        if self._session is None:
            from vclamp.storage.session import Session, new_session_path

            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                what = f"recordings cannot be kept there ({error.strerror})"
                raise VClampError(what, where=str(self._folder)) from None
            self._session = Session.create(new_session_path(self._folder), exclusive=False)
        return self._session
