"""What the mouse does in scopes: zoom, pan, a box, typed limits, a menu."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from vclamp.ui.scopes.kinds import Scope, TimeViewBox

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,2})?"
_LIMITS = re.compile(rf"\s*({_NUMBER})\s*(?:…|\.{{2,3}}|to|;|:|\s)\s*({_NUMBER})\s*", re.IGNORECASE)
LEAST_SPAN = 1e-9  # between two limits, in the units of an axis
MOST = 1e9


@dataclass(frozen=True)
class Spot:
    """A place in a scope, and on the screen."""

    scope: Scope
    time_ms: float
    value: float
    at: QPoint


class ScopeViewBox(TimeViewBox):
    """Shift and a drag zoom into a box; a right click asks for a menu."""

    asked = Signal(object)  # the click

    def mouseDragEvent(self, ev, axis=None):  # type: ignore[no-untyped-def]
        boxed = axis is None and ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
        self.state["mouseMode"] = self.RectMode if boxed or self.rbScaleBox.isVisible() else self.PanMode
        super().mouseDragEvent(ev, axis=axis)

    def showAxRect(self, ax, **kwargs):  # type: ignore[no-untyped-def]
        super().showAxRect(ax, padding=0, **kwargs)  # what was framed, and no more

    def mouseClickEvent(self, ev):  # type: ignore[no-untyped-def]
        if ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self.asked.emit(ev)
        else:
            super().mouseClickEvent(ev)

    def keyPressEvent(self, ev):  # type: ignore[no-untyped-def]
        ev.ignore()  # keys are the window's


class ScopeAxis(pg.AxisItem):
    """An axis whose limits can be typed after a double-click."""

    edited = Signal()

    def __init__(self, side: str) -> None:
        self._bounds: tuple[object, QRectF] = (None, QRectF())
        super().__init__(side)

    def boundingRect(self) -> QRectF:
        """Where it is drawn, kept for as long as it is of one size: every frame of a growing trace asks four times."""
        way = self.size(), self.style["tickLength"]
        if way != self._bounds[0]:
            self._bounds = (way, super().boundingRect())
        return self._bounds[1]

    def mouseClickEvent(self, event):  # type: ignore[no-untyped-def]
        inside = self.linkedView() is not None and self.linkedView().sceneBoundingRect().contains(event.scenePos())
        if event.double() and event.button() == Qt.MouseButton.LeftButton and not inside:
            event.accept()
            self.edited.emit()
        else:
            super().mouseClickEvent(event)


class Asking(QLineEdit):
    """A line over the scopes; Enter takes what is in it, Esc or leaving it does not."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.hide()

    def open_at(self, corner: QPoint, letters: str) -> None:
        """Show it there, within what it lies on, with room for so many letters."""
        size = self.fontMetrics().size(0, letters)
        place = QRect(corner, size.grownBy(self.textMargins())).adjusted(0, 0, 12, 10)
        room = self.parentWidget().rect().adjusted(2, 2, -2, -2)
        place.moveRight(min(place.right(), room.right()))
        place.moveBottom(min(place.bottom(), room.bottom()))
        self.setGeometry(place)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.selectAll()

    def event(self, event: QEvent) -> bool:
        """Esc is for the editor while it is open."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take it, or not."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enter()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was not entered does not count."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.leave()

    def leave(self) -> None:
        """Close it."""
        if self.hasFocus():
            self.parentWidget().setFocus()  # not whatever comes next
        self.hide()

    def enter(self) -> None:
        """Take what is in it."""
        raise NotImplementedError


class LimitsEditor(Asking):
    """Two numbers over an axis, as "−100 … 50"."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "limits of the axis")
        self._take: Callable[[float, float], None] | None = None
        self.setToolTip("From … to, then Enter; Esc leaves it as it was")
        self.textEdited.connect(lambda: self.setStyleSheet(""))

    def ask(self, low: float, high: float, place: QRect, take: Callable[[float, float], None]) -> None:
        """Ask for other limits than these."""
        self._take = take
        self.setStyleSheet("")
        self.setText(f"{low:.4g} … {high:.4g}".replace("-", "−"))
        self.open_at(place.topLeft(), " −1000000 … −1000000 ")

    def enter(self) -> None:
        """Take the limits if they are such."""
        limits = limits_of(self.text())
        if limits is None:
            self.setStyleSheet("border: 2px solid red;")
            self.selectAll()
        elif self._take is not None:
            self.leave()
            self._take(*limits)


class NoteEditor(Asking):
    """A few words on a marked moment; none will do too."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "note on the marker")
        self._take: Callable[[str], None] | None = None

    def ask(self, hint: str, place: QRect, take: Callable[[str], None]) -> None:
        """Ask for them."""
        self._take = take
        self.clear()
        self.setPlaceholderText(hint)
        self.setToolTip(hint)
        self.open_at(place.topLeft(), f" {hint} ")

    def enter(self) -> None:
        """Take the words."""
        self.leave()
        if self._take is not None:
            self._take(" ".join(self.text().split()))


def limits_of(text: str) -> tuple[float, float] | None:
    """Two different numbers, the lower one first, as they are typed; None if it is anything else."""
    found = _LIMITS.fullmatch(text.replace("−", "-").replace("–", " "))
    if found is None:
        return None
    low, high = sorted((float(found[1]), float(found[2])))
    return (low, high) if high - low >= LEAST_SPAN and max(-low, high) <= MOST else None
