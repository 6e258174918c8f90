"""The inspector: why the trace is as it is at the cursor, part by part, with every number filled in."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QShowEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vclamp.analysis.inspector import Inspection, inspect
from vclamp.model.record import Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.publish.scopes import time_unit
from vclamp.ui.panels.editing import NamedSwitch
from vclamp.ui.panels.inspector_words import Row, headline, rows, written
from vclamp.ui.scopes.kinds import label_font
from vclamp.ui.theme import Theme, channel_colour, channel_colours, mixed, readable

WHAT, VALUE, BAR = range(3)
BAR_EM = 5.0
LINE_EM = 1.45
SHARE = Qt.ItemDataRole.UserRole  # of the largest part, −1 to 1
INK = Qt.ItemDataRole.UserRole + 1
NO_SWEEP = "There is no sweep yet: Space runs the protocol."
GHOST_TIP = "Draw the true ionic current of the membrane behind the recorded one"


class InspectorPanel(QWidget):
    """A sentence and a table about one sample; they are made only while they are seen."""

    ghost_wanted = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._at: tuple[Recording, Sweep, int] | None = None
        self.seen: Inspection | None = None  # what is on show
        self.headline, self.when = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.headline.setAccessibleName("why the trace is as it is")
        self.when.setProperty("role", "dim")
        self.table = PartsTable(theme)
        self.ghost = NamedSwitch("true ionic current behind the recorded one")
        self.ghost.setToolTip(GHOST_TIP)
        self.ghost.toggled.connect(self.ghost_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 6)
        column.setSpacing(4)
        for widget, stretch in ((self.when, 0), (self.headline, 0), (self.table, 1), (self.ghost, 0)):
            column.addWidget(widget, stretch)
        self._draw()

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self.table.set_theme(theme)
        self._draw()

    def forget(self) -> None:
        """Another cell or protocol: what was on show says nothing of it."""
        self._at = None
        self._draw()

    def show_sample(self, recording: Recording | None, sweep: Sweep | None, sample: int) -> None:
        """Take the current of a sweep of a recording apart at a sample."""
        self._at = (recording, sweep, sample) if recording is not None and sweep is not None else None
        if self.isVisible():
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while it was hidden."""
        super().showEvent(event)
        self._draw()

    def _draw(self) -> None:
        self.seen = None
        self.ghost.hide()
        if self._at is None:
            self.headline.setText(NO_SWEEP)
            self.when.clear()
            self.table.show_rows((), None)
            return
        recording, sweep, sample = self._at
        seen = self.seen = inspect(recording, sweep, sample)
        unit, per_ms = time_unit(recording.header.protocol.duration_ms(0))
        where = f"sweep {sweep.index + 1}, t = {seen.time_ms * per_ms:.5g} {unit}"
        if not seen.secret:
            where += f", V = {seen.v_mV:.1f} mV".replace("-", "−")
        self.ghost.setVisible(seen.error is not None)
        self.when.setText(where)
        self.headline.setText(headline(seen))
        self.table.show_rows(rows(seen), seen.rig)


