"""The window in a lecture: large, with little around it, and every key and click to be seen by all."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QMetaObject, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QCursor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLabel, QLineEdit, QPlainTextEdit, QWidget

from vclamp import paths
from vclamp.model.files import titles

if TYPE_CHECKING:
    from vclamp.ui.window import Window

CAPTION_MS = 1800
LASER_PX = 22
_TYPING = (QLineEdit, QAbstractSpinBox, QPlainTextEdit)
_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class _Dark(QWidget):
    """What is seen while the screen is blanked."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Nothing at all."""
        QPainter(self).fillRect(self.rect(), QColor("black"))


class Projector(QObject):
    """Turns the demonstrator's mode on and off, and puts everything back as it was.

    While it is on: B blanks the screen, L (held) makes the pointer a red dot, PageDown and PageUp go to the next and
    the last lesson as a clicker does, Z takes the last change back; the key pressed last stands in a corner.
    """

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self._before: tuple[QByteArray, str, QRect | None] | None = None
        self._heard: list[QMetaObject.Connection] = []
        self.caption, self.counter = QLabel(window), QLabel(window)
        self.dark = _Dark(window)
        for part in (self.caption, self.counter, self.dark):
            part.hide()
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._fading = QTimer(self, singleShot=True, interval=CAPTION_MS)
        self._fading.timeout.connect(self.caption.hide)
        window.display.progressed.connect(self._count)

    @property
    def on(self) -> bool:
        """Whether the window is on a projector."""
        return self._before is not None

    def toggle(self) -> None:
        """Begin, or put everything back."""
        window = self._window
        if self._before is None:
            place = None if window.isFullScreen() else window.geometry()
            self._before = window.docks.kept, window.looks.chosen, place
            window.looks.choose("projector")
            window.docks.choose("Demo")
            window.showFullScreen()
            window.windowHandle().installEventFilter(self)  # every key and click comes there first
            self._listen(True)
            self._count(0, window.bench.protocol.total_sweeps)
            return
        state, look, place = self._before
        self._before = None
        self._listen(False)
        window.windowHandle().removeEventFilter(self)
        for part in (self.caption, self.counter, self.dark):
            part.hide()
        QApplication.restoreOverrideCursor()
        if place is not None:
            window.showNormal()
            window.setGeometry(place)
        window.looks.choose(look)
        window.docks.put_back(state)

    def eventFilter(self, heard: QObject, event: QEvent) -> bool:
        """Show what is pressed, and take the keys of a lecture."""
        if isinstance(event, QKeyEvent) and not event.isAutoRepeat():
            return self._key(event)
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            self._say("click" if event.button() == Qt.MouseButton.LeftButton else "right click")
        return False

    def _key(self, event: QKeyEvent) -> bool:
        """Whether a key was one of a lecture's."""
        pressed = event.type() == QEvent.Type.KeyPress
        if isinstance(QApplication.focusWidget(), _TYPING) or event.key() in _MODIFIERS:
            return False
        if event.key() == Qt.Key.Key_L and not event.modifiers():
            self._point(pressed)
            return True
        if not pressed:
            return False
        lesson = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}.get(Qt.Key(event.key()))
        if lesson is not None:
            self._go(lesson)
        elif event.key() == Qt.Key.Key_B and not event.modifiers():
            self._blank(not self.dark.isVisible())
        elif event.key() == Qt.Key.Key_Z and not event.modifiers():
            self._window.bench.undo()
            self._say("Z   Undo")
        else:
            return False
        return True

    def _listen(self, listening: bool) -> None:
        """Tell what every command is called, and its key, or no longer."""
        while self._heard:
            self.disconnect(self._heard.pop())
        for action in self._window.findChildren(QAction) if listening else ():
            if not action.shortcut().isEmpty():
                key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                text = f"{key}   {action.text()}".replace("&", "")
                self._heard.append(action.triggered.connect(lambda _=False, text=text: self._say(text)))

    def _say(self, text: str) -> None:
        """Write in the lower corner of the scopes."""
        theme = self._window.looks.theme
        self.caption.setStyleSheet(f"background: {theme.highlight}; color: {theme.on_fill}; padding: 8px 16px;")
        self.caption.setText(text)
        self.caption.adjustSize()
        stack = self._window.display.stack
        corner = stack.mapTo(self._window, stack.rect().bottomLeft())
        self.caption.move(corner + QPoint(theme.font_px, -self.caption.height() - theme.font_px))
        self.caption.show()
        self.caption.raise_()
        self._fading.start()

    def _count(self, done: int, total: int) -> None:
        """Write the sweep's number large, where the hero has room."""
        if not self.on:
            return
        theme, stack = self._window.looks.theme, self._window.display.stack
        self.counter.setStyleSheet(f"color: {theme.dim_text}; font-size: {3 * theme.font_px}px;")
        self.counter.setText(f"{done} / {total}")
        self.counter.adjustSize()
        corner = stack.mapTo(self._window, stack.rect().topRight())
        self.counter.move(corner + QPoint(-self.counter.width() - theme.font_px, round(0.2 * stack.height())))
        self.counter.setVisible(total > 1)

    def _blank(self, blanked: bool) -> None:
        """Turn all eyes to the one who speaks."""
        self.dark.setGeometry(self._window.rect())
        self.dark.setVisible(blanked)
        self.dark.raise_()

    def _go(self, by: int) -> None:
        """Take the protocol before or after this one in the course."""
        names = list(titles(paths.PROTOCOLS))
        here = self._window.bench.protocol.name
        number = names.index(here) + by if here in names else 0
        if 0 <= number < len(names):
            self._window.load_protocol(names[number])
            self._say(self._window.bench.protocol.title)

    def _point(self, pointing: bool) -> None:
        """Make the pointer a red dot, or an arrow again."""
        if not pointing:
            QApplication.restoreOverrideCursor()
        elif QApplication.overrideCursor() is None:
            dot = QPixmap(LASER_PX, LASER_PX)
            dot.fill(Qt.GlobalColor.transparent)
            painter = QPainter(dot)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(255, 30, 30, 220))
            painter.drawEllipse(dot.rect().adjusted(3, 3, -3, -3))
            painter.end()
            QApplication.setOverrideCursor(QCursor(dot))
