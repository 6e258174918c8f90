"""What is remembered from one sitting to the next; a damaged file is put aside."""

from pathlib import Path

from PySide6.QtCore import QSettings

from vclamp import paths


class Settings:
    """Remembered values of simple kinds, in an INI file in the user's folder; `safe` begins with none of them."""

    def __init__(self, path: Path | None = None, *, safe: bool = False) -> None:
        path = path or paths.user_folder() / "settings.ini"
        if path.is_file() and not _readable(path):
            path.replace(path.with_suffix(".bad"))
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)
        if safe:
            self._settings.clear()

    def text(self, key: str, default: str) -> str:
        """A remembered text."""
        return str(self._settings.value(key, default, type=str))

    def remember(self, key: str, value: str) -> None:
        """Keep a value."""
        self._settings.setValue(key, value)
        self._settings.sync()  # the program may have to leave in a hurry


def _readable(path: Path) -> bool:
    try:
        return "\0" not in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
