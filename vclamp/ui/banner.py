"""A line above the scopes that says what went wrong, without stopping anything."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QToolButton

Actions = Mapping[str, Callable[[], None]]  # what is done, by the words on its button


class Banner(QFrame):
    """One message, until it is closed or something succeeds; an offer stays until it is answered."""

    def __init__(self) -> None:
        super().__init__()
        self._offer: tuple[str, Actions] | None = None
        self._text = QLabel(wordWrap=True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons: list[QToolButton] = []
        copy = QToolButton(text="Copy")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self._text.text()))
        close = QToolButton(text="✕", toolTip="Close")
        close.clicked.connect(self._close)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 4, 8, 4)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(copy)
        self._row.addWidget(close)
        self.setAccessibleName("message")
        self.setToolTip("What went wrong, or is offered; nothing stops because of it")
        super().hide()

    def set_colour(self, colour: QColor) -> None:
        """The colour of its edge."""
        self.setStyleSheet(f"Banner {{ border: 1px solid {colour.name()}; }}")

    def say(self, message: str, actions: Actions | None = None) -> None:
        """Show a message, and what can be done about it."""
        self._show(message, actions or {})

    def offer(self, message: str, actions: Actions) -> None:
        """Show a message and what can be done about it; it comes back until one of this is done or it is closed."""
        self._offer = (message, actions)
        self._show(message, actions)

    def withdraw(self) -> None:
        """The offer holds no longer."""
        if self._offer is not None and self._text.text() == self._offer[0]:
            self._close()
        self._offer = None

    def hide(self) -> None:
        """The message is out of date; an offer is not."""
        if self._offer is None:
            super().hide()
        else:
            self._show(*self._offer)

    @property
    def message(self) -> str:
        """What it says, empty if it is hidden."""
        return "" if self.isHidden() else self._text.text()

    def _show(self, message: str, actions: Actions) -> None:
        self._text.setText(message)
        for button in self.buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [QToolButton(text=words) for words in actions]
        for place, (button, act) in enumerate(zip(self.buttons, actions.values(), strict=True), 1):
            button.clicked.connect(lambda _=False, act=act: self._answer(act))
            self._row.insertWidget(place, button)
        self.show()

    def _answer(self, act: Callable[[], None]) -> None:
        self._close()
        act()

    def _close(self) -> None:
        """Close what is on show; an offer behind it comes back."""
        if self._offer is not None and self._text.text() == self._offer[0]:
            self._offer = None
        self.hide()
