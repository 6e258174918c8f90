"""The SQLite side of a session file: its tables, its connections, its errors in plain words."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from vclamp import __version__
from vclamp.errors import VClampError

APPLICATION_ID = 0x56436C70  # "VClp", at byte 68 of the file
SCHEMA_VERSION = 1
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
BUSY_S = 5.0

# What an SQLite error's name begins with -> what is wrong, what to do.
_CAUSES = {
    "SQLITE_FULL": ("cannot be written: the disk is full", "Make room and try again."),
    "SQLITE_IOERR": ("the disk reports an error", "Check the disk and try again."),
    "SQLITE_NOTADB": ("is no VClamp session", ""),
    "SQLITE_CORRUPT": ("is damaged", "Use a copy of it, if there is one."),
    "SQLITE_BUSY": ("another program is writing to it", "Close that program and try again."),
    "SQLITE_CONSTRAINT": ("holds that sweep already", ""),
    "SQLITE_READONLY": ("cannot be written to", "Copy it to a folder of your own."),
    "SQLITE_CANTOPEN": (
        "cannot be opened where it is",
        "Copy it, and files beside it that begin with its name, to a folder of your own.",
    ),
}


def create(path: Path) -> sqlite3.Connection:
    """Lay out a session in an empty file."""
    database = _connect(path, "mode=rw")
    with closed_if_failing(database):
        with transaction(database):  # before WAL mode, so that it is in the file itself
            for statement in SCHEMA:
                database.execute(statement)
            facts = {"created_utc": utc_now(), "program": f"VClamp {__version__}"}
            database.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        _start_wal(database)
    return database


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return."""
    database = _connect(path, "mode=rw")
    with closed_if_failing(database):
        _start_wal(database)
    return database


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, on a read-only medium too."""
    modes = ["mode=ro", "mode=rw"]  # rw lets SQLite mend what a killed program left half done
    if not any(side.exists() and side.stat().st_size for side in side_files(path)):
        modes.append("mode=ro&immutable=1")  # needs no side files, and would overlook them
    for mode in modes:
        database = _connect(path, mode)
        with closed_if_failing(database):
            try:
                database.execute("SELECT count(*) FROM sqlite_master").fetchone()
                database.execute("PRAGMA query_only = ON")
                return database
            except sqlite3.OperationalError as error:
                place = ("SQLITE_CANTOPEN", "SQLITE_READONLY")
                if mode == modes[-1] or not error.sqlite_errorname.startswith(place):
                    raise
                database.close()
    raise AssertionError("unreachable")


def check_format(database: sqlite3.Connection, path: Path) -> None:
    """Raise VClampError if the file is no session, or not one that we can read."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise VClampError("is no VClamp session", where=path.name)
    if version > SCHEMA_VERSION:
        raise VClampError(
            f"was made by a newer VClamp (format {version})",
            where=path.name,
            remedy="Update VClamp to read it.",
        )
    # the exact text: neither damage nor a foreign trigger or view passes
    found = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
    if version < SCHEMA_VERSION or tuple(sql for (sql,) in found) != SCHEMA:
        raise damaged(path)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    database = sqlite3.connect(
        f"{path.resolve().as_uri()}?{mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    # text that is no longer UTF-8 must reach the CRC check
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    return database


def _start_wal(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")


def side_files(path: Path) -> tuple[Path, ...]:
    """The files that SQLite may keep beside a session."""
    return tuple(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))


@contextmanager
def closed_if_failing(database: sqlite3.Connection) -> Iterator[None]:
    """Close a connection if what follows does not succeed."""
    try:
        yield
    except BaseException:
        database.close()
        raise


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Everything that follows, durably, or nothing of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield database
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back itself
            database.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system report into a VClampError."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "")
        known = (told for start, told in _CAUSES.items() if code.startswith(start))
        what, remedy = next(known, (f"failed ({error})", ""))
        raise VClampError(what, where=path.name, remedy=remedy) from error
    except OSError as error:
        raise VClampError(
            f"cannot be used ({error.strerror or error})",
            where=path.name,
            remedy="Check the disk, the folder and its permissions, and try again.",
        ) from error


def damaged(path: Path, what: str = "") -> VClampError:
    """The error about a file whose bytes are not those that were saved."""
    place = f"{path.name}: {what}" if what else path.name
    return VClampError("is damaged", where=place, remedy=_CAUSES["SQLITE_CORRUPT"][1])


def crc32(*parts: object) -> int:
    """CRC32 over bytes as they are and everything else as text."""
    total = 0
    for part in parts:
        total = zlib.crc32(part if isinstance(part, bytes) else f"{part}\0".encode(), total)
    return total


def utc_now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
