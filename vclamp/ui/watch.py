"""The files of the cell and protocol on the bench: once they are edited elsewhere, reloading is offered."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from vclamp.errors import VClampError
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig

if TYPE_CHECKING:
    from vclamp.ui.window import Window

CALM_MS = 150  # an editor writes a file in more than one step


class Watch(QObject):
    """Looks at files that were opened for as long as what they describe is on the bench. It never reloads by itself."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self._read: dict[Path, Rig | Protocol] = {}  # what was in the files
        self._changed: set[Path] = set()
        self._watcher: QFileSystemWatcher | None = None  # it takes a thread
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._calm.timeout.connect(self._look)

    def follow(self, path: Path, found: Rig | Protocol) -> None:
        """A cell or protocol was opened from this file; the one before is on the bench no longer."""
        for other in [each for each, read in self._read.items() if type(read) is type(found)]:
            self._forget(other)
        path = path.absolute()
        self._read[path] = found
        if self._watcher is None:
            self._watcher = QFileSystemWatcher(self)
            self._watcher.fileChanged.connect(self._note)
        self._watcher.addPath(str(path))

    def _forget(self, path: Path) -> None:
        del self._read[path]
        if self._watcher is not None:
            self._watcher.removePath(str(path))

    def _note(self, path: str) -> None:
        self._changed.add(Path(path))
        self._calm.start()

    def _look(self) -> None:
        """Read what has changed."""
        changed, self._changed = self._changed & self._read.keys(), set()
        for path in changed:
            read, bench = self._read[path], self._window.bench
            is_protocol = isinstance(read, Protocol)
            on_bench = bench.protocol.name == read.name if is_protocol else bench.rig.cell.name == read.cell.name
            if on_bench:
                load = load_protocol if is_protocol else load_rig
                self._window.bridge.beside(partial(load, path), partial(self._say, path))
            else:
                self._forget(path)

    def _say(self, path: Path, found: Rig | Protocol | VClampError) -> None:
        if path not in self._read:
            return
        window = self._window
        if self._watcher is not None and str(path) not in self._watcher.files() and path.exists():
            self._watcher.addPath(str(path))  # another file took its place
        if isinstance(found, VClampError):
            if path.exists():
                window.banner.say(f"It was edited elsewhere and cannot be read. {found}")
        elif found not in (self._read[path], window.bench.protocol, window.bench.rig):
            self._read[path] = found
            load = window.load_protocol if isinstance(found, Protocol) else window.load_cell
            window.banner.offer(f"{path.name} was edited elsewhere.", {"Reload": lambda: load(found)})
