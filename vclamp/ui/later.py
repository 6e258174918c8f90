"""A place whose panel is made when it is first wanted."""

from collections.abc import Callable

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget


class Later(QWidget):
    """Takes the room of a panel, which is made when it is first seen or asked for: a start need not wait for it."""

    def __init__(self, make: Callable[[], QWidget]) -> None:
        super().__init__()
        self._make = make
        self.made: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)

    @property
    def panel(self) -> QWidget:
        """The panel."""
        if self.made is None:
            self.made = self._make()
            self.layout().addWidget(self.made)
            self.setFocusProxy(self.made)
            self.made.show()  # as this place is; else a place on show would show it only later
        return self.made

    def showEvent(self, event: QShowEvent) -> None:
        """Have it made."""
        super().showEvent(event)
        assert self.panel.parent() is self
