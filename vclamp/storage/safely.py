"""A file that is written whole, or not at all."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vclamp.errors import VClampError

Progress = Callable[[float], None]  # is told the fraction that is done

TEMPORARY = ".vclamp-part-"  # how a file begins that a killed export may leave behind


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
        If the file exists already or the disk refuses it. Whatever fails, neither a partial
        file nor a temporary one stays, and a file that was there before is untouched.
    """
    path = Path(path)
    stem = f"{TEMPORARY}{secrets.token_hex(6)}"
    temporary = path.with_name(stem + path.suffix)
    try:
        refuse_existing(path, overwrite)
        write(temporary)
        sync_file(temporary)
        check(temporary)
        refuse_existing(path, overwrite)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise VClampError(
            f"cannot be written ({error.strerror or error})",
            where=path.name,
            remedy="Make room, or choose another folder or name; the data are still there.",
        ) from error
    finally:
        with suppress(OSError):
            for stray in path.parent.glob(f"{stem}*"):  # SQLite has side files
                stray.unlink()


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
    """Raise if the path exists and may not be replaced, or if there is no folder to hold it.

    Raises
    ------
    VClampError
        With the remedy.
    """
    if not path.parent.is_dir():
        raise VClampError("there is no such folder", where=str(path.parent), remedy="Make it, or choose another.")
    if not overwrite and os.path.lexists(path):
        raise VClampError("exists already", where=path.name, remedy="Use --overwrite or another name.")


def write_text(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Raises
    ------
    VClampError
        As `write_safely`.
    """

    def write(place: Path) -> None:
        place.write_bytes(text.encode())

    def check(place: Path) -> None:
        if place.read_bytes() != text.encode():
            raise VClampError("does not read back as it was written", where=path.name)

    write_safely(path, write, check, overwrite=overwrite)
