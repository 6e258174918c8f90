"""Whether the next runs are recorded: a lamp that is a switch."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

ON, OFF = "● Rec", "○ Rec off"
_TIPS = {
    True: "Every sweep is saved as it is finished (R)",
    False: "The next run is in memory only, until another one begins (R)",
}


class Rec(QToolButton):
    """Lit unless runs are only looked at; every start of the program lights it."""

    def __init__(self) -> None:
        super().__init__(objectName="record", checkable=True, checked=True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("record")
        self.toggled.connect(self._show)
        self._show(True)

    def _show(self, on: bool) -> None:
        self.setText(f"{ON if on else OFF}  R")
        self.setToolTip(_TIPS[on])