class PartsTable(QTableWidget):
    """Rows of name, number and bar, each with its formula below; Ctrl+C copies them for a spreadsheet."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(0, 3)
        self._theme = theme
        self._rows: tuple[Row, ...] = ()
        self._rig: Rig | None = None
        self._colours: dict[str, tuple[QColor, QColor]] = {}
        self.setAccessibleName("parts of the current")
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().hide()
        self.setItemDelegate(Cells(self))
        self.setItemDelegateForColumn(BAR, Bars(self))
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self.setFont(label_font(theme))
        head, line_px = self.horizontalHeader(), round(LINE_EM * self.font().pixelSize())
        self.verticalHeader().setMinimumSectionSize(line_px)
        self.verticalHeader().setDefaultSectionSize(line_px)
        head.setMinimumSectionSize(1)
        for column, mode in ((WHAT, "Stretch"), (VALUE, "Fixed"), (BAR, "Fixed")):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode[mode])
        head.resizeSection(VALUE, self.fontMetrics().horizontalAdvance("−88888.8 pA"))
        head.resizeSection(BAR, round(BAR_EM * theme.font_px))
        shown, self._rows = self._rows, ()
        self._colours = {}
        self.show_rows(shown, self._rig)

    def show_rows(self, shown: tuple[Row, ...], rig: Rig | None) -> None:
        """Show these rows; their places stay as they are while only numbers change."""
        if [_shape(row) for row in shown] != [_shape(row) for row in self._rows]:
            self._make(shown)
        if rig is not None and (rig != self._rig or not self._colours):
            self._colours = _colours(rig, self._theme)
        self._rows, self._rig = shown, rig
        largest = {
            unit: max([abs(r.value) for r in shown if r.value is not None and r.unit == unit], default=0.0)
            for unit in {row.unit for row in shown}
        }
        at = 0
        for row in shown:
            colour, ink = self._colours.get(row.key, (QColor(self._theme.dim_text), None))
            self.item(at, WHAT).setText(row.label)
            if row.value is not None:
                self.item(at, VALUE).setText(written(row))
                whole = largest[row.unit]
                drawn = row.kind in ("part", "sum") and whole > 0.0
                self.item(at, BAR).setData(SHARE, row.value / whole if drawn else None)
                self.item(at, BAR).setData(INK, colour if row.kind == "part" else QColor(self._theme.text))
            if ink is not None and row.kind == "part":
                self.item(at, WHAT).setForeground(ink)
            for column in range(3):
                self.item(at, column).setToolTip(row.tip)
            at += 1
            if row.formula:
                self.item(at, WHAT).setText(row.formula)
                self.item(at, WHAT).setToolTip(row.tip)
                at += 1

    def copy(self) -> None:
        """Put names, numbers and formulas on the clipboard, with tabs between them."""
        lines = [
            f"{row.label}\t{'' if row.value is None else f'{row.value:.6g}'}\t{row.unit}\t{row.formula}"
            for row in self._rows
            if row.kind != "heading"
        ]
        QGuiApplication.clipboard().setText("\n".join([*lines, ""]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def _make(self, shown: tuple[Row, ...]) -> None:
        """Make the cells: a row for each name, and one below it for its formula."""
        theme = self._theme
        self.clearSpans()
        self.setRowCount(0)
        self.setRowCount(sum(1 + bool(row.formula) for row in shown))
        bold = QFont(self.font())
        bold.setBold(True)
        at = 0
        for row in shown:
            for column in range(3):
                cell = QTableWidgetItem()
                cell.setFlags(Qt.ItemFlag.ItemIsEnabled)
                if column == VALUE:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if row.kind in ("heading", "sum"):
                    cell.setFont(bold)
                if row.kind == "heading":
                    cell.setForeground(QColor(theme.dim_text))
                self.setItem(at, column, cell)
            if row.kind == "heading":
                self.setSpan(at, WHAT, 1, 3)
            at += 1
            if row.formula:
                cell = QTableWidgetItem()
                cell.setFlags(Qt.ItemFlag.ItemIsEnabled)
                cell.setForeground(QColor(theme.dim_text))
                self.setItem(at, WHAT, cell)
                self.setSpan(at, WHAT, 1, 3)
                at += 1


class Cells(QStyledItemDelegate):
    """Texts that look alike with and without the focus."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Forget the focus and the mouse."""
        super().initStyleOption(option, index)
        option.state &= ~(QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_MouseOver)  # type: ignore[attr-defined]


class Bars(QStyledItemDelegate):
    """A bar from the middle: to the right what flows outward, to the left what flows inward."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw the bar."""
        share, colour = index.data(SHARE), index.data(INK)
        if share is None:
            return
        room = QRectF(option.rect).adjusted(4.0, 0.0, -4.0, 0.0)  # type: ignore[attr-defined]
        middle, height = room.center().x(), 0.5 * room.height()
        painter.save()
        painter.setPen(mixed(colour, QColor(option.palette.base().color()), 0.5))  # type: ignore[attr-defined]
        painter.drawLine(round(middle), round(room.top()), round(middle), round(room.bottom()))
        reach = 0.5 * room.width() * min(max(float(share), -1.0), 1.0)
        left = min(middle, middle + reach)
        painter.fillRect(QRectF(left, room.center().y() - 0.5 * height, abs(reach), height), colour)
        painter.restore()


def _shape(row: Row) -> tuple[str, bool, bool]:
    """What decides which cells a row has."""
    return row.kind, row.value is None, bool(row.formula)


def _colours(rig: Rig, theme: Theme) -> dict[str, tuple[QColor, QColor]]:
    """The colour of each part's bar, and that of its name."""
    field = QColor(theme.field)
    colours = {**channel_colours(rig, theme), "capacitor": channel_colour("Cm", 0, theme)}
    return {key: (colour, readable(colour, field)) for key, colour in colours.items()}
