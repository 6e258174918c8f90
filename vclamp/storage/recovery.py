"""What a killed program left behind: sessions that were never closed, and parts of exports."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vclamp.errors import VClampError
from vclamp.storage.database import side_files
from vclamp.storage.safely import tidy
from vclamp.storage.session import INTERRUPTED, SUFFIX, Session


@dataclass(frozen=True)
class Recovered:
    """A session that is closed now, and what it holds."""

    path: Path
    n_runs: int
    n_sweeps: int

    def __str__(self) -> str:
        runs = "1 run" if self.n_runs == 1 else f"{self.n_runs} runs"
        sweeps = "1 sweep is" if self.n_sweeps == 1 else f"{self.n_sweeps} sweeps are"
        return f"The last sitting was not closed: {runs}, {sweeps} safe in {self.path.name}."


def recover_all(folder: Path) -> tuple[Recovered, ...]:
    """Put in order what killed programs left in a folder; the sessions that hold a run, the newest first.

    A session that cannot be put in order is left as it is: opening it says why.
    """
    tidy(folder)
    found = []
    for path in unclosed(folder):
        with suppress(VClampError):
            found.append(recover(path))
    return tuple(each for each in found if each is not None and each.n_runs)


def unclosed(folder: Path) -> tuple[Path, ...]:
    """The sessions in a folder that a killed program left and none uses now, the newest name first."""
    with suppress(OSError):
        return tuple(path for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True) if _is_unclosed(path))
    return ()


def recover(path: Path) -> Recovered | None:
    """Close a session that a killed program left: one file, and every run with a last word.

    Returns
    -------
    Recovered or None
        None if a program uses the session; nothing of it is touched then.

    Raises
    ------
    VClampError
        If it cannot be read, or not be written to.
    """
    session = Session.open_alone(path)
    if session is None:
        return None
    with session:
        runs = session.runs()
        for run in runs:
            if run.finished_utc is None and session.writable:
                session.finish_run(run.id, INTERRUPTED)
        shown = [run for run in runs if not run.hidden]
        return Recovered(path, len(shown), sum(run.n_sweeps for run in shown))


def _is_unclosed(path: Path) -> bool:
    """Whether there is something to put in order, and nobody who still may do so."""
    try:
        waiting = any(side.exists() for side in side_files(path))
        if not waiting:
            with Session.open(path) as session:
                unfinished = any(run.finished_utc is None for run in session.runs())
                waiting = not session.was_closed or (session.writable and unfinished)
        if waiting:
            alone = Session.open_alone(path)
            if alone is None:
                return False
            alone.close()
        return waiting
    except VClampError:
        return False
