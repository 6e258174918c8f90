"""The session file: a sweep is on the disk before anyone is told that it is saved.

A `*.vclamp` file is one SQLite database, in WAL mode while it is written to. Nothing in it is
ever deleted, and every row carries a CRC32: what is read is what was saved, or an error.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.files import from_data, from_json, to_data, to_json
from vclamp.model.protocol import Protocol
from vclamp.model.record import Array, Change, Finished, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.storage import database as db
from vclamp.storage.compare import differences
from vclamp.storage.safely import Progress, sync_folder, unheard

SUFFIX = ".vclamp"
INTERRUPTED = Finished("stopped", "interrupted")


@dataclass(frozen=True)
class RunInfo:
    """A run of a session without its traces; times are UTC in ISO 8601."""

    id: int
    header: Header
    started_utc: str
    finished_utc: str | None
    finished: Finished
    n_sweeps: int
    name: str
    hidden: bool


class Session:
    """An open session file: one connection, to be used by one thread at a time.

    That thread need not be the one that opened it. For a second thread, open the file a
    second time: readers do not disturb the writer.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """For `create` and `open` only."""
        self.path = path
        self._database = database

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
                database = db.create(path)
                sync_folder(path.parent)
            except (sqlite3.Error, OSError):
                for file_made in (path, *db.side_files(path)):
                    file_made.unlink(missing_ok=True)
                raise
        return cls(path, database)

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open a session file, also one that a killed program left behind.

        Raises
        ------
        VClampError
            If it is no session file, made by a newer version, damaged, or not readable.
        """
        path = Path(path)
        if not path.is_file():
            raise VClampError("there is no such file", where=path.name)
        # Never by `open(path)`: closing it would drop SQLite's locks in this process.
        with _reading(path):
            database = db.connect_reader(path)
            with db.closed_if_failing(database):
                db.check_format(database, path)
            if writable:
                database.close()
                database = db.connect_writer(path)
        return cls(path, database)

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

    def add_run(self, header: Header) -> int:
        """Note that a run begins, and return the number it is known by."""
        rig, protocol = to_json(header.rig), to_json(header.protocol)
        with self._change() as database:
            run: int = database.execute("SELECT ifnull(max(id), 0) + 1 FROM runs").fetchone()[0]
            facts = (
                *(run, rig, protocol, str(header.seed), header.version, db.utc_now()),
                *(None, None, None, None, "", 0),
            )
            database.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*facts, db.crc32(*facts)),
            )
        return run

    def add_sweep(self, run: int, sweep: Sweep) -> None:
        """Save a finished sweep: when this returns, it is on the disk.

        Raises
        ------
        VClampError
            If it could not be saved. Nothing of it is in the file then, and the same call
            may be tried again.
        """
        rig, changes = to_json(sweep.rig), json.dumps(pack_changes(sweep), ensure_ascii=False)
        start = np.asarray(sweep.start, "<f8").tobytes()
        with self._change() as database:
            row = self._run_row(run)
            if row["reason"] is not None:
                raise VClampError(f"run {run} is finished", where=self.path.name)
            facts = (
                *(run, sweep.index, None if rig == row["rig"] else rig, changes, start),
                *(json.dumps(sweep.names), sweep.values.shape[1], db.utc_now()),
            )
            database.execute(
                "INSERT INTO sweeps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*facts, db.crc32(*facts)),
            )
            for name, values in zip(sweep.names, sweep.values, strict=True):
                key, data = (run, sweep.index, name), np.asarray(values, "<f8").tobytes()
                database.execute(
                    "INSERT INTO traces VALUES (?, ?, ?, ?, ?)",
                    (*key, db.crc32(*key, data), data),
                )

    def finish_run(self, run: int, finished: Finished) -> None:
        """Note a run's last word."""
        with self._change():
            self._update(
                run,
                "finished_utc = ?, reason = ?, message = ?, n_sweeps ="
                " (SELECT count(*) FROM sweeps WHERE run = runs.id)",
                *(db.utc_now(), finished.reason, _storable(finished.message)),
            )

    def rename_run(self, run: int, name: str) -> None:
        """Give a run a name of the user's."""
        with self._change():
            self._update(run, "name = ?", _storable(name))

    def hide_run(self, run: int, *, hidden: bool = True) -> None:
        """What "delete" does: the run is marked as hidden, and its data stay."""
        with self._change():
            self._update(run, "hidden = ?", int(hidden))

    def runs(self) -> tuple[RunInfo, ...]:
        """Every run, hidden ones too, without reading traces."""
        with _reading(self.path):
            ids = self._database.execute("SELECT id FROM runs ORDER BY id").fetchall()
            return tuple(self._info(run) for (run,) in ids)

    def sweep(self, run: int, index: int) -> Sweep:
        """One sweep of a run.

        Raises
        ------
        VClampError
            If there is no such sweep, or a byte of it is not as it was saved.
        """
        with _reading(self.path):
            return self._sweep(run, index, self._info(run).header.rig)

    def recording(self, run: int) -> Recording:
        """A whole run; one that has no last word was interrupted."""
        with _reading(self.path):
            info = self._info(run)
            found = self._database.execute("SELECT number FROM sweeps WHERE run = ? ORDER BY number", (run,)).fetchall()
            sweeps = tuple(self._sweep(run, number, info.header.rig) for (number,) in found)
        return Recording(info.header, sweeps, info.finished)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with db.explained(self.path), db.transaction(self._database):
            yield self._database

    def _update(self, run: int, assignments: str, *values: object) -> None:
        """Change facts of a run and seal its row with a new CRC32."""
        self._run_row(run)  # what is damaged already must not get a fitting CRC32
        (row,) = self._database.execute(
            f"UPDATE runs SET {assignments} WHERE id = ? RETURNING *", (*values, run)
        ).fetchall()
        self._database.execute("UPDATE runs SET crc32 = ? WHERE id = ?", (db.crc32(*row[:-1]), run))

    def _run_row(self, run: int) -> sqlite3.Row:
        cursor = self._database.cursor()
        cursor.row_factory = sqlite3.Row
        row: sqlite3.Row | None = cursor.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
        if row is None:
            raise VClampError(f"there is no run {run}", where=self.path.name)
        if row["crc32"] != db.crc32(*tuple(row)[:-1]):
            raise db.damaged(self.path, f"run {run}")
        return row

    def _info(self, run: int) -> RunInfo:
        row, where = self._run_row(run), f"{self.path.name}: run {run}"
        (n_sweeps,) = self._database.execute("SELECT count(*) FROM sweeps WHERE run = ?", (run,)).fetchone()
        finished = INTERRUPTED
        if row["reason"] is not None:
            finished = Finished(row["reason"], row["message"])
            if n_sweeps != row["n_sweeps"]:
                raise db.damaged(self.path, f"run {run}")
        return RunInfo(
            id=run,
            header=Header(
                rig=_rig(row["rig"], where),
                protocol=_protocol(row["protocol"], where),
                seed=int(row["seed"]),
                version=row["version"],
            ),
            started_utc=row["started_utc"],
            finished_utc=row["finished_utc"],
            finished=finished,
            n_sweeps=n_sweeps,
            name=row["name"],
            hidden=bool(row["hidden"]),
        )

    def _sweep(self, run: int, index: int, run_rig: Rig) -> Sweep:
        where = f"run {run}, sweep {index}"
        row = self._database.execute("SELECT * FROM sweeps WHERE run = ? AND number = ?", (run, index)).fetchone()
        if row is None:
            raise VClampError(f"there is no {where}", where=self.path.name)
        if row[-1] != db.crc32(*row[:-1]):
            raise db.damaged(self.path, where)
        rig, changes, start, names, n_samples = row[2:7]
        names, place = tuple(json.loads(names)), f"{self.path.name}: {where}"
        values = np.array([self._trace(run, index, name) for name in names])
        if values.shape != (len(names), n_samples):
            raise db.damaged(self.path, where)
        values.setflags(write=False)
        return Sweep(
            index=index,
            names=names,
            values=values,
            start=tuple(np.frombuffer(start, "<f8").tolist()),
            rig=run_rig if rig is None else _rig(rig, place),
            changes=unpack_changes(json.loads(changes), index, place),
        )

    def _trace(self, run: int, sweep: int, name: str) -> Array:
        row = self._database.execute(
            "SELECT crc32, data FROM traces WHERE run = ? AND sweep = ? AND name = ?",
            (run, sweep, name),
        ).fetchone()
        if row is None or row[0] != db.crc32(run, sweep, name, row[1]):
            raise db.damaged(self.path, f"run {run}, sweep {sweep}, trace {name}")
        return np.frombuffer(row[1], "<f8").astype(np.float64, copy=False)


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write a session that holds these runs."""
    with Session.create(path) as session:
        for number, recording in enumerate(recordings):
            run = session.add_run(recording.header)
            for sweep in recording.sweeps:
                session.add_sweep(run, sweep)
                progress((number + (len(recording.sweeps) and 1 / len(recording.sweeps))) / len(recordings))
            session.finish_run(run, recording.finished)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly these runs."""
    with Session.open(path) as session:
        runs = session.runs()
        if len(runs) != len(recordings):
            raise VClampError(f"holds {len(runs)} runs instead of {len(recordings)}", where=path.name)
        for number, (recording, run) in enumerate(zip(recordings, runs, strict=True), 1):
            found = differences(recording, session.recording(run.id))
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


def pack_changes(sweep: Sweep) -> list[dict[str, Any]]:
    """A sweep's changes as plain data."""
    return [{"sample": change.sample, "rig": to_data(change.rig)} for change in sweep.changes]


def unpack_changes(data: list[dict[str, Any]], sweep: int, where: str) -> tuple[Change, ...]:
    """What `pack_changes` packed."""
    return tuple(Change(sweep, item["sample"], from_data(Rig, item["rig"], where)) for item in data)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        with db.explained(path):
            yield
    except (ValueError, TypeError, KeyError, RecursionError):  # only a forged CRC gets here
        raise db.damaged(path) from None


# Most sweeps share one rig, which takes a millisecond to check.
@lru_cache(maxsize=64)
def _rig(text: str, where: str) -> Rig:
    return from_json(Rig, text, where)


@lru_cache(maxsize=64)
def _protocol(text: str, where: str) -> Protocol:
    return from_json(Protocol, text, where)


def _storable(text: str) -> str:
    """Text without the lone surrogates that SQLite refuses."""
    return text.encode("utf-8", "replace").decode()
