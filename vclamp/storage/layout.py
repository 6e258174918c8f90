"""The rows of a session file in its newest format, which is 2. They are only ever added to.

What is said of a run after it began (its last word, a name, a note) is a remark, and the newest remark of a kind
counts. Every row ends with a CRC32 over it.
"""

import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from vclamp import __version__
from vclamp.errors import VClampError
from vclamp.model.files import from_json
from vclamp.model.protocol import Protocol
from vclamp.model.record import Finished
from vclamp.model.rig import Rig
from vclamp.storage import database as db

VERSION = 2
_TABLES = {
    "head": "format INTEGER NOT NULL, program TEXT NOT NULL, created_utc TEXT NOT NULL",
    "runs": """
        id INTEGER PRIMARY KEY, started_utc TEXT NOT NULL, source TEXT NOT NULL, cell_title TEXT NOT NULL,
        protocol_title TEXT NOT NULL, seed TEXT NOT NULL, version TEXT NOT NULL""",
    "setups": "run INTEGER PRIMARY KEY, rig TEXT NOT NULL, protocol TEXT NOT NULL",
    "sweeps": """
        run INTEGER NOT NULL, number INTEGER NOT NULL, rig TEXT, changes TEXT NOT NULL, start BLOB NOT NULL,
        names TEXT NOT NULL, n_samples INTEGER NOT NULL, n_before INTEGER NOT NULL, saved_utc TEXT NOT NULL""",
    "traces": "run INTEGER NOT NULL, sweep INTEGER NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL",
    "remarks": """
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL, sweep INTEGER, kind TEXT NOT NULL, value TEXT NOT NULL,
        said_utc TEXT NOT NULL""",
}
_KEYS = {"sweeps": ", PRIMARY KEY (run, number)", "traces": ", PRIMARY KEY (run, sweep, name)"}
SCHEMA = (
    *(
        f"CREATE TABLE {name} ({columns}, crc32 INTEGER NOT NULL{_KEYS.get(name, '')})"
        for name, columns in _TABLES.items()
    ),
    "CREATE INDEX remarks_of_run ON remarks (run)",
    *(
        f"CREATE TRIGGER no_{act}_{name} BEFORE {act.upper()} ON {name} BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        for name in _TABLES
        for act in ("update", "delete")
    ),
)
INTERRUPTED = Finished("stopped", "interrupted")


@dataclass(frozen=True)
class RunInfo:
    """A run of a session without its rig, protocol and traces; times are UTC in ISO 8601.

    `finished_utc` is None while it has no last word; `source` is the file of another program it was read from.
    """

    id: int
    cell_title: str
    protocol_title: str
    started_utc: str
    finished_utc: str | None
    finished: Finished
    n_sweeps: int
    name: str
    note: str
    tags: tuple[str, ...]
    hidden: bool
    source: str


class Head(NamedTuple):
    """What a session file says of itself."""

    format: int
    program: str
    created_utc: str


class Setup(NamedTuple):
    """What a run was made of; rig and protocol as JSON."""

    rig: str
    protocol: str
    seed: int
    version: str


class SweepRow(NamedTuple):
    """A sweep without its traces: JSON, and numbers as bytes."""

    rig: str | None
    changes: str
    start: bytes
    names: str
    n_samples: int


class _Remark(NamedTuple):
    value: Any
    said_utc: str


