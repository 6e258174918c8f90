"""The session file: a sweep is on the disk before anyone is told that it is saved.

A `*.vclamp` file is one SQLite database, in WAL mode while it is written to. Nothing in it is
ever changed or deleted, and every row carries a CRC32: what is read is what was saved, or an error.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.files import from_data, to_full_data, to_json
from vclamp.model.record import About, Change, Finished, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.storage import database as db
from vclamp.storage.compare import differences
from vclamp.storage.layout import INTERRUPTED, VERSION, Head, Layout, RunInfo, new_head, parsed_protocol, parsed_rig
from vclamp.storage.layout_1 import Layout1
from vclamp.storage.safely import Progress, sync_folder, unheard

__all__ = ["INTERRUPTED", "LAYOUTS", "SUFFIX", "RunInfo", "Session", "check", "new_session_path", "write"]

SUFFIX = ".vclamp"
UNSAID = About()
LAYOUTS: dict[int, type[Layout]] = {1: Layout1, VERSION: Layout}  # of every format that there ever was


class Session:
    """An open session file: one connection, to be used by one thread at a time.

    That thread need not be the one that opened it. For a second thread, open the file a
    second time: readers do not disturb the writer. `head` is what the file says of itself.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, layout: Layout) -> None:
        """For the class methods only."""
        self.path = path
        self._database = database
        self._layout = layout
        self.head: Head = layout.head()

    @classmethod
    def create(cls, path: Path, *, exclusive: bool = True) -> Self:
        """Begin a session file.

        Parameters
        ----------
        path : Path
            A file that does not exist yet.
        exclusive : bool
            False accepts an empty file as well, such as `new_session_path` makes.

        Raises
        ------
        VClampError
            If the file exists already or cannot be made.
        """
        path = Path(path)
        with db.explained(path):
            if path.exists() and (exclusive or path.stat().st_size):
                raise VClampError("exists already", where=path.name, remedy="Use another name.")
            path.touch(exist_ok=not exclusive)
            try:
                database = db.create(path, VERSION, Layout.schema, *new_head())
                sync_folder(path.parent)
                with db.closed_if_failing(database):
                    return cls(path, database, Layout(database, path))
            except (sqlite3.Error, OSError):
                for file_made in (path, *db.side_files(path)):
                    file_made.unlink(missing_ok=True)
                raise

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open a session file, also one that a killed program left behind.

        Raises
        ------
        VClampError
            If it is no session file, made by a newer version, damaged, or not readable; and, to
            write to it, if it is of an older format.
        """
        path = Path(path)
        with _reading(path):
            database, layout = _connect(path)
            if writable:
                database.close()
                if not layout.writable:
                    raise VClampError(
                        "is of an older format, which is only read",
                        where=path.name,
                        remedy="Export it to a new session (.vclamp), and go on in that.",
                    )
                database = db.connect_writer(path)
            with db.closed_if_failing(database):
                return cls(path, database, layout(database, path))

    @classmethod
    def open_alone(cls, path: Path) -> Self | None:
        """Open a session that no program uses, and keep all others out until it is closed.

        Returns
        -------
        Session or None
            None if it is in use.

        Raises
        ------
        VClampError
            As `open`; and if the file cannot be written to.
        """
        path = Path(path)
        with _reading(path):
            reader, layout = _connect(path)
            reader.close()
            database = db.connect_alone(path)
            if database is None:
                return None
            with db.closed_if_failing(database):
                return cls(path, database, layout(database, path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave one file without side files, unless another program has it open."""
        with suppress(sqlite3.Error):  # what was committed is safe in the side files as well
            if not self._database.execute("PRAGMA query_only").fetchone()[0]:
                self._database.execute("PRAGMA busy_timeout = 0")
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()

    @property
    def was_closed(self) -> bool:
        """Whether whoever wrote to it last has closed it; for readers."""
        return bool(self._database.execute("PRAGMA journal_mode").fetchone()[0] != "wal")

    @property
    def writable(self) -> bool:
        """Whether its format is one that is still written."""
        return self._layout.writable

    def add_run(self, header: Header, about: About = UNSAID) -> int:
        """Note that a run begins, and return the number it is known by.

        It begins now, if `about` does not say when.
        """
        rig, protocol, about = to_json(header.rig), to_json(header.protocol), _storable(about)
        with self._change() as database:
            run: int = database.execute("SELECT ifnull(max(id), 0) + 1 FROM runs").fetchone()[0]
            titles = db.storable(header.rig.cell.title), db.storable(header.protocol.title)
            begun = (about.started_utc or db.utc_now(), about.source, *titles, str(header.seed), header.version)
            db.insert(database, "runs", run, *begun)
            db.insert(database, "setups", run, rig, protocol)
            for kind, value in (("name", about.name), ("note", about.note), ("tags", about.tags)):
                if value:
                    self._layout.add_remark(run, kind, value)
            for sweep, text in about.sweep_notes:
                self._layout.add_remark(run, "note", text, sweep)
        return run

    def add_sweep(self, run: int, sweep: Sweep) -> None:
        """Save a finished sweep: when this returns, it is on the disk.

        Raises
        ------
        VClampError
            If it could not be saved. Nothing of it is in the file then, and the same call
            may be tried again.
        """
        rig, changes = to_json(sweep.rig), _packed(sweep.changes)
        start = np.asarray(sweep.start, "<f8").tobytes()
        with self._change() as database:
            info = self._layout.run(run)
            if info.finished_utc is not None:
                raise VClampError(f"run {run} is finished", where=self.path.name)
            own_rig = None if rig == self._layout.setup(run).rig else rig
            facts = own_rig, changes, start, json.dumps(sweep.names), sweep.values.shape[1], info.n_sweeps
            db.insert(database, "sweeps", run, sweep.index, *facts, db.utc_now())
            for name, values in zip(sweep.names, sweep.values, strict=True):
                db.insert(database, "traces", run, sweep.index, name, np.asarray(values, "<f8").tobytes())

    def finish_run(self, run: int, finished: Finished) -> None:
        """Note a run's last word."""
        with self._change():
            n_sweeps = self._layout.run(run).n_sweeps
            self._layout.add_remark(run, "finished", (finished.reason, finished.message, n_sweeps))

    def rename_run(self, run: int, name: str) -> None:
        """Give a run a name of the user's."""
        self._say(run, "name", name)

    def note_run(self, run: int, text: str) -> None:
        """Write a note about a run, in place of an earlier one."""
        self._say(run, "note", text)

    def tag_run(self, run: int, tags: Sequence[str]) -> None:
        """Give a run tags, in place of earlier ones."""
        self._say(run, "tags", tuple(tags))

    def note_sweep(self, run: int, sweep: int, text: str) -> None:
        """Write a note about a sweep, in place of an earlier one."""
        self._say(run, "note", text, sweep)

    def hide_run(self, run: int, *, hidden: bool = True) -> None:
        """What "delete" does: the run is marked as hidden, and its data stay."""
        self._say(run, "hidden", hidden)

    def keep_screen(self, run: int, screen: Mapping[str, Any]) -> None:
        """Write down how a run is looked at: see `kept_screen`."""
        self._say(run, "screen", screen)

    def runs(self) -> tuple[RunInfo, ...]:
        """Every run, hidden ones too, without reading rigs, protocols and traces."""
        with _reading(self.path):
            return self._layout.runs()

    def header(self, run: int) -> Header:
        """What a run was made of."""
        with _reading(self.path):
            setup, where = self._layout.setup(run), f"{self.path.name}: run {run}"
            rig, protocol = parsed_rig(setup.rig, where), parsed_protocol(setup.protocol, where)
            return Header(rig, protocol, setup.seed, setup.version)

    def sweep(self, run: int, index: int) -> Sweep:
        """One sweep of a run.

        Raises
        ------
        VClampError
            If there is no such sweep, or a byte of it is not as it was saved.
        """
        with _reading(self.path):
            return self._sweep(run, index, self.header(run).rig)

    def recording(self, run: int, sweeps: Collection[int] | None = None) -> Recording:
        """A run, whole or with only these of its sweeps; one that has no last word was interrupted."""
        with _reading(self.path):
            header, info = self.header(run), self._layout.run(run)
            wanted = [n for n in self._layout.sweep_numbers(run) if sweeps is None or n in sweeps]
            about = About(
                started_utc=info.started_utc,
                name=info.name,
                note=info.note,
                tags=info.tags,
                sweep_notes=self._layout.sweep_notes(run),
                source=info.source,
            )
            found = tuple(self._sweep(run, number, header.rig) for number in wanted)
        return Recording(header, found, info.finished, about)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with db.explained(self.path), db.transaction(self._database):
            yield self._database

    def _say(self, run: int, kind: str, value: object, sweep: int | None = None) -> None:
        with self._change():
            self._layout.run(run)  # there is one
            if sweep is not None:
                self._layout.sweep(run, sweep)
            self._layout.add_remark(run, kind, value, sweep)

    def _sweep(self, run: int, index: int, run_rig: Rig) -> Sweep:
        place = f"{self.path.name}: run {run}, sweep {index}"
        row = self._layout.sweep(run, index)
        names = tuple(json.loads(row.names))
        values = np.empty((len(names), row.n_samples))
        for trace, name in zip(values, names, strict=True):
            trace[:] = np.frombuffer(self._layout.trace(run, index, name), "<f8")
        values.setflags(write=False)
        return Sweep(
            index=index,
            names=names,
            values=values,
            start=tuple(np.frombuffer(row.start, "<f8").tolist()),
            rig=run_rig if row.rig is None else parsed_rig(row.rig, place),
            changes=_unpacked(row.changes, index, place),
        )


