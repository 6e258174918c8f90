"""How a run and its sweeps look in the list of runs: two lines, of which the first can be edited."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QTreeWidget,
    QWidget,
)

from vclamp.ui.shelf import UNENDED, Listed, local_time

ROLE = Qt.ItemDataRole.UserRole
MARKS = {"stopped": "◼ stopped", "failed": "▲ failed", UNENDED: "◼ interrupted"}
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class SweepOf:
    """A sweep of a run in the list, counted from 0."""

    run: int
    sweep: int


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number} {what}{'s' * (number != 1)}"


def second_line(run: Listed, mark: str = "") -> str:
    """What stands below a run's name; the mark says how it ended, unless it is told."""
    mark = mark or MARKS.get(run.reason, "")
    protocol = run.protocol if run.name else ""
    tags = " ".join(f"#{tag}" for tag in run.tags)
    note = "✎" if run.note else ""
    hidden = "hidden" if run.hidden else ""
    parts = (hidden, mark, counted(run.n_sweeps, "sweep"), protocol, run.cell, tags, note)
    return " · ".join(part for part in parts if part)


def tip(run: Listed) -> str:
    """Everything that is known of a run."""
    utc = run.started_utc[:19].replace("T", " ")
    lines = (run.name, f"{run.protocol}, {run.cell}", f"{utc} UTC" if utc else "", run.note)
    return "\n".join(line for line in lines if line)


class RunRows(QStyledItemDelegate):
    """Draws runs in two lines."""

    def __init__(self, tree: QTreeWidget) -> None:
        super().__init__(tree)
        self.on_show: int | None = None
        self.mark = ""  # of the run on show

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Room for two lines, or for one of a sweep."""
        lines = 2 if isinstance(index.data(ROLE), Listed) else 1
        return QSize(60, lines * option.fontMetrics.height() + 6)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The name and the time; below them, dimmer, the rest."""
        run = index.data(ROLE)
        if not isinstance(run, Listed):
            super().paint(painter, option, index)
            return
        frame = QStyleOptionViewItem(option)
        self.initStyleOption(frame, index)
        frame.text = ""
        style = frame.widget.style() if frame.widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, frame, painter, frame.widget)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole
        bright, dim = (role.HighlightedText,) * 2 if chosen else (role.Text, role.PlaceholderText)
        shown = run.id == self.on_show
        painter.save()
        upper, lower = _lines(option)
        font = QFont(option.font)
        font.setBold(shown)
        clock = local_time(run.started_utc)
        at = upper.right() - option.fontMetrics.horizontalAdvance(clock)
        _write(painter, option, font, dim if run.hidden else bright, upper.adjusted(0, 0, at - upper.right() - 8, 0),
               run.title)  # fmt: skip
        _write(painter, option, option.font, dim, QRect(at, upper.y(), upper.right() - at + 1, upper.height()), clock)
        text = second_line(run, self.mark if shown else "")
        _write(painter, option, option.font, dim, lower, text)
        painter.restore()

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """Everything that is known of a run."""
        run = index.data(ROLE)
        if event.type() != QEvent.Type.ToolTip or not isinstance(run, Listed):
            return super().helpEvent(event, view, option, index)
        QToolTip.showText(event.globalPos(), tip(run), view)
        return True

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """The editor stands where the name is."""
        upper, _ = _lines(option)
        editor.setGeometry(QRect(option.rect.left(), upper.top() - 3, option.rect.width(), upper.height() + 6))


def _lines(option: QStyleOptionViewItem) -> tuple[QRect, QRect]:
    place, height = option.rect.adjusted(4, 3, -6, -3), option.fontMetrics.height()
    return (
        QRect(place.left(), place.top(), place.width(), height),
        QRect(place.left(), place.top() + height, place.width(), height),
    )


def _write(
    painter: QPainter, option: QStyleOptionViewItem, font: QFont, role: QPalette.ColorRole, place: QRect, text: str
) -> None:
    painter.setFont(font)
    painter.setPen(option.palette.color(role))
    shortened = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shortened)
