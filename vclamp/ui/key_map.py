"""All keys at a glance, over the window, until any key is pressed."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from html import escape

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from vclamp.ui.theme import Theme

Keys = Mapping[str, Iterable[tuple[str, str]]]  # (key, what it does) by group
Groups = list[tuple[str, list[tuple[str, str]]]]
COLUMNS = 3
MARGIN_EM = 1.2
LEAST_PX, LARGEST = 9, 1.25  # of the window's letters
VEIL = 235  # of 255: what is behind can still be made out
_SIGNS = {
    "Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "-": "−", "Return": "Enter",
}  # fmt: skip


class KeyMap(QWidget):
    """A translucent sheet with every key; any key or click takes it away."""

    def __init__(self, window: QWidget, keys: Keys, theme: Theme) -> None:
        super().__init__(window)
        self._theme = theme
        self._groups = [(group, list(rows)) for group, rows in keys.items()]
        self._before, self._left = window.focusWidget(), False
        self.columns = [QLabel(self) for _ in range(COLUMNS)]
        for label in self.columns:
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName("keys")
        self.setAccessibleDescription(self.plain)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        window.installEventFilter(self)
        self._fill()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def plain(self) -> str:
        """What stands on it, a line for each key."""
        return "\n".join(f"{key}: {words}" for _, rows in self._groups for key, words in rows)

    def _fill(self) -> None:
        """Write the groups in columns of about one height, in letters so large that all fit."""
        self.setGeometry(self.parentWidget().rect())
        sizes_px = range(LEAST_PX + 1, round(LARGEST * self._theme.font_px) + 1)
        n_fit = bisect_left(sizes_px, True, key=lambda size_px: not self._fits(size_px))
        self._fits(LEAST_PX + n_fit)

    def _fits(self, size_px: int) -> bool:
        room = self.rect().marginsRemoved(self.contentsMargins())
        margin = round(MARGIN_EM * size_px)
        left = margin
        for label, groups in zip(self.columns, _divided(self._groups, COLUMNS), strict=True):
            label.setStyleSheet(f"font-size: {size_px}px; background: transparent;")
            label.setText(self._table(groups, size_px))
            label.adjustSize()
            label.move(left, margin)
            left += label.width() + 2 * margin
        width = left - margin
        shift = max((room.width() - width) // 2, 0)
        for label in self.columns:
            label.move(label.x() + shift, margin)
        return width <= room.width() and max(x.height() for x in self.columns) + 2 * margin <= room.height()

    def _table(self, groups: Groups, size_px: int) -> str:
        theme, lines = self._theme, []
        for group, rows in groups:
            if lines:
                lines.append('<tr><td colspan="2">&nbsp;</td></tr>')
            lines.append(f'<tr><td></td><td style="color: {theme.dim_text};"><b>{escape(group.upper())}</b></td></tr>')
            lines += (
                f'<tr><td align="right" style="color: {theme.accent}; padding-right: {size_px // 2}px;">'
                f'<b>{_whole(shown(key))}</b></td><td style="color: {theme.text};">{_whole(words)}</td></tr>'
                for key, words in rows
            )
        return f'<table cellspacing="0" cellpadding="0">{"".join(lines)}</table>'

    # ---- its end ---------------------------------------------------------------------------

    def leave(self) -> None:
        """Go, and give the focus back."""
        if self._left:
            return
        self._left = True
        self.parentWidget().removeEventFilter(self)
        had_focus = self.hasFocus()
        self.hide()
        if had_focus and self._before is not None:
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()

    def event(self, event: QEvent) -> bool:
        """No key is a command while it is open."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        return super().event(event)

    def eventFilter(self, window: QObject, event: QEvent) -> bool:
        """It is as large as the window, and is not left behind when another part gets the focus."""
        if event.type() == QEvent.Type.Resize:
            self._fill()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Any key will do, but not one that only belongs to a combination."""
        if event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr):
            self.leave()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever goes on with something else has seen enough; another window is no such thing."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:
            self.leave()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click will do too."""
        event.accept()
        self.leave()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A veil, and a sheet."""
        painter = QPainter(self)
        ground = QColor(self._theme.panel)
        ground.setAlpha(VEIL)
        painter.fillRect(QRect(event.rect()), ground)


def shown(key: str) -> str:
    """A key as it is written on a keyboard."""
    *held, last = key.split("+") if key not in ("+", "") else [key]
    return "+".join([*held, _SIGNS.get(last, last)])


def _whole(text: str) -> str:
    """A text for a table that is not to be broken into lines."""
    return escape(text).replace(" ", "&nbsp;")


def _divided(groups: Groups, n: int) -> list[Groups]:
    """The groups in their order, in columns that are as even as can be."""
    heights = [len(rows) + 2 for _, rows in groups]
    least = max(*heights, -(-sum(heights) // n))
    while True:  # the least height at which they fit
        columns: list[Groups] = [[]]
        filled = 0
        for group, height in zip(groups, heights, strict=True):
            if filled + height > least and columns[-1]:
                columns.append([])
                filled = 0
            columns[-1].append(group)
            filled += height
        if len(columns) <= n:
            return [*columns, *([] for _ in range(n - len(columns)))]
        least += 1