def kept_screen(path: Path) -> tuple[int, Any] | None:
    """The run of a session whose screen was kept last, and what was kept of it; None if there is none."""
    with Session.open(path) as session, _reading(path):
        return session._layout.screen()


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write a session that holds these runs."""
    with Session.create(path) as session:
        for number, recording in enumerate(recordings):
            run = session.add_run(recording.header, recording.about)
            for done, sweep in enumerate(recording.sweeps, 1):
                session.add_sweep(run, sweep)
                progress((number + done / len(recording.sweeps)) / len(recordings))
            session.finish_run(run, recording.finished)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly these runs."""
    with Session.open(path) as session:
        runs = session.runs()
        if len(runs) != len(recordings):
            raise VClampError(f"holds {len(runs)} runs instead of {len(recordings)}", where=path.name)
        for number, (recording, run) in enumerate(zip(recordings, runs, strict=True), 1):
            kept, about = session.recording(run.id), _storable(recording.about)
            found = differences(recording, kept)
            if kept.about != replace(about, started_utc=about.started_utc or run.started_utc):
                found.append("what is said of it differs")
            if found:
                raise VClampError(f"is not what was written: {found[0]}", where=path.name)
            progress(number / len(runs))


def new_session_path(folder: Path) -> Path:
    """Make an empty file named after the time in UTC, for `create(..., exclusive=False)`.

    Raises
    ------
    VClampError
        If the folder cannot be written to.
    """
    stem = datetime.now(UTC).strftime("%Y-%m-%d_%H%M%S")
    with db.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            path = folder / f"{stem}{f'_{number}' if number > 1 else ''}{SUFFIX}"
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                return path
    raise VClampError("holds too many sessions of this second", where=folder.name)


