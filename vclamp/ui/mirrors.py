"""Spares a start pyqtgraph's copy of every class of Qt, most of which nothing uses."""

import sys
from types import ModuleType

COPIED = ("QtCore", "QtGui", "QtWidgets")
_COPIES = "_copy_attrs"  # pyqtgraph's function that asks for every name; by another name it costs time, nothing else


class _Mirror(ModuleType):
    """Stands for a module of Qt among pyqtgraph's own: what is in it is looked up when it is first used."""

    def __init__(self, name: str, source: ModuleType) -> None:
        super().__init__(name)
        self._source = source

    def __getattr__(self, name: str) -> object:
        if sys._getframe(1).f_code.co_name == _COPIES:
            return None  # as if it were here already
        found = getattr(self._source, name)
        setattr(self, name, found)
        return found


def put_up() -> None:
    """Before pyqtgraph is imported: PySide would make all its classes, which it else makes when they are wanted."""
    from PySide6 import QtCore, QtGui, QtWidgets

    if "pyqtgraph" not in sys.modules:
        for name, source in zip(COPIED, (QtCore, QtGui, QtWidgets), strict=True):
            sys.modules[f"pyqtgraph.Qt.{name}"] = _Mirror(f"pyqtgraph.Qt.{name}", source)
