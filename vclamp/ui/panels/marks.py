"""What is said at a widget beside its value: a dot if it was changed, a red frame and a reason if it was refused."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QLabel, QToolButton, QWidget
from shiboken6 import isValid

DOT_EM, FRAME_PX, GAP_PX = 0.42, 2, 3


class Caption(QLabel):
    """The name beside a field; a double-click on it resets the field."""

    double_clicked = Signal()

    def __init__(self, text: str, role: str = "dim") -> None:
        super().__init__(text)
        self.setProperty("role", role)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Say so."""
        self.double_clicked.emit()


class Arrow(QToolButton):
    """Unfolds what is below it; Enter does so too."""

    def __init__(self, name: str) -> None:
        super().__init__(text="▸", checkable=True, objectName="more")
        self.setToolTip("Everything else that can be set")
        self.setAccessibleName(name)
        self.toggled.connect(lambda on: self.setText("▾" if on else "▸"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter clicks: Space is the window's."""
        click_by_enter(self, event, super().keyPressEvent)


class Knob(QToolButton):
    """A small button that Enter presses too."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter clicks: Space is the window's."""
        click_by_enter(self, event, super().keyPressEvent)


def click_by_enter(button: QToolButton, event: QKeyEvent, otherwise: Callable[[QKeyEvent], None]) -> None:
    """Let Enter press a button."""
    if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        button.click()
    else:
        otherwise(event)


class Dot(QWidget):
    """Marks a widget in its corner; it takes no room and no clicks."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        side = round(DOT_EM * self.fontInfo().pixelSize()) + 1
        self.setGeometry(1, 1, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A disc in the colour of what is marked."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Accent))
        painter.drawEllipse(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))


class _Frame(QWidget):
    """A red edge over a widget."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setGeometry(parent.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(red(self), FRAME_PX))
        half = FRAME_PX / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), 3, 3)


class Refusal(QObject):
    """A red frame around a widget and the reason below it, until it is lifted or the widget is left."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._frame = _Frame(widget)
        self._ground = ground(widget)
        self.label = QLabel(self._ground, wordWrap=True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setMargin(4)
        for part in (self._frame, self.label):
            part.hide()
        widget.destroyed.connect(self.label.deleteLater)  # it lies beside it

    @property
    def shown(self) -> bool:
        """Whether something is refused now."""
        return not self._frame.isHidden()

    def say(self, reason: str) -> None:
        """Show why."""
        if not self.shown:
            self._widget.installEventFilter(self)
        self.label.setText(reason)
        edge = red(self._widget).name()
        self.label.setStyleSheet(f"background: palette(base); border: 1px solid {edge}; border-radius: 3px;")
        self._widget.setAccessibleDescription(reason)
        self._frame.setGeometry(self._widget.rect())
        self._place()
        for part in (self._frame, self.label):
            part.show()
            part.raise_()

    def lift(self) -> None:
        """Nothing is refused any more."""
        if self.shown:
            self._widget.removeEventFilter(self)
            self._widget.setAccessibleDescription("")
            for part in (self._frame, self.label):
                part.hide()

    def eventFilter(self, heard: QObject, event: QEvent) -> bool:
        """It ends when the widget is left or hidden; one that is deleted with the focus is left when it is gone."""
        if not isValid(self._widget):
            return False
        if event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide):
            self.lift()
        elif event.type() == QEvent.Type.Resize:
            self._frame.setGeometry(self._widget.rect())
            self._place()
        return False

    def _place(self) -> None:
        """Below the widget, or above it where there is no room, and never beyond the ground."""
        room, at = self._ground.rect(), self._widget.mapTo(self._ground, QPoint(0, 0))
        width = min(room.width() - 2 * GAP_PX, 24 * self.label.fontInfo().pixelSize())
        self.label.setFixedWidth(width)
        height = self.label.heightForWidth(width)
        left = min(max(at.x() + self._widget.width() - width, GAP_PX), room.width() - width - GAP_PX)
        top = at.y() + self._widget.height() + GAP_PX
        if top + height > room.height():
            top = max(at.y() - GAP_PX - height, 0)
        self.label.setGeometry(left, top, width, height)


class LeavesUndo(QObject):
    """While a field has the focus: undo is for the window, unless something was typed that is not yet taken."""

    def __init__(self, field: QWidget, is_typed: Callable[[], bool]) -> None:
        super().__init__(field)
        self._is_typed = is_typed

    def eventFilter(self, heard: QObject, event: QEvent) -> bool:
        """Keep the field from claiming the keys of undo and redo."""
        if event.type() != QEvent.Type.ShortcutOverride or self._is_typed():
            return False
        assert isinstance(event, QKeyEvent)
        if not (event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)):
            return False
        event.ignore()
        return True


class ClaimsArrows(QObject):
    """For a widget that has the focus: the keys that move it are its own, also where the window has a use for them."""

    KEYS = (
        Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down,
        Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End,
    )  # fmt: skip

    def eventFilter(self, heard: QObject, event: QEvent) -> bool:
        """Keep the window from taking them, unless they come with Ctrl or Alt."""
        if event.type() != QEvent.Type.ShortcutOverride:
            return False
        assert isinstance(event, QKeyEvent)
        others = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        if event.key() not in self.KEYS or event.modifiers() & others:
            return False
        event.accept()
        return True


def ground(widget: QWidget) -> QWidget:
    """What a widget lies on: the page that scrolls with it, or its window."""
    while not widget.isWindow():
        parent = widget.parentWidget()
        if isinstance(parent.parentWidget(), QAbstractScrollArea):
            return widget
        widget = parent
    return widget


def red(widget: QWidget) -> QColor:
    """The colour of what is wrong."""
    return widget.palette().color(QPalette.ColorRole.BrightText)