class Layout:
    """Reads the rows of a session file and checks that each is as it was saved.

    All methods raise VClampError where something is missing or damaged, and sqlite3.Error.
    """

    schema = SCHEMA
    writable = True

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self.database = database
        self.path = path

    def head(self) -> Head:
        """What the file says of itself."""
        rows = self.database.execute("SELECT * FROM head").fetchall()
        if len(rows) != 1:
            raise db.damaged(self.path)
        return Head(*db.sound(rows[0], self.path, ""))

    def runs(self) -> tuple[RunInfo, ...]:
        """Every run, in the order in which they began."""
        rows = self.database.execute("SELECT * FROM runs ORDER BY id").fetchall()
        if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
            raise db.damaged(self.path)
        remarks = self._remarks(None)  # before sweeps are counted: another program may add to both
        counts = dict(self.database.execute("SELECT run, count(*) FROM sweeps GROUP BY run").fetchall())
        return tuple(self._info(row, remarks.get(row[0], {}), counts.get(row[0], 0)) for row in rows)

    def run(self, run: int) -> RunInfo:
        """One run."""
        row = self._row("runs", "id", run)
        remarks = self._remarks(run)
        (n_sweeps,) = self.database.execute("SELECT count(*) FROM sweeps WHERE run = ?", (run,)).fetchone()
        return self._info(row, remarks.get(run, {}), n_sweeps)

    def setup(self, run: int) -> Setup:
        """What a run was made of."""
        *_, seed, version = db.sound(self._row("runs", "id", run), self.path, f"run {run}")
        _, rig, protocol = db.sound(self._row("setups", "run", run), self.path, f"run {run}")
        return Setup(rig, protocol, int(seed), version)

    def sweep_numbers(self, run: int) -> tuple[int, ...]:
        """The numbers of a run's sweeps in rising order."""
        rows = self.database.execute(
            "SELECT number, n_before FROM sweeps WHERE run = ? ORDER BY number", (run,)
        ).fetchall()
        if sorted(before for _, before in rows) != list(range(len(rows))):
            raise db.damaged(self.path, f"run {run}")
        return tuple(number for number, _ in rows)

    def sweep(self, run: int, number: int) -> SweepRow:
        """One sweep."""
        where = f"run {run}, sweep {number}"
        row = self.database.execute("SELECT * FROM sweeps WHERE run = ? AND number = ?", (run, number)).fetchone()
        if row is None:
            raise VClampError(f"there is no {where}", where=self.path.name)
        return SweepRow(*db.sound(row, self.path, where)[2:7])

    def trace(self, run: int, sweep: int, name: str) -> bytes:
        """One trace of a sweep."""
        where = f"run {run}, sweep {sweep}, trace {name}"
        columns, key = "run, sweep, name, data, crc32", (run, sweep, name)
        row = self.database.execute(
            f"SELECT {columns} FROM traces WHERE run = ? AND sweep = ? AND name = ?", key
        ).fetchone()
        if row is None:
            raise db.damaged(self.path, where)
        data: bytes = db.sound(row, self.path, where)[-1]
        return data

    def sweep_notes(self, run: int) -> tuple[tuple[int, str], ...]:
        """The notes on a run's sweeps that are not empty, as pairs of its number and the text."""
        found = self._remarks(run).get(run, {}).items()
        return tuple(
            sorted((sweep, remark.value) for (_, sweep), remark in found if sweep is not None and remark.value)
        )

    def screen(self) -> tuple[int, Any] | None:
        """The run whose screen was kept last, and what was kept of it."""
        row = self.database.execute("SELECT * FROM remarks WHERE kind = 'screen' ORDER BY id DESC LIMIT 1").fetchone()
        if row is None:
            return None
        _, run, _, _, value, _ = db.sound(row, self.path, f"run {row[1]}")
        return run, json.loads(value)

    def add_remark(self, run: int, kind: str, value: object, sweep: int | None = None) -> None:
        """Say something of a run, within a transaction."""
        (number,) = self.database.execute("SELECT ifnull(max(id), 0) + 1 FROM remarks").fetchone()
        text = db.storable(json.dumps(value, ensure_ascii=False))
        db.insert(self.database, "remarks", number, run, sweep, kind, text, db.utc_now())

    def _row(self, table: str, key: str, run: int) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.database.execute(f"SELECT * FROM {table} WHERE {key} = ?", (run,)).fetchone()
        if row is None:
            raise VClampError(f"there is no run {run}", where=self.path.name)
        return row

    def _remarks(self, run: int | None) -> dict[int, dict[tuple[str, int | None], _Remark]]:
        """By run, the newest remark of each kind, on the run or on one of its sweeps."""
        where, of = ("", ()) if run is None else (" WHERE run = ?", (run,))
        rows = self.database.execute(f"SELECT * FROM remarks{where} ORDER BY id", of).fetchall()
        if run is None and [row[0] for row in rows] != list(range(1, len(rows) + 1)):
            raise db.damaged(self.path)
        newest: dict[int, dict[tuple[str, int | None], _Remark]] = defaultdict(dict)
        for row in rows:
            _, of_run, sweep, kind, value, said_utc = db.sound(row, self.path, f"run {row[1]}")
            newest[of_run][kind, sweep] = _Remark(json.loads(value), said_utc)
        return newest

    def _info(self, row: tuple[Any, ...], remarks: dict[tuple[str, int | None], _Remark], n_sweeps: int) -> RunInfo:
        run, started_utc, source, cell_title, protocol_title, *_ = db.sound(row, self.path, f"run {row[0]}")
        said = {kind: remark.value for (kind, sweep), remark in remarks.items() if sweep is None}
        finished, finished_utc = INTERRUPTED, None
        if "finished" in said:
            reason, message, held = said["finished"]
            finished, finished_utc = Finished(reason, message), remarks["finished", None].said_utc
            if held != n_sweeps:
                raise db.damaged(self.path, f"run {run}")
        return RunInfo(
            id=run,
            cell_title=cell_title,
            protocol_title=protocol_title,
            started_utc=started_utc,
            finished_utc=finished_utc,
            finished=finished,
            n_sweeps=n_sweeps,
            name=said.get("name", ""),
            note=said.get("note", ""),
            tags=tuple(said.get("tags", ())),
            hidden=said.get("hidden", False),
            source=source,
        )


def parsed_rig(text: str, where: str) -> Rig:
    """A rig from JSON; most sweeps share one, which takes milliseconds to check."""
    try:
        return _parsed_rig(text)
    except VClampError:
        return from_json(Rig, text, where)  # which says where


def parsed_protocol(text: str, where: str) -> Protocol:
    """A protocol from JSON."""
    try:
        return _parsed_protocol(text)
    except VClampError:
        return from_json(Protocol, text, where)


@lru_cache(maxsize=64)
def _parsed_rig(text: str) -> Rig:
    return from_json(Rig, text, "")


@lru_cache(maxsize=64)
def _parsed_protocol(text: str) -> Protocol:
    return from_json(Protocol, text, "")


def new_head() -> Head:
    """What a file that is begun now says of itself."""
    return Head(VERSION, __version__, db.utc_now())
