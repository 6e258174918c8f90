"""The SQLite side of a session file: its connections, its checksums, its errors in plain words."""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vclamp.errors import VClampError

APPLICATION_ID = 0x56436C70  # "VClp", at byte 68 of the file
BUSY_S = 5.0

# What an SQLite error's name begins with -> what is wrong, what to do.
_CAUSES = {
    "SQLITE_FULL": ("cannot be written: the disk is full", "Make room and try again."),
    "SQLITE_IOERR": ("the disk reports an error", "Check the disk and try again."),
    "SQLITE_NOTADB": ("is no VClamp session", ""),
    "SQLITE_CORRUPT": ("is damaged", "Use a copy of it, if there is one."),
    "SQLITE_BUSY": ("another program is writing to it", "Close that program and try again."),
    "SQLITE_CONSTRAINT_TRIGGER": ("is never changed, only added to", ""),
    "SQLITE_CONSTRAINT": ("holds that sweep already", ""),
    "SQLITE_READONLY": ("cannot be written to", "Copy it to a folder of your own."),
    "SQLITE_CANTOPEN": (
        "cannot be opened where it is",
        "Copy it, and files beside it that begin with its name, to a folder of your own.",
    ),
}


def create(path: Path, version: int, schema: tuple[str, ...], *head: object) -> sqlite3.Connection:
    """Lay out a session in an empty file, with one row in its table `head`."""
    database = _connect(path, "mode=rw")
    with closed_if_failing(database):
        with transaction(database):  # before WAL mode, so that it is in the file itself
            for statement in schema:
                database.execute(statement)
            insert(database, "head", *head)
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {version}")
        _start_wal(database)
    return database


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return."""
    database = _connect(path, "mode=rw")
    with closed_if_failing(database):
        _start_wal(database)
    return database


def connect_alone(path: Path) -> sqlite3.Connection | None:
    """A writer that keeps everybody else out until it is closed; None if somebody is in already."""
    database = _connect(path, "mode=rw")
    with closed_if_failing(database):
        try:
            database.execute("PRAGMA busy_timeout = 0")
            database.execute("PRAGMA synchronous = FULL")
            (mode,) = database.execute("PRAGMA journal_mode = DELETE").fetchone()  # takes in what is in the log
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            with transaction(database, "EXCLUSIVE"):  # from now on nobody else gets in
                if mode == "delete":
                    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # serves a log, and there is none
                    return database
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
    database.close()
    return None


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


def check_format(database: sqlite3.Connection, path: Path, schemas: Mapping[int, tuple[str, ...]]) -> int:
    """The version of a session's format; VClampError if it is no session, or not one that we can read."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise VClampError("is no VClamp session", where=path.name)
    if version > max(schemas):
        raise VClampError(
            f"was made by a newer VClamp (format {version})",
            where=path.name,
            remedy="Update VClamp to read it.",
        )
    # the exact text: neither damage nor a foreign trigger or view passes
    found = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
    if tuple(sql for (sql,) in found) != schemas.get(version):
        raise damaged(path)
    return int(version)


def insert(database: sqlite3.Connection, table: str, *facts: object) -> None:
    """Add a row, and the CRC32 over it as its last column."""
    marks = ", ".join("?" * (len(facts) + 1))
    database.execute(f"INSERT INTO {table} VALUES ({marks})", (*facts, crc32(*facts)))


def sound(row: tuple[Any, ...], path: Path, what: str) -> tuple[Any, ...]:
    """A row without its CRC32, which is its last column; VClampError if that does not fit."""
    if row[-1] != crc32(*row[:-1]):
        raise damaged(path, what)
    return row[:-1]


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
def transaction(database: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Everything that follows, durably, or nothing of it."""
    database.execute(f"BEGIN {kind}")
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


def storable(text: str) -> str:
    """Text without the lone surrogates that SQLite, JSON and other files refuse."""
    return text.encode("utf-8", "replace").decode()