def _packed(changes: Sequence[Change]) -> str:
    """Changes as JSON; as in `to_json`, every default is spelled out."""
    data = [{"sample": change.sample, "rig": to_full_data(change.rig)} for change in changes]
    return json.dumps(data, ensure_ascii=False)


def _unpacked(text: str, sweep: int, where: str) -> tuple[Change, ...]:
    """What `_packed` packed."""
    return tuple(Change(sweep, item["sample"], from_data(Rig, item["rig"], where)) for item in json.loads(text))


def _connect(path: Path) -> tuple[sqlite3.Connection, type[Layout]]:
    """A reader of a file, and the layout of its format."""
    if not path.is_file():
        raise VClampError("there is no such file", where=path.name)
    # Never by `open(path)`: closing it would drop SQLite's locks in this process.
    database = db.connect_reader(path)
    with db.closed_if_failing(database):
        schemas = {version: layout.schema for version, layout in LAYOUTS.items()}
        return database, LAYOUTS[db.check_format(database, path, schemas)]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        with db.explained(path):
            yield
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):  # only a forged CRC gets here
        raise db.damaged(path) from None


def _storable(about: About) -> About:
    """The same without the lone surrogates that SQLite refuses."""
    return About(
        started_utc=about.started_utc,
        name=db.storable(about.name),
        note=db.storable(about.note),
        tags=tuple(map(db.storable, about.tags)),
        sweep_notes=tuple(sorted((sweep, db.storable(text)) for sweep, text in about.sweep_notes if text)),
        source=db.storable(about.source),
    )
