"""Files of protocols: saved beside the window, compared with what they were."""

import re
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.protocol_text import renamed_text
from vclamp.ui.newest import Beside

MOST_LETTERS = 80
_NAME = re.compile(r"\w[\w .+-]*")


class ProtocolFiles(QObject):
    """Knows the preset of the protocol on show: the shipped one of its name, or the file it was saved to."""

    found = Signal()  # the preset
    saved = Signal(object, str, object)  # the protocol by its new name, its text, the path
    failed = Signal(str)

    def __init__(self, beside: Beside, over: QWidget) -> None:
        super().__init__(over)
        self._beside, self._over = beside, over
        self._presets: dict[str, Protocol] = {}

    def look_for(self, protocol: Protocol) -> None:
        """Find the preset of a protocol; one that is not shipped is as it was first seen."""
        if protocol.name not in self._presets:
            self._presets[protocol.name] = protocol
            self._beside(lambda: _shipped(protocol.name), lambda found: self._found(protocol.name, found))

    def preset(self, name: str) -> Protocol | None:
        """The preset of a name, as far as it is known."""
        return self._presets.get(name)

    def ask_and_save(self, protocol: Protocol, text: str) -> None:
        """Ask for a file and save a protocol there, as this text; it takes the file's name."""
        start = paths.folder_of_yours("protocols") / f"{protocol.name}.toml"
        chosen, _ = QFileDialog.getSaveFileName(self._over, "Save protocol", str(start), "Protocols (*.toml)")
        if chosen:
            path = Path(chosen if chosen.endswith(".toml") else f"{chosen}.toml")
            # the dialog has asked already whether the file that was chosen may be replaced
            self.save(path, protocol, text, overwrite=path == Path(chosen))

    def save(self, path: Path, protocol: Protocol, text: str, *, overwrite: bool) -> None:
        """Save a protocol under the name of its file."""
        try:
            named = _named(protocol, path)
            words = text if named == protocol else renamed_text(text, named.name)
        except VClampError as error:
            self.failed.emit(str(error))
            return
        self._beside(
            lambda: _write(path, words, named, overwrite=overwrite), lambda done: self._done(path, named, words, done)
        )

    def _found(self, name: str, protocol: object) -> None:
        if isinstance(protocol, Protocol):
            self._presets[name] = protocol
            self.found.emit()

    def _done(self, path: Path, protocol: Protocol, text: str, done: object) -> None:
        if isinstance(done, VClampError):
            self.failed.emit(str(done))
        else:
            self._presets[protocol.name] = protocol
            self.saved.emit(protocol, text, path)


def _named(protocol: Protocol, path: Path) -> Protocol:
    """A protocol by the name of its file.

    Raises
    ------
    VClampError
        If it is no name for a protocol.
    """
    name = path.stem
    if not _NAME.fullmatch(name) or len(name) > MOST_LETTERS:
        what = f"“{name[:MOST_LETTERS]}” is no name for a protocol"
        raise VClampError(what, remedy=f"Use letters, numbers, spaces, _ . + and -, {MOST_LETTERS} at most.")
    if name in paths.shipped(paths.PROTOCOLS):
        raise VClampError(f"“{name}” is the name of a shipped protocol", remedy="Save it by another name.")
    return replace(protocol, name=name)


def _shipped(name: str) -> Protocol | None:
    from vclamp.model.files import load_protocol

    path = paths.shipped(paths.PROTOCOLS).get(name)
    return load_protocol(path) if path is not None else None


def _write(path: Path, text: str, protocol: Protocol, *, overwrite: bool) -> Path:
    """Write the file, and read it back."""
    from vclamp.model.files import load_protocol
    from vclamp.storage.safely import write_text

    write_text(path, text, overwrite=overwrite, same=lambda place: load_protocol(place) == protocol)
    return path
