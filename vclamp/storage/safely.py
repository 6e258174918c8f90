"""A file that is written whole, or not at all; and the names of files."""

import os
import re
import secrets
import socket
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vclamp.errors import VClampError

Progress = Callable[[float], None]  # is told the fraction that is done

TEMPORARY = ".vclamp-part-"  # how a file begins that a killed export may leave behind
LONGEST_NAME = 80
_MADE_BY = re.compile(rf"{re.escape(TEMPORARY)}(?P<host>[A-Za-z0-9]+)-(?P<pid>[0-9]{{1,9}})-")
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(?=\.|$)", re.IGNORECASE)  # by Windows
_CLOCKS_DIFFER_S = 60.0


def write_safely(
    path: Path,
    write: Callable[[Path], None],
    check: Callable[[Path], None],
    *,
    overwrite: bool = False,
) -> None:
    """Write a file beside its place, read it back, and only then put it there.

    Parameters
    ----------
    path : Path
        Where the file shall be.
    write : callable
        Writes the file at the path it is given, which does not exist yet.
    check : callable
        Opens the file at the path it is given again and raises if it is not as it should be.
    overwrite : bool
        Whether a file that is there already may be replaced.

    Raises
    ------
    VClampError
        If the file exists already or the disk refuses it. Whatever fails or is raised, neither a partial
        file nor a temporary one stays, and a file that was there before is untouched.
    """
    path = Path(path)
    stem = f"{TEMPORARY}{_host()}-{os.getpid()}-{secrets.token_hex(6)}"
    try:
        refuse_existing(path, overwrite)
        temporary = path.with_name(stem + path.suffix)
        tidy(path.parent)
        write(temporary)
        sync_file(temporary)
        check(temporary)
        refuse_existing(path, overwrite)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except VClampError as error:
        if stem not in error.where:
            raise
        where = error.where.replace(temporary.name, path.name)  # which is what people know
        raise VClampError(error.what, where=where, remedy=error.remedy) from error
    except OSError as error:
        raise VClampError(
            f"cannot be written ({error.strerror or error})",
            where=path.name,
            remedy="Make room, or choose another folder or name; the data are still there.",
        ) from error
    finally:
        _remove(path.parent, stem)


def write_text(path: Path, text: str, *, overwrite: bool = False, same: Callable[[Path], bool] | None = None) -> None:
    """Write a text file in UTF-8 as `write_safely` does.

    Parameters
    ----------
    path, overwrite
        As there.
    text : str
        What is written.
    same : callable, optional
        Whether the file at a path describes what it should; by default whether it holds this text.

    Raises
    ------
    VClampError
        As there, and if it is not the same.
    """
    data = text.encode()
    same = same or (lambda place: place.read_bytes() == data)

    def write(place: Path) -> None:
        place.write_bytes(data)

    def check(place: Path) -> None:
        if not same(place):
            raise VClampError("does not read back as it was written", where=path.name)

    write_safely(path, write, check, overwrite=overwrite)


def tidy(folder: Path) -> None:
    """Remove what killed exports of this machine left in a folder; never what one is writing now."""
    host = _host()
    with suppress(OSError):
        for stray in folder.glob(f"{TEMPORARY}*"):
            made_by = _MADE_BY.match(stray.name)
            if made_by is not None and made_by["host"] == host and not _may_be_written(stray, int(made_by["pid"])):
                stray.unlink(missing_ok=True)


def safe_name(text: str) -> str:
    """A file name of this text: 1 to 80 of A-Z a-z 0-9 . _ - and spaces, one that every system accepts."""
    plain = unicodedata.normalize("NFKD", text.replace("µ", "u").replace("μ", "u"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    name = re.sub(r"[^A-Za-z0-9 ._-]+", "_", plain)
    name = re.sub(r" +", " ", name).lstrip(" .-")[:LONGEST_NAME].rstrip(" .")
    if _RESERVED.match(name):
        name = f"_{name}"[:LONGEST_NAME].rstrip(" .")
    return name or "untitled"


def unheard(done: float) -> None:
    """Progress that nobody follows."""


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk, where the system can do that."""
    with suppress(OSError):  # Windows and some network drives cannot
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Raise if the path exists and may not be replaced, is a folder, or if there is no folder to hold it.

    Raises
    ------
    VClampError
        With the remedy.
    """
    if not os.path.isdir(path.parent):  # which a name that the system refuses is not
        raise VClampError("there is no such folder", where=str(path.parent), remedy="Make it, or choose another.")
    if os.path.isdir(path):
        raise VClampError("is a folder", where=path.name or str(path), remedy="Give the name of a file in it.")
    if not overwrite and os.path.lexists(path):
        raise VClampError("exists already", where=path.name, remedy="Use --overwrite or another name.")


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:20] or "host"


def _may_be_written(file: Path, pid: int) -> bool:
    """Whether the process that began a file may be alive: one of that number is, and is not younger than the file."""
    import psutil

    try:
        return bool(psutil.Process(pid).create_time() < file.stat().st_mtime + _CLOCKS_DIFFER_S)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _remove(folder: Path, stem: str) -> None:
    """Remove a temporary file and what SQLite keeps beside it."""
    with suppress(OSError):
        for stray in folder.glob(f"{stem}*"):
            with suppress(OSError):
                stray.unlink()
