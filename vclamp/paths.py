"""Where the program's own files and the user's files are."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from vclamp.errors import VClampError

_PACKAGE = Path(__file__).resolve().parent
# A wheel carries protocols/ and resources/ inside the package; a source tree beside it.
_SHIPPED = _PACKAGE / "shipped" if (_PACKAGE / "shipped").is_dir() else _PACKAGE.parent

PROTOCOLS = _SHIPPED / "protocols"
RESOURCES = _SHIPPED / "resources"
CHANNELS = RESOURCES / "channels"
CELLS = RESOURCES / "cells"


def home() -> Path:
    """The user's home folder; where there is none, as in some containers, a place among temporary files."""
    with suppress(RuntimeError):
        return Path.home().absolute()
    import tempfile

    return Path(tempfile.gettempdir()).absolute() / f"home-{user_number()}"


def user_number() -> int:
    """The user's number; 0 on Windows, which has none."""
    return 0 if sys.platform == "win32" else os.getuid()


def user_folder() -> Path:
    """Folder for recordings and settings: $VCLAMP_HOME or the platform's data folder."""
    return _own_folder("VCLAMP_HOME", "XDG_DATA_HOME", ".local/share", "LOCALAPPDATA")


def folder_of_yours(name: str) -> Path:
    """A folder for files that users save under a kind of thing, as "protocols"; their home if it cannot be made."""
    folder = user_folder() / name
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if folder.is_dir() else home()


def cache_folder() -> Path:
    """Folder for what can be made again: $VCLAMP_CACHE or the platform's cache folder."""
    return _own_folder("VCLAMP_CACHE", "XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")


def _own_folder(override: str, xdg: str, unix: str, windows: str) -> Path:
    if own := os.environ.get(override):
        with suppress(RuntimeError):
            return Path(own).expanduser()
    if sys.platform == "win32" and windows in os.environ:
        return Path(os.environ[windows]) / "vclamp"
    base = os.environ.get(xdg)
    return (Path(base) if base else home() / unix) / "vclamp"


def shipped(folder: Path) -> dict[str, Path]:
    """The shipped text files of a folder by their names, in alphabetical order."""
    return {path.stem: path for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem)}


def find(name_or_path: str, folder: Path, kind: str) -> Path:
    """The file of a shipped name or of a path.

    Raises
    ------
    VClampError
        If there is no such file; the message lists near names.
    """
    known = shipped(folder)
    if name_or_path in known:
        return known[name_or_path]
    try:
        if Path(name_or_path).is_file():
            return Path(name_or_path)
    except (OSError, ValueError):
        pass  # a name the file system refuses is simply not there
    from difflib import get_close_matches

    near = get_close_matches(name_or_path, known, n=1)
    remedy = f"Did you mean '{near[0]}'?" if near else f"'vclamp list {kind}s' names them all."
    raise VClampError(f"no {kind} or file of that name", where=name_or_path[:80], remedy=remedy)
