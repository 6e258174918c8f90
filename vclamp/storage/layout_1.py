"""The rows of a session file in format 1, of which a run's was changed in place: they are read, never written."""

from typing import Any

from vclamp.model.record import Finished
from vclamp.storage import database as db
from vclamp.storage.layout import INTERRUPTED, Head, Layout, RunInfo, Setup, parsed_protocol, parsed_rig

SCHEMA = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY, rig TEXT NOT NULL, protocol TEXT NOT NULL, seed TEXT NOT NULL,
        version TEXT NOT NULL, started_utc TEXT NOT NULL, finished_utc TEXT, reason TEXT,
        message TEXT, n_sweeps INTEGER, name TEXT NOT NULL, hidden INTEGER NOT NULL,
        crc32 INTEGER)""",
    """CREATE TABLE sweeps (
        run INTEGER NOT NULL, number INTEGER NOT NULL, rig TEXT, changes TEXT NOT NULL,
        start BLOB NOT NULL, names TEXT NOT NULL, n_samples INTEGER NOT NULL,
        saved_utc TEXT NOT NULL, crc32 INTEGER NOT NULL, PRIMARY KEY (run, number))""",
    """CREATE TABLE traces (
        run INTEGER NOT NULL, sweep INTEGER NOT NULL, name TEXT NOT NULL,
        crc32 INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (run, sweep, name))""",
)


class Layout1(Layout):
    """Reads the rows of format 1."""

    schema = SCHEMA
    writable = False

    def head(self) -> Head:
        """What the file says of itself."""
        facts = dict(self.database.execute("SELECT name, value FROM facts").fetchall())
        return Head(1, facts["program"].removeprefix("VClamp "), facts["created_utc"])

    def runs(self) -> tuple[RunInfo, ...]:
        """Every run, in the order in which they began."""
        ids = self.database.execute("SELECT id FROM runs ORDER BY id").fetchall()
        return tuple(self.run(run) for (run,) in ids)

    def run(self, run: int) -> RunInfo:
        """One run."""
        row = self._run(run)
        _, rig, protocol, _, _, started_utc, finished_utc, reason, message, held, name, hidden = row
        n_sweeps, where = len(self.sweep_numbers(run)), f"{self.path.name}: run {run}"
        if reason is not None and held != n_sweeps:
            raise db.damaged(self.path, f"run {run}")
        return RunInfo(
            id=run,
            cell_title=parsed_rig(rig, where).cell.title,
            protocol_title=parsed_protocol(protocol, where).title,
            started_utc=started_utc,
            finished_utc=finished_utc,
            finished=INTERRUPTED if reason is None else Finished(reason, message),
            n_sweeps=n_sweeps,
            name=name,
            note="",
            tags=(),
            hidden=bool(hidden),
            source="",
        )

    def setup(self, run: int) -> Setup:
        """What a run was made of."""
        _, rig, protocol, seed, version, *_ = self._run(run)
        return Setup(rig, protocol, int(seed), version)

    def sweep_numbers(self, run: int) -> tuple[int, ...]:
        """The numbers of a run's sweeps in rising order."""
        found = self.database.execute("SELECT number FROM sweeps WHERE run = ? ORDER BY number", (run,))
        return tuple(number for (number,) in found.fetchall())

    def sweep_notes(self, run: int) -> tuple[tuple[int, str], ...]:
        """None could be made."""
        return ()

    def screen(self) -> None:
        """None was kept."""

    def _run(self, run: int) -> tuple[Any, ...]:
        return db.sound(self._row("runs", "id", run), self.path, f"run {run}")
